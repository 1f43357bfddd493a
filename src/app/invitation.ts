import * as z from 'zod/mini'
import type { Deployment } from '../chain/deployment.ts'
import { invitationAddress } from '../chain/invitationKeys.ts'
import { invitationState, recoverSigners } from '../chain/invitations.ts'
import type { ChainReader } from '../chain/reads.ts'
import { chainTime, readIssuers } from '../chain/sponsorReads.ts'
import { AppError } from '../errors/AppError.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'

/**
 * An invitation is a link: whoever opens it finds in it a one-time key that k issuers have signed for, and that carries the
 * first gas and the stake. The key stands in the fragment, which no browser sends to a server.
 */

const address = z.custom<Address>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), 'no address')
const bytes32 = z.custom<Hex>(value => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value), 'no 32 bytes')
/** 65 bytes, or the address of an issuer that is a contract and what it checks (ERC-1271). */
const signature = z.custom<Hex>(
  value => typeof value === 'string' && /^0x([0-9a-f]{2}){21,1024}$/.test(value),
  'no signature',
)

const invitationSchema = z.object({
  v: z.literal(1),
  /** The deployment that the signatures are for. */
  deploymentId: bytes32,
  /** Where the invited hospital is taken; the accreditation itself holds for every study. */
  study: address,
  /** What the hospital will be called; the signatures cover it. */
  name: z.string().check(z.refine(name => isHospitalName(name), 'no name')),
  /** Unix seconds; the signatures cover it. */
  expires: z.int().check(z.positive()),
  /** The one-time private key. Whoever holds it can use the invitation, once. */
  key: bytes32,
  /** EIP-712, each by another issuer. */
  signatures: z.array(signature).check(z.maxLength(32)),
})

export type Invitation = Readonly<z.infer<typeof invitationSchema>>

/** HospitalRegistry.MAX_NAME_BYTES. */
const MOST_NAME_BYTES = 64

/** Whether a name is one that the registry takes: 1 to 64 bytes of UTF-8. */
export function isHospitalName(name: string): boolean {
  const { length } = new TextEncoder().encode(name)
  return name.trim() !== '' && length <= MOST_NAME_BYTES
}

/** Names of the fragment: a finished link goes to the study, an unfinished one to the next issuer. */
const FINISHED = 'invite'
const UNFINISHED = 'invitation'
/** Longer than 32 signatures need. */
const LONGEST_FRAGMENT = 12_000

/**
 * The link for the hospital.
 * @param origin location.origin
 * @example formatInvitation('https://ward.example', invitation) // 'https://ward.example/?study=0x…#invite=eyJ…'
 */
export function formatInvitation(origin: string, invitation: Invitation): string {
  return `${origin}/?study=${invitation.study}#${FINISHED}=${encode(invitation)}`
}

/** The link for the next issuer, where more signatures are needed. */
export function formatUnfinished(origin: string, invitation: Invitation): string {
  return `${origin}/issuers#${UNFINISHED}=${encode(invitation)}`
}

/**
 * The invitation in a link's fragment, finished or not.
 * @param hash location.hash, with or without #
 * @returns null where the fragment holds none
 * @throws AppError app.badInvitation where it was cut off or changed
 */
export function parseInvitation(hash: string): Invitation | null {
  const [, text] = /^#?(?:invite|invitation)=(.*)$/s.exec(hash) ?? []
  if (text === undefined) return null
  if (text.length > LONGEST_FRAGMENT) throw new AppError('app.badInvitation', { reason: 'it is too long' })
  let value: unknown
  try {
    value = JSON.parse(decodeBase64Url(text))
  } catch (cause) {
    throw new AppError('app.badInvitation', { reason: 'part of the link is missing' }, cause)
  }
  const result = invitationSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new AppError('app.badInvitation', { reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}` })
}

/** Whether an invitation holds, and what is missing. */
export interface InvitationCheck {
  /** Issuers of today who signed exactly this; each once. */
  readonly signers: readonly Address[]
  readonly needed: number
  /**
   * Why it cannot be used; null where nothing stands against it but, perhaps, missing signatures. badSignature: one is by
   * nobody who is an issuer today, as all are when the name or the date was changed; the contract would not count it.
   */
  readonly problem: 'foreign' | 'expired' | 'revoked' | 'used' | 'badSignature' | null
  /** No problem and enough signatures. */
  readonly isGood: boolean
}

/** What the chain says of an invitation. */
export interface InvitationFacts {
  readonly deploymentId: Deployment['deploymentId']
  /** Addresses that the signatures recover to, in order; null for one that recovers to nothing. */
  readonly recovered: readonly (Address | null)[]
  readonly issuers: readonly Address[]
  readonly threshold: number
  readonly isUsed: boolean
  readonly isRevoked: boolean
  /** Unix seconds. */
  readonly now: number
}

/**
 * Checks an invitation against the chain: that it is for this deployment, in time and unused, and that enough of today's
 * issuers signed exactly this key, name and date. To be asked before anything of a link is shown as good.
 * @throws AppError chain.unreachable
 */
export async function checkInvitation(reader: ChainReader, invitation: Invitation): Promise<InvitationCheck> {
  const { key: privateKey, name, expires, signatures } = invitation
  const key = invitationAddress(privateKey)
  const { deployment } = reader
  const [recovered, { issuers, threshold }, state, now] = await Promise.all([
    recoverSigners(deployment, { key, name, expires }, signatures),
    readIssuers(reader),
    invitationState(reader, key),
    chainTime(reader),
  ])
  return judgeInvitation(invitation, {
    deploymentId: deployment.deploymentId,
    recovered,
    issuers,
    threshold,
    isUsed: state === 'redeemed',
    isRevoked: state === 'revoked',
    now,
  })
}

/** Judges an invitation by what the chain says. Pure: see checkInvitation, which asks the chain. */
export function judgeInvitation(invitation: Invitation, facts: InvitationFacts): InvitationCheck {
  const signers: Address[] = []
  const needed = facts.threshold
  let hasStranger = false
  for (const recovered of facts.recovered) {
    const issuer = recovered && facts.issuers.find(known => sameAddress(known, recovered))
    if (!issuer) hasStranger = true
    else if (!signers.includes(issuer)) signers.push(issuer)
  }
  const problem =
    invitation.deploymentId !== facts.deploymentId.toLowerCase()
      ? 'foreign'
      : facts.isUsed
        ? 'used'
        : facts.isRevoked
          ? 'revoked'
          : invitation.expires <= facts.now
            ? 'expired'
            : hasStranger && signers.length < needed
              ? 'badSignature'
              : null
  return { signers, needed, problem, isGood: problem === null && signers.length >= needed }
}

function encode(invitation: Invitation): string {
  const bytes = new TextEncoder().encode(JSON.stringify(invitation))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** @throws DOMException, TypeError where the text is none */
function decodeBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, char => char.charCodeAt(0)))
}
