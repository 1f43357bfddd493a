import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lock.mjs'
import type { TableDataset } from '../../src/data/dataset.ts'
import {
  type HeartSplit,
  heartCenters,
  heartDataset,
  heartSchema,
  heartShares,
  parseHeart,
} from '../../src/data/heart.ts'

const folder = join(root, 'public', 'studies', 'heart')

/** The patients of heart's hospital k, from 1, split as the page splits them. */
export function heartOf(hospital: number, seed: number): TableDataset {
  const share = heartShares(heartCenters.length)[hospital - 1]
  if (share === undefined) throw new RangeError(`heart has hospitals 1 to ${heartCenters.length}`)
  const split = JSON.parse(readFileSync(join(folder, 'flamby-split.json'), 'utf8')) as HeartSplit
  return heartDataset(share, textOf(hospital), split, seed)
}

/** The same patients as a file of a person's own: a header and one line a patient. */
export function heartCsv(hospital: number): string {
  const header = [...heartSchema.features.map(({ name }) => name), heartSchema.outcome.name].join(',')
  const rows = [...parseHeart(textOf(hospital), `hospital ${hospital}`).values()]
  return `${[header, ...rows.map(({ cells, label }) => [...cells, label].join(','))].join('\n')}\n`
}

function textOf(hospital: number): string {
  return readFileSync(join(folder, `processed.${heartCenters[hospital - 1]}.data`), 'utf8')
}
