import type { ChainReader } from '../../chain/reads.ts'
import { type Submission, submissionsOf } from '../../chain/submissions.ts'
import { AppError } from '../../errors/AppError.ts'
import { rdpAccountant } from '../../privacy/accountant/rdp.ts'
import { roundEntry } from '../../privacy/coverage.ts'
import { type Ledger, reconcile } from '../../privacy/ledger.ts'
import type { Manifest } from '../../study/manifest.ts'
import { type Address, sameAddress } from '../../study/types.ts'
import type { LedgerRecord, LedgerStore } from './ledgerStore.ts'

/** A reorg may take back what was read so many blocks ago; they are read again. */
const SETTLED_BLOCKS = 64n

export interface MirrorOptions {
  readonly reader: ChainReader
  readonly hospital: Address
  readonly ledgers: LedgerStore
  /** A study's manifest. @throws AppError where nobody has it */
  readonly manifestOf: (study: Address) => Promise<Manifest>
}

/**
 * Completes a hospital's ledger by what the chain knows of it: every update that it sent in a study with differential privacy
 * was paid for by that study's published noise, on whichever computer. So an old copy, a wiped browser or another computer
 * cannot spend a budget twice.
 *
 * @throws AppError privacy.ledgerBehind where the two contradict each other; privacy.unknownStudy where the description of an
 * earlier study is nowhere to be had; chain.unreachable, journal.failed, privacy.badLedger
 */
export function completeLedger({ reader, hospital, ledgers, manifestOf }: MirrorOptions): Promise<LedgerRecord> {
  const deployment = reader.deployment.deploymentId.toLowerCase()
  return ledgers.change(async record => {
    const from = record.nextBlock === null ? BigInt(reader.deployment.block) : BigInt(record.nextBlock)
    const { submissions, nextBlock } = await submissionsOf(reader, hospital, from)
    let { ledger, withoutPrivacy } = record
    for (const [study, rounds] of byStudy(submissions)) {
      if (withoutPrivacy.some(other => sameAddress(other, study))) continue
      const missing = rounds.filter(round => !isCharged(ledger, deployment, study, round))
      if (missing.length === 0) continue
      const { privacy } = await manifestOf(study).catch(cause => {
        throw new AppError('privacy.unknownStudy', { study }, cause)
      })
      if (privacy === undefined) {
        withoutPrivacy = [...withoutPrivacy, study]
        continue
      }
      const at = Math.floor(Date.now() / 1000)
      const place = { deployment, study: study.toLowerCase(), at }
      const entries = missing.map(round => roundEntry(privacy, { ...place, round }))
      const mechanisms = entries.map(({ mechanism }) => mechanism)
      const epsilon = rdpAccountant().epsilon(mechanisms, ledger.budget.delta)
      ledger = reconcile(ledger, { deployment, study: place.study, entries, epsilon })
    }
    const kept = nextBlock - SETTLED_BLOCKS > from ? nextBlock - SETTLED_BLOCKS : from
    return { ledger, withoutPrivacy, nextBlock: String(kept) }
  })
}

function isCharged({ entries }: Ledger, deployment: string, study: Address, round: number): boolean {
  return entries.some(
    entry => entry.deployment === deployment && entry.study === study.toLowerCase() && entry.round === round,
  )
}

function byStudy(submissions: readonly Submission[]): Map<Address, number[]> {
  const rounds = new Map<Address, number[]>()
  for (const { study, round } of submissions) rounds.set(study, [...(rounds.get(study) ?? []), round])
  return rounds
}
