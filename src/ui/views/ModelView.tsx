import type { HospitalSession } from '../../app/session.ts'
import { Panel } from '../components/Panel.tsx'
import { texts } from '../texts.ts'

/** Predictions, the model card, downloads, versions. */
export function ModelView({ session }: { readonly session: HospitalSession }) {
  return <Panel question={texts.model.heading} answer={session.store.getState().name} />
}
