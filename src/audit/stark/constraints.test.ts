import { describe, expect, it } from 'vitest'
import { rootOfUnity } from '../../field/domain.ts'
import {
  type Extension,
  embed,
  minus,
  ONE,
  plus,
  reciprocal,
  scaled,
  times,
  valueAt,
  ZERO,
} from '../../field/extension.ts'
import { add, inverse, multiply, power, subtract } from '../../field/goldilocks.ts'
import { publicRandom } from '../../study/random.ts'
import { defineAir } from './air.ts'
import { quotientAt, valuesOf } from './constraints.ts'
import { decodeKey } from './key.ts'
import { interpolated } from './periodic.ts'
import { randomElement, randomExtension, tinyParameters } from './testing.ts'

type Polynomial = readonly bigint[]

const root = rootOfUnity(6)
const rowPoint = (row: number) => power(root, BigInt(row))

function product(a: Polynomial, b: Polynomial): Polynomial {
  const result = new Array<bigint>(a.length + b.length - 1).fill(0n)
  for (const [i, left] of a.entries()) {
    for (const [k, right] of b.entries()) result[i + k] = add(result[i + k]!, multiply(left, right))
  }
  return result
}

function difference(a: Polynomial, b: Polynomial): Polynomial {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, k) => subtract(a[k] ?? 0n, b[k] ?? 0n))
}

function divided(a: Polynomial, b: Polynomial): { quotient: Polynomial; remainder: Polynomial } {
  const rest = [...a]
  const quotient = new Array<bigint>(a.length - b.length + 1).fill(0n)
  const lead = inverse(b.at(-1)!)
  for (let k = quotient.length - 1; k >= 0; k--) {
    quotient[k] = multiply(rest[k + b.length - 1]!, lead)
    for (const [i, coefficient] of b.entries())
      rest[k + i] = subtract(rest[k + i]!, multiply(quotient[k]!, coefficient))
  }
  return { quotient, remainder: rest.slice(0, b.length - 1) }
}

/** What vanishes in these rows, and nowhere else. */
const vanishing = (rows: readonly number[]) =>
  rows.reduce<Polynomial>((all, row) => product(all, [subtract(0n, rowPoint(row)), 1n]), [1n])
const shifted = (polynomial: Polynomial) => polynomial.map((coefficient, k) => multiply(coefficient, rowPoint(k)))
const at = (polynomial: Polynomial, z: Extension) => valueAt(polynomial.map(embed), z)

const air = defineAir({ name: 'squares', log2Rows: 6, parameters: tinyParameters }, air => {
  const [x, y] = [air.column('x'), air.column('y')]
  const factor = air.periodic('factor', [3n, 5n])
  air.every('y is a multiple of x', y.here.minus(x.here.times(factor)))
  air.transition('x is squared', x.next.minus(x.here.times(x.here)).minus(air.input('c')))
  air.at(7, 'y is public in row 7', y.here.minus(air.input('seventh')))
})

describe('quotientAt', () => {
  const random = publicRandom(1)
  const c = randomElement(random)
  const values = { x: new Array<bigint>(64), y: new Array<bigint>(64) }
  for (let row = 0; row < 64; row++) {
    const before = values.x[row - 1]
    const isPadding = row >= air.activeRows
    values.x[row] = before === undefined || isPadding ? randomElement(random) : add(multiply(before, before), c)
    values.y[row] = isPadding ? randomElement(random) : multiply(values.x[row]!, row % 2 === 0 ? 3n : 5n)
  }
  const [x, y] = [interpolated(values.x), interpolated(values.y)]
  const seventh = values.y[7]!
  const factor = [interpolated([3n, 5n])[0]!, ...new Array<bigint>(31).fill(0n), interpolated([3n, 5n])[1]!]
  const rows = Array.from({ length: air.activeRows }, (_, row) => row)
  const parts: [Polynomial, Polynomial][] = [
    [difference(y, product(x, factor)), vanishing(rows)],
    [difference(difference(shifted(x), product(x, x)), [c]), vanishing(rows.slice(0, -1))],
    [difference(y, [seventh]), vanishing([7])],
  ]
  const claims = (z: Extension) => [at(x, z), at(y, z), at(x, scaled(z, root))]

  it('is the sum of the constraints over what vanishes where they hold, whose division leaves nothing', () => {
    const [alpha, z] = [randomExtension(random), randomExtension(random)]
    let [sum, weight]: Extension[] = [ZERO, ONE]
    for (const [constraint, divisor] of parts) {
      const { quotient, remainder } = divided(constraint, divisor)
      expect(new Set(remainder)).toEqual(new Set([0n]))
      sum = plus(sum!, times(weight!, at(quotient, z)))
      weight = times(weight!, alpha)
    }
    const said = quotientAt(decodeKey(air.key), claims(z), { inputs: [c, seventh], challenges: [] }, alpha, z)
    expect(said).toEqual(sum)
  })

  it('is defined for columns that satisfy nothing', () => {
    const [alpha, z] = [randomExtension(random), randomExtension(random)]
    const [here, other, next] = [randomExtension(random), randomExtension(random), randomExtension(random)]
    const inputs = [c, seventh].map(embed)
    const constraints = [
      minus(other, times(here, at(factor, z))),
      minus(minus(next, times(here, here)), inputs[0]!),
      minus(other, inputs[1]!),
    ]
    const expected = constraints.reduceRight(
      (sum, value, i) => plus(times(sum, alpha), times(value, reciprocal(at(parts[i]![1], z)))),
      ZERO,
    )
    const surroundings = { inputs: [c, seventh], challenges: [] }
    expect(quotientAt(decodeKey(air.key), [here, other, next], surroundings, alpha, z)).toEqual(expected)
  })
})

describe('valuesOf', () => {
  it('runs the program after what it reads', () => {
    const program = {
      constants: [100n],
      instructions: [
        { operation: 'add', a: 0, b: 4 },
        { operation: 'subtract', a: 5, b: 1 },
        { operation: 'multiply', a: 6, b: 3 },
      ],
    } as const
    const values = valuesOf(program, [[1n, 2n]], { periodics: [[10n, 0n]], inputs: [20n], challenges: [[3n, 1n]] })
    // column, periodic, input, challenge, constant; (101 + 2φ) − 10 = 91 + 2φ, times 3 + φ is 273 + 14 + 97φ.
    expect(values).toEqual([
      [1n, 2n],
      [10n, 0n],
      [20n, 0n],
      [3n, 1n],
      [100n, 0n],
      [101n, 2n],
      [91n, 2n],
      [287n, 97n],
    ])
  })
})
