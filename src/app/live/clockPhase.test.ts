import { expect, it } from 'vitest'
import { Mode, Phase, RoundKind } from '../../rounds/ports.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { clockPhasesOf, readClock } from './clockPhase.ts'

it('goes once around a masked round, past its own parts and no scores', () => {
  const inOrder = [
    ...[Phase.Select, Phase.Train, Phase.Attest, Phase.Unmask, Phase.Draw, Phase.Recover, Phase.Aggregate],
    ...[Phase.Evaluate, Phase.Settle],
  ]
  const read = inOrder.map(phase => readClock(testSnapshot({ mode: Mode.Masked, phase }), null).phase)
  const face = clockPhasesOf({ mode: Mode.Masked, isCompared: false })
  expect([...new Set(read)]).toEqual(face)
  expect(face).not.toContain('score')
  expect(face).not.toContain('compare')
})

it('never turns back in a masked round that compares, whatever has to be opened for the sum', () => {
  const scored = { mode: Mode.Masked, scored: true }
  const inOrder = [
    ...[Phase.Select, Phase.Train, Phase.Attest, Phase.Unmask, Phase.Recover].map(phase => ({ ...scored, phase })),
    { ...scored, phase: Phase.Score, seats: [0, 1, 2, 3], revealed: 0b1011, answered: 0b0001 },
    ...[Phase.Draw, Phase.Recover, Phase.Aggregate].map(phase => ({ ...scored, phase, answered: 0b1011 })),
    ...[Phase.Evaluate, Phase.Settle].map(phase => ({ ...scored, phase })),
  ]
  const readings = inOrder.map(change => readClock(testSnapshot(change), null))
  expect([...new Set(readings.map(({ phase }) => phase))]).toEqual(
    clockPhasesOf({ mode: Mode.Masked, isCompared: true }),
  )
  expect(readings[5]).toMatchObject({ phase: 'compare', isCompared: true, done: 1, of: 3 })
  // Sums of columns are not scored.
  const statistics = testSnapshot({ ...scored, kind: RoundKind.Statistics, phase: Phase.Recover })
  expect(readClock(statistics, null)).toMatchObject({ phase: 'recover', isCompared: false })
})

it('leaves a committee’s round as it was', () => {
  expect(clockPhasesOf({ mode: Mode.Committee, isCompared: false })).toEqual([
    ...['select', 'train', 'submit', 'score', 'average', 'evaluate', 'settle'],
  ])
  const reading = readClock(testSnapshot({ phase: Phase.Score, seats: [0, 1, 2], revealed: 0b11 }), null)
  expect(reading).toEqual({
    ...{ phase: 'score', mode: Mode.Committee, isCompared: false, isOver: false },
    ...{ done: 2, of: 3 },
  })
})
