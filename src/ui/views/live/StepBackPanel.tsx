import { Button, Checkbox, Group, Stack, Text, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { comingRounds } from '../../../app/live/comingRounds.ts'
import { isInRound } from '../../../app/live/missing.ts'
import { shownRound } from '../../../app/phases.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import type { AppErrorData } from '../../../errors/AppError.ts'
import { Dialog } from '../../components/Dialog.tsx'
import { asErrorData } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { ActionError } from './ActionError.tsx'
import { StakeAmount } from './StakeAmount.tsx'

interface StepBackProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** Sitting rounds out, leaving, and keeping the screen on. */
export function StepBackPanel({ view, session }: StepBackProps) {
  const { step } = texts.live
  const [isLeaving, setLeaving] = useState(false)
  return (
    <Panel question={step.heading} answer={view.live.hasLeft ? step.leave.left : step.answer}>
      {!view.live.hasLeft && <Vetoes view={view} session={session} />}
      <Checkbox
        checked={view.live.keepsAwake}
        onChange={event => session.rounds.keepAwake(event.currentTarget.checked)}
        label={step.awake}
        description={step.awakeExplains}
      />
      {!view.live.hasLeft && (
        <Group>
          <Button variant="outline" color="var(--ward-danger)" onClick={() => setLeaving(true)}>
            {step.leave.open}
          </Button>
        </Group>
      )}
      <LeaveDialog view={view} session={session} isOpen={isLeaving} onClose={() => setLeaving(false)} />
    </Panel>
  )
}

function Vetoes({ view, session }: StepBackProps) {
  const { veto } = texts.live.step
  const [busy, setBusy] = useState<number | null>(null)
  const [error, setError] = useState<AppErrorData | null>(null)
  const [said, setSaid] = useState('')
  const { vetoes, settledVetoes } = view.live
  const { study } = view
  if (study === null) return null
  const snapshot = view.round?.snapshot ?? null
  const coming = comingRounds(snapshot, study.rounds, study.manifest.standardise)
  const nameRound = (round: number) => texts.live.roundName(shownRound(round, study.manifest), study.rounds)
  const change = async (round: number, isVetoed: boolean) => {
    setBusy(round)
    setError(null)
    try {
      await session.rounds.veto(round, isVetoed)
      setSaid(veto.done(nameRound(round), isVetoed))
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setBusy(null)
    }
  }
  return (
    <Stack gap="sm">
      <Title order={3}>{veto.heading}</Title>
      {coming.length === 0 ? (
        <Text size="sm" c="dimmed">
          {veto.none}
        </Text>
      ) : (
        <>
          <Text size="sm" c="dimmed" className="ward-measure">
            {veto.explains}
          </Text>
          {coming.map((round, index) => {
            const isSettled = settledVetoes.includes(round)
            const note = busy === round ? veto.busy : isSettled ? veto.taken : index === 0 ? veto.next : undefined
            return (
              <Checkbox
                key={round}
                checked={vetoes.includes(round)}
                disabled={busy !== null || isSettled}
                onChange={event => change(round, event.currentTarget.checked)}
                label={nameRound(round)}
                description={note}
              />
            )
          })}
        </>
      )}
      <Text size="sm" aria-live="polite">
        {said}
      </Text>
      {error && <ActionError error={error} />}
    </Stack>
  )
}

interface LeaveDialogProps extends StepBackProps {
  readonly isOpen: boolean
  readonly onClose: () => void
}

function LeaveDialog({ view, session, isOpen, onClose }: LeaveDialogProps) {
  const { leave } = texts.live.step
  const heading = useId()
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const confirm = async () => {
    setBusy(true)
    setError(null)
    try {
      await session.rounds.leave()
      onClose()
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog isOpen={isOpen} onClose={onClose} labelledBy={heading}>
      <Stack gap="md">
        <Title order={2} id={heading}>
          {leave.heading}
        </Title>
        <ul className="ward-plain-list">
          <li>{leave.when(isInRound(view.round?.snapshot ?? null, view.address))}</li>
          <li>{leave.cost}</li>
          <li>
            <StakeAmount session={session}>{leave.stake}</StakeAmount>
          </li>
          <li>{leave.final}</li>
          <li>{leave.model}</li>
        </ul>
        {error && <ActionError error={error} />}
        <Group>
          <Button variant="default" onClick={onClose}>
            {leave.cancel}
          </Button>
          <Button color="var(--ward-danger)" loading={isBusy} onClick={confirm}>
            {leave.confirm}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
