import { useEffect } from 'react'
import { offerRetry } from '../../app/activity.ts'
import type { HospitalSession } from '../../app/session.ts'

/** Lets the toast offer "Try again" for what a hospital's person declines: joining, and a round's update. */
export function useRetryOffers({ joining, rounds }: HospitalSession): void {
  useEffect(() => {
    const offers = [
      offerRetry('joinTask', () => joining.join()),
      // A declined update pauses the round.
      offerRetry('submitUpdate', () => rounds.resume()),
    ]
    return () => {
      for (const takeBack of offers) takeBack()
    }
  }, [joining, rounds])
}
