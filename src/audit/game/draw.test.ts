import { encodePacked, keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../crypto/bytes.ts'
import type { Hex } from '../../study/types.ts'
import { drawHospitals, drawSegments, reduced } from './draw.ts'

const members = [0, 1, 2, 3, 4, 5, 6, 7]
/** Beacon of the bytes i, i + 1, … */
const beaconAt = (i: number) => Uint8Array.from({ length: 32 }, (_, byte) => i + byte)
const beacons = Array.from({ length: 400 }, (_, i) =>
  Uint8Array.from({ length: 32 }, (_, byte) => (byte < 2 ? i >> (8 * byte) : 0)),
)

/** As a contract would draw: an own list, words by keccak256 of packed bytes. */
function drawnBySolidity(seed: Hex, list: number[], count: number): number[] {
  let word = keccak256(seed)
  for (let i = 0; i < count; i++) {
    const left = BigInt(list.length - i)
    const limit = 2n ** 256n - (2n ** 256n % left)
    while (BigInt(word) >= limit) word = keccak256(word)
    const j = i + Number(BigInt(word) % left)
    word = keccak256(word)
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list.slice(0, count).sort((a, b) => a - b)
}

describe('Drawing', () => {
  it('is what a contract would draw', () => {
    for (const beacon of beacons.slice(0, 25)) {
      const hex = bytesToHex(beacon)
      const seed = encodePacked(['string', 'bytes32'], ['wardround/audit/hospitals/1', hex])
      expect(drawHospitals(beacon, members, 3)).toEqual(drawnBySolidity(seed, [...members], 3))
      const own = encodePacked(['string', 'bytes32', 'uint8'], ['wardround/audit/segments/1', hex, 5])
      expect(drawSegments(beacon, 5, 8, 4)).toEqual([...drawnBySolidity(own, [0, 1, 2, 3, 4, 5, 6], 3), 7])
    }
  })

  it('has these vectors', () => {
    expect(drawHospitals(beaconAt(0), members, 4)).toEqual([0, 2, 3, 5])
    expect(drawHospitals(beaconAt(1), [3, 9, 20, 41, 63], 2)).toEqual([9, 41])
    expect(drawHospitals(beaconAt(2), members, 2, [6])).toEqual([0, 6, 7])
    expect(drawSegments(beaconAt(0), 0, 8, 4)).toEqual([4, 5, 6, 7])
    expect(drawSegments(beaconAt(0), 1, 8, 4)).toEqual([0, 2, 5, 7])
    expect(drawSegments(beaconAt(0), 63, 256, 5)).toEqual([22, 52, 113, 120, 255])
  })

  it('takes as many as it should, once each, in order', () => {
    for (const beacon of beacons.slice(0, 25)) {
      for (let count = 1; count <= 8; count++) {
        const drawn = drawHospitals(beacon, members, count)
        expect(drawn).toHaveLength(count)
        expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual(drawn)
        const segments = drawSegments(beacon, 2, 8, count)
        expect(segments).toHaveLength(count)
        expect([...new Set(segments)].sort((a, b) => a - b)).toEqual(segments)
        expect(segments.at(-1)).toBe(7)
      }
    }
  })

  it('takes who is due in any case, and the others by chance', () => {
    for (const beacon of beacons.slice(0, 25)) {
      const drawn = drawHospitals(beacon, members, 2, [6, 40])
      expect(drawn).toHaveLength(3)
      expect(drawn).toContain(6)
      expect(drawHospitals(beacon, members, 8, [6])).toEqual(members)
      expect(drawHospitals(beacon, [6], 1, [6])).toEqual([6])
    }
  })

  it('favours nobody', () => {
    const hospitals = new Array<number>(8).fill(0)
    const segments = new Array<number>(8).fill(0)
    for (const beacon of beacons) {
      for (const member of drawHospitals(beacon, members, 4)) hospitals[member]!++
      for (const segment of drawSegments(beacon, 0, 8, 4)) segments[segment]!++
    }
    // 200 and 171 of 400 expected; ±50 is five standard deviations.
    for (const count of hospitals) expect(Math.abs(count - 200)).toBeLessThan(50)
    for (const count of segments.slice(0, 7)) expect(Math.abs(count - 171)).toBeLessThan(50)
    expect(segments[7]).toBe(400)
  })

  it('draws segments of hospitals each for itself', () => {
    const [first, second] = [0, 1].map(member => beacons.map(beacon => drawSegments(beacon, member, 8, 4).join()))
    const same = first!.filter((segments, i) => segments === second![i]).length
    // One draw in 35 by chance: 11 of 400.
    expect(same).toBeLessThan(40)
  })

  it('leaves words out past the last whole multiple', () => {
    const last = 2n ** 256n - 1n
    expect(reduced(last, 8)).toBe(7)
    // 2^256 mod 7 = 2, so two words are too many.
    expect(reduced(last, 7)).toBeUndefined()
    expect(reduced(last - 1n, 7)).toBeUndefined()
    expect(reduced(last - 2n, 7)).toBe(6)
    expect(reduced(9n, 7)).toBe(2)
  })

  it('refuses what makes no sense', () => {
    const beacon = beaconAt(0)
    expect(() => drawHospitals(beacon.subarray(1), members, 2)).toThrow(RangeError)
    expect(() => drawHospitals(beacon, [1, 0], 1)).toThrow(RangeError)
    expect(() => drawHospitals(beacon, [1, 1], 1)).toThrow(RangeError)
    expect(() => drawHospitals(beacon, [64], 1)).toThrow(RangeError)
    expect(() => drawHospitals(beacon, members, 0)).toThrow(RangeError)
    expect(() => drawSegments(beacon, 64, 8, 4)).toThrow(RangeError)
    expect(() => drawSegments(beacon, 0, 8, 9)).toThrow(RangeError)
    expect(() => drawSegments(beacon, 0, 257, 9)).toThrow(RangeError)
    expect(() => drawSegments(beacon.subarray(1), 0, 8, 4)).toThrow(RangeError)
  })
})
