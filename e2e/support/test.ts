import { type BrowserContext, test as base } from '@playwright/test'
import { type Bed, startBed } from './deployment.ts'

interface TestFixtures {
  /** Opens a browser context of its own: another computer. All are closed after the test, or their tabs would go on working. */
  readonly newComputer: () => Promise<BrowserContext>
}

/** Playwright's test with a chain, contracts, two relays and the served app, shared by tests that run one after the other. */
export const test = base.extend<TestFixtures, { bed: Bed }>({
  newComputer: async ({ browser }, use) => {
    const open: BrowserContext[] = []
    await use(async () => {
      const context = await browser.newContext()
      open.push(context)
      return context
    })
    await Promise.all(open.map(context => context.close()))
  },
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
