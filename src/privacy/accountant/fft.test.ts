import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fft } from './fft.ts'

const number = fc.double({ min: -1, max: 1, noNaN: true })
const signal = fc
  .integer({ min: 0, max: 6 })
  .chain(log => fc.array(fc.tuple(number, number), { minLength: 2 ** log, maxLength: 2 ** log }))

describe('fft', () => {
  it('is the sum that defines the transform', () => {
    fc.assert(
      fc.property(signal, list => {
        const re = Float64Array.from(list, ([x]) => x)
        const im = Float64Array.from(list, ([, y]) => y)
        fft(re, im)
        for (let k = 0; k < list.length; k++) {
          let sumRe = 0
          let sumIm = 0
          list.forEach(([x, y], n) => {
            const angle = (-2 * Math.PI * k * n) / list.length
            sumRe += x * Math.cos(angle) - y * Math.sin(angle)
            sumIm += x * Math.sin(angle) + y * Math.cos(angle)
          })
          expect(re[k]).toBeCloseTo(sumRe, 12)
          expect(im[k]).toBeCloseTo(sumIm, 12)
        }
      }),
    )
  })

  it('comes back by the inverse', () => {
    fc.assert(
      fc.property(signal, list => {
        const re = Float64Array.from(list, ([x]) => x)
        const im = Float64Array.from(list, ([, y]) => y)
        fft(re, im)
        fft(re, im, true)
        list.forEach(([x, y], n) => {
          expect(re[n]).toBeCloseTo(x, 13)
          expect(im[n]).toBeCloseTo(y, 13)
        })
      }),
    )
  })

  it('refuses what is no power of two, or of two lengths', () => {
    for (const [a, b] of [
      [0, 0],
      [3, 3],
      [4, 8],
    ] as const) {
      expect(() => fft(new Float64Array(a), new Float64Array(b))).toThrow(RangeError)
    }
  })
})
