import { createKeys, publicKeys } from '../../src/crypto/keys.ts'
import type { Dataset } from '../../src/data/dataset.ts'
import type { Member, StudyRef } from '../../src/rounds/ports.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import { type HeldOut, HospitalTrainer } from '../../src/training/HospitalTrainer.ts'

/** A study without a chain: the same trainers, sealed blobs and committee, passed from hand to hand. */
export const ref: StudyRef = {
  deployment: `0x${'11'.repeat(32)}`,
  chainId: 31337,
  study: `0x${'22'.repeat(20)}`,
}

export interface Participant {
  readonly trainer: HospitalTrainer
  readonly member: Member
}

/** Hospitals with keys of their own that all sit on the committee, ready for their first round. */
export function gather(
  datasets: readonly Dataset[],
  manifest: Manifest,
  engine: Engine,
): Promise<readonly Participant[]> {
  return Promise.all(
    datasets.map(async (dataset, index) => {
      const keys = await createKeys()
      const trainer = new HospitalTrainer({ keys, dataset, createEngine: () => Promise.resolve(engine) })
      const address: Member['address'] = `0x${(index + 1).toString(16).padStart(40, '0')}`
      const member: Member = { index, address, keys: await publicKeys(keys) }
      await trainer.configure(ref, manifest, address)
      return { trainer, member }
    }),
  )
}

/**
 * One round from training to the installed model, every update and model sealed and opened.
 * @param kind statistics: round zero of a study that standardises
 * @throws Error when an update cannot be opened or seats disagree on the model
 */
export async function playRound(
  hospitals: readonly Participant[],
  round: number,
  kind: 'statistics' | 'training',
): Promise<void> {
  const members = hospitals.map(({ member }) => member)
  const updates = []
  for (const { trainer } of hospitals) {
    updates.push(
      await (kind === 'statistics' ? trainer.sealStatistics(round, members) : trainer.trainAndSeal(round, members)),
    )
  }
  const models = []
  for (const { trainer } of hospitals) {
    for (const [i, update] of updates.entries()) {
      const opened = await trainer.open(round, members[i] as Member, update.blob, update.commitment)
      if (!opened) throw new Error(`Round ${round}: an update could not be opened.`)
    }
    models.push(await trainer.aggregate(round, members, members))
  }
  const model = models[0]
  if (model === undefined || models.some(other => other.modelHash !== model.modelHash)) {
    throw new Error(`Round ${round}: the seats disagree.`)
  }
  for (const { trainer } of hospitals) {
    await trainer.installModel(round, model.modelHash, model.blob, members)
    await trainer.forget(round + 1)
  }
}

/**
 * Runs a whole study and predicts on each hospital's held-out patients.
 * @throws Error when seats disagree on a model
 */
export async function runStudy(
  datasets: readonly Dataset[],
  manifest: Manifest,
  rounds: number,
  engine: Engine,
): Promise<readonly HeldOut[]> {
  const hospitals = await gather(datasets, manifest, engine)
  const total = rounds + (manifest.standardise ? 1 : 0)
  for (let round = 1; round <= total; round++) {
    await playRound(hospitals, round, manifest.standardise && round === 1 ? 'statistics' : 'training')
  }
  const results: HeldOut[] = []
  for (const { trainer } of hospitals) results.push((await trainer.predictHeldOut({ withLocal: 'final' })).localOnly)
  return results
}
