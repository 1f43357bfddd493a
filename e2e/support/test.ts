import { test as base } from '@playwright/test'
import { type Bed, startBed } from './deployment.ts'

/** Playwright's test with a chain, contracts, two relays and the served app, shared by the tests of one file. */
export const test = base.extend<object, { bed: Bed }>({
  bed: [
    async ({ browserName }, use, { workerIndex }) => {
      const bed = await startBed({ name: `${browserName}-${workerIndex}`, relays: 2 })
      await use(bed)
      await bed.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
})

export { expect } from '@playwright/test'
