import { readFile } from 'node:fs/promises'
import { type ExactShape, INPUT_LIMIT, ONE } from '../../src/audit/engine/shape.ts'
import type { Row, TableDataset } from '../../src/data/dataset.ts'
import { digitFiles, parseIdxImages, parseIdxLabels } from '../../src/data/digits.ts'
import { type Encoded, encodeImages, standardise } from '../../src/data/encode.ts'
import { heartCenters, heartSchema, parseHeart, validationFraction } from '../../src/data/heart.ts'
import { stratifiedSplit } from '../../src/data/split.ts'
import { standardisationOf, statisticsOf } from '../../src/data/statistics.ts'
import type { ModelSpec } from '../../src/study/manifest.ts'
import { publicRandom, shuffled } from '../../src/study/random.ts'
import { prepare } from '../heart/baselines.ts'

/** Something to learn, from one or several hospitals' rows. */
export interface Task {
  readonly hospitals: readonly Encoded[]
  readonly test: Encoded
}

export interface Kind {
  readonly name: string
  readonly shape: ExactShape
  readonly rounds: number
  /** What is learned from, for a seed. */
  task(seed: number): Promise<Task>
}

const usual: Pick<ExactShape, 'shift' | 'largestInput'> = { shift: 6, largestInput: INPUT_LIMIT }

export const kinds: readonly Kind[] = [
  {
    name: 'heart 13-1',
    shape: { inputs: 14, hidden: 0, outputs: 1, batch: 8, ...usual },
    rounds: 15,
    task: heartTask,
  },
  {
    name: 'heart 13-16-1',
    shape: { inputs: 14, hidden: 16, outputs: 1, batch: 8, ...usual },
    rounds: 15,
    task: heartTask,
  },
  {
    name: 'breast 30-16-2',
    shape: { inputs: 31, hidden: 16, outputs: 2, batch: 16, shift: 6, largestInput: 4 * ONE },
    rounds: 60,
    task: breastTask,
  },
  {
    name: 'digits 784-32-10',
    shape: { inputs: 785, hidden: 32, outputs: 10, batch: 8, shift: 6, largestInput: ONE },
    rounds: 1,
    task: digitsTask,
  },
]

/** The float model of the same shape. */
export function modelOf({ inputs, hidden, outputs }: ExactShape): ModelSpec {
  const head = { type: 'dense', units: outputs, activation: 'linear' } as const
  const layers = hidden === 0 ? [head] : [{ type: 'dense', units: hidden, activation: 'relu' } as const, head]
  return { input: [inputs - 1], layers, siteLocal: 'none' }
}

/** Four hospitals, a third of each held out. */
async function heartTask(seed: number): Promise<Task> {
  const datasets = await Promise.all(
    heartCenters.map(async center => {
      const url = new URL(`../../public/studies/heart/processed.${center}.data`, import.meta.url)
      return heartSplit([...parseHeart(await readFile(url, 'utf8'), center).values()], seed)
    }),
  )
  const prepared = prepare(datasets, heartSchema)
  return { hospitals: prepared.map(({ known }) => known), test: joined(prepared.map(({ test }) => test)) }
}

function heartSplit(rows: readonly Row[], seed: number): TableDataset {
  const labels = rows.map(row => row.label)
  const parts = stratifiedSplit(labels, { validation: validationFraction, test: 1 / 3 }, seed)
  const pick = (indices: readonly number[]) => indices.map(i => rows[i]!)
  return { schema: heartSchema, train: pick(parts.train), validation: pick(parts.validation), test: pick(parts.test) }
}

/**
 * Breast Cancer Wisconsin (Diagnostic), of Wolberg, Mangasarian, Street and Street, CC BY 4.0 at UCI, in scikit-learn's file.
 * Standardised, and clamped for both kinds of training; a third is held out.
 */
async function breastTask(seed: number): Promise<Task> {
  const text = await readFile(new URL('./breast-cancer.csv', import.meta.url), 'utf8')
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(',').map(Number))
  const parts = stratifiedSplit(
    rows.map(row => row[30]!),
    { validation: 0, test: 1 / 3 },
    seed,
  )
  const pick = (indices: readonly number[]) => ({
    matrix: Float64Array.from(indices.flatMap(i => rows[i]!.slice(0, 30))),
    labels: Int32Array.from(indices, i => rows[i]![30]!),
    count: indices.length,
  })
  const [train, test] = [pick(parts.train), pick(parts.test)]
  const by = standardisationOf(statisticsOf(train.matrix, 30))
  const encoded = ({ matrix, labels, count }: typeof train) => ({
    inputs: standardise(matrix, 30, by).map(x => Math.max(-4, Math.min(4, x))),
    labels,
    count,
  })
  return { hospitals: [encoded(train)], test: encoded(test) }
}

async function digitsTask(seed: number): Promise<Task> {
  const { train, test } = await readDigits(seed, 6000)
  return { hospitals: [train], test }
}

/** Some of MNIST's training images, and all its test images. */
async function readDigits(seed: number, count: number): Promise<{ train: Encoded; test: Encoded }> {
  const read = async (images: 'trainImages' | 'testImages', labels: 'trainLabels' | 'testLabels') => ({
    pixels: parseIdxImages(await bytesOf(digitFiles[images]), digitFiles[images]).pixels,
    labels: parseIdxLabels(await bytesOf(digitFiles[labels]), digitFiles[labels]),
  })
  const all = await read('trainImages', 'trainLabels')
  const chosen = shuffled(publicRandom(seed), all.labels.length).subarray(0, count)
  const pixels = new Uint8Array(count * 784)
  chosen.forEach((image, i) => {
    pixels.set(all.pixels.subarray(image * 784, (image + 1) * 784), i * 784)
  })
  const train = { pixels, labels: Uint8Array.from(chosen, image => all.labels[image]!) }
  return { train: encodeImages(train), test: encodeImages(await read('testImages', 'testLabels')) }
}

async function bytesOf(file: string): Promise<ArrayBuffer> {
  const bytes = await readFile(new URL(`../../public/data/digits/${file}`, import.meta.url))
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

function joined(parts: readonly Encoded[]): Encoded {
  return {
    inputs: Float32Array.from(parts.flatMap(part => [...part.inputs])),
    labels: Int32Array.from(parts.flatMap(part => [...part.labels])),
    count: parts.reduce((sum, part) => sum + part.count, 0),
  }
}
