import fc from 'fast-check'
import { bytesToHex, concatBytes, hexToBytes, keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { DIGEST_BYTES, SALT_BYTES } from './digests.ts'
import { rootOfUnity } from './domain.ts'
import { type Extension, minus, plus, raised, times, valueAt } from './extension.ts'
import { MODULUS } from './Field.ts'
import { add, inverse, multiply, power, subtract } from './goldilocks.ts'
import { chacha20Words } from './referenceField.ts'
import { BLOCK_ROWS, loadStarkField, OPCODES, type StarkField } from './starkField.ts'
import { edges, element, key, vectorOf } from './testing.ts'

const field = await loadStarkField(12)

const runs = { numRuns: process.env.WARDROUND_LONG === '1' ? 300 : 25 }
const extension = fc.tuple(element, element)
const unit = element.filter(value => value !== 0n)
const extensionVectorOf = (length: number) => fc.array(extension, { minLength: length, maxLength: length, size: 'max' })
/** Vectors of 2^log elements, with the log. */
const vectorUpTo = (log: number, columns = 1) =>
  fc.integer({ min: 0, max: log }).chain(log2n => fc.tuple(fc.constant(log2n), vectorOf(columns * 2 ** log2n)))

/** Runs with an empty stack, and leaves it empty. */
function scoped<T>(use: (field: StarkField) => T): T {
  const start = field.mark()
  try {
    return use(field)
  } finally {
    field.release(start)
  }
}

function put(values: readonly bigint[] | BigUint64Array): number {
  const at = field.allocate(values.length)
  field.words(at, values.length).set(values as BigUint64Array)
  return at
}

function putBytes(bytes: Uint8Array): number {
  const at = field.allocate(Math.ceil(bytes.length / 8))
  field.bytes(at, bytes.length).set(bytes)
  return at
}

function putExtension(values: readonly Extension[]): number {
  return put([...values.map(([re]) => re), ...values.map(([, im]) => im)])
}

function take(at: number, count: number): bigint[] {
  return [...field.words(at, count)]
}

function takeExtension(at: number, n: number): Extension[] {
  const words = take(at, 2 * n)
  return words.slice(0, n).map((re, i) => [re, words[n + i]!])
}

function takeBytes(at: number, count: number): Uint8Array {
  return field.bytes(at, count).slice()
}

/** f(x) over the base field. */
function evaluated(coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduceRight((value, coefficient) => add(multiply(value, x), coefficient), 0n)
}

/** offset · ω^i, in natural order. */
function coset(log2n: number, offset = 1n): bigint[] {
  const root = rootOfUnity(log2n)
  return Array.from({ length: 2 ** log2n }, (_, i) => multiply(offset, power(root, BigInt(i))))
}

describe('the memory', () => {
  it('is a stack that grows, in places that are multiples of 16', async () => {
    const fresh = await loadStarkField(4)
    const start = fresh.mark()
    const small = fresh.allocate(3)
    fresh.words(small, 3).set([1n, 2n, 3n])
    const large = fresh.allocate(100_000)
    expect([small % 16, large % 16, large - small]).toEqual([0, 0, 32])
    expect(fresh.words(large, 100_000)).toHaveLength(100_000)
    expect([...fresh.words(small, 3)]).toEqual([1n, 2n, 3n])
    fresh.release(large)
    expect(() => fresh.words(large, 1)).toThrow(RangeError)
    expect(fresh.allocate(1)).toBe(large)
    fresh.release(start)
    expect(fresh.mark()).toBe(small)
  })

  it('is not granted beyond what there can be, and is then as before', () => {
    const start = field.mark()
    expect(() => field.allocate(2 ** 31)).toThrow(RangeError)
    expect(field.mark()).toBe(start)
  })

  it('is released neither beyond its end nor before its beginning', async () => {
    const fresh = await loadStarkField(4)
    expect(() => fresh.release(fresh.mark() + 16)).toThrow(RangeError)
    expect(() => fresh.release(fresh.mark() - 16)).toThrow(RangeError)
  })

  it('is given back by what needs room for itself', () => {
    scoped(() => {
      const at = put([1n, 2n, 3n, 4n])
      const target = field.allocate(8)
      const end = field.mark()
      field.evaluate(at, target, 2, 1, 5n, 32)
      field.evaluateAt(at, 4, 1, 1n, 2n, target)
      field.batchInverse(at, 4)
      expect(field.mark()).toBe(end)
    })
  })
})

describe('transforms', () => {
  it('evaluate on a coset, column by column, as a naive transform does', () => {
    fc.assert(
      fc.property(vectorUpTo(6, 3), unit, ([log2n, values], shift) =>
        scoped(() => {
          const n = 2 ** log2n
          const target = field.allocate(3 * (n + 2))
          field.evaluate(put(values), target, log2n, 3, shift, 8 * (n + 2))
          for (let column = 0; column < 3; column++) {
            const coefficients = [...values.slice(column * n, (column + 1) * n)]
            expect(take(target + column * 8 * (n + 2), n)).toEqual(
              coset(log2n, shift).map(x => evaluated(coefficients, x)),
            )
          }
        }),
      ),
      runs,
    )
  })

  it('interpolate what they evaluated, at any size', () => {
    fc.assert(
      fc.property(vectorUpTo(12, 2), ([log2n, values]) =>
        scoped(() => {
          const n = 2 ** log2n
          const target = field.allocate(2 * n)
          field.evaluate(put(values), target, log2n, 2, 1n, 8 * n)
          field.interpolate(target, log2n, 2)
          expect(take(target, 2 * n)).toEqual([...values])
        }),
      ),
      runs,
    )
  })

  it('interpolate to coefficients whose polynomial has these values', () => {
    fc.assert(
      fc.property(vectorUpTo(5), ([log2n, values]) =>
        scoped(() => {
          const at = put(values)
          field.interpolate(at, log2n, 1)
          const coefficients = take(at, values.length)
          expect(coset(log2n).map(x => evaluated(coefficients, x))).toEqual([...values])
        }),
      ),
      runs,
    )
  })

  it('turn products of values into convolutions of coefficients', () => {
    fc.assert(
      fc.property(vectorOf(16), vectorOf(16), (a, b) =>
        scoped(() => {
          const zeros = new Array<bigint>(16).fill(0n)
          const at = put([...a, ...zeros, ...b, ...zeros])
          const values = field.allocate(64)
          field.evaluate(at, values, 5, 2, 1n, 256)
          const product = put(take(values, 32).map((value, i) => multiply(value, field.words(values + 256, 32)[i]!)))
          field.interpolate(product, 5, 1)
          const convolution = new Array<bigint>(32).fill(0n)
          a.forEach((x, i) => {
            b.forEach((y, j) => {
              convolution[i + j] = add(convolution[i + j]!, multiply(x, y))
            })
          })
          expect(take(product, 32)).toEqual(convolution)
        }),
      ),
      runs,
    )
  })

  it('refuse sizes that the table of twiddles has no room for', () => {
    scoped(() => {
      const at = field.allocate(2 ** 13)
      expect(() => field.interpolate(at, 13, 1)).toThrow(RangeError)
      expect(() => field.evaluate(at, at, 13, 1, 1n, 0)).toThrow(RangeError)
    })
  })
})

describe('polynomials', () => {
  const polynomials = fc.integer({ min: 1, max: 40 }).chain(n => fc.tuple(fc.constant(n), vectorOf(3 * n)))
  const extensionPolynomial = fc.integer({ min: 1, max: 40 }).chain(extensionVectorOf)

  it('have the values of naive evaluation, at a base point and at one of the extension', () => {
    fc.assert(
      fc.property(polynomials, extension, ([n, coefficients], x) =>
        scoped(() => {
          const at = put(coefficients)
          const target = field.allocate(6)
          const columns = [0, 1, 2].map(column => [...coefficients.slice(column * n, (column + 1) * n)])
          field.evaluateAtBase(at, n, 3, x[0], target)
          expect(take(target, 3)).toEqual(columns.map(column => evaluated(column, x[0])))
          field.evaluateAt(at, n, 3, ...x, target)
          const embedded = columns.map(column => column.map((value): Extension => [value, 0n]))
          expect(take(target, 6)).toEqual(embedded.flatMap(column => valueAt(column, x)))
        }),
      ),
      runs,
    )
  })

  it('accumulate base and extension vectors times an extension element', () => {
    const several = fc
      .integer({ min: 1, max: 20 })
      .chain(n => fc.tuple(extensionVectorOf(n), extensionVectorOf(n), vectorOf(n)))
    fc.assert(
      fc.property(several, extension, ([target, source, base], factor) =>
        scoped(() => {
          const n = target.length
          const at = putExtension(target)
          field.accumulateExtension(at, putExtension(source), n, ...factor)
          const sums = target.map((value, i) => plus(value, times(source[i]!, factor)))
          expect(takeExtension(at, n)).toEqual(sums)
          field.accumulate(at, put(base), n, ...factor)
          expect(takeExtension(at, n)).toEqual(sums.map((value, i) => plus(value, times([base[i]!, 0n], factor))))
        }),
      ),
      runs,
    )
  })

  it('divided by x − z are what times x − z differs from them by their value at z', () => {
    fc.assert(
      fc.property(extensionPolynomial, extension, extension, (coefficients, z, x) =>
        scoped(() => {
          const n = coefficients.length
          const at = putExtension(coefficients)
          field.divideByLinear(at, n, ...z)
          const quotient = takeExtension(at, n)
          expect(quotient.at(-1)).toEqual([0n, 0n])
          expect(plus(times(valueAt(quotient, x), minus(x, z)), valueAt(coefficients, z))).toEqual(
            valueAt(coefficients, x),
          )
        }),
      ),
      runs,
    )
  })
})

describe('vectors', () => {
  it('become their inverses, zeros staying', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }).chain(length => vectorOf(length)),
        values =>
          scoped(() => {
            const at = put(values)
            field.batchInverse(at, values.length)
            expect(take(at, values.length)).toEqual([...values].map(value => (value === 0n ? 0n : inverse(value))))
          }),
      ),
      runs,
    )
  })

  it('hold powers of a factor, from the first on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), element, element, (count, first, factor) =>
        scoped(() => {
          const at = put([...new Array<bigint>(count).fill(9n), 77n])
          field.powers(at, count, first, factor)
          const powers = Array.from({ length: count }, (_, i) => multiply(first, power(factor, BigInt(i))))
          expect(take(at, count + 1)).toEqual([...powers, 77n])
        }),
      ),
      runs,
    )
  })
})

