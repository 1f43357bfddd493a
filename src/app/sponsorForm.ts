import * as z from 'zod/mini'
import { checkBound } from '../aggregation/masking/encoding.ts'
import { leastHospitals } from '../aggregation/masking/freeze.ts'
import { maxWeight } from '../aggregation/weights.ts'
import { BASIS_POINTS } from '../audit/game/plan.ts'
import { proposedHarm } from '../audit/game/proposals.ts'
import { DEV_CHAIN_ID } from '../chain/clients.ts'
import { encodedWidth } from '../data/encode.ts'
import { AppError } from '../errors/AppError.ts'
import { privacyPlan } from '../privacy/plan.ts'
import { studyEpsilon } from '../privacy/studyPrivacy.ts'
import { checkModel, parameterLayout } from '../study/layout.ts'
import {
  type DataSchema,
  isBuiltIn,
  type LayerSpec,
  type Manifest,
  type ModelSpec,
  manifestSchema,
  type PrivacySpec,
  type TableSchema,
} from '../study/manifest.ts'
import { provenMasking, unprovable } from '../study/proving.ts'
import { digitsStudy } from '../study/studies/digits.ts'
import { edgeLayers } from '../study/studies/edges.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { defaultMasking, SCORED_MARGIN } from '../study/studies/masked.ts'
import { ownTableStudy } from '../study/studies/ownTable.ts'
import { PRIVATE_MARGIN, privateSettings } from '../study/studies/privately.ts'
import { proven } from '../study/studies/proven.ts'
import type { StudyPlan } from '../study/studies/StudyPlan.ts'
import { paysToCompress, uploadBytes } from '../study/upload.ts'
import type { ForecastOptions } from '../training/privacyForecast.ts'
import { cheatAdvice, type FormProving } from './sponsorProving.ts'
import { weiOf } from './wei.ts'

/** What a sponsor starts from. */
export const templates = ['heart', 'digits', 'csv', 'table'] as const
export type Template = (typeof templates)[number]

/** Parts of an update that may go up in a round; 1: all of it, uncompressed. */
export const uploadShares = [1, 1 / 2, 1 / 4, 1 / 9] as const

export const modelKinds = ['logistic', 'mlp', 'cnn', 'edges', 'own'] as const
export type ModelKind = (typeof modelKinds)[number]

/** Which durations are filled in at once. */
export const timings = ['demo', 'desk', 'real'] as const
export type Timing = (typeof timings)[number]

/** A number as typed; null while the field is empty. */
type Typed = number | null

export interface FormSeconds {
  readonly open: Typed
  readonly train: Typed
  /** Proven studies: to open what draws, and to prove. */
  readonly reveal: Typed
  readonly audit: Typed
  readonly attest: Typed
  readonly score: Typed
  readonly aggregate: Typed
  readonly pause: Typed
}

/** A sponsor's own model, as read from a tfjs layers file by the worker. */
export interface OwnModel {
  /** The file's name, for this screen alone. */
  readonly file: string
  readonly spec: ModelSpec
  /** All of them, as they come with nothing site-local. */
  readonly parameters: Float32Array
}

/** What a sponsor promises every patient. */
export interface FormPrivacy {
  /** Of the whole study. */
  readonly epsilon: Typed
  readonly delta: Typed
  /** Steps a round, in place of epochs and batches. */
  readonly steps: Typed
  /** How likely each patient is in a step's batch. */
  readonly samplePercent: Typed
  readonly clip: Typed
  /** A clip for each layer: counts where the model has several. */
  readonly perLayer: boolean
  /** Clips that follow the patients, from this one on. */
  readonly adaptive: boolean
}

/** How a masked study writes its updates as integers. */
export interface FormMasking {
  readonly clip: Typed
  readonly fractionBits: Typed
  /** Whether hospitals' parts in the sum are scored; counts where there is noise: see isScored. */
  readonly scored: boolean
}

/** A study as it is being thought of, in people's units. Every field may be half typed. */
export interface SponsorForm {
  readonly template: Template
  readonly name: string
  readonly purpose: string
  readonly intendedUse: string
  readonly schema: DataSchema
  /** Groups of patients that a template or a cloned study names; null: guessed from the columns. */
  readonly subgroups: Manifest['subgroups'] | null
  readonly modelKind: ModelKind
  /** Units of each hidden layer, for mlp. */
  readonly hidden: readonly Typed[]
  /** Filters of each convolution, for cnn. */
  readonly filters: readonly Typed[]
  readonly own: OwnModel | null
  readonly siteLocal: ModelSpec['siteLocal']
  readonly training: {
    readonly epochs: Typed
    readonly batchSize: Typed
    readonly learningRate: Typed
    readonly momentum: Typed
    readonly l2: Typed
    readonly proximal: Typed
  }
  readonly standardise: boolean
  /** null: no differential privacy. */
  readonly privacy: FormPrivacy | null
  /** null: each round's committee sees the updates, and scores them. */
  readonly masking: FormMasking | null
  /** null: nobody proves its training. */
  readonly proving: FormProving | null
  /** Part of an update that goes up in a round: mostly one of uploadShares, in a clone any from 0 to 1. */
  readonly keep: number
  readonly patientsPerWeight: Typed
  readonly seed: Typed
  readonly rounds: Typed
  readonly minHospitals: Typed
  readonly maxHospitals: Typed
  readonly maxSeats: Typed
  /** Lowest median gain that still qualifies, percent of the loss. */
  readonly marginPercent: Typed
  /** Part of the stake that a fault costs, percent. */
  readonly slashPercent: Typed
  readonly halfToFirst: boolean
  readonly seconds: FormSeconds
  /** Credits. */
  readonly stake: Typed
  readonly rewardPerRound: Typed
  /** ETH for the hospitals' signed duties; 0: each pays its own. */
  readonly gasEth: Typed
}

/** The contract's own limits: StudyFactory, Seats, Study. */
export const limits = {
  rounds: 1000,
  hospitals: 64,
  seats: 7,
  /** 64 of them fit in the 96 bits of a balance: 2^88 of the smallest unit, in credits. */
  stake: 300_000_000,
  reward: 1_000_000,
  /** 4 weeks, in seconds; the contract would take 136 years. */
  seconds: 28 * 24 * 3600,
  gasEth: 100,
  /** Parameters that fit in the 64 MiB a relay carries, at four bytes each. */
  parameters: 16_000_000,
} as const

