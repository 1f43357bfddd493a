import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { forgetInvitation, type OwnInvitation, ownInvitations, withdrawInvitation } from '../../../app/issuerDesk.ts'
import type { Site } from '../../../app/site.ts'
import type { Admission } from '../../../chain/admission.ts'
import type { ChainAccess } from '../../../chain/transactions.ts'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { exactTime } from '../../format.ts'
import { texts } from '../../texts.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { useAction } from '../sponsor/useAction.ts'
import { LinkBox } from './LinkBox.tsx'

interface OwnInvitationsPanelProps {
  readonly site: Site
  readonly admission: Admission
  readonly access: ChainAccess
  readonly refresh: () => Promise<void>
}

/** What became of the invitations that this issuer made in this browser. */
export function OwnInvitationsPanel({ site, admission, access, refresh }: OwnInvitationsPanelProps) {
  const words = texts.issuers.own
  const self = access.walletClient.account.address
  const own = useQuery({
    queryKey: ['own-invitations', site.deploymentId, self],
    queryFn: () => ownInvitations(access),
    refetchInterval: 5000,
  })
  if (own.error) return <ErrorPanel error={asErrorData(own.error)} />
  if (!own.data || own.data.length === 0) return null
  return (
    <Panel question={words.heading} answer={words.answer}>
      <ul className="ward-rows">
        {own.data.map(entry => (
          <Entry key={entry.address} entry={entry} threshold={admission.threshold} access={access} refresh={refresh} />
        ))}
      </ul>
    </Panel>
  )
}

interface EntryProps {
  readonly entry: OwnInvitation
  readonly threshold: number
  readonly access: ChainAccess
  readonly refresh: () => Promise<void>
}

function Entry({ entry, threshold, access, refresh }: EntryProps) {
  const words = texts.issuers.own
  const [isShown, setShown] = useState(false)
  const action = useAction()
  const { invitation, status, address } = entry
  const { name } = invitation
  const isOpen = status === 'open'
  const act = (work: () => Promise<void>) =>
    void action.run(async () => {
      await work()
      await refresh()
    })
  return (
    <li data-testid="own-invitation" data-status={status}>
      <div>
        <Text component="div" fw={600}>
          {name}
        </Text>
        <Text component="div" size="sm" c="dimmed">
          {words.status[status]}
          {isOpen && `. ${texts.issuers.invite.until(exactTime(invitation.expires * 1000))}`}
        </Text>
        {action.error && <ActionError error={action.error} />}
      </div>
      <Group gap="xs">
        {isOpen && (
          <Button
            variant="default"
            size="compact-sm"
            aria-expanded={isShown}
            aria-label={words.showLabel(name)}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? words.hide : words.show}
          </Button>
        )}
        {status !== 'redeemed' && (
          <Button
            variant="subtle"
            color="gray"
            c="dimmed"
            size="compact-sm"
            loading={action.isBusy}
            aria-label={words.revokeLabel(name)}
            onClick={() => act(() => withdrawInvitation(access, entry))}
          >
            {isOpen ? words.revoke : words.takeBack}
          </Button>
        )}
        {!isOpen && (
          <Button
            variant="subtle"
            color="gray"
            c="dimmed"
            size="compact-sm"
            aria-label={words.forgetLabel(name)}
            onClick={() => act(() => forgetInvitation(access, address))}
          >
            {words.forget}
          </Button>
        )}
      </Group>
      {isOpen && isShown && (
        <Stack w="100%">
          <LinkBox invitation={invitation} missing={threshold - invitation.signatures.length} />
        </Stack>
      )}
    </li>
  )
}
