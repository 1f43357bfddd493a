import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ImageDataset, TableDataset } from '../data/dataset.ts'
import { encodedWidth, encodeRows } from '../data/encode.ts'
import { type HeartSplit, heartDataset, heartSchema } from '../data/heart.ts'
import type { Member, SealedModel } from '../rounds/ports.ts'
import { publicRandom } from '../study/random.ts'
import { digitsStudy } from '../study/studies/digits.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { createEngine } from './engine.ts'
import type { HospitalTrainer } from './HospitalTrainer.ts'
import type { LayersModelFile } from './screen.ts'
import { type TestHospital, testHospitals } from './testing.ts'

const folder = new URL('../../public/studies/heart/', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')
const cleveland = heartDataset(
  'cleveland',
  read('processed.cleveland.data'),
  JSON.parse(read('flamby-split.json')) as HeartSplit,
  1,
)
const { manifest } = heartStudy()
const names = heartSchema.features.map(({ name }) => name)

let heart: TestHospital
let members: readonly Member[]
let models: SealedModel[]
const trainer = (): HospitalTrainer => heart.trainer

/** A hospital alone with itself on the committee. */
async function playRound(hospital: TestHospital, round: number): Promise<SealedModel> {
  const { trainer, member } = hospital
  const sealed = round === 1 ? await trainer.sealStatistics(1, [member]) : await trainer.trainAndSeal(round, [member])
  await trainer.open(round, member, sealed.blob, sealed.commitment)
  const model = await trainer.aggregate(round, [member], [member])
  await trainer.installModel(round, model.modelHash, model.blob, [member])
  return model
}

async function predictedByStock(file: LayersModelFile, inputs: Float32Array, shape: readonly number[]) {
  const { modelTopology, weightsManifest } = JSON.parse(file.modelJson)
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: file.weights }),
  )
  const count = inputs.length / shape.reduce((a, b) => a * b, 1)
  const output = model.predict(tf.tensor(inputs, [count, ...shape])) as tf.Tensor
  return (await output.data()) as Float32Array
}

beforeAll(async () => {
  const [hospital] = await testHospitals([cleveland], manifest)
  heart = hospital as TestHospital
  members = [heart.member]
  models = []
  for (let round = 1; round <= 5; round++) models.push(await playRound(heart, round))
})

describe('a patient of the heart study', () => {
  const patient = (index: number) =>
    Object.fromEntries(
      names.map((name, i) => [name, (cleveland.test[index] as TableDataset['test'][number]).cells[i] ?? null]),
    )

  it('gets the probability that the held-out results were computed from', async () => {
    const { localOnly: held } = await trainer().predictHeldOut({ withLocal: false })
    for (const index of [0, 7, 42]) {
      const { localOnly } = await trainer().predict(patient(index), null)
      expect(localOnly.probabilities[1]).toBeCloseTo(held.federated[index] as number, 6)
      expect(localOnly.probabilities[0]).toBeCloseTo(1 - (held.federated[index] as number), 6)
      expect(localOnly).toMatchObject({ classes: ['no', 'yes'], filledIn: [], unusual: [] })
      expect(localOnly.threshold).toBeGreaterThan(0)
    }
  })

  it('may have values missing, typed as text, unusual; a level that is not there is refused', async () => {
    const full = await trainer().predict(patient(0), null)
    const typed = Object.fromEntries(Object.entries(patient(0)).map(([name, value]) => [name, ` ${value} `]))
    expect(await trainer().predict(typed, null)).toEqual(full)
    const { localOnly } = await trainer().predict({ ...patient(0), chol: null, cp: '' }, null)
    expect(localOnly.filledIn).toEqual(['cp', 'chol'])
    expect(localOnly.probabilities[1]).not.toBeCloseTo(full.localOnly.probabilities[1] as number, 6)
    const old = await trainer().predict({ ...patient(0), age: 130, oldpeak: '1,5' }, null)
    expect(old.localOnly.unusual).toMatchObject([
      { column: 'age', value: 130, range: expect.stringMatching(/ years$/) },
    ])
    await expect(trainer().predict({ ...patient(0), cp: '9' }, null)).rejects.toMatchObject({
      code: 'data.badInput',
      details: { column: 'Chest pain', value: '9' },
    })
    await expect(trainer().predict({ ...patient(0), age: 'old' }, null)).rejects.toMatchObject({
      code: 'data.badInput',
    })
  })

  it('about whom nothing is known gets what the mean of all patients gets', async () => {
    const { localOnly } = await trainer().predict({}, null)
    expect(localOnly.filledIn).toEqual(names)
    expect(localOnly.probabilities[1]).toBeGreaterThan(0.2)
    expect(localOnly.probabilities[1]).toBeLessThan(0.8)
  })

  it('is predicted alike by the exported model in stock tfjs, every held-out one', async () => {
    const { localOnly: file } = await trainer().exportModel(null)
    const raw = Float32Array.from(encodeRows(heartSchema, cleveland.test, names, 'test'))
    const theirs = await predictedByStock(file, raw, [encodedWidth(heartSchema)])
    const { localOnly: held } = await trainer().predictHeldOut({ withLocal: false })
    expect(theirs).toHaveLength(cleveland.test.length)
    theirs.forEach((value, i) => {
      expect(Math.abs(value - (held.federated[i] as number))).toBeLessThan(1e-5)
    })
    const said = JSON.parse(file.modelJson).userDefinedMetadata
    expect(said.inputs).toHaveLength(encodedWidth(heartSchema))
    expect(said.use).toContain('research')
  })
})

