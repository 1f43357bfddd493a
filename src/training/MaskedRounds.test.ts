import { beforeAll, describe, expect, it } from 'vitest'
import { encodeUpdate, toElements, toIntegers } from '../aggregation/masking/encoding.ts'
import { type MaskedRound, maskKey, thresholdOf } from '../aggregation/masking/round.ts'
import { scores, scoringDirections } from '../aggregation/masking/scoring.ts'
import { backUpSeeds, drawSeeds, openParcel, packParcel } from '../aggregation/masking/seeds.ts'
import { commit, mask } from '../aggregation/masking/submit.ts'
import type { Binding } from '../crypto/binding.ts'
import { sha256Hex } from '../crypto/bytes.ts'
import { createDutySigner } from '../crypto/duty.ts'
import { open, openBytes, openWithKey, readHeader, seal, sealBytes } from '../crypto/envelope.ts'
import { isAppError } from '../errors/AppError.ts'
import { MODULUS } from '../field/Field.ts'
import { loadField } from '../field/loadField.ts'
import type {
  Blob,
  MaskedAnswers,
  MaskedCommittee,
  MaskedOutcome,
  Member,
  Sealed,
  SealedModel,
} from '../rounds/ports.ts'
import type { Manifest } from '../study/manifest.ts'
import { ownTableStudy } from '../study/studies/ownTable.ts'
import { privately } from '../study/studies/privately.ts'
import { createEngine } from './engine.ts'
import { HospitalTrainer } from './HospitalTrainer.ts'
import { encodingOf } from './hospitalStudy.ts'
import { parcelInfo } from './MaskedRounds.ts'
import {
  decodeMasked,
  decodeMasks,
  decodeModel,
  decodeProducts,
  decodeShares,
  encodeMasked,
  encodeMasks,
  encodeProducts,
  encodeShares,
  type MaskedPlaintext,
  manifestHash,
  modelDataKey,
  type ProductsPlaintext,
} from './plaintext.ts'
import { type TestHospital, testDataset, testHospitals, testRef, testSchema } from './testing.ts'

const schema = {
  ...testSchema,
  features: testSchema.features.map(feature => {
    if (feature.name === 'dose') return { ...feature, typical: [0, 20] as [number, number] }
    return feature.name === 'pressure' ? { ...feature, typical: [100, 140] as [number, number] } : feature
  }),
}
const masking = { clip: 16, fractionBits: 24 }
const own = ownTableStudy(schema, { seed: 5, rounds: 4 })
const standardised: Manifest = { ...own.manifest, masking }
/** Without a round zero. */
const ranged: Manifest = { ...own.manifest, standardise: false, scaling: 'ranges', masking }
const withPrivacy: Manifest = {
  ...privately(own, { epsilon: 8, delta: 1e-4 }).manifest,
  patientsPerWeight: 0,
  masking,
}
const scoredManifest: Manifest = { ...withPrivacy, masking: { ...masking, scored: true } }
/** Of different sizes, so that they weigh 2, 4, 7 and 5. */
const datasets = [60, 120, 240, 180].map((count, i) => testDataset(i, count))
const size = 4
const width = 4
const nothing: readonly (Blob | null)[] = [null, null, null, null]
const field = await loadField()

/** Hospitals after their contributions to one round, opened by all seats. */
interface Scene {
  readonly hospitals: readonly TestHospital[]
  readonly members: readonly Member[]
  readonly seats: readonly TestHospital[]
  readonly round: number
  readonly kind: 'update' | 'statistics'
  readonly of: MaskedRound
  readonly sealed: readonly Sealed[]
  readonly committee: MaskedCommittee
}

async function sceneOf(
  manifest: Manifest,
  options: { readonly seats?: number; readonly hospitals?: readonly TestHospital[]; readonly round?: number } = {},
): Promise<Scene> {
  const hospitals = options.hospitals ?? (await testHospitals(datasets, manifest))
  const members = hospitals.map(({ member }) => member)
  const seats = hospitals.slice(0, options.seats ?? hospitals.length)
  const seatMembers = members.slice(0, seats.length)
  const round = options.round ?? 1
  const kind = manifest.standardise && round === 1 ? 'statistics' : 'update'
  const sealed: Sealed[] = []
  for (const { trainer } of hospitals) {
    sealed.push(
      await (kind === 'update' ? trainer.trainAndSeal(round, seatMembers) : trainer.sealStatistics(round, seatMembers)),
    )
  }
  const set = members.map(({ index, address }) => ({
    index,
    hospital: address,
    weight: sealed[index]!.patientWeight!,
  }))
  const addresses = seatMembers.map(({ address }) => address)
  const of: MaskedRound = {
    ...testRef,
    round,
    vector: kind,
    seats: addresses,
    threshold: thresholdOf(seats.length),
  }
  return { hospitals, members, seats, round, kind, of, sealed, committee: { seats: seatMembers, set } }
}

/** Whether each seat found a contribution right. */
function opensOf({ seats, round, committee }: Scene, member: Member, { blob, commitment }: Sealed): Promise<boolean[]> {
  return Promise.all(seats.map(({ trainer }) => trainer.openMasked(round, committee.seats, member, blob, commitment)))
}

async function openAll(scene: Scene): Promise<void> {
  for (const [i, sealed] of scene.sealed.entries()) {
    expect(await opensOf(scene, scene.members[i]!, sealed)).toEqual(scene.seats.map(() => true))
  }
}

async function masksOf({ seats, round, committee }: Scene): Promise<Blob[]> {
  return Promise.all(seats.map(async ({ trainer }) => (await trainer.sealMasks(round, committee)).blob))
}

