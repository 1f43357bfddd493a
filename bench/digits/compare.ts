import type { ImageDataset } from '../../src/data/dataset.ts'
import type { Evaluation } from '../../src/rounds/ports.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import { evaluation } from '../../src/training/metrics.ts'
import { gather, playRound } from '../shared/handToHand.ts'
import { type Interval, pairedInterval } from '../shared/interval.ts'
import { median } from '../shared/numbers.ts'
import { createPlainStudy } from './plain.ts'

export interface Epoch {
  readonly epoch: number
  readonly accuracy: number
  readonly precision: number
  readonly recall: number
  /** Of the round, all workers one after another, without evaluation. */
  readonly sealedSeconds: number
  readonly plainSeconds: number
}

export interface WorkersReport {
  readonly workers: number
  readonly trainingImages: number
  readonly testImages: number
  readonly epochs: readonly Epoch[]
  /** First epoch with more than 95 % of the test images right; null where none was. */
  readonly epochsTo95: number | null
  readonly sealed: {
    readonly seconds: number
    readonly train: number
    readonly encrypt: number
    readonly other: number
  }
  readonly plain: { readonly seconds: number }
  /** Seconds that sealing, signing, opening and hashing took by the trainers' own clocks / seconds of the sealed run. */
  readonly encryptionShare: number
  /** (sealed − plain) / plain, round by round. */
  readonly overhead: { readonly median: number; readonly interval: Interval | null }
  /** Whether both runs predicted every test image alike, to the last bit, after every epoch. */
  readonly sameModel: boolean
}

export interface CompareOptions {
  readonly datasets: readonly ImageDataset[]
  /** One epoch a round. */
  readonly manifest: Manifest
  readonly epochs: number
  readonly engine: Engine
  readonly log: (line: string) => void
}

/** The sealed study and plain federated averaging, round by round in turns on one engine. */
export async function compare({ datasets, manifest, epochs, engine, log }: CompareOptions): Promise<WorkersReport> {
  const hospitals = await gather(datasets, manifest, engine)
  const plain = createPlainStudy(
    datasets,
    hospitals.map(({ member }) => member.address),
    manifest,
    engine,
  )
  const testImages = datasets[0]!.test
  const labels = Int32Array.from(testImages.labels)
  const rows: Epoch[] = []
  let sameModel = true
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const runs = {
      sealed: () => playRound(hospitals, epoch, 'training'),
      plain: () => plain.playRound(epoch),
    }
    const seconds = { sealed: 0, plain: 0 }
    // Who goes first changes, or warmth would favour one.
    for (const name of epoch % 2 === 1 ? (['sealed', 'plain'] as const) : (['plain', 'sealed'] as const)) {
      const since = performance.now()
      await runs[name]()
      seconds[name] = (performance.now() - since) / 1000
    }
    const [first] = hospitals
    const { federated, outputs } = (await first!.trainer.predictHeldOut({ withLocal: false })).localOnly
    const unsealed = await plain.predict()
    sameModel &&= federated.length === unsealed.length && federated.every((value, i) => value === unsealed[i])
    const { accuracy, precision, recall }: Evaluation = evaluation(federated, labels, outputs)
    rows.push({ epoch, accuracy, precision, recall, sealedSeconds: seconds.sealed, plainSeconds: seconds.plain })
    log(
      `${datasets.length} workers, epoch ${epoch} of ${epochs}: accuracy ${(accuracy * 100).toFixed(2)} %, ` +
        `sealed ${seconds.sealed.toFixed(1)} s, plain ${seconds.plain.toFixed(1)} s`,
    )
  }
  const spent = await Promise.all(hospitals.map(({ trainer }) => trainer.spent()))
  const sum = (of: (part: (typeof spent)[number]) => number) => spent.reduce((total, part) => total + of(part), 0)
  const sealedSeconds = rows.reduce((total, row) => total + row.sealedSeconds, 0)
  const relative = rows.map(row => row.sealedSeconds / row.plainSeconds - 1)
  const encrypt = sum(part => part.encrypt)
  return {
    workers: datasets.length,
    trainingImages: datasets.reduce((total, { train }) => total + train.labels.length, 0),
    testImages: labels.length,
    epochs: rows,
    epochsTo95: rows.find(({ accuracy }) => accuracy > 0.95)?.epoch ?? null,
    sealed: { seconds: sealedSeconds, train: sum(part => part.train), encrypt, other: sum(part => part.other) },
    plain: { seconds: rows.reduce((total, row) => total + row.plainSeconds, 0) },
    encryptionShare: encrypt / sealedSeconds,
    overhead: {
      median: median(relative),
      interval:
        rows.length < 3
          ? null
          : pairedInterval(
              relative,
              relative.map(() => 0),
            ),
    },
    sameModel,
  }
}
