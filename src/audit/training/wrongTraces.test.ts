import { describe, expect, it } from 'vitest'
import { type Extension, plus } from '../../field/extension.ts'
import { MODULUS } from '../../field/Field.ts'
import { type PublicRandom, publicRandom } from '../../study/random.ts'
import { FIELD_LIMITS } from '../engine/bounds.ts'
import { exactStep, layersOf, stepValues } from '../engine/model.ts'
import { type ExactShape, ONE } from '../engine/shape.ts'
import { SIGMOID } from '../engine/sigmoid.ts'
import type { Place } from '../stark/air.ts'
import { randomElement } from '../stark/testing.ts'
import type { Columns } from '../stark/trace.ts'
import { cellRow, isIn, type Section } from './layout.ts'
import { BEYOND_WEIGHTS, type StepAir } from './stepAir.ts'
import {
  auxiliariesOf,
  brokenConstraint,
  type Change,
  columnsOf,
  element,
  integer,
  type StepCase,
  statedIn,
  stepCase,
  withAfterMoved,
  withChanges,
} from './testing.ts'

const isLong = process.env.WARDROUND_LONG === '1'

const sizes = { inputs: 3, batch: 3, shift: 5, largestInput: ONE }
const network: ExactShape = { ...sizes, hidden: 3, outputs: 2 }
const manyOutputs: ExactShape = { ...sizes, hidden: 2, outputs: 3 }
const regression: ExactShape = { ...sizes, hidden: 0, outputs: 2 }

/** A step in which everything happens that can: outputs beyond the table both ways and within, units on and off. */
function variedCase(shape: ExactShape): StepCase {
  for (let seed = 1; ; seed++) {
    const of = stepCase(shape, seed, { isLastEmpty: true, log2Weight: 35 })
    const { activations, outputSums, gradients } = stepValues(shape, layersOf(shape, of.weights), of.batch)
    const sums = outputSums.slice(0, -1).flat()
    const isVaried = [
      sums.some(sum => sum > 2n ** 47n),
      sums.some(sum => sum < -(2n ** 47n)),
      sums.some(sum => sum < 2n ** 46n && sum > -(2n ** 46n)),
      shape.hidden === 0 ||
        [1n, -1n].every(sign =>
          activations
            .slice(0, -1)
            .flat()
            .some(a => a * sign > 0n),
        ),
      shape.hidden === 0 ||
        gradients
          .slice(0, -1)
          .flat()
          .every(gradient => gradient !== 0n),
    ]
    if (isVaried.every(Boolean)) return of
  }
}

const cases = [network, manyOutputs, regression].map(shape => {
  const of = variedCase(shape)
  return { ...of, name: of.step.air.name, columns: columnsOf(of) }
})

/** Whether a cell is part of what is stated or proven. Flags and counts are in every row. */
function matters({ layout }: StepAir, columns: Columns, name: string, row: number): boolean {
  const { errors, units, one, gradients, inputs } = layout.sections
  const { hidden, outputs } = layout.cells
  const within = (...sections: Section[]) => sections.some(section => isIn(section, row))
  const isBeyond = within(outputs) && columns.above![row]! + columns.below![row]! > 0n
  if (/^x\d/.test(name)) return within(inputs)
  if (/^(before|after)\d/.test(name)) return within(units, one, inputs)
  if (/^factor/.test(name)) return within(errors, units, one, gradients)
  if (/^(magnitude|positive)/.test(name)) return within(hidden)
  if (/^(dropped|gradientDropped0)/.test(name)) return within(hidden, outputs)
  if (/^gradientDropped/.test(name)) return within(hidden)
  if (/^gradient\d/.test(name)) return within(hidden) || isBeyond
  if (name === 'target') return within(outputs) && columns.present![row] === 1n
  return /^(present|above|below|index|probability)$/.test(name) ? within(outputs) : true
}

const drawOf: Readonly<Record<string, (random: PublicRandom, value: bigint) => bigint>> = {
  'any element': random => randomElement(random),
  'one more': (_, value) => value + 1n,
  'one less': (_, value) => value - 1n,
  'a byte more': (_, value) => value + 2n ** 8n,
  'four bytes less': (_, value) => value - 2n ** 32n,
  'what is dropped of it more': (_, value) => value + 2n ** 40n,
  'its negative': (_, value) => -value - 1n,
  'another byte': (random, value) => value ^ BigInt(1 + random.below(255)),
}

const oneOf = <T>(random: PublicRandom, list: readonly T[]): T => list[random.below(list.length)]!

