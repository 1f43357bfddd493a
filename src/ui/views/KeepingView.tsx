import type { HospitalSession } from '../../app/session.ts'
import { Panel } from '../components/Panel.tsx'
import { texts } from '../texts.ts'

/** Stake, credits, keys, storage, lock. */
export function KeepingView({ session }: { readonly session: HospitalSession }) {
  return <Panel question={texts.keeping.heading} answer={session.store.getState().name} />
}
