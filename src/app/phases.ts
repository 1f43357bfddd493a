import { endsWithDraw, isScoredSum } from '../rounds/duties.ts'
import { Mode, Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import { sizeOf } from '../rounds/sets.ts'
import type { Manifest } from '../study/manifest.ts'

export type PhaseName = Uncapitalize<keyof typeof Phase>

const names = Object.fromEntries(
  Object.entries(Phase).map(([name, number]) => [number, name.charAt(0).toLowerCase() + name.slice(1)]),
) as Record<Phase, PhaseName>

export function phaseName(phase: Phase): PhaseName {
  return names[phase]
}

/** As people are told: in a masked study seats compare what they hold where a committee scores. */
export type ShownPhase = PhaseName | 'compare'

export function shownPhase({ phase, mode }: Pick<StudySnapshot, 'phase' | 'mode'>): ShownPhase {
  return phase === Phase.Score && mode === Mode.Masked ? 'compare' : phaseName(phase)
}

/** A masked round's phases stand around the place where a committee's round scores, a proven one's before its audit. */
const places: Readonly<Partial<Record<Phase, number>>> = {
  [Phase.Reveal]: Phase.Audit - 1 / 2,
  [Phase.Unmask]: Phase.Score - 2 / 3,
  [Phase.Draw]: Phase.Score + 1 / 3,
  [Phase.Recover]: Phase.Score + 2 / 3,
}

/** Where a phase stands in its study, to be compared with others: the contract's numbers are not in the order of a round. */
export function phasePlace(phase: Phase): number {
  return places[phase] ?? phase
}

/** The round waits for the block that draws who is checked, or who proves its training. Its deadline says nothing meanwhile. */
export function isDrawing(snapshot: Pick<StudySnapshot, 'phase' | 'missed' | 'drawable'>): boolean {
  return endsWithDraw(snapshot) && !snapshot.drawable
}

/**
 * Whether seats open what missing ones left behind because the sum lacks it. A round that compares may come to Recover twice; after the
 * comparison it is for the check.
 */
export function opensForSum(snapshot: Pick<StudySnapshot, 'phase' | 'scored' | 'kind' | 'answered'>): boolean {
  return snapshot.phase === Phase.Recover && isScoredSum(snapshot) && snapshot.answered === 0
}

/** Seats of a masked round that answered all they were asked so far: they gave their masks and, once that was asked, compared. */
export function answeredSeats({ revealed, answered }: Pick<StudySnapshot, 'revealed' | 'answered'>): number {
  return answered === 0 ? revealed : answered
}

/**
 * Most phases of a round that each take the rules' time for scores: a committee's scores; masks off and the check of a seat; where a
 * masked study scores also what missing seats left behind, and the comparison.
 */
export function scorePhases({ mode, scored }: { readonly mode: number; readonly scored: boolean }): number {
  if (mode === Mode.Committee) return 1
  return scored ? 4 : 2
}

/** Whether so many hospitals could take part in a first round that starts now: in a proven study those that are prepared. */
export function canStart(
  { members, proven, prepared }: Pick<StudySnapshot, 'members' | 'proven' | 'prepared'>,
  hospitals: number,
): boolean {
  return members.length >= hospitals && (!proven || sizeOf(prepared) >= hospitals)
}

/** A round is under way: not before the first, not in the pause after one, not at the end. */
export function isRunning({ phase }: Pick<StudySnapshot, 'phase'>): boolean {
  return phasePlace(phase) >= Phase.Select && phasePlace(phase) < Phase.Settle
}

/**
 * How much of the study lies behind, 0 to 1. Rounds count by what is finalised; the running round's phases by equal parts.
 *
 * @param rounds model rounds of the study, without round zero
 */
export function studyProgress(snapshot: StudySnapshot, rounds: number, hasRoundZero: boolean): number {
  const { phase, kind, completed } = snapshot
  if (phase === Phase.Ended) return 1
  if (phase <= Phase.Open) return 0
  const all = rounds + (hasRoundZero ? 1 : 0)
  const isRoundZero = kind === RoundKind.Statistics
  const before = completed + (hasRoundZero && !isRoundZero ? 1 : 0)
  const place = opensForSum(snapshot) ? Phase.Score - 1 / 3 : phasePlace(phase)
  const within = (place - Phase.Select) / (Phase.Settle + 1 - Phase.Select)
  // A round that is finalised counts in `completed` while its pause still runs.
  return Math.min(1, (before + (phase === Phase.Settle ? 0 : within)) / all)
}

/**
 * A round's number as people count: the contract counts round zero, the federated standardisation, as its first.
 * @returns 0 for round zero
 */
export function shownRound(round: number, { standardise }: Pick<Manifest, 'standardise'>): number {
  return standardise ? round - 1 : round
}
