import { keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../crypto/bytes.ts'
import { MODULUS } from '../../field/Field.ts'
import { type PublicRandom, publicRandom } from '../../study/random.ts'
import { fibonacciAir } from './examples/fibonacci.ts'
import { rangeCheckAir, rangeCheckWitness } from './examples/rangeCheck.ts'
import type { Parameters } from './parameters.ts'
import { prove } from './prove.ts'
import {
  type Case,
  exampleCases,
  fieldFor,
  refusalOf,
  type Section,
  sectionsOf,
  tinyParameters,
  UnmaskedProving,
} from './testing.ts'
import { begin, type Refusal, refusals, type Statement } from './verify.ts'

const isLong = process.env.WARDROUND_LONG === '1'
const timeout = isLong ? 1_200_000 : 60_000
const maskKey = new Uint8Array(32).fill(1)

interface Proved {
  readonly of: Case
  readonly proof: Uint8Array
  readonly sections: readonly Section[]
}

async function provedOf(name: string): Promise<Proved> {
  const of = await exampleCases[name]!(publicRandom(1), tinyParameters, 6)
  const proof = await prove(await fieldFor(of.air), of.air, of.statement, of.witness, { maskKey })
  return { of, proof, sections: sectionsOf(of, proof).sections }
}
const proved: Record<string, Proved> = {}
for (const name of Object.keys(exampleCases)) proved[name] = await provedOf(name)
const everyProof = Object.entries(proved)

/** After another challenge, work that was done is worth nothing; where it happens to be enough, other positions are drawn. */
const afterOtherChallenges: readonly Refusal[] = ['work', 'opening', 'malformed']
/** What may be said of a proof in which some byte of a section is another one. */
const expected: Record<Section['kind'], readonly Refusal[]> = {
  root: ['constraints'],
  quotientRoot: ['constraints'],
  // An element that is not canonical is found before.
  claims: ['constraints', 'malformed'],
  maskClaim: afterOtherChallenges,
  nonce: afterOtherChallenges,
  layerRoot: afterOtherChallenges,
  final: afterOtherChallenges,
  salt: ['opening'],
  row: ['opening', 'malformed'],
  siblings: ['opening', 'malformed'],
  node: ['opening'],
}

/** The proof with these bytes in place of some. */
function spliced(proof: Uint8Array, at: number, length: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(proof.subarray(0, at), bytes, proof.subarray(at + length))
}

function sectionBytes(proof: Uint8Array, { at, length }: Section): Uint8Array {
  return proof.subarray(at, at + length)
}

function swapped(proof: Uint8Array, a: Section, b: Section): Uint8Array {
  const once = spliced(proof, a.at, a.length, sectionBytes(proof, b))
  return spliced(once, b.at, b.length, sectionBytes(proof, a))
}

/** So many numbers below a bound, or all of them. */
function sampled(random: PublicRandom, count: number, bound: number): number[] {
  if (isLong) return Array.from({ length: bound }, (_, i) => i)
  return Array.from({ length: count }, () => random.below(bound))
}

describe.each(everyProof)('a proof of the example %s', (_, { of, proof, sections }) => {
  it('is accepted, and so is every byte of it accounted for', () => {
    expect(refusalOf(of, proof)).toBeNull()
    expect(sections.reduce((sum, { length }) => sum + length, 0)).toBe(proof.length)
  })

  it(
    'is refused with any one byte changed',
    () => {
      const random = publicRandom(2)
      const places = sampled(random, 120, proof.length)
      // Some of each kind, also of those that are short.
      for (const kind of Object.keys(expected)) {
        const { at, length } = sections.find(section => section.kind === kind)!
        for (let i = 0; i < 3; i++) places.push(at + random.below(length))
      }
      for (const place of places) {
        const { kind, name } = sections.find(({ at, length }) => place >= at && place < at + length)!
        const changed = proof.with(place, proof[place]! ^ (1 + random.below(255)))
        expect(expected[kind], `${name}, byte ${place}`).toContain(refusalOf(of, changed))
      }
    },
    timeout,
  )

  it('is refused with another context, input or root', () => {
    const { context, inputs, roots } = of.statement
    const others: Statement[] = [
      ...Array.from(context, (byte, i) => ({ ...of.statement, context: context.with(i, byte ^ 1) })),
      ...inputs.map((input, i) => ({ ...of.statement, inputs: inputs.with(i, input === 0n ? 1n : input - 1n) })),
      ...roots.map((root, i) => ({ ...of.statement, roots: roots.with(i, root.with(5, root[5]! ^ 1)) })),
    ]
    if (roots.length > 1) others.push({ ...of.statement, roots: roots.toReversed() })
    for (const statement of others) expect(refusalOf({ ...of, statement }, proof)).toBe('constraints')
  })

  it('is refused with a statement that is none of the AIR', () => {
    const { context, inputs, roots } = of.statement
    const none: Partial<Statement>[] = [
      { context: context.subarray(1) },
      { context: concatBytes(context, Uint8Array.of(0)) },
      { inputs: [...inputs, 0n] },
      { roots: [...roots, new Uint8Array(24)] },
    ]
    if (inputs.length > 0) none.push({ inputs: inputs.slice(1) })
    for (const wrong of [MODULUS, -1n, 2n ** 64n]) {
      if (inputs.length > 0) none.push({ inputs: inputs.with(0, wrong) })
    }
    if (roots.length > 0) none.push({ roots: roots.slice(1) }, { roots: roots.with(0, roots[0]!.subarray(1)) })
    for (const wrong of none) {
      expect(refusalOf({ ...of, statement: { ...of.statement, ...wrong } }, proof)).toBe('statement')
    }
  })

  it('is refused under other parameters', () => {
    for (const [name, value] of Object.entries(tinyParameters)) {
      for (const other of [value - 1, value + 1]) {
        const parameters = { ...tinyParameters, [name]: other }
        expect(refusalOf({ ...of, air: { ...of.air, parameters } }, proof)).toBe(
          // Chunks are shorter by a query's mask each, and the challenges others in any case.
          'constraints',
        )
      }
    }
  })

  it('is refused with any two commitments swapped', () => {
    const roots = sections.filter(({ kind }) => kind === 'root' || kind === 'quotientRoot' || kind === 'layerRoot')
    for (const [i, a] of roots.entries()) {
      for (const b of roots.slice(i + 1)) {
        expect(refusalOf(of, swapped(proof, a, b))).not.toBeNull()
        if (a.kind !== 'layerRoot') expect(refusalOf(of, swapped(proof, a, b))).toBe('constraints')
      }
    }
  })

  it('is refused with nodes out of order', () => {
    const nodes = sections.filter(({ kind }) => kind === 'node')
    const random = publicRandom(3)
    for (const i of sampled(random, 25, nodes.length - 1)) {
      expect(refusalOf(of, swapped(proof, nodes[i]!, nodes[i + 1]!))).toBe('opening')
    }
  })

  it('is refused with an opened row twice, in place of another, or not at all', () => {
    const salts = sections.filter(({ kind }) => kind === 'salt')
    const rowOf = (salt: Section) => sections[sections.indexOf(salt) + 1]!
    for (const [i, salt] of salts.entries()) {
      const length = salt.length + rowOf(salt).length
      const leaf = proof.subarray(salt.at, salt.at + length)
      expect(['opening', 'malformed']).toContain(refusalOf(of, spliced(proof, salt.at, 0, leaf)))
      expect(['opening', 'malformed']).toContain(refusalOf(of, spliced(proof, salt.at, length, new Uint8Array(0))))
      const next = salts[i + 1]
      if (next === undefined || rowOf(next).length !== rowOf(salt).length) continue
      expect(refusalOf(of, spliced(proof, next.at, length, leaf))).toBe('opening')
    }
    for (const leaf of sections.filter(({ kind }) => kind === 'siblings')) {
      const again = spliced(proof, leaf.at, 0, sectionBytes(proof, leaf))
      expect(['opening', 'malformed', 'folding']).toContain(refusalOf(of, again))
    }
  })

  it(
    'is refused where it is cut, or something follows',
    () => {
      const random = publicRandom(4)
      const lengths = new Set([...sampled(random, 60, proof.length), 0, proof.length - 1])
      for (const length of lengths) expect(refusalOf(of, proof.subarray(0, length))).toBe('malformed')
      for (const more of [Uint8Array.of(0), new Uint8Array(24), proof]) {
        expect(refusalOf(of, concatBytes(proof, more))).toBe('malformed')
      }
    },
    timeout,
  )

  it('is refused with an element that is not canonical, wherever it is', () => {
    const random = publicRandom(5)
    const holders = sections.filter(({ kind }) => ['claims', 'maskClaim', 'final', 'row', 'siblings'].includes(kind))
    const some = isLong ? holders : holders.filter(({ kind }) => kind !== 'row' || random.below(3) === 0)
    for (const { kind, at, length } of some) {
      for (const value of [MODULUS, 2n ** 64n - 1n]) {
        const element = new Uint8Array(8)
        new DataView(element.buffer).setBigUint64(0, value)
        const changed = spliced(proof, at + 8 * random.below(length / 8), 8, element)
        // Claims and the last polynomial are absorbed as bytes, and read at once.
        expect(refusalOf(of, changed), kind).toBe('malformed')
      }
    }
  })

  it('is refused with the next nonce', () => {
    for (const { at } of sections.filter(({ kind }) => kind === 'nonce')) {
      const next = proof.slice()
      const view = new DataView(next.buffer)
      view.setBigUint64(at, view.getBigUint64(at) + 1n)
      expect(afterOtherChallenges).toContain(refusalOf(of, next))
    }
  })

  it('is refused with a last polynomial of more coefficients, or fewer', () => {
    const { at, length } = sections.find(({ kind }) => kind === 'final')!
    for (const coefficient of [new Uint8Array(16), new Uint8Array(16).fill(1)]) {
      expect(afterOtherChallenges).toContain(refusalOf(of, spliced(proof, at + length, 0, coefficient)))
    }
    expect(afterOtherChallenges).toContain(refusalOf(of, spliced(proof, at + length - 16, 16, new Uint8Array(0))))
  })

  it('is refused as a proof of any other AIR', () => {
    for (const [, other] of everyProof) {
      if (other.of === of) continue
      expect(['malformed', 'constraints']).toContain(
        refusalOf({ air: other.of.air, statement: { ...other.of.statement, context: of.statement.context } }, proof),
      )
      expect(refusalOf({ air: other.of.air, statement: of.statement }, proof)).not.toBeNull()
    }
  })
})

describe('a transcript', () => {
  it('begins with everything that the verifier knows before', () => {
    const statement: Statement = {
      context: new Uint8Array(32).fill(3),
      inputs: [5n],
      roots: [new Uint8Array(24).fill(6)],
    }
    const key = Uint8Array.of(1, 2)
    const parameters: Parameters = { log2Blowup: 1, queries: 258, queryGrinding: 3, roundGrinding: 4 }
    const bytes = concatBytes(
      new TextEncoder().encode('wardround/stark/1'),
      keccak256(key, 'bytes'),
      // The rate, folding by 2^3 to 2^6 coefficients, queries, work.
      Uint8Array.of(1, 3, 6, 1, 2, 3, 4),
      ...[statement.context, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5), statement.roots[0]!],
    )
    const expected = keccak256(concatBytes(Uint8Array.of(2), new Uint8Array(32), bytes), 'bytes')
    expect(begin(key, statement, parameters).state).toEqual(expected)
  })
})

