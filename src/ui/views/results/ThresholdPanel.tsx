import { Button, Group, SegmentedControl, Slider, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { countsAt, plainCounts } from '../../../app/results.ts'
import type { ModelDetails, ResultDetails } from '../../../training/screen.ts'
import { ConfusionMatrix } from '../../charts/ConfusionMatrix.tsx'
import { IntervalPlot } from '../../charts/IntervalPlot.tsx'
import { PictureFrame } from '../../charts/PictureFrame.tsx'
import { Panel } from '../../components/Panel.tsx'
import { percent, wholePercent } from '../../format.ts'
import { chosenSentence, countsSentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'
import { Figure } from './GainedPanel.tsx'

interface ThresholdPanelProps {
  readonly details: ResultDetails
  /** In a sentence: "heart disease". */
  readonly outcome: string
}

/** Who is found and who is missed, at a threshold that the person moves; then what was chosen without looking at these patients. */
export function ThresholdPanel({ details, outcome }: ThresholdPanelProps) {
  const { threshold: words, alone, together } = texts.results
  const [which, setWhich] = useState<'federated' | 'local'>('federated')
  const model = (which === 'local' && details.local) || details.federated
  const chosen = model.chosen?.threshold ?? 0.5
  const [moved, setMoved] = useState<number | null>(null)
  const threshold = moved ?? Math.round(chosen * 100)
  const counts = countsAt(model, threshold / 100)
  if (counts === undefined) return null
  const plain = plainCounts(counts)
  return (
    <Panel
      question={words.heading}
      answer={
        <Text aria-live="polite" data-testid="counts">
          {countsSentence(plain, outcome)}
        </Text>
      }
    >
      {details.local && (
        <SegmentedControl
          aria-label={words.whichModel}
          value={which}
          onChange={value => setWhich(value === 'local' ? 'local' : 'federated')}
          data={[
            { value: 'federated', label: together },
            { value: 'local', label: alone },
          ]}
          w="fit-content"
        />
      )}
      <Stack gap={4} maw={560} mb="lg">
        <Text size="sm" id="threshold-label">
          {words.slider} <strong>({words.value(threshold / 100)})</strong>
        </Text>
        <Slider
          mx={8}
          className="ward-slider"
          value={threshold}
          onChange={setMoved}
          min={0}
          max={100}
          step={1}
          thumbSize={24}
          thumbLabel={words.slider}
          thumbValueText={value => words.value(value / 100)}
          label={null}
          marks={[
            { value: 0, label: '0 %' },
            { value: Math.round(chosen * 100), label: words.noMark },
            { value: 100, label: '100 %' },
          ]}
        />
      </Stack>
      {moved !== null && moved !== Math.round(chosen * 100) && (
        <Group>
          <Button variant="subtle" size="compact-sm" onClick={() => setMoved(null)}>
            {words.back}
          </Button>
        </Group>
      )}
      <div className="ward-table-scroll">
        <ConfusionMatrix
          caption={countsSentence(plain, outcome)}
          corner={words.truth}
          truths={[texts.model.withOutcome(outcome), texts.model.withoutOutcome]}
          answers={[words.saysYes, words.saysNo]}
          counts={[
            [plain.found, plain.missed],
            [plain.alarmed, plain.cleared],
          ]}
          right={(row, column) => row === column}
          words={[
            [words.cells.found, words.cells.missed],
            [words.cells.alarmed, words.cells.cleared],
          ]}
        />
      </div>
      <Chosen details={details} outcome={outcome} />
    </Panel>
  )
}

/** Sensitivity and specificity at thresholds that no held-out patient had a say in. */
function Chosen({ details: { federated, local }, outcome }: ThresholdPanelProps) {
  const { threshold: words, alone, together } = texts.results
  const { chosen } = federated
  if (chosen === null) return null
  const rows = [
    { name: words.sensitivity, of: (model: ModelDetails) => model.chosen?.sensitivity ?? null },
    { name: words.specificity, of: (model: ModelDetails) => model.chosen?.specificity ?? null },
  ]
  return (
    <Stack gap="sm">
      <Text size="sm">{words.chosenAt(chosen.threshold)}</Text>
      <PictureFrame
        sentence={chosenSentence(federated, outcome)}
        picture={
          <IntervalPlot
            groups={rows.map(({ name, of }) => ({
              name,
              range: [0, 1],
              format: percent,
              formatAxis: wholePercent,
              marks: [
                ...(local ? [{ name: alone, value: of(local), tone: 'quiet' as const }] : []),
                { name: together, value: of(federated), tone: 'live' as const },
              ],
            }))}
          />
        }
        table={
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{texts.results.measure}</Table.Th>
                <Table.Th scope="col" ta="right">
                  {alone}
                </Table.Th>
                <Table.Th scope="col" ta="right">
                  {together}
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ name, of }) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={400}>
                    {name}
                  </Table.Th>
                  <Figure value={local && of(local)} format={percent} />
                  <Figure value={of(federated)} format={percent} />
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        }
      />
    </Stack>
  )
}