describe('the vector machine', () => {
  const blocks = 3
  const rows = blocks * BLOCK_ROWS
  const slots = 6
  /** Operands are slots of an extension vector; one that stays is read at its first block again and again. */
  const operand = fc.record({ slot: fc.nat({ max: slots - 1 }), stays: fc.boolean() })
  const instruction = fc.record({
    opcode: fc.constantFrom(...(Object.keys(OPCODES) as (keyof typeof OPCODES)[])),
    result: operand,
    a: operand,
    b: operand,
  })
  type Instruction = typeof instruction extends fc.Arbitrary<infer T> ? T : never

  it('runs programs as a naive interpreter does', () => {
    const memory = fc.array(element, { minLength: 12, maxLength: 40 })
    fc.assert(
      fc.property(fc.array(instruction, { minLength: 1, maxLength: 12 }), memory, (program, values) => {
        const start = Array.from({ length: slots }, (_, slot) =>
          Array.from({ length: rows }, (_, row): Extension => {
            const at = 7 * slot + row
            return [values[at % values.length]!, values[(3 * at + 1) % values.length]!]
          }),
        )
        expect(machine(start, program)).toEqual(interpreter(start, program))
      }),
      runs,
    )
  })

  it.each(Object.keys(OPCODES) as (keyof typeof OPCODES)[])('gets every pair of edge elements right: %s', opcode => {
    const pairs = edges.flatMap(a => edges.map(b => [a, b] as const))
    const start = [
      pairs.map(([a, b]): Extension => [a, b]),
      pairs.map(([a, b]): Extension => [b, a]),
      ...new Array(slots - 2).fill(pairs.map((): Extension => [0n, 0n])),
    ].map(slot => [...slot, ...slot, ...slot])
    const place = (slot: number) => ({ slot, stays: false })
    const program = [{ opcode, result: place(2), a: place(0), b: place(1) }]
    expect(machine(start, program)).toEqual(interpreter(start, program))
  })

  it('knows no other opcodes', () => {
    scoped(() => {
      const at = putBytes(new Uint8Array(Int32Array.of(10, 0, 0, 0, 0, 0, 0, 0).buffer))
      expect(() => field.run(at, 1, 1)).toThrow(WebAssembly.RuntimeError)
    })
  })

  function machine(start: readonly Extension[][], program: readonly Instruction[]): Extension[][] {
    return scoped(() => {
      const places = start.map(putExtension)
      const halves = (slot: number) => [places[slot]!, places[slot]! + 8 * rows]
      const code = program.flatMap(({ opcode, result, a, b }) => [
        OPCODES[opcode],
        ...[result, a, b].flatMap(({ slot }) => halves(slot)),
        (result.stays ? 0 : 1) + (a.stays ? 0 : 2) + (b.stays ? 0 : 4),
      ])
      field.run(putBytes(new Uint8Array(Int32Array.from(code).buffer)), program.length, blocks)
      return places.map(place => takeExtension(place, rows))
    })
  }

  function interpreter(start: readonly Extension[][], program: readonly Instruction[]): Extension[][] {
    const memory = start.map(slot => [...slot])
    for (let block = 0; block < blocks; block++) {
      for (const { opcode, result, a, b } of program) {
        for (let row = 0; row < BLOCK_ROWS; row++) {
          const at = ({ stays }: { stays: boolean }) => (stays ? 0 : block * BLOCK_ROWS) + row
          const [first, second] = [memory[a.slot]![at(a)]!, memory[b.slot]![at(b)]!]
          const old = memory[result.slot]![at(result)]!
          memory[result.slot]![at(result)] = resultOf(opcode, first, second, old)
        }
      }
    }
    return memory
  }

  function resultOf(opcode: keyof typeof OPCODES, a: Extension, b: Extension, old: Extension): Extension {
    const [baseA, baseB]: Extension[] = [
      [a[0], 0n],
      [b[0], 0n],
    ]
    switch (opcode) {
      case 'addBaseBase':
        return [add(a[0], b[0]), old[1]]
      case 'subtractBaseBase':
        return [subtract(a[0], b[0]), old[1]]
      case 'multiplyBaseBase':
        return [multiply(a[0], b[0]), old[1]]
      case 'addExtensionBase':
        return plus(a, baseB!)
      case 'subtractExtensionBase':
        return minus(a, baseB!)
      case 'subtractBaseExtension':
        return minus(baseA!, b)
      case 'multiplyExtensionBase':
        return times(a, baseB!)
      case 'addExtensionExtension':
        return plus(a, b)
      case 'subtractExtensionExtension':
        return minus(a, b)
      case 'multiplyExtensionExtension':
        return times(a, b)
    }
  }
})

