import { type ChainPort, Phase, type StudySnapshot } from '../../rounds/ports.ts'
import { isWelcoming } from './entry.ts'

/** A study as it changes, while somebody thinks about joining. */
export interface StudyWatch {
  /** The first look. @throws AppError of the chain where there is no study */
  readonly first: Promise<StudySnapshot>
  latest(): StudySnapshot
  /**
   * Resolves when who joins now will get the model that its first round starts from.
   * @param onWait called once where that takes a while
   * @throws the signal's reason when the watch ends first
   */
  untilWelcome(onWait: () => void): Promise<void>
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
  const listeners = new Set<(snapshot: StudySnapshot) => void>()
  let latest: StudySnapshot | null = null
  const first = new Promise<StudySnapshot>((resolve, reject) => {
    const look = async () => {
      for await (const snapshot of chain.snapshots(ended)) {
        latest = snapshot
        onSnapshot(snapshot)
        resolve(snapshot)
        for (const listener of listeners) listener(snapshot)
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
    untilWelcome(onWait) {
      return new Promise((resolve, reject) => {
        const settle = (snapshot: StudySnapshot): boolean => {
          // An ended or full study is the contract's to refuse, in its words.
          if (!isWelcoming(snapshot) && !isOver(snapshot)) return false
          listeners.delete(settle)
          ended.removeEventListener('abort', abort)
          resolve()
          return true
        }
        const abort = () => reject(ended.reason)
        if (ended.aborted) return abort()
        if (latest !== null && settle(latest)) return
        ended.addEventListener('abort', abort, { once: true })
        listeners.add(settle)
        onWait()
      })
    },
    stop: () => stopping.abort(new DOMException('nobody thinks about it any more', 'AbortError')),
  }
}

function isOver({ phase }: StudySnapshot): boolean {
  return phase === Phase.Ended
}
