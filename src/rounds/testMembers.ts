import type { Address, Hex } from '../study/types.ts'
import type { Member } from './ports.ts'
import { NO_HASH } from './state.ts'

/** Made-up addresses, hashes and a study's four members, for unit tests. */
export const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
export const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
export const members: Member[] = [0, 1, 2, 3].map(index => ({
  index,
  address: address(index + 1),
  keys: { duty: { x: NO_HASH, y: NO_HASH }, encryption: new Uint8Array(65) },
}))
