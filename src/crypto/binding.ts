import { encode } from '@ipld/dag-cbor'
import type { Address, Hex } from '../study/types.ts'

/** What a sealed blob belongs to. A blob of one binding is refused under any other. */
export interface Binding {
  /** keccak256(genesis hash, registry): two dev chains share chain id and addresses. */
  readonly deployment: Hex
  readonly chainId: number
  readonly study: Address
  readonly round: number
  readonly sender: Address
  readonly kind: 'statistics' | 'update' | 'model' | 'rewraps' | 'masks' | 'shares' | 'products'
}

/** The binding as canonical bytes, for AEAD associated data and HPKE info. */
export function bindingBytes(binding: Binding): Uint8Array {
  return encode({
    protocol: 'wardround/1',
    deployment: binding.deployment.toLowerCase(),
    chainId: binding.chainId,
    study: binding.study.toLowerCase(),
    round: binding.round,
    sender: binding.sender.toLowerCase(),
    kind: binding.kind,
  })
}
