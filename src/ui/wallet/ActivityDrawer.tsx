import { Anchor, Badge, Button, CopyButton, Group, Stack, Text, Title } from '@mantine/core'
import { useId } from 'react'
import { useStore } from 'zustand'
import type { ActivityEntry, ActivityStore } from '../../app/activity.ts'
import type { Site } from '../../app/site.ts'
import { AppError } from '../../errors/AppError.ts'
import { Dialog } from '../components/Dialog.tsx'
import { ago, exactTime, shortAddress } from '../format.ts'
import { texts } from '../texts.ts'
import { AccountPanel } from './AccountPanel.tsx'
import { etherOn, explorerLink, gasText } from './amounts.ts'
import { StatusMark } from './StatusMark.tsx'
import type { ShownAccount } from './useShownAccount.ts'

interface DrawerProps {
  readonly site: Site
  readonly account: ShownAccount | null
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** Who signs on this page, and everything that was signed. */
export function ActivityDrawer({ site, account, isOpen, onClose }: DrawerProps) {
  const words = texts.wallet.activity
  const id = useId()
  return (
    <Dialog isOpen={isOpen} onClose={onClose} labelledBy={id} place="side">
      <Stack gap="lg">
        <Group justify="space-between" wrap="nowrap" align="start">
          <Title order={2} id={id}>
            {texts.wallet.heading}
          </Title>
          <Button variant="default" size="compact-sm" onClick={onClose}>
            {words.close}
          </Button>
        </Group>
        {account === null ? (
          <Text>{words.noAccount}</Text>
        ) : (
          <>
            <AccountPanel site={site} account={account} />
            <ActivityList site={site} activity={account.activity} />
          </>
        )}
      </Stack>
    </Dialog>
  )
}

function ActivityList({ site, activity }: { readonly site: Site; readonly activity: ActivityStore }) {
  const words = texts.wallet.activity
  const { entries, isLoaded } = useStore(activity)
  if (entries.length === 0) return <Text c="dimmed">{isLoaded ? words.empty : words.loading}</Text>
  return (
    <Stack gap="sm">
      <ul className="ward-activity" data-testid="activity">
        {entries.map(entry => (
          <Entry key={entry.id} site={site} entry={entry} />
        ))}
      </ul>
      <Text size="sm" c="dimmed">
        {words.kept}
      </Text>
    </Stack>
  )
}

function Entry({ site, entry }: { readonly site: Site; readonly entry: ActivityEntry }) {
  const { wallet } = texts
  const { status, hash, at, error } = entry
  return (
    <li>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="start">
        <Text fw={600}>
          <StatusMark status={status} /> {wallet.call(entry.name).does}
        </Text>
        <Text
          component="time"
          size="sm"
          c="dimmed"
          className="ward-nowrap"
          title={exactTime(at)}
          dateTime={new Date(at).toISOString()}
        >
          {ago((Date.now() - at) / 1000)}
        </Text>
      </Group>
      <Text size="sm">
        {status === 'rejected' ? wallet.toast.rejected : `${wallet.status[status]}. ${costOf(site, entry)}`}
      </Text>
      {status === 'failed' && error && <Text size="sm">{AppError.fromData(error).message}</Text>}
      {status === 'interrupted' && <Text size="sm">{wallet.toast.interrupted}</Text>}
      {hash && (
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            {wallet.activity.hash}
          </Text>
          <Text size="sm" ff="monospace" title={hash}>
            {shortAddress(hash)}
          </Text>
          <CopyButton value={hash}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="subtle" onClick={copy} aria-label={wallet.activity.copyHash}>
                {copied ? texts.copy.done : texts.copy.short}
              </Button>
            )}
          </CopyButton>
          <Explorer site={site} hash={hash} />
        </Group>
      )}
    </li>
  )
}

function Explorer({ site, hash }: { readonly site: Site; readonly hash: NonNullable<ActivityEntry['hash']> }) {
  const url = explorerLink(site, hash)
  if (url === null) return null
  return (
    <Anchor href={url} target="_blank" rel="noopener noreferrer" size="sm">
      {texts.wallet.activity.explorer}
    </Anchor>
  )
}

function costOf(site: Site, { status, hash, gasUsed, feeWei, estimate }: ActivityEntry): string {
  const { cost } = texts.wallet
  if (gasUsed !== null) return cost.paid(gasText(gasUsed), etherOn(site, feeWei ?? 0n))
  if (status === 'failed' && hash === null) return cost.none
  return estimate === null ? '' : cost.about(gasText(estimate.gas), etherOn(site, estimate.wei))
}

/** How many of an account's calls are not decided yet. */
export function PendingBadge({ activity }: { readonly activity: ActivityStore }) {
  const pending = usePending(activity)
  if (pending === 0) return null
  return (
    <Badge size="sm" circle data-testid="pending">
      {pending}
    </Badge>
  )
}

export function usePending(activity: ActivityStore): number {
  return useStore(activity, ({ entries }) => entries.filter(({ status }) => isUndecided(status)).length)
}

function isUndecided(status: ActivityEntry['status']): boolean {
  return status === 'asking' || status === 'pending'
}
