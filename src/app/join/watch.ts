import type { ChainPort, StudySnapshot } from '../../rounds/ports.ts'

/** A study as it changes, while somebody thinks about joining. */
export interface StudyWatch {
  /** The first look. @throws AppError of the chain where there is no study */
  readonly first: Promise<StudySnapshot>
  latest(): StudySnapshot
  /** Ends it: the runner looks for itself. */
  stop(): void
}

/** @param onSnapshot told of every change */
export function createWatch(
  chain: Pick<ChainPort, 'snapshots'>,
  signal: AbortSignal,
  onSnapshot: (snapshot: StudySnapshot) => void,
): StudyWatch {
  const stopping = new AbortController()
  const ended = AbortSignal.any([signal, stopping.signal])
  let latest: StudySnapshot | null = null
  const first = new Promise<StudySnapshot>((resolve, reject) => {
    const look = async () => {
      for await (const snapshot of chain.snapshots(ended)) {
        latest = snapshot
        onSnapshot(snapshot)
        resolve(snapshot)
      }
      throw ended.reason
    }
    // After the first look it ends with the signal, which those who wait for something listen to themselves.
    look().catch(reject)
  })
  return {
    first,
    latest() {
      if (latest === null) throw new Error('the study has not been looked at yet')
      return latest
    },
    stop: () => stopping.abort(new DOMException('nobody thinks about it any more', 'AbortError')),
  }
}
