import { bytesToHex, hexToBytes } from 'viem/utils'
import type { Hex } from '../study/types.ts'

/** Bytes as WebCrypto wants them: on a buffer that no other thread shares. Copies only when it must. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}

/** sha-256 by the platform, as bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes)))
}

/** sha-256 by the platform, as hex: what the chain holds of headers and plaintexts. */
export async function sha256Hex(bytes: Uint8Array): Promise<Hex> {
  return bytesToHex(await sha256(bytes))
}

/** Joins byte strings. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Whether two byte strings are the same. Not constant time: for public values only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export { bytesToHex, hexToBytes }