describe('a fold by 8', () => {
  it('joins the eight parts of a polynomial by powers of β', () => {
    const polynomial = fc.integer({ min: 0, max: 3 }).chain(log => extensionVectorOf(2 ** log * 8))
    fc.assert(
      fc.property(polynomial, unit, extension, (coefficients, offset, beta) =>
        scoped(() => {
          const size = coefficients.length
          const log2Size = Math.log2(size)
          const values = coset(log2Size, offset).map(x => valueAt(coefficients, [x, 0n]))
          const target = field.allocate(size / 4)
          field.foldBy8(putExtension(values), target, log2Size, inverse(offset), ...beta)
          const parts = [0, 1, 2, 3, 4, 5, 6, 7].map(k => coefficients.filter((_, i) => i % 8 === k))
          const folded = coset(log2Size - 3, power(offset, 8n)).map(x =>
            parts
              .map((part, k) => times(valueAt(part, [x, 0n]), raised(beta, BigInt(k))))
              .reduce((sum, term) => plus(sum, term)),
          )
          expect(takeExtension(target, size / 8)).toEqual(folded)
        }),
      ),
      runs,
    )
  })

  it('of eight values depends on these and on the point alone', () => {
    const siblings = extensionVectorOf(32)
    fc.assert(
      fc.property(siblings, extension, fc.nat({ max: 3 }), (values, beta, leaf) =>
        scoped(() => {
          const [all, one] = [field.allocate(8), field.allocate(2)]
          field.foldBy8(putExtension(values), all, 5, 1n, ...beta)
          const point = power(rootOfUnity(5), BigInt(leaf))
          const own = values.filter((_, i) => i % 4 === leaf)
          field.foldBy8(putExtension(own), one, 3, inverse(point), ...beta)
          expect(takeExtension(one, 1)[0]).toEqual(takeExtension(all, 4)[leaf])
        }),
      ),
      runs,
    )
  })
})

