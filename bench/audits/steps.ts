import { caughtOnce } from '../../src/audit/game/detection.ts'
import { type AuditPlan, drawnHospitals, mostAuditedSteps, oddsOf } from '../../src/audit/game/plan.ts'
import { auditInFull } from '../../src/audit/game/proposals.ts'
import type { Temptation } from '../../src/audit/game/stakes.ts'
import { grouped, percent } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import type { ProofFigures } from './proofFigures.ts'
import { leastFor } from './settings.ts'

/** Segments of eight that audits look at, in each of the plans that are compared. */
const audits = [1, 2, 4, 8]

/** What audits of a larger model would cost, were each step a proof. */
export interface StepCost {
  readonly model: string
  readonly audited: number
  /** Of one wrong step. */
  readonly caught: number
  readonly atRisk: number
  readonly steps: number
  readonly seconds: number
  readonly megabytes: number
  readonly gas: number
  /** Of all drawn hospitals of a round. */
  readonly roundGas: number
}

/** Of a hospital that is drawn, in a round of one epoch, by every plan. @param hospitals that take part */
export function stepCosts(model: ProofFigures, hospitals: number, temptation: Temptation): StepCost[] {
  return audits.map(audited => {
    const plan: AuditPlan = { ...auditInFull.plan, segments: 8, audited }
    const odds = oddsOf(plan, hospitals)
    const steps = mostAuditedSteps(model.steps, plan)
    return {
      model: model.model,
      audited,
      caught: caughtOnce(odds, 'badStep'),
      atRisk: leastFor(odds, temptation),
      steps,
      seconds: (steps * model.proveMs) / 1000,
      megabytes: (steps * model.proofKb) / 1000,
      gas: steps * model.gas,
      roundGas: steps * model.gas * drawnHospitals(plan, hospitals),
    }
  })
}

/** The costs as lines for a terminal. */
export function stepsTable(costs: readonly StepCost[], hospitals: number): string {
  return [
    'Were each step a proof, as larger models need: what a drawn hospital would prove in a round of one epoch, at most.',
    `Some of eight segments; half of ${hospitals} hospitals. Times, bytes and gas of a proof from docs/benchmarks/proofs.md.`,
    layOut(
      [
        ['', 'segments', 'caught', 'at risk', 'proofs', 'prove s', 'MB', 'gas, M', 'round: gas, M'],
        ...costs.map(cost => [
          cost.audited === audits[0] ? cost.model : '',
          `${cost.audited} of 8`,
          percent(cost.caught, 1),
          Number.isFinite(cost.atRisk) ? grouped(cost.atRisk) : 'none',
          String(cost.steps),
          cost.seconds.toFixed(1),
          cost.megabytes.toFixed(2),
          grouped(cost.gas / 1e6),
          grouped(cost.roundGas / 1e6),
        ]),
      ],
      2,
    ),
    'Caught: of one wrong step. At risk: the least that a failed audit has to take; none: no stake is enough.',
  ].join('\n')
}
