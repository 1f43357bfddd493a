import { useEffect } from 'react'
import { useStore } from 'zustand'
import type { HospitalSession } from '../../../app/session.ts'
import { texts } from '../../texts.ts'
import { creditsText } from '../../wallet/amounts.ts'

interface StakeAmountProps {
  readonly session: HospitalSession
  /** The sentence around the amount. */
  readonly children: (amount: string) => string
}

/** A sentence with what this hospital has at stake, read from the chain when it is shown. */
export function StakeAmount({ session, children }: StakeAmountProps) {
  const stake = useStore(session.store, ({ keeping }) => keeping.balance?.stake)
  useEffect(() => session.keeping.watch(), [session])
  return (
    <>
      {children(stake === undefined ? texts.live.step.leave.amountUnknown : texts.keeping.credits(creditsText(stake)))}
    </>
  )
}
