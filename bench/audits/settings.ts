import { caughtOnce } from '../../src/audit/game/detection.ts'
import { type AuditOdds, oddsOf } from '../../src/audit/game/plan.ts'
import { atRiskOf, auditInFull } from '../../src/audit/game/proposals.ts'
import type { Game } from '../../src/audit/game/simulate.ts'
import { gainOf, leastAtRisk, type Temptation } from '../../src/audit/game/stakes.ts'
import { heartStudy } from '../../src/study/studies/heart.ts'
import { proven } from '../../src/study/studies/proven.ts'
import type { SuggestedRules } from '../../src/study/studies/StudyPlan.ts'

/** What a bench of audits may vary. */
export interface Assumptions {
  /** Hospitals that the deposit is for. */
  readonly places: number
  /** Credits that a wrong model harms by. */
  readonly harm: number
  /** Hashes that whoever makes a block can throw away. */
  readonly rerolls: number
}

/** A study with the shipped one's own numbers. */
export interface Setting {
  readonly name: string
  readonly rules: SuggestedRules
  readonly game: Game
  readonly odds: AuditOdds
  /** Credits that a fault, such as a missed deadline, takes. */
  readonly fault: number
}

/** The shipped proven study, with so many rounds, and so many of the places taken. */
export function settingOf(name: string, rounds: number, hospitals: number, assumptions: Assumptions): Setting {
  const { rules } = proven(heartStudy({ rounds }))
  const { stake } = rules
  const { hospitalsBps, slashBps } = rules.audits!
  const forfeit = atRiskOf(stake, slashBps)
  const temptation = temptationOf(rules, assumptions, forfeit)
  const { rerolls } = assumptions
  return {
    name,
    rules,
    game: { hospitalsBps, hospitals, rounds, stake, forfeit, temptation, rerolls },
    odds: oddsOf({ ...auditInFull.plan, hospitalsBps }, hospitals),
    fault: atRiskOf(stake, rules.slashBps),
  }
}

/**
 * Of one round.
 * @param pot forfeits of others before it, in credits
 */
export function temptationOf(
  { rewardPerRound, rounds }: SuggestedRules,
  { places, harm }: Assumptions,
  pot = 0,
): Temptation {
  const gain = gainOf({ rewardPerRound, hospitals: places, rounds, halfToFirst: false, pot, harm })
  // Work that costs more than its reward would not be done at all.
  return { gain, saved: rewardPerRound }
}

/** The least that a failed audit has to take for no cheat to pay. */
export function leastFor(odds: AuditOdds, temptation: Temptation): number {
  return leastAtRisk(temptation, caughtOnce(odds, 'badStep'), odds.returned)
}
