import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Extension, embed, minus, ONE, plus, raised, reciprocal, times, valueAt } from '../../field/extension.ts'
import { add } from '../../field/goldilocks.ts'
import type { StarkField } from '../../field/starkField.ts'
import { type PublicRandom, publicRandom } from '../../study/random.ts'
import { Reader, Writer } from './bytes.ts'
import { quotientAt } from './constraints.ts'
import { rangeCheckAir, rangeCheckWitness } from './examples/rangeCheck.ts'
import { type Coset, pointOf } from './fri.ts'
import { decodeKey } from './key.ts'
import { lookupColumns } from './lookup.ts'
import { splitInputs } from './pins.ts'
import { type ProveOptions, Proving } from './prove.ts'
import {
  type Case,
  exampleCases,
  fieldFor,
  randomCase,
  randomElement,
  refusalOf,
  tinyParameters,
  withCellChanged,
} from './testing.ts'
import { Transcript } from './transcript.ts'
import type { Refusal } from './verify.ts'

const isLong = process.env.WARDROUND_LONG === '1'
const options: ProveOptions = { maskKey: new Uint8Array(32).fill(1) }

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

/** Goes on with as much of the quotient as fits where it is no polynomial. */
class Truncates extends Proving {
  excuses = 0
  readonly of: Case
  protected readonly field: StarkField
  #messages = 0

  constructor(field: StarkField, of: Case) {
    super(field, of.air, of.statement, of.witness, options)
    this.field = field
    this.of = of
  }

  protected override doesNotHold(): void {
    this.excuses++
  }

  protected override say(bytes: Uint8Array): void {
    const { air } = this.of
    // Own oracles' roots and the quotient's come first, then what all columns are at z, then FRI.
    const roots = air.oracles.length - air.externals + 1
    const isClaims = this.#messages++ === roots
    super.say(isClaims ? this.claims(bytes) : this.other(bytes))
  }

  protected claims(bytes: Uint8Array): Uint8Array {
    return bytes
  }

  protected other(bytes: Uint8Array): Uint8Array {
    return bytes
  }
}

/** Says of the first chunk in z whatever makes the constraints hold there. */
class Lies extends Truncates {
  protected z: Extension = ONE
  /** How far that is from the truth. */
  protected lie: Extension = ONE

  protected override claims(bytes: Uint8Array): Uint8Array {
    const { air, statement } = this.of
    this.z = drawn.at(-1)!
    // The points of pinned oracles come first, two elements each.
    const own = drawn.slice(2 * air.oracles.filter(({ isPinned }) => isPinned).length)
    const [challenges, alpha] = [own.slice(0, air.challenges.length), own[air.challenges.length]!]
    const said = elementsOf(bytes)
    const first = said.length - air.chunks - 1
    const { own: inputs } = splitInputs(statement.inputs, air.inputs.length)
    const wanted = quotientAt(decodeKey(air.key), said.slice(0, first), { inputs, challenges }, alpha, this.z)
    const whole = valueAt(said.slice(first, -1), raised(this.z, BigInt(air.chunkLength)))
    this.lie = minus(wanted, whole)
    return bytesOf(said.with(first, plus(said[first]!, this.lie)))
  }
}

/** Commits to the very function that the verifier computes from the lie, though it is no polynomial of low degree. */
class FoldsLies extends Lies {
  protected override extended(coefficients: number, domain: Coset): number {
    const at = super.extended(coefficients, domain)
    const { air } = this.of
    const columns = air.oracles.reduce((sum, oracle) => sum + oracle.columns.length, 0)
    const weight = times(raised(drawn.at(-1)!, BigInt(columns)), this.lie)
    const size = 2 ** domain.log2Size
    const words = this.field.words(at, 2 * size)
    for (let i = 0; i < size; i++) {
      const share = times(weight, reciprocal(minus(embed(pointOf(domain, i)), this.z)))
      ;[words[i], words[size + i]] = minus([words[i]!, words[size + i]!], share)
    }
    return at
  }
}

