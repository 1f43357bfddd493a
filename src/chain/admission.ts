import { encodeFunctionData, getAbiItem, parseEventLogs, type TransactionReceipt } from 'viem'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import type { ChainClient } from './clients.ts'
import { createEventCursor, type EventCursor } from './eventCursor.ts'
import { hospitalRegistryAbi } from './generated/abi.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** What issuers vote on; the contract's MotionKind by its number. */
export const motionKinds = ['accredit', 'suspend', 'reinstate'] as const
export type MotionKind = (typeof motionKinds)[number]

/** An issuer's vote that was counted. */
export interface Vote {
  /** Of current issuers, this one included. */
  readonly votes: number
  /** How many the motion needs. */
  readonly needed: number
  /** Whether this vote was the one that carried it. */
  readonly isCarried: boolean
}

export interface AdmittedHospital {
  readonly address: Address
  readonly name: string
  readonly status: 'active' | 'suspended'
  /** Why it is suspended; empty where it is not. */
  readonly reason: string
}

/** Something that issuers have voted for, and not enough of them yet. */
export interface Motion {
  readonly id: Hex
  readonly kind: MotionKind
  readonly hospital: Address
  /** accredit: the name; suspend: the reason; reinstate: empty. A vote for other words is a vote for another motion. */
  readonly text: string
  /** Issuers of today who voted for it. */
  readonly voters: readonly Address[]
  readonly needed: number
}

/** An invitation whose key the chain has seen: one that is still unused leaves no trace there. */
export interface SpentInvitation {
  /** The one-time key's address. */
  readonly key: Address
  readonly status: 'redeemed' | 'revoked'
  /** Who redeemed it. */
  readonly hospital: Address | null
}

/** Who may admit hospitals, which are admitted, and what is being voted on. */
export interface Admission {
  readonly threshold: number
  readonly issuers: readonly Address[]
  /** In the order of their accreditation. */
  readonly hospitals: readonly AdmittedHospital[]
  /** Open ones, oldest first. */
  readonly motions: readonly Motion[]
  readonly invitations: readonly SpentInvitation[]
}

/**
 * As an issuer: votes for admitting a hospital's wallet under its name (1 to 64 bytes).
 * @throws AppError of sendCall
 */
export function accredit(access: ChainAccess, hospital: Address, name: string): Promise<Vote> {
  return vote(access, 'accredit', hospital, name)
}

/**
 * As an issuer: votes for keeping a hospital out of every next round.
 * @param reason at most 256 bytes; issuers must give the same for their votes to meet
 * @throws AppError of sendCall
 */
export function suspend(access: ChainAccess, hospital: Address, reason: string): Promise<Vote> {
  return vote(access, 'suspend', hospital, reason)
}

/** As an issuer: votes for letting a suspended hospital in again. @throws AppError of sendCall */
export function reinstate(access: ChainAccess, hospital: Address): Promise<Vote> {
  return vote(access, 'reinstate', hospital, '')
}

/** As an issuer: takes back the vote for an open motion. @throws AppError of sendCall */
export async function withdrawVote(access: ChainAccess, motion: Hex): Promise<void> {
  await sendCall(access, {
    name: 'withdrawVote',
    to: access.deployment.registry,
    data: encodeFunctionData({ abi: hospitalRegistryAbi, functionName: 'withdrawVote', args: [motion] }),
    isResumed: false,
  })
}

/**
 * As an issuer: makes an invitation useless. One issuer is enough.
 * @param key the one-time key's address
 * @throws AppError of sendCall
 */
export async function revokeInvitation(access: ChainAccess, key: Address): Promise<void> {
  await sendCall(access, {
    name: 'revoke',
    to: access.deployment.registry,
    data: encodeFunctionData({ abi: hospitalRegistryAbi, functionName: 'revoke', args: [key] }),
  })
}

/**
 * Reads who is admitted and what is voted on. Events are read by block ranges, with one cursor a client: a later call reads
 * what is new.
 * @throws AppError chain.unreachable
 */
