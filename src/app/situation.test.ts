import { beforeEach, expect, it } from 'vitest'
import { Mode, Phase } from '../rounds/ports.ts'
import { type HospitalState, initialState } from '../rounds/state.ts'
import { situationOf } from './situation.ts'
import { createHospitalStore, type HospitalStore, type HospitalView } from './store.ts'
import { testSnapshot } from './testSnapshot.ts'

const address = '0x00000000000000000000000000000000000000a1'
const snapshot = testSnapshot({
  completed: 1,
  deadline: 1000,
  time: 940,
  participants: 0b1111n,
  submitted: 0b0101n,
  seats: [0, 1, 2],
  attested: 0b001,
  revealed: 0b011,
  signed: 0b111,
  members: [address, address, address, address],
  modelMembers: 4,
})
let store: HospitalStore

beforeEach(() => {
  store = createHospitalStore({ name: 'Cleveland', number: 1, address })
})

function situation(view: Partial<HospitalView>, round: Partial<HospitalState> = {}) {
  store.setState({ stage: 'running', round: { ...initialState(address), snapshot, ...round }, ...view })
  return situationOf(store.getState())
}

it('says the stage before the rounds begin', () => {
  expect(situation({ stage: 'needsData' })).toEqual({ kind: 'needsData' })
  expect(situation({ round: null })).toEqual({ kind: 'connecting' })
})

it('counts who has acted in each phase', () => {
  const waiting = (phase: Phase) => situation({}, { snapshot: { ...snapshot, phase } })
  expect(waiting(Phase.Train)).toEqual({ kind: 'waiting', phase: 'train', done: 2, of: 4, until: 1000 })
  expect(waiting(Phase.Attest)).toMatchObject({ phase: 'attest', done: 1, of: 3 })
  expect(waiting(Phase.Score)).toMatchObject({ phase: 'score', done: 2, of: 3 })
  expect(waiting(Phase.Aggregate)).toMatchObject({ phase: 'aggregate', done: 3, of: 3 })
})

it('counts in a masked round the seats that can give their masks, then those that gave them', () => {
  const masked = {
    ...snapshot,
    mode: Mode.Masked,
    survivors: 0b0111n,
    attested: 0b111,
    opened: [0b1111n, 0b0111n, 0b0011n],
  }
  const waiting = (phase: Phase) => situation({}, { snapshot: { ...masked, phase, revealed: 0b001, shared: 0b001 } })
  // The third seat could not check the third hospital.
  expect(waiting(Phase.Unmask)).toMatchObject({ kind: 'waiting', phase: 'unmask', done: 1, of: 2 })
  expect(waiting(Phase.Draw)).toMatchObject({ kind: 'waiting', phase: 'draw', done: 0, of: 0 })
  expect(waiting(Phase.Recover)).toMatchObject({ kind: 'waiting', phase: 'recover', done: 1, of: 1 })
})

it('counts in a masked round that scores the seats that compared, of those that gave their masks', () => {
  const scored = { ...snapshot, mode: Mode.Masked, scored: true, revealed: 0b111, answered: 0b101, shared: 0b110 }
  const waiting = (phase: Phase) => situation({}, { snapshot: { ...scored, phase } })
  expect(waiting(Phase.Score)).toMatchObject({ phase: 'compare', done: 2, of: 3 })
  expect(waiting(Phase.Recover)).toMatchObject({ phase: 'recover', done: 1, of: 2 })
})

it('counts in a proven round the reveals as soon as they are taken, and the proofs of those who were drawn', () => {
  const proven = { ...snapshot, proven: true, unsealed: 0b0001n, audited: 0b0111n, cleared: 0b0010n }
  const waiting = (change: Partial<typeof proven>) => situation({}, { snapshot: { ...proven, ...change } })
  expect(waiting({ phase: Phase.Reveal })).toMatchObject({ phase: 'reveal', done: 0, of: 0 })
  expect(waiting({ phase: Phase.Reveal, revealable: true })).toMatchObject({ phase: 'reveal', done: 1, of: 2 })
  expect(waiting({ phase: Phase.Audit })).toMatchObject({ phase: 'audit', done: 1, of: 3 })
})

it('puts own work before waiting, and a pause before waiting', () => {
  const task = { type: 'contribute', round: 2 } as const
  expect(situation({}, { task, paused: false })).toEqual({ kind: 'working', task: 'contribute', progress: null })
  expect(situation({}, { paused: true })).toEqual({ kind: 'paused' })
})

it('tells the end on the chain from the end here', () => {
  const ended = { ...snapshot, phase: Phase.Ended, endReason: 1, completed: 2 }
  expect(situation({}, { snapshot: ended })).toEqual({ kind: 'finishing' })
  expect(situation({ stage: 'done' }, { snapshot: ended })).toEqual({ kind: 'done', endReason: 1, completed: 2 })
})
