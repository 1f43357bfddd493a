/**
 * npm run bench -- round [--section training] [--backends wasm,cpu] [--models mlp,cnn] [--turns 6] [--hardware] [--json]
 *   --section training|protocol|study|simulation   repeatable; all of them by default
 *   --sizes 10000,100000 --repeats 5               protocol: parameters of the models, rounds of each
 *   --study-rounds 5                               study
 *   --hospitals 50 --rounds 2                      simulation
 * What a round costs, part by part. Prints tables; with --json one JSON object on the last line; --write keeps the tables as
 * docs/benchmarks/round.md.
 */
import { parseArgs } from 'node:util'
import type { Job } from './round/page/job.ts'
import { benchProtocol, protocolTable } from './round/protocol.ts'
import { benchSimulation, simulationTable } from './round/simulation.ts'
import { benchStudy, studyTable } from './round/study.ts'
import { benchTraining, trainingTable } from './round/training.ts'
import { writePage } from './shared/writePage.ts'

const { values: options } = parseArgs({
  options: {
    section: { type: 'string', multiple: true },
    backends: { type: 'string' },
    models: { type: 'string' },
    turns: { type: 'string' },
    hardware: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    repeats: { type: 'string' },
    'study-rounds': { type: 'string' },
    hospitals: { type: 'string' },
    rounds: { type: 'string' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

/** Logs rows to stderr as they come; answers with a table for stdout and the data for --json. */
type Section = () => Promise<{ readonly table: string; readonly report: unknown }>

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** A whole number above 0 from the command line; undefined where it was not given. */
function whole(name: 'turns' | 'repeats' | 'study-rounds' | 'hospitals' | 'rounds'): number | undefined {
  const text = options[name]
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  return refuse(`--${name} takes a whole number above 0, not “${text}”.`)
}

function refuse(reason: string): never {
  log(reason)
  process.exit(1)
}

const turns = whole('turns')
const repeats = whole('repeats')
const studyRounds = whole('study-rounds')
const hospitals = whole('hospitals')
const rounds = whole('rounds')
const sizes = options.sizes?.split(',').map(Number)
if (sizes?.some(size => !Number.isInteger(size) || size < 1)) refuse('--sizes takes numbers of parameters with commas.')
// A study has at most 64 places.
if (hospitals !== undefined && (hospitals < 2 || hospitals > 64)) refuse('--hospitals takes 2 to 64.')

const sections: Record<string, Section> = {
  async training() {
    const report = await benchTraining({
      ...(options.backends === undefined ? {} : { backends: options.backends.split(',') as Job['backend'][] }),
      ...(options.models === undefined ? {} : { models: options.models.split(',') as Job['model'][] }),
      ...(turns !== undefined && { turns }),
      hardware: options.hardware,
      log,
    })
    return { table: trainingTable(report), report }
  },

  async protocol() {
    const report = await benchProtocol({ ...(sizes && { sizes }), ...(repeats !== undefined && { repeats }), log })
    return { table: protocolTable(report), report }
  },

  async study() {
    const report = await benchStudy({ ...(studyRounds !== undefined && { rounds: studyRounds }), log })
    return { table: studyTable(report), report }
  },

  async simulation() {
    const report = await benchSimulation({
      ...(hospitals !== undefined && { hospitals }),
      ...(rounds !== undefined && { rounds }),
      log,
    })
    return { table: simulationTable(report), report }
  },
}

const wanted = options.section ?? Object.keys(sections)
const unknown = wanted.filter(name => !(name in sections))
if (unknown.length > 0) refuse(`No section ${unknown.join(', ')}. There are: ${Object.keys(sections).join(', ')}.`)
const reports: Record<string, unknown> = {}
const tables: string[] = []
for (const name of wanted) {
  const { table, report } = await sections[name]!()
  reports[name] = report
  tables.push(table)
  process.stdout.write(`${table}\n\n`)
}
if (options.write) {
  const command = ['npm run bench -- round', ...process.argv.slice(2).filter(option => option !== '--json')].join(' ')
  await writePage('round', { title: 'What a round costs', command, text: tables.join('\n\n') })
  log('Written to docs/benchmarks/round.md.')
}
if (options.json) process.stdout.write(`${JSON.stringify(reports)}\n`)