async function sharesOf({ seats, round, committee }: Scene, opening: readonly number[]): Promise<Blob[]> {
  return Promise.all(seats.map(async ({ trainer }) => (await trainer.sealShares(round, committee, opening)).blob))
}

/** What every seat but those left out concludes. */
function conclusions(scene: Scene, answers: MaskedAnswers, without: readonly number[] = []): Promise<MaskedOutcome[]> {
  const { seats, round, committee, members } = scene
  return Promise.all(
    seats
      .filter((_, seat) => !without.includes(seat))
      .map(({ trainer }) => trainer.aggregateMasked(round, committee, answers, members)),
  )
}

/** The one model that all of these made. */
function oneModel(outcomes: readonly MaskedOutcome[]): SealedModel {
  const models = outcomes.map(outcome => {
    if ('accused' in outcome) throw new Error(`accused: ${outcome.accused}`)
    return outcome.model
  })
  const [first] = models as [SealedModel]
  for (const model of models) {
    expect(model.modelHash).toBe(first.modelHash)
    expect(model.blob.chunks).toEqual(first.blob.chunks)
  }
  return first
}

function bindingOf({ round }: Pick<Scene, 'round'>, by: Member, kind: Binding['kind']): Binding {
  return { ...testRef, round, sender: kind === 'model' ? testRef.study : by.address, kind }
}

async function plaintextOf(scene: Scene, blob: Blob, by: Member, kind: Binding['kind']): Promise<Uint8Array> {
  const seat = scene.seats[0]!
  if (isAnswer(kind)) {
    const binding = bindingOf(scene, by, kind)
    return (await openWithKey(blob, binding, await answerKeyOf(scene, binding), { by })).plaintext
  }
  return (await open(blob, bindingOf(scene, by, kind), seat.member.address, seat.keys)).plaintext
}

async function contentOf(scene: Scene, index: number): Promise<MaskedPlaintext> {
  const plaintext = await plaintextOf(scene, scene.sealed[index]!.blob, scene.members[index]!, scene.kind)
  const expected = scene.kind === 'update' ? size : 1 + 2 * width
  return decodeMasked(plaintext, {
    round: scene.round,
    vector: scene.kind,
    size: expected,
    seats: scene.seats.length,
  })
}

function isAnswer(kind: Binding['kind']): boolean {
  return kind === 'masks' || kind === 'products' || kind === 'shares'
}

async function answerKeyOf(scene: Scene, binding: Binding): Promise<Uint8Array> {
  const contents = await Promise.all(scene.sealed.map((_, i) => contentOf(scene, i)))
  return modelDataKey(
    contents.map(({ salt }) => salt),
    binding,
  )
}

/** What somebody with a hand of its own would send. */
async function forge(scene: Scene, by: TestHospital, kind: Binding['kind'], plaintext: Uint8Array): Promise<Sealed> {
  const { round } = scene
  const commitment = await sha256Hex(plaintext)
  const signer = createDutySigner(by.keys.duty.privateKey)
  const { blob, digest } = await seal(
    plaintext,
    bindingOf(scene, by.member, kind),
    isAnswer(kind) ? [] : scene.committee.seats.map(({ address, keys }) => ({ address, encryption: keys.encryption })),
    {
      by: by.member.address,
      commitment,
      ...(isAnswer(kind) && { dataKey: await answerKeyOf(scene, bindingOf(scene, by.member, kind)) }),
      sign: (ciphertext, signed) =>
        signer.sealedBlob(testRef, { by: by.member.address, round, kind, ciphertext, commitment: signed }),
    },
  )
  return { blob, digest, commitment }
}

/** A hospital's integers, which take all seats' keys together to see. */
async function integersOf(scene: Scene, index: number): Promise<BigInt64Array> {
  const { seats, members, of } = scene
  const hospital = members[index]!.address
  const { masked, commitments, parcels } = await contentOf(scene, index)
  const elements = BigUint64Array.from(masked)
  for (const [seat, { keys }] of seats.entries()) {
    const bytes = await openBytes(parcels[seat]!, parcelInfo(of, hospital, seat), keys.encryption)
    const { seed } = await openParcel(of, hospital, seat, bytes, commitments)
    if (seed !== null) field.addMask(elements, await maskKey(of, hospital, seat, seed), MODULUS - 1n)
  }
  return toIntegers(elements)
}

/** What a hospital reads in a model. */
async function modelOf(manifest: Manifest, round: number, { blob }: SealedModel, { member, keys }: TestHospital) {
  const { plaintext } = await open(blob, bindingOf({ round }, member, 'model'), member.address, keys)
  return decodeModel(plaintext, {
    study: testRef.study,
    round,
    manifest: await manifestHash(manifest),
    size,
    width: manifest.standardise ? width : null,
  })
}

const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    error => {
      if (isAppError(error)) return error.code
      throw error
    },
  )

