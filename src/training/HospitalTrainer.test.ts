import { beforeAll, describe, expect, it } from 'vitest'
import type { Binding } from '../crypto/binding.ts'
import { sha256Hex } from '../crypto/bytes.ts'
import { createDutySigner } from '../crypto/duty.ts'
import { open, seal } from '../crypto/envelope.ts'
import { isAppError } from '../errors/AppError.ts'
import type { Blob, Member, Sealed, SealedModel } from '../rounds/ports.ts'
import { packInitial } from '../storage/initialBlob.ts'
import { decodeModel, decodeUpdate, encodeUpdate, freshSalt, manifestHash } from './plaintext.ts'
import { type TestHospital, testDataset, testHospitals, testManifest, testRef } from './testing.ts'

const manifest = testManifest()
const size = 4
let hospitals: readonly TestHospital[]
let members: readonly Member[]

const bytesOf = (blob: Blob) => [blob.header, ...blob.chunks]

/** Everybody opens everybody's, aggregates all of it, and installs the result. */
async function finish(round: number, sealed: readonly Sealed[]): Promise<readonly SealedModel[]> {
  const models: SealedModel[] = []
  for (const { trainer } of hospitals) {
    for (const [i, { blob, commitment }] of sealed.entries()) {
      expect(await trainer.open(round, members[i] as Member, blob, commitment)).toBe(true)
    }
    models.push(await trainer.aggregate(round, members, members))
  }
  for (const [i, { trainer }] of hospitals.entries()) {
    // Each from another seat's blob: they are the same model.
    const model = models[(i + 1) % models.length] as SealedModel
    await trainer.installModel(round, model.modelHash, model.blob, members)
  }
  return models
}

async function statisticsRound(): Promise<readonly SealedModel[]> {
  const sealed: Sealed[] = []
  for (const { trainer } of hospitals) sealed.push(await trainer.sealStatistics(1, members))
  return finish(1, sealed)
}

function updateBinding(round: number, by: Member): Binding {
  return { ...testRef, round, sender: by.address, kind: 'update' }
}

/** What a member with a hand of its own would send. */
async function forge(by: TestHospital, round: number, plaintext: Uint8Array): Promise<Sealed> {
  const { member, keys } = by
  const commitment = await sha256Hex(plaintext)
  const signer = createDutySigner(keys.duty.privateKey)
  const { blob, digest } = await seal(
    plaintext,
    updateBinding(round, member),
    members.map(({ address, keys }) => ({ address, encryption: keys.encryption })),
    {
      by: member.address,
      commitment,
      sign: (ciphertext, signed) =>
        signer.sealedBlob(testRef, { by: member.address, round, kind: 'update', ciphertext, commitment: signed }),
    },
  )
  return { blob, digest, commitment }
}

/** Four new hospitals after round zero. */
async function start(): Promise<readonly SealedModel[]> {
  hospitals = await testHospitals([testDataset(0), testDataset(1), testDataset(2), testDataset(3)], manifest)
  members = hospitals.map(({ member }) => member)
  return statisticsRound()
}

