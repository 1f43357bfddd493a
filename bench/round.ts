/**
 * npm run bench -- round [--section training] [--backends wasm,cpu] [--models mlp,cnn] [--turns 6] [--hardware] [--json]
 * What a round costs, part by part. Prints tables; with --json one JSON object on the last line.
 */
import { parseArgs } from 'node:util'
import type { Job } from './round/page/job.ts'
import { benchTraining, trainingTable } from './round/training.ts'

const { values: options } = parseArgs({
  options: {
    section: { type: 'string', multiple: true },
    backends: { type: 'string' },
    models: { type: 'string' },
    turns: { type: 'string' },
    hardware: { type: 'boolean', default: false },
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
