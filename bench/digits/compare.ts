import type { ImageDataset } from '../../src/data/dataset.ts'
import type { Evaluation } from '../../src/rounds/ports.ts'
import type { Manifest } from '../../src/study/manifest.ts'
import type { Engine } from '../../src/training/engine.ts'
import { evaluation } from '../../src/training/metrics.ts'
import { gather, playRound } from '../shared/handToHand.ts'
import { type Interval, pairedInterval } from '../shared/interval.ts'
import { median } from '../shared/numbers.ts'
import { createPlainStudy } from './plain.ts'

/** After one round. */
export interface Point {
  /** Epochs that each worker trained by then. */
  readonly epoch: number
  readonly accuracy: number
  readonly precision: number
  readonly recall: number
  /** Of the round, all workers one after another, without evaluation. */
  readonly sealedSeconds: number
  readonly plainSeconds: number
  /** The same by this process's processor time, all threads: what other programs do meanwhile hardly touches it. */
  readonly sealedProcessor: number
  readonly plainProcessor: number
}

export interface WorkersReport {
  readonly workers: number
  readonly trainingImages: number
  readonly testImages: number
  readonly points: readonly Point[]
  /** Epochs at the first round's end with more than 95 % of the test images right; null where none was. */
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
  /** (sealed − plain) / plain, round by round: by the clock, and by processor time. */
  readonly overhead: Overhead
  readonly processorOverhead: Overhead
  /** Whether both runs predicted every test image alike, to the last bit, after every round. */
  readonly sameModel: boolean
}

export interface Overhead {
  readonly median: number
  /** Mean and its 95 % interval over the rounds; null for fewer than three. */
  readonly interval: Interval | null
}

export interface CompareOptions {
  readonly datasets: readonly ImageDataset[]
  readonly manifest: Manifest
  readonly rounds: number
  readonly engine: Engine
  readonly log: (line: string) => void
}

/** The sealed study and plain federated averaging, round by round in turns on one engine. */
export async function compare({ datasets, manifest, rounds, engine, log }: CompareOptions): Promise<WorkersReport> {
  const hospitals = await gather(datasets, manifest, engine)
  const plain = createPlainStudy(
    datasets,
    hospitals.map(({ member }) => member.address),
    manifest,
    engine,
  )
  const testImages = datasets[0]!.test
  const labels = Int32Array.from(testImages.labels)
  const rows: Point[] = []
  let sameModel = true
  for (let round = 1; round <= rounds; round++) {
    const runs = {
      sealed: () => playRound(hospitals, round, 'training'),
      plain: () => plain.playRound(round),
    }
    const seconds = { sealed: 0, plain: 0 }
    const processor = { sealed: 0, plain: 0 }
    // Who goes first changes, or warmth would favour one.
    for (const name of round % 2 === 1 ? (['sealed', 'plain'] as const) : (['plain', 'sealed'] as const)) {
      const since = performance.now()
      const before = process.cpuUsage()
      await runs[name]()
      const { user, system } = process.cpuUsage(before)
      seconds[name] = (performance.now() - since) / 1000
      processor[name] = (user + system) / 1e6
    }
    const [first] = hospitals
    const { federated, outputs } = (await first!.trainer.predictHeldOut({ withLocal: false })).localOnly
    const unsealed = await plain.predict()
    sameModel &&= federated.length === unsealed.length && federated.every((value, i) => value === unsealed[i])
    const { accuracy, precision, recall }: Evaluation = evaluation(federated, labels, outputs)
    const epoch = round * manifest.training.epochs
    rows.push({
      epoch,
      accuracy,
      precision,
      recall,
      sealedSeconds: seconds.sealed,
      plainSeconds: seconds.plain,
      sealedProcessor: processor.sealed,
      plainProcessor: processor.plain,
    })
    log(
      `${datasets.length} workers, round ${round} of ${rounds}: accuracy ${(accuracy * 100).toFixed(2)} %, ` +
        `sealed ${seconds.sealed.toFixed(1)} s, plain ${seconds.plain.toFixed(1)} s`,
    )
  }
  const spent = await Promise.all(hospitals.map(({ trainer }) => trainer.spent()))
  const sum = (of: (part: (typeof spent)[number]) => number) => spent.reduce((total, part) => total + of(part), 0)
  const sealedSeconds = rows.reduce((total, row) => total + row.sealedSeconds, 0)
  const encrypt = sum(part => part.encrypt)
  return {
    workers: datasets.length,
    trainingImages: datasets.reduce((total, { train }) => total + train.labels.length, 0),
    testImages: labels.length,
    points: rows,
    epochsTo95: rows.find(({ accuracy }) => accuracy > 0.95)?.epoch ?? null,
    sealed: { seconds: sealedSeconds, train: sum(part => part.train), encrypt, other: sum(part => part.other) },
    plain: { seconds: rows.reduce((total, row) => total + row.plainSeconds, 0) },
    encryptionShare: encrypt / sealedSeconds,
    overhead: overheadOf(rows.map(row => row.sealedSeconds / row.plainSeconds - 1)),
    processorOverhead: overheadOf(rows.map(row => row.sealedProcessor / row.plainProcessor - 1)),
    sameModel,
  }
}

function overheadOf(relative: readonly number[]): Overhead {
  const none = relative.map(() => 0)
  return { median: median(relative), interval: relative.length < 3 ? null : pairedInterval(relative, none) }
}
