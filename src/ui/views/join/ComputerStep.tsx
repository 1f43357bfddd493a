import { Button, Group, List, Skeleton, Stack, Text } from '@mantine/core'
import type { JoinDesk } from '../../../app/desks/joining.ts'
import { concernsOf } from '../../../app/desks/joinView.ts'
import type { HospitalView } from '../../../app/store.ts'
import { texts } from '../../texts.ts'
import { Notice } from './Notice.tsx'
import { StepPanel } from './StepPanel.tsx'

interface ComputerStepProps {
  readonly view: HospitalView
  readonly desk: JoinDesk
  readonly takesFocus: boolean
}

/** What this computer can do, measured on the person's own patients. Goes on by itself unless there is something to decide. */
export function ComputerStep({ view, desk, takesFocus }: ComputerStepProps) {
  const { computer } = texts.join
  const { device, room, terms, busy } = view.joining
  const concerns = concernsOf(view.joining)
  const isWaiting = busy === null && (concerns.length > 0 || view.joining.error !== null)
  return (
    <StepPanel question={computer.heading} takesFocus={takesFocus}>
      <Text aria-live="polite" className="ward-measure">
        {busy === null ? (concerns.length === 0 && device !== null ? computer.fine : '') : computer.measuring}
      </Text>
      {device === null && busy !== null && (
        <Stack gap="sm" aria-hidden="true">
          <Skeleton height={24} />
          <Skeleton height={24} />
        </Stack>
      )}
      {device !== null && (
        <dl className="ward-join-facts">
          <dt>{computer.rows.backend}</dt>
          <dd>{computer.backend(device.backend)}</dd>
          <dt>{computer.rows.round}</dt>
          <dd>{computer.seconds(device.secondsPerRound)}</dd>
          {room !== null && (
            <>
              <dt>{computer.rows.room}</dt>
              <dd>{computer.room(room.needed, room.free)}</dd>
            </>
          )}
          <dt>{computer.rows.tried}</dt>
          <dd>
            <List size="sm">
              {device.tried.map(({ backend, unused }) => (
                <List.Item key={backend}>
                  {computer.backend(backend)}: {unused === null ? computer.used : computer.unused(unused)}
                </List.Item>
              ))}
            </List>
          </dd>
        </dl>
      )}
      {busy === null && concerns.length > 0 && (
        <Notice kind="attention" isAlert>
          <Stack gap="sm">
            {concerns.includes('slow') && device !== null && terms !== null && (
              <Text className="ward-measure">{computer.concerns.slow(device.secondsPerRound, terms.trainSeconds)}</Text>
            )}
            {concerns.includes('room') && room !== null && (
              <Text className="ward-measure">{computer.concerns.room(room.needed, room.free ?? 0)}</Text>
            )}
          </Stack>
        </Notice>
      )}
      {isWaiting && (
        <Group>
          {concerns.length > 0 && <Button onClick={() => desk.goOn()}>{computer.goOn}</Button>}
          {concerns.length > 0 && (
            <Button variant="default" onClick={() => desk.tryAgain()}>
              {computer.again}
            </Button>
          )}
          <Button variant="default" onClick={() => desk.back()}>
            {computer.back}
          </Button>
        </Group>
      )}
    </StepPanel>
  )
}
