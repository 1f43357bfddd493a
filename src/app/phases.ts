import { Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import type { Manifest } from '../study/manifest.ts'

export type PhaseName = Uncapitalize<keyof typeof Phase>

const names = Object.fromEntries(
  Object.entries(Phase).map(([name, number]) => [number, name.charAt(0).toLowerCase() + name.slice(1)]),
) as Record<Phase, PhaseName>

export function phaseName(phase: Phase): PhaseName {
  return names[phase]
}

/** A masked round's phases stand where a committee's round scores. */
const places: Readonly<Partial<Record<Phase, number>>> = {
  [Phase.Unmask]: Phase.Score,
  [Phase.Draw]: Phase.Score + 1 / 3,
  [Phase.Recover]: Phase.Score + 2 / 3,
}

/** Where a phase stands in its study, to be compared with others: the contract's numbers are not in the order of a round. */
export function phasePlace(phase: Phase): number {
  return places[phase] ?? phase
}

/** A masked round waits for the block that draws who is checked. Its deadline says nothing meanwhile. */
export function isDrawing({ phase, drawable }: Pick<StudySnapshot, 'phase' | 'drawable'>): boolean {
  return phase === Phase.Draw && !drawable
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
  const within = (phasePlace(phase) - Phase.Select) / (Phase.Settle + 1 - Phase.Select)
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
