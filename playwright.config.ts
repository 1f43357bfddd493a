import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/chromium.mjs'
import { chromiumFlags } from './scripts/demo/browser.ts'

const executablePath = await findChromium()

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: '.wardround/e2e/results',
  // Each test waits more than it works: for blocks, finality, deadlines, others. On two cores three at once take 60 % of them.
  workers: 3,
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
    // Without pictures and bodies, which slow four training tabs down.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false },
  },
})
