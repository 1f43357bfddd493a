import type { RollRow } from '../../../app/live/missing.ts'
import { nameFor } from '../../../app/people.ts'
import type { HospitalView } from '../../../app/store.ts'

type Known = Pick<HospitalView, 'people' | 'live' | 'name'>

/** A hospital's name; this tab's own as its page calls it. */
export function nameOf(view: Known, row: RollRow): string {
  return row.isMe ? view.name : nameFor(view.people, row.address)
}

/**
 * The numbers that give hospitals their colours and shapes: of demo hospitals their own, the same in every tab; else their
 * places in the study. Never a mixture, in which two would look the same.
 */
export function marksOf(view: Known, roll: readonly RollRow[]): readonly number[] {
  const numbers = roll.map(row => view.live.demoNames.indexOf(nameOf(view, row)) + 1)
  return numbers.includes(0) ? roll.map(({ index }) => index + 1) : numbers
}
