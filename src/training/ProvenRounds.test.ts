import { beforeAll, describe, expect, it, vi } from 'vitest'
import { hashMasked } from '../aggregation/masking/commitments.ts'
import { thresholdOf } from '../aggregation/masking/round.ts'
import { isRevealOf } from '../audit/game/beacon.ts'
import { gammasOf, orderOf, signsOf } from '../audit/game/roundDraws.ts'
import { commitOracle } from '../audit/stark/commitment.ts'
import { type ProofRefused, verify } from '../audit/stark/verify.ts'
import { afterColumns } from '../audit/training/roundTrace.ts'
import { startOf } from '../audit/training/roundTraining.ts'
import { contextOf, dataLeaf, elementsOf, roundInputs, traceOf } from '../audit/training/statement.ts'
import type { Binding } from '../crypto/binding.ts'
import { hexToBytes, sha256Hex } from '../crypto/bytes.ts'
import { createDutySigner, studyDomain } from '../crypto/duty.ts'
import { open, seal } from '../crypto/envelope.ts'
import { createKeys, publicKeys } from '../crypto/keys.ts'
import type { Dataset } from '../data/dataset.ts'
import { isAppError } from '../errors/AppError.ts'
import { MODULUS } from '../field/Field.ts'
import type {
  AuditAnswer,
  AuditQuestion,
  MaskedAnswers,
  MaskedCommittee,
  MaskedOutcome,
  Member,
  Progress,
  ProvenUpdate,
  Sealed,
  SealedModel,
} from '../rounds/ports.ts'
import { packInitial } from '../storage/initialBlob.ts'
import { initialParameters } from '../study/layout.ts'
import { type Manifest, parseManifest } from '../study/manifest.ts'
import { provenNoise, roundShapeOf } from '../study/proving.ts'
import { masked } from '../study/studies/masked.ts'
import { ownTableStudy } from '../study/studies/ownTable.ts'
import { privately } from '../study/studies/privately.ts'
import { proven } from '../study/studies/proven.ts'
import type { StudyPlan } from '../study/studies/StudyPlan.ts'
import type { Hex } from '../study/types.ts'
import { createEngine } from './engine.ts'
import { HospitalTrainer } from './HospitalTrainer.ts'
import {
  decodeMasked,
  decodeModel,
  decodeProven,
  encodeMasked,
  encodeProven,
  manifestHash,
  type ProvenPlaintext,
} from './plaintext.ts'
import { proveJob } from './proofJob.ts'
import { memoryProofStore, type ProofStore } from './proofStore.ts'
import { fieldOf, roundAirOf } from './proving.ts'
import { type TestHospital, testDataset, testRef, testSchema } from './testing.ts'

vi.mock('../audit/training/roundAir.ts', async original => {
  const { weakened } = await import('../audit/training/weakRounds.ts')
  return weakened(await original())
})

const schema = {
  ...testSchema,
  features: testSchema.features.map(feature => {
    if (feature.name === 'dose') return { ...feature, typical: [0, 20] as [number, number] }
    return feature.name === 'pressure' ? { ...feature, typical: [100, 140] as [number, number] } : feature
  }),
}
const own = ownTableStudy(schema, { seed: 5, rounds: 2 })
const noised = privately(own, { epsilon: 8, delta: 1e-4 })
const size = 5
const seed: Hex = `0x${'5e'.repeat(32)}`
const beacon: Hex = `0x${'be'.repeat(32)}`

/** A study whose rounds are proven in a moment. */
function quick(plan: StudyPlan): Manifest {
  const { manifest } = proven(plan)
  const training = { ...manifest.training, batchSize: 8, learningRate: 0.5 }
  return parseManifest({ ...manifest, training, proving: { steps: 4, contributions: 2 } })
}

interface ProvenHospital extends TestHospital {
  readonly dataset: Dataset
  readonly proofs: ProofStore
}

async function hospitalsOf(manifest: Manifest, counts: readonly number[]): Promise<readonly ProvenHospital[]> {
  return Promise.all(
    counts.map(async (count, index) => {
      const keys = await createKeys()
      const [dataset, proofs] = [testDataset(index, count), memoryProofStore()]
      const address: Member['address'] = `0x${(index + 0xa1).toString(16).repeat(20)}`
      const member = { index, address, keys: await publicKeys(keys) }
      const hospital = { keys, dataset, proofs, member }
      return { ...hospital, trainer: await trainerOf(hospital, manifest) }
    }),
  )
}

