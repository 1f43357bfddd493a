import { keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { publicRandom } from '../../study/random.ts'
import type { Air } from './air.ts'
import { registeredAir } from './examples/registered.ts'
import { decodeKey, encodeKey, keyHash } from './key.ts'
import { exampleCases, randomCase, tinyParameters } from './testing.ts'

const airs: Air[] = []
for (const make of Object.values(exampleCases)) airs.push((await make(publicRandom(1), tinyParameters, 6)).air)
for (let seed = 0; seed < 10; seed++) airs.push((await randomCase(publicRandom(seed))).air)

describe('a verifying key', () => {
  it('says all that an AIR is but its names', () => {
    for (const air of airs) {
      const { log2Rows, activeRows, externals, chunks, constants, instructions } = air
      expect(decodeKey(air.key)).toEqual({
        ...{ log2Rows, activeRows, externals, chunks, constants, instructions },
        oracles: air.oracles.map(({ isExtension, isPinned, columns, shifted }) => ({
          isExtension,
          isPinned,
          columns: columns.length,
          shifted,
        })),
        inputs: air.inputs.length,
        challenges: air.challenges.length,
        periodics: air.periodics.map(({ coefficients }) => coefficients),
        constraints: air.constraints.map(({ value, place }) => ({ value, place })),
      })
    }
  })

  it('says of an oracle whether it is pinned, in the byte that says its kind', () => {
    const [pinned, other] = [true, false].map(pinned => registeredAir(6, tinyParameters, pinned))
    const first = 8
    expect(pinned!.key[first]).toBe(2)
    expect(other!.key[first]).toBe(0)
    expect(decodeKey(other!.key.with(first, 2)).oracles).toEqual(decodeKey(pinned!.key).oracles)
  })

  it('is encoded in one way', () => {
    for (const air of airs) expect(encodeKey(air)).toEqual(air.key)
  })

  it('is refused where it is cut or has something after its end', () => {
    for (const { key } of airs) {
      for (let length = 0; length < key.length; length++) {
        expect(() => decodeKey(key.subarray(0, length))).toThrow(RangeError)
      }
      expect(() => decodeKey(Uint8Array.of(...key, 0))).toThrow('after its end')
    }
  })

  it('is refused in another version and with an unknown operation', () => {
    const { key, instructions } = airs[0]!
    expect(() => decodeKey(key.with(0, 2))).toThrow('another version')
    const first = key.length - 7 * airs[0]!.constraints.length - 2 - 5 * instructions.length
    expect(key[first]).toBe(['add', 'subtract', 'multiply'].indexOf(instructions[0]!.operation))
    expect(() => decodeKey(key.with(first, 3))).toThrow('unknown operation')
  })

  it('is named by its keccak256', () => {
    expect(keyHash(airs[0]!.key)).toEqual(keccak256(airs[0]!.key, 'bytes'))
  })
})
