import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rootOfUnity } from '../../field/domain.ts'
import { type Extension, embed, plus, raised, times, valueAt, ZERO } from '../../field/extension.ts'
import { multiply, power } from '../../field/goldilocks.ts'
import { element } from '../../field/testing.ts'
import { evaluationDomain, folded, foldedDomain, pointOf } from './fri.ts'

const extension: fc.Arbitrary<Extension> = fc.tuple(element, element)

describe('folding by eight', () => {
  it('joins the eight parts of a polynomial by powers of the challenge', () => {
    const polynomial = fc.array(extension, { minLength: 1, maxLength: 40, size: 'max' })
    fc.assert(
      fc.property(
        polynomial,
        element.filter(x => x !== 0n),
        extension,
        (coefficients, x, beta) => {
          const root = rootOfUnity(3)
          const values = Array.from({ length: 8 }, (_, t) =>
            valueAt(coefficients, embed(multiply(x, power(root, BigInt(t))))),
          )
          const y = embed(power(x, 8n))
          const expected = Array.from({ length: 8 }, (_, k) =>
            valueAt(
              coefficients.filter((_, i) => i % 8 === k),
              y,
            ),
          ).reduce((sum, part, k) => plus(sum, times(part, raised(beta, BigInt(k)))), ZERO)
          expect(folded(values, x, beta)).toEqual(expected)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('works on cosets: the eight points of a leaf have one eighth power, which is the next point', () => {
    const domain = evaluationDomain(9)
    const next = foldedDomain(domain)
    expect(next.log2Size).toBe(6)
    for (const position of [0, 1, 17, 63]) {
      for (let t = 0; t < 8; t++) {
        expect(power(pointOf(domain, position + 64 * t), 8n)).toBe(pointOf(next, position))
        expect(pointOf(domain, position + 64 * t)).toBe(
          multiply(pointOf(domain, position), power(rootOfUnity(3), BigInt(t))),
        )
      }
    }
  })

  it('evaluates off the domain of a trace', () => {
    for (const position of [0, 5, 511]) expect(power(pointOf(evaluationDomain(9), position), 512n)).not.toBe(1n)
  })
})
