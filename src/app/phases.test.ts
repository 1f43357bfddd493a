import { describe, expect, it } from 'vitest'
import { Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import { isRunning, phaseName, studyProgress } from './phases.ts'

const at = (phase: Phase, completed: number, kind: RoundKind = RoundKind.Training) =>
  ({ phase, completed, kind }) as StudySnapshot

describe('studyProgress', () => {
  it('never goes back through a study with a round zero', () => {
    const history = [
      at(Phase.Open, 0, RoundKind.Statistics),
      at(Phase.Train, 0, RoundKind.Statistics),
      at(Phase.Aggregate, 0, RoundKind.Statistics),
      at(Phase.Train, 0),
      at(Phase.Score, 0),
      at(Phase.Settle, 1),
      at(Phase.Train, 1),
      at(Phase.Attest, 1),
      at(Phase.Unmask, 1),
      at(Phase.Draw, 1),
      at(Phase.Recover, 1),
      at(Phase.Aggregate, 1),
      at(Phase.Ended, 2),
    ]
    const values = history.map(snapshot => studyProgress(snapshot, 2, true))
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(values[0]).toBe(0)
    expect(values.at(-1)).toBe(1)
  })

  it('is half way after one of two rounds', () => {
    expect(studyProgress(at(Phase.Settle, 1), 2, false)).toBe(0.5)
  })
})

it('names every phase in lower case', () => {
  expect(Object.values(Phase).map(phaseName)).toEqual([
    ...['draft', 'open', 'select', 'train', 'audit', 'attest', 'score', 'aggregate', 'evaluate', 'settle', 'ended'],
    ...['unmask', 'draw', 'recover'],
  ])
})

it('knows a running round by its phase, whatever the phase’s number is', () => {
  const running = Object.values(Phase).filter(phase => isRunning({ phase }))
  expect(running.map(phaseName)).toEqual([
    ...['select', 'train', 'audit', 'attest', 'score', 'aggregate', 'evaluate', 'unmask', 'draw', 'recover'],
  ])
})
