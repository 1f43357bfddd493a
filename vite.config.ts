import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { workerOnly } from './scripts/vite/boundaries.ts'
import { deploymentPlugin } from './scripts/vite/deployment.ts'

export default defineConfig({
  plugins: [
    react(),
    deploymentPlugin(),
    workerOnly(['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-webgpu']),
  ],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // tfjs in the training worker is one chunk of 1.5 MB; it is fetched off the main thread.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler|@mantine|@floating-ui)\// },
            { name: 'chain', test: /node_modules\/(viem|wagmi|@wagmi|ox|abitype|@noble|@scure)\// },
          ],
        },
      },
    },
  },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
})
