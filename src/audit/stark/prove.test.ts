import { describe, expect, it, vi } from 'vitest'
import { type PublicRandom, publicRandom } from '../../study/random.ts'
import { commitOracle, type ExternalOracle } from './commitment.ts'
import { fibonacciAir, fibonacciTrace } from './examples/fibonacci.ts'
import { defaultParameters, type Parameters } from './parameters.ts'
import { type ProveOptions, prove, type Witness } from './prove.ts'
import {
  type Case,
  exampleCases,
  fieldFor,
  keyOfExternals,
  randomBytes,
  randomCase,
  tinyParameters,
  withCellChanged,
} from './testing.ts'
import { TraceError } from './trace.ts'
import { type Statement, verify } from './verify.ts'

const isLong = process.env.WARDROUND_LONG === '1'
const maskKey = new Uint8Array(32).fill(1)

async function proofOf(of: Case, options: Partial<ProveOptions> = {}): Promise<Uint8Array> {
  return prove(await fieldFor(of.air), of.air, of.statement, of.witness, { maskKey, ...options })
}

async function proveAndVerify(of: Case, random: PublicRandom): Promise<void> {
  const proof = await proofOf(of, { maskKey: randomBytes(random, 32) })
  expect(() => verify(of.air.key, of.statement, proof, of.air.parameters)).not.toThrow()
}

const everyExample = Object.entries(exampleCases)

describe('an honest proof', { timeout: isLong ? 600_000 : 60_000 }, () => {
  // Seeds, so that one that fails can be run again.
  const seeds = Array.from({ length: isLong ? 1000 : 40 }, (_, seed) => seed)
  const tens = seeds.filter(seed => seed % 10 === 0)

  it.each(tens)('is accepted, whatever the AIR: from %i on', async first => {
    for (let seed = first; seed < first + 10; seed++) {
      const random = publicRandom(seed)
      await proveAndVerify(await randomCase(random), random)
    }
  })

  it.each(everyExample)('is accepted of the example %s, whatever the size', async (_, make) => {
    for (let seed = 0; seed < (isLong ? 60 : 3); seed++) {
      const random = publicRandom(1000 + seed)
      const parameters: Parameters = {
        log2Blowup: 2 + random.below(3),
        queries: 1 + random.below(6),
        queryGrinding: random.below(6),
        roundGrinding: random.below(4),
      }
      await proveAndVerify(await make(random, parameters, 6 + random.below(isLong ? 6 : 3)), random)
    }
  })

  // Most of their time is work, of 16 and 20 bits.
  it.each(isLong ? everyExample : [])('is accepted of the example %s with the default parameters', async (_, make) => {
    const random = publicRandom(3000)
    await proveAndVerify(await make(random, defaultParameters, 9), random)
  })
})

describe('prove', () => {
  it('gives the same for the same, on whatever field, and leaves the memory as it was', async () => {
    for (const [, make] of everyExample) {
      const of = await make(publicRandom(2), tinyParameters, 6)
      const field = await fieldFor(of.air)
      field.words(field.allocate(1000), 1000).fill(7n)
      const start = field.mark()
      const first = await prove(field, of.air, of.statement, of.witness, { maskKey })
      expect(field.mark()).toBe(start)
      expect(await prove(field, of.air, of.statement, of.witness, { maskKey })).toEqual(first)
      expect(await proofOf(of)).toEqual(first)
    }
  })

  it('opens a tree that was kept as if it had hashed it itself, and does not', async () => {
    const of = await exampleCases.checkpoints!(publicRandom(8), tinyParameters, 6)
    const field = await fieldFor(of.air)
    const hashRows = vi.spyOn(field, 'hashRows')
    const anew = await prove(field, of.air, of.statement, of.witness, { maskKey })
    const times = hashRows.mock.calls.length
    hashRows.mockClear()
    const witness = { ...of.witness, externals: await keptTrees(of) }
    expect(await prove(field, of.air, of.statement, witness, { maskKey })).toEqual(anew)
    // Two commitments fewer, each coset by coset.
    expect(hashRows).toHaveBeenCalledTimes(times - 2 * 2 ** tinyParameters.log2Blowup)
  })

  it('refuses a tree that is not the statement’s', async () => {
    const of = await exampleCases.checkpoints!(publicRandom(8), tinyParameters, 6)
    const [before, after] = await keptTrees(of)
    const externals = [{ ...before!, tree: after!.tree! }, after!]
    const error = await errorOf(proofOf({ ...of, witness: { ...of.witness, externals } }))
    expect(error.message).toContain('the external oracle before is not the one of the statement')
  })
})

