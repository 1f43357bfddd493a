import { describe, expect, it } from 'vitest'
import { rootOfUnity } from '../../field/domain.ts'
import {
  type Extension,
  embed,
  isSame,
  minus,
  raised,
  reciprocal,
  scaled,
  times,
  valueAt,
  ZERO,
} from '../../field/extension.ts'
import { add, inverse, multiply } from '../../field/goldilocks.ts'
import { type PublicRandom, publicRandom } from '../../study/random.ts'
import { type Air, defineAir } from './air.ts'
import { Reader } from './bytes.ts'
import { pad, paddingOf } from './commitment.ts'
import { matrixProductAir, matrixProductWitness } from './examples/matrixProduct.ts'
import { evaluationDomain, pointOf } from './fri.ts'
import { Masks } from './masks.ts'
import { chunkMask, defaultParameters, type Parameters, paddingRows } from './parameters.ts'
import { Proving, type Witness } from './prove.ts'
import {
  exampleCases,
  fieldFor,
  randomBytes,
  randomElement,
  randomExtension,
  sectionsOf,
  tinyParameters,
  UnmaskedProving,
} from './testing.ts'
import type { Statement } from './verify.ts'

const isLong = process.env.WARDROUND_LONG === '1'

/** How many of the rows are independent. */
function rankOf(matrix: readonly (readonly Extension[])[]): number {
  const rows = matrix.map(row => [...row])
  let rank = 0
  for (let column = 0; column < (rows[0]?.length ?? 0); column++) {
    const pivot = rows.findIndex((row, i) => i >= rank && !isSame(row[column]!, ZERO))
    if (pivot === -1) continue
    ;[rows[rank], rows[pivot]] = [rows[pivot]!, rows[rank]!]
    const scale = reciprocal(rows[rank]![column]!)
    for (const row of rows.slice(rank + 1)) {
      const factor = times(row[column]!, scale)
      if (isSame(factor, ZERO)) continue
      for (let k = column; k < row.length; k++) row[k] = minus(row[k]!, times(factor, rows[rank]![k]!))
    }
    rank++
  }
  return rank
}

/** Distinct points of the domain that are not each other's next either: then nothing is opened twice. */
function queryPoints(random: PublicRandom, { log2Rows, parameters }: Pick<Air, 'log2Rows' | 'parameters'>): bigint[] {
  const domain = evaluationDomain(log2Rows + parameters.log2Blowup)
  const root = rootOfUnity(log2Rows)
  const points = new Set<bigint>()
  const taken = new Set<bigint>()
  while (points.size < parameters.queries) {
    const x = pointOf(domain, random.below(2 ** domain.log2Size))
    const next = multiply(x, root)
    if (taken.has(x) || taken.has(next)) continue
    points.add(x)
    taken.add(x).add(next)
  }
  return [...points]
}

interface ColumnShape {
  readonly isExtension: boolean
  readonly isShifted: boolean
}

/**
 * The points in which a proof tells the value of a column. A column of base elements that is known in z is known in z's conjugate as
 * well: the two together are as good as the two halves of its value.
 */
function openedPoints(air: Air, { isExtension, isShifted }: ColumnShape, random: PublicRandom): Extension[] {
  const z = randomExtension(random)
  const outside = isExtension ? [z] : [z, conjugate(z)]
  const points = [...queryPoints(random, air).map(embed), ...outside]
  return isShifted ? points.flatMap(point => [point, scaled(point, rootOfUnity(air.log2Rows))]) : points
}

/** Those in which the pin of an oracle says something of each of its columns: the same in every proof. */
function pinnedPoints(random: PublicRandom): Extension[] {
  const point = randomExtension(random)
  return [point, conjugate(point)]
}

function conjugate([re, im]: Extension): Extension {
  return minus([re, 0n], [0n, im])
}

/** What one row of padding after the other adds to the column's values in these points. */
async function paddingMap(air: Air, points: readonly Extension[]): Promise<Extension[][]> {
  const field = await fieldFor(air)
  const column = field.allocate(air.rows)
  const target = field.allocate(2)
  const padding = paddingOf(air)
  const map = points.map((): Extension[] => [])
  for (let row = 0; row < padding; row++) {
    field.words(column, air.rows).fill(0n)
    pad(field, air, column, 1, new BigUint64Array(padding).fill(1n, row, row + 1))
    field.interpolate(column, air.log2Rows, 1)
    for (const [i, [re, im]] of points.entries()) {
      field.evaluateAt(column, air.rows, 1, re, im, target)
      const [value, rest] = field.words(target, 2)
      map[i]!.push([value!, rest!])
    }
  }
  return map
}

