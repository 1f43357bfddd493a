import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Site } from '../../app/site.ts'
import { keptAccount } from '../../chain/browserAccountDatabase.ts'
import { SHORTEST_PASSWORD } from '../../chain/browserAccountRules.ts'
import { AppError, type AppErrorData } from '../../errors/AppError.ts'
import type { Address } from '../../study/types.ts'
import { asErrorData } from '../components/ErrorPanel.tsx'
import { download } from '../download.ts'
import { exactTime } from '../format.ts'
import { texts } from '../texts.ts'

/** The browser account's backup: whether there is one, and making one. */
export function BackupPanel({ site, address }: { readonly site: Site; readonly address: Address }) {
  const words = texts.wallet.browser
  const [isOpen, setOpen] = useState(false)
  const [isSaved, setSaved] = useState(false)
  const queries = useQueryClient()
  const kept = useQuery({ queryKey: browserAccountKey(site), queryFn: () => keptAccount(site) })
  const backedUpAt = kept.data?.backedUpAt ?? null
  const done = () => {
    setOpen(false)
    setSaved(true)
    void queries.invalidateQueries({ queryKey: browserAccountKey(site) })
  }
  return (
    <Stack gap="xs">
      {kept.data &&
        (backedUpAt === null ? (
          <Text size="sm" c="var(--ward-attention)">
            ▲ {words.notBackedUp}
          </Text>
        ) : (
          <Text size="sm">{words.backedUp(exactTime(backedUpAt))}</Text>
        ))}
      <div role="status">{isSaved && <Text size="sm">{words.saved}</Text>}</div>
      {isOpen ? (
        <BackupForm site={site} address={address} onDone={done} onCancel={() => setOpen(false)} />
      ) : (
        <Group>
          <Button variant="default" size="compact-sm" onClick={() => setOpen(true)}>
            {words.backup}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

interface FormProps {
  readonly site: Site
  readonly address: Address
  readonly onDone: () => void
  readonly onCancel: () => void
}

function BackupForm({ site, address, onDone, onCancel }: FormProps) {
  const words = texts.wallet.browser
  const [password, setPassword] = useState('')
  const [repeated, setRepeated] = useState('')
  const [error, setError] = useState<AppErrorData | null>(null)
  const [isBusy, setBusy] = useState(false)
  const differ = repeated !== '' && repeated !== password
  const save = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      const { exportBrowserAccount } = await accountCode()
      download(words.fileName(address), 'application/json', await exportBrowserAccount(site, password))
      onDone()
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={event => void save(event)}>
      <Stack gap="xs">
        <Text size="sm">{words.backupExplain}</Text>
        <PasswordInput
          label={words.password}
          description={words.passwordHint(SHORTEST_PASSWORD)}
          autoComplete="new-password"
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
          error={error && AppError.fromData(error).message}
        />
        <PasswordInput
          label={words.repeat}
          autoComplete="new-password"
          value={repeated}
          onChange={event => setRepeated(event.currentTarget.value)}
          error={differ && words.differ}
        />
        <Group gap="xs">
          <Button type="submit" size="compact-sm" loading={isBusy} disabled={password === '' || repeated !== password}>
            {words.save}
          </Button>
          <Button variant="default" size="compact-sm" onClick={onCancel}>
            {words.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Signing with a key of one's own is fetched when there is one to use: most hospitals bring a wallet. */
export const accountCode = () => import('../../chain/browserAccount.ts')

/** Where the query cache keeps what this browser's account is, without its key. */
export function browserAccountKey(site: Site) {
  return ['browserAccount', site.deploymentId] as const
}
