/**
 * `npm run bench -- heart [--splits 20] [--rounds 15] [--seed 1] [--json]`: what federating brings on the four heart hospitals, over
 * many stratified splits, against each hospital alone and against pooled training. The study runs headless on the app's own
 * trainers, every update and model sealed and opened.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Row, TableDataset } from '../src/data/dataset.ts'
import { heartCenters, heartNames, heartSchema, parseHeart, validationFraction } from '../src/data/heart.ts'
import { stratifiedSplit } from '../src/data/split.ts'
import type { Evaluation } from '../src/rounds/ports.ts'
import { heartStudy } from '../src/study/studies/heart.ts'
import { createEngine } from '../src/training/engine.ts'
import { evaluation } from '../src/training/metrics.ts'
import { aloneOnAllKnown, pooled, pooledWithIntercepts, prepare } from './heart/baselines.ts'
import { runStudy } from './shared/handToHand.ts'
import { type Interval, pairedInterval } from './shared/interval.ts'
import { mean as meanOf } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'

const methods = ['local', 'localAllRows', 'federated', 'pooled', 'pooledIntercepts'] as const
type Method = (typeof methods)[number]
const metrics = ['accuracy', 'auc', 'logLoss'] as const
type Metric = (typeof metrics)[number]
/** One number per split. A hospital whose test rows all have one outcome has no AUC in that split. */
type Series = Record<Method, Record<Metric, (number | null)[]>>

