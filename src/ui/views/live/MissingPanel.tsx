import { Group, Table, Text } from '@mantine/core'
import { thresholdOf } from '../../../aggregation/masking/round.ts'
import { missingOf, rollOf } from '../../../app/live/missing.ts'
import { isRunning } from '../../../app/phases.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Mode, Phase, type StudySnapshot } from '../../../rounds/ports.ts'
import { sizeOf } from '../../../rounds/sets.ts'
import { HospitalMark } from '../../components/HospitalMark.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { nameOf } from './who.ts'

/** Everybody in the study, what they owe now, and what happens if they do not come. */
export function MissingPanel({ view }: { readonly view: HospitalView }) {
  const { missing } = texts.live
  const snapshot = view.round?.snapshot ?? null
  const roll = rollOf(snapshot, view.address)
  const waited = missingOf(roll)
  const runs = snapshot !== null && isRunning(snapshot)
  const answer =
    roll.length === 0
      ? missing.nobodyJoined
      : !runs
        ? missing.noRound
        : waited.length === 0
          ? missing.nobody
          : missing.waits(waited.map(row => (row.isMe ? missing.youWord : nameOf(view, row))))
  return (
    <Panel question={missing.heading} answer={<span data-testid="missing">{answer}</span>}>
      {roll.length > 0 && (
        <div className="ward-table-scroll">
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{missing.columns.hospital}</Table.Th>
                <Table.Th scope="col">{missing.columns.part}</Table.Th>
                <Table.Th scope="col">{missing.columns.state}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {roll.map(row => {
                const { mark, text } = missing.standings[row.standing]
                return (
                  <Table.Tr key={row.address} className={row.isMe ? 'ward-live-me' : undefined}>
                    <Table.Th scope="row" fw={row.isMe ? 600 : 400} title={row.address}>
                      <Group gap="xs" wrap="nowrap">
                        <HospitalMark number={row.index + 1} />
                        <span>
                          {nameOf(view, row)}
                          {row.isMe && ` (${missing.you})`}
                        </span>
                      </Group>
                    </Table.Th>
                    <Table.Td>
                      {row.standing === 'out' || !runs ? '–' : row.isSeat ? missing.seat : missing.member}
                    </Table.Td>
                    <Table.Td
                      c={row.standing === 'missed' ? 'var(--ward-danger)' : 'var(--mantine-color-text)'}
                      fw={row.standing === 'waiting' ? 600 : 400}
                    >
                      <span aria-hidden="true">{mark}</span> {text}
                    </Table.Td>
                  </Table.Tr>
                )
              })}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {runs && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {whatThen(snapshot)}
        </Text>
      )}
    </Panel>
  )
}

/** What follows where somebody does not come. */
function whatThen({ phase, mode, seats, opening, revealable }: StudySnapshot): string {
  const { whatThen: words } = texts.live.missing
  const spare = seats.length - thresholdOf(seats.length) - 1
  switch (phase) {
    case Phase.Train:
      return words.train
    case Phase.Reveal:
      return revealable ? words.prove : words.draw
    case Phase.Audit:
      return words.prove
    case Phase.Unmask:
      return words.unmask(spare)
    case Phase.Score:
      return mode === Mode.Masked ? words.unmask(spare - sizeOf(BigInt(opening))) : words.seats
    case Phase.Draw:
      return words.draw
    case Phase.Recover:
      return words.recover(thresholdOf(seats.length))
    default:
      return words.seats
  }
}
