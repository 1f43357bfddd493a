import { isScoredSum } from '../../rounds/duties.ts'
import { Mode, Phase, type StudySnapshot } from '../../rounds/ports.ts'
import type { TaskType } from '../../rounds/state.ts'
import { opensForSum } from '../phases.ts'
import { turnout } from '../situation.ts'

/** What fills the clock face, clockwise from the top. */
const clockPhases = ['select', 'train', 'submit', 'score', 'average', 'evaluate', 'settle'] as const
/** The same in a masked study, where nothing is scored. */
const maskedPhases = ['select', 'train', 'submit', 'unmask', 'recover', 'average', 'evaluate', 'settle'] as const
/** And where seats of a masked study compare before one of them is checked. */
const comparedPhases = [
  'select',
  'train',
  'submit',
  'unmask',
  'compare',
  'recover',
  'average',
  'evaluate',
  'settle',
] as const
export type ClockPhase = (typeof clockPhases)[number] | (typeof comparedPhases)[number] | 'prove'

/** Where a round stands on its clock face. */
export interface ClockReading {
  /** null: the first round has not begun, or the study is over. */
  readonly phase: ClockPhase | null
  /** Whose clock it is: a masked study's has other parts. */
  readonly mode: Mode
  /** Whether a masked round compares updates. */
  readonly isCompared: boolean
  /** Whether hospitals are drawn that prove their training. */
  readonly isProven: boolean
  readonly isOver: boolean
  /** How many of those who owe something have acted; 0 of 0 where nobody does. */
  readonly done: number
  readonly of: number
}

/** The parts of a round's clock face, clockwise from the top. */
export function clockPhasesOf(of: Pick<ClockReading, 'mode' | 'isCompared' | 'isProven'>): readonly ClockPhase[] {
  const unproven = of.mode === Mode.Committee ? clockPhases : of.isCompared ? comparedPhases : maskedPhases
  return of.isProven ? unproven.flatMap(phase => (phase === 'submit' ? ['prove', phase] : phase)) : unproven
}

const phases: Readonly<Record<Phase, ClockPhase | null>> = {
  [Phase.Draft]: null,
  [Phase.Open]: null,
  [Phase.Select]: 'select',
  [Phase.Train]: 'train',
  [Phase.Reveal]: 'prove',
  [Phase.Audit]: 'prove',
  [Phase.Attest]: 'submit',
  [Phase.Score]: 'score',
  [Phase.Aggregate]: 'average',
  [Phase.Evaluate]: 'evaluate',
  [Phase.Settle]: 'settle',
  [Phase.Ended]: null,
  [Phase.Unmask]: 'unmask',
  [Phase.Draw]: 'recover',
  [Phase.Recover]: 'recover',
}

/**
 * Reads the clock face from the chain. Evaluating has no phase there: the tab does it while the chain has settled already.
 *
 * @param task what this tab does, null where it waits
 */
export function readClock(snapshot: StudySnapshot | null, task: TaskType | null): ClockReading {
  if (snapshot === null) {
    return { phase: null, mode: Mode.Committee, isCompared: false, isProven: false, isOver: false, done: 0, of: 0 }
  }
  const { mode } = snapshot
  const isOver = snapshot.phase === Phase.Ended
  return {
    phase: task === 'evaluate' && snapshot.phase === Phase.Settle ? 'evaluate' : partOf(snapshot),
    mode,
    isCompared: isScoredSum(snapshot),
    isProven: snapshot.proven,
    isOver,
    ...turnout(snapshot),
  }
}

function partOf(snapshot: StudySnapshot): ClockPhase | null {
  // What missing seats left behind belongs to the sum there: the hand would go back for it.
  if (opensForSum(snapshot)) return 'unmask'
  if (snapshot.phase === Phase.Score && snapshot.mode === Mode.Masked) return 'compare'
  return phases[snapshot.phase]
}
