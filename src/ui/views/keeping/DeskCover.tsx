import { lazy, type ReactNode, Suspense } from 'react'
import { useStore } from 'zustand'
import type { HospitalSession } from '../../../app/session.ts'

const Cover = lazy(() => import('./Cover.tsx').then(module => ({ default: module.Cover })))

interface DeskCoverProps {
  readonly session: HospitalSession
  /** What is covered: it is not in the page at all while it is. */
  readonly children: ReactNode
}

/** Shows a hospital's page, or, at a shared desk, the cover that asks for the PIN. The session goes on behind it. */
export function DeskCover({ session, children }: DeskCoverProps) {
  const isLocked = useStore(session.keeping.lock.store, lock => lock.isLocked)
  if (!isLocked) return children
  return (
    <Suspense>
      <Cover session={session} />
    </Suspense>
  )
}