describe('a proof', () => {
  it('is refused under an AIR of the same shape with one constraint changed', () => {
    const { of, proof } = proved.fibonacci!
    const { key } = fibonacciAir(6, tinyParameters)
    expect(refusalOf({ ...of, air: { ...of.air, key } }, proof)).toBeNull()
    // The last constraint's row, one earlier.
    const other = key.with(-1, key.at(-1)! - 1)
    expect(refusalOf({ ...of, air: { ...of.air, key: other } }, proof)).toBe('constraints')
  })

  it('is refused with the same elements written another way', async () => {
    const example = rangeCheckAir(9, tinyParameters)
    const witness = rangeCheckWitness(example, new Array<bigint>(example.air.activeRows).fill(0n))
    const statement: Statement = { context: new Uint8Array(32), inputs: [], roots: [] }
    const of = { air: example.air, statement }
    const field = await fieldFor(example.air)
    // Without padding the columns are zero everywhere, which is also p.
    const proof = await new UnmaskedProving(field, example.air, statement, witness, { maskKey }).run()
    expect(refusalOf(of, proof)).toBeNull()
    const other = new Uint8Array(8)
    new DataView(other.buffer).setBigUint64(0, MODULUS)
    let places = 0
    for (const { kind, at, length } of sectionsOf(of, proof).sections) {
      if (kind !== 'claims' && kind !== 'row') continue
      for (let place = at; place < at + length; place += 8) {
        if (proof.subarray(place, place + 8).some(byte => byte !== 0)) continue
        places++
        expect(refusalOf(of, spliced(proof, place, 8, other))).toBe('malformed')
      }
    }
    expect(places).toBeGreaterThan(20)
  })

  it('is accepted or refused for reasons that the contract has as well', () => {
    expect(refusals).toEqual(['statement', 'malformed', 'constraints', 'work', 'opening', 'folding', 'finalPolynomial'])
  })
})