describe('a masked round of four hospitals that are four seats', () => {
  let scene: Scene
  let masks: readonly Blob[]
  let model: SealedModel
  beforeAll(async () => {
    scene = await sceneOf(ranged)
    await openAll(scene)
    masks = await masksOf(scene)
    model = oneModel(await conclusions(scene, { masks, shares: nothing, opening: [] }))
  })

  it('gives every seat the weighted average of the encoded updates, to the last bit', async () => {
    const weights = scene.sealed.map(({ patientWeight }) => patientWeight!)
    expect(weights).toEqual([2, 4, 7, 5])
    const total = weights.reduce((a, b) => a + b)
    const integers = await Promise.all(scene.members.map((_, i) => integersOf(scene, i)))
    // The model starts at zero.
    const expected = Array.from({ length: size }, (_, k) => {
      const sum = integers.reduce((to, one, i) => to + BigInt(weights[i]!) * one[k]!, 0n)
      return Math.fround(Number(sum) / (total * 2 ** 24))
    })
    const { vector, trained } = await modelOf(ranged, scene.round, model, scene.hospitals[0]!)
    expect([...vector]).toEqual(expected)
    expect(trained).toBe(1)
  })

  it('comes to what averaging in the open comes to, but for the rounding to steps, round after round', async () => {
    const { masking: _, ...open } = ranged
    const twins = await testHospitals(datasets, open)
    const members = twins.map(({ member }) => member)
    const hospitals = await testHospitals(datasets, ranged)
    for (let round = 1; round <= 3; round++) {
      const next = await sceneOf(ranged, { hospitals, round })
      await openAll(next)
      const made = oneModel(await conclusions(next, { masks: await masksOf(next), shares: nothing, opening: [] }))
      for (const { trainer } of hospitals) await trainer.installModel(round, made.modelHash, made.blob, next.members)
      const [first] = twins as [TestHospital]
      for (const { trainer, member } of twins) {
        const { blob, commitment } = await trainer.trainAndSeal(round, members)
        expect(await first.trainer.open(round, member, blob, commitment)).toBe(true)
      }
      const plain = await first.trainer.aggregate(round, members, members)
      for (const { trainer } of twins) await trainer.installModel(round, plain.modelHash, plain.blob, members)
      const { vector } = await modelOf(open, round, plain, first)
      const mine = (await modelOf(ranged, round, made, hospitals[0]!)).vector
      expect(mine).not.toEqual(new Float32Array(size))
      for (const [k, value] of vector.entries()) expect(mine[k]).toBeCloseTo(value, 5)
    }
  })

  it('opens the same where a seat vanished, from the others’ shares', async () => {
    const shares = await sharesOf(scene, [1])
    const answers = {
      masks: masks.map((blob, seat) => (seat === 1 ? null : blob)),
      shares: shares.map((blob, seat) => (seat === 1 ? null : blob)),
      opening: [1],
    }
    expect(oneModel(await conclusions(scene, answers, [1])).modelHash).toBe(model.modelHash)
    // The seat that was taken for gone comes to the same.
    expect(oneModel(await conclusions(scene, answers)).modelHash).toBe(model.modelHash)
  })

  it('finds nothing at an honest seat that is drawn', async () => {
    const shares = await sharesOf(scene, [2])
    const outcome = await conclusions(scene, { masks, shares, opening: [2] })
    expect(oneModel(outcome).modelHash).toBe(model.modelHash)
  })

  it('lets every honest seat accuse a drawn one that shifted one coordinate by one', async () => {
    const expect2 = { round: scene.round, vector: 'update', size } as const
    const content = decodeMasks(await plaintextOf(scene, masks[2]!, scene.members[2]!, 'masks'), expect2)
    const sum = BigUint64Array.from(content.sum)
    sum[3]! += sum[3]! === MODULUS - 1n ? -1n : 1n
    const shifted = await forge(scene, scene.seats[2]!, 'masks', encodeMasks({ ...content, sum }))
    const lying = masks.map((blob, seat) => (seat === 2 ? shifted.blob : blob))
    const shares = await sharesOf(scene, [2])
    for (const outcome of await conclusions(scene, { masks: lying, shares, opening: [2] }, [2])) {
      expect(outcome).toEqual({ accused: [2] })
    }
    // Not drawn, it would have gone through, and moved the model.
    const unseen = await conclusions(scene, { masks: lying, shares: nothing, opening: [] }, [2])
    expect(oneModel(unseen).modelHash).not.toBe(model.modelHash)
  })

  it('accuses nobody where the sum is out of range and nobody was drawn', async () => {
    const content = decodeMasks(await plaintextOf(scene, masks[0]!, scene.members[0]!, 'masks'), {
      round: scene.round,
      vector: 'update',
      size,
    })
    const sum = BigUint64Array.from(content.sum)
    field.add(sum, toElements([0n, 1n << 60n, 0n, 0n]))
    const { blob } = await forge(scene, scene.seats[0]!, 'masks', encodeMasks({ ...content, sum }))
    const lying = [blob, ...masks.slice(1)]
    for (const outcome of await conclusions(scene, { masks: lying, shares: nothing, opening: [] }, [0])) {
      expect(outcome).toEqual({ accused: [] })
    }
  })

  it('accuses a seat whose sum of masks cannot be read, or is no vector of the field', async () => {
    const sum = new BigUint64Array(size).fill(MODULUS)
    const salt = new Uint8Array(32)
    for (const plaintext of [
      new TextEncoder().encode('something else'),
      encodeMasks({ round: scene.round, salt, vector: 'update', sum }),
      encodeMasks({ round: scene.round, salt, vector: 'update', sum: new BigUint64Array(size + 1) }),
      encodeMasks({ round: scene.round, salt, vector: 'statistics', sum: new BigUint64Array(size) }),
      encodeMasks({ round: scene.round + 1, salt, vector: 'update', sum: new BigUint64Array(size) }),
    ]) {
      const { blob } = await forge(scene, scene.seats[3]!, 'masks', plaintext)
      const answers = { masks: [...masks.slice(0, 3), blob], shares: nothing, opening: [] }
      for (const outcome of await conclusions(scene, answers, [3])) expect(outcome).toEqual({ accused: [3] })
    }
    // Another seat's answer is none of its own.
    const copied = { masks: [...masks.slice(0, 3), masks[0]!], shares: nothing, opening: [] }
    for (const outcome of await conclusions(scene, copied, [3])) expect(outcome).toEqual({ accused: [3] })
  })

  it('accuses a seat that opens another share than it was given', async () => {
    const shares = await sharesOf(scene, [1])
    const content = decodeShares(await plaintextOf(scene, shares[3]!, scene.members[3]!, 'shares'), {
      round: scene.round,
      vector: 'update',
      seats: 4,
    })
    expect(content.shares.map(({ hospital }) => hospital)).toEqual([0, 2, 3].map(i => scene.members[i]!.address))
    const changed = content.shares.map((one, i) => {
      const share = Uint8Array.from(one.share)
      if (i === 1) share[7]! ^= 1
      return { ...one, share }
    })
    const forged = await forge(scene, scene.seats[3]!, 'shares', encodeShares({ ...content, shares: changed }))
    const answers = {
      masks: masks.map((blob, seat) => (seat === 1 ? null : blob)),
      shares: [shares[0]!, null, shares[2]!, forged.blob],
      opening: [1],
    }
    for (const outcome of await conclusions(scene, answers, [3])) expect(outcome).toEqual({ accused: [3] })
  })

  it('accuses a seat whose shares cannot be read, and waits for those that are missing', async () => {
    const shares = await sharesOf(scene, [1])
    const broken = (await forge(scene, scene.seats[3]!, 'shares', new Uint8Array(40))).blob
    const without = masks.map((blob, seat) => (seat === 1 ? null : blob))
    const conclude = (list: readonly (Blob | null)[]) =>
      conclusions(scene, { masks: without, shares: list, opening: [1] }, [1, 3])
    for (const outcome of await conclude([shares[0]!, null, shares[2]!, broken])) {
      expect(outcome).toEqual({ accused: [3] })
    }
    expect(await codeOf(conclude([shares[0]!, null, null, null]))).toBe('masking.tooFewShares')
    const gone = { masks: without, shares: nothing, opening: [] }
    expect(await codeOf(conclusions(scene, gone))).toBe('masking.missingSeat')
  })

  it('has answers read by all seats or by none: there is no key for one alone', async () => {
    for (const blob of [...masks, ...(await sharesOf(scene, [1]))]) expect(readHeader(blob).recipients).toEqual([])
  })

  it('shows a seat none of the others’ updates: what it opened is masked by seeds that it was not given', async () => {
    const [seat] = scene.seats as [TestHospital]
    const sender = scene.members[2]!
    const content = await contentOf(scene, 2)
    const integers = await integersOf(scene, 2)
    for (const parcel of [1, 3]) {
      const info = parcelInfo(scene.of, sender.address, parcel)
      expect(await codeOf(openBytes(content.parcels[parcel]!, info, seat.keys.encryption))).toBe('crypto.cannotOpen')
    }
    const info = parcelInfo(scene.of, sender.address, 0)
    // Its own parcel opens as its own, and as nothing else.
    const bytes = await openBytes(content.parcels[0]!, info, seat.keys.encryption)
    for (const other of [
      parcelInfo({ ...scene.of, round: 2 }, sender.address, 0),
      parcelInfo({ ...scene.of, vector: 'statistics' }, sender.address, 0),
      parcelInfo(scene.of, scene.members[1]!.address, 0),
      parcelInfo(scene.of, sender.address, 1),
    ]) {
      expect(await codeOf(openBytes(content.parcels[0]!, other, seat.keys.encryption))).toBe('crypto.cannotOpen')
    }
    const { seed } = await openParcel(scene.of, sender.address, 0, bytes, content.commitments)
    const rest = BigUint64Array.from(content.masked)
    field.addMask(rest, await maskKey(scene.of, sender.address, 0, seed!), MODULUS - 1n)
    for (const [k, value] of integers.entries()) {
      expect(toIntegers(content.masked)[k]).not.toBe(value)
      expect(toIntegers(rest)[k]).not.toBe(value)
    }
    // The methods for opened updates have nothing to show either.
    const { blob, commitment } = scene.sealed[2]!
    expect(await seat.trainer.open(scene.round, sender, blob, commitment)).toBe(false)
    expect(await seat.trainer.score(scene.round, scene.members)).toEqual([null, null, null, null])
  })

  it('refuses a contribution that is not what was committed to, of another round or size, or no vector of the field', async () => {
    const sender = scene.hospitals[1]!
    const { member } = sender
    const honest = scene.sealed[1]!
    const content = await contentOf(scene, 1)
    const none = [false, false, false, false]
    expect(await opensOf(scene, member, { ...honest, commitment: scene.sealed[0]!.commitment })).toEqual(none)
    expect(await opensOf(scene, scene.members[0]!, honest)).toEqual(none)
    expect(await opensOf({ ...scene, round: 2 }, member, honest)).toEqual(none)
    const fewer = { ...scene, committee: { ...scene.committee, seats: scene.committee.seats.slice(0, 3) } }
    expect(await opensOf({ ...fewer, seats: scene.seats.slice(0, 3) }, member, honest)).toEqual(none.slice(0, 3))
    const masked = BigUint64Array.from(content.masked)
    masked[0] = MODULUS
    for (const wrong of [
      { masked },
      { masked: new BigUint64Array(size + 1) },
      { masked: new BigUint64Array(100_000) },
      { vector: 'statistics' as const },
      { commitments: { ...content.commitments, seeds: content.commitments.seeds.map(() => null) } },
      { parcels: content.parcels.slice(1) },
    ]) {
      const forged = await forge(scene, sender, 'update', encodeMasked({ ...content, ...wrong }))
      expect(await opensOf(scene, member, forged)).toEqual(none)
    }
    // What was refused took no honest one's place.
    expect(await masksOf(scene)).toHaveLength(4)
    expect(await opensOf(scene, member, honest)).toEqual([true, true, true, true])
  })

  it('reports what it does, stops when asked, and forgets', async () => {
    const [{ trainer }] = scene.seats as [TestHospital]
    const stages: string[] = []
    const work = { onProgress: ({ stage }: { readonly stage: string }) => stages.push(stage) }
    const answers = { masks, shares: nothing, opening: [] }
    await trainer.aggregateMasked(scene.round, scene.committee, answers, scene.members, work)
    expect(stages).toEqual(['aggregate', 'seal'])
    const aborted = { signal: AbortSignal.abort() }
    const stopped = trainer.aggregateMasked(scene.round, scene.committee, answers, scene.members, aborted)
    expect(await codeOf(stopped)).toBe('training.cancelled')
    expect(await codeOf(trainer.sealMasks(scene.round, scene.committee, aborted))).toBe('training.cancelled')
    await trainer.forget(scene.round + 1)
    expect(await codeOf(trainer.sealMasks(scene.round, scene.committee))).toBe('aggregation.notOpened')
  })
})

