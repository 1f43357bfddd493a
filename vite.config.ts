import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { workerOnly } from './scripts/vite/boundaries.ts'
import { deploymentPlugin } from './scripts/vite/deployment.ts'
import { mantineStyles } from './scripts/vite/mantineStyles.ts'
import { pages } from './scripts/vite/pages.ts'
import { workerRules } from './scripts/vite/rules.ts'

export default defineConfig({
  plugins: [react(), deploymentPlugin(), workerOnly(workerRules), mantineStyles(), pages()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // For the test of what is loaded first.
    manifest: true,
    // tfjs in the training worker is one chunk of 1.5 MB; it is fetched off the main thread.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Changes with React alone. Everything else is split by who needs it: one chunk for all of a library would bring
          // every page what one page uses.
          groups: [{ name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// }],
        },
      },
    },
  },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
})
