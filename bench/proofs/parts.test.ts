import { expect, it } from 'vitest'
import { exactStep } from '../../src/audit/engine/model.ts'
import { commitOracle } from '../../src/audit/stark/commitment.ts'
import { inputsWithPins } from '../../src/audit/stark/pins.ts'
import { prove } from '../../src/audit/stark/prove.ts'
import { roundAir } from '../../src/audit/training/roundAir.ts'
import { afterColumns, dataColumns, roundWitness } from '../../src/audit/training/roundTrace.ts'
import { trainRound } from '../../src/audit/training/roundTraining.ts'
import { phiOf, roundInputs } from '../../src/audit/training/statement.ts'
import { stepAir } from '../../src/audit/training/stepAir.ts'
import { batchColumns, stepWitness, weightColumns } from '../../src/audit/training/stepTrace.ts'
import { loadStarkField } from '../../src/field/starkField.ts'
import { positionsOf, proofParts } from './parts.ts'
import { roundKinds, trainedRound } from './rounds.ts'
import { statementOf } from './statement.ts'
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
  const statement = statementOf(externals.map(({ root }) => root))
  const proof = await prove(field, air, statement, stepWitness(step, { weights, batch, externals }), { maskKey })
  const parts = proofParts(air, positionsOf(air, statement, proof))
  expect(Object.values(parts).reduce((sum, bytes) => sum + bytes)).toBe(proof.length)
  // Five rows of 16 inputs, the target and the flag.
  expect(parts['rows of batch']).toBe(5 * 18 * 8)
})

it('a real round of the heart model can be proven, and its proof is the sum of its parts', async () => {
  const { shape, start, data, plan, blinds, gammas } = await trainedRound(roundKinds.at(-1)!)
  const filled = data.batches.map(({ present }) => present.reduce((sum, isThere) => sum + isThere))
  expect(filled.filter(count => count === 16)).toHaveLength(12)
  expect(filled.filter(count => count === 0)).toHaveLength(3)
  const round = roundAir(shape, parameters)
  const { air } = round
  const field = await loadStarkField(air.log2Rows + parameters.log2Blowup)
  const maskKey = new Uint8Array(32)
  const after = await trainRound(shape, start, data, plan)
  const externals = [
    await commitOracle(field, air, 'data', dataColumns(round, data), { maskKey }),
    await commitOracle(field, air, 'after', afterColumns(round, after, blinds), { maskKey }),
  ]
  const inputs = roundInputs(shape, { start, plan, gammas: gammas!, phi: phiOf(gammas!, after, blinds) })
  const roots = externals.map(({ root }) => root)
  const statement = statementOf(roots, inputsWithPins(inputs, externals))
  const witness = { ...roundWitness(round, { start, data, plan, blinds, gammas: gammas! }), externals }
  const proof = await prove(field, air, statement, witness, { maskKey })
  const parts = proofParts(air, positionsOf(air, statement, proof))
  expect(Object.values(parts).reduce((sum, bytes) => sum + bytes)).toBe(proof.length)
  // Five rows of 13 inputs, the target, the flag and 12 numbers of noise.
  expect(parts['rows of data']).toBe(5 * 27 * 8)
})
