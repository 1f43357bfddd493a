import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { owedAfter, residualAfter, startOf } from './errorFeedback.ts'
import { planRandomK, select, spread } from './randomK.ts'

const size = 23
const vectorOf = (element: fc.Arbitrary<number>) =>
  fc.array(element, { minLength: size, maxLength: size }).map(values => Float32Array.from(values))
const float = vectorOf(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }))
const integer = vectorOf(fc.integer({ min: -1000, max: 1000 }))
const plan = fc
  .record({ seed: fc.nat(), sent: fc.nat(200), k: fc.integer({ min: 1, max: size }) })
  .map(call => planRandomK({ size, ...call }))
const plus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value + b[i]!)

describe('error feedback', () => {
  it('conserves: what is sent and what is left are together what was owed, bit for bit', () => {
    fc.assert(
      fc.property(float, plan, (owed, plan) => {
        const sent = select(owed, plan)
        expect(plus(spread(sent, plan), residualAfter(owed, plan, sent))).toEqual(owed.map(value => value + 0))
      }),
    )
  })

  it('owes the old residual and the update: sent + residual = update + old residual', () => {
    fc.assert(
      fc.property(integer, integer, integer, plan, (base, old, update, plan) => {
        const owed = owedAfter(base, plus(startOf(base, old), update))
        const sent = select(owed, plan)
        expect(plus(spread(sent, plan), residualAfter(owed, plan, sent))).toEqual(plus(update, old))
      }),
    )
  })

  it('owes again what encoding clamped or rounded away', () => {
    fc.assert(
      fc.property(integer, plan, (owed, plan) => {
        const encoded = select(owed, plan).map(value => Math.max(-100, Math.min(100, 8 * Math.round(value / 8))))
        expect(plus(spread(encoded, plan), residualAfter(owed, plan, encoded))).toEqual(owed)
      }),
    )
  })

  it('has sent everything that was learned once every coordinate had its turn', () => {
    const k = 4
    let residual = new Float32Array(size)
    let base = new Float32Array(size)
    const learned = Float32Array.from({ length: size }, (_, i) => i - 7)
    for (let round = 0, sent = 0; sent < 2 * size; round++, sent += k) {
      const update = round === 0 ? learned : new Float32Array(size)
      const plan = planRandomK({ seed: 5, sent, size, k })
      const owed = owedAfter(base, plus(startOf(base, residual), update))
      const values = select(owed, plan)
      residual = residualAfter(owed, plan, values)
      base = plus(base, spread(values, plan)) as Float32Array<ArrayBuffer>
    }
    expect(base).toEqual(learned)
    expect(residual).toEqual(new Float32Array(size))
  })

  it('refuses vectors that differ in length by one', () => {
    const some = planRandomK({ seed: 1, sent: 0, size, k: 3 })
    const [right, wrong] = [new Float32Array(size), new Float32Array(size + 1)]
    expect(() => startOf(right, wrong)).toThrow(RangeError)
    expect(() => owedAfter(right, wrong)).toThrow(RangeError)
    expect(() => residualAfter(wrong, some, new Float32Array(3))).toThrow(RangeError)
    expect(() => residualAfter(right, some, new Float32Array(4))).toThrow(RangeError)
  })
})
