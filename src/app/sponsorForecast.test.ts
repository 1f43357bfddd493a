import { expect, it } from 'vitest'
import { costOfParts, type FoundForecast, nearestPoint } from './sponsorForecast.ts'
import { forecastOf, newForm, withPrivacy } from './sponsorForm.ts'

const points = [
  { epsilon: 1, accuracy: 0.7 },
  { epsilon: 5, accuracy: 0.78 },
]
const whole = [
  { epsilon: 1, accuracy: 0.75 },
  { epsilon: 5, accuracy: 0.8 },
]
const options = forecastOf({ ...withPrivacy(newForm('heart', false), true), keep: 1 / 9 })
const found: FoundForecast = {
  forecast: { withoutNoise: 0.81, points, uncompressed: { withoutNoise: 0.82, points: whole } },
  options,
}

it('reads a promise off the next laxer one, or the laxest', () => {
  expect(nearestPoint(points, 0.3)).toBe(points[0])
  expect(nearestPoint(points, 1)).toBe(points[0])
  expect(nearestPoint(points, 1.1)).toBe(points[1])
  expect(nearestPoint(points, 9)).toBe(points[1])
  expect(nearestPoint(points, null)).toBe(points[1])
  expect(nearestPoint([], 1)).toBeUndefined()
})

it('says what a part of each update costs, beside the whole under the same noise', () => {
  expect(costOfParts(found, 1 / 9, 1)).toBeCloseTo(0.05, 12)
  expect(costOfParts(found, 1 / 9, 4)).toBeCloseTo(0.02, 12)
})

it('says nothing of another part, of whole updates, or where no noise keeps the promise', () => {
  expect(costOfParts(found, 1 / 4, 1)).toBeNull()
  expect(costOfParts(found, 1, 1)).toBeNull()
  expect(costOfParts({ options, forecast: { ...found.forecast, uncompressed: null } }, 1 / 9, 1)).toBeNull()
  const kept = { epsilon: 1, accuracy: null }
  expect(costOfParts({ options, forecast: { ...found.forecast, points: [kept] } }, 1 / 9, 1)).toBeNull()
})
