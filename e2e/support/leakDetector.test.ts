import { describe, expect, it } from 'vitest'
import { publicRandom } from '../../src/study/random.ts'
import { findLeaks, type Marker } from './leakDetector.ts'

const markers: Marker[] = ['Zyxomma petiolatum', 'ward-7-export.csv', 48213.625, 91377]

/** Bytes that look like ciphertext, with the planted ones in their midst. */
function planted(bytes: Uint8Array | string): Uint8Array {
  const random = publicRandom(3)
  const noise = () => Uint8Array.from({ length: 5000 }, () => random.below(256))
  return Buffer.concat([noise(), Buffer.from(bytes as string), noise()])
}

function formsOf(bytes: Uint8Array | string): string[] {
  return findLeaks([{ source: 'x', bytes: planted(bytes) }], markers).map(({ form, marker }) => `${form}: ${marker}`)
}

const float32 = (...values: number[]) => Buffer.from(new Float32Array(values).buffer)
const float64 = (...values: number[]) => Buffer.from(new Float64Array(values).buffer)

describe('findLeaks finds', () => {
  it.each([
    ['plain text', 'a Zyxomma petiolatum here', 'utf-8: Zyxomma petiolatum'],
    ['a file name in JSON', JSON.stringify({ name: 'ward-7-export.csv' }), 'utf-8: ward-7-export.csv'],
    ['UTF-16', Buffer.from('Zyxomma petiolatum', 'utf16le'), 'utf-16-le: Zyxomma petiolatum'],
    ['big-endian UTF-16', Buffer.from('ward-7-export.csv', 'utf16le').swap16(), 'utf-16-be: ward-7-export.csv'],
    ['a percent-encoded URL', `/?q=${encodeURIComponent('Zyxomma petiolatum')}`, 'percent > utf-8: Zyxomma petiolatum'],
    ['a number as text', '1,48213.625,0', 'utf-8: 48213.625'],
    ['a whole number as text', '{"id":91377}', 'utf-8: 91377'],
    ['a float64', float64(1, 48213.625, 2), 'float64-le: 48213.625'],
    ['a big-endian float64', float64(48213.625).reverse(), 'float64-be: 48213.625'],
    ['two float32 of one row', float32(48213.625, 0.5, 91377), 'float32-le: 48213.625'],
    ['two big-endian float32', float32(91377, 48213.625).reverse(), 'float32-be: 91377'],
    ['hexadecimal', `0x${Buffer.from('id ward-7-export.csv').toString('hex')}`, 'hex > utf-8: ward-7-export.csv'],
    ['hexadecimal floats', `0x12${float32(48213.625, 91377).toString('hex')}`, 'hex > float32-le: 91377'],
    [
      'base64 of hexadecimal',
      Buffer.from(`0x${Buffer.from('Zyxomma petiolatum').toString('hex')}`).toString('base64'),
      'base64 > hex > utf-8: Zyxomma petiolatum',
    ],
    [
      'base64 in UTF-16',
      Buffer.from(Buffer.from('Zyxomma petiolatum').toString('base64'), 'utf16le'),
      'base64 > utf-8: Zyxomma petiolatum',
    ],
  ])('%s', (_, bytes, expected) => {
    expect(formsOf(bytes)).toContain(expected)
  })

  it.each([0, 1, 2, 3, 4, 5])('base64 at offset %i, also where letters of a path come before it', offset => {
    const encoded = Buffer.from(`${'.'.repeat(offset)}ward-7-export.csv...`).toString('base64')
    expect(formsOf(`,"${encoded}"`)).toContain('base64 > utf-8: ward-7-export.csv')
    expect(formsOf(`,/data/${encoded}`)).toContain('base64 > utf-8: ward-7-export.csv')
    expect(formsOf(Buffer.from(encoded, 'base64').toString('base64url'))).toContain('base64 > utf-8: ward-7-export.csv')
  })

  it('every marker, and says where', () => {
    const row = 'Zyxomma petiolatum,ward-7-export.csv,48213.625,91377'
    const leaks = findLeaks(
      [
        { source: 'clean', bytes: planted('') },
        { source: 'dirty', bytes: planted(row) },
      ],
      markers,
    )
    expect(new Set(leaks.map(({ marker }) => marker))).toEqual(new Set(markers))
    expect(new Set(leaks.map(({ source }) => source))).toEqual(new Set(['dirty']))
  })
})

describe('findLeaks does not', () => {
  it('take noise for a leak', () => {
    const random = publicRandom(5)
    const noise = Uint8Array.from({ length: 4_000_000 }, () => random.below(256))
    const text = Buffer.from(noise.subarray(0, 500_000)).toString('base64')
    expect(
      findLeaks(
        [
          { source: 'noise', bytes: noise },
          { source: 'text', bytes: Buffer.from(text) },
        ],
        markers,
      ),
    ).toEqual([])
  })

  it('take four bytes alone for a number', () => {
    expect(formsOf(float32(48213.625))).toEqual([])
    expect(formsOf(Buffer.concat([float32(48213.625), Buffer.alloc(2000), float32(91377)]))).toEqual([])
  })

  it('accept markers that chance would find', () => {
    expect(() => findLeaks([], ['abc'])).toThrow(RangeError)
    expect(() => findLeaks([], [12.5])).toThrow(RangeError)
  })
})
