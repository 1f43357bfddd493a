import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ADVANCE_STAGGER_SECONDS, drawOf, LOST_AFTER_SECONDS } from './duties.ts'
import { transition } from './machine.ts'
import { Mode, Phase, RoundKind, type StudySnapshot } from './ports.ts'
import { type HospitalEvent, type HospitalState, initialState, NO_HASH, type Task, type Transition } from './state.ts'
import { address } from './testMembers.ts'

const self = address(1)
const HASH = `0x${'ab'.repeat(32)}` as const

function snapshot(changes: Partial<StudySnapshot> = {}): StudySnapshot {
  return {
    phase: Phase.Train,
    kind: RoundKind.Training,
    endReason: 0,
    round: 1,
    completed: 0,
    voids: 0,
    deadline: 1000,
    time: 100,
    participants: 0b1111n,
    submitted: 0n,
    survivors: 0n,
    seats: [0, 1, 2, 3],
    attested: 0,
    revealed: 0,
    signed: 0,
    opened: [0n, 0n, 0n, 0n],
    members: [address(9), self, address(2), address(3)],
    updates: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    modelRound: 0,
    modelMembers: changes.modelRound === undefined || changes.modelRound === 0 ? 0 : 4,
    modelHash: NO_HASH,
    modelHeader: NO_HASH,
    mode: Mode.Committee,
    weights: [0, 0, 0, 0],
    drawn: 0,
    opening: 0,
    shared: 0,
    drawable: false,
    masks: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    shares: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    ...{ scored: false, answered: 0, products: [NO_HASH, NO_HASH, NO_HASH, NO_HASH] },
    ...{ proven: false, prepared: 0n, contributions: [0, 0, 0, 0], unsealed: 0n, revealable: false, missed: false },
    ...{ audited: 0n, cleared: 0n, failed: 0n, roundSeed: NO_HASH, beacon: NO_HASH },
    data: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    ...changes,
  }
}

function play(...events: HospitalEvent[]): Transition {
  let result: Transition = { state: initialState(self), effects: [] }
  for (const event of events) result = transition(result.state, event)
  return result
}

const see = (changes: Partial<StudySnapshot> = {}): HospitalEvent => ({ type: 'snapshot', snapshot: snapshot(changes) })
const started = ({ effects }: Transition): Task[] => effects.flatMap(e => (e.type === 'start' ? [e.task] : []))
const cancelled = ({ effects }: Transition): Task[] => effects.flatMap(e => (e.type === 'cancel' ? [e.task] : []))
const contribute: Task = { type: 'contribute', round: 1 }
const sent = { sent: true } as const

