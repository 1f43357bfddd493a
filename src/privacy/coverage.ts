import type { PrivacySpec } from '../study/manifest.ts'
import { charge, type Ledger, type LedgerEntry, spent } from './ledger.ts'
import { roundMechanism } from './studyPrivacy.ts'

/** A round of a study, and when it is charged. */
export type RoundCharge = Pick<LedgerEntry, 'deployment' | 'study' | 'round' | 'at'>

/** What a round is charged. */
export function roundEntry(privacy: PrivacySpec, place: RoundCharge): LedgerEntry {
  return { ...place, purpose: 'training', mechanism: roundMechanism(privacy) }
}

/**
 * The ledger with a round charged.
 * @throws AppError privacy.budgetSpent, privacy.chargedDifferently
 */
export function chargeRound(ledger: Ledger, privacy: PrivacySpec, place: RoundCharge): Ledger {
  return charge(ledger, roundEntry(privacy, place))
}

/** ε at the budget's δ of all charges and so many more rounds of a study. */
export function spentWith(ledger: Ledger, privacy: PrivacySpec, rounds: number): number {
  if (rounds === 0) return spent(ledger)
  const place = { deployment: '', study: '', round: 0, at: 0, purpose: 'training' as const }
  return spent({ ...ledger, entries: [...ledger.entries, { ...place, mechanism: roundMechanism(privacy, rounds) }] })
}

/**
 * How many more rounds of a study the budget covers.
 * @param most not more than this are asked for
 */
export function roundsCovered(ledger: Ledger, privacy: PrivacySpec, most: number): number {
  const isCovered = (rounds: number) => spentWith(ledger, privacy, rounds) <= ledger.budget.epsilon
  let [covered, tooMany] = [0, most + 1]
  // More rounds never cost less.
  while (tooMany - covered > 1) {
    const middle = Math.floor((covered + tooMany) / 2)
    if (isCovered(middle)) covered = middle
    else tooMany = middle
  }
  return covered
}
