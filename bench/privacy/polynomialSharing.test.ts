import { expect, it } from 'vitest'
import { MODULUS } from '../../src/field/Field.ts'
import { inverse, multiply } from '../../src/field/goldilocks.ts'
import { loadField } from '../../src/field/loadField.ts'
import { shareByDifferences, shareByProducts, sharingBuffers } from './polynomialSharing.ts'

const field = await loadField()
const newKey = () => crypto.getRandomValues(new Uint8Array(32))

it('shares a vector so that any three shares give it back, both ways the same', () => {
  // Past the size of a piece.
  const length = 4100
  const secret = field.expand(newKey(), length)
  const keys = [newKey(), newKey()] as const
  const { vectors } = shareByDifferences(field, secret, keys, sharingBuffers(length))
  expect(shareByProducts(field, secret, keys, sharingBuffers(length)).vectors).toEqual(vectors)
  const shares = [...keys.map(key => field.expand(key, length)), ...vectors]
  for (let a = 1; a <= 5; a++) {
    for (let b = a + 1; b <= 5; b++) {
      for (let c = b + 1; c <= 5; c++) {
        const points = [a, b, c].map(BigInt)
        const result = new BigUint64Array(length)
        for (const x of points) {
          // Lagrange's coefficient at 0.
          const coefficient = points
            .filter(other => other !== x)
            .reduce(
              (product, other) => multiply(product, multiply(other, inverse((other - x + MODULUS) % MODULUS))),
              1n,
            )
          field.addScaled(result, shares[Number(x) - 1]!, coefficient)
        }
        expect(result).toEqual(secret)
      }
    }
  }
})
