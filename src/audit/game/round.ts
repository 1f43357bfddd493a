import { type BeaconPart, type BeaconRound, beaconOf, isWhole } from './beacon.ts'
import { drawHospitals } from './draw.ts'
import { type AuditOutcome, type AuditPlan, drawnHospitals, withMoreAudits } from './plan.ts'

/** What a hospital that submitted put into a round's draw. */
export interface Submission extends BeaconPart {
  /** Its index in the study. */
  readonly member: number
}

/** A round whose updates are on the chain. */
export interface SubmittedRound {
  readonly where: BeaconRound
  /** In the order of members. */
  readonly submissions: readonly Submission[]
  /** null: nobody captured it while the chain knew it. */
  readonly seedHash: Uint8Array | null
  /** Of the block that stands in where the seed block's does not count. */
  readonly laterHash: Uint8Array
  /** Of this round: its share of hospitals is already doubled where the last rounds were not clean. */
  readonly plan: AuditPlan
  /** Members that are drawn in any case. */
  readonly due: readonly number[]
}

/** How a round's audit ended. */
export interface AuditedRound {
  readonly drawn: readonly number[]
  /** Who pays for an audit and is left out of the round, with the contracts' word for why. */
  readonly failed: ReadonlyMap<number, 'no reveal' | 'no proof'>
  readonly outcome: AuditOutcome
}

/**
 * Draws and ends a round's audit by the contracts' rules. Who kept its reveal back has failed and is not drawn.
 * @param proves whether a proof of the member's whole round comes in time; a late one does not
 * @throws RangeError where nobody submitted, and for bytes of another length
 */
export function auditRound(round: SubmittedRound, proves: (member: number) => boolean): AuditedRound {
  const { where, submissions, seedHash, laterHash, due } = round
  const revealed = submissions.filter(({ reveal }) => reveal !== null).map(({ member }) => member)
  const isSeeded = seedHash !== null && isWhole(submissions)
  const plan = isSeeded ? round.plan : withMoreAudits(round.plan)
  const beacon = beaconOf(where, isSeeded ? seedHash : laterHash, submissions)
  const drawn = revealed.length === 0 ? [] : drawHospitals(beacon, revealed, drawnHospitals(plan, revealed.length), due)
  const failed = new Map([
    ...submissions.filter(({ reveal }) => reveal === null).map(({ member }) => [member, 'no reveal'] as const),
    ...drawn.filter(member => !proves(member)).map(member => [member, 'no proof'] as const),
  ])
  return { drawn, failed, outcome: failed.size > 0 ? 'failed' : isSeeded ? 'clean' : 'missed' }
}