describe('a hospital that cheats a seat', () => {
  it('with another parcel than it committed to: that seat says so, and the others’ shares stand in for its seed', async () => {
    const scene = await sceneOf(ranged)
    const sender = scene.hospitals[3]!
    const content = await contentOf(scene, 3)
    const info = parcelInfo(scene.of, sender.member.address, 2)
    const other = await sealBytes(new Uint8Array(98).fill(9), info, scene.members[2]!.keys.encryption)
    const parcels = content.parcels.map((parcel, seat) => (seat === 2 ? other : parcel))
    const forged = await forge(scene, sender, 'update', encodeMasked({ ...content, parcels }))
    for (const [i, sealed] of scene.sealed.slice(0, 3).entries()) await opensOf(scene, scene.members[i]!, sealed)
    expect(await opensOf(scene, sender.member, forged)).toEqual([true, true, false, true])
    const cheated = scene.seats[2]!.trainer
    expect(await codeOf(cheated.sealMasks(scene.round, scene.committee))).toBe('aggregation.notOpened')
    const others = { ...scene, seats: scene.seats.filter((_, seat) => seat !== 2) }
    const [a, b, d] = await masksOf(others)
    // It is asked for shares like the others, and has none of its own seeds.
    const shares = await sharesOf(scene, [2])
    const answers = { masks: [a!, b!, null, d!], shares, opening: [2] }
    const model = oneModel(await conclusions(scene, answers))
    // The sum is the honest one: only a parcel was changed.
    const integers = await Promise.all(scene.members.map((_, i) => integersOf(scene, i)))
    const total = scene.committee.set.reduce((sum, { weight }) => sum + weight, 0)
    const { vector } = await modelOf(ranged, scene.round, model, scene.hospitals[0]!)
    const sums = integers.reduce((to, one, i) => to + scene.committee.set[i]!.weight * Number(one[0]), 0)
    expect(vector[0]).toBe(Math.fround(sums / (total * 2 ** 24)))
  })

  it('with backups of other seeds: nobody can see it before they are opened, then everybody accuses it', async () => {
    const scene = await sceneOf(ranged)
    const sender = scene.hospitals[0]!
    const { address } = sender.member
    const seeds = drawSeeds(scene.of, address)
    const backups = await backUpSeeds(scene.of, drawSeeds(scene.of, address))
    const elements = encodeUpdate(Float32Array.of(1, -1, 0.5, 0), encodingOf(ranged))
    const masked = await mask(field, scene.of, address, elements, seeds)
    const commitments = await commit(scene.of, address, masked, seeds, backups)
    const parcels = await Promise.all(
      scene.members.map(({ keys }, seat) =>
        sealBytes(packParcel(seeds, backups, seat), parcelInfo(scene.of, address, seat), keys.encryption),
      ),
    )
    const content = { ...(await contentOf(scene, 0)), masked, commitments, parcels }
    const forged = await forge(scene, sender, 'update', encodeMasked(content))
    const cheating = { ...scene, sealed: [forged, ...scene.sealed.slice(1)] }
    await openAll(cheating)
    const masks = await masksOf(cheating)
    oneModel(await conclusions(cheating, { masks, shares: nothing, opening: [] }))
    for (const masks2 of [masks, masks.map((blob, seat) => (seat === 1 ? null : blob))]) {
      const answers = { masks: masks2, shares: await sharesOf(cheating, [1]), opening: [1] }
      for (const outcome of await conclusions(cheating, answers)) expect(outcome).toEqual({ accused: [0] })
    }
  })
})

