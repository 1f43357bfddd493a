import { expect, it } from 'vitest'
import { bytesToHex } from '../../crypto/bytes.ts'
import { type Field, MODULUS } from '../../field/Field.ts'
import { add, inverse, multiply, subtract, toField } from '../../field/goldilocks.ts'
import { loadField } from '../../field/loadField.ts'
import type { Address } from '../../study/types.ts'
import { noOpenings, recordFreeze, recordOpenedSeat } from './openings.ts'
import { type MaskedRound, maskKey, seededSeats } from './round.ts'
import { beaconDirections } from './scoring.ts'
import { maskProducts, maskSum } from './seat.ts'
import { type Backups, backUpSeeds, drawSeeds, packParcel, type Seeds } from './seeds.ts'
import { commit, mask } from './submit.ts'
import { addressOf, randomElements, roundOf } from './testing.ts'

// What colluders see, computed twice with the same coins: once by the protocol from the honest hospitals' updates, once by a
// simulator that knows only their weighted sum and what is declared open. Equal bytes for uniform coins mean that they learn
// nothing more. The PRG is a random function here: where an honest hospital's seed lies with an honest seat that is not opened,
// its output is drawn; the simulator draws R', the protocol runs with R' plus what the honest updates make of it, which is as
// uniform.

const field = await loadField()
const dimension = 40
const protection = { differentialPrivacy: true }
const directions = (await beaconDirections(field, crypto.getRandomValues(new Uint8Array(32)), dimension)).slice(0, 5)

interface Scene {
  readonly name: string
  /** Members that hold the seats. */
  readonly seats: readonly number[]
  readonly threshold: number
  /** Members in the sum that are honest; the others of the sum collude. */
  readonly honest: readonly number[]
  readonly colluding: readonly number[]
  /** Seats that collude: t − 1 at most. */
  readonly curious: readonly number[]
  /** Seats whose seeds were opened. */
  readonly opened: readonly number[]
  /** Whether inner products are declared open as well. */
  readonly scoring: boolean
}

interface Coins {
  readonly seeds: Seeds
  readonly backups: Backups
}

const scenes: Scene[] = [
  {
    name: 't − 1 curious seats that sit in the sum themselves, and a seat that vanished',
    seats: [0, 1, 2, 3, 4],
    threshold: 3,
    honest: [0, 1, 2, 5, 6],
    colluding: [3, 4],
    curious: [3, 4],
    opened: [2],
    scoring: false,
  },
  {
    name: 't − 1 curious seats, m − t opened ones, no hospital of the sum on a seat',
    seats: [10, 11, 12, 13, 14, 15, 16],
    threshold: 4,
    honest: [0, 1, 2],
    colluding: [],
    curious: [0, 1, 2],
    opened: [4, 5, 6],
    scoring: false,
  },
  {
    name: 'n − 2 colluding hospitals with t − 1 of the seats',
    seats: [0, 11, 12, 3, 4],
    threshold: 3,
    honest: [0, 5],
    colluding: [3, 4, 6, 7, 8],
    curious: [3, 4],
    opened: [1],
    scoring: false,
  },
  {
    name: 't − 1 curious seats where products are declared open',
    seats: [0, 1, 2, 3, 4],
    threshold: 3,
    honest: [0, 1, 2, 5],
    colluding: [3, 4, 6],
    curious: [3, 4],
    opened: [],
    scoring: true,
  },
]