describe('a hospital in a round', () => {
  it('contributes once, when the round asks for it', () => {
    const first = play(see())
    expect(started(first)).toEqual([contribute])
    expect(started(transition(first.state, see({ time: 101 })))).toEqual([])
  })

  it('does not send again while its transaction is on the way, and does when a reorg lost it', () => {
    const waiting = play(see(), { type: 'done', task: contribute, result: sent })
    expect(started(waiting)).toEqual([])
    expect(started(transition(waiting.state, see({ time: 100 + LOST_AFTER_SECONDS - 1 })))).toEqual([])
    expect(started(transition(waiting.state, see({ time: 100 + LOST_AFTER_SECONDS })))).toEqual([contribute])
  })

  it('leaves a round alone that its privacy budget does not cover, and still sits on the committee', () => {
    const abstained = play(see(), { type: 'done', task: contribute, result: { abstained: 1 } })
    expect(started(abstained)).toEqual([])
    expect(started(transition(abstained.state, see({ time: 101 + LOST_AFTER_SECONDS })))).toEqual([])
    const attesting = transition(abstained.state, see({ phase: Phase.Attest, submitted: 0b1101n }))
    expect(started(attesting)).toEqual([{ type: 'review', round: 1 }])
    const next = transition(attesting.state, see({ round: 2 }))
    expect(started(next)).toEqual([{ type: 'contribute', round: 2 }])
  })

  it('installs a finalised model before it does anything else', () => {
    expect(started(play(see({ round: 2, modelRound: 1, modelHash: HASH })))).toEqual([{ type: 'install', round: 1 }])
  })

  it('installs again when a reorg replaced the model under the same round', () => {
    const installed = play(see({ round: 2, modelRound: 1, modelHash: HASH }), {
      type: 'done',
      task: { type: 'install', round: 1 },
      result: { installed: { round: 1, hash: HASH } },
    })
    const other = `0x${'cd'.repeat(32)}` as const
    const reorged = transition(installed.state, see({ round: 2, modelRound: 1, modelHash: other }))
    expect(cancelled(reorged)).toEqual([{ type: 'contribute', round: 2 }])
    expect(started(reorged)).toEqual([{ type: 'install', round: 1 }])
  })

  it.each([
    [Phase.Attest, {}, 'review'],
    [Phase.Score, { attested: 0b10 }, 'reveal'],
    [Phase.Aggregate, {}, 'conclude'],
  ] as const)('owes what its seat owes in phase %s', (phase, changes, type) => {
    expect(started(play(see({ phase, ...changes })))).toEqual([{ type, round: 1 }])
    const seatsOfOthers = { phase, ...changes, seats: [0, 2, 3] }
    expect(started(play(see(seatsOfOthers)))).toEqual([])
  })

  it('unmasks when it attested the whole frozen set, and not when it lacks a seed', () => {
    const frozen = { mode: Mode.Masked, phase: Phase.Unmask, survivors: 0b1101n, attested: 0b1111 }
    expect(started(play(see({ ...frozen, opened: [0n, 0b1111n, 0n, 0n] })))).toEqual([{ type: 'unmask', round: 1 }])
    const lacking = { ...frozen, opened: [0n, 0b0101n, 0n, 0n] }
    expect(started(play(see(lacking)))).toEqual([])
    // Nor can it read the others' answers; it owes no share and no signature.
    expect(started(play(see({ ...lacking, phase: Phase.Recover, opening: 0b1000 })))).toEqual([])
    expect(started(play(see({ ...lacking, phase: Phase.Aggregate })))).toEqual([])
    expect(started(play(see({ ...frozen, opened: [0n, 0b1111n, 0n, 0n], revealed: 0b10 })))).toEqual([])
  })

  it('answers for scores when it unmasked, once', () => {
    const asked = { mode: Mode.Masked, phase: Phase.Score, attested: 0b1111, revealed: 0b0110, scored: true }
    expect(started(play(see(asked)))).toEqual([{ type: 'score', round: 1 }])
    expect(started(play(see({ ...asked, answered: 0b10 })))).toEqual([])
    expect(started(play(see({ ...asked, revealed: 0b0100 })))).toEqual([])
  })

  it('draws a seat only once the block that draws is there', () => {
    const drawing = { mode: Mode.Masked, phase: Phase.Draw, deadline: 100, time: 200 }
    expect(started(play(see(drawing)))).toEqual([])
    expect(started(play(see({ ...drawing, drawable: true })))).toEqual([{ type: 'advance', round: 1, deadline: 100 }])
  })

  it('opens its shares again when another seat is drawn in the same round', () => {
    const first = {
      mode: Mode.Masked,
      phase: Phase.Recover,
      opening: 0b1000,
      drawn: 4,
      revealed: 0b1111,
      attested: 0b1111,
      opened: [15n, 15n, 15n, 15n],
    }
    const opening = play(see(first))
    const task: Task = { type: 'recover', round: 1, opening: 0b1000 }
    expect(started(opening)).toEqual([task])
    const done = transition(opening.state, { type: 'done', task, result: sent })
    expect(started(transition(done.state, see({ ...first, shared: 0b10 })))).toEqual([])
    const again = transition(done.state, see({ ...first, opening: 0b1001, drawn: 1 }))
    expect(started(again)).toEqual([{ type: 'recover', round: 1, opening: 0b1001 }])
  })

  it('does not reveal what it never committed to', () => {
    expect(started(play(see({ phase: Phase.Score, attested: 0b1101 })))).toEqual([])
  })

  it('stops training when the deadline left it behind', () => {
    const late = transition(play(see()).state, see({ phase: Phase.Attest, submitted: 0b1101n, seats: [0, 2, 3] }))
    expect(cancelled(late)).toEqual([contribute])
    expect(late.state.task).toBeNull()
  })

  it('gives up at the deadline what the contract no longer takes, and moves the study on instead', () => {
    const late = transition(play(see()).state, see({ time: 1000 }))
    expect(cancelled(late)).toEqual([contribute])
    const turn = ((1 + 1 + Phase.Train) % 4) * ADVANCE_STAGGER_SECONDS
    expect(started(transition(late.state, see({ time: 1001 + turn })))).toEqual([
      { type: 'advance', round: 1, deadline: 1000 },
    ])
  })

  it('takes turns in calling advance', () => {
    const turn = (1 + 1 + Phase.Score) % 4
    const at = 1000 + turn * ADVANCE_STAGGER_SECONDS
    const overdue = { phase: Phase.Score, attested: 0b1101 }
    expect(started(play(see({ ...overdue, time: at })))).toEqual([])
    expect(started(play(see({ ...overdue, time: at + 1 })))).toEqual([{ type: 'advance', round: 1, deadline: 1000 }])
  })

  it('waits longer after every failure, but only for the task that failed', () => {
    const failed = (state: HospitalState, time: number) =>
      transition(transition(state, see({ time })).state, {
        type: 'failed',
        task: contribute,
        error: new Error('relay gone'),
        declined: false,
      })
    const once = failed(initialState(self), 100)
    expect(once.state.retryAt).toBe(101)
    const twice = failed(once.state, 101)
    expect(twice.state.retryAt).toBe(103)
    expect(started(transition(twice.state, see({ time: 102 })))).toEqual([])
    expect(started(transition(twice.state, see({ time: 103 })))).toEqual([contribute])
    const attest = see({ time: 102, phase: Phase.Attest })
    expect(started(transition(twice.state, attest))).toEqual([{ type: 'review', round: 1 }])
  })

  it('rests when a wallet prompt was declined, and asks again on resume', () => {
    const declined = play(see(), { type: 'failed', task: contribute, error: new Error('no'), declined: true })
    expect(started(transition(declined.state, see({ time: 200 })))).toEqual([])
    expect(started(transition(declined.state, { type: 'resume' }))).toEqual([contribute])
  })

  it('pauses at once and goes on where it stopped', () => {
    const paused = transition(play(see()).state, { type: 'pause' })
    expect(cancelled(paused)).toEqual([contribute])
    expect(started(transition(paused.state, see({ time: 110 })))).toEqual([])
    expect(started(transition(paused.state, { type: 'resume' }))).toEqual([contribute])
  })

  it('drops an evaluation the moment a seat owes something', () => {
    const evaluating = play(see({ modelRound: 1, modelHash: HASH, round: 2, submitted: 0b10n }), {
      type: 'done',
      task: { type: 'install', round: 1 },
      result: { installed: { round: 1, hash: HASH } },
    })
    expect(started(evaluating)).toEqual([{ type: 'evaluate', round: 1, final: false }])
    const owed = transition(
      evaluating.state,
      see({ modelRound: 1, modelHash: HASH, round: 2, submitted: 0b1111n, phase: Phase.Attest }),
    )
    expect(cancelled(owed)).toEqual([{ type: 'evaluate', round: 1, final: false }])
    expect(started(owed)).toEqual([{ type: 'review', round: 2 }])
  })

  it('evaluates once more at the end, with the local baseline, and then has nothing left', () => {
    const ended = { phase: Phase.Ended, deadline: 0, modelRound: 1, modelHash: HASH }
    const final: Task = { type: 'evaluate', round: 1, final: true }
    const installed = play(see(ended), {
      type: 'done',
      task: { type: 'install', round: 1 },
      result: { installed: { round: 1, hash: HASH } },
    })
    expect(started(installed)).toEqual([final])
    const metrics = { patients: 1, accuracy: 1, logLoss: 0, auc: 1, confusion: [], precision: 1, recall: 1 }
    const done = transition(installed.state, {
      type: 'done',
      task: final,
      result: { evaluation: { round: 1, federated: metrics, local: metrics, majorityAccuracy: 0.5 } },
    })
    expect(started(done)).toEqual([])
    expect(done.state.finished).toBe(true)
  })

  it('waits for a model that is sealed to it when it joined too late for the last one', () => {
    const late = { round: 2, modelRound: 1, modelHash: HASH, modelMembers: 1, participants: 0b1101n }
    const waiting = play(see(late))
    expect(started(waiting)).toEqual([])
    expect(waiting.state.lastError).toBeNull()
    const next = { round: 3, modelRound: 2, modelHash: `0x${'cd'.repeat(32)}` as const, modelMembers: 4 }
    expect(started(transition(waiting.state, see(next)))).toEqual([{ type: 'install', round: 2 }])
    expect(started(play(see({ ...late, phase: Phase.Ended, deadline: 0 })))).toEqual([])
  })

  it('only watches a study that it is no member of', () => {
    const members = [address(7), address(8)]
    expect(started(play(see({ members })))).toEqual([])
    expect(started(play(see({ members, modelRound: 1, modelHash: HASH, modelMembers: 2 })))).toEqual([])
  })
})

