import { readFile } from 'node:fs/promises'
import { expose } from 'comlink'
import { afterEach, describe, expect, it } from 'vitest'
import { createKeys, memoryKeyStore, publicKeys } from '../crypto/keys.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type { Member, Progress, Sealed } from '../rounds/ports.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { proven } from '../study/studies/proven.ts'
import type { Address } from '../study/types.ts'
import { createTrainingClient } from './client.ts'
import { createEngine } from './engine.ts'
import { memoryProofStore } from './proofStore.ts'
import { proveHere } from './prover.ts'
import { memoryResidualStore } from './residualStore.ts'
import { testRef } from './testing.ts'
import { createWorkerApi } from './workerApi.ts'

const self: Address = `0x${'a1'.repeat(20)}`
const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** The client and the worker's side at the two ends of a real message channel. */
async function connect(withKeys = true, address: Address = self) {
  const { port1, port2 } = new MessageChannel()
  closers.push(() => port1.close())
  const keys = memoryKeyStore()
  const pair = await createKeys()
  if (withKeys) await keys.save({ deployment: testRef.deployment, study: testRef.study, address }, pair)
  const read: string[] = []
  const api = createWorkerApi({
    keys,
    residuals: memoryResidualStore(),
    proofs: memoryProofStore(),
    prover: proveHere,
    createEngine: backend => createEngine(backend ?? 'cpu'),
    async fetchFile(path) {
      read.push(path)
      const bytes = await readFile(new URL(`../../public/${path}`, import.meta.url)).catch(cause => {
        throw new AppError('data.unreadable', { file: path, reason: 'it is not there' }, cause)
      })
      return new Uint8Array(bytes).buffer
    },
  })
  expose(api, port2)
  const client = createTrainingClient(port1)
  const member: Member = { index: 0, address, keys: await publicKeys(pair) }
  return { client, member, read }
}

const coded = (code: Parameters<typeof isAppError>[1]) => (error: unknown) => isAppError(error, code)
const csv = (text: string) => new File([text], 'ward.csv')

