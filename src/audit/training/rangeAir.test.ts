import { describe, expect, it } from 'vitest'
import type { Extension } from '../../field/extension.ts'
import { publicRandom } from '../../study/random.ts'
import { checkBatch, type ExactBatch } from '../engine/batch.ts'
import { type ExactShape, ONE, WEIGHT_LIMIT } from '../engine/shape.ts'
import { prove, type Witness } from '../stark/prove.ts'
import { fieldFor, randomExtension, tinyParameters } from '../stark/testing.ts'
import { type Columns, checkTrace } from '../stark/trace.ts'
import { verify } from '../stark/verify.ts'
import { cellRow } from './layout.ts'
import { batchRangeAir, batchRangeTrace, type RangeAir, weightRangeAir, weightRangeTrace } from './rangeAir.ts'
import { batchColumns, weightColumns } from './stepTrace.ts'
import { columnsOf, commitStep, element, proveOptions, statementOf, stepCase } from './testing.ts'

const shape: ExactShape = { inputs: 3, hidden: 2, outputs: 2, batch: 2, shift: 5, largestInput: 5000 }
const of = stepCase(shape, 1, { isLastEmpty: true })
const { step, weights, batch } = of
const { sections, cells } = step.layout
const weightRange = weightRangeAir(shape, { parameters: tinyParameters })
const batchRange = batchRangeAir(shape, { parameters: tinyParameters })
const random = publicRandom(4)
const challenges: Extension[] = [randomExtension(random), randomExtension(random)]

function check({ air }: RangeAir, external: Columns, { main, auxiliary }: Pick<Witness, 'main' | 'auxiliary'>): void {
  const all = { ...external, ...main, ...auxiliary!(name => challenges[air.challenges.indexOf(name)]!) }
  checkTrace(
    air,
    air.oracles.map(({ columns }) => columns.map(name => all[name]!)),
    [],
    challenges,
  )
}

const checkWeights = (columns: Columns) => check(weightRange, columns, weightRangeTrace(weightRange, columns))
const checkRows = (columns: Columns) => check(batchRange, columns, batchRangeTrace(batchRange, columns))

const committedWeights = weightColumns(step, 'before', weights)
const rows = batchColumns(step, batch)

function withCell(columns: Columns, name: string, row: number, value: bigint): Columns {
  return { ...columns, [name]: columns[name]!.with(row, element(value)) }
}

/** The same trace over what it was not made for. */
function forged(columns: Columns): () => void {
  return () => check(batchRange, columns, batchRangeTrace(batchRange, rows))
}

describe('weightRangeAir', () => {
  it('holds for weights up to their limits', () => {
    for (const weight of [0n, -1n, WEIGHT_LIMIT - 1n, -WEIGHT_LIMIT]) {
      expect(() => checkWeights(withCell(committedWeights, 'before1', 2, weight))).not.toThrow()
    }
  })

  it('does not hold for any beyond, wherever it stands', () => {
    for (const weight of [WEIGHT_LIMIT, -WEIGHT_LIMIT - 1n, 2n ** 40n, 2n ** 62n]) {
      const columns = withCell(committedWeights, 'before1', sections.inputs.first, weight)
      expect(() => checkWeights(columns)).toThrow('is not in the table')
      const others = weightRangeTrace(weightRange, committedWeights)
      expect(() => check(weightRange, columns, others)).toThrow('"before1 is its bytes" does not hold')
    }
  })
})

describe('batchRangeAir', () => {
  it('holds for a batch, and for inputs up to their limits', () => {
    expect(() => checkRows(rows)).not.toThrow()
    for (const input of [5000n, -5000n, 0n]) {
      expect(() => checkRows(withCell(rows, 'x0', sections.inputs.first, input))).not.toThrow()
    }
  })

  it('holds where the constant input is larger than all others may be', () => {
    const small = { ...shape, largestInput: 1 }
    const range = batchRangeAir(small, { parameters: tinyParameters })
    const ones: ExactBatch = { ...batch, inputs: batch.inputs.map((_, i) => (i % 3 === 2 ? (i < 3 ? ONE : 0) : 1)) }
    checkBatch(small, ones)
    const columns = batchColumns(step, ones)
    expect(() => check(range, columns, batchRangeTrace(range, columns))).not.toThrow()
  })

  it('does not hold for inputs beyond', () => {
    for (const input of [5001n, -5001n, 2n ** 16n, 2n ** 63n]) {
      const columns = withCell(rows, 'x1', sections.inputs.first + 1, input)
      expect(() => checkRows(columns)).toThrow('is not in the table')
      expect(forged(columns)).toThrow('is its bytes" does not hold')
    }
  })

  it('does not hold for another constant input, target or presence', () => {
    const last = sections.inputs.end - 1
    const [present, empty] = [cellRow(cells.outputs, 0, 1), cellRow(cells.outputs, 1, 0)]
    const constant = 'the constant input of row'
    expect(forged(withCell(rows, 'x0', last, 0n))).toThrow(`${constant} 0 is 1 where it is there`)
    expect(forged(withCell(rows, 'x1', last, BigInt(ONE)))).toThrow(`${constant} 1 is 1 where it is there`)
    expect(forged(withCell(rows, 'target', present, 2n ** 13n))).toThrow('a target is 0 or 1')
    expect(forged(withCell(rows, 'present', present, 2n))).toThrow('present is a bit')
    expect(forged(withCell(rows, 'present', present, 0n))).toThrow('row 0 is present for output 1')
    expect(forged(withCell(rows, 'present', empty, 1n))).toThrow('row 1 is present for output 0')
  })

  it('does not hold where a row is there in part', () => {
    const trace = batchRangeTrace(batchRange, rows)
    const main = { ...trace.main, there0: trace.main.there0!.with(3, 0n) }
    expect(() => check(batchRange, rows, { ...trace, main })).toThrow('row 0 is there or not')
  })
})

describe('ranges', () => {
  it('are proven of the very commitments that a step opens', async () => {
    const [batchOracle, before] = await commitStep(step, columnsOf(of))
    for (const [range, oracle, trace] of [
      [batchRange, batchOracle, batchRangeTrace(batchRange, rows)],
      [weightRange, before, weightRangeTrace(weightRange, committedWeights)],
    ] as const) {
      const statement = statementOf([oracle])
      const field = await fieldFor(range.air)
      const proof = await prove(field, range.air, statement, { ...trace, externals: [oracle] }, proveOptions)
      expect(() => verify(range.air.key, statement, proof, tinyParameters)).not.toThrow()
    }
  })
})
