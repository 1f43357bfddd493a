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
  const face = clockPhasesOf({ mode: Mode.Masked, isCompared: false, isProven: false })
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
    clockPhasesOf({ mode: Mode.Masked, isCompared: true, isProven: false }),
  )
  expect(readings[5]).toMatchObject({ phase: 'compare', isCompared: true, done: 1, of: 3 })
  // Sums of columns are not scored.
  const statistics = testSnapshot({ ...scored, kind: RoundKind.Statistics, phase: Phase.Recover })
  expect(readClock(statistics, null)).toMatchObject({ phase: 'recover', isCompared: false })
})

it('leaves a committee’s round as it was', () => {
  expect(clockPhasesOf({ mode: Mode.Committee, isCompared: false, isProven: false })).toEqual([
    ...['select', 'train', 'submit', 'score', 'average', 'evaluate', 'settle'],
  ])
  const reading = readClock(testSnapshot({ phase: Phase.Score, seats: [0, 1, 2], revealed: 0b11 }), null)
  expect(reading).toEqual({
    ...{ phase: 'score', mode: Mode.Committee, isCompared: false, isProven: false, isOver: false },
    ...{ done: 2, of: 3 },
  })
})

it('goes once around a proven round, masked or not, past its proofs', () => {
  for (const mode of [Mode.Committee, Mode.Masked]) {
    const own = mode === Mode.Masked ? [Phase.Unmask, Phase.Draw, Phase.Recover] : [Phase.Score]
    const inOrder = [
      ...[Phase.Select, Phase.Train, Phase.Reveal, Phase.Audit, Phase.Attest, ...own],
      ...[Phase.Aggregate, Phase.Evaluate, Phase.Settle],
    ]
    const readings = inOrder.map(phase => readClock(testSnapshot({ mode, phase, proven: true }), null))
    expect([...new Set(readings.map(({ phase }) => phase))]).toEqual(clockPhasesOf(readings[0]!))
  }
  const auditing = testSnapshot({ phase: Phase.Audit, proven: true, audited: 0b1011n, cleared: 0b0001n })
  expect(readClock(auditing, null)).toMatchObject({ phase: 'prove', isProven: true, done: 1, of: 3 })
})
