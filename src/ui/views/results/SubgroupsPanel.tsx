import { Table, Text } from '@mantine/core'
import type { ResultDetails } from '../../../training/screen.ts'
import { IntervalPlot } from '../../charts/IntervalPlot.tsx'
import { PictureFrame } from '../../charts/PictureFrame.tsx'
import { shareRange } from '../../charts/shareRange.ts'
import { Panel } from '../../components/Panel.tsx'
import { percent, wholePercent } from '../../format.ts'
import { subgroupSentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'
import { Figure } from './GainedPanel.tsx'

interface SubgroupsPanelProps {
  readonly details: ResultDetails
  /** Whether the study names groups. */
  readonly isAsked: boolean
}

/** Accuracy in the groups that the study names, where enough patients are in them. */
export function SubgroupsPanel({ details, isAsked }: SubgroupsPanelProps) {
  const { subgroups: words, alone, together } = texts.results
  const { subgroups, tooSmall } = details
  const range = shareRange(subgroups.flatMap(({ federated, local }) => [federated, local]))
  if (subgroups.length === 0 && tooSmall.length === 0) {
    return isAsked ? null : <Panel question={words.heading} answer={words.notAsked} />
  }
  return (
    <Panel question={words.heading} answer={subgroups.length === 0 ? words.none : undefined}>
      {subgroups.length > 0 && (
        <PictureFrame
          sentence={subgroupSentence(details)}
          picture={
            <IntervalPlot
              groups={subgroups.map(({ name, patients, federated, local }) => ({
                name,
                note: words.patients(patients),
                range,
                format: percent,
                formatAxis: wholePercent,
                marks: [
                  ...(local ? [{ name: alone, value: local, tone: 'quiet' as const }] : []),
                  { name: together, value: federated, tone: 'live' as const },
                ],
              }))}
            />
          }
          table={
            <Table verticalSpacing={4}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{words.group}</Table.Th>
                  {[texts.results.classes.patients, alone, together].map(name => (
                    <Table.Th key={name} scope="col" ta="right">
                      {name}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {subgroups.map(({ name, patients, federated, local }) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row" fw={400}>
                      {name}
                    </Table.Th>
                    <Table.Td ta="right">{patients}</Table.Td>
                    <Figure value={local} format={percent} />
                    <Figure value={federated} format={percent} />
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          }
        />
      )}
      {tooSmall.length > 0 && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.tooSmall(tooSmall)}
        </Text>
      )}
    </Panel>
  )
}
