/**
 * npm run bench -- attacks [--only membership|inversion] [--splits 16] [--seed 5001] [--write] [--json]
 * What an attacker on the committee learns about single patients from what a hospital shares: whether a patient was trained on
 * (heart disease), and what an image looked like (digits); without differential privacy, with it, and masked. --write keeps
 * the report as docs/benchmarks/attacks.md.
 */
import { parseArgs } from 'node:util'
import { readStudy } from '../scripts/demo/studyData.ts'
import { isTable } from '../src/data/dataset.ts'
import { encodeImages } from '../src/data/encode.ts'
import { loadField } from '../src/field/loadField.ts'
import type { Manifest } from '../src/study/manifest.ts'
import { heartStudy } from '../src/study/studies/heart.ts'
import { privately } from '../src/study/studies/privately.ts'
import { createEngine } from '../src/training/engine.ts'
import { type Inversion, invertDigits } from './attacks/digits.ts'
import { type Attacked, type Guesses, inferMembership, type Method, type View } from './attacks/heart.ts'
import {
  type Advantage,
  advantage,
  gaussianArea,
  gaussianRate,
  type Promised,
  promisedArea,
  promisedRate,
} from './attacks/roc.ts'
import { mean, percent, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

/** Of the shipped private heart study, as `npm run bench -- dp` measures its accuracy. */
const epsilons = [5, 1]
const heartDelta = 1e-4
const privateRounds = 5
/** Strangers who may be taken for patients. */
const falsePositives = 0.01
/** Of one gradient step on images. */
const digitsDelta = 1e-5
const batches = [
  { batch: 1, repeats: 10 },
  { batch: 8, repeats: 4 },
]
/** An image that comes back like this can be read. */
const readable = 0.9

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    splits: { type: 'string', default: '16' },
    // The first one's; the others follow.
    seed: { type: 'string', default: '5001' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const { only } = options
const [count, firstSeed] = [options.splits, options.seed].map(Number) as [number, number]
const isWhole = [count, firstSeed].every(value => Number.isInteger(value) && value > 0)
if (!isWhole || count < 2 || (only !== undefined && only !== 'membership' && only !== 'inversion')) {
  process.stderr.write('--splits takes a whole number from 2, --seed one from 1; --only membership or inversion.\n')
  process.exit(1)
}
const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** One line of the table of membership inference. */
interface Line {
  readonly seen: string
  readonly epsilon: number | null
  readonly method: Method
  readonly found: Advantage
  /** The most that the promise and its very noise allow; null without noise or where it is not what is attacked. */
  readonly allowed: {
    readonly area: number
    readonly rate: number
    readonly exactArea: number
    readonly exactRate: number
  } | null
}

const started = performance.now()
const field = await loadField()
const lines = only === 'inversion' ? [] : await membership()
const inversions = only === 'membership' ? [] : await inversion()
const seconds = (performance.now() - started) / 1000
const text = [
  ...(lines.length > 0 ? membershipReport(lines) : []),
  ...(inversions.length > 0 ? inversionReport(inversions) : []),
  `${seconds.toFixed(0)} seconds in all (${processor()}).`,
].join('\n')
process.stdout.write(`${text}\n`)
if (options.write) await write()
if (options.json)
  process.stdout.write(`${JSON.stringify({ bench: 'attacks', firstSeed, lines, inversions, seconds })}\n`)

async function membership(): Promise<readonly Line[]> {
  const engine = await createEngine('cpu')
  const seeds = Array.from({ length: count }, (_, i) => firstSeed + i)
  const attack = async (name: string, attacked: Attacked): Promise<readonly Guesses[]> => {
    const splits = await inferMembership(attacked, seeds, engine, field)
    log(`membership, ${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`)
    return splits
  }
  const lineOf = (
    splits: readonly Guesses[],
    seen: string,
    [view, method]: readonly [View, Method],
    allowed: Line['allowed'] = null,
    epsilon: number | null = null,
  ): Line => {
    const found = advantage(
      splits.map(split => split[view][method]),
      falsePositives,
    )
    return { seen, epsilon, method, found, allowed }
  }
  const linesOf = (
    splits: readonly Guesses[],
    seen: string,
    view: View,
    ...more: [Line['allowed']?, (number | null)?]
  ) => (['direction', 'loss'] as const).map(method => lineOf(splits, seen, [view, method], ...more))

  const overfitted = await attack('overfitted', { ...overfit(), isInformed: false })
  const shipped = heartStudy()
  const plain = await attack('without DP', {
    manifest: shipped.manifest,
    rounds: shipped.rules.rounds,
    isInformed: true,
  })
  const result = [
    ...linesOf(overfitted, 'update, made to memorise', 'update'),
    ...linesOf(overfitted, '  the same, masked', 'masked'),
    ...linesOf(overfitted, '  the same, opened sum', 'sum'),
    ...linesOf(plain, 'update, as it ships', 'update'),
    lineOf(plain, 'update, as it ships', ['update', 'informed']),
    ...linesOf(plain, '  masked', 'masked'),
    ...linesOf(plain, '  opened sum', 'sum'),
  ]
  for (const epsilon of epsilons) {
    const promised = { epsilon, delta: heartDelta }
    const { manifest, rules } = privately(heartStudy({ rounds: privateRounds }), promised)
    const splits = await attack(`ε = ${epsilon}`, { manifest, rounds: rules.rounds, isInformed: true })
    const allowed = allowedBy(promised, manifest, rules.rounds)
    result.push(
      ...linesOf(splits, `update, ε = ${epsilon}`, 'update', allowed, epsilon),
      lineOf(splits, `update, ε = ${epsilon}`, ['update', 'informed'], allowed, epsilon),
      ...linesOf(splits, `  opened sum, ε = ${epsilon}`, 'sum', allowed, epsilon),
    )
  }
  return result
}

/** Forty patients, a network with room for each of them, sixty epochs, no penalty: what a study should not do. */
function overfit(): Pick<Attacked, 'manifest' | 'rounds' | 'patients'> {
  const { manifest } = heartStudy()
  return {
    manifest: {
      ...manifest,
      model: {
        ...manifest.model,
        layers: [
          { type: 'dense', units: 32, activation: 'relu' },
          { type: 'dense', units: 1, activation: 'linear' },
        ],
        siteLocal: 'none',
      },
      training: { ...manifest.training, epochs: 60, learningRate: 0.1, l2: 0 },
    },
    rounds: 1,
    patients: 40,
  }
}

function allowedBy(promised: Promised, { privacy }: Manifest, rounds: number): Line['allowed'] {
  const mu = Math.sqrt(rounds * privacy!.steps) / privacy!.noise
  return {
    area: promisedArea(promised),
    rate: promisedRate(falsePositives, promised),
    exactArea: gaussianArea(mu),
    exactRate: gaussianRate(falsePositives, mu),
  }
}

async function inversion(): Promise<readonly Inversion[]> {
  const source = await readStudy({ study: 'digits', hospitals: 10, rounds: 1, seed: firstSeed, csv: [], label: '' })
  const [dataset] = await source.datasets()
  if (dataset === undefined || isTable(dataset)) throw new Error('no images')
  const images = encodeImages(dataset.train)
  const engine = await createEngine('wasm')
  const results: Inversion[] = []
  for (const { batch, repeats } of batches) {
    results.push(...(await invertDigits(images, { batch, repeats, epsilons, delta: digitsDelta }, engine, field)))
    log(`inversion, batches of ${batch}: ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  return results
}

function membershipReport(all: readonly Line[]): string[] {
  const how = { direction: 'by direction', loss: 'by loss', informed: 'knows all others' }
  const rows = all.map(({ seen, method, found: { auc, named, guesses }, allowed }) => [
    seen,
    how[method],
    inWords(auc.mean, auc.low),
    `${auc.mean.toFixed(3)} (${auc.low.toFixed(3)} to ${auc.high.toFixed(3)})`,
    percent(named, 1),
    allowed ? `${allowed.area.toFixed(3)}, ${percent(allowed.rate, 1)}` : '',
    allowed ? `${allowed.exactArea.toFixed(3)}, ${percent(allowed.exactRate, 1)}` : '',
    String(guesses),
  ])
  const head = [
    'what is seen',
    'attack',
    'in words',
    'AUC, 95 % interval',
    'TPR at 1 %',
    'most by (ε, δ)',
    'most by its noise',
    'guesses',
  ]
  return [
    `Was this patient trained on? Heart disease, four hospitals, ${count} stratified splits from ${firstSeed}, δ = ${heartDelta}`,
    '',
    layOut([head, ...rows], 3),
    '',
  ]
}

/** The area as what it is: of a patient and a stranger, the right one is picked that often. */
function inWords(area: number, low: number): string {
  const right = Math.round(100 * area)
  if (right === 100) return 'always right'
  return low > 0.5 ? `right ${right} times in 100` : `right ${right} times in 100: a coin toss`
}

function inversionReport(all: readonly Inversion[]): string[] {
  const seenAs = {
    update: 'update',
    private: 'update',
    masked: 'masked',
    sum: 'opened sum of three',
    nothing: 'nothing: average digit',
  }
  const rows = all.map(({ seen, epsilon, batch, images }) => {
    const correlations = images.map(({ correlation }) => correlation)
    const read = correlations.filter(correlation => correlation >= readable).length
    return [
      epsilon === null ? seenAs[seen] : `${seenAs[seen]}, ε = ${epsilon}`,
      read === 0
        ? 'no image comes back'
        : read === images.length
          ? 'every image comes back'
          : `${read} of ${images.length} images come back`,
      String(batch),
      mean(correlations).toFixed(3),
      Math.max(...correlations).toFixed(3),
      mean(images.map(({ psnr }) => psnr)).toFixed(1),
      String(images.length),
    ]
  })
  const head = ['what is seen', 'in words', 'batch', 'correlation', 'best', 'PSNR, dB', 'images']
  return [
    `What did the image look like? Handwritten digits, the shipped model (784-128-10), one gradient step, δ = ${digitsDelta}`,
    '',
    layOut([head, ...rows], 2),
    '',
  ]
}

async function write(): Promise<void> {
  const flags = [...(only ? [`--only ${only}`] : []), `--splits ${count} --seed ${firstSeed} --write`]
  await writePage('attacks', {
    title: 'What an attacker learns about a patient',
    command: `npm run bench -- attacks ${flags.join(' ')}`,
    text,
    notes: [
      'The attacker holds a seat of the committee and opens updates as every seat does, or is anybody who sees masked vectors ' +
        'and the opened sum. It has the whole record of a candidate and asks: was this patient trained on? The candidates are ' +
        'a hospital’s training and held-out patients, as many of each. **By direction**: does the update go where this ' +
        'patient’s gradient pulls, beyond what the candidates have in common (the likelihood ratio for normal gradients). ' +
        '**By loss**: did the update help this patient. Both are added up over the rounds. **Knows all others**: has every other ' +
        'patient’s record too, the attacker against whom differential privacy is defined. Without noise it repeats the ' +
        'first round’s training with and without the patient and compares; with noise it takes the likelihood ratio of all ' +
        'rounds. AUC: of a patient and a stranger, how often the right one is picked; 0.5 is a coin toss. TPR at 1 %: how many ' +
        'patients are named when one stranger in a hundred is.',
      '**Made to memorise**: 40 patients a hospital at most, a network of 32 hidden units, 60 epochs, no penalty: what a study ' +
        'should not do. It shows that the attack works.',
      '**Most by (ε, δ)** is what the promise allows any attacker (AUC, TPR): e^ε·FPR + δ, and the same for the complement. ' +
        '**Most by its noise** is what these very steps of Gaussian noise allow. Both are for adding or removing one patient, ' +
        'here another one is there instead. Intervals are Student’s over splits of the same 740 patients; a mean may lie above its ' +
        'bound by chance, its whole interval should not.',
      '**Images**: each of three hospitals takes one gradient step on one image, or on eight at once, and the images are computed ' +
        'from the first layer’s gradient. The correlation and the signal-to-noise ratio are means over the images, each with ' +
        'the nearest guess; an image comes back where its correlation is at least 0.9. ε is for this one step, of ' +
        'the model as it ships without noise, so that only clip and noise differ. The shipped ' +
        'study takes hundreds of steps on batches of 32 in a round; this attack is not made for that, others may be.',
      '**What differential privacy and masks do not stop.** Masks hide who said what; a sum is still a sum, and three hospitals’ ' +
        'single images come back from it. Who holds all other updates takes them from the sum and is left with the last one, as if ' +
        'it had never been masked. Differential privacy bounds what anybody learns from one patient’s being there, ' +
        'and an attacker who knows all others comes close to that bound: at ε = 5 much is still to be learned. It does not hide what is ' +
        'true of all patients. And an attack that fails is no protection: the updates that gave little away to an ' +
        'outsider gave everything to the one who knew the others.',
    ],
  })
  log('Written to docs/benchmarks/attacks.md.')
}
