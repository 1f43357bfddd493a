import fc from 'fast-check'
import {
  concat,
  decodeErrorResult,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  keccak256,
  pad,
  toBytes,
  toHex,
} from 'viem'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { creationCode } from '../../contracts/script/artifacts.ts'
import { trainings } from '../audit/engine/testing.ts'
import { defineAir } from '../audit/stark/air.ts'
import type { Coset } from '../audit/stark/fri.ts'
import { addSum } from '../audit/stark/lookup.ts'
import { defaultParameters, foldings, shortTraceParameters } from '../audit/stark/parameters.ts'
import { Proving, prove } from '../audit/stark/prove.ts'
import {
  type Case,
  exampleCases,
  fieldFor,
  randomCase,
  refusalOf,
  sectionsOf,
  tinyParameters,
} from '../audit/stark/testing.ts'
import { refusals, type Statement } from '../audit/stark/verify.ts'
import { roundAir } from '../audit/training/roundAir.ts'
import { honest, wrongNumbers, wrongTrainings } from '../audit/training/roundCheats.ts'
import { forge, isTrained, proveRound, type RoundCase, roundCase, roundShapes } from '../audit/training/roundTesting.ts'
import { contextOf, type RoundContext } from '../audit/training/statement.ts'
import { proveStep, trainedCase } from '../audit/training/testing.ts'
import { studyDomain } from '../crypto/duty.ts'
import { ZERO } from '../field/extension.ts'
import { MODULUS } from '../field/Field.ts'
import { add } from '../field/goldilocks.ts'
import type { StarkField } from '../field/starkField.ts'
import type { StudyRef } from '../rounds/ports.ts'
import { type PublicRandom, publicRandom } from '../study/random.ts'
import { starkVerifierAbi as abi } from './generated/abi.ts'
import { keyCode } from './proofKeys.ts'
import { type Anvil, startAnvil } from './testing/anvil.ts'

const isLong = process.env.WARDROUND_LONG === '1'
const options = { maskKey: new Uint8Array(32).fill(1) }

let anvil: Anvil
let sender: Hex
beforeAll(async () => {
  anvil = await startAnvil({ port: 9350, accounts: 1 })
  ;[sender] = (await anvil.rpc('eth_accounts')) as [Hex]
})
afterAll(() => anvil?.stop())

/** Contracts that can tell what a proof shows. */
interface Deployed {
  readonly verifier: Hex
  readonly key: Hex
}

/** Sends a transaction and waits for its receipt. */
async function send(transaction: { readonly to?: Hex; readonly data: Hex }) {
  const hash = await anvil.rpc('eth_sendTransaction', [{ from: sender, gas: toHex(16_000_000), ...transaction }])
  return vi.waitFor(async () => {
    const receipt = await anvil.rpc('eth_getTransactionReceipt', [hash])
    if (receipt === null) throw new Error('not mined yet')
    return receipt as { contractAddress: Hex; status: Hex; gasUsed: Hex; logs: readonly { data: Hex }[] }
  })
}

async function create(data: Hex): Promise<Hex> {
  const { contractAddress, status } = await send({ data })
  expect(status).toBe('0x1')
  return contractAddress
}

async function deploy({ key, parameters }: Case['air']): Promise<Deployed> {
  const { log2Blowup, queries, queryGrinding, roundGrinding } = parameters
  const args = [log2Blowup, queries, queryGrinding, roundGrinding] as const
  const verifier = await create(encodeDeployData({ abi, bytecode: await creationCode('StarkVerifier'), args }))
  return { verifier, key: await create(keyCode(key)) }
}

const deployments = new Map<string, Promise<Deployed>>()

/** The same for the same AIR. */
function onceDeployed(air: Case['air']): Promise<Deployed> {
  const name = toHex(air.key)
  const deployed = deployments.get(name) ?? deploy(air)
  deployments.set(name, deployed)
  return deployed
}

type Call = 'verify' | 'prove' | 'start'

function callOf(call: Call, key: Hex, { context, inputs, roots }: Statement, proof: Uint8Array): Hex {
  const args = [key, toHex(context), inputs, roots.map(root => toHex(root)), toHex(proof)] as const
  return encodeFunctionData({ abi, functionName: call, args })
}

/** Why the contract refuses a call; null where it does not. */
async function answerTo(to: Hex, data: Hex, from = sender): Promise<string | null> {
  const response = await fetch(anvil.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ from, to, data }] }),
  })
  const { error } = (await response.json()) as { error?: { message: string; data?: Hex } }
  if (error === undefined) return null
  if (error.data === undefined) return error.message
  const { errorName, args } = decodeErrorResult({ abi, data: error.data })
  return errorName === 'Stark_Refused' ? refusals[args[0]]! : errorName
}

