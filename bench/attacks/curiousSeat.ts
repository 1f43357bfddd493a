import { averageUpdates } from '../../src/aggregation/average.ts'
import { aggregateStatistics } from '../../src/aggregation/statistics.ts'
import { createKeys, publicKeys } from '../../src/crypto/keys.ts'
import type { Dataset } from '../../src/data/dataset.ts'
import { encodedWidth, type Standardisation } from '../../src/data/encode.ts'
import type { Member, Sealed } from '../../src/rounds/ports.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import { firstBase, openStudy, publicScale } from '../../src/training/hospitalStudy.ts'
import { OpenedUpdates } from '../../src/training/OpenedUpdates.ts'
import { gather, ref } from '../shared/handToHand.ts'

export interface SeenUpdate {
  readonly weight: number
  readonly vector: Float32Array
}

/** One training round as a seat of its committee knows it. */
export interface SeenRound {
  /** Its number on the chain, which seeds the order of the batches. */
  readonly round: number
  /** The shared parameters that every hospital started from. */
  readonly base: Float32Array
  /** By hospital. */
  readonly updates: readonly SeenUpdate[]
}

export interface SeenStudy {
  readonly standardisation: Standardisation | null
  readonly rounds: readonly SeenRound[]
  readonly hospitals: readonly Member[]
}

/**
 * Runs a study by the app's own trainers, with one more seat on the committee that does what every seat does, opens the sealed
 * updates and averages them, and keeps what it saw.
 * @throws Error where an update cannot be opened
 */
export async function watchStudy(
  datasets: readonly Dataset[],
  manifest: Manifest,
  rounds: number,
  engine: Engine,
): Promise<SeenStudy> {
  const participants = await gather(datasets, manifest, engine)
  const hospitals = participants.map(({ member }) => member)
  const keys = await createKeys()
  const index = hospitals.length
  const self: Member['address'] = `0x${(index + 1).toString(16).padStart(40, '0')}`
  const members = [...hospitals, { index, address: self, keys: await publicKeys(keys) }]
  const study = await openStudy({ ref, manifest, self }, datasets[0]!, keys, undefined)
  const opened = new OpenedUpdates(study, keys)
  const [aggregator] = participants

  let { shared: base, standardisation } = firstBase(study, publicScale(manifest))
  const seen: SeenRound[] = []
  const total = rounds + (manifest.standardise ? 1 : 0)
  for (let round = 1; round <= total; round++) {
    const kind = manifest.standardise && round === 1 ? 'statistics' : 'update'
    for (const { trainer, member } of participants) {
      const sealed: Sealed = await (kind === 'statistics'
        ? trainer.sealStatistics(round, members)
        : trainer.trainAndSeal(round, members))
      const isOpen =
        (await opened.open(round, member, sealed.blob, sealed.commitment, { expected: kind })) &&
        (await aggregator!.trainer.open(round, member, sealed.blob, sealed.commitment))
      if (!isOpen) throw new Error(`Round ${round}: an update could not be opened.`)
    }
    const contents = hospitals.map(member => opened.get(round, member).content)
    const statistics = contents.flatMap((content, at) =>
      content.kind === 'statistics' ? [{ index: at, ...content.statistics }] : [],
    )
    const updates = contents.flatMap(content => (content.kind === 'update' ? [content] : []))
    if (kind === 'statistics') {
      standardisation = aggregateStatistics(statistics, encodedWidth(manifest.schema))
    } else {
      seen.push({ round, base, updates })
      base = averageUpdates(
        base,
        updates.map(({ weight, vector }, at) => ({ index: at, weight, vector })),
      )
    }
    const model = await aggregator!.trainer.aggregate(round, hospitals, members)
    for (const { trainer } of participants) {
      await trainer.installModel(round, model.modelHash, model.blob, members)
      await trainer.forget(round + 1)
    }
    opened.forget(round + 1)
  }
  return { standardisation, rounds: seen, hospitals }
}
