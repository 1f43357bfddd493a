import { expect, it } from 'vitest'
import { Mode, Phase, RoundKind, type StudySnapshot } from '../../rounds/ports.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { clockOf, createStory, type Story, sceneMs, tell } from './story.ts'

function at(phase: Phase, round: number, kind: RoundKind = RoundKind.Training): StudySnapshot {
  return testSnapshot({ phase, round, kind })
}

/** Every scene that a visitor sees when the story is looked at once a second. */
function seen(
  story: Story,
  from: number,
  seconds: number,
  snapshot: StudySnapshot | null,
): { names: string[]; story: Story } {
  const names: string[] = []
  let now = story
  for (let second = 1; second <= seconds; second++) {
    const next = tell(now, snapshot, from + second * 1000)
    if (next.shown !== now.shown) names.push(`${next.shown.name} ${next.shown.round}`)
    now = next
  }
  return { names, story: now }
}

it('tells of joining as soon as there is a study, and goes back to the invitation after it', () => {
  const joined = tell(createStory(0), at(Phase.Open, 0), 10)
  expect(joined.shown).toEqual({ name: 'join', round: 0 })
  expect(tell(joined, null, 20).shown.name).toBe('invite')
})

it('keeps a scene on long enough to be read, however quick the study is', () => {
  let story = tell(createStory(0), at(Phase.Train, 1), 0)
  story = tell(story, at(Phase.Attest, 1), 100)
  expect(story.shown.name).toBe('train')
  expect(tell(story, at(Phase.Attest, 1), sceneMs.first - 1).shown.name).toBe('train')
  expect(tell(story, at(Phase.Attest, 1), sceneMs.first).shown.name).toBe('check')
})

it('tells of phases that went by between two looks', () => {
  const story = tell(createStory(0), at(Phase.Train, 1, RoundKind.Statistics), 0)
  const pause = tell(story, at(Phase.Settle, 2), 100)
  const { names } = seen(pause, 0, 60, at(Phase.Settle, 2))
  expect(names).toEqual(['settle 2'])
  const inRound = tell(tell(createStory(0), at(Phase.Train, 2), 0), at(Phase.Settle, 2), 100)
  expect(seen(inRound, 0, 60, at(Phase.Settle, 2)).names).toEqual(['check 2', 'score 2', 'average 2', 'settle 2'])
})

it('tells of a masked round without scores, and of a check where there is one', () => {
  const masked = (phase: Phase) => ({ ...at(phase, 2), mode: Mode.Masked })
  const begun = tell(createStory(0), masked(Phase.Train), 0)
  const settled = tell(begun, masked(Phase.Settle), 100)
  expect(seen(settled, 0, 60, masked(Phase.Settle)).names).toEqual(['check 2', 'unmask 2', 'average 2', 'settle 2'])
  const checked = tell(tell(begun, masked(Phase.Recover), 100), masked(Phase.Aggregate), 200)
  expect(seen(checked, 0, 60, masked(Phase.Aggregate)).names).toEqual([
    ...['check 2', 'unmask 2', 'recover 2', 'average 2'],
  ])
  expect(clockOf({ name: 'unmask', round: 1 }, masked(Phase.Recover))).toMatchObject({
    phase: 'unmask',
    mode: Mode.Masked,
  })
})

it('tells of the comparison in a masked round that scores, and of no check while the sum is being opened', () => {
  const scored = (phase: Phase, answered = 0) => ({ ...at(phase, 2), mode: Mode.Masked, scored: true, answered })
  const begun = tell(createStory(0), scored(Phase.Train), 0)
  const settled = tell(begun, scored(Phase.Settle), 100)
  expect(seen(settled, 0, 60, scored(Phase.Settle)).names).toEqual([
    ...['check 2', 'unmask 2', 'compare 2', 'average 2', 'settle 2'],
  ])
  const opened = tell(tell(begun, scored(Phase.Unmask), 50), scored(Phase.Recover), 100)
  const checked = tell(tell(opened, scored(Phase.Score), 200), scored(Phase.Recover, 0b111), 300)
  expect(seen(checked, 0, 60, scored(Phase.Recover, 0b111)).names).toEqual([
    ...['check 2', 'unmask 2', 'compare 2', 'recover 2'],
  ])
  expect(clockOf({ name: 'compare', round: 1 }, scored(Phase.Train))).toMatchObject({
    phase: 'compare',
    isCompared: true,
  })
})

it('leaves out what it is more than a round behind', () => {
  let story = tell(createStory(0), at(Phase.Train, 1), 0)
  for (let round = 1; round <= 20; round++) story = tell(story, at(Phase.Settle, round), 1)
  const { names } = seen(story, 0, 60, at(Phase.Settle, 20))
  expect(names.length).toBeLessThanOrEqual(6)
  expect(names.at(-1)).toBe('settle 20')
})

it('reads the clock face of what it tells, which is over where it lags behind', () => {
  const scoring = { ...at(Phase.Score, 2), seats: [0, 1, 3], revealed: 0b101 }
  expect(clockOf({ name: 'score', round: 2 }, scoring)).toMatchObject({ phase: 'score', isOver: false, done: 2, of: 3 })
  expect(clockOf({ name: 'train', round: 2 }, scoring)).toMatchObject({ phase: 'train', isOver: false, done: 1, of: 1 })
  expect(clockOf({ name: 'score', round: 1 }, scoring)).toMatchObject({ phase: 'score', done: 1, of: 1 })
  expect(clockOf({ name: 'join', round: 0 }, null)).toMatchObject({ phase: null, isOver: false })
  expect(clockOf({ name: 'join', round: 0 }, { ...scoring, proven: true })).toMatchObject({ isProven: true })
  expect(clockOf({ name: 'end', round: 3 }, at(Phase.Ended, 3))).toMatchObject({ isOver: true })
})
