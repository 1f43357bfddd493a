import { createPublicClient, http } from 'viem'
import { studyAbi } from '../../src/chain/generated/abi.ts'
import { heartStudy } from '../../src/study/studies/heart.ts'
import { masked } from '../../src/study/studies/masked.ts'
import { privately } from '../../src/study/studies/privately.ts'
import { proven } from '../../src/study/studies/proven.ts'
import type { StudyPlan, SuggestedAudits } from '../../src/study/studies/StudyPlan.ts'
import type { Address, Hex } from '../../src/study/types.ts'
import type { Bed } from './deployment.ts'

/**
 * Deadlines for tabs that share two cores with other tests: nobody honest meets them. A test in which somebody is gone for
 * good waits for each, and names shorter ones.
 */
export const shortSeconds = {
  openSeconds: 120,
  trainSeconds: 90,
  attestSeconds: 90,
  scoreSeconds: 90,
  aggregateSeconds: 90,
} as const

/** Heart with few rounds and short deadlines. */
export function shortHeart(rounds: number): StudyPlan {
  const { manifest, rules } = heartStudy({ rounds })
  return { manifest, rules: { ...rules, ...shortSeconds } }
}

/**
 * The same with noise, for each patient in all of its rounds. Tests that run on one chain share their hospitals' accounts of privacy, as
 * studies do: what does not look at accuracy takes a small ε, so that the budget lasts.
 */
export function privateHeart(rounds: number, epsilon: number): StudyPlan {
  return privately(shortHeart(rounds), { epsilon, delta: 1e-4 })
}

/** All protections at once: noise, masks, and half of the parameters a round. */
export function protectedHeart(rounds: number, epsilon: number): StudyPlan {
  const { manifest, rules } = masked(privateHeart(rounds, epsilon))
  return { manifest: { ...manifest, compression: { keep: 0.5 } }, rules }
}

/**
 * The same study proven, with deadlines as unhurried as the others'.
 * @param hospitalsBps part of the hospitals that each round draws
 */
export function provenStudy(
  plan: StudyPlan,
  { hospitalsBps, ...options }: Pick<SuggestedAudits, 'hospitalsBps'> & Parameters<typeof proven>[1],
): StudyPlan {
  const { manifest, rules } = proven(plan, options)
  const { audits: suggested, ...others } = rules
  if (suggested === undefined) throw new TypeError('a proven study without rules of its audits')
  // Some of these hospitals have patients unlike the others': seats may think little of what is honestly learned from them.
  return {
    manifest,
    rules: { ...others, margin: -10_000, audits: { ...suggested, revealSeconds: 90, auditSeconds: 180, hospitalsBps } },
  }
}

export interface SubmittedUpdate {
  readonly round: number
  readonly hospital: Address
  /** sha-256 of the header block. */
  readonly update: Hex
  readonly commitment: Hex
}

/** Every update that a study's contract announced, in the chain's order. */
export async function submittedUpdates(bed: Bed, study: Address): Promise<SubmittedUpdate[]> {
  // From the node itself: a proxy's limits are for hospitals.
  const client = createPublicClient({ transport: http(bed.nodeUrl) })
  const events = await client.getContractEvents({
    address: study,
    abi: studyAbi,
    eventName: 'UpdateSubmitted',
    fromBlock: BigInt(bed.deployment.block),
    strict: true,
  })
  return events.map(({ args }) => args)
}
