import { Table } from '@mantine/core'
import type { CalibrationBin, ResultDetails } from '../../../training/screen.ts'
import { LineChart } from '../../charts/LineChart.tsx'
import { Panel } from '../../components/Panel.tsx'
import { percent, wholePercent } from '../../format.ts'
import { calibrationSentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'
import { Figure } from './GainedPanel.tsx'

/** What the model said against what happened, with intervals. */
export function CalibrationPanel({ details }: { readonly details: ResultDetails }) {
  const { calibration } = texts.results
  const bins = (details.federated.calibration ?? []).filter(({ patients }) => patients > 0)
  if (bins.length === 0) return null
  return (
    <Panel question={calibration.heading}>
      <div style={{ maxWidth: 720 }}>
        <LineChart
          x={bins.map(({ predicted }) => predicted)}
          xRange={[0, 1]}
          yRange={[0, 1]}
          xLabel={calibration.x}
          yLabel={calibration.y}
          height={320}
          format={wholePercent}
          formatX={wholePercent}
          sentence={calibrationSentence(details.federated)}
          series={[
            {
              name: calibration.ideal,
              x: [0, 1],
              values: [0, 1],
              colour: 'var(--mantine-color-dimmed)',
              width: 1,
              dash: [4, 4],
            },
            {
              name: calibration.observed,
              values: bins.map(({ observed }) => observed.value),
              colour: 'var(--ward-live)',
              band: { low: bins.map(({ observed }) => observed.low), high: bins.map(({ observed }) => observed.high) },
            },
          ]}
          table={<BinTable bins={bins} />}
        />
      </div>
    </Panel>
  )
}

function BinTable({ bins }: { readonly bins: readonly CalibrationBin[] }) {
  const { table } = texts.results.calibration
  return (
    <Table verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{table.band}</Table.Th>
          {[table.patients, table.predicted, table.observed].map(name => (
            <Table.Th key={name} scope="col" ta="right">
              {name}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {bins.map(({ from, to, patients, predicted, observed }) => (
          <Table.Tr key={from}>
            <Table.Th scope="row" fw={400}>
              {texts.model.interval(wholePercent(from), wholePercent(to))}
            </Table.Th>
            <Table.Td ta="right">{patients}</Table.Td>
            <Table.Td ta="right">{percent(predicted)}</Table.Td>
            <Figure value={observed} format={percent} />
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
