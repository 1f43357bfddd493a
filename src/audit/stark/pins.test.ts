import { bytesToHex, concatBytes, hexToBytes, keccak256 } from 'viem'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { DIGEST_BYTES } from '../../field/digests.ts'
import { type Extension, embed, minus, ONE, plus, raised, reciprocal, times } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import type { StarkField } from '../../field/starkField.ts'
import { publicRandom } from '../../study/random.ts'
import type { Air } from './air.ts'
import { commitOracle, type ExternalOracle, pinOf } from './commitment.ts'
import { registeredAir, registeredTrace } from './examples/registered.ts'
import { type Coset, pointOf } from './fri.ts'
import type { Parameters } from './parameters.ts'
import { inputsWithPins, pinOver, pinPointOf, splitInputs } from './pins.ts'
import { Proving, prove, type Witness } from './prove.ts'
import { fieldFor, randomBytes, randomElement, refusalOf } from './testing.ts'
import { TraceError } from './trace.ts'
import { Transcript } from './transcript.ts'
import type { Refusal, Statement } from './verify.ts'

describe('the point of a pin', () => {
  const hash = (...parts: Uint8Array[]) => keccak256(concatBytes(parts), 'bytes')
  const wordsOf = (bytes: Uint8Array) => [0, 8, 16, 24].map(at => new DataView(bytes.buffer).getBigUint64(at))

  it('is the first two words of keccak256s that begin with the root, and its weight those of the next', () => {
    const root = Uint8Array.from({ length: 24 }, (_, i) => i + 1)
    const first = hash(Uint8Array.of(3), hash(Uint8Array.of(6), root))
    const words = [first, hash(Uint8Array.of(3), first)].map(wordsOf)
    expect(words.flat().every(word => word < MODULUS)).toBe(true)
    expect(pinPointOf(root)).toEqual({ point: words[0]!.slice(0, 2), weight: words[1]!.slice(0, 2) })
    // The contract's test has the same: contracts/test/stark/Transcript.t.sol.
    expect(bytesToHex(first)).toBe('0xde8b949348299a59a71b5863e51ecbd0d95ef6237728faa7b313857e947e8e41')
  })

  it('is another for another root, and the same again for the same', () => {
    const root = hexToBytes(`0x${'ab'.repeat(24)}`)
    expect(pinPointOf(root)).toEqual(pinPointOf(root.slice()))
    expect(pinPointOf(root.with(23, 0))).not.toEqual(pinPointOf(root))
  })
})

describe('the pin', () => {
  it('is the sum of what the columns are in the point, each with another power of the weight', () => {
    const random = publicRandom(1)
    const element = (): Extension => [randomElement(random), randomElement(random)]
    const [a, b, c, point, weight] = [element(), element(), element(), element(), element()]
    const sum = plus(a, plus(times(weight, b), times(times(weight, weight), c)))
    expect(pinOver([a, b, c], { point, weight })).toEqual(sum)
  })

  it('is two inputs of a statement, after all others, for each oracle that has one', () => {
    const inputs = inputsWithPins([1n, 2n, 3n], [{ pin: [4n, 5n] }, {}, { pin: [6n, 7n] }])
    expect(inputs).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n])
    const pins = [embed(4n), embed(6n)].map(([re]): Extension => [re, re + 1n])
    expect(splitInputs(inputs, 3)).toEqual({ own: [1n, 2n, 3n], pins })
    expect(splitInputs([1n], 1)).toEqual({ own: [1n], pins: [] })
  })
})

/** Few queries: at real ones what follows takes as many tries as docs/proofs.md says. */
const parameters: Parameters = { log2Blowup: 3, queries: 3, queryGrinding: 2, roundGrinding: 1 }
const maskKey = new Uint8Array(32).fill(1)
const context = new Uint8Array(32).fill(2)

/** All elements that were drawn from transcripts, the last one at the end. */
const drawn: Extension[] = []
const draw = Transcript.prototype.extension
vi.spyOn(Transcript.prototype, 'extension').mockImplementation(function (this: Transcript) {
  const element = draw.call(this)
  drawn.push(element)
  return element
})
afterEach(() => {
  drawn.length = 0
})

/** A proof of one of two bills, both of which are under the one root. */
interface Side {
  readonly statement: Statement
  readonly witness: Witness
}

/**
 * Commits to one word that is made of two: each second point of the domain has the row of the first bill, the others have that of the
 * second. Its root is given with either bill.
 */
