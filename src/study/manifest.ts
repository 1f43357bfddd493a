import { decode } from '@ipld/dag-cbor'
import { z } from 'zod'
import { AppError } from '../errors/AppError.ts'

/** One column of a table and how it becomes model inputs. */
const feature = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('number'),
    name: z.string().min(1),
    label: z.string().optional(),
    unit: z.string().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
  }),
  z.object({ type: z.literal('binary'), name: z.string().min(1), label: z.string().optional() }),
  z.object({
    type: z.literal('category'),
    name: z.string().min(1),
    label: z.string().optional(),
    /** One-hot with the first level dropped. */
    levels: z.array(z.string()).min(2),
  }),
])

const schema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('table'),
    features: z.array(feature).min(1),
    outcome: z.object({ name: z.string().min(1), label: z.string().optional() }),
  }),
  z.object({
    kind: z.literal('images'),
    height: z.number().int().positive(),
    width: z.number().int().positive(),
    channels: z.number().int().positive(),
    classes: z.array(z.string()).min(2),
  }),
])

const layer = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('dense'),
    units: z.number().int().positive(),
    activation: z.enum(['linear', 'relu', 'tanh']),
  }),
  z.object({
    type: z.literal('conv2d'),
    filters: z.number().int().positive(),
    kernel: z.number().int().positive(),
    padding: z.enum(['same', 'valid']),
    activation: z.enum(['linear', 'relu', 'tanh']),
  }),
  z.object({ type: z.literal('maxPool'), size: z.number().int().positive() }),
  z.object({ type: z.literal('flatten') }),
])

/** A model as data. The last layer is dense and linear: one unit = a logit for yes, more = one logit a class. */
const model = z.object({
  input: z.array(z.number().int().positive()).min(1),
  layers: z.array(layer).min(1),
  /** What stays at each hospital: nothing, the last layer's bias (a site-local intercept), or the whole last layer. */
  siteLocal: z.enum(['none', 'bias', 'head']),
})

const training = z.object({
  epochs: z.number().int().positive(),
  batchSize: z.number().int().positive(),
  learningRate: z.number().positive(),
  momentum: z.number().min(0).max(1).default(0),
  /** L2 penalty on weights, not biases. */
  l2: z.number().min(0).default(0),
  /** FedProx µ; 0 is FedAvg. */
  proximal: z.number().min(0).default(0),
})

/** Everything the hospitals of a study agree on; stored as a public dag-cbor block whose CID the contract holds as model URI. */
export const manifestSchema = z.object({
  version: z.literal(1),
  name: z.string().min(1).max(80),
  purpose: z.string().max(500),
  schema,
  model,
  training,
  /** One federated mean and deviation in round zero. */
  standardise: z.boolean(),
  /** Patients per unit of weight; a weight is 1 to 8. 0: all weigh the same. */
  patientsPerWeight: z.number().int().min(0),
  /** Seeds the initial weights and the batch order. */
  seed: z.number().int().min(0).max(0xffffffff),
  /** Multiaddrs of the study's relays. */
  relays: z.array(z.string()).max(8),
  /** For whom and what the model is meant, and what it is not; for the model card. */
  intendedUse: z.string().max(1000).optional(),
  /** Groups of patients for which results are shown apart: a column's values, or bands of a number between these borders. */
  subgroups: z
    .array(z.object({ column: z.string().min(1), borders: z.array(z.number()).max(9).optional() }))
    .max(6)
    .optional(),
  /** The sponsor's own initial weights: a public block, by its sha-256 digest, of so many little-endian float32. */
  initial: z
    .object({ digest: z.string().regex(/^0x[0-9a-f]{64}$/), parameters: z.number().int().positive() })
    .optional(),
})

export type Manifest = z.infer<typeof manifestSchema>
export type DataSchema = Manifest['schema']
export type TableSchema = Extract<DataSchema, { kind: 'table' }>
export type ImageSchema = Extract<DataSchema, { kind: 'images' }>
export type Feature = TableSchema['features'][number]
export type ModelSpec = Manifest['model']
export type LayerSpec = ModelSpec['layers'][number]
export type TrainingSpec = Manifest['training']

/**
 * Checks a manifest that came from elsewhere.
 * @throws AppError study.badManifest naming the first field that is wrong
 */
export function parseManifest(value: unknown): Manifest {
  const result = manifestSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new AppError('study.badManifest', { reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}` })
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
