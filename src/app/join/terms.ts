import {
  type AuditRules,
  accreditationOf,
  balanceOf,
  type ChainReader,
  creditsOf,
  readAuditRules,
  type StudyInfo,
} from '../../chain/reads.ts'
import { toAppError } from '../../chain/reverts.ts'
import { Mode, type StudySnapshot } from '../../rounds/ports.ts'
import type { Address } from '../../study/types.ts'
import type { JoinTerms } from '../desks/joinView.ts'
import { scorePhases } from '../phases.ts'

/**
 * Gas of one hospital's transactions where it carries its own duties and sits on every committee, from
 * contracts/snapshots/four-hospitals.json.
 */
const GAS = {
  /** joinTask by transferAndCall. */
  join: 384_027n,
  /** withdraw. */
  withdraw: 60_701n,
  /** submitUpdate, last of a phase; attest; submitScore; signModel. */
  duties: 62_944n + 82_049n + 93_530n + 108_150n,
  /** A masked round has masks and shares in place of scores, each about as much: one duty more. */
  masked: 93_530n,
  /** Where it scores: postProducts, and what signScored takes more than signModel (scored-seven-hospitals.json). */
  scored: 101_265n + (153_975n - 116_324n),
  /** Proven studies: once; each round; and where the hospital is drawn. */
  prepare: 130_000n,
  reveal: 70_000n,
  prove: 4_500_000n,
  /** What the last of a phase pays more for closing it: of attest, submitScore, signModel (settles). */
  closing: 115_110n - 82_049n + (231_583n - 93_530n) + (429_802n - 108_150n),
} as const
/** Who is last changes. With more hospitals closing costs more, and each is last more seldom. */
const CLOSERS = 4n
const GAS_PER_ROUND = GAS.duties + GAS.closing / CLOSERS

/**
 * Reads what somebody should know before joining.
 *
 * @param snapshot the study as it stands
 * @throws AppError chain.unreachable
 */
export async function readTerms(
  reader: ChainReader,
  { study, sponsor, rules }: StudyInfo,
  snapshot: StudySnapshot,
  self: Address,
): Promise<JoinTerms> {
  const { deployment, publicClient } = reader
  try {
    const [credits, gas, gasPrice, accreditation, held, audits, ...accounts] = await Promise.all([
      creditsOf(reader, self),
      publicClient.getBalance({ address: self }),
      publicClient.getGasPrice(),
      accreditationOf(reader, self),
      creditsOf(reader, study),
      readAuditRules(reader, study),
      ...snapshot.members.map(member => balanceOf(reader, study, member)),
    ])
    const owed = accounts.reduce((sum, { stake, reward }) => sum + stake + reward, 0n)
    const roundsLeft = Math.max(1, rules.rounds - snapshot.completed)
    const rounds = BigInt(roundsLeft + (rules.standardise && snapshot.completed === 0 ? 1 : 0))
    return {
      sponsor,
      stake: rules.stake,
      slashBps: rules.slashBps,
      rewardPerRound: held > owed ? (held - owed) / BigInt(roundsLeft) : 0n,
      rounds: rules.rounds,
      minHospitals: rules.minHospitals,
      maxHospitals: rules.maxHospitals,
      roundSeconds:
        rules.trainSeconds +
        (audits === null ? 0 : audits.revealSeconds + audits.auditSeconds) +
        rules.attestSeconds +
        scorePhases(rules) * rules.scoreSeconds +
        rules.aggregateSeconds,
      trainSeconds: rules.trainSeconds,
      credits,
      gas,
      gasNeeded: gasPrice * (GAS.join + gasPerRound(rules) * rounds + gasOfAudits(audits, rounds) + GAS.withdraw),
      audits,
      isAdmitted: accreditation.isActive,
      name: accreditation.name,
    }
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

/** Of a hospital that is drawn as often as the rules have it. */
function gasOfAudits(audits: AuditRules | null, rounds: bigint): bigint {
  if (audits === null) return 0n
  return GAS.prepare + rounds * (GAS.reveal + (GAS.prove * BigInt(audits.hospitalsBps)) / 10_000n)
}

function gasPerRound({ mode, scored }: Pick<StudyInfo['rules'], 'mode' | 'scored'>): bigint {
  if (mode === Mode.Committee) return GAS_PER_ROUND
  return GAS_PER_ROUND + GAS.masked + (scored ? GAS.scored : 0n)
}
