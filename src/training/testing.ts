import { createKeys, type HospitalKeys, publicKeys } from '../crypto/keys.ts'
import type { Dataset, Row, TableDataset } from '../data/dataset.ts'
import { stratifiedSplit } from '../data/split.ts'
import type { Member, StudyRef } from '../rounds/ports.ts'
import type { Manifest, TableSchema } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { ownTableStudy } from '../study/studies/ownTable.ts'
import { createEngine, type Engine } from './engine.ts'
import { HospitalTrainer } from './HospitalTrainer.ts'

/** For tests: a made-up table on which learning works, and hospitals that sit on each other's committee. */

export const testRef: StudyRef = { deployment: `0x${'0d'.repeat(32)}`, chainId: 31337, study: `0x${'5c'.repeat(20)}` }

export const testSchema: TableSchema = {
  kind: 'table',
  features: [
    { type: 'number', name: 'dose' },
    { type: 'number', name: 'pressure' },
    { type: 'category', name: 'ward', levels: ['a', 'b', 'c'] },
  ],
  outcome: { name: 'ill' },
}

export function testManifest(): Manifest {
  return ownTableStudy(testSchema, { seed: 5, name: 'Test' }).manifest
}

/** Patients whose outcome follows the dose; no two hospitals have the same. */
export function testDataset(hospital: number, count = 120): TableDataset {
  const random = publicRandom(1000 + hospital)
  const rows: Row[] = Array.from({ length: count }, () => {
    const dose = 20 * random.unit()
    const label = dose + 6 * random.unit() - 3 > 10 ? 1 : 0
    return { cells: [dose, 100 + 40 * random.unit(), 'abc'[random.below(3)] as string], label }
  })
  const parts = stratifiedSplit(
    rows.map(row => row.label),
    { validation: 0.1, test: 1 / 3 },
    hospital,
  )
  const pick = (indices: readonly number[]) => indices.map(i => rows[i] as Row)
  return { schema: testSchema, train: pick(parts.train), validation: pick(parts.validation), test: pick(parts.test) }
}

export interface TestHospital {
  readonly trainer: HospitalTrainer
  readonly member: Member
  readonly keys: HospitalKeys
}

export async function testHospitals(
  datasets: readonly Dataset[],
  manifest: Manifest,
  engine: () => Promise<Engine> = () => createEngine('cpu'),
): Promise<readonly TestHospital[]> {
  return Promise.all(
    datasets.map(async (dataset, index) => {
      const keys = await createKeys()
      const trainer = new HospitalTrainer({ keys, dataset, createEngine: engine })
      const address: Member['address'] = `0x${(index + 0xa1).toString(16).repeat(20)}`
      await trainer.configure(testRef, manifest, address)
      return { trainer, keys, member: { index, address, keys: await publicKeys(keys) } }
    }),
  )
}
