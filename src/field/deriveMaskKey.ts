import { encode } from '@ipld/dag-cbor'
import type { Binding } from '../crypto/binding.ts'
import { unshared } from '../crypto/bytes.ts'
import type { Address } from '../study/types.ts'

/** What one stream of masks is for. Two streams that differ in any field have nothing in common. */
export interface MaskBinding extends Pick<Binding, 'deployment' | 'chainId' | 'study' | 'round'> {
  /** Who masks. */
  readonly hospital: Address
  /** Who holds the seed. */
  readonly seat: Address
  readonly vector: 'update' | 'gradient' | 'statistics'
}

/**
 * The key of a hospital's masks of one vector for one seat: HKDF-SHA256 (RFC 5869) of their seed, without salt, as the
 * seed is uniform already; the binding is its info.
 * @param seed 32 bytes
 * @returns 32 bytes, for Field.addMask and its like
 * @throws RangeError where the seed is not 32 bytes
 */
export async function deriveMaskKey(seed: Uint8Array, binding: MaskBinding): Promise<Uint8Array<ArrayBuffer>> {
  if (seed.length !== 32) throw new RangeError(`a seed of ${seed.length} bytes`)
  const key = await crypto.subtle.importKey('raw', unshared(seed), 'HKDF', false, ['deriveBits'])
  const info = unshared(maskBindingBytes(binding))
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }
  return new Uint8Array(await crypto.subtle.deriveBits(derivation, key, 256))
}

/** The binding as canonical bytes; no sealed blob has the same, see bindingBytes. */
export function maskBindingBytes(binding: MaskBinding): Uint8Array {
  return encode({
    protocol: 'wardround/1',
    kind: 'mask',
    deployment: binding.deployment.toLowerCase(),
    chainId: binding.chainId,
    study: binding.study.toLowerCase(),
    round: binding.round,
    hospital: binding.hospital.toLowerCase(),
    seat: binding.seat.toLowerCase(),
    vector: binding.vector,
  })
}
