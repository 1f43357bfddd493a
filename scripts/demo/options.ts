import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What the person asked for on the command line. */
export interface DemoOptions {
  readonly study: 'heart' | 'digits' | 'csv'
  readonly hospitals: number
  readonly rounds: number
  /** What the study may give away of each patient; undefined: no differential privacy. */
  readonly epsilon: number | undefined
  /** Nobody sees an update, only their sum opens. */
  readonly masked: boolean
  /** Hospitals that are drawn prove that they trained by the rules. */
  readonly proven: boolean
  /** One of so many numbers of an update goes up each round, the rest later; undefined: all of them. */
  readonly compress: number | undefined
  readonly seed: number
  /** Absolute paths, one file a hospital; empty unless study is csv. */
  readonly csv: readonly string[]
  /** The outcome's column; empty unless study is csv. */
  readonly label: string
  readonly json: boolean
  readonly headless: boolean
  /** No study of its own: the wall at /kiosk makes one after another. */
  readonly kiosk: boolean
  /** Hot reload instead of the built app. */
  readonly dev: boolean
  /** First of the ports to use: page, chain, relays follow each other. Undefined: the fixed defaults. */
  readonly port: number | undefined
  readonly relays: number
  readonly backend: Backend | undefined
}

export const backends = ['webgpu', 'wasm', 'webgl', 'cpu'] as const
export type Backend = (typeof backends)[number]

/** The page's default port; it stays the same from run to run, since the origin holds keys and ledgers. */
export const defaultPagePort = 4610
export const defaultChainPort = 8545
export const defaultRelayPort = 4611

/** What --dp stands for. */
const usualEpsilon = 3

export const usage = `Wardround demo: hospitals in browser tabs train one model together, settled on a local Ethereum chain.

npm run demo -- [options]              starts everything and opens the page
npm run demo -- --headless [options]   runs a whole study in headless Chromium and prints the outcome

  --study heart|digits   heart: four real hospitals (default); digits: MNIST split among n
  --csv FILE             your own study: one file a hospital, at least two; needs --label
  --label COLUMN         the column with the outcome, for --csv
  --hospitals N          2 to 16 (default: heart 4, one a center; digits 3)
  --rounds N             1 to 1000 (default: heart 15, with --proven or --epsilon 5; digits 4, with
                         --compress 2N; own files 15)
  --epsilon E            differential privacy: noise that keeps each patient within ε = E, 0.05 to 100 (heart, digits)
  --dp                   the same as --epsilon ${usualEpsilon}
  --masked               nobody sees an update, only the weighted sum opens; at least 3 hospitals, with 4 one may be missing
                         (heart, digits; goes with --epsilon, and is scored then)
  --proven               each round draws hospitals, which prove that they trained by the rules (heart; goes with
                         --epsilon and --masked)
  --compress N           one of N numbers of an update goes up each round and the rest later, 2 to 100 (digits; goes with both)
  --seed N               for the split, the initial weights and the order of batches (default 1)
  --backend NAME         trains on ${backends.join(', ')}; default: the fastest that this computer has
  --relays N             1 to 8 storage relays (default 2)
  --port N               page on N, chain on N+1, relays from N+2
                         (default: page ${defaultPagePort}, chain ${defaultChainPort}, relays from ${defaultRelayPort}; moved when taken)
  --kiosk                a wall of four hospitals that runs studies one after another, for visitors
  --headless             no window
  --json                 with --headless: the last line is one JSON object
  --help                 this text

Exit codes: 0 ok, 1 bad options or data, 2 the study failed, 3 this computer lacks something. More in docs/demo.md.
`

/** Tabs that one computer can carry. */
const mostHospitals = 16

/** A sentence for the person who typed the options. The program ends with code 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const flags = {
  study: { type: 'string' },
  csv: { type: 'string', multiple: true },
  label: { type: 'string' },
  hospitals: { type: 'string' },
  rounds: { type: 'string' },
  epsilon: { type: 'string' },
  dp: { type: 'boolean' },
  masked: { type: 'boolean' },
  proven: { type: 'boolean' },
  compress: { type: 'string' },
  seed: { type: 'string' },
  backend: { type: 'string' },
  relays: { type: 'string' },
  port: { type: 'string' },
  headless: { type: 'boolean' },
  kiosk: { type: 'boolean' },
  json: { type: 'boolean' },
  dev: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/**
 * Reads the demo's command line. Nothing is guessed: an unknown or contradictory option is refused.
 *
 * @param args without node and script
 * @param folder what relative file names are relative to
 * @returns 'help' where help was asked for
 * @throws UsageError saying which option is wrong and what is allowed
 */
