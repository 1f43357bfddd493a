import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultParameters, shortTraceParameters } from '../stark/parameters.ts'
import { shapeOf, soundness } from '../stark/soundness.ts'
import { tinyParameters } from '../stark/testing.ts'
import { bytesFor, roundAir, slackBits } from './roundAir.ts'
import type { RoundShape } from './roundShape.ts'
import {
  brokenConstraint,
  claimOf,
  courseOf,
  exactRound,
  isTrained,
  proveRound,
  refusalFor,
  roundCase,
  roundShapes,
  smallShape,
  withChanges,
} from './roundTesting.ts'

const isLong = process.env.WARDROUND_LONG === '1'

const noise = { bits: 30, squaredNorm: 2 ** 26 }
const kinds: readonly (readonly [string, Partial<RoundShape>])[] = [
  ['plain', {}],
  ['with noise', { noise }],
  ['blinded', { blinded: true }],
  ['blinded, with noise', { noise, blinded: true }],
]
const heart = { ...smallShape(), inputs: 14, batch: 16, steps: 16, shift: 6, contributions: 12 }

describe('a round', () => {
  it.each(kinds)('that is %s is proven', async (_, changes) => {
    const of = roundCase(smallShape(changes))
    expect(brokenConstraint(claimOf(of))).toBe(null)
    expect(refusalFor(await proveRound(of))).toBe(null)
  })

  it('is proven, whatever its shape and numbers', { timeout: isLong ? 900_000 : 60_000 }, async () => {
    let proven = 0
    await fc.assert(
      fc.asyncProperty(roundShapes, fc.nat(), fc.integer({ min: 16, max: 35 }), async (shape, seed, bits) => {
        const of = roundCase(shape, seed, bits)
        if (!isTrained(of)) return
        expect(refusalFor(await proveRound(of))).toBe(null)
        proven++
      }),
      isLong ? { numRuns: 200 } : { numRuns: 6, seed: 3 },
    )
    expect(proven).toBeGreaterThan(isLong ? 100 : 3)
  })

  it('ends where the engine does', () => {
    for (const [, changes] of kinds) {
      const { round, start, data, plan, ...rest } = roundCase(smallShape(changes), 4)
      const end = courseOf({ round, start, data, plan, ...rest }).at(-1)!
      expect(end).toEqual([...exactRound(round.shape, start, data, plan)])
    }
  })

  it('may have batches of empty rows alone, and sums beyond the table both ways', () => {
    const of = roundCase(smallShape(), 5)
    const empty = of.data.batches[0]!
    const data = {
      ...of.data,
      batches: of.data.batches.map((batch, j) =>
        j === 0 ? { ...empty, inputs: empty.inputs.map(() => 0), present: empty.present.map(() => 0) } : batch,
      ),
    }
    const start = BigInt64Array.of(15n << 32n, -15n << 32n, 15n << 32n, 0n)
    const claim = claimOf({ ...of, data, start })
    expect(claim.columns.above!.some(Boolean) && claim.columns.below!.some(Boolean)).toBe(true)
    expect(brokenConstraint(claim)).toBe(null)
  })
})

describe("every cell of a round's trace", () => {
  const of = roundCase(smallShape({ noise, blinded: true }), 1, 35)
  const claim = claimOf(of)
  const { above, below } = claim.columns
  const { batch, steps } = of.round.shape
  const { after, trained } = of.round.layout
  const names = of.round.air.oracles[of.round.air.externals]!.columns
  /**
   * A time is read in a block's last row, a direction's sum from the first weight on, and how far a row is beyond the table
   * where it is.
   */
  const rowsOf = (name: string) => {
    const last = batch * steps - 1
    if (name === 'time') return [batch - 1, last]
    if (name.startsWith('direction')) return [after, last, trained]
    const rows = [0, batch - 1, batch, last]
    return name.startsWith('beyond') ? rows.filter(row => above![row] || below![row]) : rows
  }

  it.each(names)('of %s is what it has to be', name => {
    const rows = rowsOf(name)
    expect(rows.length).toBeGreaterThan(0)
    for (const [i, row] of rows.entries()) {
      for (const by of isLong ? [1n, 2n ** 32n] : [2n ** BigInt(32 * (i % 2))]) {
        const changed = withChanges(claim, [{ column: name, row, value: claim.columns[name]![row]! + by }])
        expect(brokenConstraint(changed, [row]), `row ${row} by ${by}`).not.toBe(null)
      }
    }
  })
})

describe('roundAir', () => {
  it('is the same for the same shape, and another for any other', () => {
    const keyOf = (changes: Partial<RoundShape>) =>
      String(roundAir({ ...smallShape({ noise }), ...changes }, tinyParameters).air.key)
    const changes: Partial<RoundShape>[] = [
      {},
      { inputs: 5 },
      { batch: 16 },
      { steps: 4 },
      { shift: 4 },
      { contributions: 3 },
      { noise: null },
      { noise: { ...noise, bits: 31 } },
      { noise: { ...noise, squaredNorm: 2 ** 26 + 1 } },
      { blinded: true },
    ]
    expect(new Set(changes.map(keyOf)).size).toBe(changes.length)
    expect(keyOf({})).toBe(keyOf({}))
  })

  it.each(kinds)('of the heart study is sound with the parameters for short traces: %s', (_, changes) => {
    const { air } = roundAir({ ...heart, ...changes })
    expect([air.parameters, air.log2Rows, air.chunks]).toEqual([shortTraceParameters, 10, 3])
    expect(soundness(shapeOf(air), air.parameters).interactive).toBeGreaterThan(96)
  })

  it('takes the other parameters where the trace is too long for these', () => {
    const { air } = roundAir({ ...heart, contributions: 60, noise })
    expect([air.parameters, air.log2Rows]).toEqual([defaultParameters, 13])
    expect(soundness(shapeOf(air), air.parameters).interactive).toBeGreaterThan(96)
  })

  it('has padding for a proof in each contribution', () => {
    const { air } = roundAir({ ...heart, contributions: 12 })
    // 24 queries at two points, z and ωz with their conjugates; and the pin.
    expect(air.rows - air.activeRows).toBe(12 * (2 * 24 + 4) + 2)
  })

  it('stays at degree three, whatever the shape', () => {
    fc.assert(
      fc.property(roundShapes, shape => {
        expect(shapeOf(roundAir(shape, tinyParameters).air).maxDegree).toBe(3)
      }),
      { numRuns: 20 },
    )
  })

  it('takes no shape that cannot be trained', () => {
    expect(() => roundAir({ ...heart, shift: 7 })).toThrow(new RangeError('shift: 7 is not between 0 and 6'))
  })
})

describe('a number in a range', () => {
  it.each([
    [1, 0, 128],
    [8, 0, 1],
    [9, 1, 128],
    [16, 1, 1],
    [37, 4, 8],
  ])('of %d bits has %d lower bytes, and a highest below 256 / %d', (bits, lower, spread) => {
    expect(bytesFor(bits)).toEqual({ lower, spread })
  })

  it('has whole bytes for what is left of a squared norm', () => {
    expect([2 ** 24 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1].map(slackBits)).toEqual([32, 32, 40, 40])
  })
})
