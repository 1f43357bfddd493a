/**
 * npm run bench -- compression [--rounds 40] [--images 3600] [--seeds 1] [--factors 8.1,16] [--write] [--json]
 * What compression under masks saves and what it costs in accuracy: a digits CNN of three hospitals. --write keeps the report
 * as docs/benchmarks/compression.md.
 */
import { parseArgs } from 'node:util'
import { readStudy } from '../scripts/demo/studyData.ts'
import { compressionPays, nextK } from '../src/aggregation/compression/adaptiveK.ts'
import {
  bytesOfFloats,
  bytesOfMaskedUpload,
  bytesOfMasking,
  ELEMENT_BYTES,
} from '../src/aggregation/compression/bytes.ts'
import { cluster, suggestedError, unclustered } from '../src/aggregation/compression/clustering.ts'
import { type ImageDataset, type Images, isTable } from '../src/data/dataset.ts'
import { encodeImages } from '../src/data/encode.ts'
import { parameterLayout } from '../src/study/layout.ts'
import type { ModelSpec, TrainingSpec } from '../src/study/manifest.ts'
import { publicRandom } from '../src/study/random.ts'
import { heartStudy } from '../src/study/studies/heart.ts'
import { createEngine } from '../src/training/engine.ts'
import type { Examples } from '../src/training/examples.ts'
import { type Outcome, type Setting, simulate } from './compression/simulate.ts'
import { grouped, mean, percent, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

const hospitals = 3
const validationImages = 300
const target = { upload: 8, download: 4.5, lost: 0.005 } as const

const model: ModelSpec = {
  input: [28, 28, 1],
  layers: [
    { type: 'conv2d', filters: 8, kernel: 5, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'conv2d', filters: 16, kernel: 5, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'flatten' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
  siteLocal: 'none',
}
const training: TrainingSpec = { epochs: 1, batchSize: 32, learningRate: 0.1, momentum: 0, l2: 0, proximal: 0 }

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    images: { type: 'string', default: '3600' },
    seeds: { type: 'string', default: '1' },
    factors: { type: 'string', default: '8.1,16' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const images = Number(options.images)
const seeds = options.seeds.split(',').map(Number)
const factors = options.factors.split(',').map(Number)
const whole = [rounds, images, ...seeds].every(value => Number.isInteger(value) && value > 0)
if (!whole || !factors.every(factor => factor > 1) || images < hospitals) {
  process.stderr.write(
    '--rounds, --images and --seeds take whole numbers, --factors numbers above 1; lists with commas.\n',
  )
  process.exit(1)
}
const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const settings: Setting[] = [
  { name: 'uncompressed', uploadFactor: 1, downloadError: null },
  ...factors.map(factor => ({ name: `upload ÷ ${factor}`, uploadFactor: factor, downloadError: null })),
  { name: 'download clustered', uploadFactor: 1, downloadError: suggestedError },
  { name: `upload ÷ ${factors[0]}, clustered`, uploadFactor: factors[0]!, downloadError: suggestedError },
]

const started = performance.now()
const engine = await createEngine('wasm')
/** For each setting, an outcome for each seed. */
const outcomes: Outcome[][] = settings.map(() => [])
for (const seed of seeds) {
  const data = await readData(seed)
  for (const [i, setting] of settings.entries()) {
    const outcome = await simulate(setting, { model, training, ...data, rounds, seed, engine })
    outcomes[i]!.push(outcome)
    log(`seed ${seed}, ${setting.name}: ${percent(outcome.accuracy)}, ${outcome.seconds.toFixed(0)} s`)
  }
}
const rows = outcomes.map(summary)
const heart = smallModel(heartStudy().manifest.model)
const result = {
  bench: 'compression',
  target,
  rounds,
  images,
  seeds,
  parameters: parameterLayout(model).size,
  rows,
  heart,
  outcomes,
  seconds: (performance.now() - started) / 1000,
  processor: processor(),
}
const text = report()
process.stdout.write(`${text}\n`)
if (options.write) await write()
if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)

async function readData(seed: number) {
  const source = await readStudy({ study: 'digits', hospitals, rounds, seed, csv: [], label: '' })
  const datasets = (await source.datasets()).filter((dataset): dataset is ImageDataset => !isTable(dataset))
  return {
    hospitals: datasets.map(({ train }) => encodeImages(first(train, Math.ceil(images / hospitals)))),
    validation: joined(datasets.map(({ validation }) => encodeImages(first(validation, validationImages)))),
    test: encodeImages(datasets[0]!.test),
  }
}

function first({ pixels, labels }: Images, count: number): Images {
  const size = pixels.length / labels.length
  return { pixels: pixels.subarray(0, count * size), labels: labels.subarray(0, count) }
}

function joined(parts: readonly Examples[]): Examples {
  const concat = <T>(arrays: readonly ArrayLike<T>[]) => arrays.flatMap(array => Array.from(array))
  return {
    inputs: Float32Array.from(concat(parts.map(({ inputs }) => inputs))),
    labels: Int32Array.from(concat(parts.map(({ labels }) => labels))),
    count: parts.reduce((sum, { count }) => sum + count, 0),
  }
}

/** Means over the seeds, factors over the uncompressed setting of the same seeds. */
function summary(of: readonly Outcome[]) {
  const plain = outcomes[0]!
  const ks = of.flatMap(outcome => outcome.ks)
  return {
    name: of[0]!.name,
    accuracy: mean(of.map(({ accuracy }) => accuracy)),
    lost: mean(of.map(({ accuracy }, i) => plain[i]!.accuracy - accuracy)),
    testLoss: mean(of.map(({ testLoss }) => testLoss)),
    k: { least: Math.min(...ks), most: Math.max(...ks), mean: mean(ks) },
    uploaded: mean(of.map(({ uploaded }) => uploaded)),
    uploadFactor: mean(of.map(({ uploaded }, i) => plain[i]!.uploaded / uploaded)),
    downloaded: mean(of.map(({ downloaded }) => downloaded)),
    downloadFactor: mean(of.map(({ downloaded }, i) => plain[i]!.downloaded / downloaded)),
    snapshotBytes: mean(of.map(({ snapshot }) => snapshot.bytes)),
    snapshotLost: mean(of.map(({ accuracy, snapshot }) => accuracy - snapshot.accuracy)),
  }
}

/** What the rules make of a model so small that an upload is mostly seeds and hashes. */
function smallModel(small: ModelSpec) {
  const { sharedSize: size } = parameterLayout(small)
  const overhead = bytesOfMasking({ seats: 4, isSeat: true })
  const upload = bytesOfMaskedUpload({ elements: size, seats: 4, isSeat: true })
  const k = nextK({
    size,
    bytesLeft: upload / target.upload,
    roundsLeft: 1,
    overhead,
    bytesPerCoordinate: ELEMENT_BYTES,
    losses: [],
  })
  const random = publicRandom(1)
  const vector = Float32Array.from({ length: size }, () => random.unit() - 0.5)
  const back = unclustered(cluster(vector, [size], { relativeError: suggestedError }))
  return {
    size,
    upload,
    overhead,
    pays: compressionPays(size, overhead, ELEMENT_BYTES),
    sentWhole: k === size && back.every((value, i) => value === vector[i]),
  }
}

function report(): string {
  const size = result.parameters
  const sign = (lost: number) => `${lost < 0 ? '+' : '−'}${Math.abs(lost * 100).toFixed(2)}`
  const plain = rows[0]!
  const combined = rows.at(-1)!
  const meets = (good: boolean) => (good ? 'met' : 'missed')
  return [
    `Digits CNN of ${grouped(size)} parameters, ${hospitals} hospitals that are all seats, ${grouped(images)} images together, ${rounds} rounds of 1 epoch,`,
    `batches of ${training.batchSize}, learning rate ${training.learningRate}, ${engine.backend} in Node, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')} (${result.processor}). Accuracy on the 10,000`,
    'test images after the last round. Bytes are one hospital’s in the whole study: uploads with field elements of 8 bytes,',
    'sealed seeds and shares, hashes and header; downloads are each round’s difference to the last model.',
    '',
    layOut([
      ['', 'accuracy', 'points', 'test loss', 'k', 'upload', 'net factor', 'download', 'factor'],
      ...rows.map(row => [
        row.name,
        percent(row.accuracy),
        row === plain ? '–' : sign(row.lost),
        row.testLoss.toFixed(3),
        row.k.least === row.k.most ? grouped(row.k.most) : `${grouped(row.k.least)}–${grouped(row.k.most)}`,
        grouped(row.uploaded),
        row.uploadFactor.toFixed(2),
        grouped(row.downloaded),
        row.downloadFactor.toFixed(2),
      ]),
    ]),
    '',
    `Both together: upload ${combined.uploadFactor.toFixed(2)}x (target ${target.upload}: ${meets(combined.uploadFactor >= target.upload)}), download ${combined.downloadFactor.toFixed(2)}x (target ${target.download}: ${meets(combined.downloadFactor >= target.download)}), ${sign(combined.lost)} points (at most ${(target.lost * 100).toFixed(1)} lost: ${meets(combined.lost <= target.lost)}).`,
    `A whole model, clustered for who joins late: ${grouped(plain.snapshotBytes)} bytes, ${(bytesOfFloats(size) / plain.snapshotBytes).toFixed(2)}x, ${sign(plain.snapshotLost)} points (the uncompressed study’s last).`,
    `Heart, ${heart.size} shared parameters, four seats: ${heart.overhead} of an upload’s ${heart.upload} bytes are seeds, shares and hashes, so the rules send`,
    `it ${heart.sentWhole ? 'whole, both ways: the study is the same to the last bit' : 'COMPRESSED, which they should not'}.`,
    `${result.seconds.toFixed(0)} seconds in all.`,
  ].join('\n')
}

async function write(): Promise<void> {
  const defaults = `npm run bench -- compression --rounds ${rounds} --images ${images} --seeds ${options.seeds} --factors ${options.factors} --write`
  await writePage('compression', { title: 'Compression under masks', command: defaults, text })
  log('Written to docs/benchmarks/compression.md.')
}
