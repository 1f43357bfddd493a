import type { HDAccount } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { AppError } from '../errors/AppError.ts'
import { DEV_CHAIN_ID } from './clients.ts'

// Apart from clients.ts: signing with a key of one's own is 30 KB that a page with a wallet does without.

/**
 * One of the dev chain's funded accounts.
 * @param index 0 is the deployer and issuer
 * @throws AppError chain.wrongChain on any chain but the dev chain: these keys are known to everybody
 */
export function demoAccount(index: number, chainId: number): HDAccount {
  if (chainId !== DEV_CHAIN_ID) throw new AppError('chain.wrongChain', { actual: chainId, expected: DEV_CHAIN_ID })
  // Anvil's default mnemonic.
  return mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: index })
}
