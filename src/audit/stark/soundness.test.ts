import { describe, expect, it } from 'vitest'
import { ONE } from '../engine/shape.ts'
import { stepAir } from '../training/stepAir.ts'
import { defineAir } from './air.ts'
import { checkpointsAir } from './examples/checkpoints.ts'
import { fibonacciAir } from './examples/fibonacci.ts'
import { matrixProductAir } from './examples/matrixProduct.ts'
import { rangeCheckAir } from './examples/rangeCheck.ts'
import { registeredAir } from './examples/registered.ts'
import { addLookup } from './lookup.ts'
import { defaultParameters, type Parameters, shortTraceParameters } from './parameters.ts'
import { type SoundnessShape, shapeOf, soundness } from './soundness.ts'

/** More than any AIR of this project has. */
const large: SoundnessShape = { log2Rows: 13, functions: 260, constraints: 300, maxDegree: 3, challengeDegree: 300 }

/** Counted with the input that is always 1. */
const trainedShapes = [
  { inputs: 14, hidden: 0, outputs: 1, batch: 16 },
  { inputs: 14, hidden: 16, outputs: 1, batch: 16 },
  { inputs: 31, hidden: 16, outputs: 2, batch: 16 },
  { inputs: 785, hidden: 32, outputs: 10, batch: 8 },
]

const bitsOf = (shape: SoundnessShape, parameters: Parameters) => soundness(shape, parameters).interactive

describe('the figures that the parameters were chosen by', () => {
  const shape: SoundnessShape = { log2Rows: 11, functions: 130, constraints: 130, maxDegree: 3, challengeDegree: 0 }
  const figure = (log2Blowup: number, queries: number, options: object) => {
    const parameters = { log2Blowup, queries, queryGrinding: 20, roundGrinding: 8 }
    return Math.floor(soundness(shape, parameters, { m: 3, foldingGrinding: 0, ...options }).interactive)
  }

  it.each([
    { log2Blowup: 4, queries: 48, extensionDegree: 2, bits: 98 },
    { log2Blowup: 5, queries: 38, extensionDegree: 2, bits: 96 },
    { log2Blowup: 6, queries: 32, extensionDegree: 2, bits: 93 },
    { log2Blowup: 5, queries: 36, extensionDegree: 3, bits: 101 },
  ])('$queries queries at 2^-$log2Blowup, extension of degree $extensionDegree: $bits bits with half the gap', row => {
    const { log2Blowup, queries, extensionDegree, bits } = row
    expect(figure(log2Blowup, queries, { extensionDegree, gap: 'halved' })).toBe(bits)
  })

  it('come out the same or lower with the whole gap', () => {
    expect(figure(4, 48, {})).toBe(96)
    expect(figure(5, 38, {})).toBe(96)
    expect(figure(6, 32, {})).toBe(93)
  })
})

describe('the terms', () => {
  const bits = (name: string, shape: SoundnessShape, parameters: Parameters, options = {}) =>
    soundness(shape, parameters, { m: 3, ...options }).terms.find(term => term.name === name)?.bits

  it('are the formulas, computed by hand for small numbers', () => {
    const shape: SoundnessShape = { log2Rows: 6, functions: 9, constraints: 4, maxDegree: 2, challengeDegree: 1 }
    const parameters: Parameters = { log2Blowup: 4, queries: 6, queryGrinding: 5, roundGrinding: 7 }
    // √ρ = 1/4, gap 1/12: a radius of 2/3, and about 1/(2/12 · 1/4) = 24 codewords.
    const list = Math.log2(24)
    const bad = (points: number) => ((2 * 3.5 ** 5 + 10.5 * (2 / 3 / 16)) * points) / (3 / 64) + 14
    expect(bits('challenges', shape, parameters)).toBeCloseTo(128 - list - 7, 1)
    expect(bits('constraints', shape, parameters)).toBeCloseTo(128 - list - 2, 1)
    expect(bits('outside point', shape, parameters)).toBeCloseTo(128 - list - 8, 1)
    expect(bits('combination', shape, parameters)).toBeCloseTo(128 - Math.log2(bad(1024) * 8) + 7, 6)
    expect(bits('folding 1', shape, parameters)).toBeCloseTo(128 - Math.log2(bad(128) * 7) + 7, 6)
    expect(bits('folding 2', shape, parameters)).toBeUndefined()
    expect(bits('queries', shape, parameters)).toBeCloseTo(6 * Math.log2(3) + 5, 6)
    expect(bits('hash', shape, parameters)).toBe(96)
    expect(bits('pin', shape, parameters)).toBeUndefined()
    // Half of 24² pairs, 64 zeros of a difference and 2 weights that join three columns to the same.
    expect(bits('pin', { ...shape, pinnedColumns: 3 }, parameters)).toBeCloseTo(128 - (2 * list - 1) - Math.log2(66), 1)
  })

  it('say by how much the older theorem counts more bad challenges', () => {
    const newer = bits('combination', large, defaultParameters, { gap: 'halved' })!
    const older = bits('combination', large, defaultParameters, { gap: 'halved', theorem: 'BCIKS20' })!
    // m + ½ is 3.5: 3.5² · N / 2, N being 2^18.
    expect(newer - older).toBeCloseTo(Math.log2(3.5 ** 2) + 17, 2)
  })

  it('leave out challenges where an AIR has none', () => {
    expect(bits('challenges', { ...large, challengeDegree: 0 }, defaultParameters)).toBeUndefined()
  })

  it('are never better than what is reported, and the least is what is reported', () => {
    const { interactive, proven, terms } = soundness(large, defaultParameters)
    const least = Math.min(...terms.filter(({ name }) => name !== 'hash').map(term => term.bits))
    expect(interactive).toBe(least)
    expect(proven).toBe(Math.min(least, 96))
    for (const m of [3, 4, 5, 6, 7, 8, 9, 20, 100]) {
      expect(soundness(large, defaultParameters, { m }).interactive).toBeLessThanOrEqual(interactive)
    }
  })
})

