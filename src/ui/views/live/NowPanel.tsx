import { Group, Progress, Stack, Text } from '@mantine/core'
import { clockSkew } from '../../../app/live/chainClock.ts'
import { readClock } from '../../../app/live/clockPhase.ts'
import { isDrawing, shownRound, studyProgress } from '../../../app/phases.ts'
import { type Situation, situationOf } from '../../../app/situation.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Phase } from '../../../rounds/ports.ts'
import { RoundClock } from '../../charts/RoundClock.tsx'
import { Panel } from '../../components/Panel.tsx'
import { chartTexts } from '../../texts/charts.ts'
import { clockExplains, clockSentence } from '../../texts/live.ts'
import { progressText, situationText, stageTexts, texts } from '../../texts.ts'
import { useChainNow } from './useChainNow.ts'

/** What happens now: a sentence, the round's clock face, the deadline. */
export function NowPanel({ view }: { readonly view: HospitalView }) {
  const { hospital, live } = texts
  const { round, study, stage } = view
  const snapshot = round?.snapshot ?? null
  const rounds = study?.rounds ?? 0
  const share = snapshot && study ? studyProgress(snapshot, rounds, study.manifest.standardise) : 0
  const reading = readClock(snapshot, round?.task?.type ?? null)
  const shown = snapshot && study && snapshot.round > 0 ? shownRound(snapshot.round, study.manifest) : null
  const name = shown === null ? '' : live.roundName(shown, rounds)
  const phase = reading.phase && chartTexts.clock.phases[reading.phase]
  return (
    <Panel
      question={live.heading}
      answer={
        <Stack gap={0}>
          <Text aria-live="polite">{situationText(withoutCountdown(situationOf(view)), 0)}</Text>
          {/* Kept free between two steps: what is below would jump with each. */}
          {stage === 'running' && (
            <Text size="sm" c="dimmed" mih="1lh">
              {round?.progress && progressText(round.progress)}
            </Text>
          )}
          <Deadline view={view} />
        </Stack>
      }
    >
      <div className="ward-live-now">
        {snapshot !== null && (
          <RoundClock
            reading={reading}
            title={shown === null ? '–' : live.shortRound(shown)}
            {...(rounds > 0 && { subtitle: live.ofRounds(rounds) })}
            sentence={clockSentence(name, phase, reading, chartTexts.clock)}
          />
        )}
        <Stack gap={4} className="ward-live-progress">
          {reading.phase !== null && (
            <Text className="ward-measure ward-live-explains" mb="md">
              {clockExplains(reading.phase, reading.mode)}
            </Text>
          )}
          {snapshot !== null && (
            <Progress value={share * 100} size="lg" aria-label={hospital.rounds(snapshot.completed, rounds)} />
          )}
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {snapshot !== null && hospital.rounds(snapshot.completed, rounds)}
            </Text>
            <Text size="sm" c="dimmed" data-testid="stage">
              {stageTexts[stage]}
            </Text>
          </Group>
        </Stack>
      </div>
    </Panel>
  )
}

/** How long the phase still takes at most, by the chain's clock. */
function Deadline({ view }: { readonly view: HospitalView }) {
  const { deadline } = texts.live
  const { clock } = view.live
  const now = useChainNow(clock)
  const snapshot = view.round?.snapshot ?? null
  const { deadline: until = 0, phase } = snapshot ?? {}
  if (view.stage !== 'running' || now === null || (snapshot !== null && isDrawing(snapshot))) return null
  const skew = clockSkew(clock, performance.now(), Date.now())
  return (
    <>
      {until > 0 && (
        <Text
          component="time"
          size="sm"
          c="dimmed"
          dateTime={new Date(until * 1000).toISOString()}
          title={deadline.exact(until)}
          data-testid="deadline"
        >
          {phase === Phase.Open ? deadline.start(until - now) : deadline.left(until - now)}
        </Text>
      )}
      {skew !== null && (
        <Text size="sm" c="dimmed">
          {deadline.skew(skew)}
        </Text>
      )}
    </>
  )
}

/** The deadline has a line of its own: a countdown in a live region would be read out every second. */
function withoutCountdown(situation: Situation): Situation {
  return 'until' in situation ? { ...situation, until: 0 } : situation
}
