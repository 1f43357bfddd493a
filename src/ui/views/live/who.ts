import type { RollRow } from '../../../app/live/missing.ts'
import { nameFor } from '../../../app/people.ts'
import type { HospitalView } from '../../../app/store.ts'

type Known = Pick<HospitalView, 'people' | 'joining' | 'number' | 'name'>

/** A hospital's name; this tab's own as its page calls it. */
export function nameOf(view: Known, row: RollRow): string {
  return row.isMe ? view.name : nameFor(view.people, row.address)
}

/** The number that gives a hospital its colour and shape: that of a shipped hospital, else its place in the study. */
export function markOf(view: Known, row: RollRow): number {
  if (row.isMe && view.number !== null) return view.number
  const name = nameOf(view, row)
  const shipped = view.joining.shipped.find(choice => choice.name === name)
  return (shipped?.index ?? row.index) + 1
}
