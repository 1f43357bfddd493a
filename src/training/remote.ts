import { proxy } from 'comlink'
import type { Progress } from '../rounds/ports.ts'
import type { HospitalMethod, RemoteCallback } from './workerApi.ts'

// What the window needs to know of the worker's protocol, apart from the worker itself: importing a function from
// workerApi.ts would bring parsing, encryption and training into the window's code.

/** Which argument of a port method is a Work, by the names of those that take one. */
export const workPlaces: Readonly<Partial<Record<HospitalMethod, number>>> = {
  prepareData: 0,
  sealStatistics: 2,
  trainAndSeal: 2,
  proveRound: 3,
  open: 4,
  score: 2,
  aggregate: 3,
  openMasked: 5,
  sealMasks: 2,
  sealShares: 3,
  sealProducts: 3,
  aggregateMasked: 4,
  evaluate: 1,
  details: 1,
  predictCsv: 3,
}

/** Marks a callback to stay in its thread. */
export function progressCallback(onProgress: (progress: Progress) => void): RemoteCallback {
  return proxy(onProgress)
}