export async function readAdmission({ deployment, publicClient }: ChainReader): Promise<Admission> {
  const contract = { address: deployment.registry, abi: hospitalRegistryAbi } as const
  try {
    const [logs, threshold, issuers] = await Promise.all([
      cursorOf({ deployment, publicClient }).read(),
      publicClient.readContract({ ...contract, functionName: 'threshold' }),
      publicClient.readContract({ ...contract, functionName: 'issuers' }),
    ])
    const { hospitals, voted, invitations } = replay(logs)
    const motions = await Promise.all(
      voted.map(async motion => {
        const args = [motionKinds.indexOf(motion.kind), motion.hospital, motion.text] as const
        // Once the hospital's status has changed, the same words are another motion: this one is closed.
        const [id, voters] = await publicClient.readContract({ ...contract, functionName: 'motionOf', args })
        return { ...motion, voters: id === motion.id ? voters : [], needed: threshold }
      }),
    )
    return { threshold, issuers, hospitals, motions: motions.filter(({ voters }) => voters.length > 0), invitations }
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

async function vote(access: ChainAccess, kind: MotionKind, hospital: Address, text: string): Promise<Vote> {
  const abi = hospitalRegistryAbi
  const receipt = await sendCall(access, {
    name: kind,
    to: access.deployment.registry,
    data:
      kind === 'reinstate'
        ? encodeFunctionData({ abi, functionName: kind, args: [hospital] })
        : encodeFunctionData({ abi, functionName: kind, args: [hospital, text] }),
    // The vote before it may be counted meanwhile: then this one admits, too.
    headroom: CARRYING_GAS,
    // The same words may be voted on again after the hospital's status has changed twice.
    isResumed: false,
  })
  return voteOf(receipt)
}

/** A hospital's name is written where its motion carries. */
const CARRYING_GAS = 200_000n

function voteOf({ logs }: TransactionReceipt): Vote {
  const [voted] = parseEventLogs({ abi: hospitalRegistryAbi, eventName: 'MotionVoted', logs })
  const { votes, needed } = voted?.args ?? { votes: 0, needed: 0 }
  return { votes, needed, isCarried: voted !== undefined && votes >= needed }
}

const events = [
  getAbiItem({ abi: hospitalRegistryAbi, name: 'HospitalAccredited' }),
  getAbiItem({ abi: hospitalRegistryAbi, name: 'HospitalSuspended' }),
  getAbiItem({ abi: hospitalRegistryAbi, name: 'HospitalReinstated' }),
  getAbiItem({ abi: hospitalRegistryAbi, name: 'MotionVoted' }),
  getAbiItem({ abi: hospitalRegistryAbi, name: 'InvitationRedeemed' }),
  getAbiItem({ abi: hospitalRegistryAbi, name: 'InvitationRevoked' }),
] as const
type RegistryEvents = EventCursor<typeof events>
type RegistryLog = Awaited<ReturnType<RegistryEvents['read']>>[number]

const cursors = new WeakMap<ChainClient, { readonly deploymentId: Hex; readonly events: RegistryEvents }>()

function cursorOf({ deployment, publicClient }: ChainReader): RegistryEvents {
  const { deploymentId, registry, block } = deployment
  const known = cursors.get(publicClient)
  if (known?.deploymentId === deploymentId) return known.events
  const cursor = createEventCursor(publicClient, registry, events, BigInt(block))
  cursors.set(publicClient, { deploymentId, events: cursor })
  return cursor
}

/** What a history of the registry comes to; motions whether open or not, since votes are counted by the contract. */
function replay(logs: readonly RegistryLog[]) {
  const hospitals = new Map<Address, AdmittedHospital>()
  const voted = new Map<Hex, Pick<Motion, 'id' | 'kind' | 'hospital' | 'text'>>()
  const invitations = new Map<Address, SpentInvitation>()
  const change = (address: Address, status: AdmittedHospital['status'], reason: string) => {
    const known = hospitals.get(address)
    if (known !== undefined) hospitals.set(address, { ...known, status, reason })
  }
  for (const { eventName, args } of logs) {
    if (eventName === 'HospitalAccredited') {
      hospitals.set(args.hospital, { address: args.hospital, name: args.name, status: 'active', reason: '' })
    } else if (eventName === 'HospitalSuspended') {
      change(args.hospital, 'suspended', args.reason)
    } else if (eventName === 'HospitalReinstated') {
      change(args.hospital, 'active', '')
    } else if (eventName === 'MotionVoted') {
      const kind = motionKinds[args.kind]
      if (kind === undefined) continue
      voted.set(args.motion, { id: args.motion, kind, hospital: args.hospital, text: args.text })
      if (args.votes >= args.needed) {
        // It carried, and closed all others about the hospital.
        for (const motion of voted.values()) if (sameAddress(motion.hospital, args.hospital)) voted.delete(motion.id)
      }
    } else if (eventName === 'InvitationRedeemed') {
      invitations.set(args.key, { key: args.key, status: 'redeemed', hospital: args.hospital })
    } else {
      invitations.set(args.key, { key: args.key, status: 'revoked', hospital: null })
    }
  }
  return { hospitals: [...hospitals.values()], voted: [...voted.values()], invitations: [...invitations.values()] }
}
