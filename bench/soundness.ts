/**
 * `npm run bench -- soundness [--log2-rows 13 --functions 260 --constraints 300 --degree 3 --challenge-degree 300]
 * [--log2-blowup 5] [--queries 34] [--query-grinding 20] [--round-grinding 16] [--json]`: how many bits of soundness
 * proofs have, step by step, and how few queries leave 96. Computed, not measured. For the AIRs that training was
 * planned with, the largest that the parameters are meant for, the examples, and steps of training, which are proven with
 * `--log2-blowup 7 --queries 24 --query-grinding 19`; or for the one shape that is given.
 */
import { parseArgs } from 'node:util'
import { checkpointsAir } from '../src/audit/stark/examples/checkpoints.ts'
import { fibonacciAir } from '../src/audit/stark/examples/fibonacci.ts'
import { matrixProductAir } from '../src/audit/stark/examples/matrixProduct.ts'
import { rangeCheckAir } from '../src/audit/stark/examples/rangeCheck.ts'
import { defaultParameters, type Parameters } from '../src/audit/stark/parameters.ts'
import {
  type Soundness,
  type SoundnessOptions,
  type SoundnessShape,
  shapeOf,
  soundness,
} from '../src/audit/stark/soundness.ts'
import { stepAir } from '../src/audit/training/stepAir.ts'
import { stepKinds } from './proofs/steps.ts'
import { layOut } from './shared/table.ts'

const { values } = parseArgs({
  options: {
    'log2-rows': { type: 'string' },
    functions: { type: 'string', default: '260' },
    constraints: { type: 'string', default: '300' },
    degree: { type: 'string', default: '3' },
    'challenge-degree': { type: 'string', default: '300' },
    'log2-blowup': { type: 'string', default: String(defaultParameters.log2Blowup) },
    queries: { type: 'string', default: String(defaultParameters.queries) },
    'query-grinding': { type: 'string', default: String(defaultParameters.queryGrinding) },
    'round-grinding': { type: 'string', default: String(defaultParameters.roundGrinding) },
    json: { type: 'boolean', default: false },
  },
})

const parameters: Parameters = {
  log2Blowup: Number(values['log2-blowup']),
  queries: Number(values.queries),
  queryGrinding: Number(values['query-grinding']),
  roundGrinding: Number(values['round-grinding']),
}

interface Case {
  readonly name: string
  readonly shape: SoundnessShape
}

/** Every column counted twice, as if each were read in the next row; at most four chunks, and the mask. */
function functionsOf(columns: number): number {
  return 2 * columns + 5
}

function shape(log2Rows: number, functions: number, constraints: number): SoundnessShape {
  return { log2Rows, functions, constraints, maxDegree: 3, challengeDegree: constraints }
}

const examples = [
  fibonacciAir(9, defaultParameters),
  checkpointsAir(9, defaultParameters),
  matrixProductAir({ log2Rows: 9, left: 16, right: 32 }, defaultParameters),
  rangeCheckAir(9, defaultParameters).air,
]
const steps = stepKinds.map(({ shape }) => stepAir(shape, { parameters }).air)
const cases: Case[] =
  values['log2-rows'] === undefined
    ? [
        { name: '2^9 × 48 + 14 ext', shape: shape(9, functionsOf(62), 200) },
        { name: '2^11 × 69 + 18 ext', shape: shape(11, functionsOf(87), 250) },
        { name: '2^13 × 48 + 14 ext', shape: shape(13, functionsOf(62), 200) },
        { name: '2^13, 260 functions', shape: shape(13, 260, 300) },
        { name: '2^14, 300 functions', shape: shape(14, 300, 300) },
        ...examples.map(air => ({ name: `${air.name}, 2^9`, shape: shapeOf(air) })),
        ...steps.map(air => ({ name: `${air.name}, 2^${air.log2Rows}`, shape: shapeOf(air) })),
      ]
    : [
        {
          name: 'as given',
          shape: {
            log2Rows: Number(values['log2-rows']),
            functions: Number(values.functions),
            constraints: Number(values.constraints),
            maxDegree: Number(values.degree),
            challengeDegree: Number(values['challenge-degree']),
          },
        },
      ]

const results = cases.map(each => ({ ...each, ...soundness(each.shape, parameters) }))
const { log2Blowup, queries, queryGrinding, roundGrinding } = parameters
const text = [
  `Rate 2^-${log2Blowup}, ${queries} queries after ${queryGrinding} bits of work, ${roundGrinding} bits a round`,
  'Proven bits of each step, up to the Johnson radius √ρ (1 + 1/m)',
  termTable(results),
  'The least of them without the hash, under statements of the theorem on proximity gaps',
  statementTable(),
  'The fewest queries that leave 96 bits without the hash, by the bits of work a round',
  queryTable(),
  'A conjecture that is disproved near capacity, for comparing with figures that others state',
  layOut([['step', 'bits'], ...results[0]!.conjectured.map(({ name, bits }) => [name, bits.toFixed(1)])]),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (values.json) process.stdout.write(`${JSON.stringify({ parameters, results })}\n`)

function termTable(rows: readonly (Soundness & Case)[]): string {
  const all = new Set(rows.flatMap(({ terms }) => terms.map(({ name }) => name)))
  // Not every case has all the foldings, which come before these.
  const last = ['queries', 'hash']
  const names = [...[...all].filter(name => !last.includes(name)), ...last]
  const bits = ({ terms }: Soundness, name: string) => terms.find(term => term.name === name)?.bits.toFixed(1) ?? ''
  return layOut([
    ['', ...rows.map((_, i) => `(${i + 1})`)],
    ...names.map(name => [name, ...rows.map(row => bits(row, name))]),
    ['proven', ...rows.map(({ proven }) => proven.toFixed(1))],
    ['without the hash', ...rows.map(({ interactive }) => interactive.toFixed(1))],
    ['m', ...rows.map(({ m }) => String(m))],
    ['functions', ...rows.map(({ shape }) => String(shape.functions))],
  ]).concat('\n\n', rows.map(({ name }, i) => `(${i + 1}) ${name}`).join('\n'))
}

function statementTable(): string {
  const statements: readonly (readonly [string, SoundnessOptions])[] = [
    ['2025, whole gap', {}],
    ['2025, halved gap', { gap: 'halved' }],
    ['2020', { gap: 'halved', theorem: 'BCIKS20' }],
  ]
  const bits = (shape: SoundnessShape, options: SoundnessOptions) =>
    soundness(shape, parameters, options).interactive.toFixed(1)
  return layOut([
    ['', ...statements.map(([name]) => name)],
    ...cases.map(({ name, shape }) => [name, ...statements.map(([, options]) => bits(shape, options))]),
  ])
}

function queryTable(): string {
  const work = [12, 14, 16, 17, 18, 20]
  return layOut([
    ['', ...work.map(String)],
    ...cases.map(({ name, shape }) => [name, ...work.map(bits => fewestQueries(shape, bits))]),
  ])
}

function fewestQueries(shape: SoundnessShape, work: number): string {
  for (let count = 1; count <= 100; count++) {
    const { interactive } = soundness(shape, { ...parameters, queries: count, roundGrinding: work })
    if (interactive >= 96) return String(count)
  }
  return 'none'
}