/** How many hospitals a round's ranking names (P5.4). */
const TOP_K = 3
/** From here on who sees the update may be e^8, three thousand times, surer that a patient was in it: hardly a protection. */
const WEAK_EPSILON = 8
/** A hospital of ten thousand patients would have to expect one of them to be given away by δ alone. */
const LIKELY_DELTA = 1e-4
/** Blocks of public chains are final after 13 minutes and more; seats wait for that before they take masks off. */
const FINALITY_SECONDS = 30 * 60
/** Eight blocks come before anybody can open what draws: a minute and a half where they take twelve seconds. */
const REVEAL_SECONDS = 5 * 60
/**
 * Up to here scores of so few hospitals tell little: at ε = 1 the directions of four showed a hospital that sent its update backwards
 * in one round and not in the next, at ε = 5 mostly (docs/decisions/0011).
 */
const VAGUE = { epsilon: 2, hospitals: 4 } as const

/** Rounds that a hospital of a proven study can be in beyond those that are planned: void ones count too. */
const SPARE_ROUNDS = 2
/** Contributions are counted in a byte. */
const MOST_PROVEN_ROUNDS = 255 - SPARE_ROUNDS

const seconds = z.int().check(z.minimum(1), z.maximum(limits.seconds))

const formSchema = z.object({
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(80)),
  purpose: z.string().check(z.trim(), z.minLength(1), z.maxLength(500)),
  intendedUse: z.string().check(z.maxLength(1000)),
  hidden: z.array(z.int().check(z.minimum(1), z.maximum(4096))).check(z.maxLength(4)),
  filters: z.array(z.int().check(z.minimum(1), z.maximum(256))).check(z.minLength(1), z.maxLength(3)),
  training: z.object({
    epochs: z.int().check(z.minimum(1), z.maximum(100)),
    batchSize: z.int().check(z.minimum(1), z.maximum(4096)),
    learningRate: z.number().check(z.gt(0), z.maximum(10)),
    momentum: z.number().check(z.minimum(0), z.lt(1)),
    l2: z.number().check(z.minimum(0), z.maximum(100)),
    proximal: z.number().check(z.minimum(0), z.maximum(100)),
  }),
  privacy: z.nullable(
    z.object({
      epsilon: z.number().check(z.minimum(0.05), z.maximum(100)),
      delta: z.number().check(z.gt(0), z.maximum(0.001)),
      steps: z.int().check(z.minimum(1), z.maximum(1000)),
      samplePercent: z.number().check(z.gt(0), z.maximum(100)),
      clip: z.number().check(z.gt(0), z.maximum(1000)),
      perLayer: z.boolean(),
      adaptive: z.boolean(),
    }),
  ),
  masking: z.nullable(
    z.object({
      clip: z.int().check(z.minimum(1), z.maximum(2 ** 20)),
      fractionBits: z.int().check(z.minimum(0), z.maximum(40)),
      scored: z.boolean(),
    }),
  ),
  proving: z.nullable(
    z.object({
      hospitalsPercent: z.number().check(z.minimum(0.01), z.maximum(100)),
      slashPercent: z.number().check(z.minimum(0.01), z.maximum(100)),
      harm: z.number().check(z.minimum(0), z.maximum(limits.stake)),
      steps: z.int().check(z.minimum(1), z.maximum(64)),
    }),
  ),
  patientsPerWeight: z.int().check(z.minimum(0), z.maximum(1_000_000)),
  seed: z.int().check(z.minimum(0), z.maximum(0xffffffff)),
  rounds: z.int().check(z.minimum(1), z.maximum(limits.rounds)),
  minHospitals: z.int().check(z.minimum(2), z.maximum(limits.hospitals)),
  maxHospitals: z.int().check(z.minimum(2), z.maximum(limits.hospitals)),
  maxSeats: z.int().check(z.minimum(2), z.maximum(limits.seats)),
  marginPercent: z.number().check(z.minimum(-300), z.maximum(300)),
  slashPercent: z.number().check(z.minimum(0), z.maximum(100)),
  seconds: z.object({
    open: seconds,
    train: seconds,
    reveal: seconds,
    audit: seconds,
    attest: seconds,
    score: seconds,
    aggregate: seconds,
    pause: z.int().check(z.minimum(0), z.maximum(limits.seconds)),
  }),
  stake: z.number().check(z.minimum(0), z.maximum(limits.stake)),
  rewardPerRound: z.number().check(z.gt(0), z.maximum(limits.reward)),
  gasEth: z.number().check(z.minimum(0), z.maximum(limits.gasEth)),
})

/** What is wrong with one field; pages have the words. */
export type Problem =
  | { readonly kind: 'missing' | 'whole' | 'duplicate' | 'rangeBackwards' | 'noColumns' | 'levels' | 'noModel' }
  /** The largest number or sum that the study allows would not fit. */
  | { readonly kind: 'overflow' }
  | { readonly kind: 'atLeast' | 'atMost' | 'moreThan' | 'lessThan' | 'letters'; readonly limit: number }
  /** A sentence of the model's own check. */
  | { readonly kind: 'misfit'; readonly reason: string }

/** By the field's path, e.g. `training.epochs` or `schema.features.2.name`. */
export type Problems = Readonly<Record<string, Problem>>

/** What the form says, once nothing is wrong with it. IStudy.Rules in people's units and the manifest. */
export interface FormStudy extends StudyPlan {
  readonly options: {
    readonly minHospitals: number
    readonly maxHospitals: number
    readonly maxSeats: number
    readonly topK: number
    readonly halfToFirst: boolean
  }
  readonly gasEth: number
}

/** What is worth a second look, though the contract takes it. */
export type Warning =
  | 'cheatingPays'
  | 'auditsTooWeak'
  | 'oneSeatQuorum'
  | 'slowFinality'
  | 'hurriedReveal'
  | 'fewColumns'
  | 'largeModel'
  | 'weakPrivacy'
  | 'likelyLeak'
  | 'noSpareSeat'
  | 'vagueScores'
  | 'compressesNothing'
  | 'fewRoundsForParts'

