import { Mode, Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import type { Manifest } from '../../study/manifest.ts'
import type { JoinTerms } from '../desks/joinView.ts'
import { phasePlace, shownRound } from '../phases.ts'

/** When somebody who joins now would begin to take part. */
export type Entry =
  /** It has not begun: joined so far, and until when others may. Unix seconds by the chain's clock. */
  | { readonly kind: 'waiting'; readonly joined: number; readonly until: number }
  /** It runs: from this round on, as people count, in so many seconds at the latest. */
  | { readonly kind: 'running'; readonly round: number; readonly seconds: number }
  | { readonly kind: 'full' | 'tooLate' | 'ended' }

/** A transaction needs a moment; less than this before the phase's deadline it might miss it. Seconds. */
const MARGIN_SECONDS = 4

/**
 * Whether somebody who joins at this moment takes part in the very next round: the contract's rule, where the running round
 * makes a model. Its model is sealed to whoever has joined when the surviving set is frozen; who comes later could not open what the
 * next round starts from, and so comes in one round later, at no fault of its own.
 */
export function isInTimeForNext({ mode, phase, kind, deadline, time, modelRound }: StudySnapshot): boolean {
  // After a first round that was void everybody still starts from the study's own model.
  const place = phasePlace(phase)
  if (place >= Phase.Aggregate) return phase === Phase.Settle && modelRound === 0
  const last = kind === RoundKind.Statistics || mode === Mode.Masked ? Phase.Attest : Phase.Score
  return place < last || (place === last && (deadline === 0 || deadline - time > MARGIN_SECONDS))
}

/** What joining now means. */
export function entryOf(
  snapshot: StudySnapshot,
  terms: Pick<JoinTerms, 'rounds' | 'maxHospitals' | 'roundSeconds' | 'trainSeconds'>,
  manifest: Pick<Manifest, 'standardise'>,
): Entry {
  const { phase, kind, round, completed, deadline, time, members } = snapshot
  if (phase === Phase.Ended) return { kind: 'ended' }
  if (members.length >= terms.maxHospitals) return { kind: 'full' }
  if (phase <= Phase.Open) return { kind: 'waiting', joined: members.length, until: deadline }
  const missed = isInTimeForNext(snapshot) ? 0 : 1
  // While a training round runs it is not yet among the completed ones.
  const running = phase === Phase.Settle || kind === RoundKind.Statistics ? 0 : 1
  if (completed + running + missed >= terms.rounds) return { kind: 'tooLate' }
  const thisPhase = deadline === 0 ? 0 : Math.max(0, deadline - time)
  const after = phasePlace(phase) < Phase.Aggregate ? terms.roundSeconds - terms.trainSeconds : 0
  return {
    kind: 'running',
    round: shownRound(round + 1 + missed, manifest),
    seconds: thisPhase + after + missed * terms.roundSeconds,
  }
}
