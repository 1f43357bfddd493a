import { bytesToHex } from '../crypto/bytes.ts'
import type { Hex } from '../study/types.ts'

/** The score of an update that a seat could not open (type(int16).min in the contract). */
export const NOT_OPENED = -32768

/** 32 bytes from the system's generator. */
export function randomHex(): Hex {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
}

/** Resolves after so many milliseconds. @throws the signal's reason when it aborts first */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal.addEventListener('abort', stop, { once: true })
  })
}
