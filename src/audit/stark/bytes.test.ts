import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODULUS } from '../../field/Field.ts'
import { element } from '../../field/testing.ts'
import { Reader, Writer } from './bytes.ts'

describe('Writer and Reader', () => {
  it('write big-endian numbers and elements', () => {
    const bytes = new Writer()
      .uint(0x0102, 4)
      .element(0x0a0bn)
      .extension([1n, MODULUS - 1n])
      .raw(Uint8Array.of(7))
      .bytes()
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `00000102${'0000000000000a0b'}${'0000000000000001'}${'ffffffff00000000'}07`,
    )
  })

  it('read what was written, and know where it ends', () => {
    const number = fc.integer({ min: 1, max: 6 }).chain(width => fc.tuple(fc.nat(), fc.constant(width)))
    fc.assert(
      fc.property(fc.array(number), fc.array(element), fc.uint8Array(), (numbers, elements, raw) => {
        const to = new Writer()
        for (const [value, width] of numbers) to.uint(value % 2 ** (8 * width), width)
        for (const value of elements) to.element(value)
        for (const value of elements) to.extension([value, 1n])
        // A view into a larger buffer, as parts of a proof are.
        const whole = Uint8Array.of(9, ...to.raw(raw).bytes(), 9)
        const from = new Reader(whole.subarray(1, -1))
        for (const [value, width] of numbers) expect(from.uint(width)).toBe(value % 2 ** (8 * width))
        for (const value of elements) expect(from.element()).toBe(value)
        for (const value of elements) expect(from.extension()).toEqual([value, 1n])
        expect(from.isAtEnd).toBe(raw.length === 0)
        expect([...from.raw(raw.length)]).toEqual([...raw])
        expect(from.isAtEnd).toBe(true)
        expect(() => from.raw(1)).toThrow(RangeError)
      }),
    )
  })

  it.each([
    [256, 1],
    [-1, 4],
    [0.5, 4],
    [2 ** 32, 4],
  ])('do not write %s in %i bytes', (value, width) => {
    expect(() => new Writer().uint(value, width)).toThrow(RangeError)
  })

  it('read no element that is not canonical', () => {
    for (const value of [MODULUS, 2n ** 64n - 1n]) {
      expect(() => new Reader(new Writer().element(value).bytes()).element()).toThrow('not canonical')
      expect(() => new Reader(new Writer().element(0n).element(value).bytes()).extension()).toThrow('not canonical')
    }
  })

  it('do not read past the end', () => {
    const reads = [
      (from: Reader) => from.uint(8),
      (from: Reader) => from.element(),
      (from: Reader) => from.extension(),
      (from: Reader) => from.raw(8),
    ]
    for (const read of reads) expect(() => read(new Reader(new Uint8Array(7)))).toThrow('end too early')
  })
})
