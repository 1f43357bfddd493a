import { Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import type { Manifest } from '../study/manifest.ts'

export type PhaseName = Uncapitalize<keyof typeof Phase>

const names = Object.fromEntries(
  Object.entries(Phase).map(([name, number]) => [number, name.charAt(0).toLowerCase() + name.slice(1)]),
) as Record<Phase, PhaseName>

export function phaseName(phase: Phase): PhaseName {
  return names[phase]
}

/** Phases that hospitals see, in the order of a round. The others pass straight through. */
export const visiblePhases = ['train', 'attest', 'score', 'aggregate', 'settle'] as const satisfies PhaseName[]
export type VisiblePhase = (typeof visiblePhases)[number]

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
  const within = (phase - Phase.Select) / (Phase.Settle + 1 - Phase.Select)
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
