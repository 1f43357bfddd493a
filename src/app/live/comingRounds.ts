import { Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import { isRunning } from '../phases.ts'

/** Rounds that can be sat out in advance are offered so far ahead. */
const OFFERED = 4

/**
 * The contract's numbers of the rounds to come that a hospital may still say no to: after the running one, as many as the
 * study has left, at most four.
 *
 * @param rounds model rounds of the study
 */
export function comingRounds(snapshot: StudySnapshot | null, rounds: number, hasRoundZero: boolean): readonly number[] {
  if (snapshot === null || snapshot.phase === Phase.Ended) return []
  const { round, kind, completed } = snapshot
  // What is left after the running round ends well; a void one adds another.
  const running = isRunning(snapshot) && kind === RoundKind.Training ? 1 : 0
  const zero = round === 0 && hasRoundZero ? 1 : 0
  const left = Math.max(0, rounds - completed - running + zero)
  return Array.from({ length: Math.min(OFFERED, left) }, (_, i) => round + 1 + i)
}