export interface CheckedForm {
  readonly problems: Problems
  readonly warnings: readonly Warning[]
  /** null while there are problems. */
  readonly study: FormStudy | null
}

/**
 * A form filled with what is known to work for that kind of study.
 * @param chainIsPublic blocks come every 2 to 12 seconds, and people are slower than programs
 */
export function newForm(template: Template, chainIsPublic: boolean): SponsorForm {
  const plan = planOf(template)
  const form = formOf(plan.manifest, plan.rules, {
    minHospitals: template === 'heart' || template === 'digits' ? 2 : 3,
    maxHospitals: 8,
    maxSeats: 5,
    halfToFirst: false,
    gasEth: 0,
  })
  const blank = template === 'csv' || template === 'table' ? { name: '', purpose: '' } : {}
  return { ...form, ...blank, template, seconds: timingSeconds[chainIsPublic ? 'real' : 'desk'] }
}

const HOUR = 3600

/** The durations of a preset. */
export const timingSeconds: Readonly<Record<Timing, { readonly [K in keyof FormSeconds]: number }>> = {
  /** Tabs of one computer, in front of visitors. */
  demo: { open: 120, train: 40, reveal: 30, audit: 180, attest: 20, score: 20, aggregate: 20, pause: 0 },
  /** People at their desks, at the same time. */
  desk: { open: 3600, train: 180, reveal: 120, audit: 600, attest: 60, score: 60, aggregate: 60, pause: 0 },
  /** Hospitals that look in now and then, on a public chain. */
  real: {
    open: 7 * 24 * HOUR,
    train: 12 * HOUR,
    reveal: 4 * HOUR,
    audit: 12 * HOUR,
    attest: 4 * HOUR,
    score: 4 * HOUR,
    aggregate: 4 * HOUR,
    pause: HOUR,
  },
}

/**
 * A form from a study that exists: for a clone.
 * @param rules in people's units
 */
export function formOf(
  manifest: Manifest,
  rules: StudyPlan['rules'],
  options: Omit<FormStudy['options'], 'topK'> & { readonly gasEth: number },
): SponsorForm {
  const { schema, model, training } = manifest
  const shape = modelShape(model)
  return {
    template: schema.kind === 'images' ? 'digits' : 'table',
    name: manifest.name,
    purpose: manifest.purpose,
    intendedUse: manifest.intendedUse ?? '',
    schema,
    subgroups: manifest.subgroups ?? null,
    ...shape,
    own: null,
    siteLocal: model.siteLocal,
    training,
    // Comes back where privacy is switched off.
    standardise: manifest.standardise || (manifest.privacy !== undefined && manifest.proving === undefined),
    privacy: formPrivacy(manifest, rules.rounds),
    masking: formMasking(manifest),
    proving: formProving(manifest, rules),
    keep: manifest.compression?.keep ?? 1,
    patientsPerWeight: manifest.patientsPerWeight,
    seed: manifest.seed,
    rounds: rules.rounds,
    minHospitals: options.minHospitals,
    maxHospitals: options.maxHospitals,
    maxSeats: options.maxSeats,
    marginPercent: rules.margin / 100,
    slashPercent: rules.slashBps / 100,
    halfToFirst: options.halfToFirst,
    seconds: {
      open: rules.openSeconds,
      train: rules.trainSeconds,
      reveal: rules.audits?.revealSeconds ?? timingSeconds.desk.reveal,
      audit: rules.audits?.auditSeconds ?? timingSeconds.desk.audit,
      attest: rules.attestSeconds,
      score: rules.scoreSeconds,
      aggregate: rules.aggregateSeconds,
      pause: rules.pauseSeconds,
    },
    stake: rules.stake,
    rewardPerRound: rules.rewardPerRound,
    gasEth: options.gasEth,
  }
}

/**
 * Judges a form as it stands: every problem by its field, or the study that it describes.
 * @param chainId where it is to run; a dev chain's blocks are final at once
 */
export function checkForm(form: SponsorForm, relays: readonly string[], chainId = DEV_CHAIN_ID): CheckedForm {
  const problems: Record<string, Problem> = {}
  const note = (path: string, problem: Problem) => {
    problems[path] ??= problem
  }
  const result = formSchema.safeParse(form)
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path.join('.')
    // What the chosen model, or a masked study, does not use may stay half typed.
    if (path.startsWith('hidden') && form.modelKind !== 'mlp') continue
    if (path.startsWith('filters') && form.modelKind !== 'cnn') continue
    if (path === 'marginPercent' && !hasScores(form)) continue
    if (path === 'patientsPerWeight' && form.masking !== null && form.privacy !== null) continue
    note(path, problemOf(issue))
  }
  const { minHospitals, maxHospitals } = form
  if (minHospitals !== null && maxHospitals !== null && maxHospitals < minHospitals) {
    note('maxHospitals', { kind: 'atLeast', limit: minHospitals })
  }
  checkSchema(form.schema, note)
  const needsRanges = form.privacy !== null || form.proving !== null || (form.masking !== null && form.standardise)
  if (needsRanges) checkRanges(form, note)
  if (form.masking !== null) checkMasking(form, form.masking, note)
  if (form.proving !== null && (form.rounds ?? 0) > MOST_PROVEN_ROUNDS) {
    note('rounds', { kind: 'atMost', limit: MOST_PROVEN_ROUNDS })
  }
  if (form.modelKind === 'own' && form.own === null) note('model', { kind: 'noModel' })
  if (Object.keys(problems).length > 0) return { problems, warnings: [], study: null }

  const manifest = manifestFrom(form, relays)
  try {
    const { size } = checkModel(manifest.model, manifest.schema, encodedWidth(manifest.schema))
    if (size > limits.parameters) note('model', { kind: 'atMost', limit: limits.parameters })
    const parsed = manifestSchema.safeParse(manifest)
    const issue = parsed.error?.issues[0]
    if (issue !== undefined) note(issue.path.join('.'), problemOf(issue))
    if (form.proving !== null) checkProvable(manifest, note)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    note('model', { kind: 'misfit', reason: String(error.details.reason ?? error.message) })
  }
  if (Object.keys(problems).length > 0) return { problems, warnings: [], study: null }
  return { problems, warnings: warningsOf(form, manifest, chainId), study: studyFrom(form, manifest) }
}

