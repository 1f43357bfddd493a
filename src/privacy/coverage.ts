import type { PrivacySpec } from '../study/manifest.ts'
import { charge, type Ledger, type LedgerEntry, spent } from './ledger.ts'
import { roundMechanisms } from './studyPrivacy.ts'

/** A round of a study, and when it is charged. */
export type RoundCharge = Pick<LedgerEntry, 'deployment' | 'study' | 'round' | 'at'>

/** What a round is charged: one entry for training, one more where scores are paid apart. */
export function roundEntries(privacy: PrivacySpec, place: RoundCharge): readonly LedgerEntry[] {
  return roundMechanisms(privacy).map((mechanism, i) => ({
    ...place,
    purpose: i === 0 ? ('training' as const) : ('gradient' as const),
    mechanism,
  }))
}

/**
 * The ledger with a round charged, all of it or nothing.
 * @throws AppError privacy.budgetSpent, privacy.chargedDifferently
 */
export function chargeRound(ledger: Ledger, privacy: PrivacySpec, place: RoundCharge): Ledger {
  return roundEntries(privacy, place).reduce((charged, entry) => charge(charged, entry), ledger)
}

/** ε at the budget's δ of all charges and so many more rounds of a study. */
export function spentWith(ledger: Ledger, privacy: PrivacySpec, rounds: number): number {
  const place = { deployment: '', study: '', round: 0, at: 0, purpose: 'training' as const }
  const more = rounds === 0 ? [] : roundMechanisms(privacy, rounds).map(mechanism => ({ ...place, mechanism }))
  return spent({ ...ledger, entries: [...ledger.entries, ...more] })
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
