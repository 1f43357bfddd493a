/**
 * npm run bench -- privacy [--parameters 10000 --parameters 100000 --parameters 1000000] [--hospitals 3 --hospitals 10 --hospitals 50]
 *   [--json] [--write]
 * What masked aggregation costs a hospital, a seat and whoever opens the sum, and masking against sharing a vector by polynomials.
 */
import { parseArgs } from 'node:util'
import { checkMasked, commitmentRoot } from '../src/aggregation/masking/commitments.ts'
import { type Encoding, encodeUpdate, toIntegers } from '../src/aggregation/masking/encoding.ts'
import { openSum, type WeightedMasked } from '../src/aggregation/masking/open.ts'
import { beaconDirections, isInRange, leastDirections, openProducts } from '../src/aggregation/masking/scoring.ts'
import { type HeldSeed, maskProducts, maskSum } from '../src/aggregation/masking/seat.ts'
import { openParcel } from '../src/aggregation/masking/seeds.ts'
import { submitMasked } from '../src/aggregation/masking/submit.ts'
import { addressOf, roundOf } from '../src/aggregation/masking/testing.ts'
import { maxWeight } from '../src/aggregation/weights.ts'
import type { Binding } from '../src/crypto/binding.ts'
import { hexToBytes } from '../src/crypto/bytes.ts'
import { wrapKey } from '../src/crypto/envelope.ts'
import { createKeys, publicKeys } from '../src/crypto/keys.ts'
import { loadField } from '../src/field/loadField.ts'
import type { Hex } from '../src/study/types.ts'
import { shareByDifferences, shareByProducts, sharingBuffers } from './privacy/polynomialSharing.ts'
import { grouped, median, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

const { values: options } = parseArgs({
  options: {
    parameters: { type: 'string', multiple: true, default: ['10000', '100000', '1000000'] },
    hospitals: { type: 'string', multiple: true, default: ['3', '10', '50'] },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const dimensions = options.parameters.map(Number)
const counts = options.hospitals.map(Number)
const targets = { upload: 2.05, time: 1.5, bytes: 1 / 3 }
/** 5 seats, 3 of which recover a seed; held by hospitals that are not in the sum, as such submit one seed more. */
const round = roundOf([100, 101, 102, 103, 104], 3)
const encoding: Encoding = { hospitals: 50, clip: 1, fractionBits: 24, maxWeight: 8 }
const turns = 15

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** One size: milliseconds, and bytes as they go over the wire or the chain. */
interface Costs {
  readonly parameters: number
  readonly hospitals: number
  readonly hospital: {
    readonly encode: number
    readonly mask: number
    readonly seal: number
    /** The masked vector, sealed parcels, hashes, and their root on the chain. */
    readonly up: number
    readonly overFloat32: number
  }
  readonly seat: {
    readonly check: number
    readonly sum: number
    /** Parcels and hashes. */
    readonly down: number
    /** To check the masked vectors' hashes. */
    readonly vectorsDown: number
    readonly up: number
  }
  readonly opening: { readonly time: number; readonly down: number }
}

const field = await loadField()
const seatKeys = await Promise.all(round.seats.map(async () => (await publicKeys(await createKeys())).encryption))
const costs: Costs[] = []
for (const parameters of dimensions) {
  for (const hospitals of counts) {
    costs.push(await measure(parameters, hospitals))
    log(`${grouped(parameters)} parameters, ${hospitals} hospitals: measured.`)
  }
}
const scoring: Scoring[] = []
for (const parameters of dimensions) scoring.push(await score(parameters))
const comparison = compare(Math.max(...dimensions))
const text = [costTable(costs), scoringTable(scoring), comparisonTable(comparison)].join('\n\n')
process.stdout.write(`${text}\n`)
if (options.write) {
  const command = ['npm run bench -- privacy', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('privacy', { title: 'What masked aggregation costs', command, text })
  log('Written to docs/benchmarks/privacy.md.')
}
if (options.json) process.stdout.write(`${JSON.stringify({ costs, scoring, comparison, targets })}\n`)

/** A whole aggregation in one process; its sum is checked against the plain one. */
async function measure(parameters: number, hospitals: number): Promise<Costs> {
  const update = Float32Array.from({ length: parameters }, (_, k) => Math.sin(k) / 10)
  const times = { encode: [] as number[], mask: [] as number[], seal: [] as number[], check: [] as number[] }
  const held: HeldSeed[][] = round.seats.map(() => [])
  const inputs: WeightedMasked[] = []
  const plain = new BigUint64Array(parameters)
  let up = 0
  let parcelDown = 0
  for (let index = 0; index < hospitals; index++) {
    const hospital = addressOf(index)
    const weight = 1 + (index % maxWeight)
    const [encoded, encode] = await timed(() => encodeUpdate(update, encoding))
    const [{ masked, parcels, commitments }, mask] = await timed(() => submitMasked(field, round, hospital, encoded))
    const [sealed, seal] = await timed(() => Promise.all(parcels.map((parcel, seat) => sealParcel(parcel, seat))))
    // What the first seat does; the others do the same at the same time, elsewhere.
    const [, check] = await timed(async () => {
      await openParcel(round, hospital, 0, parcels[0] as Uint8Array, commitments)
      await checkMasked(round, hospital, masked, parameters, commitments)
    })
    for (const seat of round.seats.keys()) {
      const { seed } = await openParcel(round, hospital, seat, parcels[seat] as Uint8Array, commitments)
      if (seed !== null) held[seat]?.push({ hospital, weight, seed })
    }
    inputs.push({ masked, weight })
    field.addScaled(plain, encoded, BigInt(weight))
    const root = await commitmentRoot(round, hospital, commitments)
    const listed = bytesOf([commitments.masked, ...commitments.seeds, ...commitments.shares])
    const wraps = sealed.map(({ enc, wrapped }) => enc.length + wrapped.length)
    up = masked.byteLength + wraps.reduce((sum, bytes) => sum + bytes, 0) + listed + bytesOf([root])
    parcelDown = (wraps[0] as number) + listed
    for (const [name, time] of Object.entries({ encode, mask, seal, check }))
      times[name as keyof typeof times].push(time)
  }
  const sums: BigUint64Array[] = []
  const sumTimes: number[] = []
  for (const seat of round.seats.keys()) {
    const [sum, time] = await timed(() => maskSum(field, round, seat, held[seat] as HeldSeed[], parameters))
    sums.push(sum)
    sumTimes.push(time)
  }
  const [opened, time] = await timed(() => openSum(field, round, encoding, inputs, sums))
  const due = toIntegers(plain)
  if (!opened.every((value, k) => value === due[k])) throw new Error('The masked sum is not the plain sum.')
  return {
    parameters,
    hospitals,
    hospital: {
      encode: median(times.encode),
      mask: median(times.mask),
      seal: median(times.seal),
      up,
      overFloat32: up / (4 * parameters),
    },
    seat: {
      check: median(times.check) * hospitals,
      sum: median(sumTimes),
      down: parcelDown * hospitals,
      vectorsDown: 8 * parameters * hospitals,
      up: 8 * parameters,
    },
    opening: { time, down: 8 * parameters * (hospitals + round.seats.length) },
  }
}

/** A seat's parcel by HPKE, as it goes over the wire. */
function sealParcel(parcel: Uint8Array, seat: number) {
  const { deployment, chainId, study } = round
  const binding: Binding = { deployment, chainId, study, round: round.round, sender: addressOf(0), kind: 'update' }
  return wrapKey(parcel, binding, seatKeys[seat] as Uint8Array)
}

function bytesOf(hashes: readonly (Hex | null)[]): number {
  return hashes.reduce((sum, hash) => sum + (hash === null ? 0 : hexToBytes(hash).length), 0)
}

async function timed<T>(run: () => T | Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  const result = await run()
  return [result, performance.now() - start]
}

/** What a scored round costs on top, for each hospital: milliseconds, bytes. */
interface Scoring {
  readonly parameters: number
  readonly directions: number
  readonly seat: number
  readonly seatUp: number
  readonly opening: number
}

/** The direction of the consortium and those of the beacon, answered by every seat and opened, of one hospital. */
async function score(parameters: number): Promise<Scoring> {
  const hospital = addressOf(0)
  const values = Float32Array.from({ length: parameters }, (_, k) => Math.sin(k) / 10)
  const { masked, parcels, commitments } = await submitMasked(field, round, hospital, encodeUpdate(values, encoding))
  const beacon = crypto.getRandomValues(new Uint8Array(32))
  const directions = await beaconDirections(field, beacon, parameters, leastDirections + 1)
  const protection = { differentialPrivacy: true }
  const answers: bigint[][] = []
  const times: number[] = []
  for (const [seat, parcel] of parcels.entries()) {
    const { seed } = await openParcel(round, hospital, seat, parcel, commitments)
    if (seed === null) throw new Error('The hospital holds a seat.')
    const [products, time] = await timed(() =>
      maskProducts(field, round, protection, seat, { hospital, seed }, directions),
    )
    answers.push(products)
    times.push(time)
  }
  const [products, opening] = await timed(() => openProducts(protection, encoding, masked, answers, directions))
  if (!isInRange(products, encoding, parameters)) throw new Error('The products are out of range.')
  return {
    parameters,
    directions: directions.length,
    seat: median(times),
    seatUp: 8 * directions.length,
    opening,
  }
}

interface Comparison {
  readonly parameters: number
  /** Milliseconds, median. */
  readonly masking: number
  readonly sharing: number
  readonly sharingByProducts: number
  /** Median of the turns' own ratios, against the faster sharing. */
  readonly ratio: number
  readonly maskingBytes: number
  readonly sharingBytes: number
}

/** Turn by turn, so that a busy machine slows all of them; who goes first changes. */
function compare(parameters: number): Comparison {
  const secret = encodeUpdate(
    Float32Array.from({ length: parameters }, (_, k) => Math.cos(k) / 10),
    encoding,
  )
  const newKey = () => crypto.getRandomValues(new Uint8Array(32))
  const masked = new BigUint64Array(parameters)
  const buffers = sharingBuffers(parameters)
  const ways = {
    masking: () => {
      masked.set(secret)
      for (const _ of round.seats) field.addMask(masked, newKey(), 1n)
      return [masked]
    },
    sharing: () => shareByDifferences(field, secret, [newKey(), newKey()], buffers).vectors,
    sharingByProducts: () => shareByProducts(field, secret, [newKey(), newKey()], buffers).vectors,
  }
  const names = Object.keys(ways) as (keyof typeof ways)[]
  const times = { masking: [] as number[], sharing: [] as number[], sharingByProducts: [] as number[] }
  const bytes = { masking: 0, sharing: 0, sharingByProducts: 0 }
  const keyBytes = { masking: 32 * round.seats.length, sharing: 64, sharingByProducts: 64 }
  for (let turn = -1; turn < turns; turn++) {
    for (const k of names.keys()) {
      const name = names[(k + turn + 1) % names.length] as keyof typeof ways
      const start = performance.now()
      const vectors = ways[name]()
      const time = performance.now() - start
      bytes[name] = vectors.reduce((sum, vector) => sum + vector.byteLength, keyBytes[name])
      // The first turn warms up.
      if (turn >= 0) times[name].push(time)
    }
  }
  const best = median(times.sharing) <= median(times.sharingByProducts) ? times.sharing : times.sharingByProducts
  return {
    parameters,
    masking: median(times.masking),
    sharing: median(times.sharing),
    sharingByProducts: median(times.sharingByProducts),
    ratio: median(times.masking.map((time, turn) => time / (best[turn] as number))),
    maskingBytes: bytes.masking,
    sharingBytes: bytes.sharing,
  }
}

function costTable(rows: readonly Costs[]): string {
  const ms = (value: number) => (value < 10 ? value.toFixed(1) : grouped(value))
  return [
    `5 seats, 3 recover a seed. Milliseconds, bytes. ${processor()}.`,
    'Hospital: encode; mask, back up and commit; seal its parcels; all that it uploads, and over plain float32.',
    'Seat, all hospitals together: check parcels and vectors; its sum of masks; parcels and hashes down, its sum up.',
    'Opening, by anybody: the sum; all vectors down, which a seat also needs to check them.',
    layOut(
      [
        [
          'parameters',
          'hospitals',
          'encode ms',
          'mask ms',
          'seal ms',
          'up bytes',
          'over float32',
          'seat check ms',
          'sum ms',
          'down bytes',
          'up bytes',
          'open ms',
          'vectors down',
        ],
        ...rows.map(({ parameters, hospitals, hospital, seat, opening }) => [
          grouped(parameters),
          String(hospitals),
          ms(hospital.encode),
          ms(hospital.mask),
          ms(hospital.seal),
          grouped(hospital.up),
          hospital.overFloat32.toFixed(3),
          ms(seat.check),
          ms(seat.sum),
          grouped(seat.down),
          grouped(seat.up),
          ms(opening.time),
          grouped(opening.down),
        ]),
        ['target, at most', '', '', '', '', '', String(targets.upload)],
      ],
      1,
    ),
  ].join('\n')
}

function scoringTable(rows: readonly Scoring[]): string {
  return [
    'Scoring, for each hospital: a seat answers and uploads, anybody opens.',
    layOut([
      ['parameters', 'directions', 'seat ms', 'up bytes', 'open ms'],
      ...rows.map(({ parameters, directions, seat, seatUp, opening }) => [
        grouped(parameters),
        String(directions),
        seat.toFixed(1),
        grouped(seatUp),
        opening.toFixed(1),
      ]),
    ]),
  ].join('\n')
}

function comparisonTable(one: Comparison): string {
  return [
    `Masking ${grouped(one.parameters)} parameters for 5 seats against 3-of-5 polynomial sharing, same field and PRG, median of ${turns} turns:`,
    layOut([
      ['', 'ms', 'bytes up'],
      ['masking', one.masking.toFixed(1), grouped(one.maskingBytes)],
      ['sharing by differences', one.sharing.toFixed(1), grouped(one.sharingBytes)],
      ['sharing by products', one.sharingByProducts.toFixed(1), grouped(one.sharingBytes)],
      ['masking over the faster', one.ratio.toFixed(2), (one.maskingBytes / one.sharingBytes).toFixed(3)],
      ['target, at most', String(targets.time), targets.bytes.toFixed(3)],
    ]),
  ].join('\n')
}
