import { publicRandom, shuffled } from '../study/random.ts'
import { mixSeeds } from './seed.ts'

export interface SplitIndices {
  readonly train: readonly number[]
  readonly validation: readonly number[]
  readonly test: readonly number[]
}

/**
 * Splits examples into train, validation (scores) and test, each with about the same share of every class.
 * The same labels, fractions and seed give the same split on every machine; each part is in ascending order.
 * The validation's fraction is of what the test leaves. A class keeps at least one example in train.
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  fractions: { readonly validation: number; readonly test: number },
  seed: number,
): SplitIndices {
  const classes = new Map<number, number[]>()
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    const members = classes.get(label)
    if (members) members.push(i)
    else classes.set(label, [i])
  }
  const train: number[] = []
  const validation: number[] = []
  const test: number[] = []
  // The rounding left over by one class is carried to the next, so that the parts' sizes come out as asked.
  let testDebt = 0
  let validationDebt = 0
  for (const label of [...classes.keys()].sort((a, b) => a - b)) {
    const members = classes.get(label) as number[]
    const order = [...shuffled(publicRandom(mixSeeds(seed, label)), members.length)].map(i => members[i] as number)
    const spare = members.length - 1
    const wantedTest = members.length * fractions.test + testDebt
    const testCount = clamp(Math.round(wantedTest), 0, spare)
    testDebt = wantedTest - testCount
    const wantedValidation = (members.length - testCount) * fractions.validation + validationDebt
    const validationCount = clamp(Math.round(wantedValidation), 0, spare - testCount)
    validationDebt = wantedValidation - validationCount
    test.push(...order.slice(0, testCount))
    validation.push(...order.slice(testCount, testCount + validationCount))
    train.push(...order.slice(testCount + validationCount))
  }
  const ascending = (a: number, b: number) => a - b
  return { train: train.sort(ascending), validation: validation.sort(ascending), test: test.sort(ascending) }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
