import { beforeEach, describe, expect, it } from 'vitest'
import type { FrozenHospital } from '../aggregation/masking/freeze.ts'
import { AppError } from '../errors/AppError.ts'
import type { Hex, Publishable } from '../study/types.ts'
import { frozenSet } from './duties.ts'
import { type HospitalPorts, perform, type TaskContext } from './effects.ts'
import { createMemoryJournal } from './journal.ts'
import { type Blob, type MaskedAnswers, Mode, Phase, RoundKind, type Sealed, type StudySnapshot } from './ports.ts'
import { initialState, NO_HASH, type Task } from './state.ts'
import { address, hash, members } from './testMembers.ts'

const self = address(1)

function snapshot(changes: Partial<StudySnapshot> = {}): StudySnapshot {
  return {
    ...{ phase: Phase.Unmask, kind: RoundKind.Training, endReason: 0, round: 5, completed: 4, voids: 0 },
    ...{ deadline: 1000, time: 100, participants: 0b1111n, submitted: 0b1111n, survivors: 0b0111n },
    ...{ seats: [0, 1, 2, 3], attested: 0b1111, revealed: 0, signed: 0, opened: [15n, 15n, 15n, 15n] },
    members: members.map(member => member.address),
    updates: [hash(11), hash(12), hash(13), hash(14)],
    ...{ modelRound: 4, modelMembers: 4, modelHash: hash(1), modelHeader: hash(1) },
    ...{ mode: Mode.Masked, weights: [2, 1, 4, 0], drawn: 0, opening: 0, shared: 0, drawable: false },
    masks: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    shares: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    ...{ scored: false, answered: 0, products: [NO_HASH, NO_HASH, NO_HASH, NO_HASH] },
    ...{ proven: false, prepared: 0n, contributions: [0, 0, 0, 0], unsealed: 0n, revealable: false, missed: false },
    ...{ audited: 0n, cleared: 0n, failed: 0n, roundSeed: NO_HASH, beacon: NO_HASH },
    data: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    ...changes,
  }
}

const set = frozenSet(snapshot())
const heavier: FrozenHospital[] = set.map(one => ({ ...one, weight: one.weight * 2 }))
/** What each seal gives: another one every time, as salts are fresh. */
let sealings: number
let posted: Hex[]
let shared: Hex[]
let answered: Hex[]
let signed: unknown[]
/** What the trainer was given to open the sum from. */
let given: MaskedAnswers[]
/** What the two nodes answer, one look after the other; the last answer stays. */
let views: FrozenHospital[][][]
let ports: HospitalPorts

function seal(): Promise<Sealed> {
  const digest = hash(100 + ++sealings)
  const blob = { header: new Uint8Array([sealings]), chunks: [] } as Blob as Publishable<Blob>
  return Promise.resolve({ blob, digest, commitment: hash(7) })
}

beforeEach(() => {
  sealings = 0
  posted = []
  shared = []
  answered = []
  signed = []
  given = []
  views = [[set, set]]
  const signature = { r: NO_HASH, s: NO_HASH }
  ports = {
    chain: {
      ref: { deployment: NO_HASH, chainId: 1, study: address(99) },
      self,
      members: async () => members,
      commitments: async () => members.map(() => hash(7)),
      frozenSets: async () => (views.length > 1 ? views.shift() : views[0]) ?? [],
      postMasks: async ({ masks }: { masks: Hex }) => {
        posted.push(masks)
      },
      postProducts: async ({ products }: { products: Hex }) => {
        answered.push(products)
      },
      signModel: async (call: { scores?: readonly number[] }) => {
        signed.push(call.scores)
      },
      openShares: async ({ shares }: { shares: Hex }) => {
        shared.push(shares)
      },
    },
    store: { put: async () => {}, get: async () => ({ header: new Uint8Array(1), chunks: [] }) },
    training: {
      openMasked: async () => true,
      sealMasks: seal,
      sealShares: seal,
      sealProducts: (_round: number, _committee: unknown, answers: MaskedAnswers) => {
        given.push(answers)
        return seal()
      },
      aggregateMasked: async (_round: number, _committee: unknown, answers: MaskedAnswers) => {
        given.push(answers)
        const { blob, digest } = await seal()
        return { model: { blob, digest, modelHash: hash(8) }, ...(answers.products && { scores: [700, -20, 10] }) }
      },
    },
    journal: createMemoryJournal(),
    signer: {
      masks: async () => signature,
      shares: async () => signature,
      products: async () => signature,
      model: async () => signature,
      scoredModel: async () => signature,
    },
    manifest: {},
    privacy: null,
  } as unknown as HospitalPorts
})

function run(task: Task, now = snapshot(), signal = new AbortController().signal): Promise<unknown> {
  const context: TaskContext = {
    ...{ ports, snapshot: now, state: () => initialState(self), held: new Set(), signal },
    onProgress: () => {},
  }
  return perform(task, context)
}

