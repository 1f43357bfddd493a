import type { RollRow } from '../../../app/live/missing.ts'
import { nameFor } from '../../../app/people.ts'
import type { HospitalView } from '../../../app/store.ts'
import { type Address, sameAddress } from '../../../study/types.ts'

type Known = Pick<HospitalView, 'people' | 'name'>

/** A hospital's name; this tab's own as its page calls it. */
export function nameOf(view: Known, row: RollRow): string {
  return row.isMe ? view.name : nameFor(view.people, row.address)
}

/**
 * The number that gives a hospital its colour and shape on every page of a study: its place in the order of joining, from 1.
 *
 * @returns null before it has joined
 */
export function markOf(members: readonly Address[] | undefined, address: Address | null): number | null {
  const index = address === null ? -1 : (members?.findIndex(member => sameAddress(member, address)) ?? -1)
  return index < 0 ? null : index + 1
}

/** This tab's own hospital's. */
export function ownMark({
  round,
  joining,
  address,
}: Pick<HospitalView, 'round' | 'joining' | 'address'>): number | null {
  return markOf((round?.snapshot ?? joining.snapshot)?.members, address)
}
