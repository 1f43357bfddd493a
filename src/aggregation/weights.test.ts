import { expect, it } from 'vitest'
import { weightOf } from './weights.ts'

it('weighs hospitals in steps from 1 to 8', () => {
  expect([1, 10, 29, 30, 50, 159, 10_000].map(patients => weightOf(patients, 20))).toEqual([1, 1, 1, 2, 3, 8, 8])
})

it('weighs all the same where the study says so', () => {
  expect([1, 100, 10_000].map(patients => weightOf(patients, 0))).toEqual([1, 1, 1])
})
