import { type Cheat, caughtOnce, cheats } from './detection.ts'
import { type AuditOdds, BASIS_POINTS } from './plan.ts'

/** What a cheat is about, in credits. */
export interface Temptation {
  /** What an undetected cheat brings: see gainOf. */
  readonly gain: number
  /** What it saves whether it is caught or not, such as the work of training. */
  readonly saved: number
}

/** What a round may be worth to a cheat, in credits. */
export interface RoundWorth {
  readonly rewardPerRound: number
  /** The most that the study takes: the deposit is made for so many. */
  readonly hospitals: number
  readonly rounds: number
  /** The rewards of all rounds are paid at the end, half of them to the first. */
  readonly halfToFirst: boolean
  /** All forfeits so far. Paid out at the end by the scores of all rounds, of which this is one. 0 by default. */
  readonly pot?: number
  /** What a wrong model does beyond the rewards, as the sponsor states it. */
  readonly harm: number
}

/**
 * The most that one round's cheat is taken to bring: all that the round pays, its part of all forfeits, and the harm.
 * Where the first takes half of the deposit, one round may decide about all of it.
 */
export function gainOf({ rewardPerRound, hospitals, rounds, halfToFirst, pot = 0, harm }: RoundWorth): number {
  return rewardPerRound * hospitals * (halfToFirst ? rounds : 1) + pot / rounds + harm
}

/**
 * The least that a failed audit must take for the cheat not to pay on average: (gain·(1 − p) + saved)/(p·(1 − w)).
 * @param caught p, the chance to be caught
 * @param returned w, the part of its forfeit that comes back to a hospital
 * @returns credits; Infinity where nobody is ever caught, or all comes back
 */
export function leastAtRisk({ gain, saved }: Temptation, caught: number, returned = 0): number {
  const lost = caught * (1 - returned)
  return lost === 0 ? Number.POSITIVE_INFINITY : (gain * (1 - caught) + saved) / lost
}

/**
 * The gain at which a cheat breaks even. Below 0 where what it saves alone is worth the risk.
 * @param atRisk what a failed audit takes
 * @returns credits; Infinity where every cheat is caught and costs more than it saves
 */
export function largestGain(atRisk: number, saved: number, caught: number, returned = 0): number {
  const left = atRisk * (1 - returned) * caught - saved
  if (caught < 1) return left / (1 - caught)
  return left >= 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
}

/** What a cheat wins on average, less what it loses: below 0 where it does not pay. Credits a round. */
export function meanBalance({ gain, saved }: Temptation, atRisk: number, caught: number, returned = 0): number {
  return (1 - caught) * gain + saved - caught * atRisk * (1 - returned)
}

/** The chance to be caught from which on the cheat does not pay; above 1 where no audit suffices. */
export function leastCaught({ gain, saved }: Temptation, atRisk: number, returned = 0): number {
  return (gain + saved) / (gain + atRisk * (1 - returned))
}

/** The fewest segments to audit for the cheat not to pay; null: all of them do not suffice. */
export function leastAudited(odds: AuditOdds, cheat: Cheat, temptation: Temptation, atRisk: number): number | null {
  for (let audited = 1; audited <= odds.segments; audited++) {
    if (isDeterred({ ...odds, audited }, cheat, temptation, atRisk)) return audited
  }
  return null
}

/** The smallest share of hospitals to draw for the cheat not to pay, in basis points; null: all do not suffice. */
export function leastHospitalsBps(
  odds: AuditOdds,
  cheat: Cheat,
  temptation: Temptation,
  atRisk: number,
): number | null {
  const whenDrawn = caughtOnce({ ...odds, drawn: 1 }, cheat)
  if (whenDrawn === 0) return null
  const bps = Math.max(
    1,
    Math.ceil((leastCaught(temptation, atRisk, odds.returned) / whenDrawn) * BASIS_POINTS - ROUNDING),
  )
  return bps <= BASIS_POINTS ? bps : null
}

/** A cheat that would pay, with all that it takes to say what to change. */
export interface CheatWarning {
  /** neverCaught: at no stake would it be deterred. */
  readonly code: 'cheatingWouldPay' | 'neverCaught'
  readonly cheat: Cheat
  /** Chance to be caught in a round. */
  readonly caught: number
  readonly gain: number
  /** Credits that a failed audit takes now. */
  readonly atRisk: number
  /** Credits it should take at least, with these audits; Infinity where that does not help. */
  readonly leastAtRisk: number
  /** The gain up to which these audits and this stake suffice. */
  readonly largestGain: number
  /** Segments to audit at least, all else unchanged; null: more of them do not suffice. */
  readonly leastAudited: number | null
  /** Basis points of hospitals to draw at least, all else unchanged; null: more of them do not suffice. */
  readonly leastHospitalsBps: number | null
}

/**
 * Cheats that would pay on average, for a sponsor who has not started the study yet. None where all of them lose.
 * @param atRisk credits that a failed audit takes
 */
export function cheatWarnings(odds: AuditOdds, temptation: Temptation, atRisk: number): CheatWarning[] {
  return cheats
    .filter(cheat => !isDeterred(odds, cheat, temptation, atRisk))
    .map(cheat => {
      const caught = caughtOnce(odds, cheat)
      return {
        code: caught === 0 ? 'neverCaught' : 'cheatingWouldPay',
        cheat,
        caught,
        gain: temptation.gain,
        atRisk,
        leastAtRisk: leastAtRisk(temptation, caught, odds.returned),
        largestGain: largestGain(atRisk, temptation.saved, caught, odds.returned),
        leastAudited: leastAudited(odds, cheat, temptation, atRisk),
        leastHospitalsBps: leastHospitalsBps(odds, cheat, temptation, atRisk),
      }
    })
}

/** Far below a basis point, and above what the division is off by. */
const ROUNDING = 1e-9

function isDeterred(odds: AuditOdds, cheat: Cheat, temptation: Temptation, atRisk: number): boolean {
  // A relative margin: at exactly the least stake the two sides differ by rounding alone.
  return atRisk >= leastAtRisk(temptation, caughtOnce(odds, cheat), odds.returned) * (1 - ROUNDING)
}