it.each(scenes)('$name: the sum and the declared openings give their view byte for byte', async scene => {
  const round = roundOf(scene.seats, scene.threshold)
  const weights = new Map([...scene.honest, ...scene.colluding].map((member, i) => [member, 1 + ((3 * i) % 8)]))
  const weightOf = (member: number) => BigInt(weights.get(member)!)
  // The contract allows it.
  let openings = recordFreeze(
    noOpenings,
    [...weights].map(([index, weight]) => ({ index, hospital: addressOf(index), weight })),
  )
  for (const seat of scene.opened) openings = recordOpenedSeat(openings, round, { seat, reason: 'checked' })
  expect(scene.curious.length).toBeLessThan(scene.threshold)

  const coins = new Map<number, Coins>()
  for (const member of weights.keys()) {
    const seeds = drawSeeds(round, addressOf(member))
    coins.set(member, { seeds, backups: await backUpSeeds(round, seeds) })
  }
  const closed = [...round.seats.keys()].filter(seat => !scene.curious.includes(seat) && !scene.opened.includes(seat))
  /** R': what the simulator draws for honest seeds at closed seats, by key. */
  const drawn = new Map<string, BigUint64Array<ArrayBuffer>>()
  const keyOf = async (member: number, seat: number) =>
    bytesToHex(await maskKey(round, addressOf(member), seat, coins.get(member)!.seeds[seat]!))
  for (const member of scene.honest) {
    for (const seat of closed.filter(one => seededSeats(round, addressOf(member)).includes(one))) {
      drawn.set(await keyOf(member, seat), randomElements(dimension))
    }
  }

  // The protocol, on the honest updates.
  const updates = new Map(scene.honest.map(member => [member, randomElements(dimension)]))
  const shifted = new Map(drawn)
  const shift = async (member: number, seat: number, by: BigUint64Array, times: bigint) => {
    const key = await keyOf(member, seat)
    const output = BigUint64Array.from(shifted.get(key)!)
    field.addScaled(output, by, times)
    shifted.set(key, output)
  }
  const base = closed[0]!
  for (const member of scene.honest) {
    const { seat, through } = routeOf(round, scene, closed, member)
    const update = updates.get(member)!
    await shift(member, seat, update, MODULUS - 1n)
    if (through === undefined) continue
    // The base seat's sum takes it all: another honest hospital, on both seats, carries it over.
    const ratio = multiply(weightOf(member), inverse(weightOf(through)))
    await shift(through, seat, update, ratio)
    await shift(through, base, update, MODULUS - ratio)
  }
  const real = await viewOf(programmed(shifted), round, scene, coins, weights, updates)

  // The simulator, from what is declared.
  const sum = new BigUint64Array(dimension)
  for (const member of scene.honest) field.addScaled(sum, updates.get(member)!, weightOf(member))
  const products = new Map(
    [...updates].map(([member, update]) => [member, directions.map(direction => inner(update, direction))]),
  )
  const simulated = await simulate(
    round,
    scene,
    closed,
    coins,
    weights,
    programmed(drawn),
    sum,
    scene.scoring ? products : undefined,
  )

  expect(simulated.length).toBe(real.length)
  expect(simulated).toEqual(real)
})

it('two honest hospitals that hold the only two closed seats are not hidden from all the others together', async () => {
  // Hospital 0 has a seed at seat 1 only that is closed, hospital 1 at seat 0 only: seat 1's sum opens hospital 0's update.
  const round = roundOf([0, 1, 12, 13, 14], 3)
  const [first, second] = [addressOf(0), addressOf(1)]
  const update = randomElements(dimension)
  const seeds = drawSeeds(round, first)
  const rest = await mask(field, round, first, update, seeds)
  for (const seat of [2, 3, 4]) {
    field.addMask(rest, await maskKey(round, first, seat, seeds[seat]!), MODULUS - 1n)
  }
  expect(drawSeeds(round, second)[1]).toBeNull()
  // The second honest hospital has no seed at seat 1, so that nothing hides the first one's in that seat's sum.
  field.subtract(rest, await maskSum(field, round, 1, [{ hospital: first, weight: 1, seed: seeds[1]! }], dimension))
  expect(rest).toEqual(update)
})

/** A field whose PRG gives these outputs for these keys. */
function programmed(outputs: ReadonlyMap<string, BigUint64Array>): Field {
  return {
    ...field,
    addMask(target, key, weight) {
      const output = outputs.get(bytesToHex(key))
      if (output === undefined) field.addMask(target, key, weight)
      else field.addScaled(target, output, weight)
    },
    maskInners(key, directions) {
      const output = outputs.get(bytesToHex(key))
      if (output === undefined) return field.maskInners(key, directions)
      return directions.map(direction => inner(output, direction))
    },
  }
}

/**
 * Where the simulator puts an honest hospital's update: at the base seat; for the one that holds that seat at another, through an
 * honest hospital that has seeds at both.
 */
