import { describe, expect, it } from 'vitest'
import { ago, bytes, decimal, inTime, partOf, percent, shortAddress, unsignedPoints } from './format.ts'

describe('format', () => {
  it('keeps what is not known visible as such', () => {
    expect(percent(null)).toBe('–')
    expect(decimal(undefined)).toBe('–')
  })

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    [10_737_400_000, '10.7 GB'],
  ])('counts %d bytes in decimal units', (count, text) => {
    expect(bytes(count)).toBe(text)
  })

  it('names a part in words where it has one', () => {
    expect([1 / 2, 1 / 4, 1 / 9, 0.2].map(partOf)).toEqual(['half', 'a quarter', 'a ninth', '20.0 %'])
  })

  it('leaves the direction of a difference to the sentence', () => {
    expect(unsignedPoints(0.034)).toBe('3.4 points')
    expect(unsignedPoints(-0.034)).toBe('3.4 points')
  })

  it.each([
    [-3, 'any moment now'],
    [12.2, 'in 13 s'],
    [75, 'in 1 min 15 s'],
    [3 * 3600 + 120, 'in 3 h 2 min'],
    [72 * 3600, 'in 3 days'],
  ])('says %d seconds from now', (seconds, text) => {
    expect(inTime(seconds)).toBe(text)
  })

  it.each([
    [3, 'just now'],
    [42.9, '42 s ago'],
    [150, '2 min ago'],
    [7300, '2 h ago'],
    [72 * 3600, '3 days ago'],
  ])('says %d seconds ago', (seconds, text) => {
    expect(ago(seconds)).toBe(text)
  })

  it('keeps four characters at either end of an address', () => {
    expect(shortAddress('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')).toBe('0xf39F…2266')
  })
})
