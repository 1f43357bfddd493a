import { parameterLayout } from '../../study/layout.ts'
import type { Manifest } from '../../study/manifest.ts'
import type { Room } from '../desks/joinView.ts'

/** Others' blobs beyond this are dropped, the oldest first: the storage node's own limit. */
const CACHE_BYTES = 256 * 1024 * 1024
/** Headers, keys, journal, the app's own files. */
const BASE_BYTES = 8 * 1024 * 1024

/** What a study needs of this browser's storage at most, and what is free. */
export async function readRoom(manifest: Manifest, hospitals: number, rounds: number): Promise<Room> {
  const update = 4 * parameterLayout(manifest.model).sharedSize + 2048
  const needed = BASE_BYTES + Math.min(CACHE_BYTES, update * (hospitals + 1) * (rounds + 1))
  const estimate = await navigator.storage?.estimate?.()
  const free = estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0)
  return { needed, free }
}
