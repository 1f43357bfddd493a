import type { ExactBatch } from '../../../src/audit/engine/batch.ts'
import { exactStep } from '../../../src/audit/engine/model.ts'
import type { Air } from '../../../src/audit/stark/air.ts'
import type { ExternalOracle } from '../../../src/audit/stark/commitment.ts'
import { inputsWithPins } from '../../../src/audit/stark/pins.ts'
import type { Witness } from '../../../src/audit/stark/prove.ts'
import type { Columns } from '../../../src/audit/stark/trace.ts'
import type { Statement } from '../../../src/audit/stark/verify.ts'
import { roundAir } from '../../../src/audit/training/roundAir.ts'
import { afterColumns, dataColumns, roundWitness, statesOf } from '../../../src/audit/training/roundTrace.ts'
import { phiOf, roundInputs } from '../../../src/audit/training/statement.ts'
import { stepAir } from '../../../src/audit/training/stepAir.ts'
import { batchColumns, stepWitness, weightColumns } from '../../../src/audit/training/stepTrace.ts'
import { statementOf } from '../statement.ts'
import type { PlainBatch, PlainRound, PlainStep, StepsJob } from './job.ts'

/** Something to commit to and to prove. */
export interface Provable {
  readonly air: Air
  /** The external oracles' columns by their names; the last are the weights after it. */
  readonly oracles: readonly (readonly [name: string, columns: () => Columns])[]
  statement(externals: readonly ExternalOracle[]): Statement
  witness(externals: readonly ExternalOracle[]): Witness
}

export function provableStep(plain: PlainStep, parameters: StepsJob['parameters']): Provable {
  const step = stepAir(plain.shape, { parameters })
  const weights = BigInt64Array.from(plain.weights)
  const batch = batchOf(plain.batch)
  const after = exactStep(plain.shape, weights, batch)
  return {
    air: step.air,
    oracles: [
      ['batch', () => batchColumns(step, batch)],
      ['before', () => weightColumns(step, 'before', weights)],
      ['after', () => weightColumns(step, 'after', after)],
    ],
    statement: externals => statementOf(externals.map(({ root }) => root)),
    witness: externals => {
      const [rows, before, end] = externals as [ExternalOracle, ExternalOracle, ExternalOracle]
      return stepWitness(step, { weights, batch, externals: [rows, before, end] })
    },
  }
}

export function provableRound({ shape, plan, gammas, ...plain }: PlainRound): Provable {
  const round = roundAir(shape)
  const start = BigInt64Array.from(plain.start)
  const blinds = BigUint64Array.from(plain.blinds)
  const noise = plain.noise.map(ofSteps => ofSteps.map(numbers => BigInt64Array.from(numbers)))
  const data = { batches: plain.batches.map(batchOf), noise }
  const states = statesOf(round, dataColumns(round, data), { start, plan })
  const after = BigInt64Array.from(states.at(-1)!)
  const inputs = roundInputs(shape, {
    start,
    plan,
    ...(gammas && { gammas, phi: phiOf(gammas, after, blinds) }),
  })
  return {
    air: round.air,
    oracles: [
      ['data', () => dataColumns(round, data)],
      ['after', () => afterColumns(round, after, blinds)],
    ],
    statement: externals =>
      statementOf(
        externals.map(({ root }) => root),
        inputsWithPins(inputs, externals),
      ),
    witness: externals => ({
      ...roundWitness(round, { start, data, plan, blinds, ...(gammas && { gammas }) }),
      externals,
    }),
  }
}

function batchOf({ inputs, targets, present }: PlainBatch): ExactBatch {
  return {
    inputs: Int32Array.from(inputs),
    targets: Int32Array.from(targets),
    present: Uint8Array.from(present),
  }
}
