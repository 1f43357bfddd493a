import { isScoredSum } from '../../rounds/duties.ts'
import { Mode, Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import { type ClockPhase, type ClockReading, readClock } from '../live/clockPhase.ts'
import { opensForSum } from '../phases.ts'

/** What the story tells, one thing at a time. */
export const sceneNames = [
  'invite',
  'join',
  'statistics',
  'train',
  'check',
  'score',
  'unmask',
  'compare',
  'recover',
  'average',
  'settle',
  'end',
] as const
export type SceneName = (typeof sceneNames)[number]

export interface Scene {
  readonly name: SceneName
  /** The contract's round; 0 before the first. */
  readonly round: number
}

/** The story lags behind what happens: a phase of a second would be read by nobody. */
export interface Story {
  readonly shown: Scene
  /** When it came on, milliseconds since 1970. */
  readonly since: number
  readonly queue: readonly Scene[]
  /** The newest that was queued. */
  readonly last: Scene
}

/** Milliseconds that a scene stays at least; in later rounds the visitor knows it. */
export const sceneMs = { first: 4500, later: 1800 } as const
/** More than a round behind: what was missed is left out. */
const longestQueue = 6

export function createStory(now: number): Story {
  const shown: Scene = { name: 'invite', round: 0 }
  return { shown, since: now, queue: [], last: shown }
}

/** What the study does now, as the story has it. */
export function sceneOf(snapshot: StudySnapshot): Scene {
  const { round, phase, kind } = snapshot
  const training = kind === RoundKind.Statistics ? 'statistics' : 'train'
  // A seat that is missing from the sum is not checked.
  if (opensForSum(snapshot)) return { name: 'unmask', round }
  if (phase === Phase.Score && snapshot.mode === Mode.Masked) return { name: 'compare', round }
  return { name: scenes[phase] ?? training, round }
}

const scenes: Readonly<Partial<Record<Phase, SceneName>>> = {
  [Phase.Draft]: 'join',
  [Phase.Open]: 'join',
  [Phase.Attest]: 'check',
  [Phase.Score]: 'score',
  [Phase.Unmask]: 'unmask',
  [Phase.Draw]: 'recover',
  [Phase.Recover]: 'recover',
  [Phase.Aggregate]: 'average',
  [Phase.Evaluate]: 'settle',
  [Phase.Settle]: 'settle',
  [Phase.Ended]: 'end',
}

const clockPhases: Readonly<Partial<Record<SceneName, ClockPhase>>> = {
  statistics: 'train',
  train: 'train',
  check: 'submit',
  score: 'score',
  unmask: 'unmask',
  compare: 'compare',
  recover: 'recover',
  average: 'average',
  settle: 'settle',
}

/** The round's clock face as the story tells it: what it lags behind with is over, and full. */
export function clockOf(scene: Scene, snapshot: StudySnapshot | null): ClockReading {
  const now = snapshot && sceneOf(snapshot)
  if (now?.name === scene.name && now.round === scene.round) return readClock(snapshot, null)
  const face = {
    mode: snapshot?.mode ?? Mode.Committee,
    isCompared: snapshot !== null && isScoredSum(snapshot),
    isProven: snapshot?.proven ?? false,
  }
  return { phase: clockPhases[scene.name] ?? null, ...face, isOver: scene.name === 'end', done: 1, of: 1 }
}

/**
 * Moves the story on: what happened is queued in its order, phases that went by between two looks included, and each scene
 * stays long enough to be read.
 *
 * @param snapshot null between studies: the story goes back to its invitation
 */
export function tell(story: Story, snapshot: StudySnapshot | null, now: number): Story {
  if (snapshot === null) return story.shown.name === 'invite' ? story : createStory(now)
  const scene = sceneOf(snapshot)
  const isNew = scene.name !== story.last.name || scene.round !== story.last.round
  let queue = isNew ? [...story.queue, ...between(story.last, scene, roundScenes(snapshot)), scene] : story.queue
  if (queue.length > longestQueue) queue = queue.slice(-longestQueue)
  const last = isNew ? scene : story.last
  const stays = story.shown.name === 'invite' ? 0 : story.shown.round <= 2 ? sceneMs.first : sceneMs.later
  const [next, ...rest] = queue
  if (next === undefined || now - story.since < stays) return { ...story, queue, last }
  return { shown: next, since: now, queue: rest, last }
}

/** Who is checked is told where somebody is: not in every round. */
function roundScenes(snapshot: StudySnapshot): readonly SceneName[] {
  if (snapshot.mode === Mode.Committee) return ['train', 'check', 'score', 'average']
  return ['train', 'check', 'unmask', ...(isScoredSum(snapshot) ? (['compare'] as const) : []), 'average']
}

/** Scenes of a training round that nobody looked at in time. */
function between(from: Scene, to: Scene, scenes: readonly SceneName[]): Scene[] {
  // Whoever is checked is so just before averaging.
  const place = ({ name }: Scene) => (name === 'recover' ? scenes.indexOf('average') - 1 : scenes.indexOf(name))
  if (to.name === 'join' || to.name === 'statistics') return []
  const target = to.name === 'settle' || to.name === 'end' ? scenes.length : place(to) + (to.name === 'recover' ? 1 : 0)
  if (from.round === to.round && from.name !== 'statistics' && place(from) >= 0) {
    return scenes.slice(place(from) + 1, target).map(name => ({ name, round: to.round }))
  }
  if (from.round < to.round && target < scenes.length && target > 0) {
    return scenes.slice(0, target).map(name => ({ name, round: to.round }))
  }
  return []
}