/** What should not be: a trace with changes holds, though what it states is not so. */
function isForged({ step }: StepCase, columns: Columns): boolean {
  const { weights, batch, after } = statedIn(step, columns)
  try {
    return exactStep(step.layout.shape, weights, batch).some((weight, i) => weight !== after[i])
  } catch {
    return true
  }
}

/** Every column with rows that matter and rows that do not. */
function rowsByColumn({ step, columns }: StepCase & { columns: Columns }) {
  const names = step.air.oracles.filter(({ isExtension }) => !isExtension).flatMap(oracle => oracle.columns)
  const rows = Array.from({ length: step.air.activeRows }, (_, row) => row)
  return names.map(name => ({
    name,
    mattering: rows.filter(row => matters(step, columns, name, row)),
    idle: rows.filter(row => !matters(step, columns, name, row)),
  }))
}

/** What a cell that does not matter may hold, as far as its row alone decides. */
function idleChanges(random: PublicRandom, name: string, row: number): Change[] {
  const set = (column: string, value: bigint): Change => ({ column, row, value })
  if (/^magnitude2/.test(name)) return [set(name, BigInt(random.below(4)))]
  if (/^(magnitude|dropped|gradient)/.test(name)) return [set(name, BigInt(random.below(256)))]
  if (name === 'positive') return [set(name, BigInt(random.below(2)))]
  const end = name === 'above' ? 255 : name === 'below' ? 0 : random.below(256)
  const entry = [set('index', BigInt(end)), set('probability', BigInt(SIGMOID[end]!))]
  if (name === 'above' || name === 'below') {
    return [set('above', 0n), set('below', 0n), set(name, 1n), ...entry]
  }
  if (name === 'index' || name === 'probability') return [set('above', 0n), set('below', 0n), ...entry]
  return [set(name, randomElement(random))]
}

describe.each(cases)('$name', of => {
  const { step, columns } = of
  const timeout = isLong ? 3_600_000 : 60_000

  it('holds as it is', () => {
    expect(brokenConstraint(step, columns, [])).toBe(null)
    expect(isForged(of, columns)).toBe(false)
  })

  it('is refused with any one cell changed in a row that matters', { timeout }, () => {
    const random = publicRandom(11)
    for (const { name, mattering } of rowsByColumn(of)) {
      const rows = Array.from({ length: isLong ? 20 : 1 }, () => oneOf(random, mattering))
      for (const row of rows) {
        const kind = oneOf(random, Object.keys(drawOf))
        const value = element(drawOf[kind]!(random, columns[name]![row]!))
        if (value === columns[name]![row]) continue
        const alone = withChanges(step, columns, [{ column: name, row, value }])
        const changed = name.startsWith('after') ? alone : withAfterMoved(step, alone)
        const broken = brokenConstraint(step, changed, [row])
        expect({ name, row, kind, value, isRefused: broken !== null }).toMatchObject({ isRefused: true })
      }
    }
  })

  it('holds whatever rows hold that do not matter, and states the same', { timeout }, () => {
    const random = publicRandom(12)
    for (let run = 0; run < (isLong ? 50 : 2); run++) {
      const changes = rowsByColumn(of).flatMap(({ name, idle }) => {
        // Above, below, index and probability are changed together; the bytes of a row beyond the table stay.
        if (idle.length === 0 || /^(below|index|probability)$/.test(name)) return []
        return idleChanges(
          random,
          name === 'above' ? oneOf(random, ['above', 'below', 'index']) : name,
          oneOf(random, idle),
        )
      })
      const changed = withChanges(step, columns, changes)
      expect(changes.some(({ column, row, value }) => columns[column]![row] !== value)).toBe(true)
      expect(brokenConstraint(step, changed, [])).toBe(null)
      expect(statedIn(step, changed)).toEqual(statedIn(step, columns))
    }
  })

  it('never holds for what is not so, with some cells changed at random', { timeout }, () => {
    const random = publicRandom(13)
    const kinds = rowsByColumn(of)
    for (let run = 0; run < (isLong ? 1000 : 12); run++) {
      const changes = Array.from({ length: 2 + random.below(3) }, () => {
        const { name, mattering } = oneOf(random, kinds)
        const row = oneOf(random, mattering)
        return { column: name, row, value: drawOf[oneOf(random, Object.keys(drawOf))]!(random, columns[name]![row]!) }
      })
      const alone = withChanges(step, columns, changes)
      const changed = random.below(2) === 0 ? alone : withAfterMoved(step, alone)
      const holds =
        brokenConstraint(
          step,
          changed,
          changes.map(({ row }) => row),
        ) === null
      expect({ changes, isForged: holds && isForged(of, changed) }).toMatchObject({ isForged: false })
    }
  })

  it('is refused with one auxiliary cell changed', { timeout }, () => {
    const random = publicRandom(14)
    const auxiliaries = auxiliariesOf(step, columns)
    for (const [name, column] of Object.entries(auxiliaries)) {
      const row = random.below(step.air.activeRows)
      const value: Extension = plus(column[row]!, [randomElement(random), randomElement(random)])
      const changed = { ...auxiliaries, [name]: column.with(row, value) }
      const broken = brokenConstraint(step, columns, [row], changed)
      expect({ name, row, isRefused: broken !== null }).toEqual({ name, row, isRefused: true })
    }
  })

  it('is refused where a sum begins elsewhere, as all that follows could be made up to suit it', () => {
    const auxiliaries = auxiliariesOf(step, columns)
    const isAtStart = ({ place }: { place: Place }) => typeof place === 'object' && place.row === 0
    const air = { ...step.air, constraints: step.air.constraints.filter(isAtStart) }
    const running = Object.keys(auxiliaries).filter(name => /^(block|cells|matrices|power|learned|.*\.sum)/.test(name))
    expect(running.length).toBe(6 + step.layout.shape.batch)
    for (const name of running) {
      const changed = { ...auxiliaries, [name]: auxiliaries[name]!.with(0, [2n, 0n]) }
      const broken = brokenConstraint({ ...step, air }, columns, [], changed)
      expect({ name, isRefused: broken !== null }).toEqual({ name, isRefused: true })
    }
  })
})

