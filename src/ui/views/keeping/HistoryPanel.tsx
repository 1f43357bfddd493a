import { Button, Group, Table, Text } from '@mantine/core'
import { type HistoryRow, historyCsv } from '../../../app/keeping/history.ts'
import { scoringOf } from '../../../app/scoring.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { creditsText } from '../../wallet/amounts.ts'
import { roundNamer } from './roundNamer.ts'

/** Every round as it went for this hospital, from the chain. */
export function HistoryPanel({ view }: { readonly view: HospitalView }) {
  const { history: words, reading } = texts.keeping
  const { history } = view.keeping
  if (history === null) return <Panel question={words.heading} answer={reading} />
  const { rounds } = history
  const nameRound = roundNamer(view)
  const mine = rounds.filter(({ isParticipant }) => isParticipant)
  const headings = Object.values(words.columns)
  const cells = (row: HistoryRow) => cellsOf(row, nameRound(row.round))
  return (
    <Panel
      question={words.heading}
      answer={words.answer(mine.length, mine.filter(({ hasSubmitted }) => hasSubmitted).length)}
    >
      {rounds.length > 0 && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <section className="ward-table-scroll" aria-label={words.heading} tabIndex={0}>
            <Table verticalSpacing={4} miw={760}>
              <Table.Thead>
                <Table.Tr>
                  {headings.map(heading => (
                    <Table.Th key={heading} scope="col">
                      {heading}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rounds.map(row => {
                  const [name, ...rest] = cells(row)
                  return (
                    <Table.Tr key={row.round}>
                      <Table.Th scope="row" fw={400}>
                        {name}
                      </Table.Th>
                      {rest.map((cell, column) => (
                        <Table.Td
                          key={headings[column + 1]}
                          c={row.forfeit && column === 6 ? 'var(--ward-danger)' : ''}
                        >
                          {cell}
                        </Table.Td>
                      ))}
                    </Table.Tr>
                  )
                })}
              </Table.Tbody>
            </Table>
          </section>
          <Text size="sm" c="dimmed" className="ward-measure">
            {words.scores[(view.study && scoringOf(view.study.manifest)) ?? 'none']}
          </Text>
          <Group>
            <Button
              variant="default"
              onClick={() => save(words.file(view.name), historyCsv(rounds.toReversed(), headings, cells))}
            >
              {words.export}
            </Button>
          </Group>
        </>
      )}
    </Panel>
  )
}

function cellsOf(row: HistoryRow, name: string): readonly string[] {
  const { history: words, reason } = texts.keeping
  return [
    name,
    words.outcomes[row.outcome],
    words.part(row),
    row.hasSubmitted ? words.yes : words.no,
    row.median === null ? words.unknown : words.score(row.median),
    row.isIncluded === null ? words.unknown : row.isIncluded ? words.yes : words.no,
    creditsText(row.reward),
    row.forfeit === null ? words.unknown : `−${creditsText(row.forfeit.amount)}: ${reason(row.forfeit.reason)}`,
  ]
}

function save(name: string, csv: string): void {
  const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has its own hold on the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