describe('four hospitals', () => {
  it('make the same model at every seat, byte for byte, for three rounds, and learn', async () => {
    const rounds = [await start()]
    const losses: number[] = []
    for (let round = 2; round <= 4; round++) {
      const sealed: Sealed[] = []
      for (const { trainer } of hospitals) sealed.push(await trainer.trainAndSeal(round, members))
      rounds.push(await finish(round, sealed))
      const { localOnly } = await (hospitals[0] as TestHospital).trainer.evaluate({ withLocal: false })
      losses.push(localOnly.federated.logLoss)
    }
    for (const models of rounds) {
      const [first, ...others] = models as [SealedModel, ...SealedModel[]]
      for (const other of others) {
        expect(other.modelHash).toBe(first.modelHash)
        expect(other.blob.chunks).toEqual(first.blob.chunks)
        expect(other.digest).not.toBe(first.digest)
      }
    }
    expect(new Set(rounds.map(models => models[0]?.modelHash)).size).toBe(4)
    expect(losses[2]).toBeLessThan(losses[0] as number)
  })

  it('standardise by all hospitals’ training rows together', async () => {
    const [model] = (await start()) as [SealedModel]
    const { keys, member } = hospitals[2] as TestHospital
    const binding: Binding = { ...testRef, round: 1, sender: testRef.study, kind: 'model' }
    const { plaintext } = await open(model.blob, binding, member.address, keys)
    const decoded = decodeModel(plaintext, {
      study: testRef.study,
      round: 1,
      manifest: await manifestHash(manifest),
      size,
      width: 4,
    })
    const doses = [0, 1, 2, 3].flatMap(i => testDataset(i).train.map(row => row.cells[0] as number))
    const mean = doses.reduce((a, b) => a + b) / doses.length
    expect(decoded.standardisation?.mean[0]).toBeCloseTo(mean, 9)
    expect([...decoded.vector]).toEqual([0, 0, 0, 0])
  })

  it('evaluate on held-out patients against training alone and the majority', async () => {
    await start()
    for (let round = 2; round <= 6; round++) {
      const sealed: Sealed[] = []
      for (const { trainer } of hospitals) sealed.push(await trainer.trainAndSeal(round, members))
      await finish(round, sealed)
    }
    const { localOnly } = await (hospitals[1] as TestHospital).trainer.evaluate({ withLocal: 'final' })
    expect(localOnly.federated.patients).toBe(testDataset(1).test.length)
    expect(localOnly.local?.accuracy).toBeGreaterThan(localOnly.majorityAccuracy)
    expect(localOnly.federated.auc).toBeGreaterThan(0.8)
  })

  it('seal nothing of their rows in the clear', async () => {
    const { trainer } = hospitals[0] as TestHospital
    const sealed = await trainer.trainAndSeal(9, members)
    const statistics = await trainer.sealStatistics(9, members)
    const rows = testDataset(0).train
    for (const { blob } of [sealed, statistics]) {
      const text = bytesOf(blob)
        .map(bytes => Buffer.from(bytes).toString('latin1'))
        .join('')
      for (const row of rows) {
        const dose = row.cells[0] as number
        const forms = [
          String(dose),
          dose.toFixed(4),
          ...['writeDoubleLE', 'writeDoubleBE'].map(how => doubleBytes(dose, how)),
        ]
        for (const form of forms) expect(text.includes(form)).toBe(false)
      }
    }
  })
})

