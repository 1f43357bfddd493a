import { proxy } from 'comlink'
import type { Progress } from '../rounds/ports.ts'
import type { HospitalMethod, RemoteCallback } from './workerApi.ts'

// What the window needs to know of the worker's protocol, apart from the worker itself: importing a function from
// workerApi.ts would bring parsing, encryption and training into the window's code.

/** The names of port methods whose last parameter is a Work. */
export const cancellable: ReadonlySet<HospitalMethod> = new Set<HospitalMethod>([
  'sealStatistics',
  'trainAndSeal',
  'open',
  'score',
  'aggregate',
  'openMasked',
  'sealMasks',
  'sealShares',
  'sealProducts',
  'aggregateMasked',
  'evaluate',
  'details',
  'predictCsv',
])

/** Marks a callback to stay in its thread. */
export function progressCallback(onProgress: (progress: Progress) => void): RemoteCallback {
  return proxy(onProgress)
}
