import { gasPotOf } from '../chain/gasPot.ts'
import {
  type AuditRules,
  accreditationOf,
  balanceOf,
  type ChainReader,
  creditsOf,
  currentModel,
  type ModelVersion,
  modelVersions,
  type Rules,
  readAuditRules,
  readSnapshot,
  readStudy,
  type Standing,
  standingsOf,
} from '../chain/reads.ts'
import { rewardOf } from '../chain/sponsorReads.ts'
import { manifestName } from '../crypto/cid.ts'
import { Mode, Phase, type StudySnapshot } from '../rounds/ports.ts'
import { type Address, sameAddress } from '../study/types.ts'
import { isDrawing } from './phases.ts'

/** One hospital of a study, as its sponsor sees it. Amounts in the smallest unit of credit. */
export interface FollowedMember {
  readonly index: number
  readonly address: Address
  readonly name: string
  /** Accredited and not suspended. */
  readonly isActive: boolean
  /** What is left of the stake and was not withdrawn. */
  readonly stake: bigint
  /** Earned and not withdrawn yet. */
  readonly reward: bigint
  readonly forfeited: bigint
  /** Over all studies of the deployment. */
  readonly standing: Standing
}

/** Everything that the page about one study shows, at one moment. */
export interface FollowedStudy {
  readonly study: Address
  readonly sponsor: Address
  readonly name: string
  readonly modelURI: string
  readonly rules: Rules
  /** Null where no training is proven. */
  readonly audits: AuditRules | null
  readonly snapshot: StudySnapshot
  readonly members: readonly FollowedMember[]
  /** Oldest first. */
  readonly versions: readonly ModelVersion[]
  readonly current: ModelVersion | undefined
  /** Credits in the study that are nobody's yet: deposit that no round has earned, and forfeits for the next pool. */
  readonly unspent: bigint
  /** Credits that the sponsor may withdraw now. */
  readonly refund: bigint
  /** Wei in the study's gas pot. */
  readonly pot: bigint
}

/** @throws AppError chain.unreachable; chain.reverted where there is no study */
export async function readFollowed(reader: ChainReader, study: Address): Promise<FollowedStudy> {
  const [info, audits, snapshot, versions, current, held, pot] = await Promise.all([
    readStudy(reader, study),
    readAuditRules(reader, study),
    readSnapshot(reader, study),
    modelVersions(reader, study),
    currentModel(reader, study),
    creditsOf(reader, study),
    gasPotOf(reader, study),
  ])
  const [members, refund] = await Promise.all([
    readMembers(reader, study, snapshot.members),
    refundOf(reader, study, info.sponsor, snapshot),
  ])
  const owed = members.reduce((sum, { stake, reward }) => sum + stake + reward, refund)
  return {
    ...info,
    name: manifestName(info.modelURI) ?? '',
    audits,
    snapshot,
    members,
    versions,
    current,
    unspent: held > owed ? held - owed : 0n,
    refund,
    pot,
  }
}

async function readMembers(
  reader: ChainReader,
  study: Address,
  addresses: readonly Address[],
): Promise<FollowedMember[]> {
  const [standings, accreditations, balances] = await Promise.all([
    addresses.length === 0 ? [] : standingsOf(reader, addresses),
    Promise.all(addresses.map(address => accreditationOf(reader, address))),
    Promise.all(addresses.map(address => balanceOf(reader, study, address))),
  ])
  return addresses.flatMap((address, index) => {
    const [standing, accreditation, balance] = [standings[index], accreditations[index], balances[index]]
    if (standing === undefined || accreditation === undefined || balance === undefined) return []
    return [{ index, address, ...accreditation, ...balance, standing }]
  })
}

/** Something that the sponsor should know or do; pages have the words. */
export type Notice =
  /** Created and not paid for: continue from the draft. */
  | { readonly kind: 'unfunded' }
  | { readonly kind: 'readyToStart'; readonly joined: number; readonly mayJoin: number }
  | { readonly kind: 'waitingForHospitals'; readonly joined: number; readonly needed: number }
  /** Nobody can join in time any more; moving on ends the study. */
  | { readonly kind: 'tooFewInTime'; readonly joined: number; readonly needed: number }
  | { readonly kind: 'overdue'; readonly bySeconds: number }
  | { readonly kind: 'voidRound'; readonly isMasked: boolean }
  | { readonly kind: 'suspended'; readonly names: readonly string[] }
  | { readonly kind: 'stakeUsedUp'; readonly names: readonly string[] }
  | { readonly kind: 'noRelay' }
  | { readonly kind: 'potEmpty' }
  | { readonly kind: 'potLow'; readonly rounds: number }
  | { readonly kind: 'refund' }
  | { readonly kind: 'potLeft' }

