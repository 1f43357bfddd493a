import './join.css'
import { Anchor, Skeleton, Stack, Text, Title } from '@mantine/core'
import type { ListedStudy, Site } from '../../../app/site.ts'
import { texts } from '../../texts.ts'
import { WalletPanel } from '../../wallet/WalletPanel.tsx'
import { JoinSteps } from './JoinSteps.tsx'

interface ConnectStepProps {
  readonly site: Site
  readonly study: ListedStudy
  /** The wallet is there; what a hospital needs is being fetched. */
  readonly isOpening: boolean
}

/** The first step: a wallet that signs for the hospital. */
export function ConnectStep({ site, study, isOpening }: ConnectStepProps) {
  const { connect } = texts.join
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        <Anchor href="/" size="sm">
          ← {texts.hospital.back}
        </Anchor>
        <Title order={1}>{study.name}</Title>
      </Stack>
      <JoinSteps current={isOpening ? 'data' : 'connect'} />
      {isOpening ? (
        <>
          <Text aria-live="polite">{connect.opening}</Text>
          <Skeleton height={240} aria-hidden="true" />
        </>
      ) : (
        <WalletPanel site={site} />
      )}
    </Stack>
  )
}