function routeOf(round: MaskedRound, { honest }: Scene, closed: readonly number[], member: number) {
  const base = closed[0]!
  const seeded = (one: number) => seededSeats(round, addressOf(one))
  if (seeded(member).includes(base)) return { seat: base, through: undefined }
  const seat = closed.find(one => one !== base)!
  const through = honest.find(one => one !== member && seeded(one).includes(base) && seeded(one).includes(seat))
  if (through === undefined) throw new Error('the honest hospitals and closed seats hang together by nothing')
  return { seat, through }
}

/** All that colluders see of the honest: the protocol's own code, on whatever updates and PRG it is given. */
async function viewOf(
  prg: Field,
  round: MaskedRound,
  scene: Scene,
  coins: ReadonlyMap<number, Coins>,
  weights: ReadonlyMap<number, number>,
  updates: ReadonlyMap<number, BigUint64Array>,
  change: (seat: number, sum: BigUint64Array) => void = () => {},
  changeProducts: (member: number, seat: number, products: bigint[]) => bigint[] = (_, __, products) => products,
): Promise<string[]> {
  const view: string[] = []
  for (const member of scene.honest) {
    const hospital = addressOf(member)
    const { seeds, backups } = coins.get(member)!
    const masked = await mask(prg, round, hospital, updates.get(member)!, seeds)
    view.push(hexOf(masked), JSON.stringify(await commit(round, hospital, masked, seeds, backups)))
    for (const seat of scene.curious) view.push(bytesToHex(packParcel(seeds, backups, seat)))
    // A seat's seeds open by themselves or by their backups: all shares of them at most.
    for (const seat of scene.opened) {
      if (seeds[seat] === null) continue
      view.push(bytesToHex(seeds[seat]!), ...backups[seat]!.map(share => (share === null ? '' : bytesToHex(share))))
    }
  }
  for (const seat of round.seats.keys()) {
    const held = [...weights].flatMap(([member, weight]) => {
      const seed = coins.get(member)!.seeds[seat] ?? null
      return seed === null ? [] : [{ member, hospital: addressOf(member) as Address, weight, seed }]
    })
    const sum = await maskSum(prg, round, seat, held, dimension)
    change(seat, sum)
    view.push(hexOf(sum))
    if (!scene.scoring) continue
    for (const one of held) {
      const products = await maskProducts(prg, round, protection, seat, one, directions)
      view.push(String(scene.honest.includes(one.member) ? changeProducts(one.member, seat, products) : products))
    }
  }
  return view
}

/** The same view from the honest hospitals' sum and the declared products alone: it masks nothing but zeros. */
function simulate(
  round: MaskedRound,
  scene: Scene,
  closed: readonly number[],
  coins: ReadonlyMap<number, Coins>,
  weights: ReadonlyMap<number, number>,
  prg: Field,
  sum: BigUint64Array,
  products: ReadonlyMap<number, readonly bigint[]> | undefined,
): Promise<string[]> {
  const zeros = new Map(scene.honest.map(member => [member, new BigUint64Array(dimension)]))
  const base = closed[0]!
  return viewOf(
    prg,
    round,
    scene,
    coins,
    weights,
    zeros,
    (seat, masks) => {
      if (seat === base) field.subtract(masks, sum)
    },
    (member, seat, answers) => {
      let changed = answers
      for (const other of scene.honest) {
        const { seat: at, through } = routeOf(round, scene, closed, other)
        const opened = products!.get(other)!
        const move = (times: bigint) => {
          changed = changed.map((answer, d) => add(answer, multiply(times, opened[d]!)))
        }
        if (member === other && seat === at) move(MODULUS - 1n)
        if (member !== through) continue
        const ratio = multiply(BigInt(weights.get(other)!), inverse(BigInt(weights.get(through)!)))
        if (seat === at) move(ratio)
        if (seat === base) move(subtract(0n, ratio))
      }
      return changed
    },
  )
}

function inner(elements: BigUint64Array, direction: Int8Array): bigint {
  return elements.reduce((sum, element, k) => add(sum, multiply(element, toField(direction[k]!))), 0n)
}

function hexOf(elements: BigUint64Array): string {
  return Array.from(elements, element => element.toString(16).padStart(16, '0')).join('')
}