async function oneWordOfTwo(field: StarkField, air: Air): Promise<[Side, Side]> {
  const random = publicRandom(5)
  const column = () => BigUint64Array.from({ length: air.activeRows }, () => randomElement(random))
  const bills = [0, 1].map(() => ({ amount: column(), price: column() }))
  const oracles: ExternalOracle[] = []
  for (const bill of bills) oracles.push(await commitOracle(field, air, 'bill', bill, { maskKey, keepTree: true }))
  const log2Leaves = air.log2Rows + parameters.log2Blowup
  const leaves = 2 ** log2Leaves
  const words = oracles[0]!.tree!.length
  const start = field.mark()
  const at = field.allocate(words)
  const digests = oracles.map(({ tree }) => new Uint8Array(tree!.buffer, tree!.byteOffset, tree!.byteLength))
  for (let leaf = 0; leaf < leaves; leaf++) {
    const place = DIGEST_BYTES * (leaves + leaf)
    field.bytes(at + place, DIGEST_BYTES).set(digests[leaf % 2]!.subarray(place, place + DIGEST_BYTES))
  }
  field.merkle(at, log2Leaves)
  const tree = field.words(at, words).slice()
  const root = field.bytes(at + DIGEST_BYTES, DIGEST_BYTES).slice()
  const sides = bills.map((bill, i): Side => {
    const { coefficients, saltKey } = oracles[i]!
    const { main, inputs } = registeredTrace(bill)
    field.words(at, coefficients.length).set(coefficients)
    const pin = pinOf(field, { coefficients: at, vectors: 2, root }, air.rows)
    const oracle: ExternalOracle = { root, coefficients, saltKey, tree, ...(air.oracles[0]!.isPinned ? { pin } : {}) }
    return {
      statement: { context, inputs: inputsWithPins(inputs, [oracle]), roots: [root] },
      witness: { main, externals: [oracle] },
    }
  })
  field.release(start)
  return [sides[0]!, sides[1]!]
}

/** Goes on where nothing honest can be proved. */
class Insists extends Proving {
  protected readonly field: StarkField
  protected readonly air: Air
  protected readonly side: Side

  constructor(field: StarkField, air: Air, side: Side, seed: number) {
    super(field, air, side.statement, side.witness, { maskKey: randomBytes(publicRandom(seed), 32) })
    this.field = field
    this.air = air
    this.side = side
  }

  protected override doesNotHold(): void {}
}

/** Commits to the very function that the verifier computes from the pin that is said, though it is no polynomial of low degree. */
class FoldsPin extends Insists {
  protected override extended(coefficients: number, domain: Coset): number {
    const at = super.extended(coefficients, domain)
    const { oracles, chunks } = this.air
    const before = oracles.reduce((sum, { columns, shifted }) => sum + columns.length + shifted, chunks + 1)
    const gamma = drawn.at(-1)!
    const { statement, witness } = this.side
    const lie = minus(splitInputs(statement.inputs, 1).pins[0]!, witness.externals![0]!.pin!)
    const { point } = pinPointOf(statement.roots[0]!)
    const weight = times(raised(gamma, BigInt(before)), lie)
    const size = 2 ** domain.log2Size
    const words = this.field.words(at, 2 * size)
    for (let i = 0; i < size; i++) {
      const share = times(weight, reciprocal(minus(embed(pointOf(domain, i)), point)))
      ;[words[i], words[size + i]] = minus([words[i]!, words[size + i]!], share)
    }
    return at
  }
}

/** What the verifier says of so many proofs, each with masks of its own, and so with positions of its own. */
async function verdicts(Prover: typeof Insists, field: StarkField, air: Air, side: Side): Promise<Set<Refusal | null>> {
  const seen = new Set<Refusal | null>()
  const start = field.mark()
  for (let seed = 0; seed < 40; seed++) {
    drawn.length = 0
    const proof = await new Prover(field, air, side, seed).run()
    seen.add(refusalOf({ air, statement: side.statement }, proof))
    field.release(start)
  }
  return seen
}

describe('one word that is made of two bills', { timeout: 60_000 }, () => {
  it('is accepted as either where it is not pinned', async () => {
    const air = registeredAir(6, parameters, false)
    const field = await fieldFor(air)
    const [first, second] = await oneWordOfTwo(field, air)
    expect(second.statement.roots).toEqual(first.statement.roots)
    expect(second.statement.inputs).not.toEqual(first.statement.inputs)
    // Now and then all positions are of one half.
    for (const side of [first, second]) {
      expect(await verdicts(Insists, field, air, side)).toEqual(new Set(['opening', null]))
    }
  })

  describe('and pinned', () => {
    const air = registeredAir(6, parameters)
    const pinOfSide = ({ statement }: Side) => splitInputs(statement.inputs, 1).pins[0]!
    const withPin = ({ statement, witness }: Side, said: Extension): Side => ({
      statement: { ...statement, inputs: inputsWithPins(splitInputs(statement.inputs, 1).own, [{ pin: said }]) },
      witness,
    })
    let field: StarkField
    let first: Side
    let second: Side
    beforeAll(async () => {
      field = await fieldFor(air)
      ;[first, second] = await oneWordOfTwo(field, air)
    })

    it('has another pin as either', async () => {
      expect(pinOfSide(first)).not.toEqual(pinOfSide(second))
      for (const side of [first, second]) {
        expect(await verdicts(Insists, field, air, side)).toEqual(new Set(['opening', null]))
      }
    })

    it('is no other under the pin of one, even at the positions that are its own', async () => {
      for (const side of [withPin(first, pinOfSide(second)), withPin(second, pinOfSide(first))]) {
        const proving = prove(field, air, side.statement, side.witness, { maskKey })
        await expect(proving).rejects.toThrow(new TraceError('registered: the statement has not the pin of bill'))
        expect(await verdicts(Insists, field, air, side)).toEqual(new Set(['opening', 'folding']))
        expect(await verdicts(FoldsPin, field, air, side)).toEqual(new Set(['opening', 'finalPolynomial']))
      }
    })

    it('is neither under a pin that is of none', async () => {
      const side = withPin(first, plus(pinOfSide(first), ONE))
      expect(await verdicts(FoldsPin, field, air, side)).toEqual(new Set(['opening', 'finalPolynomial']))
    })
  })
})