/** Whether the contract remembers a statement. */
async function isProven({ verifier, key }: Deployed, { context, inputs, roots }: Statement): Promise<boolean> {
  const words = (values: readonly Hex[]) => keccak256(concat(values))
  const statement = keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }],
      [
        key,
        toHex(context),
        words(inputs.map(input => toHex(input, { size: 32 }))),
        words(roots.map(root => pad(toHex(root), { dir: 'right' }))),
      ],
    ),
  )
  const data = encodeFunctionData({ abi, functionName: 'isProven', args: [statement] })
  return BigInt((await anvil.rpc('eth_call', [{ to: verifier, data }])) as Hex) === 1n
}

/** Checks that both verifiers say the same of a proof. @returns what they say */
async function verdictOn(
  { verifier, key }: Deployed,
  of: Pick<Case, 'air' | 'statement'>,
  proof: Uint8Array,
): Promise<string | null> {
  const verdict = refusalOf(of, proof)
  expect(await answerTo(verifier, callOf('verify', key, of.statement, proof))).toBe(verdict)
  return verdict
}

async function proofOf({ air, statement, witness }: Case): Promise<Uint8Array> {
  return prove(await fieldFor(air), air, statement, witness, options)
}

function withByteFlipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  return bytes.with(at, bytes[at]! ^ (1 << bit))
}

/** The same statement, not quite. */
function otherStatements({ context, inputs, roots }: Statement): Statement[] {
  const others = [
    { context: withByteFlipped(context, 31, 0), inputs, roots },
    { context, inputs: [...inputs, 0n], roots },
    { context, inputs, roots: [...roots, new Uint8Array(24)] },
  ]
  if (inputs.length > 0) {
    others.push({ context, inputs: inputs.slice(1), roots })
    for (const [i, input] of inputs.entries()) others.push({ context, inputs: inputs.with(i, add(input, 1n)), roots })
    others.push({ context, inputs: inputs.with(-1, MODULUS), roots })
  }
  if (roots.length > 0) others.push({ context, inputs, roots: roots.with(0, withByteFlipped(roots[0]!, 23, 7)) })
  return others
}

/** A proof, not quite: cut, longer, with an element that is not canonical, with a bit of each kind of section flipped. */
function* otherProofs(of: Case, proof: Uint8Array, random: PublicRandom): Generator<Uint8Array> {
  yield new Uint8Array()
  yield proof.subarray(0, -1)
  yield proof.subarray(0, random.below(proof.length))
  yield Uint8Array.of(...proof, 0)
  const { sections } = sectionsOf(of, proof)
  const kinds = new Set(sections.map(({ kind }) => kind))
  for (const kind of kinds) {
    const all = sections.filter(section => section.kind === kind)
    for (let i = 0; i < (isLong ? 40 : 4); i++) {
      const { at, length } = all[random.below(all.length)]!
      yield withByteFlipped(proof, at + random.below(length), random.below(8))
    }
    if (!['claims', 'maskClaim', 'final', 'row', 'siblings'].includes(kind)) continue
    const { at, length } = all[random.below(all.length)]!
    const other = proof.slice()
    // p itself, and so not 0.
    new DataView(other.buffer).setBigUint64(at + 8 * random.below(length / 8), MODULUS)
    yield other
  }
}

/** Commits to another function than the combination in FRI's first layer. */
class OtherCombination extends Proving {
  readonly #field: StarkField

  constructor(field: StarkField, { air, statement, witness }: Case) {
    super(field, air, statement, witness, options)
    this.#field = field
  }

  protected override extended(coefficients: number, domain: Coset): number {
    const at = super.extended(coefficients, domain)
    const words = this.#field.words(at, 2 ** domain.log2Size)
    for (const [i, word] of words.entries()) words[i] = add(word, 1n)
    return at
  }
}

/** Says another last polynomial than the one that FRI comes to. */
class OtherPolynomial extends Proving {
  readonly #last: number
  #said = 0

  constructor(field: StarkField, { air, statement, witness }: Case) {
    super(field, air, statement, witness, options)
    // Roots of own oracles and the quotient, claims, layers.
    this.#last = air.oracles.length - air.externals + 2 + foldings(air.log2Rows)
  }

