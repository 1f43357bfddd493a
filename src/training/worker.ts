import wasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import { expose } from 'comlink'
import { indexedDbKeyStore } from '../crypto/keys.ts'
import { AppError } from '../errors/AppError.ts'
import { type BackendName, chooseBackend } from './backends.ts'
import { createEngine } from './engine.ts'
import { createWorkerApi } from './workerApi.ts'

/**
 * The training worker. Start it with createTrainingWorker, which names the backend to force and the page's base address in
 * the worker's name, since a module worker gets no other arguments before its first message.
 */
const { base, backend } = JSON.parse(self.name) as { readonly base: string; readonly backend: BackendName | null }

expose(
  createWorkerApi({
    keys: indexedDbKeyStore(),
    async createEngine() {
      const choice = await chooseBackend({ force: backend ?? undefined })
      return createEngine(choice.name, {
        wasm: {
          'tfjs-backend-wasm.wasm': wasm,
          'tfjs-backend-wasm-simd.wasm': simd,
          'tfjs-backend-wasm-threaded-simd.wasm': threaded,
        },
      })
    },
    async fetchFile(path) {
      const unreadable = (reason: string, cause?: unknown) =>
        new AppError('data.unreadable', { file: path, reason }, cause)
      const response = await fetch(new URL(path, base)).catch(cause => {
        throw unreadable('the page’s server does not answer', cause)
      })
      if (!response.ok) throw unreadable(`the page’s server answers ${response.status}`)
      return response.arrayBuffer()
    },
  }),
)
