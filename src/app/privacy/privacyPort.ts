import { isAppError } from '../../errors/AppError.ts'
import { chargeRound, roundsCovered, spentWith } from '../../privacy/coverage.ts'
import { type Ledger, spent } from '../../privacy/ledger.ts'
import type { PrivacyPort, StudyRef } from '../../rounds/ports.ts'
import type { PrivacySpec } from '../../study/manifest.ts'
import type { LedgerStore } from './ledgerStore.ts'

/** What a hospital's page shows of its account of privacy in one study. ε at the budget's δ. */
export interface PrivacyAccount {
  readonly budget: { readonly epsilon: number; readonly delta: number }
  /** By all studies so far. */
  readonly spent: number
  /** With every round of this study that is still to come. */
  readonly atTheEnd: number
  /** What the next round adds. */
  readonly nextRound: number
  /** Rounds to come, and how many of them the budget covers. */
  readonly rounds: number
  readonly covered: number
}

/** @param rounds of the study that are still to come */
export function accountOf(ledger: Ledger, privacy: PrivacySpec, rounds: number): PrivacyAccount {
  const before = spent(ledger)
  return {
    budget: ledger.budget,
    spent: before,
    atTheEnd: spentWith(ledger, privacy, rounds),
    nextRound: spentWith(ledger, privacy, Math.min(1, rounds)) - before,
    rounds,
    covered: roundsCovered(ledger, privacy, rounds),
  }
}

export interface PrivacyPortOptions {
  readonly ledgers: LedgerStore
  readonly privacy: PrivacySpec
  readonly ref: StudyRef
  /** Rounds of the study in all. */
  readonly rounds: number
  /** Before the first charge: sees that the ledger is whole. What it throws keeps the patients untouched. */
  readonly complete?: () => Promise<unknown>
  /** Told after each charge, and each refusal. */
  readonly onCharge?: (account: PrivacyAccount, isCovered: boolean) => void
}

/** Charges a study's rounds to a hospital's ledger. */
export function createPrivacyPort({
  ledgers,
  privacy,
  ref,
  rounds,
  complete,
  onCharge,
}: PrivacyPortOptions): PrivacyPort {
  const place = { deployment: ref.deployment.toLowerCase(), study: ref.study.toLowerCase() }
  let completing: Promise<unknown> | null = null
  const whole = () => {
    completing ??= (complete?.() ?? Promise.resolve()).catch(error => {
      // Asked again the next time.
      completing = null
      throw error
    })
    return completing
  }
  return {
    async charge(round, completed) {
      await whole()
      const at = Math.floor(Date.now() / 1000)
      let isCovered = true
      const { ledger } = await ledgers.change(async record => {
        try {
          return { ...record, ledger: chargeRound(record.ledger, privacy, { ...place, round, at }) }
        } catch (error) {
          if (!isAppError(error, 'privacy.budgetSpent')) throw error
          isCovered = false
          return record
        }
      })
      const account = accountOf(ledger, privacy, Math.max(0, rounds - completed - 1))
      onCharge?.(account, isCovered)
      const uncovered = Array.from(
        { length: account.rounds - account.covered },
        (_, i) => round + account.covered + 1 + i,
      )
      return { isCovered, uncovered }
    },
  }
}
