import './framed.css'
import { Badge, Progress } from '@mantine/core'
import { readClock } from '../../app/live/clockPhase.ts'
import { shownRound, studyProgress } from '../../app/phases.ts'
import { situationOf } from '../../app/situation.ts'
import type { HospitalView } from '../../app/store.ts'
import { AppError } from '../../errors/AppError.ts'
import { ClockFace } from '../charts/RoundClock.tsx'
import { HospitalMark } from '../components/HospitalMark.tsx'
import { bytes, wholePercent } from '../format.ts'
import { framedNow } from '../texts/kiosk.ts'
import { texts } from '../texts.ts'
import { ownMark } from './live/who.ts'

/** A hospital in a frame of the kiosk's wall, to be read from two metres: nothing to touch, nothing to scroll. */
export function FramedView({ view }: { readonly view: HospitalView }) {
  const { framed } = texts.kiosk
  const { round, study, error, traffic } = view
  const snapshot = round?.snapshot ?? null
  const rounds = study?.rounds ?? 0
  const mark = ownMark(view)
  const shown = snapshot && study && snapshot.round > 0 ? shownRound(snapshot.round, study.manifest) : null
  const reading = readClock(snapshot, round?.task?.type ?? null)
  // A study may end before its last round.
  const share =
    !snapshot || !study
      ? 0
      : reading.isOver
        ? snapshot.completed / rounds
        : studyProgress(snapshot, rounds, study.manifest.standardise)
  return (
    <div className="framed">
      <div className="framed-who">
        {mark !== null && <HospitalMark number={mark} size={28} />}
        <h1>{view.name}</h1>
        <Badge variant="outline" size="lg" tt="none" color="var(--ward-attention)">
          {texts.hospital.demoAccount}
        </Badge>
      </div>
      <p className="framed-now" aria-live="polite" data-failed={error !== null || undefined}>
        {error === null ? framedNow(situationOf(view)) : `■ ${AppError.fromData(error).message}`}
      </p>
      <div className="framed-middle">
        <ClockFace
          reading={reading}
          title={shown === null ? '–' : texts.live.shortRound(shown)}
          {...(rounds > 0 && shown !== 0 && { subtitle: texts.live.ofRounds(rounds) })}
          isBare
        />
        <Gain view={view} />
      </div>
      <div className="framed-foot">
        <Progress value={share * 100} size="lg" aria-label={texts.hospital.rounds(snapshot?.completed ?? 0, rounds)} />
        <p>
          <span>{snapshot !== null && texts.hospital.rounds(snapshot.completed, rounds)}</span>
          <span>{traffic.sent > 0 && framed.sent(bytes(traffic.sent))}</span>
        </p>
      </div>
    </div>
  )
}

/** Both models on the patients that neither has seen, by the newest round that was evaluated here. */
function Gain({ view: { result, round, patients } }: { readonly view: HospitalView }) {
  const { framed } = texts.kiosk
  const latest = result ?? round?.evaluations.at(-1)
  if (latest === undefined) {
    return <p className="framed-soon">{patients === null ? framed.soon : framed.soonWith(patients)}</p>
  }
  const { federated, local } = latest
  return (
    <div>
      <dl className="framed-gain">
        <div>
          <dt>{texts.gain.together}</dt>
          <dd className="framed-together">{wholePercent(federated.accuracy)}</dd>
        </div>
        {local !== null && (
          <div>
            <dt>{texts.gain.alone}</dt>
            <dd>{wholePercent(local.accuracy)}</dd>
          </div>
        )}
      </dl>
      <p className="framed-measured">{framed.measured(federated.patients)}</p>
    </div>
  )
}
