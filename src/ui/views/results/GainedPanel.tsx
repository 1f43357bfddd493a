import { Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { FEWEST_PATIENTS, verdictOf } from '../../../app/results.ts'
import type { Measured, ResultDetails } from '../../../training/screen.ts'
import { IntervalPlot } from '../../charts/IntervalPlot.tsx'
import { PictureFrame } from '../../charts/PictureFrame.tsx'
import { shareRange } from '../../charts/shareRange.ts'
import { Panel } from '../../components/Panel.tsx'
import { decimal, percent, wholePercent } from '../../format.ts'
import { comparisonSentence, gainHeadline, lossSentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'

interface GainedPanelProps {
  readonly details: ResultDetails
  /** What guessing reaches; null where it is not known. */
  readonly majority: number | null
  /** Which model this is of. */
  readonly children?: ReactNode
}

/** What was gained, in one sentence, then both models side by side with their intervals. */
export function GainedPanel({ details, majority, children }: GainedPanelProps) {
  const { results, gain } = texts
  const loss = lossSentence(details)
  const measures = measuresOf(details)
  return (
    <Panel
      question={results.heading}
      answer={
        <Stack gap={4}>
          <Text size="lg" data-testid="gain" aria-live="polite">
            {gainHeadline(details)}
          </Text>
          {loss && <Text>{loss}</Text>}
        </Stack>
      }
    >
      {children}
      <PictureFrame
        sentence={comparisonSentence(details)}
        picture={
          <IntervalPlot
            groups={measures.map(({ name, range, format, formatAxis, alone, together }) => ({
              name,
              range,
              format,
              formatAxis,
              marks: [
                ...(alone ? [{ name: results.alone, value: alone, tone: 'quiet' as const }] : []),
                { name: results.together, value: together, tone: 'live' as const },
              ],
            }))}
          />
        }
        table={<ComparisonTable measures={measures} />}
      />
      <Text size="sm" c="dimmed" className="ward-measure">
        {majority !== null && `${gain.majority(majority)} `}
        {details.local === null && `${results.aloneMissing} `}
        {details.patients < 2 * FEWEST_PATIENTS && results.few(details.patients)}
      </Text>
    </Panel>
  )
}

interface Measure {
  readonly name: string
  readonly range: readonly [number, number]
  readonly format: (value: number) => string
  readonly formatAxis: (value: number) => string
  readonly alone: Measured | null
  readonly together: Measured
  readonly difference: Measured | null
  readonly isLowerBetter: boolean
}

const twoDecimals = (value: number) => decimal(value, 2)
/** An axis from 0 has its middle at half a tenth at worst. */
const plainDecimal = (value: number) => String(Number(value.toFixed(2)))

function measuresOf({ federated, local, difference }: ResultDetails): Measure[] {
  const { measures } = texts.results
  const losses = [federated.logLoss.high, local?.logLoss.high ?? 0]
  const accuracy: Measure = {
    name: measures.accuracy,
    range: shareRange([federated.accuracy, local?.accuracy ?? null]),
    format: percent,
    formatAxis: wholePercent,
    alone: local?.accuracy ?? null,
    together: federated.accuracy,
    difference: difference?.accuracy ?? null,
    isLowerBetter: false,
  }
  const auc: Measure[] = federated.auc
    ? [
        {
          name: measures.auc,
          range: [0, 1],
          format: twoDecimals,
          formatAxis: plainDecimal,
          alone: local?.auc ?? null,
          together: federated.auc,
          difference: difference?.auc ?? null,
          isLowerBetter: false,
        },
      ]
    : []
  const logLoss: Measure = {
    name: measures.logLoss,
    range: [0, Math.max(0.1, Math.ceil(Math.max(...losses) * 10) / 10)],
    format: twoDecimals,
    formatAxis: plainDecimal,
    alone: local?.logLoss ?? null,
    together: federated.logLoss,
    difference: difference?.logLoss ?? null,
    isLowerBetter: true,
  }
  return [accuracy, ...auc, logLoss]
}

function ComparisonTable({ measures }: { readonly measures: readonly Measure[] }) {
  const { results } = texts
  return (
    <Table verticalSpacing={4} captionSide="top">
      <Table.Caption ta="left">{results.comparisonTable}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{results.measure}</Table.Th>
          {[results.alone, results.together, results.difference].map(name => (
            <Table.Th key={name} scope="col" ta="right">
              {name}
            </Table.Th>
          ))}
          <Table.Th scope="col">{results.meaning}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {measures.map(({ name, format, alone, together, difference, isLowerBetter }) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}>
              {name}
            </Table.Th>
            <Figure value={alone} format={format} />
            <Figure value={together} format={format} />
            <Figure value={difference} format={format} />
            <Table.Td>{difference ? results.verdicts[verdictOf(difference, isLowerBetter)] : '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

interface FigureProps {
  readonly value: Measured | null
  readonly format: (value: number) => string
}

/** A measured value over its interval, as a table's cell. */
export function Figure({ value, format }: FigureProps) {
  return (
    <Table.Td ta="right">
      {value ? format(value.value) : '–'}
      {value && (
        <Text component="span" size="sm" c="dimmed" display="block" style={{ whiteSpace: 'nowrap' }}>
          {texts.model.interval(format(value.low), format(value.high))}
        </Text>
      )}
    </Table.Td>
  )
}
