import { embed, minus, reciprocal, times, valueAt } from '../../field/extension.ts'
import { add, inverse } from '../../field/goldilocks.ts'
import { HIT } from '../engine/shape.ts'
import { tinyParameters } from '../stark/testing.ts'
import { roundAir } from './roundAir.ts'
import {
  type Claim,
  claimOf,
  courseOf,
  type Instead,
  type RoundCase,
  roundCase,
  smallShape,
  withChanges,
} from './roundTesting.ts'
import { dataColumns, statesOf } from './roundTrace.ts'
import type { RoundPlan } from './roundTraining.ts'
import { type Change, element } from './testing.ts'

// One small round, and all that might be done instead: neither verifier takes a proof of that.

type States = readonly (readonly bigint[])[]

export const noise = { bits: 30, squaredNorm: 2 ** 26 }
export const shape = smallShape({ noise, blinded: true })
export const honest = roundCase(shape)
const { round, plan, data } = honest
const { batch, steps } = shape
export const claim = claimOf(honest)
export const course = courseOf(honest)
export const end = course.at(-1)!
const [first, second, third] = plan.order as [number, number, number]

export const instead = (what: Instead) => claimOf(honest, what)
/** What a hospital comes to where it takes something else to train by. */
const courseWith = (changes: Partial<RoundCase>) => courseOf({ ...honest, ...changes })
const endingIn = (weight: (weight: bigint, i: number) => bigint) => instead({ end: end.map(weight) })
/** From these weights, one step. */
const stepFrom = (weights: readonly bigint[], block: number) =>
  statesOf(round, dataColumns(round, data), {
    start: BigInt64Array.from(weights),
    plan: { ...plan, order: [block] },
  })[1]!

/** Some cells of what is registered changed, and trained on as they are. */
export function registering(of: RoundCase, changes: readonly Change[]): Claim {
  const columns: Record<string, BigUint64Array> = { ...dataColumns(of.round, of.data) }
  for (const { column, row, value } of changes) columns[column] = columns[column]!.with(row, element(value))
  return claimOf(of, { data: columns, states: statesOf(of.round, columns, of) })
}
export const set = (column: string, row: number, value: bigint): Change => ({ column, row, value })

const swapped: RoundPlan = { ...plan, order: [second, first, third] }
const turned: RoundPlan = { ...plan, signs: plan.signs.map(sign => (sign === 1 ? -1 : 1)) }
const borrowed: RoundPlan = { ...plan, contribution: 1 - plan.contribution }
const noNoise = data.noise.map(ofSteps => ofSteps.map(numbers => numbers.map(() => 0n)))
const others = roundCase(shape, 2)
/** Without noise there are longer rows. */
export const plain = roundCase(smallShape())
const otherRows = { ...data, batches: data.batches.with(second, others.data.batches[second]!) }
const otherRate = roundAir({ ...shape, shift: shape.shift - 1 }, tinyParameters)
export const picked = `noise${plan.contribution}`
const skipped: States = [course[0]!, course[1]!, course[1]!, stepFrom(course[1]!, third)]
const apart: States = [
  course[0]!,
  course[0]!,
  stepFrom(course[0]!, second),
  stepFrom(stepFrom(course[0]!, second), third),
]
const timeOf = (block: number, time: number) => set('time', (block + 1) * batch - 1, BigInt(time))

/** The sums of other rows, over those that were registered. */
function ofOtherRows(): Claim {
  const other = claimOf({ ...honest, data: otherRows })
  const registered = Object.entries(claim.columns).filter(([name]) => /^(x\d|target|present|slack)/.test(name))
  return withChanges({ ...other, columns: { ...other.columns, ...Object.fromEntries(registered) } }, [])
}

/** The weights before the round as those after it, and the chain as if it led there. */
function forcedChain(): Claim {
  const { width, trained } = round.layout
  return {
    ...instead({ end: course[0]! }),
    changed: (auxiliaries, challenge) => {
      const delta = challenge('delta')
      const printed = (time: number) => {
        const tuple = [BigInt(time), ...course[0]!, ...Array<bigint>(width - shape.inputs).fill(0n)]
        return minus(
          challenge('beta'),
          valueAt(
            tuple.reverse().map(value => embed(element(value))),
            delta,
          ),
        )
      }
      const closed = times(printed(steps), reciprocal(printed(0)))
      return { ...auxiliaries, chain: auxiliaries.chain!.map((link, row) => (row < trained ? link : closed)) }
    },
  }
}

