import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { revokeInvitation } from '../chain/admission.ts'
import { emptyInvitation, invitationAddress, newInvitationKey } from '../chain/invitationKeys.ts'
import { fundInvitation, invitationState, signInvitation } from '../chain/invitations.ts'
import { chainTime } from '../chain/sponsorReads.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { AppError } from '../errors/AppError.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import type { Invitation } from './invitation.ts'

/** What an issuer asks for. */
export interface InvitationOrder {
  readonly name: string
  /** From the chain's clock. */
  readonly validSeconds: number
  readonly study: Address
  /** Smallest unit of credit, for the stake. */
  readonly credits: bigint
  /** For the first gas. */
  readonly wei: bigint
}

/** An invitation that was made or signed in this browser. Its key is sealed: see keep(). */
interface KeptInvitation {
  /** The one-time key's address. */
  readonly address: Address
  readonly madeBy: Address
  readonly madeAt: number
  readonly sealingKey: CryptoKey
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
}

/** An invitation of this browser and what became of it. */
export interface OwnInvitation {
  readonly address: Address
  readonly invitation: Invitation
  readonly madeAt: number
  readonly status: 'open' | 'expired' | 'redeemed' | 'revoked'
}

export type InvitingStep = 'sign' | 'fund'

/**
 * Makes an invitation: a one-time key of this tab, signed for by this issuer and given stake and gas. It is kept in this
 * browser before anything is paid, so that nothing is lost with a closed tab.
 * @param onStep told before each thing that the wallet asks for
 * @throws AppError chain.rejected, of sendCall, journal.failed
 */
export async function makeInvitation(
  access: ChainAccess,
  order: InvitationOrder,
  onStep: (step: InvitingStep) => void,
): Promise<Invitation> {
  const { key, address } = newInvitationKey()
  const expires = (await chainTime(access)) + order.validSeconds
  const { name } = order
  onStep('sign')
  const signature = await signInvitation(access, { key: address, name, expires })
  const invitation: Invitation = {
    v: 1,
    deploymentId: access.deployment.deploymentId.toLowerCase() as Hex,
    study: order.study,
    name,
    expires,
    key,
    signatures: [signature.toLowerCase() as Hex],
  }
  await keep(access, invitation)
  onStep('fund')
  await fundInvitation(access, address, { credits: order.credits, wei: order.wei })
  return invitation
}

/**
 * Adds this issuer's signature to an invitation that another one began. Funds are with it already.
 * @throws AppError chain.rejected, chain.unreachable
 */
export async function coSign(access: ChainAccess, invitation: Invitation): Promise<Invitation> {
  const { key, name, expires, signatures } = invitation
  const signature = await signInvitation(access, { key: invitationAddress(key), name, expires })
  return { ...invitation, signatures: [...signatures, signature.toLowerCase() as Hex] }
}

/**
 * Makes an invitation useless and takes back what it holds.
 * @throws AppError of sendCall
 */
export async function withdrawInvitation(access: ChainAccess, own: OwnInvitation): Promise<void> {
  if (own.status === 'open') await revokeInvitation(access, own.address)
  await emptyInvitation(access, own.invitation.key, access.walletClient.account.address)
}

/**
 * The invitations that this issuer made in this browser, youngest first.
 * @throws AppError journal.failed, chain.unreachable
 */
export async function ownInvitations(access: ChainAccess): Promise<readonly OwnInvitation[]> {
  const account = access.walletClient.account.address
  const kept = await guarded(async () => (await open(access)).getAll('invitations'))
  const own = kept.filter(({ madeBy }) => sameAddress(madeBy, account))
  const now = await chainTime(access)
  const shown = await Promise.all(
    own.map(async (record): Promise<OwnInvitation> => {
      const [invitation, state] = await Promise.all([unseal(record), invitationState(access, record.address)])
      const status = state !== 'unused' ? state : invitation.expires <= now ? 'expired' : 'open'
      return { address: record.address, madeAt: record.madeAt, invitation, status }
    }),
  )
  return shown.sort((a, b) => b.madeAt - a.madeAt)
}

/** Forgets an invitation in this browser. @throws AppError journal.failed */
export async function forgetInvitation(access: ChainAccess, address: Address): Promise<void> {
  await guarded(async () => (await open(access)).delete('invitations', address))
}

/**
 * Sealed by a non-extractable key, as the account of this browser is: a copy of the browser's files opens nothing without
 * the browser.
 */
async function keep(access: ChainAccess, invitation: Invitation): Promise<void> {
  const sealingKey = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const plain = new TextEncoder().encode(JSON.stringify(invitation))
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, sealingKey, plain)
  const record: KeptInvitation = {
    address: invitationAddress(invitation.key),
    madeBy: access.walletClient.account.address,
    madeAt: Date.now(),
    sealingKey,
    iv,
    sealed,
  }
  await guarded(async () => (await open(access)).put('invitations', record))
}

async function unseal({ sealingKey, iv, sealed }: KeptInvitation): Promise<Invitation> {
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, sealingKey, sealed)
  return JSON.parse(new TextDecoder().decode(plain)) as Invitation
}

interface IssuerDatabase extends DBSchema {
  invitations: { key: string; value: KeptInvitation }
}

const databases = new Map<string, Promise<IDBPDatabase<IssuerDatabase>>>()

function open({ deployment }: ChainAccess): Promise<IDBPDatabase<IssuerDatabase>> {
  const name = `wardround-issuer-${deployment.deploymentId.toLowerCase()}`
  const known = databases.get(name)
  if (known !== undefined) return known
  const opened = openDB<IssuerDatabase>(name, 1, {
    upgrade(db) {
      db.createObjectStore('invitations', { keyPath: 'address' })
    },
    terminated() {
      databases.delete(name)
    },
  })
  databases.set(name, opened)
  opened.catch(() => databases.delete(name))
  return opened
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new AppError('journal.failed', { reason: cause instanceof Error ? cause.message : String(cause) }, cause)
  }
}
