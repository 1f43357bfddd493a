import { describe, expect, it } from 'vitest'
import { prove } from '../../src/audit/stark/prove.ts'
import { verify } from '../../src/audit/stark/verify.ts'
import { loadStarkField } from '../../src/field/starkField.ts'
import { type StepShape, shapes, stepAir, stepStatement, stepWitness } from './air.ts'
import { budgetOf } from './budget.ts'

/** Weak and quick. */
const parameters = { log2Blowup: 2, queries: 4, queryGrinding: 2, roundGrinding: 1 }
const small: StepShape = { name: 'small', log2Rows: 9, columns: 16, neurons: 1, sums: 4 }
const maskKey = new Uint8Array(32)

async function proven(change?: (main: Record<string, BigUint64Array>) => void) {
  const step = stepAir(small, parameters)
  const witness = stepWitness(step)
  const main = Object.fromEntries(Object.entries(witness.main).map(([name, values]) => [name, values.slice()]))
  change?.(main)
  const statement = stepStatement(witness)
  const field = await loadStarkField(small.log2Rows + parameters.log2Blowup)
  const proof = await prove(field, step.air, statement, { ...witness, main }, { maskKey })
  return { air: step.air, statement, proof }
}

describe('a made-up training step', () => {
  it('can be proved', async () => {
    const { air, statement, proof } = await proven()
    expect(() => verify(air.key, statement, proof, parameters)).not.toThrow()
  })

  it.each(['x0', 'w0', 'mask0', 'limb0.0', 'gradient0', 'limb.count'])('cannot with a wrong %s', async name => {
    const wrong = proven(main => {
      main[name]![3]! += 1n
    })
    await expect(wrong).rejects.toThrow(/row \d+: ".*" does not hold/)
  })

  it.each(shapes)('is as large as it is sized: $name', shape => {
    const { air } = stepAir(shape, parameters)
    const [main, auxiliary] = air.oracles
    expect([main!.columns.length, auxiliary!.columns.length, air.chunks]).toEqual([
      shape.columns,
      2 * shape.neurons + 2 + shape.sums,
      3,
    ])
  })
})

it('counts what a proof cannot do without', () => {
  const { air } = stepAir(small, parameters)
  const budget = budgetOf(air)
  // 16 + 2 · 8 vectors of columns, 8 of the quotient and the mask, 2 of FRI; 9 · 256 butterflies a transform.
  expect(budget.butterflies).toBe(9 * 256 * (32 + (40 + 2) * 4 + 32 * 4))
  // Leaves of 145, 145 and 81 bytes, their trees, and FRI's layer of 129 bytes a leaf.
  expect(budget.permutations).toBe(2048 * (2 + 1 + 2 + 1 + 1 + 1) + 256 * 2)
  expect(budget.nonces).toBe(4 + 2 * 2)
  expect(budget.rowBytes).toBe(4 * (3 * 16 + 8 * 40))
})
