/** What proving steps of one model takes, as docs/benchmarks/proofs.md has it. */
export interface ProofFigures {
  readonly model: string
  readonly proveMs: number
  readonly proofKb: number
  readonly gas: number
  /** Of an epoch at one hospital. */
  readonly steps: number
}

/**
 * Reads the first table of that page, so that what auditing costs follows what proving was measured to cost.
 * @throws RangeError where a row or a figure is missing
 */
export function parseProofFigures(page: string): ProofFigures[] {
  const lines = page.split('\n').map(line => line.trim().split(/ {2,}/))
  const rowOf = (name: string): readonly string[] => {
    const found = lines.find(([first]) => first === name)
    if (found === undefined) throw new RangeError(`the page has no row “${name}”`)
    return found.slice(1)
  }
  const heading = lines[lines.findIndex(([first]) => first === 'rows of a batch') - 1]
  if (heading === undefined) throw new RangeError('the page has no table')
  const [proveMs, proofKb, gas, steps] = ['ms to prove', 'proof, kB', 'gas', 'steps of an epoch'].map(rowOf)
  return heading.map((model, i) => ({
    model,
    proveMs: figureOf(proveMs?.[i]),
    proofKb: figureOf(proofKb?.[i]),
    gas: figureOf(gas?.[i]),
    steps: figureOf(steps?.[i]),
  }))
}

/** 1,332 of 3,000 → 1332: what was measured, without its target. */
function figureOf(cell: string | undefined): number {
  const figure = Number(cell?.split(' of ')[0]?.replaceAll(',', ''))
  if (!(figure > 0)) throw new RangeError(`“${cell}” is no figure`)
  return figure
}