describe('what a seat makes of updates', () => {
  const round = 20
  let honest: Sealed
  let seat: TestHospital
  let sender: TestHospital

  beforeAll(async () => {
    await start()
    seat = hospitals[0] as TestHospital
    sender = hospitals[3] as TestHospital
    honest = await sender.trainer.trainAndSeal(round, members)
  })

  const opens = (sealed: Sealed, by: Member = sender.member, at = round) =>
    seat.trainer.open(at, by, sealed.blob, sealed.commitment)
  const update = (vector: Float32Array, weight = 1) => encodeUpdate({ round, salt: freshSalt(), weight, vector })

  it('opens an honest one', async () => {
    expect(await opens(honest)).toBe(true)
  })

  it('refuses numbers that are not finite or absurdly large, another size, and an impossible weight', async () => {
    for (const bad of [
      update(Float32Array.of(0, Number.NaN, 0, 0)),
      update(Float32Array.of(0, Number.POSITIVE_INFINITY, 0, 0)),
      update(Float32Array.of(0, 1e9, 0, 0)),
      update(new Float32Array(size + 1)),
      update(new Float32Array(size - 1)),
      update(new Float32Array(100_000)),
      update(new Float32Array(size), 9),
      update(new Float32Array(size), 0),
      new TextEncoder().encode('something else'),
    ]) {
      expect(await opens(await forge(sender, round, bad))).toBe(false)
    }
    expect(await opens(await forge(sender, round, update(new Float32Array(size))))).toBe(true)
  })

  it('refuses what was not committed to, another sender, another round, and changed bytes', async () => {
    const other = await sender.trainer.trainAndSeal(round, members)
    expect(await opens({ ...honest, commitment: other.commitment })).toBe(false)
    expect(await opens(honest, (hospitals[2] as TestHospital).member)).toBe(false)
    expect(await opens(honest, sender.member, round + 1)).toBe(false)
    const [chunk] = honest.blob.chunks as [Uint8Array]
    const changed = new Uint8Array(chunk)
    changed[3] = (changed[3] as number) ^ 1
    expect(
      await seat.trainer.open(round, sender.member, { ...honest.blob, chunks: [changed] }, honest.commitment),
    ).toBe(false)
  })

  it('scores an honest update above nothing, a sign-flipped one below, and what it could not open not at all', async () => {
    const { plaintext } = await open(honest.blob, updateBinding(round, sender.member), seat.member.address, seat.keys)
    const { vector } = decodeUpdate(plaintext, round, size)
    expect(await opens(honest)).toBe(true)
    const flipped = await forge(hospitals[2] as TestHospital, round, update(vector.map(value => -value)))
    expect(await opens(flipped, (hospitals[2] as TestHospital).member)).toBe(true)
    const scores = await seat.trainer.score(round, members)
    expect(scores.slice(0, 2)).toEqual([null, null])
    expect(scores[2]).toBeLessThan(-500)
    expect(scores[3]).toBeGreaterThan(500)
  })

  it('passes data keys on to a seat that could not open, and to nobody else', async () => {
    const [a, b, c] = hospitals as [TestHospital, TestHospital, TestHospital]
    const other = round + 5
    // b is left out of the recipients.
    const sealed = await sender.trainer.trainAndSeal(other, [a.member])
    expect(await a.trainer.open(other, sender.member, sealed.blob, sealed.commitment)).toBe(true)
    expect(await b.trainer.open(other, sender.member, sealed.blob, sealed.commitment)).toBe(false)
    const rewraps = await a.trainer.sealRewraps(other, [{ update: sender.member, seat: b.member }])
    expect(await b.trainer.openRewrapped(other, sender.member, sealed.blob, rewraps.blob, a.member)).toBe(true)
    expect(await c.trainer.openRewrapped(other, sender.member, sealed.blob, rewraps.blob, a.member)).toBe(false)
    const models = [a, b].map(({ trainer }) => trainer.aggregate(other, [sender.member], members))
    const [one, two] = await Promise.all(models)
    expect(two?.modelHash).toBe(one?.modelHash)
  })

  it('cannot aggregate what it did not open', async () => {
    await expect(seat.trainer.aggregate(round + 6, members, members)).rejects.toSatisfy((error: unknown) =>
      isAppError(error, 'aggregation.notOpened'),
    )
    await expect(seat.trainer.aggregate(round + 6, [], members)).rejects.toSatisfy((error: unknown) =>
      isAppError(error, 'aggregation.empty'),
    )
  })

  it('forgets what it opened for earlier rounds', async () => {
    expect(await opens(honest)).toBe(true)
    await seat.trainer.forget(round + 1)
    expect(await seat.trainer.score(round, [sender.member])).toEqual([null])
  })
})

describe('a trainer', () => {
  let models: readonly SealedModel[]
  beforeAll(async () => {
    models = await start()
  })

  it('stops when asked and shares nothing', async () => {
    const controller = new AbortController()
    controller.abort()
    const [first] = hospitals as [TestHospital]
    const cancelled = (error: unknown) => isAppError(error, 'training.cancelled')
    await expect(first.trainer.trainAndSeal(40, members, { signal: controller.signal })).rejects.toSatisfy(cancelled)
    await expect(first.trainer.evaluate({ withLocal: false }, { signal: controller.signal })).rejects.toSatisfy(
      cancelled,
    )
  })

  it('says that the base model is missing instead of training from something else', async () => {
    const [fresh] = await testHospitals([testDataset(7)], manifest)
    await expect(fresh?.trainer.trainAndSeal(2, members)).rejects.toSatisfy((error: unknown) =>
      isAppError(error, 'training.noModel'),
    )
  })

  it('refuses a model with another hash or from somebody who is no member', async () => {
    const [model] = models as [SealedModel]
    const [first] = hospitals as [TestHospital]
    const badCommitment = (error: unknown) => isAppError(error, 'crypto.badCommitment')
    await expect(first.trainer.installModel(1, `0x${'00'.repeat(32)}`, model.blob, members)).rejects.toSatisfy(
      badCommitment,
    )
    const strangers = members.slice(1)
    const wrongBinding = (error: unknown) => isAppError(error, 'crypto.wrongBinding')
    await expect(first.trainer.installModel(1, model.modelHash, model.blob, strangers)).rejects.toSatisfy(wrongBinding)
  })

  it('keeps its state when configured again for the same study, and reports progress', async () => {
    const [first] = hospitals as [TestHospital]
    await first.trainer.configure(testRef, manifest, first.member.address)
    const stages: string[] = []
    await first.trainer.trainAndSeal(50, members, { onProgress: ({ stage }) => stages.push(stage) })
    expect(new Set(stages)).toEqual(new Set(['train', 'seal']))
    const spent = await first.trainer.spent()
    expect(spent.train).toBeGreaterThan(0)
    expect(spent.encrypt).toBeGreaterThan(0)
  })
})

