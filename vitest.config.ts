import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,relay,scripts,bench,contracts,e2e}/**/*.test.{ts,tsx}'],
    // Two files at a time: tests of the chain and the relay start real processes and mostly wait for them.
    maxWorkers: 2,
    setupFiles: ['scripts/seededProperties.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
