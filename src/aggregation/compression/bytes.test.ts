import { expect, it } from 'vitest'
import { backUpSeeds, drawSeeds, packParcel } from '../masking/seeds.ts'
import { addressOf, roundOf } from '../masking/testing.ts'
import { bytesOfFloats, bytesOfMaskedUpload, bytesOfMasking } from './bytes.ts'

it('counts what a hospital outside the committee uploads for five seats, part by part', () => {
  const elements = 1000 * 8
  // Each of five parcels: HPKE's 65 + 16 around a seed and shares of the four other seeds.
  const parcels = 5 * (65 + 16 + 32 + 4 * 33)
  // The vector's hash, one of each seed, one of each seed's four shares.
  const hashes = 32 * (1 + 5 + 5 * 4)
  expect(bytesOfMaskedUpload({ elements: 1000, seats: 5, isSeat: false })).toBe(elements + parcels + hashes + 256)
})

it('counts no seed for the hospital’s own seat, but its shares of the others’', () => {
  const parcels = 2 * (65 + 16 + 32 + 33) + (65 + 16 + 2 * 33)
  const hashes = 32 * (1 + 2 + 2 * 2)
  expect(bytesOfMasking({ seats: 3, isSeat: true })).toBe(parcels + hashes + 256)
})

it('counts masks as twice the float32 that they hide', () => {
  const committee = { seats: 5, isSeat: false }
  const one = bytesOfMaskedUpload({ elements: 1, ...committee })
  expect(bytesOfMaskedUpload({ elements: 1001, ...committee }) - one).toBe(2 * bytesOfFloats(1000))
})

it.each([true, false])(
  'agrees with the parcels and hashes that masking makes (the hospital a seat: %s)',
  async isSeat => {
    const round = roundOf([0, 1, 2, 3, 4], 3)
    const seeds = drawSeeds(round, addressOf(isSeat ? 4 : 5))
    const backups = await backUpSeeds(round, seeds)
    const sealed = round.seats.reduce((sum, _, holder) => sum + 65 + 16 + packParcel(seeds, backups, holder).length, 0)
    const hashed = [seeds, ...backups].flat().filter(part => part !== null).length
    expect(bytesOfMasking({ seats: 5, isSeat })).toBe(sealed + 32 * (1 + hashed) + 256)
  },
)
