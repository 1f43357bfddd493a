import { decode } from '@ipld/dag-cbor'
import * as z from 'zod/mini'
import en from 'zod/v4/locales/en.js'
import { maxWeight, mostHospitals } from '../aggregation/weights.ts'
import { AppError } from '../errors/AppError.ts'
import { unprovable } from './proving.ts'

// zod/mini is half of what zod is on the pages; without this it would only say that an input is invalid.
z.config(en())

const text = z.string().check(z.minLength(1))
const count = z.int().check(z.positive())

/** One column of a table and how it becomes model inputs. */
const feature = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('number'),
    name: text,
    label: z.optional(z.string()),
    unit: z.optional(z.string()),
    min: z.optional(z.number()),
    max: z.optional(z.number()),
    /** Where nearly all patients lie, from what is publicly known, not from these patients. */
    typical: z.optional(z.tuple([z.number(), z.number()])),
  }),
  z.object({ type: z.literal('binary'), name: text, label: z.optional(z.string()) }),
  z.object({
    type: z.literal('category'),
    name: text,
    label: z.optional(z.string()),
    /** One-hot with the first level dropped. */
    levels: z.array(z.string()).check(z.minLength(2)),
  }),
])

const schema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('table'),
    features: z.array(feature).check(z.minLength(1)),
    outcome: z.object({ name: text, label: z.optional(z.string()) }),
  }),
  z.object({
    kind: z.literal('images'),
    height: count,
    width: count,
    channels: count,
    classes: z.array(z.string()).check(z.minLength(2)),
  }),
])

/** Present: the layer keeps the parameters that it starts with; nobody trains or sends them. */
const frozen = z.optional(z.literal(true))

const layer = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('dense'),
    units: count,
    activation: z.enum(['linear', 'relu', 'tanh']),
    frozen,
  }),
  z.object({
    type: z.literal('conv2d'),
    filters: count,
    kernel: count,
    padding: z.enum(['same', 'valid']),
    activation: z.enum(['linear', 'relu', 'tanh']),
    frozen,
    /** Starts with filters from a formula (edgeFilters.ts) instead of the seed's. */
    builtIn: z.optional(z.literal('edges')),
  }),
  z.object({ type: z.literal('maxPool'), size: count }),
  z.object({ type: z.literal('flatten') }),
])

/** A model as data. The last layer is dense and linear: one unit = a logit for yes, more = one logit a class. */
const model = z.object({
  input: z.array(count).check(z.minLength(1)),
  layers: z.array(layer).check(z.minLength(1)),
  /** What stays at each hospital: nothing, the last layer's bias (a site-local intercept), or the whole last layer. */
  siteLocal: z.enum(['none', 'bias', 'head']),
  /**
   * Present: each hospital fits the last bias again to its own patients before it predicts or scores. What it fits is never trained
   * from and never sent.
   */
  calibrated: z.optional(z.literal(true)),
})

const training = z.object({
  epochs: count,
  batchSize: count,
  learningRate: z.number().check(z.positive()),
  momentum: z._default(z.number().check(z.minimum(0), z.maximum(1)), 0),
  /** L2 penalty on weights, not biases. */
  l2: z._default(z.number().check(z.minimum(0)), 0),
  /** FedProx µ; 0 is FedAvg. */
  proximal: z._default(z.number().check(z.minimum(0)), 0),
})

/** Differential privacy of each patient towards everybody who sees what the hospital sends (DESIGN.md 6). */
const privacy = z.object({
  /** Probability with which the bound may fail. */
  delta: z.number().check(z.gt(0), z.maximum(0.001)),
  /** A round's steps of DP-SGD, in place of epochs and batches. */
  steps: count,
  /** Probability with which each patient is in a step's batch; 1: all patients in every step. */
  sampleRate: z.number().check(z.gt(0), z.maximum(1)),
  /** Longest gradient of one patient, over all parameters. */
  clip: z.number().check(z.gt(0), z.maximum(1e3)),
  /** Whether each layer has a clip of its own, all of them together as long as `clip`, and noise by its size. */
  perLayer: z.optional(z.boolean()),
  /** Whether clips follow the patients' median from there, for a fixed part of the same noise. */
  adaptive: z.optional(z.boolean()),
  /** Noise of a step over its sensitivity. */
  noise: z.number().check(z.gt(0), z.maximum(1e4)),
})

