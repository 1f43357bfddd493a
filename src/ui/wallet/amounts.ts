import { formatEther, formatUnits, parseUnits } from 'viem'
import type { Site } from '../../app/site.ts'
import { chainOf, DEV_CHAIN_ID } from '../../chain/clients.ts'
import type { Hex } from '../../study/types.ts'
import { texts } from '../texts.ts'

/** @example gasText(123456n) // '123,456' */
export function gasText(gas: bigint): string {
  return gas.toLocaleString('en-GB')
}

/** Two significant digits, never in powers of ten. @example etherText(123456789000000n) // '0.00012 ETH' */
export function etherText(wei: bigint): string {
  if (wei === 0n) return texts.wallet.cost.ether('0')
  const ether = Number(formatEther(wei))
  const digits = Math.min(18, Math.max(2, 1 - Math.floor(Math.log10(ether))))
  return texts.wallet.cost.ether(
    ether >= 100 ? Math.round(ether).toLocaleString('en-GB') : ether.toFixed(digits).replace(/\.?0+$/, ''),
  )
}

/** @param units smallest units of credit (18 decimals) @example creditsText(50n * 10n ** 18n) // '50' */
export function creditsText(units: bigint): string {
  // What rounding left over is not nothing.
  if (units > 0n && units < parseUnits('0.005', 18)) return texts.wallet.cost.dust
  return Number(formatUnits(units, 18)).toLocaleString('en-GB', { maximumFractionDigits: 2 })
}

/** What gas costs in ether; null on the dev chain, where ether is worth nothing. */
export function etherOn(site: Pick<Site, 'chainId'>, wei: bigint): string | null {
  return site.chainId === DEV_CHAIN_ID ? null : etherText(wei)
}

/** Where the chain shows a transaction to people; null where it has no such place. */
export function explorerLink(site: Pick<Site, 'chainId' | 'rpcUrls'>, hash: Hex): string | null {
  const { url } = chainOf(site).blockExplorers?.default ?? {}
  return url === undefined ? null : `${url.replace(/\/$/, '')}/tx/${hash}`
}
