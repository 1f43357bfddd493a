import { concatBytes } from '../../crypto/bytes.ts'
import { DIGEST_BYTES } from '../../field/digests.ts'
import { rootOfUnity } from '../../field/domain.ts'
import { type Extension, isSame, ONE, plus, scaled, times } from '../../field/extension.ts'
import { inverse, subtract } from '../../field/goldilocks.ts'
import { loadField } from '../../field/loadField.ts'
import type { StarkField } from '../../field/starkField.ts'
import type { Air } from './air.ts'
import { bigEndian } from './bytes.ts'
import {
  type Commitment,
  commit,
  type ExternalOracle,
  nodesOf,
  openingAt,
  pad,
  paddingOf,
  pinOf,
  recommit,
  valuesAt,
  workOf,
} from './commitment.ts'
import { type Coset, evaluationDomain, foldedDomain } from './fri.ts'
import { hashOfWords, Masks } from './masks.ts'
import { siblingsOf } from './merkle.ts'
import { Pace, type PaceOptions } from './pace.ts'
import { chunkMask, finalLength, foldings, LOG2_FOLD } from './parameters.ts'
import { type PinPoint, pinPointOf, splitInputs } from './pins.ts'
import { moveFromCoset, quotientCosets, quotientPolynomial, quotientWork } from './quotient.ts'
import { type Columns, checkTrace, type ExtensionColumns, orderedColumns, TraceError } from './trace.ts'
import type { Transcript } from './transcript.ts'
import { ascending, begin, type Statement } from './verify.ts'

/** What a proof is made from, and says nothing about. */
export interface Witness {
  /** The main columns over the active rows, by name. */
  readonly main: Columns
  /** The auxiliary columns, once the challenges are known. */
  readonly auxiliary?: (challenge: (name: string) => Extension) => ExtensionColumns
  /** The external oracles, as they were committed to, in the AIR's order. */
  readonly externals?: readonly ExternalOracle[]
}

export interface ProveOptions extends PaceOptions {
  /** 32 secret bytes, always the same ones: see Masks. */
  readonly maskKey: Uint8Array
}

/**
 * Proves that there are columns for which all constraints hold, without saying anything about them.
 * @param field made with loadStarkField(log2Rows + log2Blowup) or more, and with log2Rows + 3 where the rate is above 1/8; its memory
 * is as it was afterwards
 * @returns the proof, for `verify` and the contract; the same for the same arguments
 * @throws TraceError where a column does not fit or a constraint does not hold, naming the row; the signal's reason
 *
 * @example
 * const proof = await prove(field, air, statement, { main: columns }, { maskKey, signal, onProgress })
 */
export async function prove(
  field: StarkField,
  air: Air,
  statement: Statement,
  witness: Witness,
  options: ProveOptions,
): Promise<Uint8Array> {
  const start = field.mark()
  try {
    return await new Proving(field, air, statement, witness, options).run()
  } finally {
    field.release(start)
  }
}

/** Nonces tried before others have a turn, and what a bit of work costs beside the rest. */
const NONCES = 2 ** 14
const NONCE_WORK = 2

/** A commitment, and how its columns are read. */
interface Oracle extends Commitment {
  readonly columns: number
  readonly shifted: number
  readonly isExtension: boolean
  /** Where it is pinned; null: it is not. */
  readonly pin: PinPoint | null
}

/** A column and what it is multiplied with. */
interface Term {
  readonly coefficients: number
  readonly isExtension: boolean
  readonly weight: Extension
}

interface Layer {
  readonly tree: number
  readonly values: number
  readonly domain: Coset
}

/**
 * A proof under way: `prove` is what calls it. Its protected methods are where a prover could cheat, or forget to hide something;
 * tests do so there.
 */
export class Proving {
  readonly #field: StarkField
  readonly #air: Air
  readonly #statement: Statement
  /** The statement's, without the pins. */
  readonly #inputs: readonly bigint[]
  readonly #pins: readonly Extension[]
  readonly #witness: Witness
  readonly #maskKey: Uint8Array
  readonly #pace: Pace
  readonly #transcript: Transcript
  /** The proof so far. */
  readonly #parts: Uint8Array[] = []
  readonly #log2Domain: number

