import { TransactionNotFoundError, TransactionReceiptNotFoundError } from 'viem'
import type { Hex } from '../study/types.ts'
import type { ChainClient } from './clients.ts'

/** What became of a transaction that was sent. */
export type Outcome =
  | { readonly kind: 'mined'; readonly isSuccess: boolean; readonly gasUsed: bigint; readonly feeWei: bigint }
  | { readonly kind: 'waiting' }
  /** The chain does not know it: dropped, or replaced by the wallet. */
  | { readonly kind: 'unknown' }

/** Looks a transaction up by its hash. @throws viem's errors where the chain does not answer */
export async function outcomeOf(client: ChainClient, hash: Hex): Promise<Outcome> {
  try {
    const { status, gasUsed, effectiveGasPrice } = await client.getTransactionReceipt({ hash })
    return { kind: 'mined', isSuccess: status === 'success', gasUsed, feeWei: gasUsed * effectiveGasPrice }
  } catch (error) {
    if (!(error instanceof TransactionReceiptNotFoundError)) throw error
  }
  try {
    await client.getTransaction({ hash })
    return { kind: 'waiting' }
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return { kind: 'unknown' }
    throw error
  }
}
