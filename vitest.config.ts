import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,relay,scripts,bench,contracts,e2e}/**/*.test.{ts,tsx}'],
    // Tests of the chain and the relay start real processes.
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