function checkSchema(schema: DataSchema, note: (path: string, problem: Problem) => void): void {
  if (schema.kind === 'images') return
  const { features, outcome } = schema
  if (features.length === 0) note('schema', { kind: 'noColumns' })
  if (outcome.name.trim() === '') note('schema.outcome.name', { kind: 'missing' })
  features.forEach((feature, i) => {
    const path = `schema.features.${i}`
    if (feature.name.trim() === '') note(`${path}.name`, { kind: 'missing' })
    const others = [...features.slice(0, i), outcome]
    if (others.some(({ name }) => name === feature.name)) note(`${path}.name`, { kind: 'duplicate' })
    if (feature.type === 'number') {
      const { min, max } = feature
      if (min !== undefined && max !== undefined && max <= min) note(`${path}.max`, { kind: 'rangeBackwards' })
    }
    if (feature.type === 'category') {
      const levels = new Set(feature.levels.map(level => level.trim()).filter(level => level !== ''))
      if (levels.size < 2 || levels.size !== feature.levels.length) note(`${path}.levels`, { kind: 'levels' })
    }
  })
}

/**
 * With privacy a column's scale is its range: what is summed over patients would have to be noised. Under masks sums of columns are
 * sums of integers within their ranges.
 */
function checkRanges({ schema }: SponsorForm, note: (path: string, problem: Problem) => void): void {
  if (schema.kind === 'images') return
  schema.features.forEach((feature, i) => {
    if (feature.type !== 'number' || feature.typical !== undefined) return
    if (feature.min === undefined) note(`schema.features.${i}.min`, { kind: 'missing' })
    if (feature.max === undefined) note(`schema.features.${i}.max`, { kind: 'missing' })
  })
}

/** The contract takes no masked study whose sum would say too much of each hospital, or could overflow. */
function checkMasking(
  form: SponsorForm,
  { clip, fractionBits }: FormMasking,
  note: (path: string, problem: Problem) => void,
): void {
  for (const name of ['minHospitals', 'maxHospitals', 'maxSeats'] as const) {
    if ((form[name] ?? leastHospitals) < leastHospitals) note(name, { kind: 'atLeast', limit: leastHospitals })
  }
  const { maxHospitals } = form
  if (maxHospitals === null || clip === null || fractionBits === null) return
  try {
    checkBound({ hospitals: maxHospitals, clip, fractionBits, maxWeight })
  } catch (error) {
    // RangeError: half typed, which was noted above, or too large for any sum.
    if (!(error instanceof RangeError || error instanceof AppError)) throw error
    note('masking.fractionBits', { kind: 'overflow' })
  }
}

/** What cannot be proven, at the field that says so. */
function checkProvable(manifest: Manifest, note: (path: string, problem: Problem) => void): void {
  const refusal = unprovable(manifest)
  if (refusal === null) return
  const [path = '', ...reason] = refusal.split(': ')
  note(path === 'model.layers' ? 'model' : path, { kind: 'misfit', reason: reason.join(': ') })
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  switch (issue.code) {
    case 'too_small': {
      const limit = Number(issue.minimum)
      if (issue.origin === 'string') return { kind: 'missing' }
      return { kind: issue.inclusive === false ? 'moreThan' : 'atLeast', limit }
    }
    case 'too_big': {
      const limit = Number(issue.maximum)
      if (issue.origin === 'string') return { kind: 'letters', limit }
      return { kind: issue.inclusive === false ? 'lessThan' : 'atMost', limit }
    }
    case 'invalid_type':
      return { kind: issue.expected === 'int' ? 'whole' : 'missing' }
    default:
      return { kind: 'misfit', reason: issue.message }
  }
}

/** Without noise the question is not asked; the form has the usual answer, should noise be switched on. */
function formMasking({ masking, privacy }: Manifest): FormMasking | null {
  if (masking === undefined) return null
  const { clip, fractionBits, scored } = masking
  return { clip, fractionBits, scored: privacy === undefined || scored === true }
}

/** What a wrong model would harm is in no record: a clone begins with the usual. */
function formProving({ proving }: Manifest, { audits }: StudyPlan['rules']): FormProving | null {
  if (proving === undefined || audits === undefined) return null
  return {
    hospitalsPercent: audits.hospitalsBps / 100,
    slashPercent: audits.slashBps / 100,
    harm: proposedHarm,
    steps: proving.steps,
  }
}

/** What a study's noise promises, as a form has it; rounded up where it is not a round number. */
function formPrivacy(manifest: Manifest, rounds: number): FormPrivacy | null {
  const { privacy } = manifest
  const epsilon = studyEpsilon(manifest, rounds)
  if (privacy === undefined || epsilon === null) return null
  const { delta, steps, sampleRate, clip, perLayer = false, adaptive = false } = privacy
  const rounded = Math.ceil(epsilon * 100 - 1e-6) / 100
  return { epsilon: rounded, delta, steps, samplePercent: 100 * sampleRate, clip, perLayer, adaptive }
}

/** What a sponsor compares. */
const FORECAST_EPSILONS = [0.5, 1, 2, 5, 8] as const
/** Made-up patients of each hospital: the fewest that a study would be worth with. */
const FORECAST_PATIENTS = 100
const FORECAST_HOSPITALS = 4

