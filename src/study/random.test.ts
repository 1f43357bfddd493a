import { expect, test } from 'vitest'
import { publicRandom, shuffled } from './random.ts'

test('the same seed gives the same numbers, for ever', () => {
  const random = publicRandom(42)
  expect([random.uint32(), random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
    [
      660444221,
      3652823732,
      77672526,
      910233633,
    ]
  `)
})

test('every value below the bound comes about as often', () => {
  const random = publicRandom(1)
  const seen = [0, 0, 0, 0, 0, 0, 0]
  for (let i = 0; i < 70_000; i++) seen[random.below(7)]!++
  // Standard deviation is 93; five of them.
  for (const times of seen) expect(Math.abs(times - 10_000)).toBeLessThan(465)
})

test('a shuffle holds every number once and every place is as likely', () => {
  const random = publicRandom(2)
  expect([...shuffled(random, 100)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
  const firstAt = [0, 0, 0, 0, 0]
  for (let i = 0; i < 50_000; i++) firstAt[shuffled(random, 5).indexOf(0)]!++
  for (const times of firstAt) expect(Math.abs(times - 10_000)).toBeLessThan(450)
})
