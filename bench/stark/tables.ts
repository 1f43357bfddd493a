import type { Air } from '../../src/audit/stark/air.ts'
import { grouped, median, processor } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import { budgetOf, floorOf } from './budget.ts'
import type { Gas } from './gas.ts'
import { type Phase, type Proof, type Proving, phases } from './page/job.ts'

export interface Measured {
  readonly air: Air
  readonly proving: Proving
  readonly gas: Gas
}

/** One trace's figures, medians. */
export interface StarkRow {
  readonly air: string
  readonly rows: number
  readonly columns: number
  readonly proveMs: number
  readonly proofBytes: number
  readonly verifyGas: number
  readonly verifyMs: number
}

/** Milliseconds, bytes and gas at most, by log2 of the rows. */
const targets: Readonly<Record<number, { proveMs: number; proofBytes: number; verifyGas: number }>> = {
  9: { proveMs: 700, proofBytes: 90_000, verifyGas: 4_000_000 },
  11: { proveMs: 2500, proofBytes: 115_000, verifyGas: 5_000_000 },
  13: { proveMs: 3500, proofBytes: 125_000, verifyGas: 5_500_000 },
}

const whatOf: Readonly<Record<Phase, string>> = {
  columns: 'masks and salts, the trace hashed',
  transforms: 'of the commitments',
  hashing: 'leaves and trees',
  auxiliary: 'columns made after the challenges',
  quotient: 'transforms and the constraints’ program',
  values: 'at a point of the extension',
  combination: 'of all columns, divided',
  folding: 'FRI: transform, hashing, folding',
  work: 'nonces',
  opening: 'values at the positions',
  rest: 'JavaScript between kernels, others’ turns',
}

/**
 * All tables, and the rows for --json.
 * @param load of the machine while it proved, as uptime says it
 */
export function starkTables(measured: readonly Measured[], load: number): { text: string; rows: StarkRow[] } {
  const rows = measured.map(rowOf)
  const proofs = measured[0]!.proving.proofs.length
  const where = 'in a worker of headless Chromium, one thread'
  const machine = `${processor()}; load ${load.toFixed(1)}, 1 of it this`
  const head = `Medians of ${proofs} proofs each, which take turns, ${where}. ${machine}.`
  return { text: [`${head}\n${summary(measured, rows)}`, timeTable(measured), sizeTable(measured)].join('\n\n'), rows }
}

function rowOf({ air, proving: { proofs }, gas }: Measured): StarkRow {
  const of = (pick: (proof: Proof) => number) => median(proofs.map(pick))
  return {
    air: air.name,
    rows: air.rows,
    columns: air.oracles.reduce((sum, { columns }) => sum + columns.length, 0),
    proveMs: of(({ proveMs }) => proveMs),
    proofBytes: of(({ proofBytes }) => proofBytes),
    verifyGas: gas.used,
    verifyMs: of(({ verifyMs }) => verifyMs),
  }
}

function summary(measured: readonly Measured[], rows: readonly StarkRow[]): string {
  const against = (value: number, target: number | undefined, show: (value: number) => string) =>
    target === undefined ? show(value) : `${show(value)} of ${show(target)}${value > target ? ', MISSED' : ''}`
  const kilobytes = (value: number) => (value / 1000).toFixed(1)
  return layOut([
    [
      'trace',
      ...['rows', 'columns', 'extension', 'prove ms', 'at expected work', 'least', 'proof kB', 'gas'],
      ...['verify ms', 'trace ms', 'memory MB'],
    ],
    ...rows.map(({ air, rows, proveMs, proofBytes, verifyGas, verifyMs }, i) => {
      const { air: described, proving } = measured[i]!
      const target = targets[described.log2Rows]
      const [main, auxiliary] = described.oracles
      return [
        air,
        grouped(rows),
        String(main!.columns.length),
        String(auxiliary!.columns.length),
        against(proveMs, target?.proveMs, grouped),
        against(atExpectedWork(measured[i]!, median), target?.proveMs, grouped),
        grouped(atExpectedWork(measured[i]!, times => Math.min(...times))),
        against(proofBytes, target?.proofBytes, kilobytes),
        against(verifyGas, target?.verifyGas, grouped),
        verifyMs.toFixed(0),
        proving.traceMs.toFixed(0),
        (proving.memoryBytes / 1e6).toFixed(1),
      ]
    }),
  ])
}

/** Milliseconds of a proof whose nonces take as many tries as on average: in so few proofs luck does not even out. */
function atExpectedWork(
  { air, proving: { proofs, kernels } }: Measured,
  pick: (times: readonly number[]) => number,
): number {
  const others = pick(proofs.map(({ proveMs, phases }) => proveMs - phases.work))
  return others + floorOf(budgetOf(air), kernels).work
}

/** Where the time goes, and what of it the kernels alone would take. */
function timeTable(measured: readonly Measured[]): string {
  const ms = (value: number) => value.toFixed(0)
  const floors = measured.map(({ air, proving }) => floorOf(budgetOf(air), proving.kernels))
  const ofPhase = ({ proving }: Measured, phase: Phase) => median(proving.proofs.map(({ phases }) => phases[phase]))
  const floorCells = (row: string, pick: (floor: (typeof floors)[number]) => number) => [
    row,
    'the least, by kernels alone',
    ...floors.map(floor => ms(pick(floor))),
  ]
  const kernelCells = (row: string, what: string, pick: (proving: Proving) => number) => [
    row,
    what,
    ...measured.map(({ proving }) => pick(proving).toFixed(1)),
  ]
  return [
    'Where the time goes, ms; work is a matter of luck, its expected part is below:',
    layOut(
      [
        ['', '', ...measured.map(({ air }) => air.name)],
        ...phases.map(phase => [phase, whatOf[phase], ...measured.map(each => ms(ofPhase(each, phase)))]),
        floorCells('transforms, all', floor => floor.transforms),
        floorCells('hashing, all', floor => floor.hashing),
        floorCells('work, expected', floor => floor.work),
        floorCells('floor', floor => floor.transforms + floor.hashing + floor.work),
        kernelCells('ns a butterfly', 'measured alone, shift included', ({ kernels }) => kernels.butterfly),
        kernelCells('ns a permutation', 'of keccak, in a tree', ({ kernels }) => kernels.permutation),
        kernelCells('ns a nonce', '', ({ kernels }) => kernels.nonce),
        kernelCells(
          'nonces tried',
          'median, thousands',
          ({ proofs }) => median(proofs.map(({ nonces }) => nonces)) / 1000,
        ),
        ['nonces expected', 'thousands', ...measured.map(({ air }) => (budgetOf(air).nonces / 1000).toFixed(1))],
      ],
      2,
    ),
  ].join('\n')
}

/** What the bytes are for, and what they cost on a chain. */
function sizeTable(measured: readonly Measured[]): string {
  const sizes = measured.map(({ air, proving }) => ({ rows: budgetOf(air).rowBytes, whole: proving.proofs.at(-1)! }))
  return [
    'What proofs and their verification are made of:',
    layOut([
      ['', ...measured.map(({ air }) => air.name)],
      ['opened rows and salts, kB', ...sizes.map(({ rows }) => (rows / 1000).toFixed(1))],
      [
        'all else: trees, FRI, values, kB',
        ...sizes.map(({ rows, whole }) => ((whole.proofBytes - rows) / 1000).toFixed(1)),
      ],
      ['gas at least for the calldata', ...measured.map(({ gas }) => grouped(gas.floor))],
      ['bytes of the key', ...measured.map(({ air }) => grouped(air.key.length))],
    ]),
  ].join('\n')
}