/** Seconds after a deadline before it is called overdue: hospitals move a study on by themselves within a few. */
const PATIENCE = 15
/** Rounds that a gas pot should still last. */
const LOW_ROUNDS = 2

export interface NoticeFacts {
  /** Unix seconds by this computer's clock. */
  readonly now: number
  /** What a round's duties take at today's price, wei. */
  readonly roundWei: bigint
  /** Whether a relay answers; null where nobody asked. */
  readonly hasRelay: boolean | null
  /** Whether a pot was ever filled; an empty one is worth a word only then. */
  readonly hasPot: boolean
}

/** What is stuck, or waits for the sponsor, most urgent first. Pure. */
export function noticesOf(followed: FollowedStudy, facts: NoticeFacts): readonly Notice[] {
  const { snapshot, rules, members, pot, refund } = followed
  const { phase, deadline } = snapshot
  const notices: Notice[] = []
  if (phase === Phase.Draft) return [{ kind: 'unfunded' }]
  if (phase === Phase.Ended) {
    if (refund > 0n) notices.push({ kind: 'refund' })
    if (pot > 0n) notices.push({ kind: 'potLeft' })
    return notices
  }
  // The chain's own clock where it is ahead: blocks may be later than this computer thinks.
  const now = Math.max(facts.now, snapshot.time)
  // Drawing waits for a block, not for a deadline: nobody is late, and nobody can move it on before.
  const isOver = deadline > 0 && now >= deadline && !isDrawing(snapshot)
  const joined = members.filter(({ isActive, stake }) => isActive && stake > 0n).length
  if (phase === Phase.Open) {
    if (joined >= rules.minHospitals) {
      notices.push({ kind: 'readyToStart', joined, mayJoin: rules.maxHospitals - joined })
    } else if (isOver) notices.push({ kind: 'tooFewInTime', joined, needed: rules.minHospitals })
    else notices.push({ kind: 'waitingForHospitals', joined, needed: rules.minHospitals })
  } else if (isOver && now - deadline >= PATIENCE) notices.push({ kind: 'overdue', bySeconds: now - deadline })
  if (snapshot.voids > 0) {
    notices.push({ kind: 'voidRound', isMasked: snapshot.mode === Mode.Masked })
  }
  const suspended = members.filter(({ isActive }) => !isActive)
  if (suspended.length > 0) notices.push({ kind: 'suspended', names: suspended.map(({ name }) => name) })
  const broke = members.filter(({ stake, forfeited }) => stake === 0n && forfeited > 0n)
  if (broke.length > 0) notices.push({ kind: 'stakeUsedUp', names: broke.map(({ name }) => name) })
  if (facts.hasRelay === false) notices.push({ kind: 'noRelay' })
  if (facts.hasPot && facts.roundWei > 0n) {
    const rounds = Number(pot / facts.roundWei)
    const left = rules.rounds - snapshot.completed
    if (rounds === 0) notices.push({ kind: 'potEmpty' })
    else if (rounds < Math.min(LOW_ROUNDS, left)) notices.push({ kind: 'potLow', rounds })
  }
  return notices
}

/** What the sponsor itself can take out. */
function refundOf(reader: ChainReader, study: Address, sponsor: Address, { phase, members }: StudySnapshot) {
  // A sponsor that is also a hospital has its stake and rewards among the members.
  const isMember = members.some(member => sameAddress(member, sponsor))
  return phase !== Phase.Ended || isMember ? Promise.resolve(0n) : rewardOf(reader, study, sponsor)
}

/** Whose studies these are: an account's, youngest first, looked for among the youngest `limit` of the deployment. */
export async function readOwnStudies(
  reader: ChainReader,
  sponsor: Address,
  addresses: readonly Address[],
): Promise<readonly OwnStudy[]> {
  const infos = await Promise.all(addresses.map(address => readStudy(reader, address)))
  const own = infos.filter(info => sameAddress(info.sponsor, sponsor))
  const snapshots = await Promise.all(own.map(({ study }) => readSnapshot(reader, study)))
  return own.flatMap((info, i) => {
    const snapshot = snapshots[i]
    return snapshot === undefined ? [] : [{ ...info, name: manifestName(info.modelURI) ?? '', snapshot }]
  })
}

export interface OwnStudy {
  readonly study: Address
  readonly name: string
  readonly rules: Rules
  readonly modelURI: string
  readonly snapshot: StudySnapshot
}