describe('a hospital in a proven study', () => {
  const SEED = `0x${'5e'.repeat(32)}` as const
  const proven = { proven: true, prepared: 0b1111n, roundSeed: SEED }
  const prepare: Task = { type: 'prepare', round: 1 }

  it('prepares once, before the first round, between rounds and while others are in one', () => {
    const unprepared = { ...proven, prepared: 0b1101n, participants: 0b1101n, seats: [0, 2, 3] }
    for (const phase of [Phase.Open, Phase.Train, Phase.Reveal, Phase.Aggregate, Phase.Settle]) {
      expect(started(play(see({ ...unprepared, phase })))).toEqual([prepare])
      expect(started(play(see({ ...unprepared, phase, prepared: 0b1111n })))).toEqual([])
      expect(started(play(see({ ...unprepared, phase, proven: false })))).toEqual([])
    }
    expect(started(play(see({ ...unprepared, phase: Phase.Ended })))).toEqual([])
    expect(started(play(see({ ...unprepared, members: [address(7), address(8)] })))).toEqual([])
  })

  it('goes on preparing when a round begins, and waits for the transaction', () => {
    const open = { ...proven, prepared: 0n, participants: 0n, seats: [], phase: Phase.Open, round: 0 }
    const preparing = play(see(open))
    const begun = transition(preparing.state, see({ ...open, round: 1, phase: Phase.Train, participants: 0b1101n }))
    expect([cancelled(begun), started(begun)]).toEqual([[], []])
    expect(begun.state.task?.type).toBe('prepare')
    const done = transition(begun.state, { type: 'done', task: prepare, result: sent })
    expect(started(done)).toEqual([])
    expect(started(transition(done.state, see({ ...open, round: 1, time: 100 + LOST_AFTER_SECONDS })))).toEqual([
      prepare,
    ])
  })

  it('prepares before it moves a study on, and after what its seat owes', () => {
    const unprepared = { ...proven, prepared: 0b1101n }
    expect(started(play(see({ ...unprepared, phase: Phase.Settle, time: 2000 })))).toEqual([prepare])
    expect(started(play(see({ ...unprepared, phase: Phase.Attest })))).toEqual([{ type: 'review', round: 1 }])
  })

  it('moves a study on while its preparation waits for another try', () => {
    const open = { ...proven, prepared: 0n, participants: 0n, phase: Phase.Settle, time: 2000 }
    const failing = transition(play(see(open)).state, {
      type: 'failed',
      task: prepare,
      error: new Error('relay gone'),
      declined: false,
    })
    expect(started(failing)).toEqual([{ type: 'advance', round: 1, deadline: 1000 }])
    const again = transition({ ...failing.state, task: null }, see({ ...open, time: 2001 }))
    expect(started(again)).toEqual([prepare])
  })

  it('trains anew when a reorg gives the round another seed', () => {
    const first = play(see(proven))
    expect(started(first)).toEqual([{ type: 'contribute', round: 1, seed: SEED }])
    const turned = transition(first.state, see({ ...proven, roundSeed: HASH }))
    expect(cancelled(turned)).toEqual([{ type: 'contribute', round: 1, seed: SEED }])
    expect(started(turned)).toEqual([{ type: 'contribute', round: 1, seed: HASH }])
  })

  it('contributes nothing once its contributions are used up: it is no participant then', () => {
    expect(started(play(see({ ...proven, contributions: [3, 3, 3, 3], participants: 0b1101n })))).toEqual([])
  })

  it('opens what it promised as soon as that is taken, where it submitted and has not yet', () => {
    const revealing = { ...proven, phase: Phase.Reveal, submitted: 0b1111n, revealable: true }
    expect(started(play(see(revealing)))).toEqual([{ type: 'unseal', round: 1 }])
    expect(started(play(see({ ...revealing, revealable: false })))).toEqual([])
    expect(started(play(see({ ...revealing, unsealed: 0b0010n })))).toEqual([])
    expect(started(play(see({ ...revealing, submitted: 0b1101n })))).toEqual([])
  })

  it('proves where it is drawn, until that is taken', () => {
    const auditing = { ...proven, phase: Phase.Audit, submitted: 0b1111n, audited: 0b0110n }
    expect(started(play(see(auditing)))).toEqual([{ type: 'prove', round: 1 }])
    expect(started(play(see({ ...auditing, cleared: 0b0010n })))).toEqual([])
    expect(started(play(see({ ...auditing, failed: 0b0010n })))).toEqual([])
    expect(started(play(see({ ...auditing, audited: 0b0100n })))).toEqual([])
    const paused = transition(play(see(auditing)).state, { type: 'pause' })
    expect(cancelled(paused)).toEqual([{ type: 'prove', round: 1 }])
    expect(started(transition(paused.state, { type: 'resume' }))).toEqual([{ type: 'prove', round: 1 }])
  })

  it('still sits on the committee of a round in which it failed', () => {
    const failed = { ...proven, phase: Phase.Attest, submitted: 0b1111n, failed: 0b0010n }
    expect(started(play(see(failed)))).toEqual([{ type: 'review', round: 1 }])
  })

  it('moves a round with missing reveals on at the deadline, and again once the block that draws is mined', () => {
    const late = { ...proven, phase: Phase.Reveal, submitted: 0b1111n, unsealed: 0b0011n, time: 2000 }
    const advance = { type: 'advance', round: 1, deadline: 1000 }
    expect(started(play(see(late)))).toEqual([advance])
    expect(started(play(see({ ...late, missed: true })))).toEqual([])
    expect(started(play(see({ ...late, missed: true, drawable: true })))).toEqual([advance])
    // Who is not first in turn waits until the first has plainly had its chance.
    const drawable = { ...late, missed: true, drawable: true, deadline: 1990 }
    expect(((1 + 1 + Phase.Reveal) % 4) * ADVANCE_STAGGER_SECONDS).toBe(0)
    expect(started(play(see(drawable)))).toHaveLength(1)
    expect(started(play(see({ ...drawable, members: [self, address(9), address(2), address(3)] })))).toEqual([])
  })

  it('gives up what it can no longer do, and tries again only when it is asked to', () => {
    const revealing = see({ ...proven, phase: Phase.Reveal, submitted: 0b1111n, revealable: true })
    const unseal: Task = { type: 'unseal', round: 1 }
    const lost = { type: 'failed', task: unseal, error: new Error('gone'), declined: false } as const
    const givenUp = transition(play(revealing).state, { ...lost, isFinal: true })
    const later = { ...proven, phase: Phase.Reveal, submitted: 0b1111n, revealable: true, time: 900 } as const
    expect(started(transition(givenUp.state, see(later)))).toEqual([])
    expect(started(transition(givenUp.state, { type: 'resume' }))).toEqual([unseal])
    const once = transition(play(revealing).state, { ...lost, isFinal: false })
    expect(started(transition(once.state, see(later)))).toEqual([unseal])
    const left = transition(play(see({ ...proven, prepared: 0n, participants: 0n, seats: [] })).state, {
      ...{ type: 'failed', task: prepare, error: new Error('left'), declined: false, isFinal: true },
    })
    expect(started(transition(left.state, see({ ...proven, prepared: 0n, participants: 0n, time: 900 })))).toEqual([])
    // It moves the study on all the same.
    const overdue = transition(givenUp.state, see({ ...later, time: 2000 }))
    expect(started(overdue)).toEqual([{ type: 'advance', round: 1, deadline: 1000 }])
  })

  it('takes the same noise and order for the proof as for the update', () => {
    const before = snapshot({ ...proven, contributions: [9, 3, 9, 9] })
    const draw = { seed: SEED, member: 1, contribution: 2 }
    expect(drawOf(before, 1)).toEqual(draw)
    expect(drawOf({ ...before, submitted: 0b10n, contributions: [9, 3, 9, 9] }, 1)).toEqual(draw)
  })
})