const { step, columns, batch, weights } = cases[0]!
const { cells, sections } = step.layout
const values = stepValues(network, layersOf(network, weights), batch)

/**
 * What refuses the network's step with these cells changed, the weights after it being what follows from them; null: it
 * holds.
 */
function refusal(...changes: readonly (Change | readonly Change[])[]): string | null {
  const all = changes.flat()
  const alone = withChanges(step, columns, all)
  const changed = all.some(({ column }) => column.startsWith('after')) ? alone : withAfterMoved(step, alone)
  return brokenConstraint(
    step,
    changed,
    all.map(({ row }) => row),
  )
}

const at = (column: string, row: number) => columns[column]![row]!
const set = (column: string, row: number, value: bigint): Change => ({ column, row, value })
const added = (column: string, row: number, by: bigint) => set(column, row, at(column, row) + by)
const swapped = (column: string, row: number, other: string, otherRow: number) => [
  set(column, row, at(other, otherRow)),
  set(other, otherRow, at(column, row)),
]
const hiddenCell = (b: number, j: number) => cellRow(cells.hidden, b, j)
const outputCell = (b: number, c: number) => cellRow(cells.outputs, b, c)
const everyCell = ['magnitude0', 'magnitude1', 'magnitude2', 'positive', 'gradient0', 'gradient1', 'gradient2']
const everyDropped = [0, 1, 2, 3].flatMap(i => [`dropped${i}`, `gradientDropped${i}`])

const sumRefusal = 'cells are what the matrices come to'
const byteRefusal = 'byte.sum comes to the total'

/** Unit and row of the batch that are on, or off. */
function unitThat(isOn: boolean): { b: number; j: number } {
  for (let b = 0; b < 2; b++) {
    const j = values.activations[b]!.findIndex(activation => activation > 0n === isOn)
    if (j !== -1) return { b, j }
  }
  throw new Error('no such unit')
}

/** Row of the batch and output that are beyond the table upwards, or within it. */
function outputThat(is: 'above' | 'within'): number {
  const all = [0, 1].flatMap(b => [0, 1].map(c => outputCell(b, c)))
  return all.find(row => (is === 'above' ? at('above', row) === 1n : at('above', row) + at('below', row) === 0n))!
}

