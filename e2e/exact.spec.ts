import { expect, test } from '@playwright/test'
import { withBenchPage } from '../bench/round/benchPage.ts'

const isLong = process.env.WARDROUND_LONG === '1'
const count = isLong ? 1000 : 60

test('a graphics processor trains to the very numbers of WASM and of the model', async () => {
  const folder = new URL('./support/exactPage', import.meta.url)
  await withBenchPage({ folder, ready: 'exactPage' }, async page => {
    const wrong = await page.evaluate(() => window.exactPage.integers(5_000, 1))
    expect(wrong.slice(0, 5)).toEqual([])

    const ends = await page.evaluate(runs => window.exactPage.compareTrainings(runs, 1), count)
    // Otherwise the trainings would not have tried what they are for.
    expect(Object.keys(ends).sort()).toEqual(['activation', 'done', 'weight'])
    expect(ends.done).toBeGreaterThan(count / 4)

    await page.evaluate(() => window.exactPage.compareExtremes())
    expect(await page.evaluate(() => window.exactPage.compareEdges())).toEqual({
      activation: ['done', 'activation', 'done', 'activation'],
      gradient: ['done', 'gradient', 'done', 'gradient'],
      weight: ['done', 'weight', 'done', 'weight'],
    })
    await page.evaluate(() => window.exactPage.compareLong(150))

    expect(await page.evaluate(() => window.exactPage.refusals())).toEqual({
      shape: 'RangeError: shift: 7 is not between 0 and 6',
      weights: 'RangeError: 3 weights',
      device: 'RangeError: a network or a batch too large for the graphics processor',
      batch: 'RangeError: a batch of another shape',
      busy: 'Error: it is training already',
      lost: 'training.noBackend',
      left: '5,-7',
    })
  })
})