/** A hospital's trainer, as after a reload. */
async function trainerOf(
  { keys, dataset, proofs, member }: Omit<ProvenHospital, 'trainer'>,
  manifest: Manifest,
): Promise<HospitalTrainer> {
  const trainer = new HospitalTrainer({ keys, dataset, proofs, createEngine: () => createEngine('cpu') })
  await trainer.configure(testRef, manifest, member.address)
  return trainer
}

/** Hospitals that prepared their data and submitted to the first round. */
interface Scene {
  readonly manifest: Manifest
  readonly hospitals: readonly ProvenHospital[]
  readonly members: readonly Member[]
  readonly leaves: readonly Hex[]
  readonly sealed: readonly Sealed[]
}

const drawOf = (member: number) => ({ seed, member, contribution: 0 })
const questionOf = (member: number): AuditQuestion => ({ draw: drawOf(member), beacon })

async function sceneOf(manifest: Manifest, counts: readonly number[]): Promise<Scene> {
  const hospitals = await hospitalsOf(manifest, counts)
  const members = hospitals.map(({ member }) => member)
  const leaves: Hex[] = []
  const sealed: Sealed[] = []
  for (const { trainer, member } of hospitals) {
    leaves.push(await trainer.prepareData())
    sealed.push(await trainer.trainAndSeal(1, members, {}, drawOf(member.index)))
  }
  return { manifest, hospitals, members, leaves, sealed }
}

/** What everybody starts from in the first round. */
function startIn({ model, seed }: Manifest): BigInt64Array<ArrayBuffer> {
  return startOf(initialParameters(model, seed))
}

/** What the chain says of an update. */
function claimOf({ sealed }: Scene, member: number, answer?: AuditAnswer): ProvenUpdate {
  const trace = sealed[member]!.proven!.trace
  return { trace, member, ...(answer && { answer: { beacon, phi: answer.phi, products: answer.products } }) }
}

/** Checks a proof as the contract does, from what is on the chain. */
function check({ manifest, members, leaves, sealed }: Scene, member: number, answer: AuditAnswer, proof: Uint8Array) {
  const shape = roundShapeOf(manifest)
  const { air } = roundAirOf(shape)
  const start = startIn(manifest)
  const [data, after] = [hexToBytes(answer.data), hexToBytes(answer.afterRoot)]
  expect(dataLeaf(data, answer.pin)).toBe(leaves[member])
  expect(answer.start).toEqual(elementsOf(start))
  expect(traceOf(after, start)).toBe(sealed[member]!.proven!.trace)
  const { steps } = shape
  const plan = {
    order: orderOf(hexToBytes(seed), member, steps),
    signs: signsOf(hexToBytes(seed), member, steps),
    contribution: 0,
  }
  const blinded = shape.blinded ? { gammas: gammasOf(hexToBytes(beacon), member), phi: answer.phi } : {}
  const context = contextOf({
    domainSeparator: studyDomain(testRef),
    hospital: members[member]!.address,
    round: 1,
    contribution: 0,
    products: answer.products,
  })
  const inputs = [...roundInputs(shape, { start, plan, ...blinded }), ...answer.pin]
  verify(air.key, { context, inputs, roots: [data, after] }, proof, air.parameters)
}

function bindingOf(by: Member): Binding {
  return { ...testRef, round: 1, sender: by.address, kind: 'update' }
}

/** What somebody with a hand of its own would send. */
async function forge(by: TestHospital, members: readonly Member[], plaintext: Uint8Array): Promise<Sealed> {
  const commitment = await sha256Hex(plaintext)
  const signer = createDutySigner(by.keys.duty.privateKey)
  const { blob, digest } = await seal(
    plaintext,
    bindingOf(by.member),
    members.map(({ address, keys }) => ({ address, encryption: keys.encryption })),
    {
      by: by.member.address,
      commitment,
      sign: (ciphertext, signed) =>
        signer.sealedBlob(testRef, {
          by: by.member.address,
          round: 1,
          kind: 'update',
          ciphertext,
          commitment: signed,
        }),
    },
  )
  return { blob, digest, commitment }
}

const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    error => {
      if (isAppError(error)) return error.code
      throw error
    },
  )

async function plaintextOf({ hospitals, members, sealed }: Scene, index: number): Promise<Uint8Array> {
  const [seat] = hospitals as [ProvenHospital]
  const { plaintext } = await open(sealed[index]!.blob, bindingOf(members[index]!), seat.member.address, seat.keys)
  return plaintext
}

