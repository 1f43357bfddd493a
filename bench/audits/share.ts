/** What was measured of proving a whole round at one hospital, one thread. */
export interface RoundFigures {
  readonly proveMs: number
  readonly proofKb: number
  readonly gas: number
  /** Committing to the weights, in each round. */
  readonly commitMs: number
  /** Committing to the data, once a study. */
  readonly prepareMs: number
}

/** A study that was timed. */
export interface TimedStudy {
  readonly rounds: number
  /** From the first page's opening to the last one's end. */
  readonly seconds: number
}

/** What auditing takes of a study's time at one hospital. */
export interface AuditShare extends TimedStudy {
  /** Proofs that the hospital is to expect. */
  readonly proofs: number
  /** Of a processor, for committing and proving. */
  readonly auditSeconds: number
  readonly share: number
}

/**
 * The share of a study's time that audits take at a hospital: it commits in every round, and proves when it is drawn.
 * @param drawn chance of that in a round
 */
export function auditShare(figures: RoundFigures, study: TimedStudy, drawn: number): AuditShare {
  const { prepareMs, commitMs, proveMs } = figures
  const { rounds, seconds } = study
  const proofs = drawn * rounds
  const auditSeconds = (prepareMs + rounds * commitMs + proofs * proveMs) / 1000
  return { ...study, proofs, auditSeconds, share: auditSeconds / seconds }
}

/** Reads five numbers with commas, in the order of RoundFigures. @throws RangeError for anything else */
export function parseRound(numbers: string): RoundFigures {
  const all = numbers.split(',').map(Number)
  if (all.length !== 5 || !all.every(number => number > 0))
    throw new RangeError(`“${numbers}” is not five numbers above 0`)
  const [proveMs, proofKb, gas, commitMs, prepareMs] = all as [number, number, number, number, number]
  return { proveMs, proofKb, gas, commitMs, prepareMs }
}

/**
 * Reads what `npm run demo -- --headless --json` printed: its last line.
 * @throws RangeError where that has no rounds or seconds
 */
export function parseDemo(output: string): TimedStudy {
  const { rounds, seconds } = JSON.parse(output.trim().split('\n').at(-1)!)
  const total = seconds?.total
  if (!(rounds > 0) || !(total > 0)) throw new RangeError('no rounds and seconds of a demo')
  return { rounds, seconds: total }
}
