import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,relay,scripts,bench,contracts,e2e}/**/*.test.{ts,tsx}'],
    // More files at a time than cores: tests of the chain, the relay and the demo start real processes and mostly wait for them.
    maxWorkers: 3,
    setupFiles: ['scripts/seededProperties.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
