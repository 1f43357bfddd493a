import { expect, it } from 'vitest'
import { exactStep } from '../../src/audit/engine/model.ts'
import { commitOracle } from '../../src/audit/stark/commitment.ts'
import { prove } from '../../src/audit/stark/prove.ts'
import { stepAir } from '../../src/audit/training/stepAir.ts'
import { batchColumns, stepWitness, weightColumns } from '../../src/audit/training/stepTrace.ts'
import { loadStarkField } from '../../src/field/starkField.ts'
import { positionsOf, proofParts } from './parts.ts'
import { stepStatement } from './statement.ts'
import { stepKinds, trainedStep } from './steps.ts'

/** Weak and quick. */
const parameters = { log2Blowup: 3, queries: 5, queryGrinding: 2, roundGrinding: 1 }

it('a real step of the heart model can be proven, and its proof is the sum of its parts', async () => {
  const { shape, weights, batch, stepsOfEpoch } = await trainedStep(stepKinds[0]!)
  expect([shape.batch, stepsOfEpoch]).toEqual([16, 13])
  const step = stepAir(shape, { parameters })
  const { air } = step
  const field = await loadStarkField(air.log2Rows + parameters.log2Blowup)
  const maskKey = new Uint8Array(32)
  const after = exactStep(shape, weights, batch)
  const externals = [
    await commitOracle(field, air, 'batch', batchColumns(step, batch), { maskKey }),
    await commitOracle(field, air, 'before', weightColumns(step, 'before', weights), { maskKey }),
    await commitOracle(field, air, 'after', weightColumns(step, 'after', after), { maskKey }),
  ] as const
  const statement = stepStatement(externals.map(({ root }) => root))
  const proof = await prove(field, air, statement, stepWitness(step, { weights, batch, externals }), { maskKey })
  const parts = proofParts(air, positionsOf(air, statement, proof))
  expect(Object.values(parts).reduce((sum, bytes) => sum + bytes)).toBe(proof.length)
  // Five rows of 16 inputs, the target and the flag.
  expect(parts['rows of batch']).toBe(5 * 18 * 8)
})
