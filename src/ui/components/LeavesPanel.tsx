import { Group, Stack, Text } from '@mantine/core'
import type { Traffic } from '../../storage/BlobStore.ts'
import { bytes } from '../format.ts'
import { texts } from '../texts.ts'
import { Panel } from './Panel.tsx'

/** What leaves this computer: how much, and who can read it. */
export function LeavesPanel({ traffic }: { readonly traffic: Traffic }) {
  const { leaves } = texts
  return (
    <Panel question={leaves.heading} answer={leaves.answer}>
      <Group gap="xl">
        <Amount label={leaves.sent} value={bytes(traffic.sent)} />
        <Amount label={leaves.received} value={bytes(traffic.received)} />
      </Group>
      <Text size="sm" c="dimmed" className="ward-measure">
        {leaves.who} {leaves.chain}
      </Text>
    </Panel>
  )
}

function Amount({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <Stack gap={0}>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text size="lg" fw={600}>
        {value}
      </Text>
    </Stack>
  )
}
