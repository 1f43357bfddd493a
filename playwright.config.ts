import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/chromium.mjs'
import { chromiumFlags } from './scripts/demo/browser.ts'

const executablePath = await findChromium()

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  // A rehearsal at a public chain's pace: npm run test:long.
  testIgnore: process.env.WARDROUND_LONG === '1' ? [] : ['**/testnet.spec.ts'],
  outputDir: '.wardround/e2e/results',
  // Two at once finish in about two thirds of the time; on two cores three take longer than two.
  workers: 2,
  // Test by test, in the files' order: no worker is left with a long file at the end.
  fullyParallel: true,
  retries: 0,
  // Longer than any wait inside a test, which says what it waited for.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: 'list',
  use: {
    launchOptions: { args: chromiumFlags(false), ...(executablePath !== undefined && { executablePath }) },
    // Recording what four tabs exchange takes a seventh of a core a worker: WARDROUND_TRACE=1 asks for it, without pictures and bodies.
    trace:
      process.env.WARDROUND_TRACE === '1' ? { mode: 'retain-on-failure', screenshots: false, snapshots: false } : 'off',
  },
})