describe('keccak256', () => {
  it("is Ethereum's, for every length up to 300 bytes and for the longest", () => {
    scoped(() => {
      const message = Uint8Array.from({ length: 8295 }, (_, i) => (i * i + 7) % 256)
      const at = putBytes(message)
      const target = field.allocate(4)
      for (const length of [...Array(301).keys(), 407, 408, 409, 8159, 8160, 8294, 8295]) {
        field.hash(at, length, target)
        expect(bytesToHex(takeBytes(target, 32))).toBe(keccak256(message.subarray(0, length)))
      }
      expect(() => field.hash(at, 8296, target)).toThrow(RangeError)
    })
  })
})

describe('commitments', () => {
  it.each([
    { rows: 1, columns: 1, salted: true, first: 0, step: 1 },
    { rows: 16, columns: 5, salted: true, first: 0, step: 1 },
    { rows: 7, columns: 20, salted: false, first: 0, step: 1 },
    { rows: 9, columns: 3, salted: true, first: 3, step: 4 },
    { rows: 21, columns: 0, salted: true, first: 1, step: 2 },
    { rows: 2, columns: 130, salted: false, first: 5, step: 8 },
  ])('hash rows to leaves: %o', ({ rows, columns, salted, first, step }) => {
    scoped(() => {
      const count = first + step * rows
      const column = (index: number) => vector(rows + 3, index)
      const values = put(Array.from({ length: columns }, (_, index) => column(index)).flat())
      const salts = bytesOf(SALT_BYTES * count)
      const leaves = putBytes(new Uint8Array(DIGEST_BYTES * count))
      field.hashRows(values, 8 * (rows + 3), rows, columns, salted ? putBytes(salts) : 0, leaves, first, step)
      const expected = new Uint8Array(DIGEST_BYTES * count)
      for (let row = 0; row < rows; row++) {
        const leaf = first + step * row
        const salt = salted ? salts.subarray(SALT_BYTES * leaf, SALT_BYTES * (leaf + 1)) : new Uint8Array(0)
        const cells = Array.from({ length: columns }, (_, index) => bigEndian(column(index)[row]!))
        expected.set(digest([Uint8Array.of(0), salt, ...cells]), DIGEST_BYTES * leaf)
      }
      expect(takeBytes(leaves, expected.length)).toEqual(expected)
    })
  })

  it.each([3, 4, 5, 7])('hash what a fold joins to one leaf, of 2^%i values', log2Size => {
    scoped(() => {
      const size = 2 ** log2Size
      const [re, im] = [vector(size, 1), vector(size, 2)]
      const leaves = field.allocate(3 * (size / 8))
      field.hashCosets(put(re), put(im), log2Size, leaves)
      for (let leaf = 0; leaf < size / 8; leaf++) {
        const places = [0, 1, 2, 3, 4, 5, 6, 7].map(t => leaf + (t * size) / 8)
        const cells = places.flatMap(place => [bigEndian(re[place]!), bigEndian(im[place]!)])
        expect(takeBytes(leaves + DIGEST_BYTES * leaf, DIGEST_BYTES)).toEqual(digest([Uint8Array.of(0), ...cells]))
      }
    })
  })

  it.each([0, 1, 2, 3, 6])('join 2^%i leaves to a root', log2Leaves => {
    scoped(() => {
      const bytes = bytesOf(DIGEST_BYTES * 2 ** (log2Leaves + 1))
      const tree = putBytes(bytes)
      field.merkle(tree, log2Leaves)
      const node = (i: number) => bytes.subarray(DIGEST_BYTES * i, DIGEST_BYTES * (i + 1))
      for (let i = 2 ** log2Leaves - 1; i > 0; i--)
        node(i).set(digest([Uint8Array.of(1), node(2 * i), node(2 * i + 1)]))
      expect(takeBytes(tree, bytes.length)).toEqual(bytes)
    })
  })

  function digest(parts: readonly Uint8Array[]): Uint8Array {
    return hexToBytes(keccak256(concatBytes([...parts]))).slice(0, DIGEST_BYTES)
  }
})

