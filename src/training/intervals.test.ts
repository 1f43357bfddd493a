import { describe, expect, it } from 'vitest'
import { publicRandom } from '../study/random.ts'
import { aucDifferenceInterval, delong, meanInterval, wilson } from './intervals.ts'
import { areaUnderCurve } from './metrics.ts'

describe('Wilson’s interval', () => {
  // Newcombe (1998), Statistics in Medicine 17, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('is as published: %i of %i', (successes, total, low, high) => {
    const measured = wilson(successes, total)
    expect(measured.value).toBeCloseTo(successes / total, 12)
    expect(measured.low).toBeCloseTo(low, 4)
    expect(measured.high).toBeCloseTo(high, 4)
  })

  it('reaches 1 when all succeeded and says nothing of nobody', () => {
    expect(wilson(20, 20).high).toBe(1)
    expect(wilson(20, 20).low).toBeCloseTo(1 - 0.1611, 4)
    expect(wilson(0, 0)).toEqual({ value: Number.NaN, low: 0, high: 1 })
  })
})

describe('DeLong’s interval', () => {
  it('is as computed by hand', () => {
    const scores = Float32Array.of(0.9, 0.75, 0.5, 0.5, 0.25, 0.125)
    const labels = Int32Array.of(1, 1, 1, 0, 0, 0)
    // V10 = 1, 1, 5/6 (beats two, ties one); V01 = 5/6 (below two, tied with one), 1, 1. AUC = 17/18.
    // Both variances: ((1/18)² + (1/18)² + (1/9)²) / 2 = 1/108. Var = 1/108/3 · 2 = 1/162.
    const measured = delong(scores, labels)
    expect(measured?.value).toBeCloseTo(17 / 18, 12)
    expect(measured?.low).toBeCloseTo(17 / 18 - 1.959963984540054 / Math.sqrt(162), 12)
    expect(measured?.high).toBe(1)
  })

  it('agrees with the definition, pair by pair, on many patients with ties', () => {
    const random = publicRandom(3)
    const labels = Int32Array.from({ length: 150 }, () => random.below(2))
    const scores = Float32Array.from(labels, label => Math.round((random.unit() + 0.4 * label) * 20) / 20)
    const positives = [...scores].filter((_, i) => labels[i] === 1)
    const negatives = [...scores].filter((_, i) => labels[i] === 0)
    const wins = (p: number, n: number) => (p > n ? 1 : p === n ? 0.5 : 0)
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
    const v10 = positives.map(p => mean(negatives.map(n => wins(p, n))))
    const v01 = negatives.map(n => mean(positives.map(p => wins(p, n))))
    const auc = mean(v10)
    const variance = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + (value - auc) ** 2, 0) / (values.length - 1) / values.length
    const half = 1.959963984540054 * Math.sqrt(variance(v10) + variance(v01))
    const measured = delong(scores, labels)
    expect(measured?.value).toBeCloseTo(areaUnderCurve(scores, labels) as number, 10)
    expect(measured?.low).toBeCloseTo(auc - half, 10)
    expect(measured?.high).toBeCloseTo(auc + half, 10)
  })

  it('does not pretend to be certain when a few patients are all ranked right, or all wrong', () => {
    const right = delong(Float32Array.of(0.9, 0.8, 0.2, 0.1), Int32Array.of(1, 1, 0, 0))
    expect(right).toMatchObject({ value: 1, high: 1 })
    expect(right?.low).toBeLessThan(0.6)
    const wrong = delong(Float32Array.of(0.1, 0.2, 0.8, 0.9), Int32Array.of(1, 1, 0, 0))
    expect(wrong).toMatchObject({ value: 0, low: 0 })
    expect(wrong?.high).toBeCloseTo(1 - (right?.low as number), 9)
    const many = delong(
      Float32Array.from({ length: 400 }, (_, i) => i),
      Int32Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : 1)),
    )
    expect(many?.low).toBeGreaterThan(0.97)
  })

  it('is none where one outcome is missing', () => {
    expect(delong(Float32Array.of(0.1, 0.2), Int32Array.of(1, 1))).toBeNull()
  })
})

describe('the bootstrap', () => {
  it('gives a mean about the interval that the normal approximation gives, and the same again', () => {
    const random = publicRandom(7)
    const values = Float64Array.from({ length: 400 }, () => random.unit())
    const mean = values.reduce((a, b) => a + b, 0) / 400
    const half = 1.96 * Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 399 / 400)
    const measured = meanInterval(values, 1)
    expect(measured.value).toBeCloseTo(mean, 12)
    expect(Math.abs(measured.low - (mean - half))).toBeLessThan(half / 8)
    expect(Math.abs(measured.high - (mean + half))).toBeLessThan(half / 8)
    expect(meanInterval(values, 1)).toEqual(measured)
    expect(meanInterval(values, 2)).not.toEqual(measured)
  })

  it('measures two curves on the same patients: equal models differ by nothing, a better one by more', () => {
    const random = publicRandom(9)
    const labels = Int32Array.from({ length: 200 }, () => random.below(2))
    const weak = Float32Array.from(labels, label => random.unit() + 0.2 * label)
    const strong = Float32Array.from(labels, label => random.unit() + 0.8 * label)
    expect(aucDifferenceInterval(weak, weak, labels, 1)).toEqual({ value: 0, low: 0, high: 0 })
    const difference = aucDifferenceInterval(strong, weak, labels, 1)
    const seen = (areaUnderCurve(strong, labels) as number) - (areaUnderCurve(weak, labels) as number)
    expect(difference?.value).toBeCloseTo(seen, 10)
    expect(difference?.low).toBeGreaterThan(0)
    const [a, b] = [delong(strong, labels), delong(weak, labels)]
    // Independent curves: the variances add.
    const half = Math.hypot((a?.value as number) - (a?.low as number), (b?.value as number) - (b?.low as number))
    expect(Math.abs((difference?.high as number) - seen - half)).toBeLessThan(half / 4)
    expect(aucDifferenceInterval(weak, strong, new Int32Array(200), 1)).toBeNull()
  })

  it('hands over to the normal approximation where patients are many, and both agree', () => {
    const random = publicRandom(11)
    const sized = (count: number) => {
      const labels = Int32Array.from({ length: count }, () => random.below(2))
      const first = Float32Array.from(labels, label => random.unit() + 0.6 * label)
      return { labels, first, second: first.map(score => score + random.unit()) }
    }
    const width = (measured: { low: number; high: number } | null) =>
      measured ? measured.high - measured.low : Number.NaN
    const [few, many] = [sized(1900), sized(2100)]
    const scale = Math.sqrt(2100 / 1900)
    const means = [few, many].map(({ first }) => width(meanInterval(Float64Array.from(first), 1)))
    expect(Math.abs((scale * (means[1] as number)) / (means[0] as number) - 1)).toBeLessThan(0.15)
    const areas = [few, many].map(({ first, second, labels }) => aucDifferenceInterval(first, second, labels, 1))
    const ratio = (scale * width(areas[1] ?? null)) / width(areas[0] ?? null)
    expect(Math.abs(ratio - 1)).toBeLessThan(0.15)
    expect(areas[1]?.low).toBeGreaterThan(0)
  })

  it('draws again when a draw has one outcome only', () => {
    const labels = Int32Array.of(1, 0, 0)
    const difference = aucDifferenceInterval(Float32Array.of(3, 2, 1), Float32Array.of(1, 2, 3), labels, 1)
    expect(difference).toEqual({ value: 1, low: 1, high: 1 })
  })
})
