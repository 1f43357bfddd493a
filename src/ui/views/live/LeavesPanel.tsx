import { Stack, Table, Text } from '@mantine/core'
import type { HospitalView } from '../../../app/store.ts'
import { memberIndex } from '../../../rounds/duties.ts'
import { blobKinds } from '../../../storage/BlobStore.ts'
import { downloadBytes, uploadBytes } from '../../../study/upload.ts'
import { Panel } from '../../components/Panel.tsx'
import { bytes } from '../../format.ts'
import { auditsTexts } from '../../texts/audits.ts'
import { texts } from '../../texts.ts'
import { gasText } from '../../wallet/amounts.ts'

/** Which words, by who may see an update. */
const sealed = { chainHolds: 'chainHolds', who: 'who' } as const
const masked = { chainHolds: 'chainHoldsMasked', who: 'whoMasked' } as const
const scored = { chainHolds: 'chainHoldsScored', who: 'whoScored' } as const

/** What leaves this computer, by what it is for, and over which connections. */
export function LeavesPanel({ view }: { readonly view: HospitalView }) {
  const { leaves } = texts.live
  const masking = view.study?.manifest.masking
  const isMasked = masking !== undefined
  const words = masking === undefined ? sealed : masking.scored ? scored : masked
  const compressed = compressedOf(view)
  const { traffic } = view
  const { storage, calls } = view.live
  const { other } = traffic.byKind
  const rows = blobKinds
    .map(kind => ({ kind, ...traffic.byKind[kind] }))
    .filter(({ sent, received }) => sent > 0 || received > 0)
  const connected = storage?.relays.filter(relay => relay.connected).length ?? 0
  return (
    <Panel question={leaves.heading} answer={isMasked ? leaves.answerMasked : leaves.answer}>
      {rows.length === 0 && other.sent === 0 ? (
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
                <FlowRow
                  key={kind}
                  name={isMasked && kind === 'update' ? leaves.updateMasked : leaves.kinds[kind]}
                  sent={sent}
                  received={received}
                />
              ))}
              <FlowRow name={leaves.total} sent={traffic.sent} received={traffic.received} isTotal />
              {(other.sent > 0 || other.received > 0) && <FlowRow name={leaves.kinds.other} {...other} />}
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
          {calls.gasUsed > 0n && `, ${leaves.gas(gasText(calls.gasUsed))}`}. {leaves[words.chainHolds]}
        </Text>
        {compressed !== null && (
          <Text size="sm">
            {leaves.compressedUp(bytes(compressed.up.bytes), timesSmaller(compressed.up))}{' '}
            {leaves.compressedDown(bytes(compressed.down.bytes), timesSmaller(compressed.down))}
          </Text>
        )}
        {view.study?.manifest.proving && (
          <Text size="sm" className="ward-measure">
            {auditsTexts.card.leaves}
          </Text>
        )}
        <Text size="sm" c="dimmed" className="ward-measure">
          {leaves[words.who]}
        </Text>
      </Stack>
    </Panel>
  )
}

/** What this round's upload and model take; null where the study does not compress, or no committee is drawn. */
function compressedOf({ study, round }: HospitalView) {
  const snapshot = round?.snapshot
  if (study?.manifest.compression === undefined || !snapshot || snapshot.seats.length === 0) return null
  const me = memberIndex(snapshot, round)
  const isSeat = me !== null && snapshot.seats.includes(me)
  return {
    up: uploadBytes(study.manifest, { seats: snapshot.seats.length, isSeat }),
    down: downloadBytes(study.manifest, snapshot.members.length),
  }
}

function timesSmaller({ bytes, uncompressed }: ReturnType<typeof downloadBytes>): number {
  return uncompressed / bytes
}

interface FlowRowProps {
  readonly name: string
  readonly sent: number
  readonly received: number
  readonly isTotal?: boolean
}

function FlowRow({ name, sent, received, isTotal = false }: FlowRowProps) {
  const fw = isTotal ? 600 : 400
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={fw}>
        {name}
      </Table.Th>
      <Table.Td ta="right" fw={fw} className="ward-nowrap">
        {bytes(sent)}
      </Table.Td>
      <Table.Td ta="right" fw={fw} className="ward-nowrap">
        {bytes(received)}
      </Table.Td>
    </Table.Tr>
  )
}
