import { creditsFrom } from '../chain/credits.ts'
import type { StudyHistory } from '../chain/studyHistory.ts'
import { cidText } from '../crypto/cid.ts'
import { Mode, RoundKind } from '../rounds/ports.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import type { FollowedStudy } from './sponsorFollow.ts'
import { ethOf } from './wei.ts'

/** Why a study ended, by the contract's number. */
export const endReasons = ['running', 'completed', 'tooFewHospitals', 'quorumLost', 'stoppedBySponsor'] as const
export type EndReasonName = (typeof endReasons)[number]

export interface ReportRound {
  /** The contract's number. */
  readonly round: number
  readonly kind: 'statistics' | 'training'
  readonly participants: readonly string[]
  /** Whose updates are in the model. */
  readonly survivors: readonly string[]
  readonly outcome: 'model' | 'void' | 'open'
  /**
   * Mean of the survivors' median gains, percent of the base model's loss; null where nothing was scored. In a masked study that
   * scores the mean of their scores, percent of going all the way the others go.
   */
  readonly gainPercent: number | null
  readonly model: { readonly hash: Hex; readonly cid: string; readonly signatures: number } | null
  /** Credits. */
  readonly rewards: number
  readonly forfeits: number
}

export interface ReportParticipant {
  readonly name: string
  readonly address: Address
  /** Credits. */
  readonly staked: number
  readonly rewards: number
  readonly forfeited: number
  readonly faults: readonly { readonly round: number; readonly reason: string; readonly credits: number }[]
  readonly updates: number
  /** Why it left before the end; null where it stayed. */
  readonly left: string | null
  /** What its own transactions of this study cost. */
  readonly gas: number
  readonly feeEth: number
}

/** Everything about a study that its chain records, for people and for programs. Amounts in whole credits and ETH. */
export interface StudyReport {
  readonly version: 1
  readonly study: Address
  readonly name: string
  readonly sponsor: Address
  readonly chainId: number
  readonly deploymentId: Hex
  readonly manifestUri: string
  readonly end: EndReasonName
  readonly rounds: { readonly planned: number; readonly completed: number; readonly void: number }
  readonly deposit: number
  readonly paidOut: number
  /** Back to the sponsor, withdrawn or not. */
  readonly returned: number
  readonly history: readonly ReportRound[]
  readonly participants: readonly ReportParticipant[]
  readonly models: readonly {
    readonly version: number
    readonly round: number
    readonly hash: Hex
    readonly cid: string
    readonly recordedAt: string
    readonly isRecommended: boolean
  }[]
  readonly rollbacks: readonly { readonly from: number; readonly to: number; readonly reason: string }[]
  readonly transactions: { readonly count: number; readonly gas: number; readonly feeEth: number }
}

/** Puts the report together from what the chain recorded. Pure. */
export function makeReport(
  followed: FollowedStudy,
  history: StudyHistory,
  deployment: { readonly chainId: number; readonly deploymentId: Hex },
): StudyReport {
  const { study, sponsor, snapshot, rules, members, versions, current } = followed
  const { records, rollbacks, costs } = history
  const bits = (set: bigint) => members.filter(({ index }) => (set >> BigInt(index)) & 1n).map(({ name }) => name)

  const started = records.filter(record => record.eventName === 'RoundStarted')
  const rounds = started.map(({ args: { round, kind, participants } }): ReportRound => {
    const ofRound = records.filter(({ args }) => 'round' in args && args.round === round)
    const frozen = ofRound.find(record => record.eventName === 'SurvivorsFrozen')
    const final = ofRound.find(record => record.eventName === 'ModelFinalised')
    const version = versions.find(model => model.round === round)
    const isTraining = kind === RoundKind.Training
    const isScored = isTraining && (snapshot.mode === Mode.Committee || snapshot.scored)
    return {
      round,
      kind: isTraining ? 'training' : 'statistics',
      participants: bits(participants),
      survivors: frozen ? bits(frozen.args.survivors) : [],
      outcome: final ? 'model' : ofRound.some(({ eventName }) => eventName === 'RoundVoided') ? 'void' : 'open',
      gainPercent: isScored && final && version ? version.metric / 100 : null,
      model: final
        ? { hash: final.args.modelHash, cid: cidText(final.args.header), signatures: bitCount(final.args.seats) }
        : null,
      rewards: sumOf(ofRound, 'RewardAccrued'),
      forfeits: sumOf(ofRound, 'StakeForfeited'),
    }
  })

  const participants = members.map(({ address, name, forfeited }): ReportParticipant => {
    const own = records.filter(({ args }) => 'hospital' in args && sameAddress(args.hospital, address))
    const paid = costs.filter(({ from }) => sameAddress(from, address))
    const left = own.find(record => record.eventName === 'HospitalLeft')
    return {
      name,
      address,
      staked: creditsFrom(rules.stake),
      rewards: sumOf(own, 'RewardAccrued'),
      forfeited: creditsFrom(forfeited),
      faults: own
        .filter(record => record.eventName === 'StakeForfeited')
        .map(({ args }) => ({ round: args.round, reason: args.reason, credits: creditsFrom(args.amount) })),
      updates: own.filter(({ eventName }) => eventName === 'UpdateSubmitted').length,
      left: left ? left.args.reason : null,
      gas: Number(paid.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)),
      feeEth: ethOf(paid.reduce((sum, { fee }) => sum + fee, 0n)),
    }
  })

  const opened = records.find(record => record.eventName === 'StudyInitialized')
  const withdrawnBySponsor = records
    .filter(record => record.eventName === 'Withdrawn')
    .filter(({ args }) => sameAddress(args.account, sponsor))
    .reduce((sum, { args }) => sum + args.amount, 0n)
  return {
    version: 1,
    study,
    name: followed.name,
    sponsor,
    chainId: deployment.chainId,
    deploymentId: deployment.deploymentId,
    manifestUri: followed.modelURI.split('#', 1)[0] ?? '',
    end: endReasons[snapshot.endReason] ?? 'running',
    rounds: { planned: rules.rounds, completed: snapshot.completed, void: snapshot.voids },
    deposit: opened ? creditsFrom(opened.args.deposit) : 0,
    paidOut: sumOf(records, 'RewardAccrued'),
    returned: creditsFrom(withdrawnBySponsor + followed.refund),
    history: rounds,
    participants,
    models: versions.map(({ version, round, modelHash, header, time }) => ({
      version: Number(version),
      round,
      hash: modelHash,
      cid: cidText(header),
      recordedAt: new Date(time * 1000).toISOString(),
      isRecommended: version === current?.version,
    })),
    rollbacks: rollbacks.map(({ args: { from, to, reason } }) => ({ from: Number(from), to: Number(to), reason })),
    transactions: {
      count: costs.length,
      gas: Number(costs.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)),
      feeEth: ethOf(costs.reduce((sum, { fee }) => sum + fee, 0n)),
    },
  }

  function sumOf(from: StudyHistory['records'], name: 'RewardAccrued' | 'StakeForfeited'): number {
    const amounts = from.flatMap(record =>
      record.eventName === name && 'amount' in record.args ? [record.args.amount] : [],
    )
    return creditsFrom(amounts.reduce((sum, amount) => sum + amount, 0n))
  }
}

function bitCount(bits: number): number {
  return bits.toString(2).replaceAll('0', '').length
}
