import { AppError } from '../../errors/AppError.ts'
import { type FrozenHospital, sameSet, sumsHide } from './freeze.ts'
import { type MaskedRound, openableSeeds, seededSeats } from './round.ts'

/**
 * What was opened of one vector in one round, and what may still be. A seat journals it before it acts, the contract keeps the
 * same; plain data, each step gives a new one. Void is final: nothing of the round opens after it.
 */
export interface Openings {
  readonly state: 'collecting' | 'frozen' | 'posted' | 'void'
  /** From the freeze on. */
  readonly set: readonly FrozenHospital[]
  /** In the order in which they were opened. */
  readonly openedSeats: readonly OpenedSeat[]
}

/** A seat whose seeds were opened, and why: nobody heard of it, or it was checked (drawn, or after a sum out of range). */
export interface OpenedSeat {
  readonly seat: number
  readonly reason: 'vanished' | 'checked'
}

export const noOpenings: Openings = { state: 'collecting', set: [], openedSeats: [] }

/**
 * The set is frozen: once. Another set afterwards, by a reorg or a lying RPC, makes the round void.
 * @param set as the contract froze it; undefined where it found the round void
 */
export function recordFreeze(openings: Openings, set: readonly FrozenHospital[] | undefined): Openings {
  if (set === undefined || !sumsHide(set.map(({ weight }) => weight))) {
    return recordVoid(openings)
  }
  if (openings.state === 'collecting') return { ...openings, state: 'frozen', set }
  return sameSet(openings.set, set) ? openings : recordVoid(openings)
}

/** The round opens nothing any more: its set fell apart, a seat lied, or too many seats are gone. */
export function recordVoid(openings: Openings): Openings {
  return { ...openings, state: 'void' }
}

/**
 * This seat is about to post its sum of masks over the frozen set. Again for the same set changes nothing: the same bytes go out
 * after a reload.
 * @param views the final set by each RPC that was asked: two at least, and all must agree with what was frozen
 * @throws AppError masking.notFinal: not yet
 * @throws AppError masking.openedBefore: over another set, or after the round became void
 */
export function recordPost(openings: Openings, views: readonly (readonly FrozenHospital[])[]): Openings {
  if (openings.state === 'void') throw new AppError('masking.openedBefore')
  if (openings.state === 'posted') {
    if (views.every(view => sameSet(view, openings.set))) return openings
    throw new AppError('masking.openedBefore')
  }
  const agreed = views.length >= 2 && views.every(view => sameSet(view, openings.set))
  if (openings.state !== 'frozen' || !agreed) throw new AppError('masking.notFinal')
  return { ...openings, state: 'posted' }
}

/**
 * A seat's seeds are opened, by itself or from the backups. Each counts, for every hospital of the set, whatever it is for; the
 * same seat again counts once. At most m − t − 1 seats may vanish, so that one can be drawn after that wherever the hospitals'
 * own limits leave room: see openableSeeds.
 * @throws AppError masking.tooManyOpened where some hospital's seeds would come too close to being known whole
 * @throws AppError masking.openedBefore where no set is frozen, or the round is void
 */
export function recordOpenedSeat(
  openings: Openings,
  round: Pick<MaskedRound, 'seats' | 'threshold'>,
  opened: OpenedSeat,
): Openings {
  const { state, set, openedSeats } = openings
  if (state !== 'frozen' && state !== 'posted') throw new AppError('masking.openedBefore')
  if (round.seats[opened.seat] === undefined) throw new RangeError(`no seat ${opened.seat}`)
  if (openedSeats.some(({ seat }) => seat === opened.seat)) return openings
  const after = [...openedSeats, opened]
  const vanished = after.filter(({ reason }) => reason === 'vanished').length
  if (vanished > round.seats.length - round.threshold - 1) throw new AppError('masking.tooManyOpened')
  for (const { hospital } of set) {
    const seeded = seededSeats(round, hospital)
    if (after.filter(({ seat }) => seeded.includes(seat)).length > openableSeeds(round, hospital)) {
      throw new AppError('masking.tooManyOpened')
    }
  }
  return { ...openings, openedSeats: after }
}