describe('grinding', () => {
  const state = bytesOf(32)
  const zeroBits = (nonce: bigint) => {
    const hash = BigInt(keccak256(concatBytes([Uint8Array.of(4), state, bigEndian(nonce)])))
    return 256 - hash.toString(2).length
  }

  it.each([0n, 1n, 12_345n, 2n ** 40n - 1n])('finds the smallest nonce from %s on', start => {
    scoped(() => {
      const at = putBytes(state)
      for (const bits of [0, 1, 2, 5, 8]) {
        let smallest = start
        while (zeroBits(smallest) < bits) smallest++
        const count = Number(smallest - start)
        expect(field.grind(at, start, count + 20, bits)).toBe(smallest)
        expect(field.grind(at, start, count + 1, bits)).toBe(smallest)
        expect(field.grind(at, start, count, bits)).toBe(-1n)
      }
    })
  })
})

describe('salts', () => {
  it("are ChaCha20's stream, and nothing behind them changes", () => {
    fc.assert(
      fc.property(key, fc.constantFrom(0, 1, 15, 16, 17, 32, 100), (bytes, count) =>
        scoped(() => {
          const target = put(new Array<bigint>(2 * count + 1).fill(99n))
          field.salts(putBytes(bytes), target, count)
          const words = chacha20Words(bytes)
          expect(take(target, 2 * count + 1)).toEqual([
            ...Array.from({ length: 2 * count }, () => words.next().value),
            99n,
          ])
        }),
      ),
      runs,
    )
  })
})