/** A simulation of the form's study. @param form of a table, without problems and with privacy */
export function forecastOf(form: SponsorForm): ForecastOptions {
  const { privacy, training, rounds, maxHospitals } = form
  return {
    model: modelOf(form),
    training: {
      epochs: 1,
      batchSize: 1,
      learningRate: training.learningRate ?? 0,
      momentum: training.momentum ?? 0,
      l2: training.l2 ?? 0,
      proximal: training.proximal ?? 0,
    },
    settings: {
      steps: privacy?.steps ?? 0,
      sampleRate: (privacy?.samplePercent ?? 0) / 100,
      clip: privacy?.clip ?? 0,
      perLayer: privacy !== null && isPerLayer(form, privacy),
      adaptive: privacy?.adaptive === true,
    },
    ...compressionOf(form),
    delta: privacy?.delta ?? 0,
    rounds: rounds ?? 0,
    hospitals: Math.min(FORECAST_HOSPITALS, maxHospitals ?? 0),
    patients: FORECAST_PATIENTS,
    epsilons: FORECAST_EPSILONS,
  }
}

/** What a form begins with once it promises something. */
export function privacyDefaults(form: SponsorForm): FormPrivacy {
  const { steps, sampleRate, clip } = noisedSettings(form)
  const promise = form.schema.kind === 'table' ? { epsilon: 5, delta: 1e-4 } : { epsilon: 3, delta: 1e-5 }
  return { ...promise, steps, samplePercent: 100 * sampleRate, clip, perLayer: false, adaptive: false }
}

/** The form with noise or without, and with what has to change with it: strides, penalty, and what scores compare. */
export function withPrivacy(form: SponsorForm, isPrivate: boolean): SponsorForm {
  if (!isPrivate) {
    const { manifest, rules } = planOf(form.template)
    return fitToProofs({ ...form, privacy: null, training: manifest.training, marginPercent: rules.margin / 100 })
  }
  return fitToProofs({
    ...form,
    privacy: privacyDefaults(form),
    training: noisedTraining(form),
    marginPercent: directionMargin(form),
  })
}

/**
 * The form with hospitals that prove their training, or without. Much of a proven study's training is given, and comes back as the
 * template has it where proofs are switched off.
 * @param form where switched on, one without obstacles
 */
export function withProving(form: SponsorForm, isProven: boolean): SponsorForm {
  if (isProven) {
    return fitToProofs({
      ...form,
      proving: { hospitalsPercent: null, slashPercent: null, harm: proposedHarm, steps: null },
    })
  }
  const { manifest, rules } = planOf(form.template)
  const { privacy, masking } = form
  const plain: SponsorForm = {
    ...form,
    proving: null,
    siteLocal: manifest.model.siteLocal,
    standardise: manifest.standardise,
    training: manifest.training,
    masking: masking && { ...defaultMasking, scored: true },
    marginPercent: rules.margin / 100,
  }
  if (privacy === null) return plain
  const { epsilon, delta } = privacy
  const noised = withPrivacy(plain, true)
  return { ...noised, privacy: noised.privacy && { ...noised.privacy, epsilon, delta } }
}

/** The form as a proven study has to be; as it is where nothing is proven, or where it cannot be yet. */
function fitToProofs(form: SponsorForm): SponsorForm {
  const { proving } = form
  const plan = proving && provenPlan(form)
  if (proving === null || plan === null) return form
  const { manifest, rules } = plan
  const { audits } = rules
  const percent = (typed: Typed, suggested: number | undefined) =>
    typed ?? (suggested === undefined ? null : suggested / 100)
  return {
    ...form,
    siteLocal: 'none',
    standardise: false,
    training: manifest.training,
    privacy: form.privacy && { ...form.privacy, ...provenNoising, clip: manifest.privacy?.clip ?? null },
    masking: form.masking && { ...provenMasking, scored: false },
    keep: 1,
    marginPercent: rules.margin / 100,
    proving: {
      ...proving,
      hospitalsPercent: percent(proving.hospitalsPercent, audits?.hospitalsBps),
      slashPercent: percent(proving.slashPercent, audits?.slashBps),
      steps: manifest.proving?.steps ?? null,
    },
  }
}

/** Each patient is in one step of a proven round, and its row is clipped before the study. */
const provenNoising = { steps: 1, samplePercent: 100, perLayer: false, adaptive: false } as const

/** The form's study, proven, whatever is not typed yet; null where it cannot be proven. */
function provenPlan(form: SponsorForm): StudyPlan | null {
  const { privacy, template } = form
  const typed: SponsorForm = {
    ...form,
    name: 'Study',
    purpose: 'Study',
    rounds: form.rounds ?? planOf(template).rules.rounds,
    proving: null,
    keep: 1,
    masking: form.masking && { ...provenMasking, scored: false },
    privacy: privacy && { ...privacy, ...provenNoising },
  }
  try {
    return proven(studyFrom(typed, manifestFrom(typed, [])))
  } catch (error) {
    // Half typed, or not a study that can be proven: the form's own check says what is wrong.
    if (error instanceof RangeError || error instanceof AppError) return null
    throw error
  }
}

/** The form with another model, and the strides that go with it where there is noise. */
export function withModel(form: SponsorForm, modelKind: ModelKind): SponsorForm {
  const changed = { ...form, modelKind }
  const hasOthers = form.privacy !== null && noisedSettings(form) !== noisedSettings(changed)
  return hasOthers ? { ...changed, training: noisedTraining(changed) } : changed
}

function noisedSettings(form: SponsorForm): ReturnType<typeof privateSettings> {
  return privateSettings({ schema: form.schema, model: modelOf(form) })
}

function noisedTraining(form: SponsorForm): SponsorForm['training'] {
  const { learningRate, momentum, l2 } = noisedSettings(form)
  return { ...form.training, learningRate, momentum, l2 }
}

/**
 * The form masked or not. A masked study is raised to four hospitals, so that one committee member may go missing; three are enough
 * for the contract.
 */
export function withMasking(form: SponsorForm, isMasked: boolean): SponsorForm {
  const margin = (changed: SponsorForm) =>
    form.privacy === null ? changed : { ...changed, marginPercent: directionMargin(changed) }
  if (!isMasked) return fitToProofs(margin({ ...form, masking: null }))
  const raised = (count: Typed) => (count === null ? null : Math.max(count, leastHospitals + 1))
  const masked = margin({
    ...form,
    masking: form.masking ?? { ...defaultMasking, scored: true },
    minHospitals: raised(form.minHospitals),
    maxHospitals: raised(form.maxHospitals),
    maxSeats: raised(form.maxSeats),
  })
  return fitToProofs(masked)
}

