import { Table } from '@mantine/core'
import { type ClassFigures, perClass, worstConfusion } from '../../../app/results.ts'
import type { ResultDetails } from '../../../training/screen.ts'
import { ConfusionMatrix } from '../../charts/ConfusionMatrix.tsx'
import { IntervalPlot } from '../../charts/IntervalPlot.tsx'
import { PictureFrame } from '../../charts/PictureFrame.tsx'
import { shareRange } from '../../charts/shareRange.ts'
import { Panel } from '../../components/Panel.tsx'
import { percent, wholePercent } from '../../format.ts'
import { texts } from '../../texts.ts'
import { Figure } from './GainedPanel.tsx'

/** Of several classes: which are taken for which, and how well each is recognised. */
export function ClassesPanel({ details }: { readonly details: ResultDetails }) {
  const { classes: words } = texts.results
  const { confusion } = details.federated
  const worst = worstConfusion(confusion, details.classes)
  const figures = perClass(confusion, details.classes)
  const range = shareRange(figures.flatMap(({ recall, precision }) => [recall, precision]))
  const weakest = figures.reduce<ClassFigures | null>(
    (least, one) => (one.recall && one.recall.value < (least?.recall?.value ?? 2) ? one : least),
    null,
  )
  return (
    <>
      <Panel
        question={words.heading}
        answer={worst ? words.worst(worst.truth, worst.taken, worst.patients) : words.none}
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
        <section className="ward-table-scroll" aria-label={words.heading} tabIndex={0}>
          <ConfusionMatrix
            caption={words.heading}
            corner={words.truth}
            truths={details.classes}
            answers={details.classes}
            counts={confusion}
            right={(row, column) => row === column}
          />
        </section>
      </Panel>
      <Panel question={words.perClass}>
        <PictureFrame
          sentence={weakest?.recall ? words.weakest(weakest.name, weakest.recall.value) : words.none}
          picture={
            <IntervalPlot
              groups={figures.map(({ name, patients, recall, precision }) => ({
                name,
                note: texts.results.subgroups.patients(patients),
                range,
                format: percent,
                formatAxis: wholePercent,
                marks: [
                  { name: words.right, value: precision, tone: 'quiet' },
                  { name: words.recognised, value: recall, tone: 'live' },
                ],
              }))}
            />
          }
          table={
            <Table verticalSpacing={4}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{words.truth}</Table.Th>
                  {[words.patients, words.recognised, words.right].map(name => (
                    <Table.Th key={name} scope="col" ta="right">
                      {name}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {figures.map(({ name, patients, recall, precision }) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row" fw={400}>
                      {name}
                    </Table.Th>
                    <Table.Td ta="right">{patients}</Table.Td>
                    <Figure value={recall} format={percent} />
                    <Figure value={precision} format={percent} />
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          }
        />
      </Panel>
    </>
  )
}
