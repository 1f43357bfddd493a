import { formatUnits, parseUnits } from 'viem/utils'

/** Decimals of the credit token. */
const DECIMALS = 18

/** Credits as the contracts count them. */
export function creditUnits(credits: number): bigint {
  return parseUnits(String(credits), DECIMALS)
}

/** Credits as people count them; as exact as a number is. */
export function creditsFrom(units: bigint): number {
  return Number(formatUnits(units, DECIMALS))
}
