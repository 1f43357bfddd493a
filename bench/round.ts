/**
 * npm run bench -- round [--section training] [--backends wasm,cpu] [--models mlp,cnn] [--turns 6] [--hardware] [--json]
 *   --section training|protocol|study|simulation   repeatable; all of them by default
 *   --sizes 10000,100000 --repeats 5               protocol: parameters of the models, rounds of each
 *   --study-rounds 5                               study
 *   --hospitals 50 --rounds 2                      simulation
 * What a round costs, part by part. Prints tables; with --json one JSON object on the last line.
 */
import { parseArgs } from 'node:util'
import type { Job } from './round/page/job.ts'
import { benchProtocol, protocolTable } from './round/protocol.ts'
import { benchSimulation, simulationTable } from './round/simulation.ts'
import { benchStudy, studyTable } from './round/study.ts'
import { benchTraining, trainingTable } from './round/training.ts'

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
    json: { type: 'boolean', default: false },
  },
})

/** Logs rows to stderr as they come; answers with a table for stdout and the data for --json. */
type Section = () => Promise<{ readonly table: string; readonly report: unknown }>

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const sections: Record<string, Section> = {
  async training() {
    const report = await benchTraining({
      ...(options.backends === undefined ? {} : { backends: options.backends.split(',') as Job['backend'][] }),
      ...(options.models === undefined ? {} : { models: options.models.split(',') as Job['model'][] }),
      ...(options.turns === undefined ? {} : { turns: Number(options.turns) }),
      hardware: options.hardware,
      log,
    })
    return { table: trainingTable(report), report }
  },

  async protocol() {
    const { sizes, repeats } = options
    const report = await benchProtocol({
      ...(sizes === undefined ? {} : { sizes: sizes.split(',').map(Number) }),
      ...(repeats === undefined ? {} : { repeats: Number(repeats) }),
      log,
    })
    return { table: protocolTable(report), report }
  },

  async study() {
    const rounds = options['study-rounds']
    const report = await benchStudy({ ...(rounds === undefined ? {} : { rounds: Number(rounds) }), log })
    return { table: studyTable(report), report }
  },

  async simulation() {
    const { hospitals, rounds } = options
    const report = await benchSimulation({
      ...(hospitals === undefined ? {} : { hospitals: Number(hospitals) }),
      ...(rounds === undefined ? {} : { rounds: Number(rounds) }),
      log,
    })
    return { table: simulationTable(report), report }
  },
}

const wanted = options.section ?? Object.keys(sections)
const unknown = wanted.filter(name => !(name in sections))
if (unknown.length > 0) {
  log(`No section ${unknown.join(', ')}. There are: ${Object.keys(sections).join(', ')}.`)
  process.exit(1)
}
const reports: Record<string, unknown> = {}
for (const name of wanted) {
  const { table, report } = await sections[name]!()
  reports[name] = report
  process.stdout.write(`${table}\n\n`)
}
if (options.json) process.stdout.write(`${JSON.stringify(reports)}\n`)
