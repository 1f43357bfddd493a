import { expose } from 'comlink'
import { proveJob } from './proofJob.ts'
import type { ProofWorkerApi } from './prover.ts'

/** The entry of the worker in which the training worker proves: see workerProver. */
expose({ prove: (job, onProgress) => proveJob(job, onProgress) } satisfies ProofWorkerApi)
