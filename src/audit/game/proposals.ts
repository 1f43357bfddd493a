import { type AuditPlan, BASIS_POINTS } from './plan.ts'

/** How a study is audited, and what a failed audit takes. */
export interface AuditProposal {
  readonly plan: AuditPlan
  /** Part of the stake, in basis points. */
  readonly stakeBps: number
}

/**
 * Half of the hospitals prove their whole round, and two failures use up a stake. What a fault costs, 30 %, would do for four
 * hospitals, but not for two, to whom half of their forfeit comes back.
 */
export const auditInFull: AuditProposal = {
  plan: { hospitalsBps: 5000, segments: 1, audited: 1 },
  stakeBps: 5000,
}

/**
 * Credits that a wrong model is taken to harm by, where a sponsor states nothing else: a little more than a round pays
 * out.
 */
export const proposedHarm = 100

/** Credits that a failed audit takes. @param stake credits */
export function atRiskOf(stake: number, stakeBps: number): number {
  return (stake * stakeBps) / BASIS_POINTS
}