describe('rounding that is wrong', () => {
  const { b, j } = unitThat(true)
  const row = hiddenCell(b, j)

  it('cannot be made up for by what is dropped', () => {
    // The sum stays; what the output reads is moved along in the first, and the gradient's factor in the second.
    const factor = `factor${b}`
    const activation = [added('magnitude0', row, 1n), added(factor, sections.units.first + j, 1n)]
    expect(refusal(activation, added('dropped3', row, -256n))).toBe(byteRefusal)
    const gradient = [added('gradient0', row, 1n), added(factor, sections.gradients.first + j, 1n)]
    expect(refusal(gradient, added('gradientDropped3', row, -256n))).toBe(byteRefusal)
    expect(refusal(activation)).toBe(sumRefusal)
    expect(refusal(gradient)).toBe(sumRefusal)
  })

  it('cannot be written with bytes beyond bytes', () => {
    expect(refusal(added('gradient0', row, 256n), added('gradient1', row, -1n))).toBe(byteRefusal)
    expect(refusal(added('dropped0', row, -256n), added('dropped1', row, 1n))).toBe(byteRefusal)
    expect(refusal(added('magnitude1', row, -1024n), added('magnitude2', row, 4n))).toBe(byteRefusal)
    const inverse = 2n ** 24n
    expect(refusal(added('dropped0', row, inverse), added('dropped3', row, -1n))).toBe(byteRefusal)
  })

  it('cannot take a magnitude of 19 bits', () => {
    const rounded = 2n ** 18n
    const wide = [0, 1, 2].map(i => set(`magnitude${i}`, row, (rounded >> BigInt(8 * i)) & 255n))
    expect(refusal(wide)).toBe(byteRefusal)
  })

  it('cannot be of the sum plus or less p', () => {
    for (const wrapped of [-MODULUS, MODULUS]) {
      const sum = values.hiddenSums[b]![j]! + wrapped
      const rounded = (sum + 2n ** 31n) >> 32n
      const magnitude = rounded < 0n ? -rounded - 1n : rounded
      const dropped = sum + 2n ** 31n - rounded * 2n ** 32n
      const cheat = [
        set('positive', row, rounded < 0n ? 0n : 1n),
        set('magnitude0', row, magnitude & 255n),
        set('magnitude1', row, (magnitude >> 8n) & 255n),
        set('magnitude2', row, magnitude >> 16n),
        ...[0, 1, 2, 3].map(i => set(`dropped${i}`, row, (dropped >> BigInt(8 * i)) & 255n)),
        set(`factor${b}`, sections.units.first + j, rounded < 0n ? 0n : rounded),
      ]
      // Only the highest byte and, by way of the factor, other sums give it away.
      expect(refusal(cheat)).toBe(byteRefusal)
    }
  })
})

describe('a sign that is wrong', () => {
  it.each([true, false])('is refused with the magnitude that the sum asks for: on is %s', isOn => {
    const { b, j } = unitThat(isOn)
    const row = hiddenCell(b, j)
    const magnitude = ['magnitude2', 'magnitude1', 'magnitude0'].reduce((sum, name) => sum * 256n + at(name, row), 0n)
    const flipped = set('positive', row, isOn ? 0n : 1n)
    const [first, second] = [set('magnitude1', row, 0n), set('magnitude2', row, 0n)]
    expect(refusal(flipped)).toBe(sumRefusal)
    expect(refusal(flipped, set('magnitude0', row, -magnitude - 1n), first, second)).toBe(byteRefusal)
  })

  it('is refused where it is neither', () => {
    const { b, j } = unitThat(true)
    const row = hiddenCell(b, j)
    const [twice, half] = [2n, (MODULUS + 1n) / 2n]
    for (const value of [twice, half, -1n]) expect(refusal(set('positive', row, value))).toBe('positive is a bit')
  })
})

