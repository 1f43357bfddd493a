import type { ExactShape } from '../../src/audit/engine/shape.ts'
import type { Air } from '../../src/audit/stark/air.ts'
import type { RoundShape } from '../../src/audit/training/roundShape.ts'
import { grouped, median, processor } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import { budgetOf } from '../stark/budget.ts'
import type { Gas } from '../stark/gas.ts'
import type { StepProof, StepProving } from './page/job.ts'
import type { ProofParts } from './parts.ts'
import { nameOfRound, roundsName } from './rounds.ts'

export interface Measured {
  readonly name: string
  /** Of a step's network, or of a round. */
  readonly shape: ExactShape | RoundShape
  /** Of an epoch, where one of its steps is proven. */
  readonly stepsOfEpoch?: number
  readonly air: Air
  readonly proving: StepProving
  readonly gas: Gas
  /** Of the last proof. */
  readonly parts: ProofParts
}

/** One step's figures, or one round's: medians. */
export interface ProofRow {
  readonly name: string
  readonly shape: ExactShape | RoundShape
  readonly batch: number
  readonly proveMs: number
  readonly proofBytes: number
  readonly verifyGas: number
  readonly commitMs: number
}

interface Targets {
  readonly proveMs: number
  readonly proofBytes: number
  readonly verifyGas: number
}

/** At most, by inputs. */
const targets: Readonly<Record<number, Targets>> = {
  31: { proveMs: 1000, proofBytes: 90_000, verifyGas: 4_000_000 },
  785: { proveMs: 3000, proofBytes: 115_000, verifyGas: 5_000_000 },
}

/**
 * All tables, and the rows for --json: of steps, then of rounds.
 * @param load of the machine while it proved, as uptime says it
 */
export function proofTables(
  { steps, rounds }: { readonly steps: readonly Measured[]; readonly rounds: readonly Measured[] },
  load: number,
): { text: string; rows: ProofRow[] } {
  const [first] = [...steps, ...rounds]
  const head = [
    `Medians of ${first!.proving.proofs.length} proofs each, which take turns, in a worker of headless Chromium, one thread.`,
    `${processor()}; load ${load.toFixed(1)}, 1 of it this.`,
  ]
  const tables = [
    ...(steps.length === 0 ? [] : tablesOf(steps)),
    ...(rounds.length === 0 ? [] : [`Whole rounds: ${roundsName}.`, ...tablesOf(rounds)]),
  ]
  return { text: [head.join('\n'), ...tables].join('\n\n'), rows: [...steps, ...rounds].map(rowOf) }
}

function tablesOf(measured: readonly Measured[]): string[] {
  const { log2Blowup, queries, queryGrinding, roundGrinding } = measured[0]!.air.parameters
  const head = `Rate 1/${2 ** log2Blowup}, ${queries} queries, ${queryGrinding} and ${roundGrinding} bits of work.`
  return [`${head}\n${summary(measured, measured.map(rowOf))}`, timeTable(measured), sizeTable(measured)]
}

function medianOf({ proving }: Measured, pick: (proof: StepProof) => number): number {
  return median(proving.proofs.map(pick))
}

function rowOf(of: Measured): ProofRow {
  const { name, shape } = of
  return {
    name: 'steps' in shape ? nameOfRound(name) : name,
    shape,
    batch: shape.batch,
    proveMs: medianOf(of, ({ prove }) => prove),
    proofBytes: medianOf(of, ({ proofBytes }) => proofBytes),
    verifyGas: of.gas.used,
    commitMs: medianOf(of, ({ commit }) => commit),
  }
}