describe('the default parameters', () => {
  const shapes = [9, 10, 11, 12, 13].map(log2Rows => ({ ...large, log2Rows }))

  it.each(shapes)('leave 96 proven bits and half a bit to spare with 2^$log2Rows rows and 260 functions', shape => {
    const { proven, interactive } = soundness(shape, defaultParameters)
    expect(proven).toBe(96)
    expect(interactive).toBeGreaterThan(96.5)
  })

  it('still leave 96 with 2^14 rows and 300 functions, for which a query less is too few', () => {
    const larger = { ...large, log2Rows: 14, functions: 300 }
    expect(soundness(larger, defaultParameters).proven).toBe(96)
    expect(bitsOf(larger, { ...defaultParameters, queries: defaultParameters.queries - 1 })).toBeLessThan(96)
  })

  it('leave it to an AIR that pins all of its columns', () => {
    const pinned = { ...large, pinnedColumns: large.functions }
    expect(bitsOf(pinned, defaultParameters)).toBe(bitsOf(large, defaultParameters))
    const short = { ...pinned, log2Rows: 10 }
    expect(soundness(short, shortTraceParameters).interactive).toBeGreaterThan(96.5)
  })

  const examples = (log2Rows: number) => [
    fibonacciAir(log2Rows, defaultParameters),
    checkpointsAir(log2Rows, defaultParameters),
    matrixProductAir({ log2Rows, left: 16, right: 32 }, defaultParameters),
    rangeCheckAir(log2Rows, defaultParameters).air,
    registeredAir(log2Rows, defaultParameters),
  ]
  it.each([9, 11, 13].flatMap(examples).map(air => ({ name: air.name, log2Rows: air.log2Rows, air })))(
    'leave 96 proven bits to the $name with 2^$log2Rows rows',
    ({ air }) => expect(soundness(shapeOf(air), defaultParameters).proven).toBe(96),
  )
})

describe('the parameters for short traces', () => {
  const parameters = shortTraceParameters

  it.each([8, 9, 10])('leave 96 proven bits and half a bit to spare with 2^%i rows and 260 functions', log2Rows => {
    expect(bitsOf({ ...large, log2Rows }, parameters)).toBeGreaterThan(96.5)
  })

  it('need all their queries, and all their work but a bit of either', () => {
    const shape = { ...large, log2Rows: 10 }
    expect(bitsOf(shape, { ...parameters, queries: parameters.queries - 1 })).toBeLessThan(96)
    const { queryGrinding, roundGrinding } = parameters
    const less = { queryGrinding: queryGrinding - 1, roundGrinding: roundGrinding - 1 }
    expect(bitsOf(shape, { ...parameters, ...less })).toBeLessThan(96)
  })

  it.each(trainedShapes)('leave 96 proven bits to a step of $inputs-$hidden-$outputs', shape => {
    const { air } = stepAir({ ...shape, shift: 6, largestInput: ONE }, { parameters })
    expect(air.log2Rows).toBeLessThanOrEqual(10)
    expect(soundness(shapeOf(air), parameters).proven).toBe(96)
  })
})