/** The map where there are only so many rows of padding. */
const cut = (map: readonly (readonly Extension[])[], rows: number) => map.map(values => values.slice(0, rows))

const shapes: ColumnShape[] = [true, false].flatMap(isExtension =>
  [true, false].map(isShifted => ({ isExtension, isShifted })),
)

describe('padding', () => {
  it.each(Object.entries(exampleCases))('hides each column of the example %s', async (_, make) => {
    const random = publicRandom(1)
    const { air } = await make(random, tinyParameters, 6)
    const openings = air.externals > 0 ? 2 : 1
    for (const { columns, shifted, isExtension, isPinned } of air.oracles) {
      for (let column = 0; column < columns.length; column++) {
        const shape = { isExtension, isShifted: column < shifted }
        const points = Array.from({ length: openings }, () => openedPoints(air, shape, random)).flat()
        if (isPinned) points.push(...pinnedPoints(random))
        const map = await paddingMap(air, points)
        const anyPinned = air.oracles.some(oracle => oracle.isPinned)
        expect(map[0]).toHaveLength(paddingRows(tinyParameters, openings, anyPinned))
        expect(rankOf(map)).toBe(points.length)
        expect(rankOf(cut(map, points.length - 1))).toBe(points.length - 1)
      }
    }
  })

  it.each(shapes)('is enough with the default parameters for columns of the kind %o', async shape => {
    const air = defineAir({ name: 'walk', log2Rows: 8, parameters: defaultParameters }, air => {
      const x = air.column('x')
      air.transition('goes on', x.next.minus(x.here))
    })
    const points = openedPoints(air, shape, publicRandom(2))
    expect(rankOf(await paddingMap(air, points))).toBe(points.length)
  })

  it.each([false, true])(
    'of a column that is read in the next row is not enough with one row less, pinned or not: %s',
    async pinned => {
      for (const openings of [1, 2]) {
        const air = defineAir({ name: 'walk', log2Rows: 6, parameters: tinyParameters, openings }, air => {
          const [x] = air.external('outer', ['x'], { pinned })
          air.transition('goes on', x!.next.minus(x!.here))
        })
        const random = publicRandom(3)
        const shape = { isExtension: false, isShifted: true }
        const points = Array.from({ length: openings }, () => openedPoints(air, shape, random)).flat()
        if (pinned) points.push(...pinnedPoints(random))
        expect(points).toHaveLength(openings * (2 * tinyParameters.queries + 4) + (pinned ? 2 : 0))
        const map = await paddingMap(air, points)
        expect(rankOf(map)).toBe(points.length)
        expect(rankOf(cut(map, paddingOf(air) - 1))).toBe(points.length - 1)
        // And of two proofs where it was padded for one.
        if (openings === 2)
          expect(rankOf(cut(map, paddingRows(tinyParameters, 1)))).toBe(paddingRows(tinyParameters, 1))
      }
    },
  )
})

