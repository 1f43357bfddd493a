import { describe, expect, it } from 'vitest'
import { MODULUS } from '../../field/Field.ts'
import { type AirBuilder, defineAir, type Expression } from './air.ts'
import { fibonacciAir } from './examples/fibonacci.ts'
import { paddingRows } from './parameters.ts'
import { tinyParameters } from './testing.ts'

const define = (write: (air: AirBuilder) => void, log2Rows = 6, openings = 1) =>
  defineAir({ name: 'trial', log2Rows, parameters: tinyParameters, openings }, write)
const rows = 64
const activeRows = rows - paddingRows(tinyParameters, 1)
/** x to so high a power. */
const raised = (x: Expression, exponent: number): Expression => (exponent === 1 ? x : x.times(raised(x, exponent - 1)))

describe('defineAir', () => {
  it('leaves rows for padding, more for each opening', () => {
    expect(fibonacciAir(6, tinyParameters)).toMatchObject({ rows, activeRows, chunkLength: rows - 7 })
    expect(define(air => air.every('zero', air.column('x').here), 6, 2).activeRows).toBe(rows - 32)
  })

  it('leaves two rows more where something is pinned, once', () => {
    const pinnedAir = (pinned: number, openings: number) =>
      define(
        air => {
          for (let i = 0; i < 3; i++) {
            const [x] = air.external(`outer ${i}`, [`x${i}`], { pinned: i < pinned })
            air.at(air.lastRow, `x${i} is zero`, x!.here)
          }
        },
        6,
        openings,
      )
    expect([0, 1].map(pinned => pinnedAir(pinned, 2).activeRows)).toEqual([32, 30])
    expect(pinnedAir(1, 1).oracles.map(({ isPinned }) => isPinned)).toEqual([true, false, false])
    expect(pinnedAir(1, 1).constraints[0]!.place).toEqual({ row: activeRows - 3 })
    // By then the last row has been told.
    expect(() => pinnedAir(2, 1)).toThrow('trial: outer 1 is pinned, which takes padding')
  })

  it('puts columns that are read in the next row first, and others after them', () => {
    const air = define(air => {
      const [a, b] = air.external('outer', ['a', 'b'])
      const [x, y, z] = ['x', 'y', 'z'].map(name => air.column(name))
      const sum = air.auxiliary('sum')
      air.transition('all', b!.next.plus(z!.next).plus(sum.next))
      air.every('others', a!.here.plus(x!.here).plus(y!.here))
    })
    expect(air.oracles).toEqual([
      { name: 'outer', isExtension: false, isPinned: false, columns: ['b', 'a'], shifted: 1 },
      { name: 'main', isExtension: false, isPinned: false, columns: ['z', 'x', 'y'], shifted: 1 },
      { name: 'auxiliary', isExtension: true, isPinned: false, columns: ['sum'], shifted: 1 },
    ])
    expect(air.externals).toBe(1)
  })

  it('reads values from the list that Air describes', () => {
    const air = define(air => {
      const [outer] = air.external('oracle', ['outer'])
      const x = air.column('x')
      const running = air.auxiliary('running')
      const read = [air.input('i'), air.challenge('r'), air.periodic('p', [1n, 2n]), air.constant(5)]
      const [input, challenge, periodic, constant] = read.map(value => running.here.times(value))
      air.every('one', outer!.here.plus(x.here))
      for (const [name, value] of Object.entries({ input, challenge, periodic, constant })) air.every(name, value!)
      air.transition('next', x.next.plus(running.next))
    })
    // outer 0, x 1, running 2, next x 3, next running 4, periodic 5, input 6, challenge 7, constant 8, then results.
    expect(air.instructions).toEqual([
      { operation: 'add', a: 0, b: 1 },
      { operation: 'multiply', a: 2, b: 6 },
      { operation: 'multiply', a: 2, b: 7 },
      { operation: 'multiply', a: 2, b: 5 },
      { operation: 'multiply', a: 2, b: 8 },
      { operation: 'add', a: 3, b: 4 },
    ])
    expect(air.constraints.map(({ value }) => value)).toEqual([9, 10, 11, 12, 13, 14])
  })

  it('computes once what is written twice, and nothing that no constraint takes', () => {
    const air = define(air => {
      const x = air.column('x')
      x.here.times(7).plus(air.constant(9))
      air.every('twice', x.here.times(x.here).plus(x.here.times(x.here)))
    })
    expect(air.instructions).toHaveLength(2)
  })

  it('takes negative constants as elements', () => {
    const air = define(air => air.every('x is −1', air.column('x').here.minus(-1)))
    expect(air.constants).toEqual([MODULUS - 1n])
  })

  it('cuts the quotient into as many chunks as its degree takes', () => {
    const chunksOf = (degree: number) => define(air => air.every('power', raised(air.column('x').here, degree))).chunks
    // degree · 63 − 48 + 1 coefficients in pieces of 57.
    expect([1, 2, 3, 4, 7].map(chunksOf)).toEqual([1, 2, 3, 4, 7])
    const single = define(air => air.at(3, 'row', raised(air.column('x').here, 2)))
    // 2 · 63 − 1 + 1 of them.
    expect(single.chunks).toBe(3)
  })

  const column = (air: AirBuilder) => air.column('x')
  it.each<[string, RegExp, (air: AirBuilder) => void]>([
    ['no constraint', /^trial: nothing is constrained/, column],
    [
      'a column that nothing reads',
      /^trial: no constraint reads the column y: it could hold anything/,
      air => {
        air.column('y')
        air.every('zero', column(air).here)
      },
    ],
    [
      'an external column that nothing reads',
      /reads the column outer/,
      air => {
        air.external('oracle', ['outer'])
        air.every('zero', column(air).here)
      },
    ],
    ['the next row in every row', /^trial: step reads the next row/, air => air.every('step', column(air).next)],
    ['a constraint that reads no column', /^trial: free reads no column/, air => air.every('free', air.input('i'))],
    [
      'a row that is not there',
      /^trial: end is about row 48; the rows are 0 to 47/,
      air => air.at(48, 'end', column(air).here),
    ],
    ['a row before the first', /^trial: begin is about row -1/, air => air.at(-1, 'begin', column(air).here)],
    ['half a row', /^trial: half is about row 0.5/, air => air.at(0.5, 'half', column(air).here)],
    [
      'a row whose next is padding',
      /^trial: end is about row 47; the rows are 0 to 46/,
      air => air.at(47, 'end', column(air).next),
    ],
    [
      'too high a degree',
      /^trial: ninth is of degree 9 and takes 10 chunks of the quotient, of at most 8/,
      air => air.every('ninth', raised(column(air).here, 9)),
    ],
    [
      'a name used twice',
      /^trial: the name x is taken/,
      air => {
        column(air)
        air.input('x')
      },
    ],
    [
      "an oracle's name used twice",
      /^trial: the name o is taken/,
      air => {
        air.external('o', ['a'])
        air.external('o', ['b'])
      },
    ],
    [
      'a periodic column of three',
      /^trial: p: a periodic column takes a power of two/,
      air => air.periodic('p', [1n, 2n, 3n]),
    ],
    ['a periodic column of none', /^trial: p: a periodic column/, air => air.periodic('p', [])],
    [
      'a periodic column longer than the trace',
      /at most 64/,
      air =>
        air.periodic(
          'p',
          Array.from({ length: 128 }, () => 0n),
        ),
    ],
    ['a periodic value that is no element', /^trial: p: a periodic/, air => air.periodic('p', [MODULUS])],
    ['a constant that is no element', /^trial: 18446744069414584321 is no element/, air => air.constant(MODULUS)],
    ['a constant that is no integer', /^trial: 0.5 is no safe integer/, air => column(air).here.plus(0.5)],
    [
      'an expression of another description',
      /^trial: an expression is of another description/,
      air => {
        let foreign: Expression | undefined
        fibonacciWith(x => {
          foreign = x
        })
        air.every('mixed', column(air).here.plus(foreign!))
      },
    ],
  ])('refuses %s', (_, message, write) => {
    expect(() => define(write)).toThrow(RangeError)
    expect(() => define(write)).toThrow(message)
  })

  it.each([5, 21, 6.5])('refuses 2^%s rows', log2Rows => {
    expect(() => define(air => air.every('zero', column(air).here), log2Rows)).toThrow(/^trial: a trace has 2\^6 to/)
  })

  it('refuses a trace that the padding fills', () => {
    expect(() => define(air => air.every('zero', column(air).here), 6, 4)).toThrow(
      'trial: 64 rows of padding leave no trace in 64 rows',
    )
  })
})

function fibonacciWith(take: (x: Expression) => void): void {
  define(air => {
    const { here } = air.column('x')
    take(here)
    air.every('zero', here)
  })
}
