import { orderOf, signsOf } from '../../src/audit/game/roundDraws.ts'
import { BLINDS, type RoundShape } from '../../src/audit/training/roundShape.ts'
import { encodeRoundData, type RoundData, type RoundPlan, startOf } from '../../src/audit/training/roundTraining.ts'
import type { Gammas } from '../../src/audit/training/statement.ts'
import { initialParameters } from '../../src/study/layout.ts'
import { publicRandom } from '../../src/study/random.ts'
import { kinds, modelOf } from '../exact/tasks.ts'

/** A hospital's round, to be proven. */
export interface TrainedRound {
  readonly name: string
  readonly shape: RoundShape
  readonly start: BigInt64Array
  readonly data: RoundData
  readonly plan: RoundPlan
  readonly blinds: BigUint64Array
  /** Where it is blinded. */
  readonly gammas?: Gammas
}

export interface RoundKind {
  readonly name: string
  readonly shape: RoundShape
}

const [heart] = kinds
const PLAIN = 'plain'
const plain: RoundShape = {
  inputs: 14,
  batch: 16,
  steps: 16,
  shift: 6,
  contributions: 12,
  noise: null,
  blinded: false,
}
/** As a study at ε = 3 has it: patients of length 2. */
const noise = { bits: 34, squaredNorm: 2 ** 26 }

/** Logistic regression on the heart data. */
export const roundKinds: readonly RoundKind[] = [
  { name: PLAIN, shape: plain },
  { name: 'noised', shape: { ...plain, noise } },
  { name: 'blinded', shape: { ...plain, blinded: true } },
  { name: 'noised, blinded', shape: { ...plain, noise, blinded: true } },
]

/** What all of them are. */
export const roundsName = `heart round 13-1, S=${plain.steps}, B=${plain.batch}, M=${plain.contributions}`

/** @param kind its name among roundKinds */
export function nameOfRound(kind: string): string {
  return kind === PLAIN ? roundsName : `${roundsName}, ${kind}`
}

/** The first hospital's first round: its patients fill 13 batches of 16. What is random is public here. */
export async function trainedRound({ name, shape }: RoundKind): Promise<TrainedRound> {
  const { hospitals } = await heart!.task(1)
  const random = publicRandom(1)
  const element = () => (BigInt(random.uint32()) << 31n) | BigInt(random.uint32() >>> 1)
  // A deviation of noise, of the twelve that its range has: far more would take weights beyond 16.
  const noised = () => (element() >> 32n) - 2n ** 30n
  const listed = <T>(count: number, make: () => T) => Array.from({ length: count }, make)
  const numbers = () => BigInt64Array.from({ length: shape.inputs }, noised)
  const seed = new Uint8Array(32).fill(1)
  return {
    name,
    shape,
    start: startOf(initialParameters(modelOf(heart!.shape), 1)),
    data: {
      batches: encodeRoundData(shape, hospitals[0]!),
      noise: listed(shape.noise === null ? 0 : shape.contributions, () => listed(shape.steps, numbers)),
    },
    plan: { order: orderOf(seed, 0, shape.steps), signs: signsOf(seed, 0, shape.steps), contribution: 0 },
    blinds: BigUint64Array.from({ length: shape.blinded ? BLINDS : 0 }, element),
    ...(shape.blinded ? { gammas: [element(), element()] as const } : {}),
  }
}
