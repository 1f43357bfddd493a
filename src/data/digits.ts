import { AppError } from '../errors/AppError.ts'
import type { ImageSchema } from '../study/manifest.ts'
import { type PublicRandom, publicRandom, shuffled } from '../study/random.ts'
import type { ImageDataset, Images } from './dataset.ts'
import { mixSeeds } from './seed.ts'

/** MNIST: handwritten digits, 60,000 to learn from and 10,000 to test on (LeCun, Cortes, Burges). */
export const digitsSchema: ImageSchema = {
  kind: 'images',
  height: 28,
  width: 28,
  channels: 1,
  classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
}

/** The idx files' names, as scripts/data.mjs puts them where the page is served. */
export const digitFiles = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
} as const

/** Images of each hospital kept back to score the others' updates on. */
export const digitsValidation = 1000

export interface DigitsSplit {
  readonly hospitals: number
  /** Which of them, from 0. */
  readonly index: number
  /** Dirichlet concentration of the classes' shares; null: the same mixture everywhere. */
  readonly alpha: number | null
  readonly seed: number
}

/**
 * The images of an idx file of unsigned bytes.
 * @throws AppError data.unreadable
 */
export function parseIdxImages(
  buffer: ArrayBuffer,
  file: string,
): { readonly pixels: Uint8Array; readonly size: number } {
  const [count, rows, columns] = parseIdxHeader(buffer, file, 3)
  return { pixels: new Uint8Array(buffer, 16, count * rows * columns), size: rows * columns }
}

/**
 * The labels of an idx file of unsigned bytes.
 * @throws AppError data.unreadable
 */
export function parseIdxLabels(buffer: ArrayBuffer, file: string): Uint8Array {
  const [count] = parseIdxHeader(buffer, file, 1)
  return new Uint8Array(buffer, 8, count)
}

/**
 * One hospital's share of the training images; everybody's test images are the 10,000.
 * @throws AppError data.unreadable
 */
export function digitsDataset(
  files: Readonly<Record<keyof typeof digitFiles, ArrayBuffer>>,
  split: DigitsSplit,
): ImageDataset {
  const images = parseIdxImages(files.trainImages, digitFiles.trainImages)
  const labels = parseIdxLabels(files.trainLabels, digitFiles.trainLabels)
  const test = parseIdxImages(files.testImages, digitFiles.testImages)
  const testLabels = parseIdxLabels(files.testLabels, digitFiles.testLabels)
  const share = splitDigits(labels, split)
  const validation = Math.min(digitsValidation, Math.floor(share.length / 10))
  return {
    schema: digitsSchema,
    train: pick(images, labels, share.subarray(validation)),
    validation: pick(images, labels, share.subarray(0, validation)),
    test: { pixels: test.pixels, labels: testLabels },
  }
}

/** Indices of one hospital's examples, in random order. All hospitals together have each example once. */
export function splitDigits(labels: Uint8Array, split: DigitsSplit): Int32Array {
  const random = publicRandom(mixSeeds(split.seed, split.hospitals))
  const order = shuffled(random, labels.length)
  if (split.alpha === null) return order.filter((_, place) => place % split.hospitals === split.index)
  const chosen: number[] = []
  for (let label = 0; label < digitsSchema.classes.length; label++) {
    const members = order.filter(example => labels[example] === label)
    const shares = dirichlet(random, split.alpha, split.hospitals)
    const before = shares.slice(0, split.index).reduce((a, b) => a + b, 0)
    const from = Math.round(before * members.length)
    const to =
      split.index === split.hospitals - 1
        ? members.length
        : Math.round((before + (shares[split.index] as number)) * members.length)
    for (const example of members.subarray(from, to)) chosen.push(example)
  }
  const mine = shuffled(publicRandom(mixSeeds(split.seed, split.hospitals, split.index)), chosen.length)
  return mine.map(place => chosen[place] as number)
}

function pick(
  images: { readonly pixels: Uint8Array; readonly size: number },
  labels: Uint8Array,
  share: Int32Array,
): Images {
  const pixels = new Uint8Array(share.length * images.size)
  share.forEach((example, i) => {
    pixels.set(images.pixels.subarray(example * images.size, (example + 1) * images.size), i * images.size)
  })
  return { pixels, labels: Uint8Array.from(share, example => labels[example] as number) }
}

function parseIdxHeader(buffer: ArrayBuffer, file: string, dimensions: 1 | 3): [number, number, number] {
  const unreadable = (reason: string) => new AppError('data.unreadable', { file, reason })
  const header = 4 + 4 * dimensions
  if (buffer.byteLength < header) throw unreadable('it is too short for an idx file')
  const view = new DataView(buffer)
  // 0, 0, type (8 = unsigned byte), number of dimensions
  if (view.getUint32(0) !== (0x0800 | dimensions)) throw unreadable('it is not an idx file of bytes')
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const expected = header + sizes.reduce((a, b) => a * b, 1)
  if (buffer.byteLength !== expected) throw unreadable(`it has ${buffer.byteLength} bytes instead of ${expected}`)
  return [sizes[0] ?? 0, sizes[1] ?? 1, sizes[2] ?? 1]
}

function dirichlet(random: PublicRandom, alpha: number, n: number): number[] {
  const draws = Array.from({ length: n }, () => gamma(random, alpha))
  const sum = draws.reduce((a, b) => a + b, 0)
  return draws.map(draw => (sum > 0 ? draw / sum : 1 / n))
}

/** Gamma(alpha, 1) by Marsaglia and Tsang (2000). */
function gamma(random: PublicRandom, alpha: number): number {
  if (alpha < 1) return gamma(random, alpha + 1) * (1 - random.unit()) ** (1 / alpha)
  const d = alpha - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit())
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random.unit()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
