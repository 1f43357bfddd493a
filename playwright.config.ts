import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/chromium.mjs'
import { chromiumFlags } from './scripts/demo/browser.ts'

const executablePath = await findChromium()

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: '.wardround/e2e/results',
  // Each test brings its own study and several tabs: two at once would only slow each other down.
  workers: 1,
  retries: 0,
  // Longer than any wait inside a test, which says what it waited for.
  timeout: 180_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: 'list',
  use: {
    launchOptions: { args: chromiumFlags(false), ...(executablePath !== undefined && { executablePath }) },
    // Without pictures and bodies, which slow four training tabs down.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false },
  },
})
