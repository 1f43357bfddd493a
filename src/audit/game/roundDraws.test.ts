import { encodePacked, keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../crypto/bytes.ts'
import { MODULUS } from '../../field/Field.ts'
import { gammasOf, orderOf, signsOf } from './roundDraws.ts'

/** The bytes i, i + 1, … */
const seedAt = (i: number) => Uint8Array.from({ length: 32 }, (_, byte) => i + byte)
const seeds = Array.from({ length: 400 }, (_, i) =>
  Uint8Array.from({ length: 32 }, (_, byte) => (byte < 2 ? i >> (8 * byte) : 0)),
)

/** As a contract hashes a tag, a seed and a member. */
function wordBySolidity(tag: string, seed: Uint8Array, member: number): bigint {
  return BigInt(keccak256(encodePacked(['string', 'bytes32', 'uint8'], [tag, bytesToHex(seed), member])))
}

/** As a contract would shuffle. */
function orderBySolidity(seed: Uint8Array, member: number, steps: number): number[] {
  let word = wordBySolidity('wardround/round/order/1', seed, member)
  const next = () => {
    word = BigInt(keccak256(encodePacked(['uint256'], [word])))
  }
  const list = Array.from({ length: steps }, (_, i) => i)
  for (let i = 0; i < steps; i++) {
    const left = BigInt(steps - i)
    while (word >= 2n ** 256n - (2n ** 256n % left)) next()
    const j = i + Number(word % left)
    next()
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list
}

describe("what chance decides of a hospital's round", () => {
  it('is what a contract would draw', () => {
    for (const seed of seeds.slice(0, 25)) {
      expect(orderOf(seed, 5, 16)).toEqual(orderBySolidity(seed, 5, 16))
      const signs = wordBySolidity('wardround/round/signs/1', seed, 5)
      const bits = [...signs.toString(2).padStart(256, '0')].reverse().slice(0, 64)
      expect(signsOf(seed, 5, 64)).toEqual(bits.map(bit => (bit === '1' ? 1 : -1)))
      const gammas = wordBySolidity('wardround/round/gamma/1', seed, 5)
      expect(gammasOf(seed, 5)).toEqual([(gammas >> 128n) % MODULUS, (gammas & (2n ** 128n - 1n)) % MODULUS])
    }
  })

  it('has these vectors', () => {
    expect(orderOf(seedAt(0), 0, 4)).toEqual([0, 2, 3, 1])
    expect(orderOf(seedAt(1), 3, 16)).toEqual([14, 13, 7, 4, 11, 8, 0, 15, 2, 10, 6, 5, 3, 1, 9, 12])
    expect(orderOf(seedAt(2), 63, 1)).toEqual([0])
    expect(signsOf(seedAt(0), 0, 4)).toEqual([1, -1, 1, -1])
    expect(signsOf(seedAt(1), 3, 8)).toEqual([1, -1, -1, -1, 1, 1, -1, 1])
    expect(gammasOf(seedAt(0), 0)).toEqual([9412986165568036337n, 59626536723351158n])
    expect(gammasOf(seedAt(1), 63)).toEqual([10866298672332316078n, 13922257504909537296n])
  })

  it('takes every batch once, each as often first as any other, and either sign as often', () => {
    const first = new Array<number>(8).fill(0)
    let added = 0
    for (const seed of seeds) {
      const order = orderOf(seed, 1, 8)
      expect(order.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      first[order[0]!]!++
      added += signsOf(seed, 1, 8).filter(sign => sign === 1).length
    }
    // 50 and 1,600 expected; five standard deviations.
    for (const count of first) expect(Math.abs(count - 50)).toBeLessThan(34)
    expect(Math.abs(added - 1600)).toBeLessThan(142)
  })

  it('is of each hospital its own', () => {
    expect(orderOf(seedAt(0), 0, 16)).not.toEqual(orderOf(seedAt(0), 1, 16))
    expect(signsOf(seedAt(0), 0, 64)).not.toEqual(signsOf(seedAt(0), 1, 64))
    expect(gammasOf(seedAt(0), 0)).not.toEqual(gammasOf(seedAt(0), 1))
  })

  it('is refused for what makes no sense', () => {
    expect(() => orderOf(new Uint8Array(31), 0, 4)).toThrow(RangeError)
    expect(() => orderOf(seedAt(0), 64, 4)).toThrow(RangeError)
    expect(() => orderOf(seedAt(0), 0, 0)).toThrow(RangeError)
    expect(() => signsOf(seedAt(0), 0, 65)).toThrow(RangeError)
    expect(() => signsOf(seedAt(0), -1, 4)).toThrow(RangeError)
    expect(() => gammasOf(new Uint8Array(33), 0)).toThrow(RangeError)
  })
})
