import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitsFor, packBits, packedLength, unpackBits } from './bits.ts'

const numbersOf = (width: number) => fc.uint8Array({ maxLength: 40, max: 2 ** width - 1 })
const packed = fc
  .integer({ min: 0, max: 8 })
  .chain(width => fc.record({ width: fc.constant(width), numbers: numbersOf(width) }))

describe('packBits', () => {
  it('gives the numbers back, in as few whole bytes as their bits fill', () => {
    fc.assert(
      fc.property(packed, ({ width, numbers }) => {
        const bytes = packBits(numbers, width)
        expect(bytes.length).toBe(Math.ceil((numbers.length * width) / 8))
        expect(unpackBits(bytes, width, numbers.length)).toEqual(new Uint8Array(numbers))
      }),
    )
  })

  it('puts the lowest bit first', () => {
    expect([...packBits(Uint8Array.of(1, 2, 3), 3)]).toEqual([0b11010001, 0b0])
  })
})

describe('unpackBits', () => {
  it('accepts one form only: another length, or a bit set past the last number, is refused', () => {
    const bytes = packBits(Uint8Array.of(1, 2, 3), 3)
    expect(unpackBits(bytes.subarray(1), 3, 3)).toBeUndefined()
    expect(unpackBits(Uint8Array.of(...bytes, 0), 3, 3)).toBeUndefined()
    for (let bit = 1; bit < 8; bit++) expect(unpackBits(Uint8Array.of(bytes[0]!, 1 << bit), 3, 3)).toBeUndefined()
    expect(unpackBits(Uint8Array.of(bytes[0]!, 1), 3, 3)).toEqual(Uint8Array.of(1, 2, 7))
  })
})

it('takes as many bits as tell the entries apart', () => {
  expect([1, 2, 3, 4, 5, 16, 17, 128, 129, 255, 256].map(bitsFor)).toEqual([0, 1, 2, 2, 3, 4, 5, 7, 8, 8, 8])
  expect(packedLength(9, 3)).toBe(4)
  expect(packedLength(1_000_000, 0)).toBe(0)
})
