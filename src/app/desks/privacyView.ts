import { thresholdOf } from '../../aggregation/masking/round.ts'
import type { AppErrorData } from '../../errors/AppError.ts'
import type { Manifest } from '../../study/manifest.ts'
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

/** What masks leave open, and to whom. */
export interface MaskedExposure {
  /** Patients in a step of the public weight; null: all hospitals weigh the same. */
  readonly step: number | null
  /** So many committee members together could take the masks off single updates; null before a round runs. */
  readonly colluding: number | null
  /** Whether a round can do without a committee member; else none is checked, either. */
  readonly hasSpare: boolean
}

/** From four seats on one may be missing or drawn: of m at most m − ⌈m/2⌉ − 1. */
const SPARE_FROM = 4

/**
 * What others can find out in a masked study; null where a committee sees the updates.
 *
 * @param seats of the running round; 0: none runs
 * @param minHospitals that the study can start with
 */
export function maskedExposure(
  { masking, privacy, patientsPerWeight }: Pick<Manifest, 'masking' | 'privacy' | 'patientsPerWeight'>,
  seats: number,
  minHospitals: number,
): MaskedExposure | null {
  if (masking === undefined) return null
  return {
    step: privacy !== undefined || patientsPerWeight === 0 ? null : patientsPerWeight,
    colluding: seats > 0 ? thresholdOf(seats) : null,
    hasSpare: (seats > 0 ? seats : minHospitals) >= SPARE_FROM,
  }
}