/** A small domain, so that a column without masks has few values to show. */
const parameters: Parameters = { ...tinyParameters, log2Blowup: 1 }
describe("the quotient's masks", () => {
  it('hide all chunks but what the constraints tell, and would not with one coefficient less', async () => {
    const random = publicRandom(4)
    for (const make of Object.values(exampleCases)) {
      const { air } = await make(random, tinyParameters, 6)
      const points = [...queryPoints(random, air).map(embed), randomExtension(random)]
      const [hiding, length] = [air.chunks - 1, chunkMask(tinyParameters)]
      const mapFor = (coefficients: number) =>
        Array.from({ length: air.chunks }, (_, chunk) =>
          points.map(y =>
            Array.from({ length: hiding * coefficients }, (_, at): Extension => {
              const power = raised(y, BigInt(at % coefficients))
              const mask = Math.floor(at / coefficients)
              if (mask === chunk) return times(power, raised(y, BigInt(air.chunkLength)))
              return mask === chunk - 1 ? minus(ZERO, power) : ZERO
            }),
          ),
        ).flat()
      // The last chunk follows from the others and the columns: that is what is proved.
      expect(rankOf(mapFor(length))).toBe(hiding * points.length)
      expect(rankOf(mapFor(length - 1))).toBeLessThan(hiding * points.length)
    }
  })

  it('are in the chunks, which show others each time, and come to the same quotient', async () => {
    // One constraint and no padding: the quotient is always the same.
    const air = defineAir({ name: 'squares', log2Rows: 6, parameters }, air => {
      const x = air.column('x')
      air.transition('is squared', x.next.minus(x.here.times(x.here)))
    })
    expect(air.chunks).toBe(2)
    const x = new BigUint64Array(air.activeRows).fill(3n)
    for (let row = 1; row < x.length; row++) x[row] = multiply(x[row - 1]!, x[row - 1]!)
    const statement: Statement = { context: new Uint8Array(32), inputs: [], roots: [] }
    const shown = async (Prover: typeof Proving) => {
      const rows: { position: number; chunks: Extension[]; mask: Extension }[] = []
      for (let seed = 0; seed < 40; seed++) {
        const maskKey = randomBytes(publicRandom(seed), 32)
        const proof = await new Prover(await fieldFor(air), air, statement, { main: { x } }, { maskKey }).run()
        for (const { kind, name, at, length } of sectionsOf({ air, statement }, proof).sections) {
          const [oracle, position] = name.split(' ')
          if (kind !== 'row' || oracle !== 'quotient') continue
          const from = new Reader(proof.subarray(at, at + length))
          const chunks = [from.extension(), from.extension()]
          rows.push({ position: Number(position), chunks, mask: from.extension() })
        }
      }
      return rows
    }
    const quotientOf = ({ position, chunks }: { position: number; chunks: Extension[] }) =>
      valueAt(chunks, raised(embed(pointOf(evaluationDomain(7), position)), BigInt(air.chunkLength)))
    const known = new Map((await shown(UnmaskedProving)).map(row => [row.position, quotientOf(row)]))
    const masked = await shown(MasksQuotientOnly)
    const repeated = masked.filter(({ position }) => known.has(position))
    expect(repeated.length).toBeGreaterThan(100)
    for (const row of repeated) expect(quotientOf(row)).toEqual(known.get(row.position))
    for (const element of [0, 1]
      .map(i => masked.map(({ chunks }) => chunks[i]!))
      .concat([masked.map(row => row.mask)])) {
      expect(new Set(element.map(([re]) => re)).size).toBe(masked.length)
      expect(new Set(element.map(([, im]) => im)).size).toBe(masked.length)
    }
  })
})

/** Leaves columns without padding. */
class MasksQuotientOnly extends Proving {
  protected override masks(...of: ConstructorParameters<typeof Masks>): Masks {
    return new (class extends Masks {
      override elements(label: string, count: number): BigUint64Array {
        return label.endsWith('padding') ? new BigUint64Array(count) : super.elements(label, count)
      }
    })(...of)
  }
}

const air = matrixProductAir({ log2Rows: 6, left: 2, right: 2 }, parameters)

/** One product of two different pairs of matrices. */
function twoWitnesses(): { statement: Statement; witnesses: Witness[] } {
  const random = publicRandom(5)
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => randomElement(random)))
  const [x, w] = [matrix(2, air.activeRows), matrix(air.activeRows, 2)]
  const first = matrixProductWitness(air, x, w)
  const factors = Array.from({ length: air.activeRows }, () => add(randomElement(random), 1n))
  const second = matrixProductWitness(
    air,
    x.map(row => row.map((value, k) => multiply(value, factors[k]!))),
    w.map((row, k) => row.map(value => multiply(value, inverse(factors[k]!)))),
  )
  expect(second.inputs).toEqual(first.inputs)
  expect(second.witness.main).not.toEqual(first.witness.main)
  return {
    statement: { context: new Uint8Array(32), inputs: first.inputs, roots: [] },
    witnesses: [first.witness, second.witness],
  }
}
const { statement, witnesses } = twoWitnesses()

const cells = 16

/** By part of a proof and place in it, how many elements lie in each sixteenth of the field. */
type Histograms = Record<string, Record<number, number[]>>

async function histograms(Prover: typeof Proving, witness: Witness, seed: number): Promise<Histograms> {
  const random = publicRandom(seed)
  const field = await fieldFor(air)
  const counts: Histograms = {}
  for (let i = 0; i < (isLong ? 1000 : 200); i++) {
    const start = field.mark()
    const proof = await new Prover(field, air, statement, witness, { maskKey: randomBytes(random, 32) }).run()
    field.release(start)
    const view = new DataView(proof.buffer)
    for (const { kind, name, at, length } of sectionsOf({ air, statement }, proof).sections) {
      if (!['claims', 'maskClaim', 'row', 'siblings', 'final'].includes(kind)) continue
      const part = `${kind} ${name.split(' ')[0]}`
      counts[part] ??= {}
      for (let place = 0; place < length; place += 8) {
        const cell = Number(view.getBigUint64(at + place) >> 60n)
        const of = counts[part][place] ?? new Array<number>(cells).fill(0)
        counts[part][place] = of.with(cell, of[cell]! + 1)
      }
    }
  }
  return counts
}