const { values } = parseArgs({
  options: {
    splits: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '15' },
    // The first split's; the others follow.
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const splits = Number(values.splits)
const rounds = Number(values.rounds)
const firstSeed = Number(values.seed)
const started = performance.now()
const engine = await createEngine('cpu')
const hospitalRows = await Promise.all(
  heartCenters.map(async center => {
    const url = new URL(`../public/studies/heart/processed.${center}.data`, import.meta.url)
    return [...parseHeart(await readFile(url, 'utf8'), center).values()]
  }),
)

const perHospital = heartCenters.map(emptySeries)
/** All hospitals' test patients in one list, each predicted by its hospital's model. */
const allPatients = emptySeries()

for (let seed = firstSeed; seed < firstSeed + splits; seed++) {
  process.stderr.write(`\rsplit ${seed - firstSeed + 1} of ${splits} `)
  const { manifest } = heartStudy({ rounds, seed })
  const datasets = hospitalRows.map(rows => splitRows(rows, seed))
  const study = await runStudy(datasets, manifest, rounds, engine)
  const prepared = prepare(datasets, heartSchema)
  const predictions: Record<Method, readonly Float32Array[]> = {
    local: study.map(({ local }) => local as Float32Array),
    localAllRows: await aloneOnAllKnown(prepared, manifest, rounds, engine),
    federated: study.map(({ federated }) => federated),
    pooled: await pooled(prepared, manifest, rounds, engine),
    pooledIntercepts: await pooledWithIntercepts(prepared, manifest, rounds, engine),
  }
  const labels = study.map(({ labels }) => labels)
  for (const method of methods) {
    predictions[method].forEach((probabilities, h) => {
      record(perHospital[h] as Series, method, evaluation(probabilities, labels[h] as Int32Array, 1))
    })
    const everybody = Float32Array.from(predictions[method].flatMap(part => [...part]))
    record(allPatients, method, evaluation(everybody, Int32Array.from(labels.flatMap(part => [...part])), 1))
  }
}
process.stderr.write('\r')

const hospitals = heartCenters.map((center, h) => ({
  name: heartNames[center],
  patients: (hospitalRows[h] as Row[]).length,
  ...summary(perHospital[h] as Series),
}))
const result = {
  bench: 'heart',
  splits,
  rounds,
  seed: firstSeed,
  seconds: (performance.now() - started) / 1000,
  hospitals,
  meanOfHospitals: summary(meanSeries()),
  allPatients: summary(allPatients),
}

print()
if (values.json) console.log(JSON.stringify(result))

function splitRows(rows: readonly Row[], seed: number): TableDataset {
  const parts = stratifiedSplit(
    rows.map(row => row.label),
    { validation: validationFraction, test: 1 / 3 },
    seed,
  )
  const pick = (indices: readonly number[]) => indices.map(i => rows[i] as Row)
  return { schema: heartSchema, train: pick(parts.train), validation: pick(parts.validation), test: pick(parts.test) }
}

function emptySeries(): Series {
  const empty = () => ({ accuracy: [], auc: [], logLoss: [] })
  return { local: empty(), localAllRows: empty(), federated: empty(), pooled: empty(), pooledIntercepts: empty() }
}

function record(series: Series, method: Method, of: Evaluation): void {
  for (const metric of metrics) series[method][metric].push(of[metric])
}

/** Mean over the hospitals, split by split; AUC over those that have one for every method. */
function meanSeries(): Series {
  const series = emptySeries()
  for (const method of methods) {
    for (const metric of metrics) {
      for (let s = 0; s < splits; s++) {
        const present = perHospital
          .map(hospital => hospital[method][metric][s])
          .filter(value => typeof value === 'number')
        series[method][metric].push(meanOf(present))
      }
    }
  }
  return series
}

function summary(series: Series) {
  const mean = (method: Method, metric: Metric) => {
    const present = series[method][metric].filter(value => value !== null)
    return present.length === 0 ? null : meanOf(present)
  }
  const table = Object.fromEntries(
    methods.map(method => [method, Object.fromEntries(metrics.map(metric => [metric, mean(method, metric)]))]),
  ) as Record<Method, Record<Metric, number | null>>
  const gain = (baseline: Method) =>
    Object.fromEntries(metrics.map(metric => [metric, paired(series, baseline, metric)])) as Record<
      Metric,
      Interval | null
    >
  return { ...table, gainOverLocal: gain('local'), gainOverLocalAllRows: gain('localAllRows') }
}

function paired(series: Series, baseline: Method, metric: Metric): Interval | null {
  const pairs = series.federated[metric].flatMap((value, i) => {
    const other = series[baseline][metric][i]
    return typeof value === 'number' && typeof other === 'number' ? [[value, other] as const] : []
  })
  if (pairs.length < 2) return null
  return pairedInterval(
    pairs.map(([value]) => value),
    pairs.map(([, other]) => other),
  )
}

function print(): void {
  const number = (value: number | null) => (value === null ? '–' : value.toFixed(3))
  const interval = (gain: Interval | null) =>
    gain === null ? '–' : `${signed(gain.mean)} [${signed(gain.low)}, ${signed(gain.high)}]`
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
  console.log(`Heart disease, ${splits} stratified splits, ${rounds} rounds, a third of each hospital held out.`)
  console.log(
    'Gain = federated − alone, with its 95 % interval over the splits. Alone: same rows, preprocessing and epochs;',
  )
  console.log('alone+: also on the rows that a federated hospital keeps for scoring. Pooled: all rows in one place;')
  console.log('+inter.: the same with an intercept for each hospital.\n')
  const rows = [
    ...hospitals,
    { name: 'Mean of the four', ...result.meanOfHospitals },
    { name: 'All patients', ...result.allPatients },
  ]
  for (const metric of metrics) {
    const head = [metric, 'alone', 'alone+', 'feder.', 'pooled', '+inter.', 'gain over alone', 'gain over alone+']
    const lines = rows.map(row => [
      row.name,
      ...methods.map(method => number(row[method][metric])),
      interval(row.gainOverLocal[metric]),
      interval(row.gainOverLocalAllRows[metric]),
    ])
    console.log(`${layOut([head, ...lines])}\n`)
  }
  const accuracy = result.meanOfHospitals.gainOverLocal.accuracy
  const small = hospitals.filter(({ patients }) => patients < 150)
  for (const { name, patients, gainOverLocal } of small) {
    console.log(
      `${name} (${patients} patients): AUC ${interval(gainOverLocal.auc)}, accuracy ${interval(gainOverLocal.accuracy)}.`,
    )
  }
  if (accuracy !== null) {
    const verdict = accuracy.high < 0 ? 'is below' : accuracy.low > 0 ? 'is above' : 'cannot be told from'
    console.log(`In accuracy, federating ${verdict} training alone (mean of the hospitals).`)
  }
  console.log(`${result.seconds.toFixed(0)} seconds.`)
}
