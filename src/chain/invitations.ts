import { encodeFunctionData, recoverTypedDataAddress, type TypedDataDefinition } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { Address, Hex } from '../study/types.ts'
import { walletClientFor } from './clients.ts'
import type { Deployment } from './deployment.ts'
import { creditsAbi, hospitalRegistryAbi } from './generated/abi.ts'
import { accreditationOf, type ChainReader, creditsOf } from './reads.ts'
import { toAppError } from './reverts.ts'
import { memoryTransactionJournal } from './transactionJournal.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** What issuers sign: whoever holds the one-time key may be admitted under this name, in time. */
export interface InvitationTerms {
  /** Address of the one-time key. */
  readonly key: Address
  /** 1 to 64 bytes of UTF-8. */
  readonly name: string
  /** Unix seconds; from then on it is refused. */
  readonly expires: number
}

/** An invitation as its holder has it. */
export interface HeldInvitation {
  /** The one-time private key. */
  readonly key: Hex
  readonly name: string
  readonly expires: number
  /** By different issuers, in any order. */
  readonly signatures: readonly Hex[]
}

/** HospitalRegistry's EIP-712 structs. */
export const invitationTypes = {
  Invitation: [
    { name: 'key', type: 'address' },
    { name: 'name', type: 'string' },
    { name: 'expires', type: 'uint40' },
  ],
  Redemption: [{ name: 'hospital', type: 'address' }],
} as const

type InvitationTypedData = TypedDataDefinition<typeof invitationTypes, 'Invitation'>
type RedemptionTypedData = TypedDataDefinition<typeof invitationTypes, 'Redemption'>

/** What an issuer's wallet is asked to sign. @example walletClient.signTypedData(invitationTypedData(deployment, terms)) */
export function invitationTypedData(deployment: Deployment, terms: InvitationTerms) {
  const { key, name, expires } = terms
  return {
    domain: registryDomain(deployment),
    types: invitationTypes,
    primaryType: 'Invitation',
    message: { key, name, expires },
  } as const satisfies InvitationTypedData
}

/** What the one-time key signs, so that nobody else can have another wallet admitted with it. */
export function redemptionTypedData(deployment: Deployment, hospital: Address) {
  return {
    domain: registryDomain(deployment),
    types: invitationTypes,
    primaryType: 'Redemption',
    message: { hospital },
  } as const satisfies RedemptionTypedData
}

/**
 * As an issuer: signs an invitation. Nothing is sent to the chain.
 * @throws AppError chain.rejected, chain.unreachable
 */
