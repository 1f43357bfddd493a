/**
 * npm run bench -- digits [--workers 3,5] [--epochs 12] [--epochs-per-round 2] [--seed 1] [--images 60000] [--write] [--json]
 * Handwritten digits over epochs for several numbers of workers, sealed and plain side by side, against the figures of the
 * paper (P5.6). --write keeps the report as docs/benchmarks/digits.md.
 */
import { parseArgs } from 'node:util'
import { readStudy } from '../scripts/demo/studyData.ts'
import { type ImageDataset, type Images, isTable } from '../src/data/dataset.ts'
import { digitsStudy } from '../src/study/studies/digits.ts'
import { createEngine } from '../src/training/engine.ts'
import { chart } from './digits/chart.ts'
import { compare, type Overhead, type WorkersReport } from './digits/compare.ts'
import { percent, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

/** MNIST with 3 and 5 workers: above 95 % in under 90 epochs, precision, recall, part of the time spent on encryption. */
const paper = { accuracy: 0.95, epochs: 90, precision: 0.973, recall: 0.97, encryption: 0.02 } as const

const { values: options } = parseArgs({
  options: {
    workers: { type: 'string', default: '3,5' },
    epochs: { type: 'string', default: '12' },
    'epochs-per-round': { type: 'string' },
    seed: { type: 'string', default: '1' },
    images: { type: 'string', default: '60000' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const workers = options.workers.split(',').map(Number)
const epochs = Number(options.epochs)
const seed = Number(options.seed)
const images = Number(options.images)
const { manifest: shipped } = digitsStudy({ seed })
// The study's own number unless another is asked for.
const epochsPerRound = Number(options['epochs-per-round'] ?? shipped.training.epochs)
const rounds = epochs / epochsPerRound
const whole = [...workers, epochs, epochsPerRound, rounds, seed, images].every(
  value => Number.isInteger(value) && value > 0,
)
// All workers sit on the committee here, and a committee has at most seven seats.
if (!whole || workers.some(count => count < 2 || count > 7)) {
  process.stderr.write(
    '--workers takes numbers from 2 to 7 with commas; --epochs, --epochs-per-round, --seed, --images whole numbers; epochs make whole rounds.\n',
  )
  process.exit(1)
}

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const started = performance.now()
const engine = await createEngine('wasm')
const manifest = { ...shipped, training: { ...shipped.training, epochs: epochsPerRound } }
const reports: WorkersReport[] = []
for (const count of workers) {
  reports.push(await compare({ datasets: await datasetsFor(count), manifest, rounds, engine, log }))
}
const result = {
  bench: 'digits',
  paper,
  seed,
  backend: engine.backend,
  epochs,
  epochsPerRound,
  workers: reports,
  seconds: (performance.now() - started) / 1000,
  processor: processor(),
}
const text = report()
process.stdout.write(`${text}\n`)
if (options.write) await write()
if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
if (reports.some(({ sameModel }) => !sameModel)) {
  log('The sealed and the plain run made different models: one of them is wrong.')
  process.exitCode = 1
}

async function datasetsFor(hospitals: number): Promise<ImageDataset[]> {
  const source = await readStudy({ study: 'digits', hospitals, rounds, seed, csv: [], label: '' })
  const datasets = (await source.datasets()).filter((dataset): dataset is ImageDataset => !isTable(dataset))
  const first = ({ pixels, labels }: Images, count: number): Images => {
    const size = pixels.length / labels.length
    return { pixels: pixels.subarray(0, count * size), labels: labels.subarray(0, count) }
  }
  return datasets.map(dataset => ({ ...dataset, train: first(dataset.train, Math.ceil(images / hospitals)) }))
}

function report(): string {
  const { batchSize, learningRate } = manifest.training
  const [some] = reports
  const number = (value: number | undefined, digits = 2) => (value === undefined ? '–' : value.toFixed(digits))
  const perRoundRows = Array.from({ length: rounds }, (_, i) => [
    String((i + 1) * epochsPerRound),
    ...reports.flatMap(({ points: rows }) => {
      const row = rows[i]
      return [
        row === undefined ? '–' : percent(row.accuracy),
        number(row?.precision, 4),
        number(row?.recall, 4),
        number(row?.sealedSeconds, 1),
        number(row?.plainSeconds, 1),
      ]
    }),
  ])
  const head = reports.flatMap(({ workers: n }) => [`${n}: accuracy`, 'precision', 'recall', 'sealed s', 'plain s'])
  const last = (of: WorkersReport) => of.points.at(-1)!
  const interval = ({ interval }: Overhead) =>
    interval === null ? '–' : `${percent(interval.mean)} [${percent(interval.low)}, ${percent(interval.high)}]`
  const summary = (name: string, inPaper: string, of: (report: WorkersReport) => string) => [
    name,
    inPaper,
    ...reports.map(of),
  ]
  return [
    `Handwritten digits (MNIST), dense 784-128-10, batches of ${batchSize}, learning rate ${learningRate}, ${engine.backend} in Node, seed ${seed} (${result.processor})`,
    `${reports.map(({ workers: n, trainingImages }) => `${n} workers learn from ${trainingImages} images`).join(', ')}; all are tested on the same ${some?.testImages} after each round of ${epochsPerRound} epochs.`,
    'Sealed: the trainers of the app, every update and model sealed, signed, opened and checked by every worker. Plain: the',
    'same steps without any of it. They take turns, round by round, in one process; seconds are of all workers together.',
    '',
    layOut([['epoch', ...head], ...perRoundRows]),
    '',
    chart(
      reports.map(({ workers: n, points: rows }) => ({ mark: String(n), values: rows.map(row => row.accuracy) })),
      epochsPerRound,
    ),
    '',
    layOut([
      ['', 'paper', ...reports.map(({ workers: n }) => `${n} workers`)],
      summary('epochs to more than 95 %', `< ${paper.epochs}`, of => String(of.epochsTo95 ?? 'not reached')),
      summary('accuracy at the end', `> ${percent(paper.accuracy, 0)}`, of => percent(last(of).accuracy)),
      summary('precision (macro)', String(paper.precision), of => last(of).precision.toFixed(3)),
      summary('recall (macro)', String(paper.recall), of => last(of).recall.toFixed(3)),
      summary('encryption / sealed run', percent(paper.encryption), of => percent(of.encryptionShare)),
      summary('sealed / plain − 1, processor time, median', '', of => percent(of.processorOverhead.median)),
      summary('  mean and its 95 % interval', '', of => interval(of.processorOverhead)),
      summary('sealed / plain − 1, by the clock, median', '', of => percent(of.overhead.median)),
      summary('  mean and its 95 % interval', '', of => interval(of.overhead)),
      summary('same model with and without sealing', '', of => (of.sameModel ? 'to the last bit' : 'NO')),
      summary(
        'seconds, sealed and plain',
        '',
        of => `${of.sealed.seconds.toFixed(0)} and ${of.plain.seconds.toFixed(0)}`,
      ),
    ]),
    '',
    'Encryption is what the trainers’ own clocks say. The difference of the runs holds that, encoding, averaging by every worker',
    'instead of once, and the machine’s noise, which the intervals show.',
    `${result.seconds.toFixed(0)} seconds in all.`,
  ].join('\n')
}

async function write(): Promise<void> {
  const command = `npm run bench -- digits --workers ${options.workers} --epochs ${epochs} --epochs-per-round ${epochsPerRound} --seed ${seed} --write`
  await writePage('digits', {
    title: 'Digits over epochs',
    command: images === 60_000 ? command : `${command} --images ${images}`,
    text,
    notes: ['The marks in the chart are the numbers of workers; \\* is where they meet.'],
  })
  log('Written to docs/benchmarks/digits.md.')
}