describe('a masked round', () => {
  it('opens with three seats of four hospitals', async () => {
    const scene = await sceneOf(ranged, { seats: 3 })
    await openAll(scene)
    const model = oneModel(await conclusions(scene, { masks: await masksOf(scene), shares: nothing, opening: [] }))
    const { vector } = await modelOf(ranged, scene.round, model, scene.hospitals[0]!)
    const integers = await Promise.all(scene.members.map((_, i) => integersOf(scene, i)))
    const { set } = scene.committee
    const sum = integers.reduce((to, one, i) => to + set[i]!.weight * Number(one[1]), 0)
    expect(vector[1]).toBe(Math.fround(sum / (18 * 2 ** 24)))
  })

  it('zero gives the mean and deviation of all rows together, as without masks, and updates are summed after it', async () => {
    const scene = await sceneOf(standardised)
    expect(scene.kind).toBe('statistics')
    expect(scene.sealed.map(({ patientWeight }) => patientWeight)).toEqual([1, 1, 1, 1])
    await openAll(scene)
    const made = oneModel(await conclusions(scene, { masks: await masksOf(scene), shares: nothing, opening: [] }))
    const { standardisation } = await modelOf(standardised, scene.round, made, scene.hospitals[0]!)
    const twins = await testHospitals(datasets, own.manifest)
    const members = twins.map(({ member }) => member)
    const [first] = twins as [TestHospital]
    for (const { trainer, member } of twins) {
      const { blob, commitment } = await trainer.sealStatistics(1, members)
      expect(await first.trainer.open(1, member, blob, commitment)).toBe(true)
    }
    const plain = await first.trainer.aggregate(1, members, members)
    const expected = (await modelOf(own.manifest, 1, plain, first)).standardisation!
    for (let column = 0; column < width; column++) {
      expect(standardisation!.mean[column]).toBeCloseTo(expected.mean[column]!, 6)
      expect(standardisation!.deviation[column]).toBeCloseTo(expected.deviation[column]!, 6)
    }
    for (const { trainer } of scene.hospitals) {
      await trainer.installModel(1, made.modelHash, made.blob, scene.members)
    }
    const next = await sceneOf(standardised, { hospitals: scene.hospitals, round: 2 })
    expect(next.kind).toBe('update')
    await openAll(next)
    oneModel(await conclusions(next, { masks: await masksOf(next), shares: nothing, opening: [] }))
  })

  it('sums updates that carry noise, all of the same weight', async () => {
    const scene = await sceneOf(withPrivacy)
    expect(scene.sealed.map(({ patientWeight }) => patientWeight)).toEqual([1, 1, 1, 1])
    await openAll(scene)
    const shares = await sharesOf(scene, [0])
    const model = oneModel(await conclusions(scene, { masks: await masksOf(scene), shares, opening: [0] }))
    const { vector } = await modelOf(withPrivacy, scene.round, model, scene.hospitals[0]!)
    const integers = await Promise.all(scene.members.map((_, i) => integersOf(scene, i)))
    const sum = integers.reduce((to, one) => to + one[2]!, 0n)
    expect(vector[2]).toBe(Math.fround(Number(sum) / (4 * 2 ** 24)))
  })
})

