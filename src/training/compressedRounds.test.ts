import 'fake-indexeddb/auto'
import { readFile } from 'node:fs/promises'
import { decode, encode } from '@ipld/dag-cbor'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDutySigner } from '../crypto/duty.ts'
import { open, openChange, readHeader, seal } from '../crypto/envelope.ts'
import { createKeys, publicKeys } from '../crypto/keys.ts'
import { type HeartSplit, heartDataset, heartShares } from '../data/heart.ts'
import type { Blob, Member, Sealed, SealedModel } from '../rounds/ports.ts'
import { parameterLayout } from '../study/layout.ts'
import { type LayerSpec, type Manifest, parseManifest } from '../study/manifest.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { defaultMasking, masked } from '../study/studies/masked.ts'
import { privately } from '../study/studies/privately.ts'
import { coordinatesSent, uploadBytes } from '../study/upload.ts'
import { createEngine, type Engine } from './engine.ts'
import { HospitalTrainer } from './HospitalTrainer.ts'
import { indexedDbResidualStore } from './residualStore.ts'
import { type TestHospital, testHospitals, testRef } from './testing.ts'

/** The heart patients and a network large enough to be worth compressing: 13·24 + 24 + 24 numbers, the site’s intercept apart. */
const heart = heartStudy({ seed: 3 })
const network = {
  ...heart,
  manifest: {
    ...heart.manifest,
    standardise: false,
    scaling: 'ranges',
    model: {
      ...heart.manifest.model,
      layers: [{ type: 'dense', units: 24, activation: 'tanh' }, ...heart.manifest.model.layers],
    },
    training: { ...heart.manifest.training, l2: 0.02 },
  },
} as const satisfies typeof heart
const plain: Manifest = network.manifest
const compression = { keep: 0.25 }
const coarse = { clip: 16, fractionBits: 4 }
const noised = privately(network, { epsilon: 20, delta: 1e-4 }).manifest
const compressed: Manifest = parseManifest({ ...plain, compression })

async function heartDatasets() {
  const read = (name: string) => readFile(new URL(`../../public/studies/heart/${name}`, import.meta.url), 'utf8')
  const split = JSON.parse(await read('flamby-split.json')) as HeartSplit
  return Promise.all(
    heartShares(4).map(async share => heartDataset(share, await read(`processed.${share.center}.data`), split, 1)),
  )
}

/** Sends what it learned the wrong way round. */
const flipped = async (): Promise<Engine> => {
  const engine = await createEngine('cpu')
  return {
    ...engine,
    async train(call) {
      const result = await engine.train(call)
      return { ...result, parameters: result.parameters.map((value, i) => 2 * (call.parameters[i] ?? 0) - value) }
    },
  }
}

const datasets = await heartDatasets()
const { sharedSize } = parameterLayout(plain.model)

const membersOf = (hospitals: readonly TestHospital[]) => hospitals.map(({ member }) => member)

async function contributions(hospitals: readonly TestHospital[], round: number): Promise<Sealed[]> {
  const sealed: Sealed[] = []
  for (const { trainer } of hospitals) sealed.push(await trainer.trainAndSeal(round, membersOf(hospitals)))
  return sealed
}

async function openAll({ trainer }: TestHospital, members: readonly Member[], round: number, sealed: Sealed[]) {
  for (const [i, { blob, commitment }] of sealed.entries()) {
    expect(await trainer.open(round, members[i]!, blob, commitment)).toBe(true)
  }
}

/** One round whose model a single seat makes, for speed. */
async function play(hospitals: readonly TestHospital[], round: number): Promise<SealedModel> {
  const members = membersOf(hospitals)
  const sealed = await contributions(hospitals, round)
  const [seat] = hospitals as [TestHospital]
  await openAll(seat, members, round, sealed)
  const model = await seat.trainer.aggregate(round, members, members)
  await install(hospitals, round, model)
  return model
}

/** The same of a masked study: every hospital has a seat, all answer. */
async function playMasked(hospitals: readonly TestHospital[], round: number): Promise<void> {
  await install(hospitals, round, await madeMasked(hospitals, round))
}

async function madeMasked(hospitals: readonly TestHospital[], round: number): Promise<SealedModel> {
  const seats = membersOf(hospitals)
  const sealed = await contributions(hospitals, round)
  const set = seats.map(({ index, address }) => ({ index, hospital: address, weight: sealed[index]!.patientWeight! }))
  const committee = { seats, set }
  const masks: Blob[] = []
  for (const { trainer } of hospitals) {
    for (const [i, { blob, commitment }] of sealed.entries()) {
      expect(await trainer.openMasked(round, seats, seats[i]!, blob, commitment)).toBe(true)
    }
    masks.push((await trainer.sealMasks(round, committee)).blob)
  }
  const answers = { masks, shares: seats.map(() => null), opening: [] }
  const outcome = await hospitals[0]!.trainer.aggregateMasked(round, committee, answers, seats)
  if ('accused' in outcome) throw new Error('accused')
  return outcome.model
}