describe('a proven round of three hospitals', () => {
  let scene: Scene
  let proved: Awaited<ReturnType<HospitalTrainer['proveRound']>>
  const progress: Progress[] = []

  beforeAll(async () => {
    scene = await sceneOf(quick(own), [60, 90, 20])
    const { trainer } = scene.hospitals[1]!
    const work = { onProgress: (step: Progress) => progress.push(step) }
    proved = await trainer.proveRound(1, scene.members, questionOf(1), work)
  }, 120_000)

  const opensAs = (index: number, { blob, commitment }: Sealed, said: ProvenUpdate | undefined) =>
    scene.hospitals[0]!.trainer.open(1, scene.members[index]!, blob, commitment, {}, said)

  const contentOf = async (index: number): Promise<ProvenPlaintext> =>
    decodeProven(await plaintextOf(scene, index), 1, size)

  /** The trace of an update that is not what was trained. */
  const tracedOf = async (
    { afterKey }: ProvenPlaintext,
    change: BigInt64Array,
    start = startIn(scene.manifest),
  ): Promise<Hex> => {
    const round = roundAirOf(roundShapeOf(scene.manifest))
    const weights = start.map((weight, i) => weight + change[i]!)
    const columns = afterColumns(round, weights, new BigUint64Array())
    const { root } = await commitOracle(await fieldOf(round), round.air, 'after', columns, { maskKey: afterKey })
    return traceOf(root, start)
  }

  it('is proven to whoever knows the chain, and of this hospital and round alone', () => {
    check(scene, 1, proved.answer, proved.proof)
    expect(proved.answer).toMatchObject({ phi: [0n, 0n], products: [] })
    const of = { ...scene, members: [scene.members[0]!, scene.members[0]!, scene.members[2]!] }
    expect(() => check(of, 1, proved.answer, proved.proof)).toThrow(
      expect.objectContaining({ name: 'ProofRefused' } satisfies Partial<ProofRefused>),
    )
    expect(progress.map(({ stage }) => stage)).toContain('prove')
  })

  it('promises 32 bytes that only its hospital can open, new ones each time', async () => {
    const where = { chainId: testRef.chainId, contract: testRef.study, study: testRef.study, round: 1 }
    for (const [i, { proven: said }] of scene.sealed.entries()) {
      const isOf = (index: number) =>
        isRevealOf(hexToBytes(said!.promise), where, scene.members[index]!.address, hexToBytes(said!.secret))
      expect(scene.members.map((_, index) => isOf(index))).toEqual(scene.members.map((_, index) => index === i))
    }
    const again = await scene.hospitals[2]!.trainer.trainAndSeal(1, scene.members, {}, drawOf(2))
    expect(again.proven!.secret).not.toBe(scene.sealed[2]!.proven!.secret)
  })

  it('gives every seat the mean of what was learned, and models that can be used', async () => {
    const models: SealedModel[] = []
    for (const { trainer } of scene.hospitals) {
      for (const [i, { blob, commitment }] of scene.sealed.entries()) {
        const said = claimOf(scene, i, i === 1 ? proved.answer : undefined)
        expect(await trainer.open(1, scene.members[i]!, blob, commitment, {}, said)).toBe(true)
      }
      models.push(await trainer.aggregate(1, scene.members, scene.members))
    }
    expect(new Set(models.map(({ modelHash }) => modelHash)).size).toBe(1)
    const [{ keys, member }] = scene.hospitals as [ProvenHospital]
    const of = { ...testRef, round: 1, sender: testRef.study, kind: 'model' } as const
    const { plaintext } = await open(models[0]!.blob, of, member.address, keys)
    const hash = await manifestHash(scene.manifest)
    const { vector } = decodeModel(plaintext, { study: testRef.study, round: 1, manifest: hash, size, width: null })
    const contents = await Promise.all(scene.sealed.map((_, i) => contentOf(i)))
    const total = contents.reduce((sum, { weight }) => sum + weight, 0)
    const start = initialParameters(scene.manifest.model, scene.manifest.seed)
    const mean = (i: number) =>
      contents.reduce((sum, { weight, change }) => sum + weight * Number(change[i]), 0) / total
    for (const [i, value] of vector.entries()) expect(value).toBeCloseTo(start[i]! + mean(i) / 2 ** 32, 5)

    const fresh = await trainerOf(scene.hospitals[0]!, scene.manifest)
    await fresh.installModel(1, models[1]!.modelHash, models[1]!.blob, scene.members)
    const { federated, local } = (await fresh.evaluate({ withLocal: 'final' })).localOnly
    expect(federated.accuracy).toBeGreaterThan(0.7)
    expect(local).not.toBeNull()
  })

  it('opens no update that is scaled, turned around, from elsewhere, or without a trace on the chain', async () => {
    const content = await contentOf(1)
    const honest = claimOf(scene, 1)
    const changed = async (change: (value: bigint, i: number) => bigint) =>
      forge(scene.hospitals[1]!, scene.members, encodeProven({ ...content, change: content.change.map(change) }))
    expect(await opensAs(1, await changed(value => value), honest)).toBe(true)
    expect(await opensAs(1, await changed(value => 2n * value), honest)).toBe(false)
    expect(await opensAs(1, await changed(value => -value), honest)).toBe(false)
    expect(await opensAs(1, await changed((value, i) => (i === 4 ? value + 1n : value)), honest)).toBe(false)
    expect(await opensAs(1, await changed(value => value + 2n ** 40n), honest)).toBe(false)
    expect(await opensAs(1, scene.sealed[1]!, claimOf(scene, 0))).toBe(false)
    expect(await opensAs(1, scene.sealed[1]!, undefined)).toBe(false)
  })

  it('opens no update that says of itself that it starts from another model', async () => {
    const content = await contentOf(1)
    const start = startIn(scene.manifest)
    for (const by of [0n, 1n]) {
      const other = start.map((weight, i) => (i === 2 ? weight + by : weight))
      // Such a round can be proven: what it started from is the seats' to check.
      const trace = await tracedOf(content, content.change, other)
      expect(await opensAs(1, scene.sealed[1]!, { trace, member: 1 })).toBe(by === 0n)
    }
  })

  it('opens an update by another seat’s keys only if it is what its trace says', async () => {
    const [first, , last] = scene.hospitals as [ProvenHospital, ProvenHospital, ProvenHospital]
    const [by, from, seat] = scene.members as [Member, Member, Member]
    const content = await contentOf(1)
    const honest = claimOf(scene, 1)
    // Sealed to the first seat alone.
    for (const factor of [1n, 2n]) {
      const change = content.change.map(value => factor * value)
      const { blob, commitment } = await forge(scene.hospitals[1]!, [by], encodeProven({ ...content, change }))
      const others = await trainerOf(first, scene.manifest)
      const traced = { ...honest, trace: await tracedOf(content, change) }
      expect(await others.open(1, from, blob, commitment, {}, traced)).toBe(true)
      const rewraps = await others.sealRewraps(1, [{ update: from, seat }])
      const shutOut = await trainerOf(last, scene.manifest)
      expect(await shutOut.openRewrapped(1, from, blob, rewraps.blob, by)).toBe(false)
      expect(await shutOut.open(1, from, blob, commitment, {}, honest)).toBe(false)
      expect(await shutOut.openRewrapped(1, from, blob, rewraps.blob, by)).toBe(factor === 1n)
    }
  })

  it('proves the same bytes after a reload', async () => {
    const again = await trainerOf(scene.hospitals[1]!, scene.manifest)
    expect(await again.prepareData()).toBe(scene.leaves[1])
    expect(await again.proveRound(1, scene.members, questionOf(1))).toEqual(proved)
  })

  it('proves nothing of another round or seed, or once what it follows from is cleared', async () => {
    const { proofs } = scene.hospitals[0]!
    const owner = { ...testRef, address: scene.members[0]!.address }
    const record = await proofs.load(owner)
    const again = await trainerOf(scene.hospitals[0]!, scene.manifest)
    expect(await codeOf(again.proveRound(2, scene.members, questionOf(0)))).toBe('proving.lost')
    const other = { ...questionOf(0), draw: { ...drawOf(0), seed: beacon } }
    expect(await codeOf(again.proveRound(1, scene.members, other))).toBe('proving.lost')
    expect((await again.proofStorage()).bytes).toBeGreaterThan(100)
    await again.clearProofs()
    expect(await again.proofStorage()).toEqual({ bytes: 0 })
    expect(await codeOf(again.proveRound(1, scene.members, questionOf(0)))).toBe('proving.lost')
    expect(await codeOf(again.trainAndSeal(1, scene.members, {}, drawOf(0)))).toBe('proving.lost')
    await proofs.save(owner, record!)
  })

  it('has another leaf for other patients, and for the same in another hospital’s hands', async () => {
    const { keys, dataset, proofs, member } = scene.hospitals[0]!
    const without = { ...dataset, train: (dataset as { train: readonly unknown[] }).train.slice(1) } as Dataset
    const fewer = await trainerOf({ keys, dataset: without, proofs, member }, scene.manifest)
    expect(await codeOf(fewer.prepareData())).toBe('proving.lost')
    expect(await codeOf(fewer.proveRound(1, scene.members, questionOf(0)))).toBe('proving.lost')
    const draw = { ...drawOf(0), contribution: 1 }
    expect(await codeOf(fewer.trainAndSeal(2, scene.members, {}, draw))).toBe('proving.lost')
    // Before the first round they may still be replaced.
    const record = (await proofs.load({ ...testRef, address: member.address }))!
    const untrained = memoryProofStore()
    await untrained.save({ ...testRef, address: member.address }, { ...record, rounds: [] })
    const replaced = await trainerOf({ keys, dataset: without, proofs: untrained, member }, scene.manifest)
    expect(await replaced.prepareData()).not.toBe(scene.leaves[0])
    expect(await codeOf(replaced.trainAndSeal(1, scene.members, {}, drawOf(0)))).toBeUndefined()
    const elsewhere = await trainerOf({ keys, dataset, proofs: memoryProofStore(), member }, scene.manifest)
    expect(await elsewhere.prepareData()).not.toBe(scene.leaves[0])
  })

  it('says nothing of patients where it cannot be proven', async () => {
    const { keys, dataset, proofs, member } = scene.hospitals[1]!
    const trainer = new HospitalTrainer({
      ...{ keys, dataset, proofs, createEngine: () => createEngine('cpu') },
      prover: job => {
        job.data.batches[0]!.inputs[0] = 54_321
        return proveJob(job, () => {})
      },
    })
    await trainer.configure(testRef, scene.manifest, member.address)
    const refused = await trainer.proveRound(1, scene.members, questionOf(1)).catch((error: Error) => error)
    expect(refused).toBeInstanceOf(Error)
    expect((refused as Error).stack).toContain('a round does not hold')
    expect((refused as Error).message).not.toMatch(/\d/)
  })

  it('stops a proof when it is told to', async () => {
    const controller = new AbortController()
    const proving = scene.hospitals[1]!.trainer.proveRound(1, scene.members, questionOf(1), {
      signal: controller.signal,
      onProgress: ({ stage }) => stage === 'prove' && controller.abort(),
    })
    expect(await codeOf(proving)).toBe('training.cancelled')
  })
})

