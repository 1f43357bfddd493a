import { Stack, Table, Text } from '@mantine/core'
import type { HospitalView } from '../../../app/store.ts'
import { blobKinds } from '../../../storage/BlobStore.ts'
import { Panel } from '../../components/Panel.tsx'
import { bytes } from '../../format.ts'
import { texts } from '../../texts.ts'
import { gasText } from '../../wallet/amounts.ts'

/** What leaves this computer, by what it is for, and over which connections. */
export function LeavesPanel({ view }: { readonly view: HospitalView }) {
  const { leaves } = texts.live
  const { traffic } = view
  const { storage, calls } = view.live
  const rows = ([...blobKinds, 'other'] as const)
    .map(kind => ({ kind, ...traffic.byKind[kind] }))
    .filter(({ sent, received }) => sent > 0 || received > 0)
  const connected = storage?.relays.filter(relay => relay.connected).length ?? 0
  return (
    <Panel question={leaves.heading} answer={leaves.answer}>
      {rows.length === 0 ? (
        <Text c="dimmed">{leaves.nothingYet}</Text>
      ) : (
        <div className="ward-table-scroll">
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{leaves.columns.what}</Table.Th>
                <Table.Th scope="col" ta="right">
                  {leaves.columns.sent}
                </Table.Th>
                <Table.Th scope="col" ta="right">
                  {leaves.columns.received}
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ kind, sent, received }) => (
                <Table.Tr key={kind}>
                  <Table.Th scope="row" fw={400}>
                    {leaves.kinds[kind]}
                  </Table.Th>
                  <Table.Td ta="right">{bytes(sent)}</Table.Td>
                  <Table.Td ta="right">{bytes(received)}</Table.Td>
                </Table.Tr>
              ))}
              <Table.Tr>
                <Table.Th scope="row">{leaves.total}</Table.Th>
                <Table.Td ta="right" fw={600}>
                  {bytes(traffic.sent)}
                </Table.Td>
                <Table.Td ta="right" fw={600}>
                  {bytes(traffic.received)}
                </Table.Td>
              </Table.Tr>
            </Table.Tbody>
          </Table>
        </div>
      )}
      <Stack gap={4}>
        {storage !== null && (
          <Text
            size="sm"
            c={connected === 0 && storage.relays.length > 0 ? 'var(--ward-attention)' : 'var(--mantine-color-text)'}
          >
            {leaves.relays(connected, storage.relays.length)}, {leaves.peers(storage.peers.length)},{' '}
            {leaves.pending(storage.pending)}.{connected === 0 && storage.relays.length > 0 && ` ▲ ${leaves.noRelay}`}
          </Text>
        )}
        <Text size="sm">
          {leaves.chain(calls.confirmed, calls.failed)}
          {calls.gasUsed > 0n && `, ${leaves.gas(gasText(calls.gasUsed))}`}. {leaves.chainHolds}
        </Text>
        <Text size="sm" c="dimmed" className="ward-measure">
          {leaves.who}
        </Text>
      </Stack>
    </Panel>
  )
}
