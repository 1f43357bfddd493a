/**
 * `npm run bench -- field [--elements 1000000] [--repeats 15] [--json] [--write]`: what the field's kernels cost per
 * element, against a copy of the vector, which is the floor, and against other makers of as many pseudorandom bytes;
 * and what those of a STARK's prover cost. Tables; with --json one JSON object on the last line; --write keeps the
 * tables as docs/benchmarks/field.md.
 */
import { createCipheriv } from 'node:crypto'
import { parseArgs } from 'node:util'
import { MODULUS } from '../src/field/Field.ts'
import { loadField } from '../src/field/loadField.ts'
import { referenceField } from '../src/field/referenceField.ts'
import { measured, processorTime } from './field/measure.ts'
import { measureStark, starkTable } from './field/stark.ts'
import { grouped, processor } from './shared/numbers.ts'
import { layOut } from './shared/table.ts'
import { writePage } from './shared/writePage.ts'

const { values } = parseArgs({
  options: {
    elements: { type: 'string', default: '1000000' },
    repeats: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const elements = Number(values.elements)
const repeats = Number(values.repeats)

const field = await loadField()
const key = crypto.getRandomValues(new Uint8Array(32))
const target = field.expand(crypto.getRandomValues(new Uint8Array(32)), elements)
const source = field.expand(crypto.getRandomValues(new Uint8Array(32)), elements)
const direction = new Int8Array(field.expand(key, Math.ceil(elements / 8)).buffer, 0, elements)
const directions = new Array<Int8Array>(32).fill(direction)
const zeros = new Uint8Array(8 * elements)
const aes = await crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])
const counter = { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 }
/** Any that is not small. */
const weight = MODULUS / 3n

const cases = [
  { name: 'copy', what: 'target.set(source): the floor', run: () => target.set(source) },
  { name: 'add', what: 'target + source', run: () => field.add(target, source) },
  { name: 'subtract', what: 'target − source', run: () => field.subtract(target, source) },
  { name: 'addScaled, small', what: 'target + 8 · source', run: () => field.addScaled(target, source, 8n) },
  { name: 'addScaled', what: 'target + weight · source', run: () => field.addScaled(target, source, weight) },
  { name: 'inner', what: 'Σ target · source', run: () => field.inner(target, source) },
  { name: 'expand', what: 'PRG(key)', run: () => field.expand(key, elements) },
  { name: 'addMask, plain', what: 'target + PRG(key)', run: () => field.addMask(target, key, 1n) },
  { name: 'addMask, small', what: 'target + 8 · PRG(key)', run: () => field.addMask(target, key, 8n) },
  { name: 'addMask', what: 'target + weight · PRG(key)', run: () => field.addMask(target, key, weight) },
  { name: 'maskInner', what: 'Σ PRG(key) · direction', run: () => field.maskInner(key, direction) },
  { name: 'maskInners', what: 'the same for 32 directions', run: () => field.maskInners(key, directions) },
  { name: 'AES-CTR', what: 'as many bytes by WebCrypto', run: () => crypto.subtle.encrypt(counter, aes, zeros) },
  {
    name: 'ChaCha20, native',
    what: 'as many bytes by OpenSSL, widest SIMD',
    run: () => createCipheriv('chacha20', key, new Uint8Array(16)).update(zeros),
  },
]

const few = Math.min(elements, 20_000)
const reference = await processorTime(() => referenceField().addMask(target.slice(0, few), key, 1n), few)

const results = (
  await measured(
    cases.map(each => ({ ...each, count: elements })),
    repeats,
  )
).map(({ name, what, median, least }) => ({ name, what, median, least }))
const copy = results[0]!.least
const table = layOut(
  [
    ['operation', 'what', 'ns median', 'ns least', '× copy'],
    ...results.map(({ name, what, median, least }) => [
      name,
      what,
      median.toFixed(2),
      least.toFixed(2),
      (least / copy).toFixed(1),
    ]),
    ['addMask, plain', 'by the reference, once', reference.toFixed(0), '', ''],
  ],
  2,
)
const head = `${grouped(elements)} elements of 8 bytes, ${repeats} turns; nanoseconds of processor time per element`
const stark = await measureStark(repeats)
const starkHead = `The prover's kernels, ${repeats} turns; processor time`
const text = [`${head}\n${processor()}`, table, starkHead, starkTable(stark)].join('\n\n')
process.stdout.write(`${text}\n`)
if (values.write) await writePage('field', { title: 'The field', command: 'npm run bench -- field --write', text })
if (values.json) process.stdout.write(`${JSON.stringify({ elements, repeats, results, reference, stark })}\n`)
