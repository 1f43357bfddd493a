import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { AppError, type AppErrorData } from '../../errors/AppError.ts'
import { texts } from '../texts.ts'

/** What went wrong and what to do, in the words of the error; its code for a report. */
export function ErrorPanel({ error }: { readonly error: AppErrorData }) {
  const { message } = AppError.fromData(error)
  return (
    <Alert
      role="alert"
      variant="outline"
      color="var(--ward-danger)"
      title={texts.error.heading}
      icon={<span aria-hidden="true">⚠</span>}
      styles={{ body: { color: 'var(--mantine-color-text)' }, message: { color: 'var(--mantine-color-text)' } }}
    >
      <Stack gap="sm">
        <Text className="ward-measure">{message}</Text>
        <Group gap="md">
          <Button variant="outline" size="compact-sm" onClick={() => window.location.reload()}>
            {texts.error.reload}
          </Button>
          <Text size="sm" c="dimmed">
            {texts.error.details}: <code>{error.code}</code>
          </Text>
        </Group>
      </Stack>
    </Alert>
  )
}

/** Any thrown value as an error that a page can show. */
export function asErrorData(error: unknown): AppErrorData {
  if (error instanceof AppError) return error.toData()
  return { code: 'app.bug', details: { reason: error instanceof Error ? error.message : String(error) } }
}
