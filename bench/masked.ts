/**
 * npm run bench -- masked [--parameters 10000,100000,1000000] [--write] [--json]
 * What a masked, scored round with noise takes of a hospital's computer, by the app's own trainers: five hospitals that are all seats,
 * one of which is drawn and checked. --write keeps the report as docs/benchmarks/masked.md.
 */
import { parseArgs } from 'node:util'
import type { Blob, Sealed } from '../src/rounds/ports.ts'
import { parameterLayout } from '../src/study/layout.ts'
import { type Manifest, parseManifest } from '../src/study/manifest.ts'
import { masked } from '../src/study/studies/masked.ts'
import { ownTableStudy } from '../src/study/studies/ownTable.ts'
import { privately } from '../src/study/studies/privately.ts'
import { testDataset, testHospitals, testSchema } from '../src/training/testing.ts'
import { grouped, median, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

const seats = 5
const drawn = 2
const round = 1
/** Of the made-up patients' numbers. */
const ranges = { typical: [0, 140] as [number, number] }

const { values: options } = parseArgs({
  options: {
    parameters: { type: 'string', default: '10000,100000,1000000' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

/** Milliseconds, medians over the hospitals; bytes of one hospital. */
interface Measured {
  readonly parameters: number
  /** Encoding, masking and sealing: without the training. */
  readonly contribute: number
  readonly check: number
  readonly masks: number
  readonly products: number
  readonly shares: number
  /** Reading all answers, recomputing the drawn seat's, opening the sum, scoring, sealing the model. */
  readonly open: number
  readonly updateBytes: number
  readonly answerBytes: number
}

const rows: Measured[] = []
for (const parameters of options.parameters.split(',').map(Number)) {
  process.stderr.write(`${grouped(parameters)} parameters\n`)
  rows.push(await measure(parameters))
}
const text = report(rows)
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = `npm run bench -- masked --parameters ${options.parameters} --write`
  await writePage('masked', { title: 'A masked, scored round', command, text })
}
if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`)

/** A hidden layer makes the model as large as is asked for: of a table's four columns each unit has six numbers. */
function manifestOf(parameters: number): Manifest {
  const features = testSchema.features.map(feature => (feature.type === 'number' ? { ...feature, ...ranges } : feature))
  const plan = masked(privately(ownTableStudy({ ...testSchema, features }), { epsilon: 5, delta: 1e-4 }))
  const [output] = plan.manifest.model.layers.slice(-1)
  if (output === undefined) throw new Error('The template has no layers.')
  const hidden = { type: 'dense', units: Math.round(parameters / 6), activation: 'tanh' } as const
  const model = { ...plan.manifest.model, siteLocal: 'none', layers: [hidden, output] }
  return parseManifest({ ...plan.manifest, model })
}

async function measure(parameters: number): Promise<Measured> {
  const manifest = manifestOf(parameters)
  const datasets = Array.from({ length: seats }, (_, i) => testDataset(i, 60))
  const hospitals = await testHospitals(datasets, manifest)
  const members = hospitals.map(({ member }) => member)
  const trainers = hospitals.map(({ trainer }) => trainer)

  const contribute: number[] = []
  const updates: Sealed[] = []
  for (const trainer of trainers) {
    const before = (await trainer.spent()).train
    const [sealed, all] = await timed(() => trainer.trainAndSeal(round, members))
    updates.push(sealed)
    contribute.push(all - 1000 * ((await trainer.spent()).train - before))
  }
  const check: number[] = []
  for (const trainer of trainers) {
    for (const [i, { blob, commitment }] of updates.entries()) {
      const member = members[i]!
      const [isRight, time] = await timed(() => trainer.openMasked(round, members, member, blob, commitment))
      if (!isRight) throw new Error('An honest contribution was refused.')
      check.push(time)
    }
  }
  const set = members.map(({ index, address }) => ({ index, hospital: address, weight: 1 }))
  const committee = { seats: members, set }
  const [masks, masksTime] = await eachSeat(trainer => trainer.sealMasks(round, committee))
  const posted = { masks: masks.map(blobOf), shares: members.map(() => null), opening: [] }
  const [products, productsTime] = await eachSeat(trainer => trainer.sealProducts(round, committee, posted))
  const [shares, sharesTime] = await eachSeat(trainer => trainer.sealShares(round, committee, [drawn]))
  const answers = { ...posted, products: products.map(blobOf), shares: shares.map(blobOf), opening: [drawn] }
  const hashes = new Set<string>()
  const open: number[] = []
  for (const trainer of trainers) {
    const [outcome, time] = await timed(() => trainer.aggregateMasked(round, committee, answers, members))
    if (!('model' in outcome)) throw new Error('An honest seat was accused.')
    hashes.add(`${outcome.model.modelHash} ${outcome.scores}`)
    open.push(time)
  }
  if (hashes.size !== 1) throw new Error('The seats came to different models or scores.')
  return {
    parameters: parameterLayout(manifest.model).sharedSize,
    contribute: median(contribute),
    check: median(check),
    masks: masksTime,
    products: productsTime,
    shares: sharesTime,
    open: median(open),
    updateBytes: bytesOf(updates[0]!),
    answerBytes: [masks, products, shares].reduce((sum, [one]) => sum + bytesOf(one!), 0),
  }

  /** What each answers, one after the other, and the median of their milliseconds. */
  async function eachSeat(
    answer: (trainer: (typeof trainers)[number]) => Promise<Sealed>,
  ): Promise<[Sealed[], number]> {
    const answered: Sealed[] = []
    const times: number[] = []
    for (const trainer of trainers) {
      const [sealed, time] = await timed(() => answer(trainer))
      answered.push(sealed)
      times.push(time)
    }
    return [answered, median(times)]
  }
}

function blobOf({ blob }: Sealed): Blob {
  return blob
}

function bytesOf({ blob }: Sealed): number {
  return [blob.header, ...blob.chunks].reduce((sum, part) => sum + part.byteLength, 0)
}

async function timed<T>(run: () => Promise<T>): Promise<[T, number]> {
  const since = performance.now()
  const result = await run()
  return [result, performance.now() - since]
}

function report(measured: readonly Measured[]): string {
  const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0)
  return [
    `A training round of ${seats} hospitals that are all seats; noise, masks, scores; one seat drawn and checked (${processor()}).`,
    'Milliseconds of one hospital, medians; bytes that one hospital sends. Without training, network and chain.',
    '',
    layOut([
      ['parameters', 'contribute', 'check one', 'masks', 'products', 'shares', 'open', 'update bytes', 'answers bytes'],
      ...measured.map(row => [
        grouped(row.parameters),
        ms(row.contribute),
        ms(row.check),
        ms(row.masks),
        ms(row.products),
        ms(row.shares),
        ms(row.open),
        grouped(row.updateBytes),
        grouped(row.answerBytes),
      ]),
    ]),
    '',
    'A seat checks every hospital’s contribution. “open” reads all answers, recomputes the drawn seat’s, opens the sum,',
    'scores its parts and seals the model; “products” opens the sum first. float32 parameters alone are 4 bytes each.',
  ].join('\n')
}