export const chain = 'the chain is closed'
export const looked = 'byte.sum comes to the total'
const wrongPhi = [...claim.inputs]
wrongPhi[wrongPhi.length - 1] = add(wrongPhi.at(-1)!, 1n)

type Cheat = readonly [what: string, claim: Claim, refusal: string]

/** What a hospital might train instead of its round, all else being as if it were right; and what does not hold then. */
export const wrongTrainings: readonly Cheat[] = [
  ['a step on other rows than registered', instead({ states: courseWith({ data: otherRows }) }), chain],
  ['a step by sums of other rows than registered', ofOtherRows(), "a row's sum is what is written"],
  ['the batches in another order', instead({ states: courseWith({ plan: swapped }) }), chain],
  [
    'the batches in another order, and saying so',
    instead({ plan: swapped }),
    `the time of batch ${Math.min(first, second)}`,
  ],
  ['another learning rate', instead({ states: courseWith({ round: otherRate }) }), chain],
  ['a step less', instead({ states: skipped }), chain],
  ['the last step not', instead({ end: course[steps - 1]! }), chain],
  ['nothing', instead({ end: course[0]! }), chain],
  ['nothing, the chain cut off where it should begin', forcedChain(), 'a block is linked at its end'],
  ['its update turned round', endingIn((weight, i) => 2n * course[0]![i]! - weight), chain],
  ['its update ten times as far', endingIn((weight, i) => 10n * weight - 9n * course[0]![i]!), chain],
  ['a backdoor after the last step', endingIn((weight, i) => (i === 2 ? weight + 2n ** 32n : weight)), chain],
  ['an older model', instead({ end: courseOf(others).at(-1)! }), chain],
  ['one weight a unit off', endingIn((weight, i) => (i === 3 ? weight - 1n : weight)), chain],
  ['two weights swapped', endingIn((_, i) => end[[1, 0, 2, 3][i]!]!), chain],
  ['other start weights', instead({ states: courseWith({ start: others.start }) }), chain],
  [
    'two steps at one time',
    withChanges(instead({ states: apart }), [timeOf(second, 0)]),
    `the time of batch ${second}`,
  ],
  [
    'two steps at one time from one',
    withChanges(instead({ states: skipped }), [timeOf(third, 1)]),
    `the time of batch ${third}`,
  ],
  ['no noise', instead({ states: courseWith({ data: { ...data, noise: noNoise } }) }), chain],
  ['the noise of another contribution', instead({ states: courseWith({ plan: borrowed }) }), chain],
  ['the noise of another contribution, as if picked', instead({ plan: borrowed }), 'byte: looked up 20 and 21'],
  ['noise of the other sign', instead({ states: courseWith({ plan: turned }) }), chain],
  ['noise of the other sign, and saying so', instead({ plan: turned }), 'the sign of batch 0'],
  ['another phi', { ...claim, inputs: wrongPhi }, 'direction1 comes to phi'],
]

/** What a hospital might register that is nothing to be learned from, and train on. */
export const wrongNumbers: readonly Cheat[] = [
  ['noise above its bits', registering(honest, [set(picked, 1, 2n ** 30n)]), looked],
  ['noise below its bits', registering(honest, [set(picked, batch, -(2n ** 30n) - 1n)]), looked],
  ['a row that is too long', registering(honest, [set('x1', 2, 2n ** 13n)]), looked],
  ['a row of a length that wraps around', registering(honest, [set('x1', 2, 2n ** 32n)]), looked],
  ['a target of a half', registering(honest, [set('target', 1, BigInt(HIT / 2))]), 'a target is 0 or 1'],
  ['a target of -1', registering(honest, [set('target', 1, BigInt(-HIT))]), 'a target is 0 or 1'],
  ['a row present twice', registering(plain, [set('present', 1, 2n)]), 'present is a bit'],
  ['an input of 8', registering(plain, [set('x0', 1, 2n ** 15n)]), looked],
  ['an input below -8', registering(plain, [set('x2', batch, -(2n ** 15n) - 1n)]), looked],
  ['an input of a third', registering(plain, [set('x0', 3, inverse(3n))]), looked],
  ['one of the last rows out of range', registering(plain, [set('x0', steps * batch - 1, 2n ** 40n)]), looked],
]