describe('less of anything is less sound', () => {
  it.each([
    { what: 'queries', parameters: { queries: defaultParameters.queries - 1 } },
    { what: 'work before the queries', parameters: { queryGrinding: defaultParameters.queryGrinding - 1 } },
    { what: 'work before the combination', parameters: { roundGrinding: defaultParameters.roundGrinding - 1 } },
    { what: 'blowup', parameters: { log2Blowup: defaultParameters.log2Blowup - 1 } },
  ])('$what', ({ parameters }) => {
    expect(bitsOf(large, { ...defaultParameters, ...parameters })).toBeLessThan(bitsOf(large, defaultParameters))
  })

  it.each([
    { what: 'rows', shape: { log2Rows: large.log2Rows + 1 } },
    { what: 'functions', shape: { functions: 2 * large.functions } },
  ])('more $what are less sound, too', ({ shape }) => {
    expect(bitsOf({ ...large, ...shape }, defaultParameters)).toBeLessThan(bitsOf(large, defaultParameters))
  })

  it.each([
    { name: 'challenges', shape: { challengeDegree: 2 * large.challengeDegree }, lost: 1 },
    { name: 'constraints', shape: { constraints: 2 * large.constraints }, lost: 1 },
    { name: 'outside point', shape: { maxDegree: 2 * large.maxDegree + 2 }, lost: 1 },
  ])('each costs where it comes in: $name', ({ name, shape, lost }) => {
    const bits = (of: SoundnessShape) =>
      soundness(of, defaultParameters, { m: 6 }).terms.find(term => term.name === name)!.bits
    expect(bits(large) - bits({ ...large, ...shape })).toBeCloseTo(lost, 9)
  })
})

describe('what is conjectured', () => {
  it('takes queries for more than what is proven, and is kept apart from it', () => {
    const { conjectured, proven } = soundness(large, { ...defaultParameters, queries: 20 })
    expect(conjectured).toEqual([
      { name: 'queries', bits: 20 * 5 + 20 - 1 },
      { name: 'field', bits: expect.closeTo(127, 6) },
    ])
    expect(proven).toBeLessThan(80)
  })
})

describe('the shape of an AIR', () => {
  it('counts what FRI is given: columns, shifted columns, chunks and the mask', () => {
    const air = fibonacciAir(9, defaultParameters)
    // a and b; both again in the next row; two chunks; the mask.
    expect(shapeOf(air)).toEqual({
      ...{ log2Rows: 9, functions: 7, constraints: 4, maxDegree: 1, challengeDegree: 0 },
      pinnedColumns: 0,
    })
  })

  it('counts one more for a pinned oracle, and its columns', () => {
    const [pinned, other] = [true, false].map(pinned => shapeOf(registeredAir(9, defaultParameters, pinned)))
    expect(pinned).toEqual({ ...other, functions: other!.functions + 1, pinnedColumns: 2 })
  })

  it('takes degrees from the program: of columns and periodic columns, and apart from them of challenges', () => {
    const air = defineAir({ name: 'degrees', log2Rows: 8, parameters: defaultParameters }, air => {
      const a = air.column('a')
      const alternating = air.periodic('alternating', [0n, 1n])
      const always = air.periodic('always', [3n])
      const r = air.challenge('r')
      air.transition('of degree four', a.here.times(a.next).times(a.here).times(alternating).times(always).plus(r))
      air.every('of degree one', a.here.times(r).times(r).times(air.input('i')).minus(5))
    })
    expect(shapeOf(air)).toMatchObject({ constraints: 2, maxDegree: 4, challengeDegree: 3 })
  })

  it('counts the tuples of a lookup by their challenges', () => {
    const air = defineAir({ name: 'pairs', log2Rows: 8, parameters: defaultParameters }, air => {
      const columns = Array.from({ length: 6 }, (_, i) => air.column(`c${i}`).here)
      const looked = [0, 2, 4].map(i => columns.slice(i, i + 2))
      addLookup(air, { name: 'pair', looked, table: [0n, 1n].map(i => [i, i]) })
    })
    // Two tuples in one constraint, the third in another, the table in a last one, each joined by a challenge once.
    expect(shapeOf(air).challengeDegree).toBe(4)
  })
})