const provers = { Truncates, Lies, FoldsLies }
const refusedFor: Record<keyof typeof provers, Refusal> = {
  Truncates: 'constraints',
  Lies: 'folding',
  FoldsLies: 'finalPolynomial',
}
const everyProver = Object.entries(provers) as [keyof typeof provers, typeof Truncates][]

function elementsOf(bytes: Uint8Array): Extension[] {
  const from = new Reader(bytes)
  return Array.from({ length: bytes.length / 16 }, () => from.extension())
}

function bytesOf(elements: readonly Extension[]): Uint8Array {
  return elements.reduce((to, element) => to.extension(element), new Writer()).bytes()
}

async function outcomeOf(Prover: typeof Truncates, of: Case): Promise<{ excuses: number; refusal: Refusal | null }> {
  drawn.length = 0
  const prover = new Prover(await fieldFor(of.air), of)
  const proof = await prover.run()
  return { excuses: prover.excuses, refusal: refusalOf(of, proof) }
}

/** Something that does not hold: one cell of one column, or an input, is another one. */
async function falseCase(random: PublicRandom): Promise<Case> {
  const names = Object.keys(exampleCases)
  const of = await exampleCases[names[random.below(names.length)]!]!(random, tinyParameters, 6 + random.below(2))
  const { inputs } = of.statement
  if (of.air.inputs.length > 0 && random.below(5) === 0) {
    const i = random.below(of.air.inputs.length)
    const changed = inputs.with(i, add(inputs[i]!, randomElement(random)))
    return { ...of, statement: { ...of.statement, inputs: changed } }
  }
  return oneCellChanged(of, random)
}

function oneCellChanged(of: Case, random: PublicRandom): Promise<Case> {
  const columns = of.air.oracles.flatMap(oracle => oracle.columns)
  const column = columns[random.below(columns.length)]!
  return withCellChanged(of, { column, row: random.below(of.air.activeRows), by: randomElement(random) })
}

describe('a cheating prover', () => {
  it.each(everyProver)('that %s has its proof accepted where it has nothing to hide', async (_, Prover) => {
    for (const make of Object.values(exampleCases)) {
      const of = await make(publicRandom(1), tinyParameters, 6)
      expect(await outcomeOf(Prover, of)).toEqual({ excuses: 0, refusal: null })
    }
  })

  it.each(everyProver)(
    'that %s is refused, whatever does not hold',
    async (name, Prover) => {
      for (let seed = 0; seed < (isLong ? 350 : 20); seed++) {
        const { excuses, refusal } = await outcomeOf(Prover, await falseCase(publicRandom(seed)))
        expect({ seed, refusal }).toEqual({ seed, refusal: refusedFor[name] })
        expect(excuses).toBe(name === 'FoldsLies' ? 2 : 1)
      }
    },
    isLong ? 600_000 : 60_000,
  )

  it.each(everyProver.filter(([name]) => name !== 'FoldsLies'))(
    'that %s is refused, whatever the AIR',
    async (name, Prover) => {
      for (let seed = 0; seed < (isLong ? 200 : 15); seed++) {
        const random = publicRandom(seed)
        const of = await oneCellChanged(await randomCase(random), random)
        expect({ seed, ...(await outcomeOf(Prover, of)) }).toEqual({ seed, excuses: 1, refusal: refusedFor[name] })
      }
    },
    isLong ? 600_000 : 60_000,
  )

  it.each(everyProver)('that %s is refused with a limb of 256, all sums being right', async (name, Prover) => {
    const example = rangeCheckAir(9, tinyParameters)
    const { air, lookup } = example
    const honest = rangeCheckWitness(example, new Array<bigint>(air.activeRows).fill(256n))
    const low = honest.main.low!.with(77, 256n)
    const high = honest.main.high!.with(77, 0n)
    const counts = honest.main['limb.count']!
    const of: Case = {
      air,
      statement: { context: new Uint8Array(32), inputs: [], roots: [] },
      witness: {
        main: { ...honest.main, low, high },
        auxiliary: challenge => lookupColumns(lookup, [[low], [high]], counts, challenge),
      },
      externals: [],
    }
    expect((await outcomeOf(Prover, of)).refusal).toBe(refusedFor[name])
  })
})