/** Percent: the least that still qualifies where scores are directions. */
function directionMargin({ masking }: Pick<SponsorForm, 'masking'>): number {
  return (masking?.scored ? SCORED_MARGIN : PRIVATE_MARGIN) / 100
}

/** Whether hospitals' parts in a masked sum are scored: numbers of a single hospital open only where there is noise in them. */
export function isScored({ masking, privacy }: Pick<SponsorForm, 'masking' | 'privacy'>): boolean {
  return masking?.scored === true && privacy !== null
}

/** Whether anything is scored, by a committee or from the sum. */
export function hasScores(form: Pick<SponsorForm, 'masking' | 'privacy'>): boolean {
  return form.masking === null || isScored(form)
}

/** The noise for what the form promises; null where it promises nothing. @param form without problems */
export function privacyOf(form: SponsorForm): PrivacySpec | null {
  const { privacy, rounds } = form
  if (privacy === null) return null
  const { epsilon, delta, steps, samplePercent, clip, adaptive } = privacy
  return privacyPlan(
    { epsilon: epsilon ?? 0, delta: delta ?? 0, rounds: rounds ?? 0 },
    {
      steps: steps ?? 0,
      sampleRate: (samplePercent ?? 0) / 100,
      clip: clip ?? 0,
      perLayer: isPerLayer(form, privacy),
      adaptive,
    },
  )
}

/** Whether the form's model has several layers that learn, so that each could have a clip of its own. */
export function hasLayers(form: SponsorForm): boolean {
  return modelOf(form).layers.filter(({ type }) => type === 'dense' || type === 'conv2d').length > 1
}

function isPerLayer(form: SponsorForm, { perLayer }: FormPrivacy): boolean {
  return perLayer && hasLayers(form)
}

/** @param form without problems */
function manifestFrom(form: SponsorForm, relays: readonly string[]): Manifest {
  const { training } = form
  const intendedUse = form.intendedUse.trim()
  const privacy = privacyOf(form)
  return {
    version: 1,
    name: form.name.trim(),
    purpose: form.purpose.trim(),
    schema: tidySchema(form.schema),
    model: { ...modelOf(form), ...(form.proving && { calibrated: true as const }) },
    training: {
      epochs: training.epochs ?? 0,
      batchSize: training.batchSize ?? 0,
      learningRate: training.learningRate ?? 0,
      momentum: training.momentum ?? 0,
      l2: training.l2 ?? 0,
      proximal: training.proximal ?? 0,
    },
    standardise: form.schema.kind === 'table' && form.standardise && privacy === null && form.proving === null,
    ...(form.schema.kind === 'table' && (privacy !== null || form.proving !== null) && { scaling: 'ranges' as const }),
    // Weights under masks are public; with noise no count of patients may be.
    patientsPerWeight: form.masking !== null && privacy !== null ? 0 : (form.patientsPerWeight ?? 0),
    seed: form.seed ?? 0,
    relays: [...relays],
    ...(intendedUse !== '' && { intendedUse }),
    ...subgroupsOf(form),
    ...(privacy !== null && { privacy }),
    ...uploadRules(form),
    ...provingRules(form),
  }
}

/** How updates go up. */
function uploadRules(form: SponsorForm): Pick<Manifest, 'masking' | 'compression'> {
  const { masking } = form
  return {
    ...(masking !== null && {
      masking: {
        clip: masking.clip ?? 0,
        fractionBits: masking.fractionBits ?? 0,
        ...(isScored(form) && { scored: true }),
      },
    }),
    ...compressionOf(form),
  }
}

function provingRules({ proving, rounds }: SponsorForm): Pick<Manifest, 'proving'> {
  if (proving === null) return {}
  return { proving: { steps: proving.steps ?? 0, contributions: (rounds ?? 0) + SPARE_ROUNDS } }
}

function compressionOf({ keep }: SponsorForm): Pick<Manifest, 'compression'> {
  return keep < 1 ? { compression: { keep } } : {}
}

/** Optional texts that were left empty are left out: dag-cbor has no undefined. */
function tidySchema(schema: DataSchema): DataSchema {
  if (schema.kind === 'images') return schema
  const optional = (key: 'label' | 'unit', value: string | undefined) =>
    value === undefined || value.trim() === '' ? {} : { [key]: value.trim() }
  return {
    kind: 'table',
    features: schema.features.map(feature => {
      const { name } = feature
      const label = optional('label', feature.label)
      switch (feature.type) {
        case 'number':
          return {
            type: 'number' as const,
            name,
            ...label,
            ...optional('unit', feature.unit),
            ...(feature.min !== undefined && { min: feature.min }),
            ...(feature.max !== undefined && { max: feature.max }),
            ...(feature.typical !== undefined && { typical: feature.typical }),
          }
        case 'binary':
          return { type: 'binary' as const, name, ...label }
        default:
          return { type: 'category' as const, name, ...label, levels: [...feature.levels] }
      }
    }),
    outcome: { name: schema.outcome.name, ...optional('label', schema.outcome.label) },
  }
}

/** Results are shown apart by sex and age where the columns are called so; a sponsor may not think of it. */
function subgroupsOf({ schema, subgroups: named }: SponsorForm): Pick<Manifest, 'subgroups'> {
  if (schema.kind === 'images') return {}
  if (named !== null) {
    const kept = (named ?? []).filter(({ column }) => schema.features.some(({ name }) => name === column))
    return kept.length === 0 ? {} : { subgroups: kept }
  }
  const subgroups = schema.features.flatMap(({ name, type }) => {
    if (/^(sex|gender|male|female)$/i.test(name) && type !== 'number') return [{ column: name }]
    if (/^age$/i.test(name) && type === 'number') return [{ column: name, borders: [50, 65] }]
    return []
  })
  return subgroups.length === 0 ? {} : { subgroups }
}

