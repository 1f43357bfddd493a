import { Anchor, Button, Group, Modal, NumberInput, Radio, Select, Stack, Switch, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { defaultKioskSettings, type Kiosk, type KioskSettings } from '../../../app/kiosk/kiosk.ts'
import { type PresetName, presetNames } from '../../../app/kiosk/presets.ts'
import { texts } from '../../texts.ts'

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

interface StaffDoorProps {
  readonly kiosk: Kiosk
  readonly settings: PlacedSettings
  readonly onChange: (settings: PlacedSettings) => void
  readonly isBlocked: boolean
  readonly onTry: () => void
}

/** The way to the settings and out: by holding a button or by keys, so that no visitor finds it by chance. */
export function StaffDoor({ kiosk, settings, onChange, isBlocked, onTry }: StaffDoorProps) {
  const { staff } = texts.kiosk
  const [isOpen, setOpen] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
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
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={staff.heading}
        closeButtonProps={{ 'aria-label': staff.close }}
      >
        <Settings kiosk={kiosk} settings={settings} onChange={onChange} isBlocked={isBlocked} onTry={onTry} />
      </Modal>
    </>
  )
}

function Settings({ kiosk, settings, onChange, isBlocked, onTry }: StaffDoorProps) {
  const { staff, presets } = texts.kiosk
  const { completed, abandoned, reloads } = useStore(kiosk.store)
  const [isResetting, setResetting] = useState(false)
  return (
    <Stack gap="md">
      <Select
        label={staff.preset}
        data={presetNames.map(value => ({ value, label: presets[value].name }))}
        value={settings.preset}
        allowDeselect={false}
        onChange={preset => onChange({ ...settings, preset: preset as PresetName })}
      />
      <Switch
        label={staff.idle}
        checked={settings.idleSeconds !== null}
        onChange={event =>
          onChange({
            ...settings,
            idleSeconds: event.currentTarget.checked ? (defaultKioskSettings.idleSeconds ?? 20) : null,
          })
        }
      />
      {settings.idleSeconds !== null && (
        <NumberInput
          label={staff.idleSeconds}
          min={5}
          max={3600}
          value={settings.idleSeconds}
          onChange={value => typeof value === 'number' && onChange({ ...settings, idleSeconds: value })}
        />
      )}
      <NumberInput
        label={staff.resultSeconds}
        min={5}
        max={600}
        value={settings.resultSeconds}
        onChange={value => typeof value === 'number' && onChange({ ...settings, resultSeconds: value })}
      />
      <Radio.Group
        label={staff.place}
        value={settings.place}
        onChange={place => {
          onTry()
          onChange({ ...settings, place: place as PlacedSettings['place'] })
        }}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="wall" label={staff.wall} />
          <Radio value="tabs" label={staff.tabs} />
        </Stack>
      </Radio.Group>
      {isBlocked && <Text c="var(--ward-attention)">▲ {staff.tabsBlocked}</Text>}
      <Text size="sm" c="dimmed">
        {staff.counts(completed, abandoned, reloads)}
      </Text>
      <Group>
        <Button
          variant="default"
          loading={isResetting}
          onClick={() => {
            setResetting(true)
            kiosk.reset().finally(() => setResetting(false))
          }}
        >
          {staff.reset}
        </Button>
        <Button variant="default" onClick={() => void document.documentElement.requestFullscreen()}>
          {staff.fullscreen}
        </Button>
        <Anchor href="/">{staff.leave}</Anchor>
      </Group>
    </Stack>
  )
}
