import { suggestedStakes } from '../../study/studies/StudyPlan.ts'
import { type AuditPlan, BASIS_POINTS } from './plan.ts'

/** How a study is audited, and what a failed audit costs. */
export interface AuditProposal {
  readonly plan: AuditPlan
  /** Part of the stake, in basis points. */
  readonly stakeBps: number
}

/** For models of which a drawn hospital proves every step: logistic regression, a small hidden layer. */
export const auditInFull: AuditProposal = {
  plan: { hospitalsBps: 5000, segments: 8, audited: 8 },
  stakeBps: suggestedStakes.slashBps,
}

/**
 * For models that are too large for that. A wrong step is caught in three rounds of fourteen, so that nothing less than
 * the stake deters.
 */
export const auditInPart: AuditProposal = {
  plan: { hospitalsBps: 5000, segments: 8, audited: 4 },
  stakeBps: BASIS_POINTS,
}

/**
 * Credits that a wrong model is taken to harm by, where a sponsor states nothing else: a little more than a round pays
 * out.
 */
export const proposedHarm = 100

/** Credits that a failed audit costs. @param stake credits */
export function atRiskOf(stake: number, stakeBps: number): number {
  return (stake * stakeBps) / BASIS_POINTS
}