/** A masked round's hospitals, all of them seats, of which the second was drawn. */
interface MaskedScene extends Scene {
  readonly drawn: Awaited<ReturnType<HospitalTrainer['proveRound']>>
}

const drawn = 1

async function maskedSceneOf(plan: StudyPlan): Promise<MaskedScene> {
  const scene = await sceneOf(quick(masked(plan)), [60, 90, 20, 40])
  const { trainer } = scene.hospitals[drawn]!
  return { ...scene, drawn: await trainer.proveRound(1, scene.members, questionOf(drawn)) }
}

/** What each seat finds of the drawn hospital's contribution. */
function opens(scene: MaskedScene, { blob, commitment }: Sealed, said?: ProvenUpdate): Promise<boolean[]> {
  const { hospitals, members } = scene
  return Promise.all(
    hospitals.map(({ trainer }) => trainer.openMasked(1, members, members[drawn]!, blob, commitment, {}, said)),
  )
}

/** The drawn hospital's contribution with another vector, committed to and sealed as it should be. */
async function withVector(scene: MaskedScene, change: (vector: BigUint64Array<ArrayBuffer>) => void): Promise<Sealed> {
  const { hospitals, members, sealed } = scene
  const { proven: said, patientWeight } = sealed[drawn]!
  const seats = members.map(({ address }) => address)
  const of = { ...testRef, round: 1, vector: 'update' as const, seats, threshold: thresholdOf(seats.length) }
  const expected = { round: 1, vector: 'update' as const, size: size + 4, seats: seats.length }
  const content = decodeMasked(await plaintextOf(scene, drawn), expected)
  change(content.masked)
  const commitments = { ...content.commitments, masked: await hashMasked(of, seats[drawn]!, content.masked) }
  const forged = await forge(hospitals[drawn]!, members, encodeMasked({ ...content, commitments }))
  return { ...forged, ...(said && { proven: said }), ...(patientWeight && { patientWeight }) }
}

