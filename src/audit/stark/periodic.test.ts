import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rootOfUnity } from '../../field/domain.ts'
import { embed, valueAt } from '../../field/extension.ts'
import { power } from '../../field/goldilocks.ts'
import { element } from '../../field/testing.ts'
import { interpolated, periodicAt } from './periodic.ts'

const values = fc
  .integer({ min: 0, max: 5 })
  .chain(log => fc.array(element, { minLength: 2 ** log, maxLength: 2 ** log, size: 'max' }))

describe('a periodic column', () => {
  it('is the polynomial through its values on the subgroup of their number', () => {
    fc.assert(
      fc.property(values, list => {
        const coefficients = interpolated(list)
        expect(coefficients).toHaveLength(list.length)
        const root = rootOfUnity(Math.log2(list.length))
        list.forEach((value, i) => {
          const x = embed(power(root, BigInt(i)))
          expect(valueAt(coefficients.map(embed), x)).toEqual(embed(value))
        })
      }),
      { numRuns: 30 },
    )
  })

  it('repeats its values over the rows of a trace', () => {
    fc.assert(
      fc.property(values, fc.nat(63), (list, row) => {
        const x = embed(power(rootOfUnity(6), BigInt(row)))
        expect(periodicAt(interpolated(list), 6, x)).toEqual(embed(list[row % list.length]!))
      }),
      { numRuns: 30 },
    )
  })

  it('is the polynomial of as many coefficients in x^(rows / period) outside of the trace', () => {
    fc.assert(
      fc.property(values, fc.tuple(element, element), (list, x) => {
        const gap = 64 / list.length
        const spread = Array.from({ length: 64 }, (_, k) => (k % gap === 0 ? interpolated(list)[k / gap]! : 0n))
        expect(periodicAt(interpolated(list), 6, x)).toEqual(valueAt(spread.map(embed), x))
      }),
      { numRuns: 10 },
    )
  })
})
