import { expect, it } from 'vitest'
import { loadField } from '../../src/field/loadField.ts'
import { publicRandom } from '../../src/study/random.ts'
import { maskedView } from './masked.ts'
import { directionScorer, meanVector } from './membership.ts'
import { auc } from './roc.ts'

const dimensions = 24
const random = publicRandom(7)
/** About normal. */
const draw = () => Array.from({ length: 12 }, () => random.unit()).reduce((sum, value) => sum + value, -6)
const gradients = (count: number) =>
  Array.from({ length: count }, () => Float64Array.from({ length: dimensions }, (_, k) => 1 + (k + 1) * draw()))
const guessesOf = (scores: ArrayLike<number>, members: number) =>
  Array.from(scores, (score, i) => ({ score, isMember: i < members }))

it('finds who a small mean was taken of, whatever scale its coordinates have', () => {
  const all = gradients(40)
  const scores = directionScorer(all)(meanVector(all.slice(0, 20)), [meanVector(all)])
  expect(auc(guessesOf(scores, 20))).toBeGreaterThan(0.9)
})

it('does not look at what the candidates have in common, nor at the length of what it is given', () => {
  const all = gradients(40)
  const mean = meanVector(all)
  const vector = meanVector(all.slice(0, 20))
  const scorer = directionScorer(all)
  const scores = scorer(vector, [mean])
  const shifted = scorer(
    vector.map((value, k) => 3 * value - 8 * mean[k]!),
    [mean],
  )
  for (const [i, score] of shifted.entries()) expect(score).toBeCloseTo(scores[i]!, 8)
})

it('gains nothing from a masked vector', async () => {
  const field = await loadField()
  const all = gradients(40)
  const update = Float32Array.from(meanVector(all.slice(0, 20)), value => value / 100)
  const scorer = directionScorer(all)
  const others = { weight: 1, vector: new Float32Array(dimensions) }
  const repeats = 200
  let sum = 0
  for (let i = 0; i < repeats; i++) {
    const { submitted } = await maskedView(field, [{ weight: 2, vector: update }, others, others])
    sum += auc(guessesOf(scorer(submitted[0]!, [meanVector(all)]), 20))
  }
  // Uniform masks make a vector and its opposite as likely, whose areas add up to 1. So each area, from 0 to 1, has a mean of ½,
  // and their mean is farther off than this once in 10⁹ runs (Hoeffding).
  expect(Math.abs(sum / repeats - 0.5)).toBeLessThan(Math.sqrt(Math.log(2e9) / (2 * repeats)))
  const { opened } = await maskedView(field, [{ weight: 2, vector: update }, others, others])
  const plain = auc(guessesOf(scorer(update, [meanVector(all)]), 20))
  expect(plain).toBeGreaterThan(0.8)
  expect(auc(guessesOf(scorer(opened, [meanVector(all)]), 20))).toBeCloseTo(plain, 2)
})
