import { describe, expect, it } from 'vitest'
import { centred } from './drawing.ts'

/** A full rectangle on an empty field. */
function rectangle(size: number, left: number, top: number, width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: size * size }, (_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)]
    return x >= left && x < left + width && y >= top && y < top + height ? 255 : 0
  })
}

describe('centred', () => {
  it('puts a drawing into the middle, 20 of 28 points high, wherever it was drawn', () => {
    const image = centred(rectangle(280, 10, 30, 50, 100), 280, 280, 28, 28)
    const rows = Array.from({ length: 28 }, (_, y) => image.slice(y * 28, y * 28 + 28))
    const filled = rows.flatMap((row, y) => (row.some(value => value > 127) ? [y] : []))
    expect(filled).toEqual(Array.from({ length: 20 }, (_, i) => i + 4))
    const columns = Array.from({ length: 28 }, (_, x) => x).filter(x => (rows[14]?.[x] ?? 0) > 127)
    expect(columns).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18])
    expect(centred(rectangle(280, 200, 150, 50, 100), 280, 280, 28, 28)).toEqual(image)
  })

  it('leaves an empty field empty', () => {
    expect(centred(new Uint8Array(100), 10, 10, 28, 28).every(value => value === 0)).toBe(true)
  })
})
