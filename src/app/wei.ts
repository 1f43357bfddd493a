/** ETH as the chain counts it, to the nearest gwei. */
export function weiOf(eth: number): bigint {
  return Number.isFinite(eth) ? BigInt(Math.round(eth * 1e9)) * 1_000_000_000n : 0n
}

/** Wei as people count; as exact as a number is. */
export function ethOf(wei: bigint): number {
  return Number(wei) / 1e18
}
