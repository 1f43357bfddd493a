import { Button, FileInput, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Site } from '../../app/site.ts'
import { keptAccount } from '../../chain/browserAccountDatabase.ts'
import { AppError, type AppErrorData } from '../../errors/AppError.ts'
import { asErrorData, ErrorPanel } from '../components/ErrorPanel.tsx'
import { texts } from '../texts.ts'
import { accountCode, browserAccountKey } from './BackupPanel.tsx'

interface OptionsProps {
  readonly site: Site
  /** The page's one primary action. */
  readonly isMain: boolean
  /** This browser has an account now, to be connected. */
  readonly onReady: () => void
}

/** For who has no wallet: make an account here, use the one that is here, or bring one back from its backup. */
export function BrowserAccountOptions({ site, isMain, onReady }: OptionsProps) {
  const words = texts.wallet.browser
  const kept = useQuery({ queryKey: browserAccountKey(site), queryFn: () => keptAccount(site) })
  const queries = useQueryClient()
  const [isRestoring, setRestoring] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const ready = async () => {
    await queries.invalidateQueries({ queryKey: browserAccountKey(site) })
    onReady()
  }
  const make = async () => {
    setError(null)
    try {
      const { createBrowserAccount } = await accountCode()
      await createBrowserAccount(site)
      await ready()
    } catch (thrown) {
      setError(asErrorData(thrown))
    }
  }
  if (kept.error) return <ErrorPanel error={asErrorData(kept.error)} />
  if (kept.data === undefined) return null
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" className="ward-measure">
        {words.explain}
      </Text>
      {error && <ErrorPanel error={error} />}
      {isRestoring ? (
        <RestoreForm site={site} onDone={() => void ready()} onCancel={() => setRestoring(false)} />
      ) : (
        <Group gap="sm">
          {kept.data ? (
            <Button variant={isMain ? 'filled' : 'default'} onClick={onReady}>
              {words.use(kept.data.address)}
            </Button>
          ) : (
            <>
              <Button variant={isMain ? 'filled' : 'default'} onClick={() => void make()}>
                {words.make}
              </Button>
              <Button variant="subtle" onClick={() => setRestoring(true)}>
                {words.restore}
              </Button>
            </>
          )}
        </Group>
      )}
    </Stack>
  )
}

interface RestoreProps {
  readonly site: Site
  readonly onDone: () => void
  readonly onCancel: () => void
}

function RestoreForm({ site, onDone, onCancel }: RestoreProps) {
  const words = texts.wallet.browser
  const [file, setFile] = useState<File | null>(null)
  const [password, setPassword] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const restore = async (event: FormEvent) => {
    event.preventDefault()
    if (file === null) return
    setBusy(true)
    setError(null)
    try {
      const { restoreBrowserAccount } = await accountCode()
      await restoreBrowserAccount(site, await file.text(), password)
      onDone()
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={event => void restore(event)}>
      <Stack gap="sm" maw={400}>
        <FileInput label={words.file} accept="application/json,.json" value={file} onChange={setFile} />
        <PasswordInput
          label={words.password}
          autoComplete="current-password"
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
          error={error && AppError.fromData(error).message}
        />
        <Group gap="xs">
          <Button type="submit" loading={isBusy} disabled={file === null || password === ''}>
            {words.open}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {words.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