describe('a sigmoid that is wrong', () => {
  const row = outputThat('within')
  const entry = (index: bigint) => [set('index', row, index), set('probability', row, BigInt(SIGMOID[Number(index)]!))]

  it('is refused of another entry, whatever is dropped', () => {
    const next = at('index', row) + 1n
    expect(refusal(entry(next))).toBe(sumRefusal)
    expect(refusal(entry(next), added('gradientDropped0', row, -256n))).toBe(byteRefusal)
    expect(refusal(entry(next), added('gradientDropped0', row, -255n), added('dropped3', row, -256n))).toBe(byteRefusal)
  })

  it('is refused of no entry, with the error moved along', () => {
    const [b, c] = [0, 1].flatMap(b => [0, 1].map(c => [b, c] as const)).find(([b, c]) => outputCell(b, c) === row)!
    const error = added(`factor${b}`, sections.errors.first + c, 1n)
    expect(refusal(added('probability', row, 1n), error)).toBe('sigmoid.sum comes to the total')
    expect(refusal(error)).toBe(sumRefusal)
  })

  it('is refused of an index beyond the table', () => {
    const above = outputThat('above')
    const beyond = BEYOND_WEIGHTS.reduce((sum, weight, i) => sum + at(`gradient${i}`, above) * BigInt(weight), 0n)
    expect(refusal(set('above', above, 0n), set('index', above, 255n + beyond))).toBe('sigmoid.sum comes to the total')
  })

  it('is beyond the table at its ends alone, and one way', () => {
    const none = [0, 1, 2].map(i => set(`gradient${i}`, row, 0n))
    expect(refusal(set('above', row, 1n), none)).toBe('above is the last of the table')
    expect(refusal(set('below', row, 1n), none)).toBe('below is the first of the table')
    const above = outputThat('above')
    expect(refusal(set('below', above, 1n))).toBe('not above and below')
    expect(refusal(set('above', above, 0n), set('below', above, -1n))).toBe('below is a bit')
    expect(refusal(set('above', above, 0n))).toBe(sumRefusal)
    const low = [set('index', above, 0n), set('probability', above, BigInt(SIGMOID[0]!))]
    expect(refusal(set('above', above, 0n), set('below', above, 1n), low)).toBe(sumRefusal)
  })

  it('cannot be of the sum plus or less p', () => {
    // Were all bytes' weights powers of 2^8, both would hold, and an error could be whatever suits.
    const { outputSums } = values
    const [b, c] = [0, 1].flatMap(b => [0, 1].map(c => [b, c] as const)).find(([b, c]) => outputCell(b, c) === row)!
    for (const isBelow of [true, false]) {
      const sum = outputSums[b]![c]! + (isBelow ? -MODULUS : MODULUS)
      const argument = (sum + 2n ** 39n) >> 40n
      const beyond = isBelow ? -128n - argument : argument - 127n
      const dropped = sum + 2n ** 39n - argument * 2n ** 40n
      const third = beyond / BigInt(BEYOND_WEIGHTS[2])
      const last = third > 255n ? 255n : third
      const rest = beyond - last * BigInt(BEYOND_WEIGHTS[2])
      const cheat = [
        set('below', row, isBelow ? 1n : 0n),
        set('above', row, isBelow ? 0n : 1n),
        ...entry(isBelow ? 0n : 255n),
        set('gradient0', row, rest & 255n),
        set('gradient1', row, rest >> 8n),
        set('gradient2', row, last),
        ...[0, 1, 2, 3].map(i => set(`dropped${i}`, row, (dropped >> BigInt(8 * i)) & 255n)),
        set('gradientDropped0', row, dropped >> 32n),
      ]
      expect(integer(element(sum))).toBe(outputSums[b]![c])
      const error = BigInt(SIGMOID[isBelow ? 0 : 255]!) - at('target', row)
      expect(refusal(cheat, set(`factor${b}`, sections.errors.first + c, error))).toBe(byteRefusal)
    }
    const most = BEYOND_WEIGHTS.reduce((total, weight) => total + 255n * BigInt(weight), 128n)
    expect(most * 2n ** 40n + 2n ** 40n < MODULUS - FIELD_LIMITS.outputSums).toBe(true)
    expect((most - 1n) * 2n ** 40n > 2n ** 62n).toBe(true)
  })
})