function summary(measured: readonly Measured[], rows: readonly ProofRow[]): string {
  const against = (i: number, name: keyof Targets, show: (value: number) => string) => {
    const [value, target] = [rows[i]![name], targets[rows[i]!.shape.inputs]?.[name]]
    return target === undefined ? show(value) : `${show(value)} of ${show(target)}${value > target ? ', MISSED' : ''}`
  }
  const line = (head: string, show: (of: Measured, i: number) => string) => [head, ...measured.map(show)]
  const ms = (pick: (proof: StepProof) => number) => (of: Measured) => grouped(medianOf(of, pick))
  return layOut([
    line('', ({ name }) => name),
    line('rows of a batch', ({ shape }) => String(shape.batch)),
    line('rows of the trace', ({ air }) => grouped(air.rows)),
    line(`columns of ${namesOf(measured[0]!.air)}`, ({ air }) => columnsOf(air, 0, air.externals)),
    line('columns, main and extension', ({ air }) => columnsOf(air, air.externals, air.oracles.length)),
    line('ms to prove', (_, i) => against(i, 'proveMs', grouped)),
    line('  at the expected work', of => grouped(atExpectedWork(of))),
    line(
      '  trees not kept: longer by',
      ms(({ commitAll }) => commitAll),
    ),
    line('proof, kB', (_, i) => against(i, 'proofBytes', value => (value / 1000).toFixed(1))),
    line('  the longest', ({ proving }) => {
      return (Math.max(...proving.proofs.map(({ proofBytes }) => proofBytes)) / 1000).toFixed(1)
    }),
    line('gas', (_, i) => against(i, 'verifyGas', grouped)),
    line('  at least for the calldata', ({ gas }) => grouped(gas.floor)),
    line(
      'ms to commit to the weights',
      ms(({ commit }) => commit),
    ),
    line(
      'ms to verify',
      ms(({ verify }) => verify),
    ),
    line('memory, MB', ({ proving }) => (proving.memoryBytes / 1e6).toFixed(0)),
    ...(measured.some(({ stepsOfEpoch }) => stepsOfEpoch === undefined)
      ? []
      : [
          line('steps of an epoch', ({ stepsOfEpoch = 0 }) => grouped(stepsOfEpoch)),
          line('  each proven, s', ({ stepsOfEpoch = 0 }, i) => ((stepsOfEpoch * rows[i]!.proveMs) / 1000).toFixed(1)),
        ]),
  ])
}

/** Of what was committed to before. */
function namesOf({ oracles, externals }: Air): string {
  return oracles
    .slice(0, externals)
    .map(({ name }) => name)
    .join(', ')
}

function columnsOf({ oracles }: Air, from: number, to: number): string {
  return oracles
    .slice(from, to)
    .map(({ columns }) => columns.length)
    .join(' + ')
}

/** Milliseconds of a proof whose nonces take as many tries as on average: in so few proofs luck does not even out. */
function atExpectedWork(of: Measured): number {
  return medianOf(of, ({ prove, phases }) => prove - phases.work) + budgetOf(of.air).nonces * millisecondsOfNonce(of)
}

function millisecondsOfNonce(of: Measured): number {
  return medianOf(of, ({ phases, nonces }) => phases.work / nonces)
}

function timeTable(measured: readonly Measured[]): string {
  const line = (head: string, pick: (proof: StepProof) => number) => [
    head,
    ...measured.map(of => medianOf(of, pick).toFixed(0)),
  ]
  return [
    'Where the time goes, ms:',
    layOut([
      ['', ...measured.map(({ name }) => name)],
      line('main columns, training once more', ({ trace }) => trace),
      line('columns after the challenges', ({ phases }) => phases.auxiliary),
      line('transforms', ({ phases }) => phases.transforms),
      line('leaves and trees', ({ phases }) => phases.hashing),
      line('quotient', ({ phases }) => phases.quotient),
      line('FRI', ({ phases }) => phases.folding + phases.combination),
      line('nonces', ({ phases }) => phases.work),
      ['  expected', ...measured.map(of => (budgetOf(of.air).nonces * millisecondsOfNonce(of)).toFixed(0))],
      line('masks, salts, values, openings, rest', ({ phases }) => {
        return phases.columns + phases.values + phases.opening + phases.rest
      }),
    ]),
  ].join('\n')
}

/** What the bytes are for. */
function sizeTable(measured: readonly Measured[]): string {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1)
  return [
    'What the last proof is made of, kB:',
    layOut([
      ['', ...measured.map(({ name }) => name)],
      ...Object.keys(measured[0]!.parts).map(part => [part, ...measured.map(({ parts }) => kilobytes(parts[part]!))]),
      ['bytes of the key', ...measured.map(({ air }) => grouped(air.key.length))],
    ]),
  ].join('\n')
}
