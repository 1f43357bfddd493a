import { shownRound } from '../../../app/phases.ts'
import type { HospitalView } from '../../../app/store.ts'
import { texts } from '../../texts.ts'

/** Names rounds as people count them, from the contract's numbers. */
export function roundNamer({ study }: Pick<HospitalView, 'study'>): (round: number) => string {
  return round => (study ? texts.live.roundName(shownRound(round, study.manifest), 0) : String(round))
}
