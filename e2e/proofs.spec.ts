import { expect, test } from '@playwright/test'
import { withBenchPage } from '../bench/round/benchPage.ts'
import { shapes, stepAir, stepStatement, stepWitness } from '../bench/stark/air.ts'
import { measureGas } from '../bench/stark/gas.ts'
import { defaultParameters } from '../src/audit/stark/parameters.ts'

test('a worker of a tab proves a trace as large as a training step, and the contract accepts the proof', async () => {
  const shape = shapes[0]!
  const folder = new URL('../bench/stark/page', import.meta.url)
  const [proving] = await withBenchPage({ folder, ready: 'proving' }, page =>
    page.evaluate(job => window.proving(job), { shapes: [shape], proofs: 1 }),
  )
  const step = stepAir(shape, defaultParameters)
  const statement = stepStatement(stepWitness(step))
  const { proof, proofs } = proving!
  expect(proofs).toHaveLength(1)

  const [gas] = await measureGas([{ air: step.air, statement, proof }])
  expect(gas!.used).toBeLessThan(4_000_000)

  const at = proof.length / 2
  const other = proof[at] === '0' ? '1' : '0'
  const changed = `${proof.slice(0, at)}${other}${proof.slice(at + 1)}` as `0x${string}`
  await expect(measureGas([{ air: step.air, statement, proof: changed }])).rejects.toThrow()
})