describe('a file of patients', () => {
  const csv = (lines: readonly string[]) => ({ name: 'new.csv', blob: new Blob([lines.join('\n')]) })
  const lines = cleveland.test.map(row => row.cells.join(','))

  it('gets columns added, with the same probabilities as one by one', async () => {
    const file = csv([`name,${names.join()}`, ...lines.map((line, i) => `=Patient ${i},${line}`)])
    const { localOnly } = await trainer().predictCsv(file, null, null)
    const { localOnly: held } = await trainer().predictHeldOut({ withLocal: false })
    const written = localOnly.csv.trimEnd().split('\r\n')
    expect(written[0]).toContain('Heart disease: probability (research use)')
    expect(written).toHaveLength(lines.length + 1)
    written.slice(1).forEach((line, i) => {
      const cells = line.split(',')
      expect(cells[0]).toBe(`"'=Patient ${i}"`)
      expect(Number(cells[11])).toBeCloseTo(held.federated[i] as number, 3)
      expect(['yes', 'no']).toContain(cells[12])
    })
    expect(localOnly).toMatchObject({ rows: lines.length, filledIn: 0, problems: [], unmapped: [] })
  })

  it('may lack values and columns, and says what cannot be predicted', async () => {
    const file = csv(['Years;Sex;cp;chol;num', '63;m;1;;1', '200;F;4;280,5;0', '50;1;9;200;0', ';;;?;1', 'x;1;1;1;1'])
    const { localOnly } = await trainer().predictCsv(file, null, null)
    expect(localOnly.rows).toBe(5)
    expect(localOnly.mapping).toMatchObject({ age: 'Years', sex: 'Sex' })
    expect(localOnly.unmapped).toEqual(['trestbps', 'fbs', 'restecg', 'thalach', 'exang', 'oldpeak'])
    expect(localOnly.filledIn).toBe(2)
    expect(localOnly.problems).toEqual([
      { row: 4, column: 'cp', value: '9', expected: 'one of 1, 2, 3, 4' },
      { row: 5, column: 'whole row', value: '', expected: 'a patient of whom something is known' },
      { row: 6, column: 'Years', value: 'x', expected: 'a number' },
    ])
    const written = localOnly.csv.trimEnd().split('\r\n')
    expect(written[1]).toMatch(/^63,m,1,,1,0\.\d{4},(yes|no),trestbps chol fbs/)
    expect(written[3]).toBe('50,1,9,200,0,,,,"cp: not one of 1, 2, 3, 4"')
  })

  it('is refused where it has nothing of the study, one column for two, or no text; it can be cancelled', async () => {
    await expect(trainer().predictCsv(csv(['a,b', 'x,y']), null, null)).rejects.toMatchObject({
      code: 'data.columnsDiffer',
    })
    const twice = { age: 'age', chol: 'age' }
    await expect(trainer().predictCsv(csv(['age', '1']), twice, null)).rejects.toMatchObject({
      code: 'data.mappedTwice',
    })
    const zip = { name: 'x.xlsx', blob: new Blob([Uint8Array.of(0x50, 0x4b, 3, 4)]) }
    await expect(trainer().predictCsv(zip, null, null)).rejects.toMatchObject({ code: 'data.unreadable' })
    const work = { signal: AbortSignal.abort() }
    await expect(trainer().predictCsv(csv([names.join(), ...lines]), null, null, work)).rejects.toMatchObject({
      code: 'training.cancelled',
    })
  })
})

