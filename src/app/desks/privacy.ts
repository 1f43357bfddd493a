import { readStudy } from '../../chain/reads.ts'
import { isAppError } from '../../errors/AppError.ts'
import { timeLimit } from '../../errors/timeLimit.ts'
import type { PrivacyPort, StudyRef } from '../../rounds/ports.ts'
import type { PrivacySpec } from '../../study/manifest.ts'
import type { Address } from '../../study/types.ts'
import type { HospitalContext } from '../context.ts'
import { indexedDbLedgerStore } from '../privacy/ledgerStore.ts'
import { completeLedger } from '../privacy/mirror.ts'
import { accountOf, createPrivacyPort } from '../privacy/privacyPort.ts'
import { fetchManifest } from '../sponsorStudy.ts'
import { addLog } from '../store.ts'
import type { PrivacyView } from './privacyView.ts'

/** What a person may do about its patients' privacy. */
export interface PrivacyDesk {
  /**
   * Changes how much may be known of each patient, in all studies of this hospital together.
   * @param epsilon above 0
   * @throws AppError journal.failed, privacy.badLedger
   */
  setBudget(epsilon: number): Promise<void>
}

/** The ledger of a hospital in one study with differential privacy. */
export interface PrivacyKeeper {
  /** Completes the ledger by the chain, and shows what the study will cost. Never throws: what is wrong is shown. */
  look(): Promise<void>
  portFor(ref: StudyRef): PrivacyPort
}

/** @param study with its rounds, and how many of them are to come */
export function createPrivacyKeeper(
  context: HospitalContext,
  study: { readonly privacy: PrivacySpec; readonly rounds: number; readonly roundsLeft: () => number },
): PrivacyKeeper & PrivacyDesk {
  const { access, owner, options, parts, store, signal } = context
  const { privacy, rounds, roundsLeft } = study
  const ledgers = indexedDbLedgerStore({ ...owner, chainId: options.site.chainId })
  const show = (change: Partial<PrivacyView>) =>
    store.setState(({ privacy: known }) => ({ privacy: { ...known, ...change } }))
  const manifestOf = async (address: Address) => {
    const [blobs, { modelURI }] = await Promise.all([parts.when('blobs'), readStudy(access, address)])
    return fetchManifest(blobs, modelURI, AbortSignal.any([signal, timeLimit(FETCH_MS)]))
  }
  const complete = async () => {
    try {
      const record = await completeLedger({ reader: access, hospital: owner.address, ledgers, manifestOf })
      show({ account: accountOf(record.ledger, privacy, roundsLeft()), error: null })
    } catch (error) {
      if (isAppError(error)) show({ error: error.toData() })
      throw error
    }
  }
  return {
    look: () =>
      complete().catch(error => {
        if (!isAppError(error)) console.error(error)
      }),
    portFor: ref =>
      createPrivacyPort({
        ledgers,
        privacy,
        ref,
        rounds,
        complete,
        onCharge(account, isCovered) {
          const round = store.getState().round?.snapshot?.round ?? null
          show({ account, uncovered: isCovered ? null : round })
          if (!isCovered)
            addLog(store, 'The privacy budget does not cover this round: nothing was computed.', 'warning')
          else if (account.covered < account.rounds) {
            addLog(
              store,
              'The privacy budget does not cover all coming rounds: this hospital sits those out.',
              'warning',
            )
          }
        },
      }),
    async setBudget(epsilon) {
      const { ledger } = await ledgers.change(async record => ({
        ...record,
        ledger: { ...record.ledger, budget: { ...record.ledger.budget, epsilon } },
      }))
      show({ account: accountOf(ledger, privacy, roundsLeft()) })
    },
  }
}

/** Longest wait for the description of another study. */
const FETCH_MS = 15_000