describe('whatever order snapshots, results and failures come in', () => {
  const event = fc.oneof(
    fc
      .record({
        phase: fc.constantFrom(...Object.values(Phase)),
        round: fc.integer({ min: 1, max: 3 }),
        time: fc.integer({ min: 100, max: 1100 }),
        submitted: fc.bigInt({ min: 0n, max: 15n }),
        attested: fc.integer({ min: 0, max: 15 }),
        revealed: fc.integer({ min: 0, max: 15 }),
        signed: fc.integer({ min: 0, max: 15 }),
        modelRound: fc.integer({ min: 0, max: 2 }),
      })
      .map(
        (changes): HospitalEvent =>
          see({
            ...changes,
            modelHash: changes.modelRound === 0 ? NO_HASH : `0x${String(changes.modelRound).repeat(64)}`,
          }),
      ),
    fc.constantFrom('done' as const, 'failed' as const, 'pause' as const, 'resume' as const),
  )

  it('runs at most one task, cancels only what runs, and never starts what the snapshot does not owe', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), events => {
        let state = initialState(self)
        let running: Task | null = null
        for (const item of events) {
          if (typeof item === 'string' && (item === 'done' || item === 'failed') && running === null) continue
          const step = transition(state, typeof item === 'string' ? finish(item, running) : item)
          if (typeof item === 'string' && (item === 'done' || item === 'failed')) running = null
          for (const effect of step.effects) {
            if (effect.type === 'cancel') {
              expect(running).toEqual(effect.task)
              running = null
            }
            if (effect.type === 'start') {
              expect(running).toBeNull()
              expect(step.state.paused).toBe(false)
              if (effect.task.type === 'contribute') {
                expect(effect.snapshot.phase).toBe(Phase.Train)
                expect(effect.snapshot.submitted & 0b10n).toBe(0n)
                expect(step.state.installed.hash).toBe(effect.snapshot.modelHash)
              }
              running = effect.task
            }
          }
          expect(step.state.task).toEqual(running)
          state = step.state
        }
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  function finish(kind: 'done' | 'failed' | 'pause' | 'resume', task: Task | null): HospitalEvent {
    if (kind === 'pause' || kind === 'resume' || task === null) return { type: kind === 'pause' ? 'pause' : 'resume' }
    if (kind === 'failed') return { type: 'failed', task, error: new Error('x'), declined: false }
    if (task.type === 'install') {
      const hash = task.round === 0 ? NO_HASH : (`0x${String(task.round).repeat(64)}` as const)
      return { type: 'done', task, result: { installed: { round: task.round, hash } } }
    }
    if (task.type === 'evaluate') {
      const metrics = { patients: 1, accuracy: 1, logLoss: 0, auc: 1, confusion: [], precision: 1, recall: 1 }
      const evaluation = { round: task.round, federated: metrics, local: null, majorityAccuracy: 0.5 }
      return { type: 'done', task, result: { evaluation } }
    }
    return { type: 'done', task, result: sent }
  }
})
