import type { AuditOdds } from './plan.ts'

/**
 * What a hospital may do in place of honest training. badStep: one wrong step, in a segment before the last where there are
 * several. replay: the old model, submitted as trained, so that no segment is right. jump: another end of the last segment,
 * where an update that was made up or scaled has to come from. silence: no proof in time.
 */
export type Cheat = 'badStep' | 'replay' | 'jump' | 'silence'
export const cheats: readonly Cheat[] = ['badStep', 'replay', 'jump', 'silence']

/** Chance that a round's audit catches the cheat; p on the pages. @throws RangeError for odds that make no sense */
export function caughtOnce(odds: AuditOdds, cheat: Cheat): number {
  const { drawn, segments } = odds
  switch (cheat) {
    case 'badStep':
      return segments === 1 ? caughtWithBad(odds, 0, true) : caughtWithBad(odds, 1, false)
    case 'replay':
      return caughtWithBad(odds, segments - 1, true)
    case 'jump':
      return caughtWithBad(odds, 0, true)
    case 'silence':
      checkOdds(odds)
      // Whichever segments it is asked for, it does not answer.
      return drawn
  }
}

/**
 * Chance that a hospital with wrong steps in so many segments is caught: drawn, and not all of them missed. Segments
 * before the last are drawn without replacement, the last is always looked at.
 * @param bad segments before the last that are wrong
 * @throws RangeError for odds or a number that make no sense
 */
export function caughtWithBad(odds: AuditOdds, bad: number, lastIsBad: boolean): number {
  checkOdds(odds)
  const { drawn, segments, audited } = odds
  const others = segments - 1
  if (!Number.isInteger(bad) || bad < 0 || bad > others) throw new RangeError(`${bad} of ${others} segments are wrong`)
  if (lastIsBad) return drawn
  let missed = 1
  for (let i = 0; i < audited - 1; i++) missed *= Math.max(0, others - bad - i) / (others - i)
  return drawn * (1 - missed)
}

/** Chance to be caught at least once in rounds that are drawn each for itself. @param chances of each round */
export function caughtOver(chances: readonly number[]): number {
  return 1 - chances.reduce((missed, chance) => missed * (1 - chance), 1)
}

function checkOdds({ drawn, segments, audited, returned }: AuditOdds): void {
  if (!(drawn >= 0 && drawn <= 1)) throw new RangeError(`${drawn} is no chance`)
  if (!(returned >= 0 && returned <= 1)) throw new RangeError(`${returned} is no part of a forfeit`)
  if (!Number.isInteger(segments) || segments < 1) throw new RangeError(`${segments} segments`)
  if (!Number.isInteger(audited) || audited < 1 || audited > segments) {
    throw new RangeError(`${audited} of ${segments} segments cannot be audited`)
  }
}
