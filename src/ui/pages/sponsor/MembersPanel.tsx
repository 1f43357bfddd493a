import { Anchor, Badge, Button, CopyButton, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useId, useState } from 'react'
import type { Site } from '../../../app/site.ts'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import type { FollowedMember, FollowedStudy } from '../../../app/sponsorFollow.ts'
import { removeWorker } from '../../../chain/sponsor.ts'
import { Phase } from '../../../rounds/ports.ts'
import { Address } from '../../components/Address.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { HospitalMark } from '../../components/HospitalMark.tsx'
import { Panel } from '../../components/Panel.tsx'
import { hospitalUrl } from '../../route.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { creditsText } from '../../wallet/amounts.ts'
import { useAction } from './useAction.ts'

interface MembersPanelProps {
  readonly site: Site
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
  readonly isMine: boolean
  readonly account: number | null
  readonly refresh: () => Promise<void>
}

/** Who joined, with what, and how more are brought in. */
export function MembersPanel({ desk, followed, isMine, account, refresh }: MembersPanelProps) {
  const words = sponsorTexts.follow.who
  const { members, snapshot } = followed
  const [leaving, setLeaving] = useState<FollowedMember | null>(null)
  const canRemove = isMine && snapshot.phase === Phase.Open
  return (
    <Panel question={words.heading} answer={members.length === 0 ? words.none : undefined}>
      {members.length > 0 && (
        <div className="ward-table-scroll">
          <Table aria-label={words.caption}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{words.hospital}</Table.Th>
                <Table.Th scope="col">{words.stake}</Table.Th>
                <Table.Th scope="col">{words.earned}</Table.Th>
                <Table.Th scope="col">{words.forfeited}</Table.Th>
                <Table.Th scope="col">{words.standing}</Table.Th>
                {canRemove && <Table.Th scope="col" aria-label={words.remove} />}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {members.map(member => (
                <Row key={member.address} member={member} onRemove={canRemove ? () => setLeaving(member) : null} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {members.length > 0 && (
        <Text size="sm" c="dimmed">
          {words.standingHint}
        </Text>
      )}
      {snapshot.phase !== Phase.Ended && snapshot.phase !== Phase.Draft && (
        <Invite followed={followed} account={account} />
      )}
      <RemoveDialog
        desk={desk}
        followed={followed}
        member={leaving}
        onClose={() => setLeaving(null)}
        refresh={refresh}
      />
    </Panel>
  )
}

function Row({ member, onRemove }: { readonly member: FollowedMember; readonly onRemove: (() => void) | null }) {
  const words = sponsorTexts.follow.who
  const { name, address, index, stake, reward, forfeited, standing, isActive } = member
  return (
    <Table.Tr>
      <Table.Th scope="row">
        <Group gap="xs" wrap="nowrap">
          <HospitalMark number={index + 1} />
          <span>{name}</span>
          <Address address={address} />
          {!isActive && (
            <Badge variant="outline" tt="none" color="var(--ward-attention)">
              {words.suspended}
            </Badge>
          )}
        </Group>
      </Table.Th>
      <Table.Td>{creditsText(stake)}</Table.Td>
      <Table.Td>{creditsText(reward)}</Table.Td>
      <Table.Td>{creditsText(forfeited)}</Table.Td>
      <Table.Td>{words.standingOf(standing.reputation, standing.faults)}</Table.Td>
      {onRemove && (
        <Table.Td>
          <Button
            variant="subtle"
            color="gray"
            c="dimmed"
            size="compact-sm"
            aria-label={words.removeLabel(name)}
            onClick={onRemove}
          >
            {words.remove}
          </Button>
        </Table.Td>
      )}
    </Table.Tr>
  )
}

function Invite({ followed, account }: { readonly followed: FollowedStudy; readonly account: number | null }) {
  const words = sponsorTexts.follow.who
  const { study, name } = followed
  const link = `${window.location.origin}${hospitalUrl({ study, hospital: null })}`
  const mail = `mailto:?subject=${encodeURIComponent(words.mailSubject(name))}&body=${encodeURIComponent(words.mailBody(name, link))}`
  const issuers = new URLSearchParams({ study, ...(account !== null && { account: String(account) }) })
  return (
    <Stack gap="xs" className="ward-no-print">
      <Text size="sm" fw={600}>
        {words.link}
      </Text>
      <div className="ward-link">{link}</div>
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
      <Text size="sm" c="dimmed">
        {words.inviteHint}{' '}
        <Anchor href={`/issuers?${issuers}`} size="sm">
          {sponsorTexts.follow.act.invite}
        </Anchor>
      </Text>
    </Stack>
  )
}

interface RemoveDialogProps {
  readonly desk: SponsorDesk
  readonly followed: FollowedStudy
  readonly member: FollowedMember | null
  readonly onClose: () => void
  readonly refresh: () => Promise<void>
}

function RemoveDialog({ desk, followed, member, onClose, refresh }: RemoveDialogProps) {
  const words = sponsorTexts.follow.who
  const action = useAction()
  const id = useId()
  const remove = async (address: FollowedMember['address']) => {
    const done = await action.run(async () => {
      await removeWorker(desk.access, followed.study, address)
      await refresh()
    })
    if (done) onClose()
  }
  return (
    <Dialog isOpen={member !== null} onClose={onClose} labelledBy={id}>
      {member && (
        <Stack gap="md">
          <Title order={2} id={id}>
            {words.removeQuestion(member.name)}
          </Title>
          <Text className="ward-measure">{words.removeExplains}</Text>
          {action.error && <ActionError error={action.error} />}
          <Group gap="sm">
            <Button
              variant="outline"
              color="var(--ward-danger)"
              loading={action.isBusy}
              onClick={() => void remove(member.address)}
            >
              {words.removeYes}
            </Button>
            <Button variant="default" onClick={onClose}>
              {words.removeNo}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
