import { shownRound } from '../../../app/phases.ts'
import type { HospitalView } from '../../../app/store.ts'
import { LineChart } from '../../charts/LineChart.tsx'
import { Panel } from '../../components/Panel.tsx'
import { percent } from '../../format.ts'
import { historySentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'

/** Accuracy round by round, as this tab measured it since it was opened. */
export function HistoryPanel({ view: { round, study, live } }: { readonly view: HospitalView }) {
  const { history, alone, together } = texts.results
  if (round === null || study === null) return null
  const points = round.evaluations
    .map(evaluation => ({
      round: shownRound(evaluation.round, study.manifest),
      accuracy: evaluation.federated.accuracy,
      local:
        evaluation.local?.accuracy ??
        live.curve.find(point => point.round === evaluation.round)?.local?.accuracy ??
        null,
    }))
    .filter((point, i, all) => point.round > 0 && all.findLastIndex(other => other.round === point.round) === i)
  if (points.length === 0) return null
  if (points.length === 1) return <Panel question={history.heading} answer={historySentence(points)} />
  const values = points.flatMap(({ accuracy, local }) => (local === null ? [accuracy] : [accuracy, local]))
  const floor = Math.max(0, Math.floor((Math.min(...values) - 0.05) * 10) / 10)
  return (
    <Panel question={history.heading}>
      <LineChart
        x={points.map(point => point.round)}
        xLabel={history.x}
        yRange={[floor, 1]}
        format={percent}
        sentence={historySentence(points)}
        series={[
          ...(points.some(({ local }) => local !== null)
            ? [
                {
                  name: alone,
                  values: points.map(({ local }) => local),
                  colour: 'var(--mantine-color-dimmed)',
                  width: 1,
                },
              ]
            : []),
          { name: together, values: points.map(({ accuracy }) => accuracy), colour: 'var(--ward-live)' },
        ]}
      />
    </Panel>
  )
}