async function install(hospitals: readonly TestHospital[], round: number, { modelHash, blob }: SealedModel) {
  for (const { trainer } of hospitals) await trainer.installModel(round, modelHash, blob, membersOf(hospitals))
}

/** Means over the hospitals' held-out patients. */
async function accuracy(hospitals: readonly TestHospital[]) {
  let [right, all, loss] = [0, 0, 0]
  for (const { trainer } of hospitals) {
    const { federated } = (await trainer.evaluate({ withLocal: false })).localOnly
    right += federated.accuracy * federated.patients
    loss += federated.logLoss * federated.patients
    all += federated.patients
  }
  return { accuracy: right / all, logLoss: loss / all }
}

/** What a study comes to after so many rounds. */
async function outcomeOf(manifest: Manifest, rounds: number) {
  const hospitals = await testHospitals(datasets, manifest)
  const before = await accuracy(hospitals)
  for (let round = 1; round <= rounds; round++) {
    await (manifest.masking ? playMasked(hospitals, round) : play(hospitals, round))
  }
  return { before, ...(await accuracy(hospitals)) }
}

describe('rounds that send a quarter of the numbers', () => {
  it('learn as well as with all of them', async () => {
    const whole = await outcomeOf(plain, 8)
    const quarter = await outcomeOf(compressed, 8)
    expect(quarter.logLoss).toBeLessThan(quarter.before.logLoss - 0.2)
    expect(Math.abs(quarter.accuracy - whole.accuracy)).toBeLessThan(0.03)
    expect(Math.abs(quarter.logLoss - whole.logLoss)).toBeLessThan(0.03)
  })

  it('come to the same under masks as in the open', async () => {
    const open = await outcomeOf(compressed, 4)
    const hidden = await outcomeOf({ ...masked(network).manifest, compression }, 4)
    expect(hidden.logLoss).toBeCloseTo(open.logLoss, 5)
    expect(hidden.logLoss).toBeLessThan(hidden.before.logLoss)
  })

  it('learn with differential privacy', async () => {
    const { before, logLoss } = await outcomeOf({ ...noised, compression }, 8)
    expect(logLoss).toBeLessThan(before.logLoss)
  })

  it('make the same model at every seat', async () => {
    const hospitals = await testHospitals(datasets, compressed)
    const members = membersOf(hospitals)
    const sealed = await contributions(hospitals, 1)
    const hashes = new Set<string>()
    for (const hospital of hospitals) {
      await openAll(hospital, members, 1, sealed)
      hashes.add((await hospital.trainer.aggregate(1, members, members)).modelHash)
    }
    expect(hashes.size).toBe(1)
  })

  it.each([
    ['in the open', compressed],
    ['masked', { ...compressed, masking: defaultMasking }],
  ])('upload as many bytes as is forecast, within a tenth: %s', async (_, manifest) => {
    const { bytes, uncompressed } = uploadBytes(manifest, { seats: 4, isSeat: true })
    expect(bytes).toBeLessThan(uncompressed / 1.5)
    for (const { blob } of await contributions(await testHospitals(datasets, manifest), 1)) {
      const uploaded = [blob.header, ...blob.chunks].reduce((sum, part) => sum + part.length, 0)
      expect(Math.abs(uploaded / bytes - 1)).toBeLessThan(0.1)
    }
  })

  it('let seats tell who helps from who harms', async () => {
    const honest = await testHospitals(datasets.slice(0, 3), compressed)
    const [, , , liar] = await testHospitals(datasets, compressed, flipped)
    const hospitals = [...honest, liar as TestHospital]
    for (let round = 1; round <= 3; round++) {
      const members = membersOf(hospitals)
      const sealed = await contributions(hospitals, round)
      const [seat] = hospitals as [TestHospital]
      await openAll(seat, members, round, sealed)
      const [, b, c, d] = (await seat.trainer.score(round, members)) as [number, number, number, number]
      const model = await seat.trainer.aggregate(round, members.slice(0, 3), members)
      await install(hospitals, round, model)
      expect(Math.min(b, c)).toBeGreaterThan(d)
      expect(d).toBeLessThan(0)
    }
  })

  it('are refused by seats that expect all of them, and the other way round', async () => {
    const [quarter] = (await testHospitals(datasets.slice(0, 1), compressed)) as [TestHospital]
    const { trainer, keys, member } = quarter
    const sealed = await trainer.trainAndSeal(1, [member])
    const whole = new HospitalTrainer({ keys, dataset: datasets[0]!, createEngine: () => createEngine('cpu') })
    await whole.configure(testRef, plain, member.address)
    expect(await whole.open(1, member, sealed.blob, sealed.commitment)).toBe(false)
    const long = await whole.trainAndSeal(1, [member])
    expect(await trainer.open(1, member, long.blob, long.commitment)).toBe(false)
    expect(await trainer.open(1, member, sealed.blob, sealed.commitment)).toBe(true)
  })
})

