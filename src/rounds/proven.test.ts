import { beforeEach, describe, expect, it } from 'vitest'
import type { Hex, Publishable } from '../study/types.ts'
import { type HospitalPorts, perform, type TaskContext } from './effects.ts'
import { createMemoryJournal } from './journal.ts'
import {
  type AuditAnswer,
  type AuditQuestion,
  type Blob,
  type MaskedAnswers,
  type Member,
  Mode,
  Phase,
  type ProvenUpdate,
  type RoundDraw,
  RoundKind,
  type StudySnapshot,
} from './ports.ts'
import { initialState, NO_HASH, type Task } from './state.ts'
import { address, hash, members } from './testMembers.ts'

/** The second to join. */
const self = address(2)
const [seed, beacon, secret] = [hash(51), hash(52), hash(53)]
const promised = { trace: hash(61), promise: hash(62) }
const signature = { r: NO_HASH, s: NO_HASH }
const answer: AuditAnswer = {
  ...{ data: '0x01', pin: [1n, 2n], afterRoot: '0x02', start: [3n], phi: [4n, 5n], products: [6n] },
}
const proof = new Uint8Array([7, 8])

function snapshot(changes: Partial<StudySnapshot> = {}): StudySnapshot {
  return {
    ...{ phase: Phase.Train, kind: RoundKind.Training, endReason: 0, round: 5, completed: 4, voids: 0 },
    ...{ deadline: 1000, time: 100, participants: 0b1111n, submitted: 0b1111n, survivors: 0n },
    ...{ seats: [0, 1, 2, 3], attested: 0, revealed: 0, signed: 0, opened: [0n, 0n, 0n, 0n] },
    members: members.map(member => member.address),
    updates: [hash(11), hash(12), hash(13), hash(14)],
    ...{ modelRound: 4, modelMembers: 4, modelHash: hash(1), modelHeader: hash(1) },
    ...{ mode: Mode.Committee, weights: [0, 0, 0, 0], drawn: 0, opening: 0, shared: 0, drawable: false },
    masks: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    shares: [NO_HASH, NO_HASH, NO_HASH, NO_HASH],
    ...{ scored: false, answered: 0, products: [NO_HASH, NO_HASH, NO_HASH, NO_HASH] },
    ...{ proven: true, prepared: 0b1111n, contributions: [9, 4, 9, 9], unsealed: 0n, revealable: false, missed: false },
    ...{
      audited: 0b1010n,
      cleared: 0n,
      failed: 0n,
      roundSeed: seed,
      beacon,
      data: [NO_HASH, hash(41), NO_HASH, NO_HASH],
    },
    ...changes,
  }
}

/** What left this hospital, in order. */
let sent: unknown[]
/** What the trainer was asked for, in order. */
let asked: unknown[]
/** What each update was opened against, by member. */
let opened: Map<number, ProvenUpdate | undefined>
let given: MaskedAnswers[]
let ports: HospitalPorts

beforeEach(() => {
  sent = []
  asked = []
  opened = new Map()
  given = []
  let made = 0
  const blob = { header: new Uint8Array(1), chunks: [] } as Blob as Publishable<Blob>
  const send = (name: string) => async (call: object) => void sent.push([name, call])
  ports = {
    chain: {
      ref: { deployment: NO_HASH, chainId: 1, study: address(99) },
      self,
      members: async () => members,
      commitments: async () => members.map(() => hash(7)),
      // Nothing is to be found of the fourth's.
      traces: async () => [1, 2, 3].map(n => ({ trace: hash(70 + n) })).concat([null as never]),
      answers: async () => [
        { hospital: address(2), phi: [4n, 5n], products: [6n] },
        { hospital: address(88), phi: [0n, 0n], products: [] },
      ],
      prepare: send('prepare'),
      submitUpdate: send('submitUpdate'),
      reveal: send('reveal'),
      prove: send('prove'),
      attest: send('attest'),
      signModel: async () => {},
    },
    store: { put: async () => {}, get: async () => blob },
    training: {
      prepareData: async () => hash(41),
      trainAndSeal: async (_round: number, _seats: unknown, _work: unknown, draw?: RoundDraw) => {
        asked.push(draw)
        const proven = draw && { ...promised, secret }
        return { blob, digest: hash(100 + ++made), commitment: hash(7), ...(proven && { proven }) }
      },
      proveRound: async (_round: number, _seats: unknown, question: AuditQuestion) => {
        asked.push(question)
        return { answer, proof }
      },
      open: async (_round: number, { index }: Member, ...rest: unknown[]) => {
        opened.set(index, rest[3] as ProvenUpdate)
        return true
      },
      openMasked: async (_round: number, _seats: unknown, { index }: Member, ...rest: unknown[]) => {
        opened.set(index, rest[3] as ProvenUpdate)
        return true
      },
      score: async () => [1, 2, 3, 4],
      aggregateMasked: async (_round: number, _committee: unknown, answers: MaskedAnswers) => {
        given.push(answers)
        return { model: { blob, digest: hash(8), modelHash: hash(8) } }
      },
    },
    journal: createMemoryJournal(),
    signer: {
      preparation: async () => signature,
      attestation: async () => signature,
      model: async () => signature,
      scoreCommitment: () => hash(3),
    },
    manifest: {},
    privacy: null,
  } as unknown as HospitalPorts
})