describe('other versions', () => {
  it('are used beside the installed model without touching it', async () => {
    const second = models[1] as SealedModel
    const newest = await trainer().predict({ age: 70 }, null)
    const version = await trainer().loadVersion(2, second.modelHash, second.blob, members)
    const older = await trainer().predict({ age: 70 }, version)
    expect(older.localOnly.probabilities).not.toEqual(newest.localOnly.probabilities)
    expect(await trainer().predict({ age: 70 }, null)).toEqual(newest)
    const [oldFile, newFile] = [await trainer().exportModel(version), await trainer().exportModel(null)]
    expect(new Uint8Array(oldFile.localOnly.weights)).not.toEqual(new Uint8Array(newFile.localOnly.weights))
    const details = await trainer().details({ version, withLocal: 'final' })
    expect(details.localOnly.patients).toBe(cleveland.test.length)
    await expect(trainer().predict({}, 4)).rejects.toMatchObject({ code: 'training.noModel' })
    await expect(
      trainer().loadVersion(2, (models[2] as SealedModel).modelHash, second.blob, members),
    ).rejects.toMatchObject({ code: 'crypto.badCommitment' })
  })
})

describe('the results in detail', () => {
  it('are those of evaluate, with intervals, and groups by sex and age', async () => {
    const { localOnly } = await trainer().details({ version: null, withLocal: 'final' })
    const { localOnly: plain } = await trainer().evaluate({ withLocal: 'final' })
    expect(localOnly.federated.accuracy.value).toBe(plain.federated.accuracy)
    expect(localOnly.federated.auc?.value).toBeCloseTo(plain.federated.auc as number, 9)
    expect(localOnly.federated.logLoss.value).toBeCloseTo(plain.federated.logLoss, 9)
    expect(localOnly.federated.confusion).toEqual(plain.federated.confusion)
    expect(localOnly.local?.accuracy.value).toBe(plain.local?.accuracy)
    expect(localOnly.difference?.accuracy.low).toBeLessThanOrEqual(localOnly.difference?.accuracy.high as number)
    const groups = [...localOnly.subgroups.map(({ name }) => name), ...localOnly.tooSmall]
    expect(new Set(groups)).toEqual(
      new Set(['Male: yes', 'Male: no', 'Age below 50 years', 'Age 50 to 64 years', 'Age 65 years and above']),
    )
    expect(localOnly.subgroups.every(({ patients }) => patients >= 20)).toBe(true)
    expect(await trainer().details({ version: null, withLocal: 'final' })).toEqual({ localOnly })
    const cancelled = trainer().details({ version: null, withLocal: 'final' }, { signal: AbortSignal.abort() })
    await expect(cancelled).rejects.toMatchObject({ code: 'training.cancelled' })
  })
})

describe('a study of images', () => {
  it('predicts an image, and its exported model predicts every test image alike', async () => {
    const { manifest: digits } = digitsStudy()
    const random = publicRandom(8)
    const images = (count: number) => ({
      pixels: Uint8Array.from({ length: count * 784 }, () => (random.below(4) === 0 ? random.below(256) : 0)),
      labels: Uint8Array.from({ length: count }, () => random.below(10)),
    })
    if (digits.schema.kind !== 'images') throw new Error('digits are images')
    const dataset: ImageDataset = {
      schema: digits.schema,
      train: images(200),
      validation: images(20),
      test: images(100),
    }
    const [hospital] = await testHospitals([dataset], digits, () => createEngine('wasm'))
    if (hospital === undefined) throw new Error('no hospital')
    await playRound(hospital, 2)
    const { localOnly: held } = await hospital.trainer.predictHeldOut({ withLocal: false })
    const { localOnly: file } = await hospital.trainer.exportModel(null)
    const theirs = await predictedByStock(
      file,
      Float32Array.from(dataset.test.pixels, pixel => pixel / 255),
      [28, 28, 1],
    )
    expect(theirs).toHaveLength(1000)
    theirs.forEach((value, i) => {
      expect(Math.abs(value - (held.federated[i] as number))).toBeLessThan(1e-5)
    })
    const { localOnly } = await hospital.trainer.predict({ pixels: dataset.test.pixels.slice(784, 2 * 784) }, null)
    expect(localOnly.threshold).toBeNull()
    localOnly.probabilities.forEach((value, c) => {
      expect(value).toBeCloseTo(held.federated[10 + c] as number, 6)
    })
    await expect(hospital.trainer.predict({ pixels: new Uint8Array(5) }, null)).rejects.toMatchObject({
      code: 'data.badInput',
    })
    const { localOnly: details } = await hospital.trainer.details({ version: null, withLocal: false })
    expect(details.federated.confusion).toHaveLength(10)
    expect(details.federated.auc).toBeNull()
  })
})
