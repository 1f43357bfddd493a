import { Stack, Text, Title } from '@mantine/core'
import { rangeOf } from '../../../app/live/curve.ts'
import { shownRound } from '../../../app/phases.ts'
import type { HospitalView } from '../../../app/store.ts'
import type { ChartSeries } from '../../charts/chartRows.ts'
import { LineChart } from '../../charts/LineChart.tsx'
import { Panel } from '../../components/Panel.tsx'
import { percent } from '../../format.ts'
import { texts } from '../../texts.ts'

const wholePercent = (share: number) => percent(share)
const threeDecimals = (value: number) => value.toFixed(3)

/** Both models by round on this hospital's held-out patients, and the loss of the training that runs. */
export function GainSoFarPanel({ view }: { readonly view: HospitalView }) {
  const { gain } = texts.live
  const { curve, loss } = view.live
  const manifest = view.study?.manifest
  const nameRound = (round: number) => (manifest ? shownRound(round, manifest) : round)
  if (curve.length === 0 && loss === null) return <Panel question={gain.heading} answer={gain.soon} />
  const rounds = curve.map(({ round }) => nameRound(round))
  const both = (measure: 'accuracy' | 'logLoss') => ({
    together: curve.map(({ federated }) => federated?.[measure] ?? null),
    alone: curve.map(({ local }) => local?.[measure] ?? null),
  })
  const [accuracy, logLoss] = [both('accuracy'), both('logLoss')]
  const hasAlone = accuracy.alone.some(value => value !== null)
  const lines = ({ together, alone }: ReturnType<typeof both>): ChartSeries[] => [
    { name: gain.together, values: together, colour: 'var(--ward-live)' },
    ...(hasAlone ? [{ name: gain.alone, values: alone, colour: 'var(--mantine-color-dimmed)', width: 1 }] : []),
  ]
  const points = curve.map(({ federated, local }) => ({
    together: federated?.accuracy ?? null,
    alone: local?.accuracy ?? null,
  }))
  const last = curve.at(-1)
  return (
    <Panel question={gain.heading} answer={answerOf(view)}>
      {curve.length > 0 && (
        <div className="ward-live-charts">
          <Stack gap={4} data-testid="accuracy-curve">
            <Title order={3}>{gain.accuracyTitle}</Title>
            <LineChart
              x={rounds}
              series={lines(accuracy)}
              xLabel={gain.round}
              yRange={rangeOf([...accuracy.together, ...accuracy.alone], 0.1, [0, 1])}
              format={wholePercent}
              formatX={texts.live.shortRound}
              height={220}
              sentence={gain.accuracy(points)}
            />
          </Stack>
          <Stack gap={4} data-testid="loss-curve">
            <Title order={3}>{gain.lossTitle}</Title>
            <LineChart
              x={rounds}
              series={lines(logLoss)}
              xLabel={gain.round}
              yRange={rangeOf([...logLoss.together, ...logLoss.alone], 0.1, [0, Number.POSITIVE_INFINITY])}
              format={threeDecimals}
              formatX={texts.live.shortRound}
              height={220}
              sentence={gain.logLoss(last?.federated?.logLoss ?? null, last?.local?.logLoss ?? null)}
            />
          </Stack>
        </div>
      )}
      {view.stage === 'running' && loss !== null && loss.steps.length > 1 && (
        <Stack gap={4} data-testid="live-loss">
          <Title order={3}>{gain.liveTitle}</Title>
          <LineChart
            x={loss.steps}
            series={[{ name: gain.loss, values: loss.losses, colour: 'var(--ward-live)', width: 1 }]}
            xLabel={gain.batch}
            yRange={rangeOf(loss.losses, 0.2, [0, Number.POSITIVE_INFINITY])}
            format={threeDecimals}
            height={160}
            sentence={gain.live(
              texts.live.roundName(nameRound(loss.round), view.study?.rounds ?? 0),
              loss.steps.at(-1) ?? 0,
              loss.losses.at(-1) ?? 0,
            )}
          />
        </Stack>
      )}
      <Text size="sm" c="dimmed" className="ward-measure">
        {gain.since} {texts.researchUse}
      </Text>
    </Panel>
  )
}

/** Whether it was worth it, in one line, by the newest round that was evaluated. */
function answerOf({ round, result }: HospitalView): string {
  const latest = result ?? round?.evaluations.at(-1)
  if (latest === undefined) return texts.live.gain.soon
  const { federated, local, majorityAccuracy } = latest
  if (local === null) return texts.gain.none(majorityAccuracy)
  return texts.gain.difference(federated.accuracy, local.accuracy, federated.patients)
}