export async function signInvitation(access: ChainAccess, terms: InvitationTerms): Promise<Hex> {
  const { deployment, walletClient } = access
  try {
    const { account } = walletClient
    return await walletClient.signTypedData({ ...invitationTypedData(deployment, terms), account })
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/** Addresses that the signatures of an invitation recover to, in order; null for one that recovers to nothing. */
export function recoverSigners(
  deployment: Deployment,
  terms: InvitationTerms,
  signatures: readonly Hex[],
): Promise<readonly (Address | null)[]> {
  const typed = invitationTypedData(deployment, terms)
  return Promise.all(signatures.map(signature => recoverTypedDataAddress({ ...typed, signature }).catch(() => null)))
}

/** What became of an invitation's key. @throws AppError chain.unreachable */
export async function invitationState(
  { deployment, publicClient }: ChainReader,
  key: Address,
): Promise<'unused' | 'redeemed' | 'revoked'> {
  try {
    const state = await publicClient.readContract({
      address: deployment.registry,
      abi: hospitalRegistryAbi,
      functionName: 'invitationOf',
      args: [key],
    })
    return (['unused', 'redeemed', 'revoked'] as const)[state] ?? 'revoked'
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/**
 * Gives an invitation's one-time key what its hospital will need: credits for the stake, wei for the first gas. Two
 * transactions of the wallet's own account; what is 0 is not sent.
 * @param amounts credits in their smallest unit (18 decimals)
 * @throws AppError of sendCall
 */
export async function fundInvitation(
  access: ChainAccess,
  key: Address,
  amounts: { readonly credits: bigint; readonly wei: bigint },
): Promise<void> {
  const { credits, wei } = amounts
  if (credits > 0n) {
    await sendCall(access, {
      name: 'fundInvitation',
      to: access.deployment.credits,
      data: encodeFunctionData({ abi: creditsAbi, functionName: 'transfer', args: [key, credits] }),
    })
  }
  if (wei > 0n) await sendCall(access, { name: 'fundInvitation', to: key, data: '0x', value: wei })
}

/** What redeeming needs; no wallet of the hospital's, since the one-time key's own account sends and pays. */
export type RedemptionAccess = ChainReader &
  Partial<Pick<ChainAccess, 'journal' | 'gasLog' | 'onStep' | 'pollInterval'>>

/**
 * Redeems an invitation for a hospital's wallet: the one-time key's account has it admitted, and then passes on all its
 * credits and what wei it has left. Called again after a reload, it does what is still to be done.
 * @returns what was passed on by this call, credits in their smallest unit (18 decimals)
 * @throws AppError of sendCall, e.g. chain.reverted with error HospitalRegistry_InvitationExpired
 */
export async function redeemInvitation(
  access: RedemptionAccess,
  invitation: HeldInvitation,
  hospital: Address,
): Promise<{ readonly credits: bigint; readonly wei: bigint }> {
  const { deployment } = access
  const account = privateKeyToAccount(invitation.key)
  const sender: ChainAccess = {
    journal: memoryTransactionJournal(),
    ...access,
    walletClient: walletClientFor(deployment, account),
  }
  // A hospital that is admitted already, by an earlier attempt or by the issuers' votes, needs only what comes with it.
  const { isActive } = await accreditationOf(access, hospital)
  if (!isActive) {
    const { name, expires, signatures } = invitation
    const keySignature = await account.signTypedData(redemptionTypedData(deployment, hospital))
    const data = encodeFunctionData({
      abi: hospitalRegistryAbi,
      functionName: 'redeem',
      args: [account.address, name, expires, signatures, hospital, keySignature],
    })
    try {
      await sendCall(sender, { name: 'redeem', to: deployment.registry, data })
    } catch (error) {
      // Another tab, or somebody who saw the transaction, may have had this hospital admitted first.
      if (!(await accreditationOf(access, hospital)).isActive) throw error
    }
  }
  const credits = await creditsOf(access, account.address)
  if (credits > 0n) {
    await sendCall(sender, {
      name: 'transfer',
      to: deployment.credits,
      data: encodeFunctionData({ abi: creditsAbi, functionName: 'transfer', args: [hospital, credits] }),
    })
  }
  return { credits, wei: await passOnWei(sender, hospital) }
}

/** Sends all that a transfer does not cost itself. @returns the wei sent; 0 where there is too little for a transfer */
export async function passOnWei(access: ChainAccess, hospital: Address): Promise<bigint> {
  const { deployment, publicClient, walletClient } = access
  const { address } = walletClient.account
  try {
    const [balance, gasPrice, gas] = await Promise.all([
      publicClient.getBalance({ address }),
      publicClient.getGasPrice(),
      publicClient.estimateGas({ account: address, to: hospital, value: 0n }),
    ])
    // The price may rise a little until it is mined; what is kept back for that is dust.
    const price = (gasPrice * 5n) / 4n
    const value = balance - gas * price
    if (value <= 0n) return 0n
    const request = await walletClient.prepareTransactionRequest({
      to: hospital,
      value,
      gas,
      gasPrice: price,
      type: 'legacy',
    })
    const hash = await walletClient.sendRawTransaction({
      serializedTransaction: await walletClient.signTransaction(request),
    })
    await publicClient.waitForTransactionReceipt({ hash, pollingInterval: access.pollInterval ?? 500 })
    return value
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

function registryDomain({ chainId, registry, deploymentId }: Deployment) {
  return {
    name: 'Wardround Registry',
    version: '1',
    chainId,
    verifyingContract: registry,
    salt: deploymentId,
  } as const
}
