import { Anchor, Button, Group, Modal, NumberInput, Radio, Select, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import { useStore } from 'zustand'
import { defaultKioskSettings, type PresetName, presetNames } from '../../../app/kiosk/settings.ts'
import { ColourScheme } from '../../components/Header.tsx'
import { texts } from '../../texts.ts'
import type { PlacedSettings, StaffDoorProps } from './StaffDoor.tsx'

interface StaffSettingsProps extends StaffDoorProps {
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** What the staff sets, and the way out. */
export function StaffSettings({ isOpen, onClose, ...props }: StaffSettingsProps) {
  const { staff } = texts.kiosk
  return (
    <Modal opened={isOpen} onClose={onClose} title={staff.heading} closeButtonProps={{ 'aria-label': staff.close }}>
      <Settings {...props} />
    </Modal>
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
        <ColourScheme />
        <Anchor href="/">{staff.leave}</Anchor>
      </Group>
    </Stack>
  )
}