export function parseOptions(args: readonly string[], folder: string): DemoOptions | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const csv = (values.csv ?? []).map(file => resolve(folder, file))
  const study = pickStudy(values.study, csv.length > 0)
  if (study === 'csv') checkFiles(csv, values)
  else if (values.label !== undefined) throw new UsageError('--label goes with --csv, the files it is a column of.')
  if (values.json && !values.headless)
    throw new UsageError('--json goes with --headless; there is no result without it.')
  if (values.kiosk && (values.headless || study === 'csv'))
    throw new UsageError('--kiosk shows shipped studies on a screen: leave out --headless and --csv.')
  if (values.headless && values.dev) throw new UsageError('--headless runs the built app; npm run dev does without it.')
  const epsilon = pickEpsilon(values)
  if (epsilon !== undefined && (study === 'csv' || values.kiosk))
    throw new UsageError('--epsilon goes with --study heart or digits: own files say nothing of what is typical.')
  const masked = values.masked ?? false
  if (masked && (study === 'csv' || values.kiosk))
    throw new UsageError('--masked goes with --study heart or digits: own files say nothing of their columns’ ranges.')
  const proven = values.proven ?? false
  if (proven && (study !== 'heart' || values.kiosk))
    throw new UsageError(
      '--proven goes with --study heart: own files say nothing of their ranges, and digits take more than can be proven.',
    )
  if (values.compress !== undefined && (study !== 'digits' || values.kiosk))
    throw new UsageError('--compress goes with --study digits: the other models are so small that they are sent whole.')
  const compress = values.compress === undefined ? undefined : whole('compress', values.compress, 0, 2, 100)
  const defaults = {
    heart: { hospitals: 4, rounds: proven || epsilon !== undefined ? 5 : 15 },
    // In a round for each part everything was sent once; learned from, after about two.
    digits: { hospitals: 3, rounds: compress === undefined ? 4 : Math.max(4, 2 * compress) },
    csv: { hospitals: csv.length, rounds: 15 },
  }[study]
  return {
    study,
    hospitals:
      study === 'csv'
        ? csv.length
        : whole('hospitals', values.hospitals, defaults.hospitals, masked ? 3 : 2, mostHospitals),
    rounds: whole('rounds', values.rounds, defaults.rounds, 1, 1000),
    epsilon,
    masked,
    proven,
    compress,
    seed: whole('seed', values.seed, 1, 0, 0xffffffff),
    csv,
    label: values.label ?? '',
    json: values.json ?? false,
    headless: values.headless ?? false,
    kiosk: values.kiosk ?? false,
    dev: values.dev ?? false,
    port: values.port === undefined ? undefined : whole('port', values.port, 0, 1024, 65500),
    relays: whole('relays', values.relays, 2, 1, 8),
    backend: pickBackend(values.backend),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. To specify')[0] ?? '') : String(error)
    throw new UsageError(`${reason.replace(/\.$/, '')}. npm run demo -- --help lists the options.`)
  }
}

function pickEpsilon(values: { epsilon?: string | undefined; dp?: boolean | undefined }): number | undefined {
  if (values.epsilon === undefined) return values.dp ? usualEpsilon : undefined
  if (values.dp) throw new UsageError(`--dp is --epsilon ${usualEpsilon}: leave one of them out.`)
  return epsilonOf(values.epsilon)
}

function epsilonOf(given: string): number {
  const epsilon = Number(given)
  if (!(epsilon >= 0.05 && epsilon <= 100))
    throw new UsageError(`--epsilon is a number from 0.05 to 100, not “${given}”.`)
  return epsilon
}

function pickStudy(given: string | undefined, hasFiles: boolean): DemoOptions['study'] {
  if (hasFiles) {
    if (given !== undefined)
      throw new UsageError('--study and --csv exclude each other: choose a shipped study or your own files.')
    return 'csv'
  }
  if (given === undefined || given === 'heart') return 'heart'
  if (given === 'digits') return 'digits'
  throw new UsageError(`--study is heart or digits, not “${given}”. For your own files use --csv.`)
}

function checkFiles(
  csv: readonly string[],
  values: { label?: string | undefined; hospitals?: string | undefined },
): void {
  if (values.label === undefined || values.label === '')
    throw new UsageError('--csv needs --label: the name of the column with the outcome.')
  if (csv.length < 2)
    throw new UsageError('A study needs at least two hospitals: give --csv once for each hospital’s file.')
  if (csv.length > mostHospitals)
    throw new UsageError(`${csv.length} files are more than the ${mostHospitals} tabs that this demo opens.`)
  if (values.hospitals !== undefined && Number(values.hospitals) !== csv.length) {
    throw new UsageError(
      `--hospitals says ${values.hospitals}, but there are ${csv.length} files. Leave --hospitals out.`,
    )
  }
  const missing = csv.find(file => !existsSync(file))
  if (missing !== undefined) throw new UsageError(`There is no file ${missing}. Check the name after --csv.`)
}

function pickBackend(given: string | undefined): Backend | undefined {
  if (given === undefined) return undefined
  const backend = backends.find(name => name === given)
  if (backend === undefined) throw new UsageError(`--backend is one of ${backends.join(', ')}, not “${given}”.`)
  return backend
}

function whole(name: string, given: string | undefined, fallback: number, least: number, most: number): number {
  if (given === undefined) return fallback
  const value = Number(given)
  if (!/^\d+$/.test(given) || value < least || value > most) {
    throw new UsageError(`--${name} is a whole number from ${least} to ${most}, not “${given}”.`)
  }
  return value
}
