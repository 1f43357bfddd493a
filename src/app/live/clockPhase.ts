import { Mode, Phase, type StudySnapshot } from '../../rounds/ports.ts'
import type { TaskType } from '../../rounds/state.ts'
import { turnout } from '../situation.ts'

/** What fills the clock face, clockwise from the top. */
const clockPhases = ['select', 'train', 'submit', 'score', 'average', 'evaluate', 'settle'] as const
/** The same in a masked study, where nothing is scored. */
const maskedPhases = ['select', 'train', 'submit', 'unmask', 'recover', 'average', 'evaluate', 'settle'] as const
export type ClockPhase = (typeof clockPhases)[number] | (typeof maskedPhases)[number]

/** Where a round stands on its clock face. */
export interface ClockReading {
  /** null: the first round has not begun, or the study is over. */
  readonly phase: ClockPhase | null
  /** Whose clock it is: a masked study's has other parts. */
  readonly mode: Mode
  readonly isOver: boolean
  /** How many of those who owe something have acted; 0 of 0 where nobody does. */
  readonly done: number
  readonly of: number
}

/** The parts of a round's clock face, clockwise from the top. */
export function clockPhasesOf(mode: Mode): readonly ClockPhase[] {
  return mode === Mode.Masked ? maskedPhases : clockPhases
}

const phases: Readonly<Record<Phase, ClockPhase | null>> = {
  [Phase.Draft]: null,
  [Phase.Open]: null,
  [Phase.Select]: 'select',
  [Phase.Train]: 'train',
  [Phase.Audit]: 'submit',
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
  if (snapshot === null) return { phase: null, mode: Mode.Committee, isOver: false, done: 0, of: 0 }
  const isOver = snapshot.phase === Phase.Ended
  const isBetween = snapshot.phase === Phase.Settle && task === 'evaluate'
  const { mode, phase } = snapshot
  return { phase: isBetween ? 'evaluate' : phases[phase], mode, isOver, ...turnout(snapshot) }
}