/** The same network with its first layer as it comes: 24 numbers go up. */
const halfFrozen: Manifest = {
  ...plain,
  model: {
    ...plain.model,
    layers: plain.model.layers.map((layer, i) => (i === 0 ? { ...layer, frozen: true } : layer)) as LayerSpec[],
  },
}

describe('a first layer that is frozen', () => {
  it.each([
    ['in the open', halfFrozen, 1],
    ['compressed', { ...halfFrozen, compression }, 0.25],
    ['masked and compressed', { ...halfFrozen, masking: defaultMasking, compression }, 0.25],
    [
      'noised, masked and compressed',
      {
        ...masked(privately({ ...network, manifest: halfFrozen }, { epsilon: 20, delta: 1e-4 })).manifest,
        compression,
      },
      0.25,
    ],
  ])('is not sent, and the rest learns over it: %s', async (_, manifest, keep) => {
    expect(parameterLayout(manifest.model)).toMatchObject({ sharedSize: 24, startSize: 13 * 24 + 24 + 24 })
    expect(coordinatesSent(manifest, 24)).toBe(24 * keep)
    const { before, logLoss } = await outcomeOf(manifest, 8)
    expect(logLoss).toBeLessThan(before.logLoss)
  })

  it('is the same at every hospital after rounds, and alone', async () => {
    const hospitals = await testHospitals(datasets.slice(0, 2), halfFrozen)
    const firsts = new Set<string>()
    for (let round = 1; round <= 2; round++) {
      await play(hospitals, round)
      for (const { trainer } of hospitals) {
        const { weights } = (await trainer.exportModel(null)).localOnly
        const { layers } = halfFrozen.model
        expect(layers).toHaveLength(2)
        firsts.add(new Float32Array(weights, 0, 13 * 24 + 24).join())
      }
    }
    expect(firsts.size).toBe(1)
    expect((await hospitals[0]!.trainer.evaluate({ withLocal: 'final' })).localOnly.local?.accuracy).toBeGreaterThan(
      0.6,
    )
  })
})

/** Heart as it is, but for the network and the compression: its columns are on the scale of a round zero. */
const standardised = parseManifest({
  ...heart.manifest,
  model: plain.model,
  training: plain.training,
  compression,
})

/** What the store gives to who has the base. */
function changeOf({ blob: { header, chunks } }: SealedModel): Blob {
  return { header, chunks: chunks.slice(readHeader({ header }).chunkDigests.length), part: 'change' }
}

const bytesIn = ({ header, chunks }: Blob) => chunks.reduce((sum, { length }) => sum + length, header.length)

