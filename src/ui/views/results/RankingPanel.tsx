import { Table } from '@mantine/core'
import type { ResultDetails, RocPoint } from '../../../training/screen.ts'
import { LineChart } from '../../charts/LineChart.tsx'
import { Panel } from '../../components/Panel.tsx'
import { decimal, percent, wholePercent } from '../../format.ts'
import { rankingSentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'

/** The ROC curves, with the chosen threshold marked. */
export function RankingPanel({ details, outcome }: { readonly details: ResultDetails; readonly outcome: string }) {
  const { ranking, alone, together } = texts.results
  const { federated, local } = details
  if (federated.roc === null || federated.auc === null) {
    return <Panel question={ranking.heading} answer={ranking.none} />
  }
  const curve = (name: string, roc: readonly RocPoint[], style: { colour: string; width: number }) => {
    const points = roc
      .map(({ sensitivity, specificity }) => ({ x: 1 - specificity, y: sensitivity }))
      .sort((a, b) => a.x - b.x || a.y - b.y)
    return { name, x: points.map(({ x }) => x), values: points.map(({ y }) => y), ...style }
  }
  const { chosen } = federated
  const at = chosen && 1 - chosen.specificity.value
  return (
    <Panel question={ranking.heading}>
      <div style={{ maxWidth: 720 }}>
        <LineChart
          x={[0, 1]}
          xRange={[0, 1]}
          yRange={[0, 1]}
          xLabel={ranking.x}
          yLabel={ranking.y}
          height={360}
          format={wholePercent}
          formatX={wholePercent}
          sentence={rankingSentence(federated, outcome)}
          series={[
            {
              name: ranking.chance,
              values: [0, 1],
              colour: 'var(--mantine-color-default-border)',
              width: 1,
              dash: [4, 4],
            },
            ...(local?.roc ? [curve(alone, local.roc, { colour: 'var(--mantine-color-dimmed)', width: 1 })] : []),
            curve(together, federated.roc, { colour: 'var(--ward-live)', width: 2 }),
            ...(chosen && at !== null
              ? [
                  {
                    name: `${ranking.chosen} ${wholePercent(chosen.threshold)}`,
                    x: [at, at],
                    values: [0, chosen.sensitivity.value],
                    colour: 'var(--ward-attention)',
                    width: 2,
                    dash: [4, 3],
                  },
                ]
              : []),
          ]}
          table={<RocTable roc={federated.roc} />}
        />
      </div>
    </Panel>
  )
}

function RocTable({ roc }: { readonly roc: readonly RocPoint[] }) {
  const { table } = texts.results.ranking
  return (
    <Table verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{table.threshold}</Table.Th>
          <Table.Th scope="col" ta="right">
            {table.sensitivity}
          </Table.Th>
          <Table.Th scope="col" ta="right">
            {table.falseAlarms}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {roc.map(({ threshold, sensitivity, specificity }, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: thresholds may come twice, and rows never move
          <Table.Tr key={row}>
            <Table.Td>{Number.isFinite(threshold) ? decimal(threshold, 2) : '–'}</Table.Td>
            <Table.Td ta="right">{percent(sensitivity)}</Table.Td>
            <Table.Td ta="right">{percent(1 - specificity)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
