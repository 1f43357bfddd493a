import type { AppErrorData } from '../../errors/AppError.ts'
import type { PrivacyAccount } from '../privacy/privacyPort.ts'

/** What is spent of the patients' privacy, in a study with differential privacy. */
export interface PrivacyView {
  /** Null before it was looked up, and where the study has no differential privacy. */
  readonly account: PrivacyAccount | null
  /** The round that the budget did not cover last; null: it covered all that was asked. */
  readonly uncovered: number | null
  /** Why the ledger cannot be used; nothing is shared meanwhile. */
  readonly error: AppErrorData | null
}

export const initialPrivacyView: PrivacyView = { account: null, uncovered: null, error: null }