  protected override say(bytes: Uint8Array): void {
    super.say(this.#said++ === this.#last ? withByteFlipped(bytes, bytes.length - 1, 0) : bytes)
  }
}

/** Goes on with another pin than its columns have. */
class OtherPin extends Proving {
  constructor(field: StarkField, { air, statement, witness }: Case) {
    super(field, air, statement, witness, options)
  }

  protected override doesNotHold(): void {}
}

/** A trace of the size that proves a step of a 784-32-10 model: 69 main columns and 18 sums in 2^11 rows. It says nothing. */
function largerModel(): Case {
  const names = Array.from({ length: 69 }, (_, i) => `c${i}`)
  const sums = Array.from({ length: 18 }, (_, i) => `sum${i}`)
  const air = defineAir({ name: 'larger', log2Rows: 11, parameters: defaultParameters }, air => {
    const r = air.challenge('r')
    const columns = names.map(name => air.column(name).here)
    columns.forEach((column, i) => {
      air.every(`${names[i]} is boolean, three times over`, column.times(column.minus(1)).times(column.plus(i)))
    })
    sums.forEach((name, i) => {
      const terms = columns.slice(i, i + 4)
      const joined = terms.reduceRight((sum, term) => sum.times(r).plus(term))
      addSum(air, name, joined, air.input(`total ${i}`))
    })
  })
  const main = Object.fromEntries(names.map(name => [name, new BigUint64Array(air.activeRows)]))
  const zeros = Array.from({ length: air.activeRows }, () => ZERO)
  const auxiliary = () => Object.fromEntries(sums.map(name => [name, zeros]))
  const inputs = sums.map(() => 0n)
  const statement = { context: new Uint8Array(32), inputs, roots: [] }
  return { air, statement, witness: { main, auxiliary }, externals: [] }
}

/** The least that a transaction pays for its calldata (EIP-7623), in gas. */
function floorOf(data: Hex): number {
  const bytes = toBytes(data)
  const zeros = bytes.filter(byte => byte === 0).length
  return 21_000 + 10 * (zeros + 4 * (bytes.length - zeros))
}

const everyExample = Object.entries(exampleCases)

describe('the contract and the specification', () => {
  it.each(everyExample)('accept honest proofs of the example %s', async (_, make) => {
    const of = await make(publicRandom(1), defaultParameters, 8)
    expect(await verdictOn(await deploy(of.air), of, await proofOf(of))).toBeNull()
  })

  it('accept honest proofs, whatever the AIR and the parameters', async () => {
    const pinned: number[] = []
    for (let seed = 0; seed < (isLong ? 200 : 20); seed++) {
      const of = await randomCase(publicRandom(seed))
      expect(await verdictOn(await deploy(of.air), of, await proofOf(of))).toBeNull()
      pinned.push(of.air.oracles.filter(({ isPinned }) => isPinned).length)
    }
    expect([...pinned].sort()).toEqual(expect.arrayContaining([0, 1, 2]))
  })

  it.each(everyExample)('refuse what is not quite a proof of the example %s for the same reasons', async (_, make) => {
    const random = publicRandom(2)
    const of = await make(random, tinyParameters, 8)
    const deployed = await deploy(of.air)
    const proof = await proofOf(of)
    const seen = new Set<string | null>()
    for (const statement of otherStatements(of.statement))
      seen.add(await verdictOn(deployed, { ...of, statement }, proof))
    for (const other of otherProofs(of, proof, random)) seen.add(await verdictOn(deployed, of, other))
    expect([...seen]).toEqual(expect.arrayContaining(['statement', 'malformed', 'constraints', 'work', 'opening']))
    expect(seen).not.toContain(null)
  })

  it.each(everyExample)('refuse what is not folded from what is opened of the example %s', async (_, make) => {
    const of = await make(publicRandom(3), tinyParameters, 9)
    const deployed = await deploy(of.air)
    const field = await fieldFor(of.air)
    expect(await verdictOn(deployed, of, await new OtherCombination(field, of).run())).toBe('folding')
    expect(await verdictOn(deployed, of, await new OtherPolynomial(field, of).run())).toBe('finalPolynomial')
  })
})

describe('training', { timeout: isLong ? 600_000 : 60_000 }, () => {
  const runs = isLong ? 20 : 1

  it('is accepted by both, whatever the shape of a step and its numbers', async () => {
    const steps = fc
      .sample(trainings, { numRuns: 10 * runs, seed: 7 })
      .flatMap(({ shape, weights, batches }) => trainedCase(shape, weights, batches[0]!) ?? [])
    expect(steps.length).toBeGreaterThanOrEqual(runs)
    for (const step of steps.slice(0, runs)) {
      const { proof, ...of } = await proveStep(step)
      expect(await verdictOn(await deploy(of.air), of, proof)).toBeNull()
    }
  })

  it('is accepted by both, whatever the shape of a round and its numbers', async () => {
    const numbers = fc.tuple(roundShapes, fc.nat(), fc.integer({ min: 16, max: 35 }))
    const rounds = fc
      .sample(numbers, { numRuns: 10 * runs, seed: 3 })
      .map(of => roundCase(...of))
      .filter(isTrained)
    expect(rounds.length).toBeGreaterThanOrEqual(runs)
    for (const round of rounds.slice(0, runs)) await expectTaken(round)
  })

  it('of a whole round of the heart study, with the parameters that it is proven with, is accepted by both', async () => {
    const shape = { inputs: 14, batch: 16, steps: 12, shift: 5, contributions: 4, noise: null, blinded: false }
    const round = roundAir(shape)
    expect(round.air.parameters).toBe(shortTraceParameters)
    await expectTaken({ ...roundCase(shape), round })
  })

  it.each(isLong ? [...wrongTrainings, ...wrongNumbers] : wrongTrainings)(
    'that is %s is refused by both',
    async (_, wrong) => {
      const { round, statement, proof } = await forge(wrong)
      const of = { air: round.air, statement }
      expect(await verdictOn(await onceDeployed(of.air), of, proof)).toBe('constraints')
    },
  )

  it('is proven for its own round, hospital, contract, chain and data alone', async () => {
    const ref: StudyRef = { deployment: `0x${'0d'.repeat(32)}`, chainId: 31337, study: `0x${'5c'.repeat(20)}` }
    const where: RoundContext = {
      ...{ domainSeparator: studyDomain(ref), hospital: `0x${'22'.repeat(20)}` },
      ...{ round: 3, contribution: 1, products: [1n, 2n] },
    }
    const elsewhere: Partial<RoundContext>[] = [
      { domainSeparator: studyDomain({ ...ref, chainId: 1 }) },
      { domainSeparator: studyDomain({ ...ref, study: `0x${'5c'.repeat(19)}5d` }) },
      { hospital: `0x${'22'.repeat(19)}23` },
      { round: 4 },
      { contribution: 0 },
      { products: [1n, 3n] },
    ]
    const { round, statement, proof } = await proveRound(honest, contextOf(where))
    const [{ air }, deployed] = [round, await onceDeployed(round.air)]
    const verdict = (changes: Partial<Statement>) =>
      verdictOn(deployed, { air, statement: { ...statement, ...changes } }, proof)
    expect(await verdict({})).toBeNull()
    for (const changes of elsewhere) {
      expect(
        await verdict({ context: contextOf({ ...where, ...changes }) }),
        Object.keys(changes).join(),
      ).not.toBeNull()
    }
    const [data, after] = statement.roots as [Uint8Array, Uint8Array]
    const other = (await proveRound(roundCase(round.shape, 2))).statement
    // The data of another, with their pin or without.
    expect(await verdict({ roots: [other.roots[0]!, after] })).not.toBeNull()
    const inputs = [...statement.inputs.slice(0, -2), ...other.inputs.slice(-2)]
    expect(await verdict({ roots: [other.roots[0]!, after], inputs })).not.toBeNull()
    expect(await verdict({ roots: [data, other.roots[1]!] })).not.toBeNull()
    // Start, times, signs, picks, gammas, phi, pin.
    for (const changed of otherStatements(statement)) expect(await verdict(changed)).not.toBeNull()
  })

  async function expectTaken(of: RoundCase): Promise<void> {
    const { round, statement, proof } = await proveRound(of)
    expect(await verdictOn(await deploy(round.air), { air: round.air, statement }, proof)).toBeNull()
  }
})

describe('a pin', () => {
  it('is refused by both where it is not that of the columns, in either half and whichever oracle it is of', async () => {
    const cases = [await exampleCases.registered!(publicRandom(6), tinyParameters, 6)]
    for (let seed = 0; cases.length < 4; seed++) {
      const of = await randomCase(publicRandom(seed))
      if (of.air.oracles.some(({ isPinned }) => isPinned)) cases.push(of)
    }
    for (const of of cases) {
      const deployed = await deploy(of.air)
      const { inputs } = of.statement
      for (let i = of.air.inputs.length; i < inputs.length; i++) {
        const other = { ...of, statement: { ...of.statement, inputs: inputs.with(i, add(inputs[i]!, 1n)) } }
        const proof = await new OtherPin(await fieldFor(of.air), other).run()
        expect(await verdictOn(deployed, other, proof)).toBe('folding')
      }
    }
  })
})

describe('a proof in one transaction', () => {
  it('is remembered by its statement, and no other', async () => {
    const of = await exampleCases.checkpoints!(publicRandom(4), tinyParameters, 6)
    const deployed = await deploy(of.air)
    const data = callOf('prove', deployed.key, of.statement, await proofOf(of))
    expect(await isProven(deployed, of.statement)).toBe(false)
    expect((await send({ to: deployed.verifier, data })).status).toBe('0x1')
    expect(await isProven(deployed, of.statement)).toBe(true)
    for (const other of otherStatements(of.statement)) expect(await isProven(deployed, other)).toBe(false)
  })

  it('costs at most a tenth more than its calldata where it is of a larger model', async () => {
    const of = largerModel()
    const { verifier, key } = await deploy(of.air)
    const data = callOf('prove', key, of.statement, await proofOf(of))
    const { status, gasUsed } = await send({ to: verifier, data })
    expect(status).toBe('0x1')
    expect(Number(gasUsed)).toBeLessThan(1.1 * floorOf(data))
  })
})

describe('a proof in two transactions', () => {
  let of: Case
  let deployed: Deployed
  let head: Uint8Array
  let rest: Uint8Array
  let list: readonly bigint[]
  beforeAll(async () => {
    of = await exampleCases.rangeCheck!(publicRandom(5), tinyParameters, 9)
    deployed = await deploy(of.air)
    const proof = await proofOf(of)
    const layers = sectionsOf(of, proof).sections.find(({ kind }) => kind === 'siblings')!.at
    ;[head, rest] = [proof.subarray(0, layers), proof.subarray(layers)]
    const data = start(head)
    const result = (await anvil.rpc('eth_call', [{ from: sender, to: deployed.verifier, data }])) as Hex
    list = decodeFunctionResult({ abi, functionName: 'start', data: result })
  })

  const start = (proof: Uint8Array) => callOf('start', deployed.key, of.statement, proof)
  const finish = (words: readonly bigint[], proof: Uint8Array) =>
    encodeFunctionData({ abi, functionName: 'finish', args: [words, toHex(proof)] })
  const refused = (data: Hex, from?: Hex) => answerTo(deployed.verifier, data, from)

  it('is refused at the start where the first half is cut or goes on', async () => {
    expect(await refused(start(head.subarray(0, -1)))).toBe('malformed')
    expect(await refused(start(Uint8Array.of(...head, 0)))).toBe('malformed')
    expect(await refused(start(withByteFlipped(head, head.length - 1, 0)))).toBe('opening')
  })

  it('is finished by who started it, once, with the list and the rest as they are', async () => {
    expect(await refused(finish(list, rest))).toBe('StarkVerifier_NotStarted')
    expect((await send({ to: deployed.verifier, data: start(head) })).status).toBe('0x1')
    expect(await isProven(deployed, of.statement)).toBe(false)

    expect(await refused(finish(list, rest), deployed.key)).toBe('StarkVerifier_NotStarted')
    for (const i of list.keys()) {
      expect(await refused(finish(list.with(i, list[i]! ^ 1n), rest))).toBe('StarkVerifier_NotStarted')
    }
    expect(await refused(finish(list, rest.subarray(0, -1)))).toBe('malformed')
    expect(await refused(finish(list, Uint8Array.of(...rest, 0)))).toBe('malformed')
    expect(await refused(finish(list, withByteFlipped(rest, 15, 0)))).toBe('opening')

    expect((await send({ to: deployed.verifier, data: finish(list, rest) })).status).toBe('0x1')
    expect(await isProven(deployed, of.statement)).toBe(true)
    expect(await refused(finish(list, rest))).toBe('StarkVerifier_NotStarted')
  })

  it('is refused at the end where it is not folded from what was opened', async () => {
    const cheat = await new OtherPolynomial(await fieldFor(of.air), of).run()
    const layers = sectionsOf(of, cheat).sections.find(({ kind }) => kind === 'siblings')!.at
    const data = start(cheat.subarray(0, layers))
    const result = (await anvil.rpc('eth_call', [{ from: sender, to: deployed.verifier, data }])) as Hex
    expect((await send({ to: deployed.verifier, data })).status).toBe('0x1')
    const words = decodeFunctionResult({ abi, functionName: 'start', data: result })
    expect(await refused(finish(words, cheat.subarray(layers)))).toBe('finalPolynomial')
  })
})
