import type { HDAccount } from 'viem'
import { HDKey, hdKeyToAccount } from 'viem/accounts'
import { AppError } from '../errors/AppError.ts'
import { DEV_CHAIN_ID } from './clients.ts'

// Apart from clients.ts: signing with a key of one's own is 30 KB that a page with a wallet does without.

/** Of Anvil's default mnemonic, “test test … junk”, as BIP-32 writes it: the mnemonic's list of words is 12 KB. */
const ANVIL_KEY =
  'xprv9s21ZrQH143K3iDNSJZcYeHRe33FQ98DS1wZR9xstVPN8zs77wpsghZt41M6s72keKC1gW3ePJMyL19duV524VbEqWBW6BL5fJ4FopSgNLz'

/**
 * One of the dev chain's funded accounts.
 * @param index 0 is the deployer and issuer
 * @throws AppError chain.wrongChain on any chain but the dev chain: these keys are known to everybody
 */
export function demoAccount(index: number, chainId: number): HDAccount {
  if (chainId !== DEV_CHAIN_ID) throw new AppError('chain.wrongChain', { actual: chainId, expected: DEV_CHAIN_ID })
  return anvilAccount(index)
}

/** The same for tests of other chains whose node was given Anvil's mnemonic. */
export function anvilAccount(index: number): HDAccount {
  return hdKeyToAccount(HDKey.fromExtendedKey(ANVIL_KEY), { addressIndex: index })
}
