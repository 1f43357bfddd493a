import { Button, Group, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { type ActivityEntry, type ActivityStore, retryOf } from '../../app/activity.ts'
import type { Site } from '../../app/site.ts'
import { AppError } from '../../errors/AppError.ts'
import { texts } from '../texts.ts'
import { etherOn, gasText } from './amounts.ts'
import { StatusMark } from './StatusMark.tsx'
import { quietCalls } from './signingPrompt.ts'

/** Milliseconds for which "done" stays; what went wrong stays until it is closed. */
const DONE_MS = 6000

interface ToastProps {
  readonly site: Site
  readonly activity: ActivityStore
  readonly onShowAll: () => void
}

/** One toast for one transaction at a time, brought up to date in place: what is signed, what it costs, what came of it. */
export function TransactionToast({ site, activity, onShowAll }: ToastProps) {
  const entry = useShown(activity)
  const [closed, setClosed] = useState<string | null>(null)
  const key = entry === null ? null : `${entry.id}:${entry.status === 'confirmed'}`
  const isShown = entry !== null && closed !== key
  useEffect(() => {
    if (entry?.status !== 'confirmed') return
    const timer = setTimeout(() => setClosed(key), DONE_MS)
    return () => clearTimeout(timer)
  }, [entry?.status, key])

  const words = texts.wallet.toast
  const again = entry && (entry.status === 'rejected' || entry.status === 'failed') ? retryOf(entry.name) : undefined
  return (
    <section
      className="ward-toast"
      aria-label={words.label}
      data-shown={isShown}
      data-status={entry?.status}
      data-testid="toast"
    >
      <div role="status" aria-live="polite">
        {isShown && <Body site={site} entry={entry} />}
      </div>
      {isShown && (
        <Group gap="xs" mt="xs">
          {again && (
            <Button size="compact-sm" onClick={again}>
              {words.again}
            </Button>
          )}
          <Button size="compact-sm" variant="default" onClick={onShowAll}>
            {words.all}
          </Button>
          <Button size="compact-sm" variant="subtle" color="gray" c="dimmed" onClick={() => setClosed(key)}>
            {words.close}
          </Button>
        </Group>
      )}
    </section>
  )
}

function Body({ site, entry }: { readonly site: Site; readonly entry: ActivityEntry }) {
  const { wallet } = texts
  const { does, signs } = wallet.call(entry.name)
  const { status, estimate, gasUsed, feeWei, error } = entry
  const isAhead = status === 'checking' || status === 'asking'
  return (
    <>
      <Text fw={600}>
        <StatusMark status={status} /> {does}
      </Text>
      {status === 'asking' && <Text size="sm">{signs}</Text>}
      {isAhead && estimate && (
        <Text size="sm">{wallet.cost.about(gasText(estimate.gas), etherOn(site, estimate.wei))}</Text>
      )}
      <Text size="sm" {...(status !== 'asking' && { c: 'dimmed' })}>
        {status === 'failed' ? error && AppError.fromData(error).message : wallet.toast[status]}
        {status === 'confirmed' && gasUsed !== null && (
          <> {wallet.cost.was(gasText(gasUsed), etherOn(site, feeWei ?? 0n))}.</>
        )}
      </Text>
    </>
  )
}

/**
 * The entry that the toast is about: the latest that concerns the person. What a tab does by itself with an account that asks
 * nobody is in the list alone.
 */
function useShown(activity: ActivityStore): ActivityEntry | null {
  const { entries, latest } = useStore(activity)
  const shown = useRef<string | null>(null)
  const newest = entries.find(({ id }) => id === latest)
  if (newest !== undefined && concernsPerson(newest)) shown.current = newest.id
  return entries.find(({ id }) => id === shown.current) ?? null
}

function concernsPerson({ name, status, estimate }: ActivityEntry): boolean {
  return !quietCalls.has(name) || status === 'asking' || status === 'rejected' || estimate !== null
}
