import type { Hex } from '../study/types.ts'

/** The score of an update that a seat could not open (type(int16).min in the contract). */
export const NOT_OPENED = -32768

export function digestBytes(digest: Hex): Uint8Array {
  return Uint8Array.from(digest.slice(2).match(/../g) ?? [], byte => Number.parseInt(byte, 16))
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')}`
}

/** 32 bytes from the system's generator. */
export function randomHex(): Hex {
  return toHex(crypto.getRandomValues(new Uint8Array(32)))
}