describe('an initial model of the sponsor’s', () => {
  const weights = Float32Array.of(0.5, -1, 0.25, 2)
  const digestOf = async (values: Float32Array) => (await packInitial(values)).digest
  const withInitial = async () => ({
    ...manifest,
    standardise: false,
    initial: { digest: await digestOf(weights), parameters: weights.length },
  })
  const fresh = async () => {
    const [hospital] = await testHospitals([testDataset(1)], manifest)
    return hospital as TestHospital
  }

  it('is what everybody starts from, the model trained alone too', async () => {
    const { trainer, member } = await fresh()
    await trainer.configure(testRef, await withInitial(), member.address, weights)
    const before = (await trainer.evaluate({ withLocal: false })).localOnly.federated.logLoss
    const plain = await fresh()
    await plain.trainer.configure(testRef, { ...manifest, standardise: false }, plain.member.address)
    expect((await plain.trainer.evaluate({ withLocal: false })).localOnly.federated.logLoss).not.toBe(before)
    const local = async ({ trainer }: TestHospital) => (await trainer.evaluate({ withLocal: 'final' })).localOnly.local
    expect(await local({ trainer } as TestHospital)).not.toEqual(await local(plain))
    // Configured again, as after a reorg, it need not be given again.
    await trainer.configure(testRef, await withInitial(), member.address)
    expect((await trainer.evaluate({ withLocal: false })).localOnly.federated.logLoss).toBe(before)
  })

  it('holds frozen layers too, which stay as they came', async () => {
    const hidden = { type: 'dense' as const, units: 3, activation: 'tanh' as const, frozen: true as const }
    const { model } = manifest
    const frozen = { ...manifest, standardise: false, model: { ...model, layers: [hidden, ...model.layers] } }
    const given = Float32Array.from({ length: 4 * 3 + 3 + 3 }, (_, i) => (i - 9) / 10)
    const initial = { digest: await digestOf(given), parameters: given.length }
    const { trainer, member } = await fresh()
    await trainer.configure(testRef, { ...frozen, initial }, member.address, given)
    const sealed = await trainer.trainAndSeal(1, [member])
    await trainer.open(1, member, sealed.blob, sealed.commitment)
    const { modelHash, blob } = await trainer.aggregate(1, [member], [member])
    await trainer.installModel(1, modelHash, blob, [member])
    const after = new Float32Array((await trainer.exportModel(null)).localOnly.weights)
    expect(after.slice(0, 15)).toEqual(given.slice(0, 15))
    expect(after.slice(15, 18)).not.toEqual(given.slice(15))
    const shared = given.slice(15)
    const short = { ...frozen, initial: { digest: await digestOf(shared), parameters: 3 } }
    await expect(trainer.configure(testRef, short, member.address, shared)).rejects.toMatchObject({
      code: 'training.badInitial',
    })
  })

  it('is refused where it is missing, of another size, another one, or not finite', async () => {
    const { trainer, member } = await fresh()
    const given = await withInitial()
    const bad = Float32Array.of(1, Number.NaN, 0, 0)
    const nan = { ...given, initial: { ...given.initial, digest: await digestOf(bad) } }
    const short = { ...given, initial: { ...given.initial, parameters: 3 } }
    for (const [of, initial] of [
      [given, undefined],
      [given, new Float32Array(3)],
      [given, new Float32Array(4)],
      [short, new Float32Array(3)],
      [nan, bad],
    ] as const) {
      await expect(trainer.configure(testRef, of, member.address, initial)).rejects.toSatisfy((error: unknown) =>
        isAppError(error, 'training.badInitial'),
      )
    }
  })
})

function doubleBytes(value: number, how: string): string {
  const buffer = Buffer.alloc(8)
  if (how === 'writeDoubleLE') buffer.writeDoubleLE(value)
  else buffer.writeDoubleBE(value)
  return buffer.toString('latin1')
}