describe.each([
  ['masked', own],
  ['masked with noise', noised],
])('a proven round of four hospitals that are four seats, %s', (_, plan) => {
  let scene: MaskedScene
  let said: ProvenUpdate
  const all = [true, true, true, true]

  beforeAll(async () => {
    scene = await maskedSceneOf(plan)
    said = claimOf(scene, drawn, scene.drawn.answer)
  }, 120_000)

  /** The same claims but for what is added to some of them. */
  const withClaims = (added: Readonly<Record<number, bigint>>): ProvenUpdate => {
    const products = scene.drawn.answer.products.map((value, i) => (value + (added[i] ?? 0n) + MODULUS) % MODULUS)
    return claimOf(scene, drawn, { ...scene.drawn.answer, products })
  }

  const committeeOf = (): MaskedCommittee => ({
    seats: scene.members,
    set: scene.members.map(({ index, address }) => ({
      index,
      hospital: address,
      weight: scene.sealed[index]!.patientWeight!,
    })),
  })

  /** After every seat has opened everything, and answered. */
  async function answersOf(claims: ProvenUpdate, opening: readonly number[]): Promise<MaskedAnswers> {
    for (const { trainer } of scene.hospitals) {
      for (const [i, { blob, commitment }] of scene.sealed.entries()) {
        const claim = i === drawn ? claims : claimOf(scene, i)
        await trainer.openMasked(1, scene.members, scene.members[i]!, blob, commitment, {}, claim)
      }
    }
    const committee = committeeOf()
    const blobsOf = (seal: (trainer: HospitalTrainer) => Promise<Sealed>) =>
      Promise.all(scene.hospitals.map(async ({ trainer }) => (await seal(trainer)).blob))
    return {
      masks: await blobsOf(trainer => trainer.sealMasks(1, committee)),
      shares: opening.length > 0 ? await blobsOf(trainer => trainer.sealShares(1, committee, opening)) : [],
      opening,
      claims: [{ member: drawn, products: claims.answer!.products }],
    }
  }

  const conclude = (answers: MaskedAnswers): Promise<MaskedOutcome[]> =>
    Promise.all(scene.hospitals.map(({ trainer }) => trainer.aggregateMasked(1, committeeOf(), answers, scene.members)))

  it('is proven with a fingerprint of the update', () => {
    check(scene, drawn, scene.drawn.answer, scene.drawn.proof)
    expect(scene.drawn.answer.products).toHaveLength(8)
    const { answer, proof } = scene.drawn
    const other = { ...answer, phi: [answer.phi[0], (answer.phi[1] + 1n) % MODULUS] as const }
    expect(() => check(scene, drawn, other, proof)).toThrow(expect.objectContaining({ name: 'ProofRefused' }))
  })

  it('opens what was proven, and what was not drawn', async () => {
    expect(await opens(scene, scene.sealed[drawn]!, said)).toEqual(all)
    expect(await opens(scene, scene.sealed[drawn]!, claimOf(scene, drawn))).toEqual(all)
  })

  it('opens nothing without its trace on the chain, or with another hospital’s', async () => {
    const none = all.map(() => false)
    expect(await opens(scene, scene.sealed[drawn]!)).toEqual(none)
    expect(await opens(scene, scene.sealed[drawn]!, claimOf(scene, 0))).toEqual(none)
  })

  it('has every seat see that a vector is not the one that was proven', async () => {
    for (const change of [
      (vector: BigUint64Array) => vector.set([(vector[0]! + 1n) % MODULUS]),
      (vector: BigUint64Array) => vector.set([vector[8]! === 0n ? 1n : 0n], 8),
      (vector: BigUint64Array) => vector.reverse(),
    ]) {
      const forged = await withVector(scene, change)
      expect(await opens(scene, forged, said)).toEqual([false, false, false, false])
      // Nobody sees it but by the proof.
      expect(await opens(scene, forged, claimOf(scene, drawn))).toEqual(all)
    }
  })

  it('has every seat see a vector that is only what it should be in directions known in advance', async () => {
    const known = [5n, 7n] as const
    const corrected = ([a, b]: readonly [bigint, bigint]) =>
      withVector(scene, vector => {
        // (x − a)(x − b) is 0 in both.
        for (const [i, by] of [1n, -a - b, a * b].entries()) {
          const at = vector.length - 3 + i
          vector[at] = (((vector[at]! + by) % MODULUS) + MODULUS) % MODULUS
        }
      })
    expect(await opens(scene, await corrected(known), said)).toEqual([false, false, false, false])
    // So nobody may know them before all have committed.
    expect(await opens(scene, await corrected(gammasOf(hexToBytes(beacon), drawn)), said)).toEqual(all)
  })

  it('has a seat see that a round started from another model, whatever is proven of it', async () => {
    const { proven: submitted } = scene.sealed[drawn]!
    const start = startIn(scene.manifest)
    const after = hexToBytes(scene.drawn.answer.afterRoot)
    expect(traceOf(after, start)).toBe(submitted!.trace)
    const trace = traceOf(after, start.with(1, start[1]! + 1n))
    expect(await opens(scene, scene.sealed[drawn]!, { ...said, trace })).toEqual([false, false, false, false])
  })

  it('has a seat see that a claim of its masks is false, and all of them that claims do not add up', async () => {
    expect(await opens(scene, scene.sealed[drawn]!, withClaims({ 4: 1n, 6: -1n }))).toEqual([true, true, false, false])
    expect(await opens(scene, scene.sealed[drawn]!, withClaims({ 4: 1n }))).toEqual(all.map(() => false))
    // Of its own seat's masks a hospital could claim anything: it has none.
    expect(await opens(scene, scene.sealed[drawn]!, withClaims({ 2: 1n, 0: -1n }))).toEqual(all.map(() => false))
    const fewer = claimOf(scene, drawn, { ...scene.drawn.answer, products: scene.drawn.answer.products.slice(2) })
    expect(await opens(scene, scene.sealed[drawn]!, fewer)).toEqual(all.map(() => false))
  })

  it('gives every seat one sum, in which nothing is left of what blinds', async () => {
    const outcomes = await conclude(await answersOf(said, []))
    const hashes = outcomes.map(outcome => ('model' in outcome ? outcome.model.modelHash : outcome.accused))
    expect(new Set(hashes).size).toBe(1)
    const [{ keys, member }] = scene.hospitals as [ProvenHospital]
    const of = { ...testRef, round: 1, sender: testRef.study, kind: 'model' } as const
    const { model } = outcomes[0] as { readonly model: SealedModel }
    const { plaintext } = await open(model.blob, of, member.address, keys)
    const hash = await manifestHash(scene.manifest)
    const { vector } = decodeModel(plaintext, { study: testRef.study, round: 1, manifest: hash, size, width: null })
    expect(vector.every(value => Math.abs(value) < 4)).toBe(true)
    if (plan === own) {
      // The same patients in a study that is not masked.
      const open = await sceneOf(quick(own), [60, 90, 20, 40])
      const contents = await Promise.all(
        open.sealed.map(async (_, i) => decodeProven(await plaintextOf(open, i), 1, size)),
      )
      const total = contents.reduce((sum, { weight }) => sum + weight, 0)
      const start = initialParameters(scene.manifest.model, scene.manifest.seed)
      for (const [i, value] of vector.entries()) {
        const sum = contents.reduce((sum, { weight, change }) => sum + weight * Number(change[i]), 0)
        expect(value).toBeCloseTo(start[i]! + sum / total / 2 ** 32, 5)
      }
    }
  })

  it('accuses who claimed what an opened seat’s masks are not, and nobody else', async () => {
    expect(await conclude(await answersOf(withClaims({ 4: 1n, 6: -1n }), [2]))).toEqual(
      scene.members.map(() => ({ accused: [drawn] })),
    )
    for (const outcome of await conclude(await answersOf(said, [2]))) expect(outcome).toHaveProperty('model')
  })
})