describe('a prover with a true statement', () => {
  it.each(Object.entries(exampleCases))('is refused for any one wrong value in z: %s', async (_, make) => {
    const of = await make(publicRandom(2), tinyParameters, 6)
    const claims = of.air.oracles.reduce(
      (sum, oracle) => sum + oracle.columns.length + oracle.shifted,
      of.air.chunks + 1,
    )
    for (let wrong = 0; wrong < claims; wrong++) {
      class SaysWrong extends Truncates {
        protected override claims(bytes: Uint8Array): Uint8Array {
          const said = elementsOf(bytes)
          return bytesOf(said.with(wrong, plus(said[wrong]!, [0n, 1n])))
        }
      }
      // Constraints say nothing about the mask, which is the last.
      const refusal = wrong === claims - 1 ? 'folding' : 'constraints'
      expect({ wrong, ...(await outcomeOf(SaysWrong, of)) }).toEqual({ wrong, excuses: 0, refusal })
    }
  })

  it('is refused for work of one bit less, wherever that is', async () => {
    const parameters = { ...tinyParameters, queryGrinding: 8, roundGrinding: 5 }
    const of = await exampleCases.fibonacci!(publicRandom(3), parameters, 10)
    const { accepts } = Transcript.prototype
    // Before the combination, each of two foldings, and the queries. The last time all is done.
    for (let lazy = 0; lazy <= 4; lazy++) {
      const field = await fieldFor(of.air)
      const grind = field.grind.bind(field)
      /** The first nonce that is worth all bits but one. */
      const tooLittle: typeof grind = (state, start, count, bits) => {
        const nonce = grind(state, start, count, bits - 1)
        return nonce === grind(state, nonce, count, bits) ? tooLittle(state, nonce + 1n, count, bits) : nonce
      }
      let works = 0
      vi.spyOn(field, 'grind').mockImplementation((...asked) =>
        works++ === lazy ? tooLittle(...asked) : grind(...asked),
      )
      const easy = vi.spyOn(Transcript.prototype, 'accepts').mockImplementation(function (this: Transcript, nonce) {
        return accepts.call(this, nonce, 0)
      })
      const proof = await new Truncates(field, of).run()
      easy.mockRestore()
      expect(works).toBe(4)
      expect(refusalOf(of, proof)).toBe(lazy < 4 ? 'work' : null)
    }
  })

  it('is refused for another last polynomial', async () => {
    class EndsElsewhere extends Truncates {
      protected override other(bytes: Uint8Array): Uint8Array {
        if (bytes.length === 24) return bytes
        const said = elementsOf(bytes)
        return bytesOf(said.with(-1, plus(said.at(-1)!, ONE)))
      }
    }
    for (const make of Object.values(exampleCases)) {
      const of = await make(publicRandom(3), tinyParameters, 6)
      expect((await outcomeOf(EndsElsewhere, of)).refusal).toBe('finalPolynomial')
    }
  })

  it('is refused for folding another polynomial, of as low a degree', async () => {
    class FoldsAnother extends Truncates {
      protected override extended(coefficients: number, domain: Coset): number {
        const words = this.field.words(coefficients, 1)
        words[0] = add(words[0]!, 1n)
        return super.extended(coefficients, domain)
      }
    }
    for (const make of Object.values(exampleCases)) {
      const of = await make(publicRandom(4), tinyParameters, 6)
      expect(await outcomeOf(FoldsAnother, of)).toEqual({ excuses: 0, refusal: 'folding' })
    }
  })
})