describe.each([4, 7])('a scored round of %d hospitals that are as many seats', count => {
  const none: readonly null[] = Array(count).fill(null)
  const except = <T>(list: readonly T[], ...seats: readonly number[]) =>
    list.map((one, seat) => (seats.includes(seat) ? null : one))
  const unopened = (masks: readonly (Blob | null)[]): MaskedAnswers => ({ masks, shares: none, opening: [] })
  let scene: Scene
  let masks: readonly Blob[]
  let products: readonly Blob[]
  let expected: readonly number[]
  beforeAll(async () => {
    const sets = Array.from({ length: count }, (_, i) => testDataset(i, 60 + 20 * i))
    scene = await sceneOf(scoredManifest, { hospitals: await testHospitals(sets, scoredManifest) })
    await openAll(scene)
    masks = await masksOf(scene)
    products = await productsOf(unopened(masks))
    expected = await openScores()
  })

  async function productsOf(answers: MaskedAnswers, without: readonly number[] = []): Promise<Blob[]> {
    const seats = scene.seats.filter((_, seat) => !without.includes(seat))
    const sealed = seats.map(({ trainer }) => trainer.sealProducts(scene.round, scene.committee, answers))
    return (await Promise.all(sealed)).map(({ blob }) => blob)
  }

  /** What the scores are where everything is known. */
  async function openScores(): Promise<number[]> {
    const integers = await Promise.all(scene.members.map((_, i) => integersOf(scene, i)))
    const sum = BigInt64Array.from({ length: size }, (_, k) => integers.reduce((to, one) => to + one[k]!, 0n))
    const directions = await scoringDirections(field, sum)
    const contributions = integers.map(one => ({
      weight: 1,
      products: directions.map(direction =>
        one.reduce((to, value, k) => to + value * BigInt(direction[k] as number), 0n),
      ),
    }))
    return scores(contributions, sum, directions, encodingOf(scoredManifest))
  }

  async function contentAt(seat: number, blob = products[seat]!): Promise<ProductsPlaintext> {
    const expect2 = { round: scene.round, vector: 'update' as const, hospitals: count - 1, directions: 129 }
    return decodeProducts(await plaintextOf(scene, blob, scene.members[seat]!, 'products'), expect2)
  }

  /** A seat's products, those with the fifth direction shifted: by place among the hospitals that it answers for. */
  async function shiftedAt(seat: number, shifts: Readonly<Record<number, bigint>>): Promise<Blob> {
    const content = await contentAt(seat)
    const changed = content.products.map((row, i) =>
      row.map((value, d) => (d === 5 ? (value + (shifts[i] ?? 0n) + MODULUS) % MODULUS : value)),
    )
    return (await forge(scene, scene.seats[seat]!, 'products', encodeProducts({ ...content, products: changed }))).blob
  }

  async function zerosAt(seat: number): Promise<Blob> {
    const content = await contentAt(seat)
    const zeros = content.products.map(row => row.map(() => 0n))
    return (await forge(scene, scene.seats[seat]!, 'products', encodeProducts({ ...content, products: zeros }))).blob
  }

  const replaced = <T>(list: readonly T[], seat: number, by: T) => list.map((one, i) => (i === seat ? by : one))
  /** The same scores and model at each seat. */
  function oneScore(outcomes: readonly MaskedOutcome[]): readonly number[] {
    oneModel(outcomes)
    const [first, ...others] = outcomes.map(outcome => ('accused' in outcome ? [] : (outcome.scores ?? [])))
    for (const other of others) expect(other).toEqual(first)
    return first!
  }

  it('gives every seat the model as without scores, and the scores that follow from the open updates', async () => {
    const outcomes = await conclusions(scene, { ...unopened(masks), products })
    expect(oneScore(outcomes)).toEqual(expected)
    expect(new Set(expected).size).toBeGreaterThan(1)
    const plain = await conclusions(scene, unopened(masks))
    expect(oneModel(plain).modelHash).toBe(oneModel(outcomes).modelHash)
    expect(plain[0]).not.toHaveProperty('scores')
  })

  it('scores the same where a drawn seat is honest, and has answers read by all seats or by none', async () => {
    const shares = await sharesOf(scene, [2])
    const answers = { masks, shares, opening: [2], products }
    expect(oneScore(await conclusions(scene, answers))).toEqual(expected)
    for (const blob of products) expect(readHeader(blob).recipients).toEqual([])
  })

  it('scores the same where a seat vanished before it posted its masks, from the others’ shares', async () => {
    const shares = except(await sharesOf(scene, [1]), 1)
    const atScore = { masks: except(masks, 1), shares, opening: [1] }
    const given = await productsOf(atScore, [1])
    const answers = { ...atScore, products: [given[0]!, null, ...given.slice(1)] }
    expect(oneScore(await conclusions(scene, answers, [1]))).toEqual(expected)
  })

  it('scores the same where a seat vanished after that, and not at all where its seeds stay closed', async () => {
    const shares = except(await sharesOf(scene, [1]), 1)
    const answers = { masks, shares, opening: [1], products: except(products, 1) }
    expect(oneScore(await conclusions(scene, answers, [1]))).toEqual(expected)
    const closed = { ...unopened(masks), products: except(products, 1) }
    expect(oneScore(await conclusions(scene, closed))).toEqual(expected.map(() => 0))
  })

  it('lets every seat accuse one that shifts a product by one, drawn or not', async () => {
    const lying = replaced(products, 2, await shiftedAt(2, { 0: 1n }))
    const shares = await sharesOf(scene, [2])
    for (const opened of [unopened(masks), { masks, shares, opening: [2] }]) {
      for (const outcome of await conclusions(scene, { ...opened, products: lying }, [2])) {
        expect(outcome).toEqual({ accused: [2] })
      }
    }
  })

  it('lets every seat accuse one that shifts two so that they add up, when it is drawn', async () => {
    const lying = replaced(products, 2, await shiftedAt(2, { 0: 1n, 1: -1n }))
    const shares = await sharesOf(scene, [2])
    for (const outcome of await conclusions(scene, { masks, shares, opening: [2], products: lying }, [2])) {
      expect(outcome).toEqual({ accused: [2] })
    }
    const far = replaced(products, 2, await shiftedAt(2, { 0: 2n ** 60n, 1: -(2n ** 60n) }))
    const unseen = oneScore(await conclusions(scene, { ...unopened(masks), products: far }))
    expect(unseen.filter(score => score === -10_000)).toHaveLength(2)
  })

  it('accuses a seat whose products cannot be read, or are not as many as asked', async () => {
    const content = await contentAt(3)
    const seat = scene.seats[3]!
    for (const plaintext of [
      new TextEncoder().encode('something else'),
      encodeProducts({ ...content, products: content.products.slice(1) }),
      encodeProducts({ ...content, products: content.products.map(row => row.slice(1)) }),
      encodeProducts({ ...content, products: content.products.map(row => row.map(() => MODULUS)) }),
      encodeProducts({ ...content, round: scene.round + 1 }),
      encodeProducts({ ...content, vector: 'statistics' }),
    ]) {
      const { blob } = await forge(scene, seat, 'products', plaintext)
      const answers = { ...unopened(masks), products: replaced(products, 3, blob) }
      for (const outcome of await conclusions(scene, answers, [3])) expect(outcome).toEqual({ accused: [3] })
    }
    // Masks are no products, and another seat's are none of its own.
    for (const blob of [masks[3]!, products[0]!]) {
      const answers = { ...unopened(masks), products: replaced(products, 3, blob) }
      for (const outcome of await conclusions(scene, answers, [3])) expect(outcome).toEqual({ accused: [3] })
    }
  })

  it('answers with zeros where no sum opens, and then accuses who made it so', async () => {
    const content = decodeMasks(await plaintextOf(scene, masks[0]!, scene.members[0]!, 'masks'), {
      round: scene.round,
      vector: 'update',
      size,
    })
    const sum = BigUint64Array.from(content.sum)
    field.add(sum, toElements([0n, 1n << 60n, 0n, 0n]))
    const off = (await forge(scene, scene.seats[0]!, 'masks', encodeMasks({ ...content, sum }))).blob
    const unreadable = (await forge(scene, scene.seats[0]!, 'masks', new Uint8Array(9))).blob
    for (const [blob, accused] of [
      [off, []],
      [unreadable, [0]],
      [null, undefined],
    ] as const) {
      const lying = replaced<Blob | null>(masks, 0, blob)
      const answered = await productsOf(unopened(lying))
      for (const [seat, one] of answered.entries()) {
        expect((await contentAt(seat, one)).products.flat()).toEqual(Array((count - 1) * 129).fill(0n))
      }
      const concluded = conclusions(scene, { ...unopened(lying), products: answered })
      if (accused === undefined) expect(await codeOf(concluded)).toBe('masking.missingSeat')
      else for (const outcome of await concluded) expect(outcome).toEqual({ accused })
    }
  })

  it('scores nothing where a seat had no sum to answer for, which is wrong when it is drawn and most had one', async () => {
    const zeros = await Promise.all(products.map((_, seat) => zerosAt(seat)))
    const unscored = expected.map(() => 0)
    const one = replaced(products, 2, zeros[2]!)
    expect(oneScore(await conclusions(scene, { ...unopened(masks), products: one }))).toEqual(unscored)
    const opened = { masks, shares: await sharesOf(scene, [2]), opening: [2] }
    for (const outcome of await conclusions(scene, { ...opened, products: one }, [2])) {
      expect(outcome).toEqual({ accused: [2] })
    }
    const half = Math.floor(count / 2)
    const fewer = products.map((blob, seat) => (seat < half ? zeros[seat]! : blob))
    for (const outcome of await conclusions(scene, { ...opened, products: replaced(fewer, 2, zeros[2]!) }, [2])) {
      if (count === 7) expect(outcome).toEqual({ accused: [2] })
      else expect('model' in outcome && outcome.scores).toEqual(unscored)
    }
    expect(oneScore(await conclusions(scene, { ...opened, products: zeros }))).toEqual(unscored)
  })

  it('has a seat answer and score the same after it began anew', async () => {
    const { keys, member } = scene.seats[0]!
    const trainer = new HospitalTrainer({ keys, dataset: testDataset(0, 60), createEngine: () => createEngine('cpu') })
    await trainer.configure(testRef, scoredManifest, member.address)
    const { round, committee, members } = scene
    const seal = () => trainer.sealProducts(round, committee, unopened(masks))
    expect(await codeOf(seal())).toBe('aggregation.notOpened')
    for (const [i, { blob, commitment }] of scene.sealed.entries()) {
      await trainer.openMasked(round, committee.seats, members[i]!, blob, commitment)
    }
    const again = (await contentAt(0, (await seal()).blob)).products
    expect(again).toEqual((await contentAt(0)).products)
    const outcome = await trainer.aggregateMasked(round, committee, { ...unopened(masks), products }, members)
    expect('scores' in outcome && outcome.scores).toEqual(expected)
  })
})

