import { describe, expect, it } from 'vitest'
import { Mode, Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import {
  canStart,
  isDrawing,
  isRunning,
  opensForSum,
  phaseName,
  scorePhases,
  shownPhase,
  studyProgress,
} from './phases.ts'
import { testSnapshot } from './testSnapshot.ts'

const address = `0x${'1'.repeat(40)}` as const
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

  it('never goes back through a masked round that scores, which may open shares before and after', () => {
    const scored = (phase: Phase, answered = 0) => ({ ...at(phase, 0), mode: Mode.Masked, scored: true, answered })
    const history = [
      ...[Phase.Attest, Phase.Unmask, Phase.Recover, Phase.Score].map(phase => scored(phase)),
      ...[Phase.Score, Phase.Draw, Phase.Recover, Phase.Aggregate].map(phase => scored(phase, 0b111)),
    ]
    const values = history.map(snapshot => studyProgress(snapshot, 2, false))
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(new Set(values).size).toBe(history.length - 1)
  })

  it('never goes back through a proven round', () => {
    const history = [Phase.Train, Phase.Reveal, Phase.Audit, Phase.Attest].map(phase => at(phase, 0))
    const values = history.map(snapshot => studyProgress(snapshot, 2, false))
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b))
  })

  it('is half way after one of two rounds', () => {
    expect(studyProgress(at(Phase.Settle, 1), 2, false)).toBe(0.5)
  })
})

it('names every phase in lower case', () => {
  expect(Object.values(Phase).map(phaseName)).toEqual([
    ...['draft', 'open', 'select', 'train', 'audit', 'attest', 'score', 'aggregate', 'evaluate', 'settle', 'ended'],
    ...['unmask', 'draw', 'recover', 'reveal'],
  ])
})

it('waits for a block, not a deadline, where one draws that is not mined', () => {
  const waits = (phase: Phase, missed = false, drawable = false) => isDrawing({ phase, missed, drawable })
  expect([waits(Phase.Draw), waits(Phase.Reveal, true)]).toEqual([true, true])
  expect([waits(Phase.Reveal), waits(Phase.Reveal, true, true), waits(Phase.Draw, false, true)]).toEqual([
    ...[false, false, false],
  ])
})

it('knows a running round by its phase, whatever the phase’s number is', () => {
  const running = Object.values(Phase).filter(phase => isRunning({ phase }))
  expect(running.map(phaseName)).toEqual([
    ...['select', 'train', 'audit', 'attest', 'score', 'aggregate', 'evaluate', 'unmask', 'draw', 'recover', 'reveal'],
  ])
})

it('waits for a proven study’s hospitals to be prepared before it starts', () => {
  const joined = testSnapshot({ members: [address, address, address], prepared: 0b011n })
  expect([3, 4].map(hospitals => canStart(joined, hospitals))).toEqual([true, false])
  expect([2, 3].map(hospitals => canStart({ ...joined, proven: true }, hospitals))).toEqual([true, false])
})

it('says compare where the seats of a masked study score, and nowhere else', () => {
  const shown = (phase: Phase, mode: Mode) => shownPhase({ phase, mode })
  expect(shown(Phase.Score, Mode.Masked)).toBe('compare')
  expect(shown(Phase.Score, Mode.Committee)).toBe('score')
  expect(shown(Phase.Unmask, Mode.Masked)).toBe('unmask')
})

it('opens shares for the sum only in a training round that scores, before anybody answered', () => {
  const before = { phase: Phase.Recover, scored: true, kind: RoundKind.Training, answered: 0 }
  expect(opensForSum(before)).toBe(true)
  const others = [{ answered: 1 }, { scored: false }, { kind: RoundKind.Statistics }, { phase: Phase.Unmask }]
  expect(others.map(change => opensForSum({ ...before, ...change }))).toEqual([false, false, false, false])
})

it('counts the phases that take the time for scores', () => {
  const counts = [Mode.Committee, Mode.Masked].map(mode => [false, true].map(scored => scorePhases({ mode, scored })))
  expect(counts).toEqual([
    [1, 1],
    [2, 4],
  ])
})