  constructor(field: StarkField, air: Air, statement: Statement, witness: Witness, { maskKey, ...pace }: ProveOptions) {
    this.#field = field
    this.#air = air
    this.#statement = statement
    const { own, pins } = splitInputs(statement.inputs, air.inputs.length)
    this.#inputs = own
    this.#pins = pins
    this.#witness = witness
    this.#maskKey = maskKey
    this.#pace = new Pace(pace, wholeWork(air, witness))
    this.#transcript = begin(air.key, statement, air.parameters)
    this.#log2Domain = air.log2Rows + air.parameters.log2Blowup
  }

  async run(): Promise<Uint8Array> {
    const air = this.#air
    const own = air.oracles.slice(air.externals)
    const externals = await this.#commitExternals()
    const main = own.find(({ isExtension }) => !isExtension)
    const mainColumns = orderedColumns<bigint>(air, main ?? { columns: [] }, this.#witness.main)
    const values = this.#write(mainColumns)
    const masks = await this.#masksOver(values, mainColumns.length)
    const commitments = [...externals]
    if (main !== undefined) commitments.push(await this.#commitColumns('main', values, mainColumns.length, masks))

    const challenges = air.challenges.map(() => this.#transcript.extension())
    const auxiliary = this.#auxiliaryColumns(challenges)
    if (auxiliary.length > 0) {
      const halves = this.#writeHalves(auxiliary)
      commitments.push(await this.#commitColumns('auxiliary', halves, 2 * auxiliary.length, masks))
    }

    const alpha = this.#transcript.extension()
    const quotient = await quotientPolynomial(
      this.#field,
      air,
      commitments,
      { inputs: this.#inputs, challenges, alpha },
      this.#pace,
    )
    if (!quotient.isPolynomial) this.doesNotHold(() => this.#explain(mainColumns, auxiliary, challenges))
    const oracles: Oracle[] = commitments.map((commitment, i) => {
      const { columns, shifted, isExtension, isPinned } = air.oracles[i]!
      const pin = isPinned ? pinPointOf(commitment.root) : null
      return { ...commitment, columns: columns.length, shifted, isExtension, pin }
    })
    const pieces = await this.#commitQuotient(quotient.coefficients, masks)
    const all = [...oracles, { ...pieces, columns: air.chunks + 1, shifted: 0, isExtension: true, pin: null }]

    const z = this.#transcript.outside()
    const nextZ = scaled(z, rootOfUnity(air.log2Rows))
    const here = all.map(oracle => this.#valuesAt(oracle, z))
    const next = oracles.map(oracle => this.#valuesAt(oracle, nextZ).slice(0, oracle.shifted))
    this.say(bigEndian([...here.slice(0, -1), ...next, here.at(-1)!].flat(2)))
    await this.#work(air.parameters.roundGrinding)
    const gamma = this.#transcript.extension()
    const layers = await this.#fold(this.#combine(all, gamma, z, nextZ))

    await this.#work(air.parameters.queryGrinding)
    const positions = ascending(this.#transcript.positions(air.parameters.queries, this.#log2Domain))
    for (const oracle of all) this.#parts.push(...openingAt(this.#field, air, oracle, positions))
    let at = positions
    for (const layer of layers) at = this.#openLayer(layer, at)
    return concatBytes(...this.#parts)
  }

  async #commitExternals(): Promise<Commitment[]> {
    const { externals, rows } = this.#air
    const given = this.#witness.externals ?? []
    if (given.length !== externals)
      throw new TraceError(`${this.#air.name} has ${externals} external oracles, not ${given.length}`)
    const commitments: Commitment[] = []
    const pins = [...this.#pins]
    for (const [i, { coefficients, saltKey, root, tree }] of given.entries()) {
      const at = this.#field.allocate(coefficients.length)
      this.#field.words(at, coefficients.length).set(coefficients)
      const columns = { coefficients: at, vectors: coefficients.length / rows, saltKey }
      const made =
        tree === undefined
          ? await commit(this.#field, this.#air, columns, this.#pace)
          : recommit(this.#field, this.#air, { ...columns, kept: tree })
      const stated = this.#statement.roots[i]
      if (stated === undefined || ![root, stated].every(other => other.every((byte, k) => byte === made.root[k]))) {
        throw new TraceError(
          `${this.#air.name}: the external oracle ${this.#air.oracles[i]!.name} is not the one of the statement`,
        )
      }
      if (this.#air.oracles[i]!.isPinned) this.#checkPin(i, made, pins.shift())
      commitments.push(made)
    }
    return commitments
  }

  #checkPin(oracle: number, columns: Commitment, stated: Extension | undefined): void {
    const pin = pinOf(this.#field, columns, this.#air.rows)
    if (stated !== undefined && isSame(pin, stated)) return
    const { name, oracles } = this.#air
    this.doesNotHold(() => new TraceError(`${name}: the statement has not the pin of ${oracles[oracle]!.name}`))
  }

  /** Columns over the active rows into the field's memory, the padding after them zero for now. */
  #write(columns: readonly ArrayLike<bigint>[]): number {
    const { rows, activeRows } = this.#air
    const at = this.#field.allocate(columns.length * rows)
    this.#field.words(at, columns.length * rows).fill(0n)
    columns.forEach((column, i) => {
      this.#field.words(at + 8 * i * rows, activeRows).set(column)
    })
    return at
  }

  /** The same of extension columns, of which each becomes two vectors. */
  #writeHalves(columns: readonly ArrayLike<Extension>[]): number {
    const { rows, activeRows } = this.#air
    const at = this.#field.allocate(2 * columns.length * rows)
    const words = this.#field.words(at, 2 * columns.length * rows).fill(0n)
    for (const [i, column] of columns.entries()) {
      const re = words.subarray(2 * i * rows)
      const im = words.subarray((2 * i + 1) * rows)
      for (let row = 0; row < activeRows; row++) [re[row], im[row]] = column[row]!
    }
    return at
  }

  /** Everything else follows from the statement and the main columns, and so may what hides it. */
  async #masksOver(values: number, vectors: number): Promise<Masks> {
    const hidden = hashOfWords(this.#field, values, vectors * this.#air.rows)
    const externals = (this.#witness.externals ?? []).map(({ saltKey }) => saltKey)
    return this.masks(await loadField(), this.#maskKey, concatBytes(this.#transcript.state, hidden, ...externals))
  }

  protected masks(...of: ConstructorParameters<typeof Masks>): Masks {
    return new Masks(...of)
  }

  /** Where nothing honest can be proved. */
  protected doesNotHold(explain: () => Error): void {
    throw explain()
  }

  async #commitColumns(name: string, values: number, vectors: number, masks: Masks): Promise<Commitment> {
    pad(this.#field, this.#air, values, vectors, masks.elements(`${name} padding`, vectors * paddingOf(this.#air)))
    this.#field.interpolate(values, this.#air.log2Rows, vectors)
    return this.#commit(name, values, vectors, masks)
  }

  async #commit(name: string, coefficients: number, vectors: number, masks: Masks): Promise<Commitment> {
    const saltKey = masks.key(`${name} salts`)
    const made = await commit(this.#field, this.#air, { coefficients, vectors, saltKey }, this.#pace)
    this.say(made.root)
    return made
  }

  #auxiliaryColumns(challenges: readonly Extension[]): ArrayLike<Extension>[] {
    const shape = this.#air.oracles.find(({ isExtension }) => isExtension)
    if (shape === undefined) return []
    const challenge = (name: string) => {
      const value = challenges[this.#air.challenges.indexOf(name)]
      if (value === undefined) throw new TraceError(`${this.#air.name}: there is no challenge ${name}`)
      return value
    }
    return orderedColumns<Extension>(this.#air, shape, this.#witness.auxiliary?.(challenge) ?? {})
  }

  /**
   * The quotient in chunks, q = Σ x^(ih) qᵢ, each hidden by a random polynomial tᵢ that the next one takes away again:
   * qᵢ + x^h tᵢ − tᵢ₋₁. And a random polynomial, which hides what FRI shows.
   */
  #commitQuotient(quotient: number, masks: Masks): Promise<Commitment> {
    const { rows, chunks, chunkLength, parameters } = this.#air
    const length = chunkMask(parameters)
    const size = quotientCosets(this.#air) * rows
    const at = this.#field.allocate(2 * (chunks + 1) * rows)
    const random = [
      masks.elements('quotient re', (chunks - 1) * length),
      masks.elements('quotient im', (chunks - 1) * length),
    ]
    const mask = masks.elements('mask', 2 * rows)
    const target = this.#field.words(at, 2 * (chunks + 1) * rows).fill(0n)
    for (const half of [0, 1]) {
      const source = this.#field.words(quotient + 8 * half * size, size)
      for (let i = 0; i < chunks; i++) {
        const chunk = target.subarray((2 * i + half) * rows, (2 * i + half + 1) * rows)
        chunk.set(source.subarray(i * chunkLength, (i + 1) * chunkLength))
        for (let k = 0; k < length; k++) {
          if (i < chunks - 1) chunk[chunkLength + k] = random[half]![i * length + k]!
          if (i > 0) chunk[k] = subtract(chunk[k]!, random[half]![(i - 1) * length + k]!)
        }
      }
    }
    target.set(mask, 2 * chunks * rows)
    return this.#commit('quotient', at, 2 * (chunks + 1), masks)
  }

  /** The values of an oracle's columns in a point outside the base field. */
  #valuesAt(oracle: Oracle, point: Extension): Extension[] {
    const values = valuesAt(this.#field, oracle, this.#air.rows, point)
    if (!oracle.isExtension) return values
    return Array.from({ length: oracle.columns }, (_, i) => plus(values[2 * i]!, times([0n, 1n], values[2 * i + 1]!)))
  }

  /** See `combined` in verify.ts, as coefficients. */
  #combine(oracles: readonly Oracle[], gamma: Extension, z: Extension, nextZ: Extension): number {
    const { rows } = this.#air
    let weight = ONE
    /** The first columns of an oracle, each with the weight before times a factor. */
    const weighed = ({ coefficients, isExtension }: Oracle, count: number, factor: Extension) =>
      Array.from({ length: count }, (_, i): Term => {
        const here = weight
        weight = times(weight, factor)
        return { coefficients: coefficients + 8 * i * rows * (isExtension ? 2 : 1), isExtension, weight: here }
      })
    const combination = this.#quotient(
      oracles.flatMap(oracle => weighed(oracle, oracle.columns, gamma)),
      z,
    )
    const shifted = this.#quotient(
      oracles.flatMap(oracle => weighed(oracle, oracle.shifted, gamma)),
      nextZ,
    )
    this.#field.accumulateExtension(combination, shifted, rows, 1n, 0n)
    for (const oracle of oracles) {
      if (oracle.pin === null) continue
      const ofPin = weight
      const pinned = this.#quotient(weighed(oracle, oracle.columns, oracle.pin.weight), oracle.pin.point)
      this.#field.accumulateExtension(combination, pinned, rows, 1n, 0n)
      weight = times(ofPin, gamma)
    }
    return combination
  }

  /** (Σ weight · f(x) − its value in the point) / (x − point). */
  #quotient(terms: readonly Term[], [re, im]: Extension): number {
    const { rows } = this.#air
    const sum = this.#field.allocate(2 * rows)
    this.#field.words(sum, 2 * rows).fill(0n)
    for (const { coefficients, isExtension, weight } of terms) {
      if (isExtension) this.#field.accumulateExtension(sum, coefficients, rows, ...weight)
      else this.#field.accumulate(sum, coefficients, rows, ...weight)
    }
    // The remainder that is dropped is what is taken off: the value in the point.
    this.#field.divideByLinear(sum, rows, re, im)
    return sum
  }

  /** FRI's commitments; says the last polynomial. */
  async #fold(combination: number): Promise<Layer[]> {
    const { log2Rows, rows, parameters } = this.#air
    let domain = evaluationDomain(this.#log2Domain)
    let values = this.extended(combination, domain)
    const layers: Layer[] = []
    for (let i = 0; i < foldings(log2Rows); i++) {
      const leaves = 2 ** (domain.log2Size - LOG2_FOLD)
      const tree = this.#field.allocate((2 * leaves * DIGEST_BYTES) / 8)
      this.#field.hashCosets(values, values + 64 * leaves, domain.log2Size, tree + DIGEST_BYTES * leaves)
      this.#field.merkle(tree, domain.log2Size - LOG2_FOLD)
      this.say(this.#field.bytes(tree + DIGEST_BYTES, DIGEST_BYTES).slice())
      await this.#work(parameters.roundGrinding)
      const beta = this.#transcript.extension()
      layers.push({ tree, values, domain })
      const folded = this.#field.allocate(2 * leaves)
      this.#field.foldBy8(values, folded, domain.log2Size, inverse(domain.offset), ...beta)
      ;[values, domain] = [folded, foldedDomain(domain)]
      await this.#pace.did(rows)
    }
    const size = 2 ** domain.log2Size
    this.#field.interpolate(values, domain.log2Size, 2)
    moveFromCoset(this.#field, values, size, domain.offset)
    const words = this.#field.words(values, 2 * size)
    const length = finalLength(log2Rows)
    if (words.some((word, k) => k % size >= length && word !== 0n)) {
      this.doesNotHold(() => new Error('FRI ends at too high a degree'))
    }
    this.say(bigEndian(Array.from({ length }, (_, k) => [words[k]!, words[size + k]!]).flat()))
    return layers
  }

  /** A polynomial of as many coefficients as there are rows, evaluated on the whole domain. */
  protected extended(coefficients: number, { log2Size, offset }: Coset): number {
    const { rows } = this.#air
    const size = 2 ** log2Size
    const values = this.#field.allocate(2 * size)
    const start = this.#field.mark()
    const padded = this.#field.allocate(2 * size)
    const words = this.#field.words(padded, 2 * size).fill(0n)
    for (const half of [0, 1]) words.set(this.#field.words(coefficients + 8 * half * rows, rows), half * size)
    this.#field.evaluate(padded, values, log2Size, 2, offset, 8 * size)
    this.#field.release(start)
    return values
  }

  /** Says a layer's leaves that hold these positions. @returns their positions in the next layer */
  #openLayer({ tree, values, domain }: Layer, positions: readonly number[]): number[] {
    const size = 2 ** domain.log2Size
    const leaves = size / 2 ** LOG2_FOLD
    const opened = ascending(positions.map(position => position % leaves))
    const words = this.#field.words(values, 2 * size)
    for (const leaf of opened) {
      const siblings = Array.from({ length: 2 ** LOG2_FOLD }, (_, t) => leaf + t * leaves)
      this.#parts.push(bigEndian(siblings.flatMap(at => [words[at]!, words[size + at]!])))
    }
    this.#parts.push(...nodesOf(this.#field, tree, siblingsOf(opened, domain.log2Size - LOG2_FOLD)))
    return opened
  }

  /** Adds to the proof and to the transcript. */
  protected say(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#transcript.absorb(bytes)
  }

  /** Finds a nonce, says it, and takes it in. */
  async #work(bits: number): Promise<void> {
    const start = this.#field.mark()
    const state = this.#field.allocate(4)
    this.#field.bytes(state, 32).set(this.#transcript.state)
    let nonce = -1n
    for (let first = 0n; nonce < 0n; first += BigInt(NONCES)) {
      nonce = this.#field.grind(state, first, NONCES, bits)
      await this.#pace.did(NONCES * NONCE_WORK)
    }
    this.#field.release(start)
    const bytes = bigEndian([nonce])
    if (!this.#transcript.accepts(bytes, bits)) throw new Error('the work found is none')
    this.#parts.push(bytes)
  }

  /** What is wrong with a trace whose quotient is no polynomial. */
  #explain(
    main: readonly ArrayLike<bigint>[],
    auxiliary: readonly ArrayLike<Extension>[],
    challenges: readonly Extension[],
  ): Error {
    const { log2Rows, rows, activeRows } = this.#air
    const columns: (readonly ArrayLike<bigint | Extension>[])[] = []
    for (const { coefficients } of this.#witness.externals ?? []) {
      const at = this.#field.allocate(coefficients.length)
      const values = this.#field.allocate(coefficients.length)
      this.#field.words(at, coefficients.length).set(coefficients)
      const count = coefficients.length / rows
      this.#field.evaluate(at, values, log2Rows, count, 1n, 8 * rows)
      columns.push(
        Array.from({ length: count }, (_, i) => this.#field.words(values + 8 * i * rows, activeRows).slice()),
      )
    }
    for (const own of [main, auxiliary]) if (own.length > 0) columns.push(own)
    checkTrace(this.#air, columns, this.#inputs, challenges)
    return new Error('the quotient is no polynomial, though all constraints hold')
  }
}

/** About how much work a proof is, in the units of Pace. */
function wholeWork(air: Air, { externals = [] }: Witness): number {
  const { parameters, rows, log2Rows } = air
  const vectors = air.oracles
    .filter((_, i) => externals[i]?.tree === undefined)
    .map(({ columns, isExtension }) => columns.length * (isExtension ? 2 : 1))
  const commitments = [...vectors, 2 * (air.chunks + 1)].reduce((sum, count) => sum + workOf(count, air), 0)
  const rounds = foldings(log2Rows)
  const nonces = 2 ** parameters.queryGrinding + (rounds + 1) * 2 ** parameters.roundGrinding
  return commitments + quotientWork(air) + rounds * rows + nonces * NONCE_WORK
}
