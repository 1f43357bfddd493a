import { hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindingBytes } from '../crypto/binding.ts'
import type { Address, Hex } from '../study/types.ts'
import { deriveMaskKey, type MaskBinding, maskBindingBytes } from './deriveMaskKey.ts'

const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map(values => `0x${Buffer.from(values).toString('hex')}` as const)
const address: fc.Arbitrary<Address> = hex(20)
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
const fields = {
  deployment: hex(32),
  chainId: fc.maxSafeNat(),
  study: address,
  round: fc.nat(),
  hospital: address,
  seat: address,
  vector: fc.constantFrom('update' as const, 'gradient' as const, 'statistics' as const),
}
const bindings: fc.Arbitrary<MaskBinding> = fc.record(fields)

describe('deriveMaskKey', () => {
  it('is HKDF-SHA256 of the seed, the binding being its info', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bindings, async (seed, binding) => {
        const expected = hkdfSync('sha256', seed, new Uint8Array(0), maskBindingBytes(binding), 32)
        expect(await deriveMaskKey(seed, binding)).toEqual(new Uint8Array(expected))
      }),
    )
  })

  it.each(Object.keys(fields) as (keyof MaskBinding)[])('gives another key where %s differs', async name => {
    await fc.assert(
      fc.asyncProperty(seeds, bindings, bindings, async (seed, binding, other) => {
        fc.pre(binding[name] !== other[name])
        const changed = await deriveMaskKey(seed, { ...binding, [name]: other[name] })
        expect(changed).not.toEqual(await deriveMaskKey(seed, binding))
      }),
    )
  })

  it('gives another key where one bit of the seed differs', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bindings, fc.nat(255), async (seed, binding, bit) => {
        const other = seed.slice()
        other[bit >> 3]! ^= 1 << (bit & 7)
        expect(await deriveMaskKey(other, binding)).not.toEqual(await deriveMaskKey(seed, binding))
      }),
    )
  })

  it('gives another key where hospital and seat change places', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bindings, async (seed, binding) => {
        fc.pre(binding.hospital !== binding.seat)
        const swapped = await deriveMaskKey(seed, { ...binding, hospital: binding.seat, seat: binding.hospital })
        expect(swapped).not.toEqual(await deriveMaskKey(seed, binding))
      }),
    )
  })

  it('gives the same key however addresses are written', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bindings, async (seed, binding) => {
        const upper = (value: Hex): Hex => `0x${value.slice(2).toUpperCase()}`
        const shouted = {
          ...binding,
          deployment: upper(binding.deployment),
          study: upper(binding.study),
          hospital: upper(binding.hospital),
          seat: upper(binding.seat),
        }
        expect(await deriveMaskKey(seed, shouted)).toEqual(await deriveMaskKey(seed, binding))
      }),
    )
  })

  it('shares no bytes with the binding of a sealed blob', () => {
    fc.assert(
      fc.property(bindings, binding => {
        const { deployment, chainId, study, round, hospital } = binding
        const sealed = bindingBytes({ deployment, chainId, study, round, sender: hospital, kind: 'update' })
        expect(maskBindingBytes(binding)).not.toEqual(sealed)
      }),
    )
  })

  it.each([0, 31, 33])('refuses a seed of %i bytes', async length => {
    const [binding] = fc.sample(bindings, 1)
    await expect(deriveMaskKey(new Uint8Array(length), binding!)).rejects.toThrow(RangeError)
  })
})