/** Everything the hospitals of a study agree on; stored as a public dag-cbor block whose CID the contract holds as model URI. */
export const manifestSchema = z.object({
  version: z.literal(1),
  name: z.string().check(z.minLength(1), z.maxLength(80)),
  purpose: z.string().check(z.maxLength(500)),
  schema,
  model,
  training,
  /** One federated mean and deviation in round zero. */
  standardise: z.boolean(),
  /** Instead of it: columns on the scale of their public ranges, which costs neither a round nor privacy. */
  scaling: z.optional(z.literal('ranges')),
  /** Patients per unit of weight; a weight is 1 to 8. 0: all weigh the same. */
  patientsPerWeight: z.int().check(z.minimum(0)),
  /** Seeds the initial weights and the batch order. */
  seed: z.int().check(z.minimum(0), z.maximum(0xffffffff)),
  /** Multiaddrs of the study's relays. */
  relays: z.array(z.string()).check(z.maxLength(8)),
  /** For whom and what the model is meant, and what it is not; for the model card. */
  intendedUse: z.optional(z.string().check(z.maxLength(1000))),
  /** Groups of patients for which results are shown apart: a column's values, or bands of a number between these borders. */
  subgroups: z.optional(
    z
      .array(z.object({ column: text, borders: z.optional(z.array(z.number()).check(z.maxLength(9))) }))
      .check(z.maxLength(6)),
  ),
  /** Absent: updates and scores are of the patients as they are, and only the committee may see them. */
  privacy: z.optional(privacy),
  /**
   * Present: only the weighted sum of the updates ever opens (docs/decisions/0012-masked-rounds.md). How updates are written as integers;
   * the contract's rules say the same.
   */
  masking: z.optional(
    z.object({
      /** Largest absolute value of a coordinate, in whole units of the model; larger ones are clamped. */
      clip: z.int().check(z.minimum(1), z.maximum(2 ** 20)),
      /** A coordinate is a multiple of 2^−fractionBits. */
      fractionBits: z.int().check(z.minimum(0), z.maximum(40)),
      /** Whether hospitals' parts in the sum are scored (docs/decisions/0013-scores-from-the-sum.md): with privacy alone. */
      scored: z.optional(z.boolean()),
    }),
  ),
  /** Present: hospitals send a part of the shared parameters' changes each round, and the rest later (docs/decisions/0009). */
  compression: z.optional(
    z.object({
      /** Share of the shared parameters that goes up in a round, rounded up to a whole number of them. */
      keep: z.number().check(z.gt(0), z.maximum(1)),
    }),
  ),
  /** Present: rounds are trained in exact integers, and hospitals that are drawn prove theirs (docs/decisions/0014-exact-training-formats.md). */
  proving: z.optional(
    z.object({
      /** Batches that a round has: rows beyond them are never learned from. */
      steps: z.int().check(z.minimum(1), z.maximum(64)),
      /** Most rounds that a hospital can take part in: as many as there is noise for, drawn before the first of them. */
      contributions: z.int().check(z.minimum(1), z.maximum(255)),
    }),
  ),
  /**
   * The sponsor's own initial weights: a public block, by its sha-256 digest, of so many little-endian float32. They are of every
   * layer but what is site-local: of frozen ones too.
   */
  initial: z.optional(z.object({ digest: z.string().check(z.regex(/^0x[0-9a-f]{64}$/)), parameters: count })),
})

export type Manifest = z.infer<typeof manifestSchema>
export type DataSchema = Manifest['schema']
export type TableSchema = Extract<DataSchema, { kind: 'table' }>
export type ImageSchema = Extract<DataSchema, { kind: 'images' }>
export type Feature = TableSchema['features'][number]
export type ModelSpec = Manifest['model']
export type LayerSpec = ModelSpec['layers'][number]
export type TrainingSpec = Manifest['training']
export type PrivacySpec = NonNullable<Manifest['privacy']>
export type ProvingSpec = NonNullable<Manifest['proving']>