describe('on the way down', () => {
  /** A round in which one seat makes the model, which nobody installs yet. */
  async function made(hospitals: readonly TestHospital[], round: number): Promise<SealedModel> {
    const members = membersOf(hospitals)
    const sealed = await contributions(hospitals, round)
    const [seat] = hospitals as [TestHospital]
    await openAll(seat, members, round, sealed)
    return seat.trainer.aggregate(round, members, members)
  }

  async function madeOfStatistics(hospitals: readonly TestHospital[]): Promise<SealedModel> {
    const members = membersOf(hospitals)
    const sealed: Sealed[] = []
    for (const { trainer } of hospitals) sealed.push(await trainer.sealStatistics(1, members))
    const [seat] = hospitals as [TestHospital]
    await openAll(seat, members, 1, sealed)
    return seat.trainer.aggregate(1, members, members)
  }

  /** Two hospitals after a round whose model both have whole. */
  async function begun() {
    const hospitals = await testHospitals(datasets.slice(0, 2), compressed)
    await play(hospitals, 1)
    const [seat, follower] = hospitals as [TestHospital, TestHospital]
    return { hospitals, members: membersOf(hospitals), seat, follower }
  }

  it.each([
    ['from round zero on', standardised, [2, 3, 4]],
    ['on public scales', compressed, [1, 2, 3, 4]],
  ])(
    'a hospital follows by the changes alone and has the seats’ model, bit for bit: %s',
    async (_, manifest, rounds) => {
      const hospitals = await testHospitals(datasets.slice(0, 2), manifest)
      const members = membersOf(hospitals)
      const [seat, follower] = hospitals as [TestHospital, TestHospital]
      if (manifest.standardise) await install(hospitals, 1, await madeOfStatistics(hospitals))
      for (const round of rounds) {
        const model = await made(hospitals, round)
        // Before the first model of a chain there is nothing that a change could be from.
        if (round === 1) {
          expect(readHeader(model.blob).change).toBeUndefined()
          await install(hospitals, round, model)
          continue
        }
        const change = changeOf(model)
        expect(bytesIn(model.blob) - bytesIn(change)).toBeGreaterThan(4 * sharedSize)
        expect(change.chunks[0]?.length).toBeLessThan(sharedSize + 200)
        const whole = await follower.trainer.installModel(round, model.modelHash, change, members)
        expect(whole?.chunks).toEqual(model.blob.chunks.slice(0, -1))
        expect(await seat.trainer.installModel(round, model.modelHash, model.blob, members)).toBeNull()
      }
      // What both make of the next round depends on every bit that they have.
      const sealed = await contributions(hospitals, 5)
      const hashes = []
      for (const hospital of hospitals) {
        await openAll(hospital, members, 5, sealed)
        hashes.push((await hospital.trainer.aggregate(5, members, members)).modelHash)
      }
      expect(hashes[1]).toBe(hashes[0])
    },
  )

  it('is the same under masks', async () => {
    const hospitals = await testHospitals(datasets.slice(0, 3), { ...compressed, masking: defaultMasking })
    const members = membersOf(hospitals)
    await install(hospitals, 1, await madeMasked(hospitals, 1))
    const model = await madeMasked(hospitals, 2)
    const whole = await hospitals[1]!.trainer.installModel(2, model.modelHash, changeOf(model), members)
    expect(whole?.chunks).toEqual(model.blob.chunks.slice(0, -1))
  })

  it('who missed a round, or has just come, takes the whole', async () => {
    const { hospitals, members, seat, follower } = await begun()
    const second = await made(hospitals, 2)
    await seat.trainer.installModel(2, second.modelHash, second.blob, members)
    const third = await made(hospitals, 3)
    const missed = follower.trainer.installModel(3, third.modelHash, changeOf(third), members)
    await expect(missed).rejects.toMatchObject({ code: 'crypto.wrongBinding' })
    const { keys, member } = follower
    const reloaded = new HospitalTrainer({ keys, dataset: datasets[1]!, createEngine: () => createEngine('cpu') })
    await reloaded.configure(testRef, compressed, member.address)
    const tooSoon = reloaded.installModel(3, third.modelHash, changeOf(third), members)
    await expect(tooSoon).rejects.toMatchObject({ code: 'training.noModel' })
    for (const trainer of [follower.trainer, reloaded]) {
      await trainer.installModel(3, third.modelHash, third.blob, members)
    }
  })

  it('a change that lies is refused, and the whole beside it installs', async () => {
    const { hospitals, members, seat, follower } = await begun()
    const model = await made(hospitals, 2)
    const binding = { ...testRef, round: 2, sender: testRef.study, kind: 'model' } as const
    const base = readHeader(model.blob).change!.base
    const { address } = follower.member
    const [whole, change] = [
      await open(model.blob, binding, address, follower.keys),
      await openChange(model.blob, binding, base, address, follower.keys),
    ]
    const signer = createDutySigner(seat.keys.duty.privateKey)
    const by = seat.member.address
    const truth = decode<{ values: Uint8Array }>(change.plaintext)
    const lie = encode({ ...truth, values: truth.values.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) })
    const { blob } = await seal(
      whole.plaintext,
      binding,
      members.map(member => ({ address: member.address, encryption: member.keys.encryption })),
      {
        by,
        commitment: whole.commitment,
        dataKey: whole.dataKey,
        change: { base, plaintext: lie },
        sign: (ciphertext, commitment) =>
          signer.sealedBlob(testRef, { by, round: 2, kind: 'model', ciphertext, commitment }),
      },
    )
    const lying = { ...model, blob }
    const following = follower.trainer.installModel(2, model.modelHash, changeOf(lying), members)
    await expect(following).rejects.toMatchObject({ code: 'crypto.badCommitment' })
    // Nothing of it stays: the true change still fits.
    expect(await follower.trainer.installModel(2, model.modelHash, changeOf(model), members)).not.toBeNull()
    await seat.trainer.installModel(2, model.modelHash, blob, members)
  })

  it('a model is whole where every number of it is sent', async () => {
    const hospitals = await testHospitals(datasets.slice(0, 2), parseManifest({ ...plain, compression: { keep: 1 } }))
    await play(hospitals, 1)
    expect(readHeader((await play(hospitals, 2)).blob).change).toBeUndefined()
    const uncompressed = await testHospitals(datasets.slice(0, 2), plain)
    await play(uncompressed, 1)
    expect(readHeader((await play(uncompressed, 2)).blob).change).toBeUndefined()
  })
})

