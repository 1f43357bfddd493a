/** Bytes in hexadecimal with a leading 0x. */
export type Hex = `0x${string}`
/** An account or contract, checksummed or not; compare with sameAddress. */
export type Address = Hex

export function sameAddress(a: Address, b: Address): boolean {
  return sameHex(a, b)
}

/** Whether two hexadecimals are of the same bytes, whatever the case of their digits. */
export function sameHex(a: Hex, b: Hex): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/**
 * What may leave the training worker for others: sealed (encrypted to the committee), masked or DP-sanitised.
 * Storage, chain and log adapters accept nothing else.
 */
export type Publishable<T> = T & { readonly [publishable]: true }
declare const publishable: unique symbol

/** What may be shown on this hospital's own screen and nowhere else: previews, predictions, curves. */
export type LocalOnly<T> = { readonly localOnly: T }