/** The layers that the form asks for. */
export function modelOf(
  form: Pick<SponsorForm, 'schema' | 'modelKind' | 'hidden' | 'filters' | 'own' | 'siteLocal'>,
): ModelSpec {
  const { schema, modelKind, siteLocal, own } = form
  if (modelKind === 'own' && own !== null) return { ...own.spec, siteLocal }
  const isImages = schema.kind === 'images'
  const input = isImages ? [schema.height, schema.width, schema.channels] : [encodedWidth(schema)]
  const outputs = isImages && schema.classes.length > 2 ? schema.classes.length : 1
  const layers: LayerSpec[] = modelKind === 'edges' ? [...edgeLayers] : []
  if (modelKind === 'cnn') {
    for (const filters of form.filters) {
      layers.push({ type: 'conv2d', filters: filters ?? 1, kernel: 5, padding: 'same', activation: 'relu' })
      layers.push({ type: 'maxPool', size: 2 })
    }
  }
  if (isImages) layers.push({ type: 'flatten' })
  if (modelKind === 'mlp') {
    for (const units of form.hidden) layers.push({ type: 'dense', units: units ?? 1, activation: 'relu' })
  }
  layers.push({ type: 'dense', units: outputs, activation: 'linear' })
  return { input, layers, siteLocal }
}

