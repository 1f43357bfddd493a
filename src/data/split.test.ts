import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stratifiedSplit } from './split.ts'

describe('stratifiedSplit', () => {
  it('puts every example into exactly one part, the same for the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 200 }), fc.nat(), (labels, seed) => {
        const parts = stratifiedSplit(labels, { validation: 0.1, test: 1 / 3 }, seed)
        const all = [...parts.train, ...parts.validation, ...parts.test].sort((a, b) => a - b)
        expect(all).toEqual(labels.map((_, i) => i))
        expect(stratifiedSplit(labels, { validation: 0.1, test: 1 / 3 }, seed)).toEqual(parts)
      }),
    )
  })

  it('keeps the classes’ shares and the parts’ sizes', () => {
    const labels = Array.from({ length: 300 }, (_, i) => (i % 10 === 0 ? 1 : 0))
    const { train, validation, test } = stratifiedSplit(labels, { validation: 0.1, test: 1 / 3 }, 7)
    const positives = (part: readonly number[]) => part.filter(i => labels[i] === 1).length
    expect([train.length, validation.length, test.length]).toEqual([180, 20, 100])
    expect([positives(train), positives(validation), positives(test)]).toEqual([18, 2, 10])
  })

  it('keeps an example of each class to learn from', () => {
    const { train } = stratifiedSplit([0, 0, 0, 0, 0, 1], { validation: 0.5, test: 0.5 }, 1)
    expect(train).toContain(5)
  })

  it('differs from seed to seed', () => {
    const labels = new Uint8Array(60)
    const fractions = { validation: 0, test: 0.5 }
    expect(stratifiedSplit(labels, fractions, 1)).not.toEqual(stratifiedSplit(labels, fractions, 2))
  })
})
