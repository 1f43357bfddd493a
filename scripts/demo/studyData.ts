import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { StudyData } from '../../src/app/site.ts'
import { type CsvTable, inferSchema, ownDataset, parseCsv } from '../../src/data/csv.ts'
import type { Dataset } from '../../src/data/dataset.ts'
import { digitFiles, digitsDataset } from '../../src/data/digits.ts'
import { type HeartSplit, heartDataset, heartName, heartShares } from '../../src/data/heart.ts'
import { AppError } from '../../src/errors/AppError.ts'
import { digitsOverEdges, digitsStudy } from '../../src/study/studies/digits.ts'
import { heartStudy } from '../../src/study/studies/heart.ts'
import { masked } from '../../src/study/studies/masked.ts'
import { ownTableStudy } from '../../src/study/studies/ownTable.ts'
import { privately } from '../../src/study/studies/privately.ts'
import { proven } from '../../src/study/studies/proven.ts'
import type { StudyPlan } from '../../src/study/studies/StudyPlan.ts'
import { root } from '../lock.mjs'
import type { DemoOptions } from './options.ts'

/** A study before its deployment. */
export interface StudySource {
  /** Names for the chain, which everybody can read: never a file's name. */
  readonly hospitals: readonly string[]
  readonly data: StudyData
  plan(relays: readonly string[]): StudyPlan
  /** The same without noise, masks, proofs and compression: how the pooled model is trained. */
  readonly baseline: StudyPlan
  /** Every hospital's patients in one place, for the comparison with pooled training. */
  datasets(): Promise<readonly Dataset[]>
}

type Wanted = Pick<DemoOptions, 'study' | 'hospitals' | 'rounds' | 'seed' | 'csv' | 'label'> &
  Partial<Pick<DemoOptions, 'epsilon' | 'masked' | 'proven' | 'compress'>>

/**
 * Reads what the study is on. Own files are checked here as the page will check them, before anything is started.
 *
 * @throws AppError data.* saying which file, row and column is wrong
 */
export async function readStudy(options: Wanted): Promise<StudySource> {
  switch (options.study) {
    case 'heart':
      return heartSource(options)
    case 'digits':
      return digitsSource(options)
    case 'csv':
      return csvSource(options)
  }
}

/** @param delta less than one in the patients of any hospital */
function guarded(plan: StudyPlan, wanted: Wanted, delta: number): StudyPlan {
  const { epsilon, masked: isMasked = false, proven: isProven = false, compress } = wanted
  const noised = epsilon === undefined ? plan : privately(plan, { epsilon, delta })
  const hidden = isMasked ? masked(noised) : noised
  const { manifest, rules } = isProven ? proven(hidden) : hidden
  return { manifest: { ...manifest, ...(compress !== undefined && { compression: { keep: 1 / compress } }) }, rules }
}

function heartSource(wanted: Wanted): StudySource {
  const { hospitals, rounds, seed } = wanted
  const shares = heartShares(hospitals)
  const folder = join(root, 'public', 'studies', 'heart')
  return {
    hospitals: shares.map(heartName),
    data: { kind: 'heart' },
    plan: relays => guarded(heartStudy({ rounds, seed, relays }), wanted, 1e-4),
    baseline: heartStudy({ rounds, seed }),
    async datasets() {
      const split = JSON.parse(await readFile(join(folder, 'flamby-split.json'), 'utf8')) as HeartSplit
      return Promise.all(
        shares.map(async share => {
          const text = await readFile(join(folder, `processed.${share.center}.data`), 'utf8')
          return heartDataset(share, text, split, seed)
        }),
      )
    },
  }
}

function digitsSource(wanted: Wanted): StudySource {
  const { hospitals, rounds, seed, epsilon } = wanted
  const study = epsilon === undefined ? digitsStudy : digitsOverEdges
  return {
    hospitals: numbered(hospitals),
    data: { kind: 'digits', hospitals, alpha: null, seed },
    plan: relays => guarded(study({ rounds, seed, relays }), wanted, 1e-5),
    baseline: digitsStudy({ rounds, seed }),
    async datasets() {
      const entries = Object.entries(digitFiles).map(async ([key, file]) => {
        const { buffer, byteOffset, byteLength } = await readFile(join(root, 'public', 'data', 'digits', file))
        return [key, buffer.slice(byteOffset, byteOffset + byteLength)] as const
      })
      const files = Object.fromEntries(await Promise.all(entries)) as Record<keyof typeof digitFiles, ArrayBuffer>
      return numbered(hospitals).map((_, index) => digitsDataset(files, { hospitals, index, alpha: null, seed }))
    },
  }
}

async function csvSource({ csv, label, rounds, seed }: Wanted): Promise<StudySource> {
  const tables = await Promise.all(csv.map(readTable))
  const schema = inferSchema(tables, label)
  const datasets = tables.map(table => ownDataset(table, schema, seed))
  return {
    hospitals: numbered(csv.length),
    data: { kind: 'csv', seed },
    plan: relays => ownTableStudy(schema, { rounds, seed, relays }),
    baseline: ownTableStudy(schema, { rounds, seed }),
    datasets: async () => datasets,
  }
}

async function readTable(path: string): Promise<CsvTable> {
  const file = basename(path)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError(
      'data.unreadable',
      { file, reason: cause instanceof Error ? cause.message : String(cause) },
      cause,
    )
  }
  return parseCsv(text, file)
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `Hospital ${index + 1}`)
}