/** How many numbers the model has, and how many of them are fixed; null where its layers do not fit. */
export function parametersOf(form: SponsorForm): { readonly all: number; readonly fixed: number } | null {
  try {
    const { size, startSize, sharedSize } = parameterLayout(modelOf(form))
    return { all: size, fixed: startSize - sharedSize }
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

/**
 * Bytes of a hospital's upload in a round in which all seats are taken, and of one that is not compressed; null where seats are not typed
 * yet or the model's layers do not fit.
 */
export function uploadOf(form: SponsorForm): ReturnType<typeof uploadBytes> | null {
  const { maxHospitals, maxSeats } = form
  if (maxHospitals === null || maxSeats === null) return null
  try {
    const committee = { seats: Math.min(maxHospitals, maxSeats), isSeat: false }
    return uploadBytes({ model: modelOf(form), ...uploadRules(form) }, committee)
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

/** Fewest rounds in which each number of an update goes up twice. @param keep as the form has it */
export function fewestRounds(keep: number): number {
  return keep < 1 ? Math.ceil(2 / keep) : 1
}

function modelShape(model: ModelSpec): Pick<SponsorForm, 'modelKind' | 'hidden' | 'filters'> {
  const filters = model.layers.flatMap(layer => (layer.type === 'conv2d' ? [layer.filters] : []))
  const hidden = model.layers.slice(0, -1).flatMap(layer => (layer.type === 'dense' ? [layer.units] : []))
  return {
    modelKind: kindOf(model),
    hidden: hidden.length > 0 ? hidden : [16],
    filters: filters.length > 0 ? filters : [8, 16],
  }
}

function kindOf({ layers }: ModelSpec): ModelKind {
  if (layers.some(isBuiltIn)) return 'edges'
  if (layers.some(({ type }) => type === 'conv2d')) return 'cnn'
  return layers.filter(({ type }) => type === 'dense').length > 1 ? 'mlp' : 'logistic'
}

/** @param form without problems */
function studyFrom(form: SponsorForm, manifest: Manifest): FormStudy {
  const { seconds: s } = form
  const maxHospitals = form.maxHospitals ?? 0
  return {
    manifest,
    rules: {
      rounds: form.rounds ?? 0,
      standardise: manifest.standardise,
      margin: Math.round((form.marginPercent ?? 0) * 100),
      slashBps: Math.round((form.slashPercent ?? 0) * 100),
      stake: form.stake ?? 0,
      rewardPerRound: form.rewardPerRound ?? 0,
      openSeconds: s.open ?? 0,
      trainSeconds: s.train ?? 0,
      attestSeconds: s.attest ?? 0,
      scoreSeconds: s.score ?? 0,
      aggregateSeconds: s.aggregate ?? 0,
      pauseSeconds: s.pause ?? 0,
      ...auditRules(form),
    },
    options: {
      minHospitals: form.minHospitals ?? 0,
      maxHospitals,
      maxSeats: form.maxSeats ?? 0,
      topK: Math.min(TOP_K, maxHospitals),
      // Without scores nobody is first.
      halfToFirst: form.halfToFirst && hasScores(form),
    },
    gasEth: form.gasEth ?? 0,
  }
}

function auditRules({ proving, seconds }: SponsorForm): Pick<StudyPlan['rules'], 'audits'> {
  if (proving === null) return {}
  return {
    audits: {
      hospitalsBps: Math.round((proving.hospitalsPercent ?? 0) * 100),
      slashBps: Math.round((proving.slashPercent ?? 0) * 100),
      revealSeconds: seconds.reveal ?? 0,
      auditSeconds: seconds.audit ?? 0,
    },
  }
}

/** What cheating in a proven study would bring, where it would; see cheatAdvice. */
export function adviceFor(form: SponsorForm): ReturnType<typeof cheatAdvice> {
  return cheatAdvice(form, { mostStake: limits.stake, halfToFirst: form.halfToFirst && hasScores(form) })
}

function warningsOf(form: SponsorForm, manifest: Manifest, chainId: number): Warning[] {
  const { stake, slashPercent, rewardPerRound, rounds } = form
  const warnings: Warning[] = []
  // Three faults end a hospital's part in the study: they should cost more than all its rewards.
  const lost = (3 * (slashPercent ?? 0) * (stake ?? 0)) / 100
  if (lost <= (rounds ?? 0) * (rewardPerRound ?? 0)) warnings.push('cheatingPays')
  if (adviceFor(form) !== null) warnings.push('auditsTooWeak')
  if ((form.maxSeats ?? 0) < 3) warnings.push('oneSeatQuorum')
  if (manifest.schema.kind === 'table' && manifest.schema.features.length < 2) warnings.push('fewColumns')
  if (parameterLayout(manifest.model).size > 2_000_000) warnings.push('largeModel')
  if ((form.privacy?.epsilon ?? 0) >= WEAK_EPSILON) warnings.push('weakPrivacy')
  if ((form.privacy?.delta ?? 0) > LIKELY_DELTA) warnings.push('likelyLeak')
  const fewest = Math.min(form.minHospitals ?? 0, form.maxSeats ?? 0)
  if (form.masking !== null && fewest <= leastHospitals) warnings.push('noSpareSeat')
  if (form.masking !== null && chainId !== DEV_CHAIN_ID && (form.seconds.score ?? 0) < FINALITY_SECONDS) {
    warnings.push('slowFinality')
  }
  if (form.proving !== null && chainId !== DEV_CHAIN_ID && (form.seconds.reveal ?? 0) < REVEAL_SECONDS) {
    warnings.push('hurriedReveal')
  }
  const isFew = (form.minHospitals ?? 0) <= VAGUE.hospitals
  if (isScored(form) && isFew && (form.privacy?.epsilon ?? 0) <= VAGUE.epsilon) warnings.push('vagueScores')
  if (!paysToCompress(manifest)) warnings.push('compressesNothing')
  if ((rounds ?? 0) < fewestRounds(form.keep)) warnings.push('fewRoundsForParts')
  return warnings
}

function planOf(template: Template): StudyPlan {
  switch (template) {
    case 'heart':
      return heartStudy()
    case 'digits':
      return digitsStudy()
    case 'csv':
    case 'table':
      return ownTableStudy(blankTable, { name: '' })
  }
}

/** One column to begin with, so that the editor shows what a column is. */
const blankTable: TableSchema = {
  kind: 'table',
  features: [{ type: 'number', name: 'age', label: 'Age', unit: 'years', min: 0, max: 120 }],
  outcome: { name: 'outcome' },
}

/** Gas that a sponsor's and a seat's calls take, as measured with four hospitals (contracts/snapshots), rounded up. */
const gas = {
  create: 200_000n,
  fund: 145_000n,
  pot: 60_000n,
  start: 520_000n,
  attest: 85_000n,
  score: 95_000n,
  masks: 95_000n,
  shares: 90_000n,
  products: 105_000n,
  sign: 120_000n,
  /** What a model's signature takes more with scores. */
  signScores: 40_000n,
  /** The last seat's call does the phase's closing work; three of them a round. */
  closing: 500_000n,
  /** The same of a masked round: freezing, drawing, settling. contracts/snapshots/scored-seven-hospitals.json */
  closingMasked: 900_000n,
  /** Keeping the description of what is proven on the chain. */
  audits: 2_600_000n,
  /** What creating takes more with the rules of audits. */
  createProven: 140_000n,
  /** Once a hospital: pinning its data. */
  prepare: 130_000n,
  reveal: 70_000n,
  /** A proof's bytes, and checking it. */
  prove: 4_500_000n,
} as const

/** What a study costs its sponsor. Amounts of ETH in wei, credits in whole credits. */
export interface StudyCost {
  /** Credits that the study holds until they are earned; the unspent come back. */
  readonly deposit: number
  readonly gasPot: bigint
  /** Each signature and about what it costs. */
  readonly fees: readonly { readonly step: 'audits' | 'create' | 'fund' | 'pot' | 'start'; readonly wei: bigint }[]
  readonly totalFees: bigint
  /** What all duties of all rounds take at today's price, with a quarter more. */
  readonly suggestedPot: bigint
}

/**
 * What the sponsor pays, and what for.
 * @param gasPrice wei
 */
export function costOf(form: SponsorForm, gasPrice: bigint): StudyCost {
  const { rounds, maxHospitals, maxSeats, rewardPerRound, gasEth } = form
  const deposit = (rewardPerRound ?? 0) * (maxHospitals ?? 0) * (rounds ?? 0)
  const gasPot = weiOf(gasEth ?? 0)
  const { proving } = form
  const steps = [
    ...(proving ? (['audits'] as const) : []),
    ...(['create', 'fund'] as const),
    ...(gasPot > 0n ? (['pot'] as const) : []),
    'start' as const,
  ]
  const extra = (step: (typeof steps)[number]) => (proving && step === 'create' ? gas.createProven : 0n)
  const fees = steps.map(step => ({ step, wei: (gas[step] + extra(step)) * gasPrice }))
  const seats = Math.max(0, Math.min(maxSeats ?? 0, maxHospitals ?? 0))
  const hospitals = Math.max(0, Math.trunc(maxHospitals ?? 0))
  const hasRoundZero = form.standardise && form.privacy === null && proving === null
  const allRounds = BigInt(Math.max(0, Math.trunc(rounds ?? 0))) + (hasRoundZero ? 1n : 0n)
  const eachRound = roundWei(seats, gasPrice, {
    isMasked: form.masking !== null,
    isScored: isScored(form),
    ...(proving && { audits: { hospitals, hospitalsBps: Math.round((proving.hospitalsPercent ?? 0) * 100) } }),
  })
  const preparing = proving === null ? 0n : BigInt(hospitals) * gas.prepare * gasPrice
  return {
    deposit,
    gasPot,
    fees,
    totalFees: fees.reduce((sum, { wei }) => sum + wei, 0n),
    suggestedPot: ((eachRound * allRounds + preparing) * 5n) / 4n,
  }
}

/** What a round's duties depend on. */
export interface RoundDuties {
  readonly isMasked: boolean
  /** Masked, and its seats answer once more. */
  readonly isScored: boolean
  /** Where hospitals are drawn to prove their training: how many take part, and which part of them proves. */
  readonly audits?: { readonly hospitals: number; readonly hospitalsBps: number }
}

/**
 * What carrying a round's duties takes, in wei.
 * @param gasPrice wei
 */
export function roundWei(seats: number, gasPrice: bigint, { isMasked, isScored, audits }: RoundDuties): bigint {
  const between = isMasked ? gas.masks + gas.shares + (isScored ? gas.products + gas.signScores : 0n) : gas.score
  const seatsGas = BigInt(Math.trunc(seats)) * (gas.attest + between + gas.sign)
  const closing = isMasked ? gas.closingMasked : gas.closing
  return (seatsGas + closing + auditGas(audits)) * gasPrice
}

function auditGas(audits: RoundDuties['audits']): bigint {
  if (audits === undefined) return 0n
  const drawn = Math.ceil((audits.hospitals * audits.hospitalsBps) / BASIS_POINTS)
  return BigInt(audits.hospitals) * gas.reveal + BigInt(drawn) * gas.prove
}