describe('a trace that does not hold', () => {
  it.each(everyExample)('is refused for any one cell of the example %s, with row and constraint', async (_, make) => {
    const random = publicRandom(4)
    const of = await make(random, tinyParameters, 6)
    const field = await fieldFor(of.air)
    const start = field.mark()
    for (const { columns } of of.air.oracles) {
      for (const column of columns) {
        const row = random.below(of.air.activeRows)
        const { air, statement, witness } = await withCellChanged(of, { column, row, by: 1n })
        const error = await errorOf(prove(field, air, statement, witness, { maskKey }))
        expect(error).toBeInstanceOf(TraceError)
        const said = /row (\d+): "(.*)" does not hold: .*/.exec(error.message)!
        expect([row - 1, row]).toContain(Number(said[1]))
        expect(air.constraints.map(({ name }) => name)).toContain(said[2])
        expect(said[0]).toContain(`${column} = `)
        expect(field.mark()).toBe(start)
      }
    }
  })

  it.each(everyExample.filter(([name]) => name !== 'rangeCheck'))(
    'is refused for any other input of the example %s',
    async (_, make) => {
      const of = await make(publicRandom(5), tinyParameters, 6)
      for (let i = 0; i < of.air.inputs.length; i++) {
        const inputs = of.statement.inputs.with(i, of.statement.inputs[i]! ^ 1n)
        const error = await errorOf(proofOf({ ...of, statement: { ...of.statement, inputs } }))
        expect(error).toBeInstanceOf(TraceError)
        expect(error.message).toContain(`row ${of.air.activeRows - 1}: "`)
      }
    },
  )

  it('is refused where columns are not those of the AIR', async () => {
    const of = await exampleCases.rangeCheck!(publicRandom(6), tinyParameters, 6)
    const { main, auxiliary } = of.witness
    const { value, ...rest } = main
    const refused: [Witness, string][] = [
      [{ auxiliary: auxiliary!, main: rest }, 'the column value is missing'],
      [{ auxiliary: auxiliary!, main: { ...main, more: value! } }, 'there is no column more'],
      [{ main }, 'the column limb.sum is missing'],
      [{ main, auxiliary: challenge => ({ x: [challenge('limb.gamma')] }) }, 'there is no challenge limb.gamma'],
      [{ main, auxiliary: challenge => ({ ...auxiliary!(challenge), x: [] }) }, 'there is no column x'],
    ]
    for (const [witness, message] of refused) {
      const error = await errorOf(proofOf({ ...of, witness }))
      expect(error).toBeInstanceOf(TraceError)
      expect(error.message).toBe(`range check: ${message}`)
    }
  })

  it('is refused where external oracles are not those of the statement', async () => {
    const of = await exampleCases.checkpoints!(publicRandom(7), tinyParameters, 6)
    const [before, after] = of.witness.externals!
    const refused: [Partial<Witness>, Partial<Statement>, string][] = [
      [{ externals: [before!] }, {}, 'checkpoints has 2 external oracles, not 1'],
      [{ externals: [after!, before!] }, {}, 'the external oracle before is not the one of the statement'],
      [{}, { roots: [before!.root, before!.root] }, 'the external oracle after is not the one of the statement'],
      [{}, { roots: [before!.root] }, 'the external oracle after is not the one of the statement'],
    ]
    for (const [witness, statement, message] of refused) {
      const changed = { ...of, witness: { ...of.witness, ...witness }, statement: { ...of.statement, ...statement } }
      const error = await errorOf(proofOf(changed))
      expect(error).toBeInstanceOf(TraceError)
      expect(error.message).toContain(message)
    }
  })
})

describe('a pinned oracle', () => {
  it('is refused with another pin than its own, or none', async () => {
    const of = await exampleCases.registered!(publicRandom(9), tinyParameters, 6)
    const { inputs } = of.statement
    expect(inputs).toHaveLength(3)
    for (const other of [inputs.with(1, inputs[1]! ^ 1n), inputs.with(2, inputs[2]! ^ 1n), inputs.slice(0, 1)]) {
      const error = await errorOf(proofOf({ ...of, statement: { ...of.statement, inputs: other } }))
      expect(error).toBeInstanceOf(TraceError)
      expect(error.message).toBe('registered: the statement has not the pin of bill')
    }
  })
})

describe('a proof that is cancelled', () => {
  // Some hundred milliseconds of work.
  const air = fibonacciAir(6, { ...tinyParameters, queryGrinding: 20 })
  const { columns, inputs } = fibonacciTrace(air, 3n)
  const statement: Statement = { context: new Uint8Array(32), inputs, roots: [] }

  it('ends with the reason of its signal, before the work or amid it, and leaves the memory as it was', async () => {
    const field = await fieldFor(air)
    const start = field.mark()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    expect(await errorOf(prove(field, air, statement, { main: columns }, { maskKey, signal }))).toBe(reason)
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 30)
    const running = prove(field, air, statement, { main: columns }, { maskKey, signal: controller.signal })
    expect(await errorOf(running)).toBe(reason)
    expect(field.mark()).toBe(start)
  })

  it('tells how far it is, always further, up to all of it', async () => {
    const told: number[] = []
    const totals = new Set<number>()
    const onProgress = (done: number, total: number) => {
      told.push(done)
      totals.add(total)
    }
    await prove(await fieldFor(air), air, statement, { main: columns }, { maskKey, onProgress })
    expect(told.length).toBeGreaterThan(1)
    expect(told).toEqual([...told].sort((a, b) => a - b))
    expect(totals.size).toBe(1)
    expect(told.at(-1)!).toBeLessThanOrEqual([...totals][0]!)
  })
})

/** The external oracles, committed to anew, with their trees. */
async function keptTrees({ air, externals }: Case): Promise<ExternalOracle[]> {
  const field = await fieldFor(air)
  const options = { maskKey: keyOfExternals, keepTree: true }
  const oracles: ExternalOracle[] = []
  for (const [i, columns] of externals.entries()) {
    oracles.push(await commitOracle(field, air, air.oracles[i]!.name, columns, options))
  }
  return oracles
}

async function errorOf(running: Promise<unknown>): Promise<Error> {
  try {
    await running
  } catch (error) {
    return error as Error
  }
  throw new Error('no error was thrown')
}