describe('the training worker, over a message channel', () => {
  it('loads its own data, runs a whole round, and gives sealed bytes and progress back', async () => {
    const { client, member, read } = await connect()
    const { manifest } = heartStudy()
    const { localOnly } = await client.loadShipped({ study: 'heart', hospitals: 4, index: 3, seed: 1 })
    expect(localOnly).toMatchObject({ name: 'Long Beach', patients: 130, test: 45 })
    expect(read).toEqual(['studies/heart/processed.va.data', 'studies/heart/flamby-split.json'])
    expect(await client.configure(testRef, manifest, self)).toEqual({ backend: 'cpu', patients: { localOnly: 130 } })

    const statistics = await client.sealStatistics(1, [member])
    expect(await client.open(1, member, statistics.blob, statistics.commitment)).toBe(true)
    const start = await client.aggregate(1, [member], [member])
    await client.installModel(1, start.modelHash, start.blob, [member])
    const progress: Progress[] = []
    const update = await client.trainAndSeal(2, [member], { onProgress: step => progress.push(step) })
    expect(progress.map(({ stage }) => stage)).toContain('train')
    expect(await client.open(2, member, update.blob, update.commitment)).toBe(true)
    expect((await client.score(2, [member]))[0]).toSatisfy(Number.isInteger)
    const model = await client.aggregate(2, [member], [member])
    await client.installModel(2, model.modelHash, model.blob, [member])
    const result = await client.evaluate({ withLocal: 'final' })
    expect(result.localOnly.federated.patients).toBe(45)
    expect((await client.spent()).encrypt).toBeGreaterThan(0)
    await client.forget(3)
  })

  it('runs a masked round of three hospitals', async () => {
    const addresses: Address[] = [self, `0x${'a2'.repeat(20)}`, `0x${'a3'.repeat(20)}`]
    const masking = { clip: 16, fractionBits: 24 }
    const manifest = { ...heartStudy().manifest, standardise: false, scaling: 'ranges' as const, masking }
    const connected = await Promise.all(addresses.map(address => connect(true, address)))
    const members = connected.map(({ member }, index) => ({ ...member, index }))
    const sealed: Sealed[] = []
    for (const [index, { client }] of connected.entries()) {
      await client.loadShipped({ study: 'heart', hospitals: 4, index, seed: 1 })
      await client.configure(testRef, manifest, addresses[index] as Address)
      sealed.push(await client.trainAndSeal(1, members))
    }
    const set = members.map(({ index, address }) => {
      return { index, hospital: address, weight: sealed[index]?.patientWeight ?? 0 }
    })
    const committee = { seats: members, set }
    const masks = []
    for (const { client } of connected) {
      for (const [i, { blob, commitment }] of sealed.entries()) {
        expect(await client.openMasked(1, members, members[i] as Member, blob, commitment)).toBe(true)
      }
      masks.push((await client.sealMasks(1, committee)).blob)
      expect((await client.sealShares(1, committee, [])).digest).toMatch(/^0x[0-9a-f]{64}$/)
    }
    const answers = { masks, shares: [null, null, null], opening: [] }
    const [{ client: first }] = connected as [(typeof connected)[number]]
    await expect(first.sealProducts(1, committee, answers)).rejects.toSatisfy(coded('masking.noOpenings'))
    const aborted = { signal: AbortSignal.abort() }
    await expect(first.sealProducts(1, committee, answers, aborted)).rejects.toSatisfy(coded('training.cancelled'))
    const outcomes = await Promise.all(
      connected.map(({ client }) => client.aggregateMasked(1, committee, answers, members)),
    )
    for (const outcome of outcomes) {
      if ('accused' in outcome) throw new Error('nobody lied')
      for (const { client } of connected) {
        await client.installModel(1, outcome.model.modelHash, outcome.model.blob, members)
      }
    }
  })

  it('prepares, trains, opens and proves a proven round, and clears what that is made from', async () => {
    const { client, member } = await connect()
    const { manifest } = proven(heartStudy({ rounds: 1 }), { steps: 1 })
    await client.loadShipped({ study: 'heart', hospitals: 4, index: 2, seed: 1 })
    await client.configure(testRef, manifest, self)
    const stages: string[] = []
    const work = { onProgress: ({ stage }: Progress) => stages.push(stage) }
    expect(await client.prepareData(work)).toMatch(/^0x[0-9a-f]{64}$/)
    const draw = { seed: `0x${'5e'.repeat(32)}`, member: 0, contribution: 0 } as const
    const sealed = await client.trainAndSeal(1, [member], work, draw)
    const claim = { trace: sealed.proven!.trace, member: 0 }
    expect(await client.open(1, member, sealed.blob, sealed.commitment, work, claim)).toBe(true)
    expect(await client.open(1, member, sealed.blob, sealed.commitment, work)).toBe(false)
    const question = { draw, beacon: draw.seed }
    const { answer, proof } = await client.proveRound(1, [member], question, work)
    expect(answer.start).toHaveLength(14)
    expect(proof.length).toBeGreaterThan(10_000)
    await expect.poll(() => stages).toEqual(expect.arrayContaining(['commit', 'train', 'seal', 'open', 'prove']))
    const stopped = { signal: AbortSignal.abort() }
    await expect(client.proveRound(1, [member], question, stopped)).rejects.toSatisfy(coded('training.cancelled'))
    expect((await client.proofStorage()).bytes).toBeGreaterThan(0)
    await client.clearProofs()
    expect(await client.proofStorage()).toEqual({ bytes: 0 })
    await expect(client.proveRound(1, [member], question)).rejects.toSatisfy(coded('proving.lost'))
  }, 60_000)

  it('cancels what a signal stops, inside the worker', async () => {
    const { client, member } = await connect()
    await client.loadShipped({ study: 'heart', hospitals: 4, index: 0, seed: 1 })
    const { manifest } = heartStudy()
    const long = { ...manifest, standardise: false, training: { ...manifest.training, epochs: 100_000 } }
    await client.configure(testRef, long, self)
    const controller = new AbortController()
    const training = client.trainAndSeal(1, [member], { signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    const since = performance.now()
    await expect(training).rejects.toSatisfy(coded('training.cancelled'))
    expect(performance.now() - since).toBeLessThan(5000)
    await expect(client.score(1, [member], { signal: controller.signal })).rejects.toSatisfy(
      coded('training.cancelled'),
    )
    expect(await client.score(1, [member])).toEqual([null])
  })

  it('loads a person’s file by the study’s columns, or says what is wrong with it', async () => {
    const { client } = await connect()
    const rows = Array.from({ length: 30 }, (_, i) => `${i},${i % 2}`)
    const good = csv(['age,ill', ...rows].join('\n'))
    expect((await client.previewCsv(good)).localOnly).toMatchObject({ columns: ['age', 'ill'], rows: 30 })
    const schema = await client.inferSchema([good], 'ill')
    expect((await client.loadCsv(good, schema, 1)).localOnly).toMatchObject({ name: 'ward', patients: 30, test: 10 })
    await expect(client.loadCsv(csv('age,ill\nx,1\n'), schema, 1)).rejects.toSatisfy(coded('data.badCell'))
    await expect(client.loadCsv(csv(''), schema, 1)).rejects.toSatisfy(coded('data.empty'))
    await expect(client.inferSchema([good], 'dead')).rejects.toSatisfy(coded('data.noLabel'))
  })

  it('checks a file against a study, loads it by a mapping, and leaves out what cannot be used', async () => {
    const { client } = await connect()
    const rows = Array.from({ length: 30 }, (_, i) => `${i},${i % 2},x`)
    const schema = await client.inferSchema([csv(['age,ill', ...rows.map(row => row.slice(0, -2))].join('\n'))], 'ill')
    const file = csv(['Years;Sick;note', 'abc;1;', ...rows.map(row => row.replaceAll(',', ';'))].join('\n'))
    const { localOnly: guess } = await client.checkCsv(file, schema, null)
    expect(guess).toMatchObject({ mapping: { age: 'Years', ill: null }, unmapped: ['ill'], ignored: ['Sick', 'note'] })
    const mapping = { ...guess.mapping, ill: 'Sick' }
    const { localOnly: check } = await client.checkCsv(file, schema, mapping)
    expect(check).toMatchObject({ complete: 30, bad: 1, refusal: null, outcome: { yes: '1', no: '0' } })
    await expect(client.loadCsv(file, schema, 1, { mapping })).rejects.toSatisfy(coded('data.badCell'))
    const { localOnly: loaded } = await client.loadCsv(file, schema, 1, { mapping, leaveOutBadRows: true })
    expect(loaded).toMatchObject({ patients: 30, test: 10, incomplete: 0, bad: 1 })
    // Without a mapping every column must be the study's, as before.
    await expect(client.loadCsv(file, schema, 1)).rejects.toSatisfy(coded('data.noLabel'))
    const broken = await client.checkCsv(new File([Uint8Array.of(0x50, 0x4b, 3, 4)], 'a.xlsx'), schema, null)
    expect(broken.localOnly).toMatchObject({ rows: 0, refusal: expect.stringContaining('spreadsheet') })
  })

  it('knows the same patients again by a salted digest', async () => {
    const { client } = await connect()
    const [salt, other] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`] as const
    await expect(client.patientsDigest(salt)).rejects.toSatisfy(coded('training.noData'))
    const load = (index: number) => client.loadShipped({ study: 'heart', hospitals: 4, index, seed: 1 })
    await load(2)
    const digest = (await client.patientsDigest(salt)).localOnly
    expect(digest).toMatch(/^0x[0-9a-f]{64}$/)
    expect((await client.patientsDigest(other)).localOnly).not.toBe(digest)
    await load(3)
    expect((await client.patientsDigest(salt)).localOnly).not.toBe(digest)
    await load(2)
    expect((await client.patientsDigest(salt)).localOnly).toBe(digest)
  })

  it('shows a shipped hospital without loading it, and reads its files once', async () => {
    const { client, read } = await connect()
    const data = { study: 'heart', hospitals: 4, index: 3, seed: 1 } as const
    const { localOnly } = await client.previewShipped(data)
    expect(localOnly).toMatchObject({ patients: 130, images: null })
    expect(localOnly.columns).toHaveLength(11)
    expect(localOnly.head).toHaveLength(8)
    expect(localOnly.head.every(row => row.length === 11 && ['yes', 'no'].includes(row[10] as string))).toBe(true)
    await expect(client.patientsDigest('0x00')).rejects.toSatisfy(coded('training.noData'))
    await client.loadShipped(data)
    expect(read).toHaveLength(2)
  })

  it('measures the computer, shows details, predicts and exports over the channel', async () => {
    const { client, member } = await connect()
    const { manifest } = heartStudy()
    const checked = await client.checkDevice(manifest, { backend: 'cpu' })
    expect(checked.localOnly.backend).toBe('cpu')
    const stopped = new AbortController()
    const checking = client.checkDevice(manifest, {}, { signal: stopped.signal })
    setTimeout(() => stopped.abort(), 50)
    await expect(checking).rejects.toSatisfy(coded('training.cancelled'))
    await client.loadShipped({ study: 'heart', hospitals: 4, index: 1, seed: 1 })
    await client.configure(testRef, { ...manifest, standardise: false }, self)
    const stages: string[] = []
    const { localOnly } = await client.details({ onProgress: ({ stage }) => stages.push(stage) }, { withLocal: 'live' })
    expect(localOnly.patients).toBe(89)
    // They come through a channel of their own, some after the answer.
    await expect.poll(() => stages).toContain('evaluate')
    const { localOnly: one } = await client.predict({ age: 50, sex: 1 })
    expect(one.probabilities).toHaveLength(2)
    await expect(client.predict({ age: 'x' })).rejects.toSatisfy(coded('data.badInput'))
    const { localOnly: many } = await client.predictCsv(csv('age,sex\n50,1\n'), null)
    expect(many.csv).toContain(`50,1,${(one.probabilities[1] as number).toFixed(4)}`)
    const { localOnly: file } = await client.exportModel()
    const files = [new File([file.modelJson], 'model.json'), new File([file.weights], 'weights.bin')]
    const read = await client.readLayersModel(files, 'bias')
    expect(read.model).toEqual(manifest.model)
    expect(read.parameters).toHaveLength(13)
    await expect(client.readLayersModel(files.slice(1))).rejects.toSatisfy(coded('model.unreadable'))
    expect((await client.spent()).other).toBeGreaterThan(0)
    expect(member.address).toBe(self)
  })

  it('says what is missing: data, keys, files', async () => {
    const { client, member } = await connect(false)
    const { manifest } = heartStudy()
    await expect(client.configure(testRef, manifest, self)).rejects.toSatisfy(coded('training.noData'))
    await expect(client.trainAndSeal(1, [member])).rejects.toSatisfy(coded('training.noData'))
    await client.loadShipped({ study: 'heart', hospitals: 4, index: 2, seed: 1 })
    await expect(client.configure(testRef, manifest, self)).rejects.toSatisfy(coded('crypto.noKeys'))
  })
})
