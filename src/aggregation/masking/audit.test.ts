import { describe, expect, it } from 'vitest'
import { MODULUS } from '../../field/Field.ts'
import { loadField } from '../../field/loadField.ts'
import { type AuditClaims, auditProducts, claimsAddUp, claimsOf } from './audit.ts'
import { submitMasked } from './submit.ts'
import { addressOf, randomElements, roundOf } from './testing.ts'

const field = await loadField()
const seats = [0, 1, 2, 3]
const round = roundOf(seats, 2)
const vector = randomElements(9)
const directions = [randomElements(9), randomElements(9)]

/** What a hospital claims of its masks, with the vector that they hide. */
async function claimed(hospital: number) {
  const { masked, seeds } = await submitMasked(field, round, addressOf(hospital), vector)
  const products = await Promise.all(
    seats.map(seat => auditProducts(field, round, addressOf(hospital), seat, seeds[seat] ?? null, directions)),
  )
  const phi = directions.map(direction => field.inner(vector, direction))
  return { masked, claims: { phi, products: products.flat() } }
}

describe.each([
  ['holds a seat', 1],
  ['holds none', 7],
])('the claims of a hospital that %s', (_, index) => {
  const hospital = addressOf(index)
  const addUp = (masked: BigUint64Array, claims: AuditClaims) =>
    claimsAddUp(field, round, hospital, masked, claims, directions)

  it('add up with what was masked, and with no other vector', async () => {
    const { masked, claims } = await claimed(index)
    expect(addUp(masked, claims)).toBe(true)
    for (const place of masked.keys()) {
      expect(addUp(masked.with(place, (masked[place]! + 1n) % MODULUS), claims)).toBe(false)
    }
    const phi = [claims.phi[0]!, (claims.phi[1]! + 1n) % MODULUS]
    expect(addUp(masked, { ...claims, phi })).toBe(false)
  })

  it('are two numbers a seat, elements of the field, and nothing of a seat that has no masks', async () => {
    const { masked, claims } = await claimed(index)
    const changed = (change: (products: bigint[]) => void) => {
      const products = [...claims.products]
      change(products)
      return addUp(masked, { ...claims, products })
    }
    expect(changed(() => {})).toBe(true)
    expect(changed(products => products.push(0n, 0n))).toBe(false)
    expect(changed(products => products.splice(6, 2, products[6]! - MODULUS, products[7]!))).toBe(false)
    // What one seat's claim has too little another's has too much: who holds one of the seats finds it.
    const shifted = (from: number, to: number) =>
      changed(products => {
        products[from] = (products[from]! + 1n) % MODULUS
        products[to] = (products[to]! + MODULUS - 1n) % MODULUS
      })
    expect(shifted(4, 6)).toBe(true)
    expect(shifted(2, 6)).toBe(index !== 1)
  })
})

it('claims of a seat are its two products', () => {
  expect(claimsOf({ products: [1n, 2n, 3n, 4n] }, 1)).toEqual([3n, 4n])
})
