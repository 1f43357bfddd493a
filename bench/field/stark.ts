import { DIGEST_BYTES, SALT_BYTES } from '../../src/field/digests.ts'
import { loadField } from '../../src/field/loadField.ts'
import { BLOCK_ROWS, loadStarkField, OPCODES } from '../../src/field/starkField.ts'
import { grouped } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import { type Case, measured, type Times } from './measure.ts'

interface StarkCase extends Case {
  /** What one of `count` is. */
  readonly unit: string
}

const log2n = 16
const n = 2 ** log2n
/** A trace of 2^11 rows, and the cosets of its extension at rate 1/32. */
const log2Trace = 11
const trace = 2 ** log2Trace
const cosets = 32
const columns = 8
/** Of a leaf: 61 values and a salt fill four of keccak's blocks. */
const rowColumns = 61
const rows = 4096
const log2Leaves = 13
const nonces = 10_000

/** What the prover's kernels cost: nanoseconds for each of so many units. */
export async function measureStark(repeats: number): Promise<(Omit<StarkCase, 'run'> & Times)[]> {
  const results = await measured(await starkCases(), repeats)
  return results.map(({ run: _, ...rest }) => rest)
}

/** The same in lines, with what a whole run takes. */
export function starkTable(results: Awaited<ReturnType<typeof measureStark>>): string {
  const milliseconds = (time: number, count: number) => ((time * count) / 1e6).toFixed(2)
  return layOut(
    [
      ['operation', 'what', 'unit', 'ms median', 'ms least', 'ns a unit'],
      ...results.map(({ name, what, unit, count, median, least }) => [
        name,
        what,
        unit,
        milliseconds(median, count),
        milliseconds(least, count),
        least.toFixed(1),
      ]),
    ],
    3,
  )
}

async function starkCases(): Promise<readonly StarkCase[]> {
  const field = await loadStarkField(log2n)
  const source = field.allocate(4 * n)
  const target = field.allocate(4 * n)
  const scratch = field.allocate(4 * n)
  const tree = field.allocate((DIGEST_BYTES / 8) * 2 ** (log2Leaves + 1))
  const salts = field.allocate((SALT_BYTES / 8) * rows)
  const program = field.allocate(4)
  const elements = await loadField()
  field.words(source, 4 * n).set(elements.expand(new Uint8Array(32), 4 * n))
  const operands = [target, target + 8 * n, source, source + 8 * n, scratch, scratch + 8 * n]
  const instruction = Int32Array.of(OPCODES.multiplyExtensionExtension, ...operands, 7)
  field.bytes(program, 32).set(new Uint8Array(instruction.buffer))
  const [x0, x1] = elements.expand(new Uint8Array(32).fill(1), 2) as unknown as [bigint, bigint]

  return [
    {
      name: 'interpolate',
      what: '2^16 values',
      unit: 'butterfly',
      count: (n / 2) * log2n,
      run: () => field.interpolate(target, log2n, 1),
    },
    {
      name: 'evaluate',
      what: '2^16 values on a coset',
      unit: 'butterfly',
      count: (n / 2) * log2n,
      run: () => field.evaluate(source, target, log2n, 1, x0, 8 * n),
    },
    {
      name: 'extend',
      what: `${columns} columns of 2^11 to ${cosets} cosets`,
      unit: 'value',
      count: columns * trace * cosets,
      run: () => {
        for (let coset = 0; coset < cosets; coset++) field.evaluate(source, target, log2Trace, columns, x0, 8 * trace)
      },
    },
    {
      name: 'evaluateAt',
      what: '2 columns of 2^16 at a point of the extension',
      unit: 'coefficient',
      count: 2 * n,
      run: () => field.evaluateAt(source, n, 2, x0, x1, target),
    },
    {
      name: 'accumulate',
      what: '2^16 values times an extension element',
      unit: 'value',
      count: n,
      run: () => field.accumulate(target, source, n, x0, x1),
    },
    {
      name: 'divideByLinear',
      what: '2^16 extension coefficients',
      unit: 'coefficient',
      count: n,
      run: () => field.divideByLinear(target, n, x0, x1),
    },
    {
      name: 'batchInverse',
      what: '2^16 elements',
      unit: 'element',
      count: n,
      run: () => field.batchInverse(target, n),
    },
    {
      name: 'run',
      what: 'products of 2^16 pairs over the extension',
      unit: 'product',
      count: n,
      run: () => field.run(program, 1, n / BLOCK_ROWS),
    },
    {
      name: 'foldBy8',
      what: '2^16 values over the extension',
      unit: 'value',
      count: n,
      run: () => field.foldBy8(source, target, log2n, x0, x0, x1),
    },
    {
      name: 'hashRows',
      what: `${grouped(rows)} salted rows of ${rowColumns} columns`,
      unit: 'permutation',
      count: 4 * rows,
      run: () => field.hashRows(source, 8 * rows, rows, rowColumns, salts, tree, 0, 1),
    },
    {
      name: 'hashCosets',
      what: '2^15 values over the extension',
      unit: 'permutation',
      count: 2 ** 12,
      run: () => field.hashCosets(source, target, 15, tree),
    },
    {
      name: 'merkle',
      what: '2^13 leaves',
      unit: 'permutation',
      count: 2 ** log2Leaves,
      run: () => field.merkle(tree, log2Leaves),
    },
    {
      name: 'grind',
      what: `${grouped(nonces)} nonces`,
      unit: 'permutation',
      count: nonces,
      run: () => field.grind(source, 0n, nonces, 63),
    },
  ]
}
