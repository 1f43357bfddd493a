import type { HospitalSession } from '../../app/session.ts'
import { Panel } from '../components/Panel.tsx'
import { texts } from '../texts.ts'

/** What was gained, in detail. */
export function ResultsView({ session }: { readonly session: HospitalSession }) {
  return <Panel question={texts.results.heading} answer={session.store.getState().name} />
}
