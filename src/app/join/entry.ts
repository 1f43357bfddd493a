import { Phase, type StudySnapshot } from '../../rounds/ports.ts'
import type { Manifest } from '../../study/manifest.ts'
import type { JoinTerms } from '../desks/joinView.ts'
import { shownRound } from '../phases.ts'

/** When somebody who joins now would begin to take part. */
export type Entry =
  /** It has not begun: joined so far, and until when others may. Unix seconds by the chain's clock. */
  | { readonly kind: 'waiting'; readonly joined: number; readonly until: number }
  /** It runs: from this round on, as people count, in so many seconds at the latest. */
  | { readonly kind: 'running'; readonly round: number; readonly seconds: number }
  | { readonly kind: 'full' | 'tooLate' | 'ended' }

/** Phases whose model will be sealed to whoever joins in them; who comes later could not open what the next round starts from. */
const welcoming: readonly Phase[] = [Phase.Open, Phase.Select, Phase.Train, Phase.Audit, Phase.Attest]
/** A transaction needs a moment; less than this before the phase's deadline it might miss it. Seconds. */
const MARGIN_SECONDS = 4

/** Whether the next model will be sealed to somebody who joins at this moment. */
export function isWelcoming({ phase, deadline, time }: StudySnapshot): boolean {
  if (!welcoming.includes(phase)) return false
  return phase !== Phase.Attest || deadline === 0 || deadline - time > MARGIN_SECONDS
}

/** What joining now means. */
export function entryOf(
  snapshot: StudySnapshot,
  terms: Pick<JoinTerms, 'rounds' | 'maxHospitals' | 'roundSeconds' | 'trainSeconds'>,
  manifest: Pick<Manifest, 'standardise'>,
): Entry {
  const { phase, round, completed, deadline, time, members } = snapshot
  if (phase === Phase.Ended) return { kind: 'ended' }
  if (members.length >= terms.maxHospitals) return { kind: 'full' }
  if (phase <= Phase.Open) return { kind: 'waiting', joined: members.length, until: deadline }
  // While a round runs it is not yet among the completed ones.
  const isBetween = phase === Phase.Settle
  const isLast = completed + (isBetween ? 0 : 1) >= terms.rounds && shownRound(round, manifest) > 0
  if (isLast) return { kind: 'tooLate' }
  const thisPhase = deadline === 0 ? 0 : Math.max(0, deadline - time)
  const after = phase === Phase.Train ? terms.roundSeconds - terms.trainSeconds : 0
  const missed = isWelcoming(snapshot) ? 0 : terms.roundSeconds
  return {
    kind: 'running',
    round: shownRound(round + 1, manifest) + (isWelcoming(snapshot) ? 0 : 1),
    seconds: thisPhase + after + missed,
  }
}