/** The shared parameters that each training began and ended with, in order. */
let trainings: { readonly start: Float32Array; readonly end: Float32Array }[] = []
beforeEach(() => {
  trainings = []
})

const listening = async (): Promise<Engine> => {
  const engine = await createEngine('cpu')
  const noted = async <C extends { parameters: Float32Array }, R extends { parameters: Float32Array }>(
    call: C,
    run: (call: C) => Promise<R>,
  ) => {
    const result = await run(call)
    trainings.push({
      start: call.parameters.slice(0, sharedSize),
      end: result.parameters.slice(0, sharedSize),
    })
    return result
  }
  return {
    ...engine,
    train: call => noted(call, engine.train),
    trainPrivately: call => noted(call, engine.trainPrivately),
  }
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

describe('between rounds', () => {
  it.each([
    ['nothing is lost', compressed],
    ['nothing is lost under masks, what coarse rounding takes included', { ...compressed, masking: coarse }],
  ])('%s', async (_, manifest) => {
    const hospitals = await testHospitals(datasets, { ...manifest, patientsPerWeight: 0 }, listening)
    for (let round = 1; round <= 3; round++) await (manifest.masking ? playMasked : play)(hospitals, round)
    const meanOf = (which: 'start' | 'end', round: number) => {
      const of = trainings.slice(4 * (round - 1), 4 * round)
      return of[0]![which].map((_, i) => of.reduce((sum, training) => sum + training[which][i]! / 4, 0))
    }
    // All weigh the same, so what is sent moves from what they owe to the model, and the mean of where they are stays.
    for (const round of [1, 2]) {
      expect(furthest(meanOf('end', round), meanOf('start', round))).toBeGreaterThan(1e-3)
      expect(furthest(meanOf('end', round), meanOf('start', round + 1))).toBeLessThan(1e-6)
    }
  })
})

/** A hospital alone makes the models: base and residual together are then where it was when its last training ended. */
describe.each([
  ['plainly', compressed],
  ['with differential privacy', { ...noised, compression }],
])('a hospital that trains %s', (_, manifest) => {
  async function alone() {
    const keys = await createKeys()
    const residuals = indexedDbResidualStore()
    const address = `0x${crypto.randomUUID().replaceAll('-', '').padEnd(40, '0')}` as const
    const member = { index: 0, address, keys: await publicKeys(keys) }
    /** The tab, opened again. */
    const open = async (): Promise<TestHospital> => {
      const trainer = new HospitalTrainer({ keys, dataset: datasets[1]!, createEngine: listening, residuals })
      await trainer.configure(testRef, manifest, address)
      return { trainer, keys, member }
    }
    return { open, hospital: await open() }
  }

  const started = (n: number) => trainings[n]!.start
  const ended = (n: number) => trainings[n]!.end

  it('goes on where it ended, though a quarter of it was sent', async () => {
    const { hospital } = await alone()
    for (let round = 1; round <= 3; round++) await play([hospital], round)
    expect(furthest(started(0), ended(0))).toBeGreaterThan(1e-3)
    expect(furthest(started(1), ended(0))).toBeLessThan(1e-6)
    expect(furthest(started(2), ended(1))).toBeLessThan(1e-6)
  })

  it('does so after a reload', async () => {
    const { hospital, open } = await alone()
    await play([hospital], 1)
    const model = await play([hospital], 2)
    const reloaded = await open()
    await install([reloaded], 2, model)
    await play([reloaded], 3)
    expect(furthest(started(2), ended(1))).toBeLessThan(1e-6)
  })

  it('starts again from where it started when its round is void, or cut off by a reload', async () => {
    const { hospital, open } = await alone()
    const model = await play([hospital], 1)
    await contributions([hospital], 2)
    await contributions([hospital], 3)
    const reloaded = await open()
    await install([reloaded], 1, model)
    await play([reloaded], 3)
    expect(furthest(started(2), started(1))).toBe(0)
    expect(furthest(started(3), started(1))).toBe(0)
    await play([reloaded], 4)
    expect(furthest(started(4), ended(3))).toBeLessThan(1e-6)
  })
})