/**
 * χ² of the hypothesis that both were drawn alike, over its critical value, in the part of a proof where it is largest: above 1 once
 * in about 10⁸ times where they were (Laurent and Massart 2000, lemma 1).
 */
function excessOf(a: Histograms, b: Histograms): number {
  const excesses = Object.entries(a).map(([part, places]) => {
    const statistic = Object.entries(places).reduce(
      (sum, [place, counts]) => sum + statisticOf(counts, b[part]![Number(place)]!),
      0,
    )
    const freedom = Object.keys(places).length * (cells - 1)
    const x = Math.log(1e9)
    return statistic / (freedom + 2 * Math.sqrt(freedom * x) + 2 * x)
  })
  return Math.max(...excesses)
}

function statisticOf(a: readonly number[], b: readonly number[]): number {
  const [total, other] = [a, b].map(counts => counts.reduce((sum, count) => sum + count, 0)) as [number, number]
  return a.reduce((sum, count, i) => {
    const both = count + b[i]!
    return both === 0 ? sum : sum + (count * Math.sqrt(other / total) - b[i]! * Math.sqrt(total / other)) ** 2 / both
  }, 0)
}

describe('proofs of one statement', { timeout: isLong ? 600_000 : 60_000 }, () => {
  it('do not show from which witness they were made', async () => {
    const [first, second] = [await histograms(Proving, witnesses[0]!, 6), await histograms(Proving, witnesses[1]!, 7)]
    expect(Object.keys(first)).toHaveLength(7)
    expect(excessOf(first, second)).toBeLessThan(1)
  })

  it('would show it without padding and masks', async () => {
    const [first, second, again] = [
      await histograms(UnmaskedProving, witnesses[0]!, 6),
      await histograms(UnmaskedProving, witnesses[1]!, 7),
      await histograms(UnmaskedProving, witnesses[0]!, 8),
    ]
    expect(excessOf(first, second)).toBeGreaterThan(1)
    expect(excessOf(first, again)).toBeLessThan(1)
  })
})

describe('all that hides a trace', () => {
  /** What masks a proof is made with. */
  async function masksOf(of: Statement, witness: Witness): Promise<{ keys: string[]; elements: bigint[] }> {
    const keys: string[] = []
    const elements: bigint[] = []
    class NotedMasks extends Masks {
      override key(label: string): Uint8Array {
        const key = super.key(label)
        keys.push(key.join())
        return key
      }
      override elements(label: string, count: number): BigUint64Array {
        const drawn = super.elements(label, count)
        elements.push(...drawn)
        return drawn
      }
    }
    class NotedProving extends Proving {
      protected override masks(...from: ConstructorParameters<typeof Masks>): Masks {
        return new NotedMasks(...from)
      }
    }
    await new NotedProving(await fieldFor(air), air, of, witness, { maskKey: new Uint8Array(32).fill(1) }).run()
    return { keys, elements }
  }

  it('is the same again for the same statement and witness, and shares nothing with what hides another', async () => {
    const first = await masksOf(statement, witnesses[0]!)
    expect(await masksOf(statement, witnesses[0]!)).toEqual(first)
    expect(new Set(first.keys).size).toBe(first.keys.length)
    const others = [
      await masksOf(statement, witnesses[1]!),
      await masksOf({ ...statement, context: new Uint8Array(32).fill(1) }, witnesses[0]!),
    ]
    for (const other of others) {
      expect(other.keys.some(key => first.keys.includes(key))).toBe(false)
      expect(other.elements).toHaveLength(first.elements.length)
      const known = new Set(first.elements)
      expect(other.elements.some(element => known.has(element))).toBe(false)
    }
  })

  it('fills every row of padding of every column, and every mask', async () => {
    const { elements } = await masksOf(statement, witnesses[0]!)
    const padding = air.oracles.reduce(
      (sum, { columns, isExtension }) => sum + columns.length * (isExtension ? 2 : 1) * paddingOf(air),
      0,
    )
    const masks = 2 * (air.chunks - 1) * chunkMask(parameters) + 2 * air.rows
    expect(elements).toHaveLength(padding + masks)
    expect(new Set(elements).size).toBe(elements.length)
  })
})