/** As far as the proof's first sign of life: that it is asked for is what counts. */
async function askFor(trainer: HospitalTrainer, members: readonly Member[], question: AuditQuestion) {
  const controller = new AbortController()
  const onProgress = ({ stage }: Progress) => stage === 'prove' && controller.abort()
  return codeOf(trainer.proveRound(1, members, question, { signal: controller.signal, onProgress }))
}

describe('a node that asks for more proofs than there should be', () => {
  const beaconAt = (byte: string): Hex => `0x${byte.repeat(32)}`
  const asked = (member: number, byte: string) => ({ ...questionOf(member), beacon: beaconAt(byte) })

  it('gets fingerprints of a masked update under two beacons, and these again', async () => {
    const manifest = quick(masked(own))
    const { hospitals, members } = await sceneOf({ ...manifest, proving: { steps: 4, contributions: 3 } }, [60, 30, 20])
    const [{ trainer }] = hospitals as [ProvenHospital]
    expect(await askFor(trainer, members, asked(0, '01'))).toBe('training.cancelled')
    expect(await askFor(trainer, members, asked(0, '02'))).toBe('training.cancelled')
    expect(await askFor(trainer, members, asked(0, '03'))).toBe('proving.spent')
    const reloaded = await trainerOf(hospitals[0]!, { ...manifest, proving: { steps: 4, contributions: 3 } })
    expect(await askFor(reloaded, members, asked(0, '03'))).toBe('proving.spent')
    expect(await askFor(reloaded, members, asked(0, '02'))).toBe('training.cancelled')
  }, 60_000)

  it('gets as many proofs of the same patients as the commitment to them has padding for', async () => {
    const { hospitals, members } = await sceneOf(quick(own), [60, 30])
    const [{ trainer }] = hospitals as [ProvenHospital]
    const codes: unknown[] = []
    for (const byte of ['01', '02', '03']) {
      const draw = { ...drawOf(0), seed: beaconAt(byte) }
      await trainer.trainAndSeal(1, members, {}, draw)
      codes.push(await askFor(trainer, members, { draw, beacon }))
    }
    expect(codes).toEqual(['training.cancelled', 'training.cancelled', 'proving.spent'])
  }, 60_000)
})