function run(type: 'prepare' | 'contribute' | 'unseal' | 'prove' | 'review' | 'conclude', now = snapshot()) {
  const task: Task = { type, round: 5 }
  const context: TaskContext = {
    ...{ ports, snapshot: now, state: () => initialState(self), held: new Set<Hex>() },
    signal: new AbortController().signal,
    onProgress: () => {},
  }
  return perform(task, context)
}

const training = snapshot({ submitted: 0n })

describe('a hospital of a proven study', () => {
  it('says which patients it trains on, signed', async () => {
    expect(await run('prepare', snapshot({ prepared: 0n }))).toEqual({ sent: true })
    expect(sent).toEqual([['prepare', { data: hash(41), signature }]])
  })

  it('trains by the draw of its round, and keeps its secret to itself', async () => {
    await run('contribute', training)
    expect(asked).toEqual([{ seed, member: 1, contribution: 3 }])
    expect(sent).toEqual([['submitUpdate', { round: 5, update: hash(101), commitment: hash(7), proven: promised }]])
    expect((await ports.journal.get(5, 'sealed'))?.proven?.secret).toBe(secret)
  })

  it('trains nothing where the chain has other patients pinned', async () => {
    await expect(
      run('contribute', { ...training, data: [hash(40), hash(40), hash(40), hash(40)] }),
    ).rejects.toMatchObject({
      code: 'proving.lost',
    })
    expect(asked).toEqual([])
    expect(sent).toEqual([])
  })

  it('sends the same update again after a reload', async () => {
    await run('contribute', training)
    await run('contribute', training)
    expect(asked).toHaveLength(1)
    expect(sent[1]).toEqual(sent[0])
  })

  it('trains anew where the chain took the beginning of the round back', async () => {
    const turned = { ...training, roundSeed: hash(54) }
    await run('contribute', training)
    await run('contribute', turned)
    expect(asked).toEqual([
      { seed, member: 1, contribution: 3 },
      { seed: hash(54), member: 1, contribution: 3 },
    ])
    expect(sent).toMatchObject([
      ['submitUpdate', { update: hash(101) }],
      ['submitUpdate', { update: hash(102) }],
    ])
  })

  it('is given no draw, and promises nothing, where the study is not proven', async () => {
    await run('contribute', { ...training, proven: false })
    expect(asked).toEqual([undefined])
    expect(sent).toEqual([['submitUpdate', { round: 5, update: hash(101), commitment: hash(7) }]])
    expect(await ports.journal.get(5, 'sealed')).not.toHaveProperty('seed')
  })

  it('opens what it promised, and says so plainly where the browser forgot it', async () => {
    await expect(run('unseal')).rejects.toMatchObject({ code: 'journal.lost' })
    await run('contribute', training)
    await run('unseal', snapshot({ phase: Phase.Reveal }))
    expect(sent[1]).toEqual(['reveal', { round: 5, secret }])
  })

  it('proves the round that it submitted once, and sends the same proof after a reload', async () => {
    const auditing = snapshot({ phase: Phase.Audit, contributions: [9, 4, 9, 9] })
    await run('prove', auditing)
    await run('prove', auditing)
    expect(asked).toEqual([{ draw: { seed, member: 1, contribution: 3 }, beacon }])
    expect(sent).toEqual([
      ['prove', { round: 5, answer, proof }],
      ['prove', { round: 5, answer, proof }],
    ])
  })

  it('proves again where a reorg drew another beacon', async () => {
    const auditing = snapshot({ phase: Phase.Audit })
    await run('prove', auditing)
    await run('prove', { ...auditing, beacon: hash(55) })
    expect(asked).toMatchObject([{ beacon }, { beacon: hash(55) }])
  })
})

describe('a seat of a proven study', () => {
  it('opens updates against their traces and what was answered, not those of who failed or left no trace', async () => {
    await run('review', snapshot({ phase: Phase.Attest, failed: 0b0100n }))
    expect([...opened]).toEqual([
      [0, { trace: hash(71), member: 0 }],
      [1, { trace: hash(72), member: 1, answer: { beacon, phi: [4n, 5n], products: [6n] } }],
    ])
    expect(sent).toMatchObject([['attest', { opened: 0b0011n }]])
  })

  it('asks again where the node does not show what somebody answered who was cleared', async () => {
    const behind = snapshot({ phase: Phase.Attest, cleared: 0b1010n })
    await expect(run('review', behind)).rejects.toMatchObject({ code: 'chain.incomplete' })
    expect([opened.size, sent]).toEqual([0, []])
    await run('review', { ...behind, cleared: 0b0010n })
    expect(sent).toHaveLength(1)
  })

  it('holds the sum of masks against what proven hospitals claim', async () => {
    const votes = snapshot({
      ...{ phase: Phase.Aggregate, mode: Mode.Masked, survivors: 0b0111n, weights: [1, 1, 1, 0] },
      ...{ attested: 0b1111, revealed: 0b1111, opened: [7n, 7n, 7n, 7n] },
    })
    await run('conclude', votes)
    expect(opened.get(1)).toMatchObject({ answer: { beacon } })
    await run('conclude', { ...votes, proven: false })
    expect(given.map(({ claims }) => claims)).toEqual([[{ member: 1, products: [6n] }], undefined])
  })

  it('needs nothing of the kind where the study is not proven', async () => {
    await run('review', snapshot({ phase: Phase.Attest, proven: false }))
    expect([...opened.values()]).toEqual([undefined, undefined, undefined, undefined])
  })
})