/**
 * Checks a manifest that came from elsewhere.
 * @throws AppError study.badManifest naming the first field that is wrong
 */
export function parseManifest(value: unknown): Manifest {
  const result = manifestSchema.safeParse(value)
  if (result.success) return checked(result.data)
  const issue = result.error.issues[0]
  throw new AppError('study.badManifest', { reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}` })
}

/** Where a number's patients lie: what is typical, or what is possible; null where neither is said or makes no range. */
export function rangeOf({
  typical,
  min,
  max,
}: Pick<Extract<Feature, { type: 'number' }>, 'typical' | 'min' | 'max'>): readonly [number, number] | null {
  const [low, high] = typical ?? [min, max]
  return low !== undefined && high !== undefined && low < high ? [low, high] : null
}

/** Whether a layer has parameters that nobody trains. */
export function isFrozen(layer: LayerSpec | undefined): boolean {
  return layer !== undefined && 'frozen' in layer && layer.frozen === true
}

/** Whether a layer starts with parameters from a formula. */
export function isBuiltIn(layer: LayerSpec | undefined): boolean {
  return layer?.type === 'conv2d' && layer.builtIn !== undefined
}

function hasNoRange(feature: Feature): boolean {
  return feature.type === 'number' && rangeOf(feature) === null
}

/** What no field says alone. @throws AppError study.badManifest */
function checked(manifest: Manifest): Manifest {
  const { privacy, standardise, scaling, schema, masking, patientsPerWeight, model } = manifest
  const refuse = (reason: string) => new AppError('study.badManifest', { reason })
  const last = model.layers.length - 1
  if (isFrozen(model.layers[last])) throw refuse(`model.layers.${last}.frozen: the last layer must learn`)
  // Ranges that are known serve as well, for no ε: docs/decisions/0010-public-ranges.md.
  if (privacy && standardise) throw refuse('standardise: sums of columns would not be private; scale by ranges instead')
  if (scaling !== undefined && (standardise || schema.kind !== 'table')) {
    throw refuse('scaling: columns are on the scale of their ranges or of their patients, not of both')
  }
  if (masking && privacy && patientsPerWeight !== 0) {
    throw refuse('patientsPerWeight: weights are told to everybody, and no count of patients without noise may be')
  }
  if (masking && standardise && schema.kind !== 'table') {
    throw refuse('standardise: only the columns of a table are added up under masks')
  }
  if (scaling !== undefined || (masking && standardise)) {
    const bare = schema.kind === 'table' ? schema.features.find(hasNoRange) : undefined
    if (bare !== undefined) throw refuse(`schema.features: ${bare.name} has no range to be scaled by`)
  }
  if (masking?.scored && !privacy) {
    throw refuse('masking.scored: numbers of a single hospital open only where its update is noised')
  }
  // As the factory does: the weighted sum of the most hospitals that there may be stays below half of the field.
  if (masking && mostHospitals * maxWeight * masking.clip * 2 ** masking.fractionBits >= 2 ** 63) {
    throw refuse('masking: sums of updates could overflow; allow a smaller clip or fewer bits')
  }
  const obstacle = manifest.proving ? unprovable(manifest) : null
  if (obstacle !== null) throw refuse(obstacle)
  if (model.calibrated && model.siteLocal !== 'none') {
    throw refuse('model.calibrated: the last bias is each hospital’s own already; share it, or leave this out')
  }
  return manifest
}

/**
 * A manifest from the bytes of its dag-cbor block.
 * @throws AppError study.badManifest
 */
export function decodeManifest(block: Uint8Array): Manifest {
  let value: unknown
  try {
    value = decode(block)
  } catch (cause) {
    throw new AppError('study.badManifest', { reason: 'it is no dag-cbor' }, cause)
  }
  return parseManifest(value)
}
