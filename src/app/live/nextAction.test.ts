import { describe, expect, it } from 'vitest'
import { Phase } from '../../rounds/ports.ts'
import { type HospitalState, initialState } from '../../rounds/state.ts'
import { createHospitalStore, type HospitalView } from '../store.ts'
import { testSnapshot } from '../testSnapshot.ts'
import { comingRounds } from './comingRounds.ts'
import { isAsked, nextAction } from './nextAction.ts'

const me = `0x${'1'.repeat(40)}` as const
const snapshot = testSnapshot({
  round: 3,
  completed: 1,
  participants: 0b1n,
  submitted: 0b1n,
  seats: [0],
  members: [me],
  modelRound: 2,
  modelMembers: 1,
})

function view(change: Partial<HospitalView>): HospitalView {
  return { ...createHospitalStore({ name: 'Ward', number: 1, address: me }).getState(), ...change }
}

function running(round: Partial<HospitalState>, live: Partial<HospitalView['live']> = {}): HospitalView {
  const known = view({})
  return view({
    stage: 'running',
    round: { ...initialState(me), snapshot, ...round },
    live: { ...known.live, ...live },
  })
}

describe('nextAction', () => {
  it('knows what to say when nothing is known', () => {
    expect(nextAction(view({}))).toEqual({ kind: 'starting' })
    expect(nextAction(view({ stage: 'running' }))).toEqual({ kind: 'starting' })
  })

  it('puts an open wallet before everything else', () => {
    const asking = nextAction(running({ task: { type: 'contribute', round: 3 } }, { asking: 'submitUpdate' }))
    expect(asking).toEqual({ kind: 'sign', call: 'submitUpdate' })
    expect(isAsked(asking)).toBe(true)
  })

  it('tells the share of the work that is done', () => {
    const action = nextAction(
      running({ task: { type: 'contribute', round: 3 }, progress: { stage: 'train', done: 4, total: 10 } }),
    )
    expect(action).toEqual({ kind: 'works', task: 'contribute', stage: 'train', share: 0.4 })
    expect(isAsked(action)).toBe(false)
  })

  it('asks to go on after a pause, and to try again after a refusal', () => {
    expect(nextAction(running({ paused: true }))).toEqual({ kind: 'resume' })
    const lastError = { task: { type: 'contribute', round: 3 } as const, error: new Error('declined') }
    expect(nextAction(running({ paused: true, lastError }))).toEqual({ kind: 'retry' })
  })

  it('tells waiting, sitting out and having left apart', () => {
    expect(nextAction(running({}))).toEqual({ kind: 'waits' })
    const out = { ...snapshot, participants: 0n }
    expect(nextAction(running({ snapshot: out }, { vetoes: [3] }))).toEqual({ kind: 'sitsOut' })
    expect(nextAction(running({ snapshot: out }, { hasLeft: true }))).toEqual({ kind: 'left' })
    expect(nextAction(running({ snapshot: out }))).toEqual({ kind: 'comesInLater' })
    const pause = { ...snapshot, phase: Phase.Settle }
    expect(nextAction(running({ snapshot: pause }))).toEqual({ kind: 'waits' })
    expect(nextAction(running({ snapshot: { ...pause, modelMembers: 0 } }))).toEqual({ kind: 'comesInLater' })
    expect(nextAction(running({ snapshot: { ...snapshot, round: 0, phase: Phase.Open } }))).toEqual({
      kind: 'waitsForStart',
    })
  })

  it('says when a proven study’s contributions are used up, once the last of them is through', () => {
    const proving = { steps: 6, contributions: 3 }
    const manifest = { proving } as NonNullable<HospitalView['study']>['manifest']
    const study: HospitalView['study'] = { address: me, manifest, rounds: 1 }
    const through = { ...snapshot, participants: 0n, contributions: [3] }
    expect(nextAction({ ...running({ snapshot: through }), study })).toEqual({ kind: 'usedUp' })
    const one = { ...through, contributions: [2] }
    expect(nextAction({ ...running({ snapshot: one }), study })).toEqual({ kind: 'comesInLater' })
    const last = { ...through, participants: 1n }
    expect(nextAction({ ...running({ snapshot: last }), study })).toEqual({ kind: 'waits' })
    expect(nextAction(running({ snapshot: through }))).toEqual({ kind: 'comesInLater' })
  })

  it('ends in reloading or in being done', () => {
    expect(nextAction(view({ stage: 'failed' }))).toEqual({ kind: 'reload' })
    expect(nextAction(view({ stage: 'done' }))).toEqual({ kind: 'done' })
  })
})

describe('comingRounds', () => {
  it('offers the rounds after the running one, and no more than there are', () => {
    expect(comingRounds({ ...snapshot, completed: 3 }, 6, true)).toEqual([4, 5])
    expect(comingRounds(snapshot, 15, true)).toEqual([4, 5, 6, 7])
    expect(comingRounds({ ...snapshot, phase: Phase.Unmask, completed: 3 }, 6, true)).toEqual([4, 5])
  })

  it('offers round zero before the start', () => {
    expect(comingRounds({ ...snapshot, phase: Phase.Open, round: 0, completed: 0 }, 2, true)).toEqual([1, 2, 3])
  })

  it('offers nothing in the last round and after the end', () => {
    expect(comingRounds({ ...snapshot, completed: 5 }, 6, true)).toEqual([])
    expect(comingRounds({ ...snapshot, phase: Phase.Ended }, 6, true)).toEqual([])
    expect(comingRounds(null, 6, true)).toEqual([])
  })
})