describe('StarkField refuses', () => {
  it('what is not allocated, in whole or in part, and what is no place of a word', () => {
    scoped(() => {
      const at = field.allocate(8)
      for (const bad of [at + 8, at + 64, at - 2 ** 15, 0, -8, at + 4, Number.NaN]) {
        expect(() => field.words(bad, 8)).toThrow(RangeError)
        expect(() => field.interpolate(bad, 3, 1)).toThrow(RangeError)
        expect(() => field.evaluate(bad, at, 3, 1, 1n, 64)).toThrow(RangeError)
        expect(() => field.evaluate(at, bad, 3, 1, 1n, 64)).toThrow(RangeError)
        expect(() => field.evaluateAtBase(bad, 8, 1, 1n, at)).toThrow(RangeError)
        expect(() => field.evaluateAt(at, 1, 4, 1n, 1n, bad)).toThrow(RangeError)
        expect(() => field.accumulate(bad, at, 4, 1n, 1n)).toThrow(RangeError)
        expect(() => field.accumulateExtension(at, bad, 4, 1n, 1n)).toThrow(RangeError)
        expect(() => field.divideByLinear(bad, 4, 1n, 1n)).toThrow(RangeError)
        expect(() => field.batchInverse(bad, 8)).toThrow(RangeError)
        expect(() => field.powers(bad, 8, 1n, 1n)).toThrow(RangeError)
        expect(() => field.foldBy8(bad, at, 3, 1n, 1n, 1n)).toThrow(RangeError)
        expect(() => field.hashRows(bad, 8, 8, 1, 0, at, 0, 1)).toThrow(RangeError)
        expect(() => field.hashCosets(at, bad, 3, at)).toThrow(RangeError)
      }
      expect(() => field.evaluate(at, at, 1, 2, 1n, 64)).toThrow(RangeError)
      expect(() => field.hashRows(at, 0, 1, 1, 0, at, 0, 1)).not.toThrow()
      expect(() => field.hashRows(at, 0, 1, 1, 0, at, 3, 1)).toThrow(RangeError)
      expect(() => field.merkle(at, 1)).toThrow(RangeError)
      expect(() => field.grind(at + 40, 0n, 1, 1)).toThrow(RangeError)
      expect(() => field.salts(at, at, 5)).toThrow(RangeError)
      expect(() => field.run(at, 3, 1)).toThrow(RangeError)
    })
  })

  it.each([-1n, MODULUS, 2n ** 64n])('%s for an element', bad => {
    scoped(() => {
      const at = field.allocate(16)
      expect(() => field.evaluate(at, at, 2, 1, bad, 32)).toThrow(RangeError)
      expect(() => field.evaluateAtBase(at, 2, 1, bad, at)).toThrow(RangeError)
      expect(() => field.evaluateAt(at, 2, 1, 1n, bad, at)).toThrow(RangeError)
      expect(() => field.accumulate(at, at, 2, bad, 1n)).toThrow(RangeError)
      expect(() => field.accumulateExtension(at, at, 2, 1n, bad)).toThrow(RangeError)
      expect(() => field.divideByLinear(at, 2, bad, 1n)).toThrow(RangeError)
      expect(() => field.powers(at, 2, bad, 1n)).toThrow(RangeError)
      expect(() => field.powers(at, 2, 1n, bad)).toThrow(RangeError)
      expect(() => field.foldBy8(at, at, 3, bad, 1n, 1n)).toThrow(RangeError)
      expect(() => field.foldBy8(at, at, 3, 1n, 1n, bad)).toThrow(RangeError)
    })
  })
})

/** Elements that depend on all bits of the seed and the place. */
function vector(length: number, seed: number): bigint[] {
  return Array.from({ length }, (_, i) => power(7n, BigInt(1 + i + 10_007 * seed) ** 3n))
}

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * i * 31 + i * 7 + 5) % 251)
}

function bigEndian(word: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, word)
  return bytes
}