describe('scores', () => {
  it('see the same directions where a share is wrong that enough others stand in for', async () => {
    const sets = Array.from({ length: 7 }, (_, i) => testDataset(i, 60))
    const scene = await sceneOf(scoredManifest, { hospitals: await testHospitals(sets, scoredManifest) })
    await openAll(scene)
    const masks = (await masksOf(scene)).map((blob, seat) => (seat === 1 ? null : blob))
    const shares = (await sharesOf(scene, [1])).map((blob, seat) => (seat === 1 ? null : blob))
    const content = decodeShares(await plaintextOf(scene, shares[3]!, scene.members[3]!, 'shares'), {
      round: scene.round,
      vector: 'update',
      seats: 7,
    })
    const wrong = content.shares.map(one => ({ ...one, share: new Uint8Array(33).fill(1) }))
    const { blob } = await forge(scene, scene.seats[3]!, 'shares', encodeShares({ ...content, shares: wrong }))
    const { trainer, member } = scene.seats[0]!
    const productsWith = async (given: readonly (Blob | null)[]) => {
      const answers = { masks, shares: given, opening: [1] }
      const sealed = await trainer.sealProducts(scene.round, scene.committee, answers)
      const plaintext = await plaintextOf(scene, sealed.blob, member, 'products')
      return decodeProducts(plaintext, { round: scene.round, vector: 'update', hospitals: 6, directions: 129 }).products
    }
    const honest = await productsWith(shares)
    expect(await productsWith(shares.map((one, seat) => (seat === 3 ? blob : one)))).toEqual(honest)
    // Of four coordinates one direction in sixteen is nothing but zeros.
    expect(honest.flat().filter(product => product === 0n).length).toBeLessThan((6 * 129) / 2)
  })

  it('are refused without differential privacy, by each seat and by who would open', async () => {
    const scene = await sceneOf(ranged)
    await openAll(scene)
    const masks = await masksOf(scene)
    const answers = { masks, shares: nothing, opening: [] }
    for (const { trainer } of scene.seats) {
      expect(await codeOf(trainer.sealProducts(scene.round, scene.committee, answers))).toBe('masking.noOpenings')
    }
    const products = await Promise.all(
      scene.seats.map(async (seat, i) => {
        const rows = Array.from({ length: 3 }, () => Array<bigint>(129).fill(BigInt(i)))
        const place = { round: scene.round, salt: new Uint8Array(32), vector: 'update' as const }
        return (await forge(scene, seat, 'products', encodeProducts({ ...place, products: rows }))).blob
      }),
    )
    expect(await codeOf(conclusions(scene, { ...answers, products }))).toBe('masking.noOpenings')
  })

  it('are refused with noise as well, where the description says nothing of scores: a chain alone opens nothing', async () => {
    const { masking, ...rest } = scoredManifest
    const { scored: _, ...unscored } = masking!
    const scene = await sceneOf({ ...rest, masking: unscored })
    await openAll(scene)
    const answers = { masks: await masksOf(scene), shares: nothing, opening: [] }
    const sealing = scene.seats[0]!.trainer.sealProducts(scene.round, scene.committee, answers)
    expect(await codeOf(sealing)).toBe('masking.noOpenings')
  })

  it('are not asked of a model so large, or numbers so fine, that they would not fit the field', async () => {
    const fine = { ...scoredManifest, masking: { clip: 2 ** 18, fractionBits: 40, scored: true } }
    expect(await codeOf(testHospitals([testDataset(0)], fine))).toBe('masking.overflow')
  })
})
