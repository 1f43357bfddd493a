import './join.css'
import { Anchor, Skeleton, Stack, Text, Title } from '@mantine/core'
import type { Invitation } from '../../../app/invitation.ts'
import type { ListedStudy, Site } from '../../../app/site.ts'
import { AppError, type AppErrorData } from '../../../errors/AppError.ts'
import { texts } from '../../texts.ts'
import { WalletPanel } from '../../wallet/WalletPanel.tsx'
import { InvitationNotice } from './InvitationNotice.tsx'
import { JoinSteps } from './JoinSteps.tsx'
import { Notice } from './Notice.tsx'

interface ConnectStepProps {
  readonly site: Site
  readonly study: ListedStudy
  /** The wallet is there; what a hospital needs is being fetched. */
  readonly isOpening: boolean
  readonly invitation: Invitation | null
  /** Why the link's invitation cannot be read. */
  readonly problem: AppErrorData | null
}

/** The first step: a wallet that signs for the hospital. */
export function ConnectStep({ site, study, isOpening, invitation, problem }: ConnectStepProps) {
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
      {problem !== null && (
        <Notice kind="danger" isAlert>
          {AppError.fromData(problem).message}
        </Notice>
      )}
      {invitation !== null && (
        <InvitationNotice
          invitation={{
            name: invitation.name,
            expires: invitation.expires,
            problem: invitation.deploymentId === site.deploymentId ? null : 'foreign',
            isRedeemed: false,
          }}
        />
      )}
      {isOpening ? (
        <>
          <Text aria-live="polite">{connect.opening}</Text>
          <Skeleton height={240} aria-hidden="true" />
        </>
      ) : (
        <WalletPanel site={site} isMain />
      )}
    </Stack>
  )
}
