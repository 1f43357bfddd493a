import { describe, expect, it } from 'vitest'
import { add } from '../../field/goldilocks.ts'
import { commitOracle } from '../stark/commitment.ts'
import { prove } from '../stark/prove.ts'
import { fieldFor, refusalOf, tinyParameters } from '../stark/testing.ts'
import { roundAir } from './roundAir.ts'
import {
  chain,
  course,
  end,
  honest,
  instead,
  looked,
  noise,
  picked,
  plain,
  registering,
  set,
  shape,
  wrongNumbers,
  wrongTrainings,
} from './roundCheats.ts'
import type { RoundShape } from './roundShape.ts'
import { brokenConstraint, forge, proveRound, refusalFor } from './roundTesting.ts'
import { afterColumns, roundWitness } from './roundTrace.ts'
import { contextOf, type RoundContext } from './statement.ts'
import { proveOptions } from './testing.ts'

const { round, plan } = honest
const { batch } = shape

describe('instead of a round', () => {
  // What both verifiers say of these where they are forged: src/chain/starkVerifier.test.ts.
  it.each(wrongTrainings)('%s is not proven', (_, wrong, refusal) => {
    expect(brokenConstraint(wrong)).toBe(refusal)
  })

  it.each(wrongNumbers)('%s is not proven, and refused when forged', async (_, wrong, refusal) => {
    expect(brokenConstraint(wrong)).toBe(refusal)
    expect(refusalFor(await forge(wrong))).toBe('constraints')
  })
})

describe('a prover', () => {
  it.each([
    ['another end', end.map((weight, i) => (i === 0 ? weight + 1n : weight)), 'is not the one of the statement'],
    ['none', end, null],
  ])('that committed to %s: %#', async (_, committed, refusal) => {
    const { air } = round
    const { statement, externals } = await proveRound(honest)
    const field = await fieldFor(air)
    const weights = BigInt64Array.from(committed)
    const after = await commitOracle(field, air, 'after', afterColumns(round, weights, honest.blinds), proveOptions)
    const witness = { ...roundWitness(round, honest), externals: [externals[0]!, after] }
    const proving = prove(field, air, statement, witness, proveOptions)
    if (refusal === null) await expect(proving).resolves.toBeInstanceOf(Uint8Array)
    else await expect(proving).rejects.toThrow(refusal)
  })

  it('is refused by its own check before a proof is made', async () => {
    const { air } = round
    const wrong = instead({ end: course[0]! })
    const { statement, externals } = await forge(wrong)
    const witness = { ...roundWitness(round, honest), externals }
    await expect(prove(await fieldFor(air), air, statement, witness, proveOptions)).rejects.toThrow('does not hold')
  })
})

describe('a round that is proven', () => {
  it.each([
    ['the largest and the least input', plain, [set('x0', 1, 2n ** 15n - 1n), set('x1', 9, -(2n ** 15n))]],
    ['the most and the least noise', honest, [set(picked, 0, 2n ** 30n - 1n), set(picked, 9, -(2n ** 30n))]],
    ['a row as long as can be', honest, [0, 1, 2].map(i => set(`x${i}`, 5, 2n ** 12n))],
  ] as const)('has %s', async (_, of, changes) => {
    expect(brokenConstraint(registering(of, changes))).toBe(null)
    expect(refusalFor(await forge(registering(of, changes)))).toBe(null)
  })

  it('has a row that is a unit longer than can be not', () => {
    const changes = [set('x0', 5, 2n ** 12n), set('x1', 5, 2n ** 12n), set('x2', 5, 2n ** 12n + 1n)]
    expect(brokenConstraint(registering(honest, changes))).toBe(looked)
  })

  it('says nothing of noise that is not taken, nor of what stands in the last row of a batch', () => {
    const changes = [set(`noise${1 - plan.contribution}`, 0, 2n ** 40n), set(picked, batch - 1, 5n)]
    expect(brokenConstraint(registering(honest, changes))).toBe(null)
  })

  it('takes noise behind the weights for a weight that no step reads', () => {
    expect(brokenConstraint(registering(honest, [set(picked, shape.inputs, 1n)]))).toBe(chain)
  })

  it('is proven for its own statement alone', async () => {
    const proven = await proveRound(honest)
    const { statement, proof } = proven
    expect(refusalFor(proven)).toBe(null)
    for (const i of statement.inputs.keys()) {
      const inputs = statement.inputs.map((input, k) => (k === i ? add(input, 1n) : input))
      expect(refusalFor(proven, { inputs }), `input ${i}`).not.toBe(null)
    }
    const [dataRoot, afterRoot] = statement.roots as [Uint8Array, Uint8Array]
    expect(refusalFor(proven, { roots: [afterRoot, dataRoot] })).not.toBe(null)
    expect(refusalFor(proven, { roots: [dataRoot, afterRoot.with(0, afterRoot[0]! ^ 1)] })).not.toBe(null)
    const otherShapes: Partial<RoundShape>[] = [
      { shift: 4 },
      { noise: { ...noise, bits: 31 } },
      { noise: { ...noise, squaredNorm: 2 ** 26 + 1 } },
    ]
    for (const changes of otherShapes) {
      const { air } = roundAir({ ...shape, ...changes }, tinyParameters)
      expect(refusalOf({ air, statement }, proof), JSON.stringify(changes)).not.toBe(null)
    }
  })

  it('is proven for its own round, hospital, contract and chain alone', async () => {
    const where: RoundContext = {
      domainSeparator: `0x${'11'.repeat(32)}`,
      hospital: `0x${'22'.repeat(20)}`,
      round: 3,
      contribution: 1,
      products: [1n, 2n],
    }
    const proven = await proveRound(honest, contextOf(where))
    const refused = (changes: Partial<RoundContext>) =>
      refusalFor(proven, { context: contextOf({ ...where, ...changes }) })
    expect(refused({})).toBe(null)
    // Chain and contract are in the domain separator.
    expect(refused({ domainSeparator: `0x${'11'.repeat(31)}12` })).not.toBe(null)
    expect(refused({ hospital: `0x${'22'.repeat(19)}23` })).not.toBe(null)
    expect(refused({ round: 4 })).not.toBe(null)
    expect(refused({ products: [1n, 3n] })).not.toBe(null)
    expect(refused({ contribution: 0 })).not.toBe(null)
  })
})
