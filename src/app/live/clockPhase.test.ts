import { expect, it } from 'vitest'
import { Mode, Phase } from '../../rounds/ports.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { clockPhasesOf, readClock } from './clockPhase.ts'

it('goes once around a masked round, past its own parts and no scores', () => {
  const inOrder = [
    ...[Phase.Select, Phase.Train, Phase.Attest, Phase.Unmask, Phase.Draw, Phase.Recover, Phase.Aggregate],
    ...[Phase.Evaluate, Phase.Settle],
  ]
  const read = inOrder.map(phase => readClock(testSnapshot({ mode: Mode.Masked, phase }), null).phase)
  expect([...new Set(read)]).toEqual(clockPhasesOf(Mode.Masked))
  expect(clockPhasesOf(Mode.Masked)).not.toContain('score')
})

it('leaves a committee’s round as it was', () => {
  expect(clockPhasesOf(Mode.Committee)).toEqual([
    ...['select', 'train', 'submit', 'score', 'average', 'evaluate', 'settle'],
  ])
  const reading = readClock(testSnapshot({ phase: Phase.Score, seats: [0, 1, 2], revealed: 0b11 }), null)
  expect(reading).toEqual({ phase: 'score', mode: Mode.Committee, isOver: false, done: 2, of: 3 })
})
