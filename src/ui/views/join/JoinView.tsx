import './join.css'
import { Button, Group, Stack, Text, VisuallyHidden } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { useStore } from 'zustand'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView, Stage } from '../../../app/store.ts'
import { AppError } from '../../../errors/AppError.ts'
import { texts } from '../../texts.ts'
import { ComputerStep } from './ComputerStep.tsx'
import { DataStep } from './DataStep.tsx'
import { InvitationNotice } from './InvitationNotice.tsx'
import { type JoinStep, JoinSteps, joinSteps } from './JoinSteps.tsx'
import { Notice } from './Notice.tsx'
import { OtherTab } from './OtherTab.tsx'
import { TermsStep } from './TermsStep.tsx'

/** Stages in which a hospital is still on its way in. */
const stagesOfJoining: readonly Stage[] = ['starting', 'wrongTab', 'needsData', 'checkingDevice', 'ready', 'joining']

/** Whether the way in is what there is to see. */
export function isJoining({ stage }: Pick<HospitalView, 'stage'>): boolean {
  return stagesOfJoining.includes(stage)
}

/** From choosing patients to being in, one step at a time. */
export function JoinView({ session }: { readonly session: HospitalSession }) {
  const view = useStore(session.store)
  const { joining, stage } = view
  const step = stepOf(view)
  const isFirst = useIsFirst(`${step}:${stage === 'wrongTab'}`)
  if (stage === 'wrongTab') return <OtherTab view={joining} desk={session.joining} takesFocus={!isFirst} />
  const props = { view, desk: session.joining, takesFocus: !isFirst }
  return (
    <Stack gap="lg">
      <JoinSteps current={step} />
      <VisuallyHidden aria-live="polite">{positionText(step)}</VisuallyHidden>
      {joining.invitation && <InvitationNotice invitation={joining.invitation} />}
      {joining.error && <JoinError session={session} view={view} />}
      {step === 'data' && <DataStep {...props} />}
      {step === 'computer' && <ComputerStep {...props} />}
      {step === 'terms' && <TermsStep {...props} />}
    </Stack>
  )
}

/** What went wrong, where the person is, with the way on; the step below it stays as it was. */
function JoinError({ session, view }: { readonly session: HospitalSession; readonly view: HospitalView }) {
  const { joining, stage } = view
  if (joining.error === null) return null
  const { error } = texts.join
  const canRetry = stage === 'checkingDevice' && joining.busy === null
  return (
    <Notice kind="danger" isAlert heading={error.heading}>
      <Text className="ward-measure">{AppError.fromData(joining.error).message}</Text>
      {canRetry && (
        <Group>
          <Button variant="default" onClick={() => session.joining.tryAgain()}>
            {error.retry}
          </Button>
        </Group>
      )}
    </Notice>
  )
}

function stepOf({ stage }: Pick<HospitalView, 'stage'>): JoinStep {
  switch (stage) {
    case 'starting':
    case 'wrongTab':
    case 'needsData':
      return 'data'
    case 'checkingDevice':
      return 'computer'
    default:
      return 'terms'
  }
}

function positionText(step: JoinStep): string {
  const { steps } = texts.join
  return steps.position(joinSteps.indexOf(step) + 1, joinSteps.length, steps[step])
}

/** Whether what is shown is still the first thing that this page showed. */
function useIsFirst(shown: string): boolean {
  const first = useRef(shown)
  const changed = useRef(false)
  if (first.current !== shown) changed.current = true
  useEffect(() => {
    if (first.current !== shown) changed.current = true
  }, [shown])
  return !changed.current
}
