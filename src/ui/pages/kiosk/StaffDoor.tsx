import { Button } from '@mantine/core'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { Kiosk } from '../../../app/kiosk/kiosk.ts'
import { defaultKioskSettings, type KioskSettings, presetNames } from '../../../app/kiosk/settings.ts'
import { texts } from '../../texts.ts'

const fetchSettings = () => import('./StaffSettings.tsx')
const StaffSettings = lazy(() => fetchSettings().then(module => ({ default: module.StaffSettings })))

export interface PlacedSettings extends KioskSettings {
  readonly place: 'wall' | 'tabs'
}

const KEPT = 'wardround-kiosk-settings'
/** A visitor's touch is shorter. */
const HOLD_MS = 2_000

/** What the staff chose last on this computer. */
export function loadKioskSettings(): PlacedSettings {
  const fresh: PlacedSettings = { ...defaultKioskSettings, place: 'wall' }
  const text = localStorage.getItem(KEPT)
  if (text === null) return fresh
  const kept = { ...fresh, ...(JSON.parse(text) as Partial<PlacedSettings>) }
  return presetNames.includes(kept.preset) ? kept : fresh
}

export function saveKioskSettings(settings: PlacedSettings): void {
  localStorage.setItem(KEPT, JSON.stringify(settings))
}

export interface StaffDoorProps {
  readonly kiosk: Kiosk
  readonly settings: PlacedSettings
  readonly onChange: (settings: PlacedSettings) => void
  readonly isBlocked: boolean
  readonly onTry: () => void
}

/** The way to the settings and out: by holding a button or by keys, so that no visitor finds it by chance. */
export function StaffDoor(props: StaffDoorProps) {
  const { staff } = texts.kiosk
  const [isOpen, setOpen] = useState(false)
  const [wasOpened, setOpened] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  if (isOpen && !wasOpened) setOpened(true)
  useEffect(() => {
    // The staff gets in also where the server is gone meanwhile.
    fetchSettings().catch(error => console.warn('the staff’s settings could not be fetched yet', error))
  }, [])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        setOpen(true)
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  const hold = () => {
    timer.current = setTimeout(() => setOpen(true), HOLD_MS)
  }
  const letGo = () => clearTimeout(timer.current)
  return (
    <>
      <Button
        className="kiosk-staff"
        variant="subtle"
        color="gray"
        c="dimmed"
        size="compact-sm"
        title={staff.hint}
        onPointerDown={hold}
        onPointerUp={letGo}
        onPointerLeave={letGo}
      >
        {staff.open}
      </Button>
      {wasOpened && (
        <Suspense>
          <StaffSettings {...props} isOpen={isOpen} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
