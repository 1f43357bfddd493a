import { AppError } from '../errors/AppError.ts'
import type { TableSchema } from '../study/manifest.ts'
import type { Cell, Row, TableDataset } from './dataset.ts'
import { stratifiedSplit } from './split.ts'

/** The four hospitals of UCI Heart Disease, in the order of FLamby's Fed-Heart-Disease. */
export const heartCenters = ['cleveland', 'hungarian', 'switzerland', 'va'] as const
export type HeartCenter = (typeof heartCenters)[number]

/** The hospitals' names for people. */
export const heartNames: Readonly<Record<HeartCenter, string>> = {
  cleveland: 'Cleveland',
  hungarian: 'Hungarian',
  switzerland: 'Switzerland',
  va: 'Long Beach',
}

/** FLamby's split (NeurIPS 2022): 0-based line numbers per center. */
export interface HeartSplit {
  readonly centers: Readonly<
    Record<HeartCenter, { readonly train: readonly number[]; readonly test: readonly number[] }>
  >
}

/** Part of a hospital's training rows kept back to score the others' updates on. */
export const validationFraction = 0.1

/**
 * The ten columns FLamby keeps; slope, ca and thal are mostly missing outside Cleveland. What is typical is what a clinician
 * would say of adults sent to a cardiologist, without a look at these.
 */
export const heartSchema: TableSchema = {
  kind: 'table',
  features: [
    { type: 'number', name: 'age', label: 'Age', unit: 'years', min: 0, max: 120, typical: [30, 80] },
    { type: 'binary', name: 'sex', label: 'Male' },
    { type: 'category', name: 'cp', label: 'Chest pain', levels: ['1', '2', '3', '4'] },
    {
      type: 'number',
      name: 'trestbps',
      label: 'Resting blood pressure',
      unit: 'mmHg',
      min: 0,
      max: 300,
      typical: [90, 180],
    },
    { type: 'number', name: 'chol', label: 'Cholesterol', unit: 'mg/dl', min: 0, max: 1000, typical: [120, 360] },
    { type: 'binary', name: 'fbs', label: 'Fasting blood sugar above 120 mg/dl' },
    { type: 'category', name: 'restecg', label: 'Resting ECG', levels: ['0', '1', '2'] },
    {
      type: 'number',
      name: 'thalach',
      label: 'Highest heart rate',
      unit: '1/min',
      min: 0,
      max: 300,
      typical: [70, 200],
    },
    { type: 'binary', name: 'exang', label: 'Angina on exercise' },
    {
      type: 'number',
      name: 'oldpeak',
      label: 'ST depression on exercise',
      unit: 'mm',
      min: -10,
      max: 20,
      typical: [-1, 5],
    },
  ],
  outcome: { name: 'num', label: 'Heart disease' },
}

/** Columns of processed.*.data, in order. */
const fileColumns = [
  ...['age', 'sex', 'cp', 'trestbps', 'chol', 'fbs', 'restecg', 'thalach', 'exang', 'oldpeak'],
  ...['slope', 'ca', 'thal', 'num'],
]

/**
 * The complete rows of one processed.*.data file, by their line number.
 * @throws AppError data.empty, data.badCell
 */
export function parseHeart(text: string, file: string): Map<number, Row> {
  const lines = text.split(/\r?\n/)
  const rows = new Map<number, Row>()
  lines.forEach((line, index) => {
    if (line.trim() === '') return
    const texts = line.split(',').map(cell => cell.trim())
    const wanted = [...heartSchema.features.map(feature => feature.name), heartSchema.outcome.name]
    const cells = wanted.map(name => texts[fileColumns.indexOf(name)] ?? '')
    if (cells.some(cell => cell === '?' || cell === '')) return
    const numbers = cells.map((cell, i) => {
      const value = Number(cell)
      if (Number.isFinite(value)) return value
      const column = wanted[i] as string
      throw new AppError('data.badCell', { file, row: index + 1, column, value: cell, expected: 'a number' })
    })
    const label = (numbers.pop() as number) > 0 ? 1 : 0
    const typed: Cell[] = numbers.map((value, i) =>
      heartSchema.features[i]?.type === 'category' ? String(value) : value,
    )
    rows.set(index, { cells: typed, label })
  })
  if (rows.size === 0) throw new AppError('data.empty', { file })
  return rows
}

/** One of n hospitals: a center, or a part of one where there are more hospitals than centers. */
export interface HeartShare {
  readonly center: HeartCenter
  readonly part: number
  readonly parts: number
}

/**
 * Who plays which hospital: the centers in order; beyond four, the largest shares are split again and again.
 * @throws AppError data.tooFew where a hospital would have hardly any patients
 */
export function heartShares(hospitals: number): readonly HeartShare[] {
  const order = heartCenters.slice(0, hospitals) as HeartCenter[]
  const parts = new Map<HeartCenter, number>(order.map(center => [center, 1]))
  while (order.length < hospitals) {
    const size = (center: HeartCenter) => completeRows[center] / (parts.get(center) as number)
    const largest = [...parts.keys()].reduce((a, b) => (size(b) > size(a) ? b : a))
    if (size(largest) < 2 * smallestShare) {
      const rows = Math.floor(size(largest) / 2)
      throw new AppError('data.tooFew', { file: `${hospitals} hospitals: each share`, rows, needed: smallestShare })
    }
    parts.set(largest, (parts.get(largest) as number) + 1)
    order.push(largest)
  }
  return order.map((center, i) => ({
    center,
    part: order.slice(0, i).filter(other => other === center).length,
    parts: parts.get(center) as number,
  }))
}

/** The hospital's name for people. */
export function heartName({ center, part, parts }: HeartShare): string {
  return parts === 1 ? heartNames[center] : `${heartNames[center]} ${part + 1}`
}

/**
 * One hospital's patients in FLamby's split: its test rows are the test; its training rows are split again, seeded
 * and stratified, into train and validation.
 * @throws AppError data.empty, data.badCell, data.unreadable where the split names an incomplete row
 */
export function heartDataset(
  who: HeartCenter | HeartShare,
  text: string,
  split: HeartSplit,
  seed: number,
): TableDataset {
  const share = typeof who === 'string' ? { center: who, part: 0, parts: 1 } : who
  const { center } = share
  const file = `processed.${center}.data`
  const rows = parseHeart(text, file)
  const pick = (indices: readonly number[]) => {
    const all = indices.map(index => {
      const row = rows.get(index)
      if (!row) throw new AppError('data.unreadable', { file, reason: `line ${index + 1} of the split is incomplete` })
      return row
    })
    return partOf(all, share)
  }
  const train = pick(split.centers[center].train)
  const parts = stratifiedSplit(
    train.map(row => row.label),
    { validation: validationFraction, test: 0 },
    seed,
  )
  return {
    schema: heartSchema,
    train: parts.train.map(i => train[i] as Row),
    validation: parts.validation.map(i => train[i] as Row),
    test: pick(split.centers[center].test),
  }
}

const completeRows: Readonly<Record<HeartCenter, number>> = { cleveland: 303, hungarian: 261, switzerland: 46, va: 130 }
const smallestShare = 20

/** Every parts-th row of each outcome, so that all shares have about the same mixture. */
function partOf(rows: readonly Row[], { part, parts }: HeartShare): readonly Row[] {
  const seen = [0, 0]
  return rows.filter(row => {
    const place = seen[row.label] as number
    seen[row.label] = place + 1
    return place % parts === part
  })
}
