import type { Manifest } from '../manifest.ts'

/**
 * A manifest with the contract rules that fit it, as plain data. IStudy.Rules in people's units: whole credits and seconds.
 * What depends on the deployment (who may join, how many seats) is the sponsor's to add.
 */
export interface StudyPlan {
  readonly manifest: Manifest
  readonly rules: SuggestedRules
}

export interface SuggestedRules {
  /** Model rounds, without round zero. */
  readonly rounds: number
  readonly standardise: boolean
  /** Lowest median gain that qualifies, in basis points of the base model's loss. */
  readonly margin: number
  /** Part of the stake forfeited per fault, in basis points. */
  readonly slashBps: number
  /** Credits that each hospital puts down. */
  readonly stake: number
  /** Credits that the sponsor pays out per hospital and round. */
  readonly rewardPerRound: number
  readonly openSeconds: number
  readonly trainSeconds: number
  readonly attestSeconds: number
  readonly scoreSeconds: number
  readonly aggregateSeconds: number
  readonly pauseSeconds: number
  /** Present: the study is proven. */
  readonly audits?: SuggestedAudits
}

/** How hospitals are drawn to prove a round, and what it costs not to. */
export interface SuggestedAudits {
  /** Part of the hospitals that is drawn, in basis points. */
  readonly hospitalsBps: number
  /** Part of the stake forfeited per failed audit, in basis points. */
  readonly slashBps: number
  readonly revealSeconds: number
  readonly auditSeconds: number
}

export interface PlanOptions {
  readonly rounds?: number
  readonly seed?: number
  /** Multiaddrs. */
  readonly relays?: readonly string[]
}

/**
 * Money that makes cheating a loss: three faults end a hospital's part in the study, and the stake forfeited by then is
 * more than all rewards of the rounds around them.
 */
export const suggestedStakes = { stake: 1000, slashBps: 3000, rewardPerRound: 10 } as const

/** Phases end early when all have acted; these are for tabs that are slow or gone. */
export const suggestedSeconds = {
  openSeconds: 600,
  trainSeconds: 180,
  attestSeconds: 60,
  scoreSeconds: 60,
  aggregateSeconds: 60,
  pauseSeconds: 0,
} as const