const unmask: Task = { type: 'unmask', round: 5 }
const recover = (opening: number): Task => ({ type: 'recover', round: 5, opening })

describe('a seat that unmasks', () => {
  it('posts once two nodes show the set that it saw frozen in a final block', async () => {
    views = [[], [set, heavier], [set, set]]
    await run(unmask)
    expect(posted).toEqual([hash(101)])
  })

  it('posts nothing while the nodes disagree', async () => {
    views = [[set, heavier]]
    const stopping = new AbortController()
    const waiting = run(unmask, snapshot(), stopping.signal)
    setTimeout(() => stopping.abort(new DOMException('the phase is over', 'AbortError')), 50)
    await expect(waiting).rejects.toThrow('the phase is over')
    expect(sealings).toBe(0)
    expect(posted).toEqual([])
  })

  it('sends the same bytes again after a reload', async () => {
    await run(unmask)
    await run(unmask)
    expect(posted).toEqual([hash(101), hash(101)])
    expect(sealings).toBe(1)
  })

  it('answers for no second set, whoever shows it: a reorganisation or a node that lies', async () => {
    await run(unmask)
    const other = snapshot({ weights: [4, 2, 8, 0] })
    views = [[heavier, heavier]]
    await expect(run(unmask, other)).rejects.toMatchObject({ code: 'masking.openedBefore' })
    // Void is void: the first set does not come back either.
    await expect(run(unmask)).rejects.toMatchObject({ code: 'masking.openedBefore' })
    expect(posted).toEqual([hash(101)])
  })

  it('opens shares of a seat once, and counts: no more seats than leave a seed closed', async () => {
    const drawn = snapshot({ phase: Phase.Recover, revealed: 0b1111, opening: 0b0010, drawn: 2 })
    await run(recover(0b0010), drawn)
    await run(recover(0b0010), drawn)
    expect(shared).toEqual([hash(101), hash(101)])
    // A chain that turned and drew another seat: four seats, two shares recover a seed, each hospital holds a seat.
    const turned = snapshot({ phase: Phase.Recover, revealed: 0b1111, opening: 0b0100, drawn: 3 })
    await expect(run(recover(0b0100), turned)).rejects.toMatchObject({ code: 'masking.tooManyOpened' })
    expect(shared).toHaveLength(2)
  })
})

describe('a seat of a study that scores', () => {
  const masks = [hash(21), hash(22), hash(23), NO_HASH]
  const scored = { scored: true, revealed: 0b0111, masks, opening: 0b1000 }
  const products = [hash(31), hash(32), hash(33), NO_HASH]

  it('answers from what opens the sum, and sends the same bytes again after a reload or for another sum', async () => {
    const asked = snapshot({ phase: Phase.Score, ...scored })
    await run({ type: 'score', round: 5 }, asked)
    await run({ type: 'score', round: 5 }, { ...asked, masks: [hash(24), hash(22), hash(23), NO_HASH] })
    expect(answered).toEqual([hash(101), hash(101)])
    expect(given.map(({ masks, opening }) => [masks.map(blob => blob !== null), opening])).toEqual([
      [[true, true, true, false], [3]],
    ])
  })

  it('signs the model with a score for each member, in the members’ order', async () => {
    const votes = snapshot({ phase: Phase.Aggregate, ...scored, answered: 0b0111, products, survivors: 0b1011n })
    await run({ type: 'conclude', round: 5 }, { ...votes, weights: [2, 1, 0, 4] })
    expect(given[0]?.products?.map(blob => blob !== null)).toEqual([true, true, true, false])
    expect(signed).toEqual([[700, -20, 0, 10]])
  })

  it('signs no scores in round zero, nor where nothing is scored', async () => {
    const votes = snapshot({ phase: Phase.Aggregate, ...scored })
    await run({ type: 'conclude', round: 5 }, { ...votes, kind: RoundKind.Statistics })
    await run({ type: 'conclude', round: 5 }, { ...votes, scored: false })
    expect(given.map(({ products }) => products)).toEqual([undefined, undefined])
    expect(signed).toEqual([undefined, undefined])
  })

  it('accuses who announces products and keeps them back', async () => {
    const kept: bigint[] = []
    const { chain, store, signer } = ports
    Object.assign(chain, { accuse: async ({ members }: { members: bigint }) => kept.push(members) })
    Object.assign(signer, { accusation: signer.model })
    Object.assign(store, {
      get: async (digest: Uint8Array) => {
        if (digest.at(-1) === 32) throw new AppError('storage.notFound')
        return { header: new Uint8Array(1), chunks: [] }
      },
    })
    await run({ type: 'conclude', round: 5 }, snapshot({ phase: Phase.Aggregate, ...scored, products }))
    expect(kept).toEqual([0b0010n])
  })
})