it('starts from no weights that cannot be proven', async () => {
  const given = Float32Array.of(1, -2, 3, 0, 16)
  const { digest } = await packInitial(given)
  const manifest = { ...quick(own), initial: { digest, parameters: size } }
  const [dataset, keys] = [testDataset(0, 30), await createKeys()]
  const trainer = new HospitalTrainer({ keys, dataset, createEngine: () => createEngine('cpu') })
  expect(await codeOf(trainer.configure(testRef, manifest, `0x${'a1'.repeat(20)}`, given))).toBe('training.badInitial')
})

describe('noise', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await sceneOf(quick(noised), [60, 30])
  })

  it('is drawn once for all rounds, as wide as the study says', async () => {
    const { proofs, member } = scene.hospitals[0]!
    const { noise } = (await proofs.load({ ...testRef, address: member.address }))!
    const { sigma, bits } = provenNoise(scene.manifest.privacy!)
    expect(noise).toHaveLength(2 * 4 * size)
    const deviation = Math.sqrt(noise!.reduce((sum, value) => sum + Number(value) ** 2, 0) / noise!.length)
    expect(deviation / sigma).toBeGreaterThan(0.5)
    expect(deviation / sigma).toBeLessThan(1.6)
    expect(noise!.every(value => Number(value) >= -(2 ** bits) && Number(value) < 2 ** bits)).toBe(true)
    expect(new Set(noise).size).toBe(noise!.length)
  })

  it('is in what is sent, and proven with it', async () => {
    const { trainer } = scene.hospitals[1]!
    const { answer, proof } = await trainer.proveRound(1, scene.members, questionOf(1))
    check(scene, 1, answer, proof)
    const changeOf = async (of: Scene) => decodeProven(await plaintextOf(of, 1), 1, size).change
    // Another store has other noise.
    const other = await sceneOf(scene.manifest, [60, 30])
    const pairs = [...(await changeOf(scene))].map((value, i) => [value, i] as const)
    const others = await changeOf(other)
    expect(pairs.every(([value, i]) => value !== others[i])).toBe(true)
  })

  it('hides one update alone: of two somebody could tell what is under it', async () => {
    const [{ trainer }] = scene.hospitals as [ProvenHospital]
    const again = await trainer.trainAndSeal(1, scene.members, {}, drawOf(0))
    expect(
      await trainer.open(
        1,
        scene.members[0]!,
        again.blob,
        again.commitment,
        {},
        claimOf({ ...scene, sealed: [again] }, 0),
      ),
    ).toBe(true)
    const draws = [
      { round: 1, draw: { ...drawOf(0), seed: beacon } },
      { round: 2, draw: { ...drawOf(0), seed: beacon } },
    ]
    for (const { round, draw } of draws) {
      expect(await codeOf(trainer.trainAndSeal(round, scene.members, {}, draw))).toBe('proving.noiseUsed')
    }
    // The patients' privacy is charged by the round: whoever makes a node say otherwise gets no second update for one charge,
    // and none that has the first one's noise forgotten.
    const other = { ...drawOf(0), seed: beacon, contribution: 1 }
    for (const draw of [other, ...draws.map(({ draw }) => draw), { ...drawOf(0), member: 1 }]) {
      expect(await codeOf(trainer.trainAndSeal(1, scene.members, {}, draw))).toBe('proving.noiseUsed')
    }
    expect(await codeOf(trainer.trainAndSeal(2, scene.members, {}, other))).toBeUndefined()
  })

  it('is of the study that says how much: where a node shows another first, it is drawn anew', async () => {
    const { keys, dataset, member } = scene.hospitals[0]!
    const { manifest } = scene
    const proofs = memoryProofStore()
    const hospital = { keys, dataset, proofs, member }
    const noiseOf = async () => (await proofs.load({ ...testRef, address: member.address }))!.noise!
    const privacy = { ...manifest.privacy!, noise: manifest.privacy!.noise / 100 }
    const bare = await trainerOf(hospital, { ...manifest, privacy })
    await bare.prepareData()
    const before = await noiseOf()
    const trainer = await trainerOf(hospital, manifest)
    expect(await codeOf(trainer.trainAndSeal(1, scene.members, {}, drawOf(0)))).toBe('proving.lost')
    await trainer.prepareData()
    expect((await noiseOf()).every((value, i) => value !== before[i])).toBe(true)
    await trainer.trainAndSeal(1, scene.members, {}, drawOf(0))
    const again = await trainerOf(hospital, { ...manifest, privacy })
    expect(await codeOf(again.prepareData())).toBe('proving.lost')
  })
})