describe('numbers of another place', () => {
  it('are refused where rows of the batch are swapped', () => {
    for (const name of ['errors', 'units', 'gradients'] as const) {
      const { first, end } = sections[name]
      const all = Array.from({ length: end - first }, (_, i) => swapped('factor0', first + i, 'factor1', first + i))
      expect(refusal(all.flat())).toBe(sumRefusal)
    }
  })

  it('are refused where units or outputs are swapped', () => {
    for (const name of ['errors', 'units', 'gradients'] as const) {
      const { first } = sections[name]
      const b = at('factor0', first) === at('factor0', first + 1) ? 1 : 0
      expect(refusal(swapped(`factor${b}`, first, `factor${b}`, first + 1))).toBe(sumRefusal)
    }
  })

  it('are refused where cells are swapped: within a block, with another row, with the other kind', () => {
    const swap = (row: number, other: number) =>
      [...everyCell, ...everyDropped].flatMap(column => swapped(column, row, column, other))
    expect(refusal(swap(hiddenCell(0, 0), hiddenCell(0, 1)))).toBe(sumRefusal)
    expect(refusal(swap(hiddenCell(0, 1), hiddenCell(1, 1)))).toBe(sumRefusal)
    expect(refusal(swap(hiddenCell(0, 1), hiddenCell(0, 3)))).toBe(sumRefusal)
    expect(refusal(swap(hiddenCell(2, 0), outputCell(0, 1)))).toBe(sumRefusal)
  })

  it('are refused in the cells that fill up a block', () => {
    const row = hiddenCell(0, 3)
    expect(refusal(set('magnitude0', row, 1n))).toBe(sumRefusal)
    // The same taken away in the last unit of the next row, which is one power of σ and one of ρ further.
    expect(refusal(added('dropped0', row, 1n), added('dropped0', hiddenCell(1, 0), -1n))).toBe(sumRefusal)
  })

  it('are refused where one number of a cell, or of another kind, makes up for another', () => {
    const isRoom = (row: number, less: string, otherRow = row) => at('dropped0', row) < 255n && at(less, otherRow) > 0n
    const cellRows = [0, 1, 2].map(j => hiddenCell(0, j))
    const own = cellRows.find(row => isRoom(row, 'gradientDropped0'))!
    expect(refusal(added('dropped0', own, 1n), added('gradientDropped0', own, -1n))).toBe(sumRefusal)
    const output = outputCell(0, 0)
    const other = cellRows.find(row => isRoom(row, 'dropped0', output))!
    expect(refusal(added('dropped0', other, 1n), added('dropped0', output, -1n))).toBe(sumRefusal)
  })

  it('are refused as errors of a row that is there but said not to be', () => {
    const none = [0, 1].map(c => set('factor0', sections.errors.first + c, 0n))
    expect(refusal(none)).toBe(sumRefusal)
    // With the committed row empty, too, this is another batch, of which the old end is not the end.
    const absent = [0, 1].map(c => set('present', outputCell(0, c), 0n))
    expect(refusal(none, absent)).toBe(sumRefusal)
  })

  it('are refused where the constant unit is 1 but for two rows', () => {
    const row = sections.one.first
    expect(refusal(added('factor0', row, 1n), added('factor1', row, -1n))).toBe('the constant unit is 1')
  })
})

describe('flags', () => {
  const flags = step.air.oracles[step.air.externals]!.columns.filter(name => name.startsWith('before the'))
  const endOf = (name: string) => columns[name]!.indexOf(0n)
  /** By what is said of the flag itself, as everything else could be made up to suit it. */
  const refusalOf = (name: string, row: number, value: bigint) => {
    const constraints = step.air.constraints.filter(constraint => constraint.name.startsWith(name))
    const changed = withChanges(step, columns, [set(name, row, value)])
    return brokenConstraint({ ...step, air: { ...step.air, constraints } }, changed, [row])
  }

  it('are refused one row late or early, or twice', () => {
    expect(flags.length).toBe(7)
    for (const name of flags) {
      const end = endOf(name)
      expect(refusalOf(name, end, 1n)).toBe(`${name} is 0 in row ${end}`)
      expect(refusalOf(name, end - 1, 0n)).toBe(`${name} is 1 in row ${end - 1}`)
      expect(refusalOf(name, end + 5, 1n)).toBe(`${name} never rises`)
      expect(refusalOf(name, 0, 0n)).toBe(end > 1 ? `${name} never rises` : `${name} is 1 in row 0`)
    }
  })
})

describe('counts', () => {
  it('are refused where one is moved to another entry, and not where it is to the same again', () => {
    const moved = (to: number) => [added('byte.count', 0, -1n), added('byte.count', to, 1n)]
    expect(refusal(moved(1))).toBe(byteRefusal)
    expect(refusal(moved(256))).toBe(null)
  })
})

describe('weights', () => {
  const row = sections.units.first

  it('that no layer has may hold anything, the same before and after', () => {
    expect(network.hidden).toBeGreaterThan(network.outputs)
    expect(refusal(set('before2', row, 77n), set('after2', row, 77n))).toBe(null)
    expect(refusal(set('before2', row, 77n), set('after2', row, 78n))).toBe('weights move by the step')
  })

  it('that no layer has do not make up for wrong ones', () => {
    expect(refusal(added('after0', row, 1n), added('after2', row, -1n))).toBe('weights move by the step')
  })

  it('are refused where both ends are moved alike', () => {
    const input = sections.inputs.first
    expect(refusal(added('before0', input, 2n ** 20n), added('after0', input, 2n ** 20n))).toBe(sumRefusal)
    expect(refusal(added('before0', row, 2n ** 20n), added('after0', row, 2n ** 20n))).toBe(sumRefusal)
  })
})
