import { Button, CopyButton, Group, Stack, Text } from '@mantine/core'
import { formatInvitation, formatUnfinished, type Invitation } from '../../../app/invitation.ts'
import { exactTime } from '../../format.ts'
import { texts } from '../../texts.ts'

interface LinkBoxProps {
  readonly invitation: Invitation
  /** Signatures that are still missing. */
  readonly missing: number
}

/** An invitation's link: for the hospital once it is complete, else for the next issuer. */
export function LinkBox({ invitation, missing }: LinkBoxProps) {
  const words = texts.issuers.invite
  const { origin } = window.location
  const { name, expires } = invitation
  const isComplete = missing <= 0
  const link = isComplete ? formatInvitation(origin, invitation) : formatUnfinished(origin, invitation)
  const subject = isComplete ? words.mailSubject : words.mailSubjectIssuer(name)
  const body = isComplete ? words.mailBody(name, link) : words.mailBodyIssuer(name, link)
  const mail = `mailto:?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`
  return (
    <Stack gap="xs">
      <Text fw={600}>{words.linkFor(name)}</Text>
      <Text size="sm" className="ward-measure" role="status">
        {isComplete ? words.ready : words.unfinished(missing)} {words.until(exactTime(expires * 1000))}
      </Text>
      <div className="ward-link" data-testid="invitation-link">
        {link}
      </div>
      <Group gap="sm">
        <CopyButton value={link}>
          {({ copied, copy }) => (
            <Button variant="default" size="compact-sm" onClick={copy}>
              {copied ? words.copied : words.copy}
            </Button>
          )}
        </CopyButton>
        <Button component="a" href={mail} variant="subtle" size="compact-sm">
          {words.mail}
        </Button>
      </Group>
      {isComplete && (
        <Text size="sm" className="ward-measure">
          <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
            ▲{' '}
          </span>
          {words.warning}
        </Text>
      )}
    </Stack>
  )
}
