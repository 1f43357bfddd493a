import './withoutEval.ts'
import { expose } from 'comlink'
import { indexedDbKeyStore } from '../crypto/keys.ts'
import { AppError } from '../errors/AppError.ts'
import { type BackendName, chooseBackend } from './backends.ts'
import { createEngine } from './engine.ts'
import { indexedDbProofStore } from './proofStore.ts'
import { workerProver } from './prover.ts'
import { indexedDbResidualStore } from './residualStore.ts'
import { wasmFiles } from './wasmFiles.ts'
import { createWorkerApi } from './workerApi.ts'

/**
 * The training worker's entry: loads what it needs itself, so that no row ever passes through the window. Start it with
 * createTrainingWorker, which puts the page's base address and the backend to force into the worker's name, since a module
 * worker gets no other arguments.
 */
const { base, backend } = JSON.parse(self.name) as { readonly base: string; readonly backend: BackendName | null }

expose(
  createWorkerApi({
    keys: indexedDbKeyStore(),
    residuals: indexedDbResidualStore(),
    proofs: indexedDbProofStore(),
    prover: workerProver(startProofWorker),
    async createEngine(wanted) {
      const { name } = await chooseBackend({ force: wanted ?? backend ?? undefined })
      return createEngine(name, { wasm: wasmFiles })
    },
    async fetchFile(path) {
      const unreadable = (reason: string, cause?: unknown) =>
        new AppError('data.unreadable', { file: path, reason }, cause)
      const response = await fetch(new URL(path, base)).catch(cause => {
        throw unreadable('the page’s server does not answer', cause)
      })
      // A server that knows no such file may answer with the page itself.
      const isPage = response.headers.get('content-type')?.includes('html') ?? false
      if (!response.ok || isPage) throw unreadable(`the page’s server does not have it (${response.status})`)
      return response.arrayBuffer()
    },
  }),
)

/** A proof takes minutes, in which this worker has other duties. */
function startProofWorker(): Worker {
  return new Worker(new URL('./proofWorker.ts', import.meta.url), { type: 'module' })
}
