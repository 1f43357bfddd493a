import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../crypto/bytes.ts'
import { embed, plus, times, valueAt } from '../../field/extension.ts'
import { publicRandom } from '../../study/random.ts'
import { defineAir } from './air.ts'
import { bigEndian } from './bytes.ts'
import { commitOracle, type ExternalOracle } from './commitment.ts'
import { checkpointsAir } from './examples/checkpoints.ts'
import { registeredAir } from './examples/registered.ts'
import { evaluationDomain, pointOf } from './fri.ts'
import { leafDigest, nodeDigest } from './merkle.ts'
import type { Parameters } from './parameters.ts'
import { pinPointOf } from './pins.ts'
import { fieldFor, randomElement, tinyParameters } from './testing.ts'
import { TraceError } from './trace.ts'

const air = checkpointsAir(6, tinyParameters)
const field = await fieldFor(air)
const random = publicRandom(1)
const weights = BigUint64Array.from({ length: air.activeRows }, () => randomElement(random))
const maskKey = new Uint8Array(32).fill(1)
const commit = (columns: Record<string, BigUint64Array>, key = maskKey, oracle = 'before') =>
  commitOracle(field, air, oracle, columns, { maskKey: key })

describe('commitOracle', () => {
  it('gives the same for the same columns and key, and leaves the memory as it was', async () => {
    const start = field.mark()
    const first = await commit({ 'weight before': weights })
    expect(await commit({ 'weight before': weights.slice() })).toEqual(first)
    expect(field.mark()).toBe(start)
  })

  it('shares neither salts nor padding between columns, keys or oracles', async () => {
    const all = [
      await commit({ 'weight before': weights }),
      await commit({ 'weight before': weights.with(0, weights[0]! ^ 1n) }),
      await commit({ 'weight before': weights }, new Uint8Array(32).fill(2)),
      await commit({ 'weight after': weights }, maskKey, 'after'),
    ]
    expect(new Set(all.map(({ root }) => root.join())).size).toBe(4)
    expect(new Set(all.map(({ saltKey }) => saltKey.join())).size).toBe(4)
    const coefficients = all.map(oracle => [...oracle.coefficients])
    expect(new Set(coefficients.flat()).size).toBe(4 * air.rows)
  })

  it('shares neither salts nor padding between AIRs, openings or parameters', async () => {
    const table = (parameters: Parameters, pinned: boolean, openings: number) =>
      defineAir({ name: 'table', log2Rows: 7, parameters, openings }, air => {
        const [x] = air.external('table', ['x'], { pinned })
        air.every('x is a bit', x!.here.times(x!.here.minus(1)))
      })
    // As many rows of padding each: nothing but what they are for tells the last two apart.
    const airs = [
      table(tinyParameters, false, 1),
      table(tinyParameters, false, 2),
      table({ ...tinyParameters, queries: 14 }, false, 1),
      table({ ...tinyParameters, log2Blowup: 4 }, false, 1),
      table({ ...tinyParameters, queries: 5 }, true, 1),
    ]
    expect(airs.map(({ activeRows }) => activeRows)).toEqual([112, 96, 96, 112, 112])
    const made: ExternalOracle[] = []
    for (const air of airs) {
      const columns = { x: new BigUint64Array(air.activeRows) }
      made.push(await commitOracle(await fieldFor(air), air, 'table', columns, { maskKey }))
    }
    expect(new Set(made.map(({ saltKey }) => saltKey.join())).size).toBe(airs.length)
    expect(new Set(made.flatMap(({ coefficients }) => [...coefficients])).size).toBe(airs.length * 128)
  })

  it('says the pin of an oracle that is pinned: its columns in a point that follows from the root', async () => {
    const air = registeredAir(6, tinyParameters)
    const columns = { amount: weights.subarray(0, air.activeRows), price: weights.subarray(-air.activeRows) }
    const { root, coefficients, pin } = await commitOracle(field, air, 'bill', columns, { maskKey })
    const { point, weight } = pinPointOf(root)
    const [amount, price] = [0, 1].map(i => valueAt([...coefficients.subarray(64 * i, 64 * i + 64)].map(embed), point))
    expect(pin).toEqual(plus(amount!, times(weight, price!)))
    expect(await commit({ 'weight before': weights })).not.toHaveProperty('pin')
  })

  it('commits to the values of the columns on the whole domain', async () => {
    const { root, coefficients, saltKey } = await commit({ 'weight before': weights })
    const leaves = air.rows * 2 ** tinyParameters.log2Blowup
    const start = field.mark()
    const [key, salts] = [field.allocate(4), field.allocate(2 * leaves)]
    field.bytes(key, 32).set(saltKey)
    field.salts(key, salts, leaves)
    const domain = evaluationDomain(Math.log2(leaves))
    let level = Array.from({ length: leaves }, (_, i) => {
      const [value] = valueAt([...coefficients].map(embed), embed(pointOf(domain, i)))
      return leafDigest(field.bytes(salts + 16 * i, 16).slice(), bigEndian([value]))
    })
    field.release(start)
    while (level.length > 1) {
      const below = level
      level = Array.from({ length: below.length / 2 }, (_, i) => nodeDigest(below[2 * i]!, below[2 * i + 1]!))
    }
    expect(level[0]).toEqual(root)
  })

  it('keeps the tree where it is told to: its second digest is the root', async () => {
    const options = { maskKey, keepTree: true }
    const { tree, ...kept } = await commitOracle(field, air, 'before', { 'weight before': weights }, options)
    expect(kept).toEqual(await commit({ 'weight before': weights }))
    expect(new Uint8Array(tree!.buffer).slice(24, 48)).toEqual(kept.root)
  })

  it('refuses columns that are not the oracle’s, and an oracle that there is not', async () => {
    await expect(commit({ 'weight after': weights })).rejects.toThrow(TraceError)
    await expect(commit({ 'weight before': weights.subarray(1) })).rejects.toThrow('has 31 rows')
    await expect(commit({ step: weights }, maskKey, 'main')).rejects.toThrow(
      new RangeError('checkpoints has no external oracle main'),
    )
  })

  it('ends with the reason of its signal', async () => {
    const start = field.mark()
    const signal = AbortSignal.abort(new Error('enough'))
    const committing = commitOracle(field, air, 'before', { 'weight before': weights }, { maskKey, signal })
    await expect(committing).rejects.toThrow('enough')
    expect(field.mark()).toBe(start)
  })
})

describe('bigEndian', () => {
  it('writes elements as 8 bytes, the highest first', () => {
    expect(bigEndian([1n, 256n])).toEqual(
      concatBytes(new Uint8Array(7), Uint8Array.of(1), new Uint8Array(6), Uint8Array.of(1, 0)),
    )
  })
})
