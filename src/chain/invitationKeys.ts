import { encodeFunctionData } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import type { Address, Hex } from '../study/types.ts'
import { walletClientFor } from './clients.ts'
import { creditsAbi } from './generated/abi.ts'
import { passOnWei } from './invitations.ts'
import { creditsOf } from './reads.ts'
import { memoryTransactionJournal } from './transactionJournal.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** A fresh one-time key and its address. */
export function newInvitationKey(): { readonly key: Hex; readonly address: Address } {
  const key = generatePrivateKey()
  return { key, address: invitationAddress(key) }
}

/** The address of a one-time private key. */
export function invitationAddress(key: Hex): Address {
  return privateKeyToAccount(key).address
}

/**
 * Takes back what an invitation that nobody used still holds: its key's own account sends all credits, then its wei.
 * @returns what was taken back, credits in their smallest unit (18 decimals)
 * @throws AppError of sendCall
 */
export async function emptyInvitation(
  access: ChainAccess,
  key: Hex,
  to: Address,
): Promise<{ readonly credits: bigint; readonly wei: bigint }> {
  const account = privateKeyToAccount(key)
  const { deployment, publicClient, pollInterval } = access
  const sender: ChainAccess = {
    deployment,
    publicClient,
    ...(pollInterval !== undefined && { pollInterval }),
    journal: memoryTransactionJournal(),
    walletClient: walletClientFor(deployment, account),
  }
  const credits = await creditsOf(sender, account.address)
  if (credits > 0n) {
    await sendCall(sender, {
      name: 'passOnCredits',
      to: deployment.credits,
      data: encodeFunctionData({ abi: creditsAbi, functionName: 'transfer', args: [to, credits] }),
    })
  }
  return { credits, wei: await passOnWei(sender, to) }
}
