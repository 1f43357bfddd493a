import { useCallback, useSyncExternalStore } from 'react'
import type { HospitalSession } from '../app/session.ts'
import type { HospitalView } from '../app/store.ts'
import { calmly } from './calmly.ts'

/** Nobody reads faster; a training reports every batch, and a page costs the training's computer ten milliseconds to draw. */
const LEAST_MS = 150

/** What a hospital's page shows, drawn again at most seven times a second. For pages that show, not for fields that are typed in. */
export function useCalmView({ store }: HospitalSession): HospitalView {
  const subscribe = useCallback((onChange: () => void) => calmly(store.subscribe, onChange, LEAST_MS), [store])
  return useSyncExternalStore(subscribe, store.getState)
}
