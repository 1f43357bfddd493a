import { useEffect } from 'react'
import { nextAction } from '../../../app/live/nextAction.ts'
import type { HospitalView } from '../../../app/store.ts'
import { texts } from '../../texts.ts'

/** Says in the tab's title what this hospital does, or what it waits for the person to do. */
export function useTabTitle(view: HospitalView): void {
  const says = texts.live.title.of(nextAction(view))
  const title = says === null ? texts.product : `${says} · ${texts.product}`
  useEffect(() => {
    document.title = title
    return () => {
      document.title = texts.product
    }
  }, [title])
}
