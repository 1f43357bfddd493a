import { decode, encode } from '@ipld/dag-cbor'
import { z } from 'zod'
import { checkUpdate } from '../aggregation/average.ts'
import { type Commitments, isCanonical } from '../aggregation/masking/commitments.ts'
import { vectorBytes, vectorOf } from '../aggregation/masking/encoding.ts'
import { type OpenedShare, SHARE_BYTES } from '../aggregation/masking/seeds.ts'
import { checkStatistics } from '../aggregation/statistics.ts'
import { maxWeight } from '../aggregation/weights.ts'
import { type Binding, bindingBytes } from '../crypto/binding.ts'
import { bytesToHex, concatBytes, hexToBytes, sameBytes, sha256, unshared } from '../crypto/bytes.ts'
import type { SealedBytes, WrappedKey } from '../crypto/envelope.ts'
import type { Standardisation } from '../data/encode.ts'
import type { Statistics } from '../data/statistics.ts'
import { AppError } from '../errors/AppError.ts'
import { DIGEST_BYTES } from '../field/digests.ts'
import type { Manifest } from '../study/manifest.ts'
import type { Address } from '../study/types.ts'

/** What a hospital tells the seats after training. */
export interface UpdatePlaintext {
  readonly round: number
  /** Hides the commitment's content, and is this hospital's part of the model's key. */
  readonly salt: Uint8Array
  readonly weight: number
  /** Difference of the shared parameters to the base. */
  readonly vector: Float32Array
}

/** What a hospital of a proven study tells the seats after training. */
export interface ProvenPlaintext {
  readonly round: number
  readonly salt: Uint8Array
  readonly weight: number
  /** Difference of the weights to the base, Q32. */
  readonly change: BigInt64Array<ArrayBuffer>
  /** 32 bytes, from which follows what hides the weights in the round's trace. */
  readonly afterKey: Uint8Array
}

/** What a hospital tells the seats in round zero. */
export interface StatisticsPlaintext extends Statistics {
  readonly round: number
  readonly salt: Uint8Array
}

/** A finalised model: deterministic, so that every seat has the same bytes. */
export interface ModelPlaintext {
  readonly study: Address
  /** The round it was made in. */
  readonly round: number
  /** Training rounds behind it. */
  readonly trained: number
  /** sha-256 of the manifest's canonical bytes. */
  readonly manifest: Uint8Array
  /** The shared parameters. */
  readonly vector: Float32Array
  readonly standardisation: Standardisation | null
}

/** What is new in a finalised model since the one before it: as deterministic as the model. */
export interface ChangePlaintext extends Pick<ModelPlaintext, 'study' | 'round' | 'trained'> {
  /** The model's values at the coordinates of its round, in the round's order. */
  readonly values: Float32Array
}

/** One data key of an update, wrapped for one seat. */
export interface Rewrap extends WrappedKey {
  readonly update: Address
  readonly seat: Address
}

export interface RewrapsPlaintext {
  readonly round: number
  readonly rewraps: readonly Rewrap[]
}

/** What is summed in a masked round. */
export type MaskedVector = 'update' | 'statistics'

/** What a hospital of a masked study tells the seats: nothing that says anything of its update to fewer than all of them. */
export interface MaskedPlaintext {
  readonly round: number
  readonly salt: Uint8Array
  readonly vector: MaskedVector
  readonly masked: BigUint64Array<ArrayBuffer>
  readonly commitments: Commitments
  /** By seat: its seed and shares, sealed to it alone. */
  readonly parcels: readonly SealedBytes[]
  /** In proven studies: the root of what the round ended with. */
  readonly after?: Uint8Array | undefined
}

/** A seat's sum of masks. */
export interface MasksPlaintext {
  readonly round: number
  readonly salt: Uint8Array
  readonly vector: MaskedVector
  readonly sum: BigUint64Array<ArrayBuffer>
}

/** A seat's products of its masks with the scoring directions. */
export interface ProductsPlaintext {
  readonly round: number
  readonly salt: Uint8Array
  readonly vector: MaskedVector
  /** Field elements by hospital of the set that the seat has a seed of, in the set's order, and direction. */
  readonly products: readonly (readonly bigint[])[]
}

/** A share of a hospital's seed for a seat, opened by who sends it. */
export interface SeatShare extends Pick<OpenedShare, 'share' | 'hashes'> {
  readonly hospital: Address
  readonly seat: number
}

/** The shares that a seat opens. */
export interface SharesPlaintext {
  readonly round: number
  readonly salt: Uint8Array
  readonly vector: MaskedVector
  readonly shares: readonly SeatShare[]
}

/** What a masked plaintext is expected to be. */
export interface ExpectedVector {
  readonly round: number
  readonly vector: MaskedVector
  /** Coordinates. */
  readonly size: number
  /** How many there are. */
  readonly seats: number
}

const SALT_BYTES = 32
/** What a plaintext of n numbers may have beside them: keys, salt, hash, round. */
export const plaintextOverhead = 512

/** All plaintexts are canonical dag-cbor; vectors are little-endian bytes, float32 for models, float64 for statistics. */
export function encodeUpdate({ round, salt, weight, vector }: UpdatePlaintext): Uint8Array {
  return encode({ v: 1, kind: 'update', round, salt, weight, vector: float32Bytes(vector) })
}

/**
 * Parses and checks an opened update.
 * @param size of the shared parameters
 * @throws AppError aggregation.badUpdate: malformed, of another round or size, not finite, too large
 */
export function decodeUpdate(bytes: Uint8Array, round: number, size: number): UpdatePlaintext {
  const value = parse(bytes, updateShape)
  if (value.round !== round || value.vector.length !== size * 4) throw new AppError('aggregation.badUpdate')
  const vector = float32Of(value.vector)
  checkUpdate(vector, value.weight, size)
  return { round, salt: value.salt, weight: value.weight, vector }
}

export function encodeProven({ change, ...rest }: ProvenPlaintext): Uint8Array {
  return encode({ v: 1, kind: 'proven', ...rest, change: vectorBytes(new BigUint64Array(change.buffer)) })
}

/**
 * Parses an opened proven update. Whether it is what its trace says is for ProvenRounds to check.
 * @param size of the shared parameters
 * @throws AppError aggregation.badUpdate: malformed, of another round or size
 */
export function decodeProven(bytes: Uint8Array, round: number, size: number): ProvenPlaintext {
  const { v: _, kind: __, change, ...value } = parse(bytes, provenShape)
  if (value.round !== round || change.length !== size * 8) throw new AppError('aggregation.badUpdate')
  return { ...value, change: new BigInt64Array(vectorOf(change).buffer) }
}

export function encodeStatistics({ round, salt, count, sums, squares }: StatisticsPlaintext): Uint8Array {
  return encode({
    v: 1,
    kind: 'statistics',
    round,
    salt,
    count,
    sums: float64Bytes(sums),
    squares: float64Bytes(squares),
  })
}

/**
 * Parses and checks opened statistics.
 * @param width number of encoded columns
 * @throws AppError aggregation.badUpdate
 */
export function decodeStatistics(bytes: Uint8Array, round: number, width: number): StatisticsPlaintext {
  const value = parse(bytes, statisticsShape)
  if (value.round !== round || value.sums.length !== width * 8 || value.squares.length !== width * 8) {
    throw new AppError('aggregation.badUpdate')
  }
  const statistics = { count: value.count, sums: float64Of(value.sums), squares: float64Of(value.squares) }
  checkStatistics(statistics, width)
  return { round, salt: value.salt, ...statistics }
}

export function encodeModel(model: ModelPlaintext): Uint8Array {
  const { study, round, trained, manifest, vector, standardisation } = model
  return encode({
    v: 1,
    kind: 'model',
    study: hexToBytes(study),
    round,
    trained,
    manifest,
    vector: float32Bytes(vector),
    mean: float64Bytes(standardisation?.mean ?? new Float64Array()),
    deviation: float64Bytes(standardisation?.deviation ?? new Float64Array()),
  })
}

/**
 * Parses and checks an opened model.
 * @param expect.width number of encoded columns where the study standardises, else null
 * @throws AppError aggregation.badUpdate: malformed or not finite; crypto.wrongBinding: of another study, round or manifest
 */
export function decodeModel(
  bytes: Uint8Array,
  expect: {
    readonly study: Address
    readonly round: number
    readonly manifest: Uint8Array
    readonly size: number
    readonly width: number | null
  },
): ModelPlaintext {
  const value = parse(bytes, modelShape)
  const belongs = sameBytes(value.study, hexToBytes(expect.study)) && value.round === expect.round
  if (!belongs) throw new AppError('crypto.wrongBinding', { what: 'model' })
  if (!sameBytes(value.manifest, expect.manifest)) throw new AppError('crypto.wrongBinding', { what: 'manifest' })
  const width = expect.width ?? 0
  if (
    value.vector.length !== expect.size * 4 ||
    value.mean.length !== width * 8 ||
    value.deviation.length !== width * 8
  ) {
    throw new AppError('aggregation.badUpdate')
  }
  const vector = float32Of(value.vector)
  const mean = float64Of(value.mean)
  const deviation = float64Of(value.deviation)
  const sane =
    vector.every(Number.isFinite) && mean.every(Number.isFinite) && deviation.every(d => Number.isFinite(d) && d > 0)
  if (!sane) throw new AppError('aggregation.badUpdate')
  return {
    study: expect.study,
    round: value.round,
    trained: value.trained,
    manifest: value.manifest,
    vector,
    standardisation: expect.width === null ? null : { mean, deviation },
  }
}

export function encodeChange({ study, round, trained, values }: ChangePlaintext): Uint8Array {
  return encode({ v: 1, kind: 'change', study: hexToBytes(study), round, trained, values: float32Bytes(values) })
}

/**
 * Parses and checks an opened change.
 * @param expect.size coordinates of the round
 * @returns the values
 * @throws AppError aggregation.badUpdate: malformed or not finite; crypto.wrongBinding: of another study or round
 */
export function decodeChange(
  bytes: Uint8Array,
  expect: Omit<ChangePlaintext, 'values'> & { readonly size: number },
): Float32Array {
  const value = parse(bytes, changeShape)
  const belongs =
    sameBytes(value.study, hexToBytes(expect.study)) && value.round === expect.round && value.trained === expect.trained
  if (!belongs) throw new AppError('crypto.wrongBinding', { what: 'change' })
  if (value.values.length !== expect.size * 4) throw new AppError('aggregation.badUpdate')
  const values = float32Of(value.values)
  if (!values.every(Number.isFinite)) throw new AppError('aggregation.badUpdate')
  return values
}

/** Wrapped keys are good for one seat each; the salt makes the commitment say nothing. */
export function encodeRewraps(round: number, salt: Uint8Array, rewraps: readonly Rewrap[]): Uint8Array {
  const keys = rewraps.map(({ update, seat, enc, wrapped }) => ({
    update: hexToBytes(update),
    seat: hexToBytes(seat),
    enc,
    wrapped,
  }))
  return encode({ v: 1, kind: 'rewraps', round, salt, keys })
}

/** @throws AppError aggregation.badUpdate */
export function decodeRewraps(bytes: Uint8Array, round: number): RewrapsPlaintext {
  const value = parse(bytes, rewrapsShape)
  if (value.round !== round) throw new AppError('aggregation.badUpdate')
  const rewraps = value.keys.map(key => ({ ...key, update: bytesToHex(key.update), seat: bytesToHex(key.seat) }))
  return { round, rewraps }
}

/** Vectors under masks are little-endian 64-bit words. */
export function encodeMasked({ masked, commitments, parcels, after, ...place }: MaskedPlaintext): Uint8Array {
  return encode({
    v: 1,
    kind: 'masked',
    ...place,
    ...(after && { after }),
    masked: vectorBytes(masked),
    commitments: {
      masked: hexToBytes(commitments.masked),
      seeds: commitments.seeds.map(orNull(hexToBytes)),
      shares: commitments.shares.map(hash => hexToBytes(hash)),
    },
    parcels,
  })
}

/**
 * Parses an opened masked contribution. Whether it is what its commitments say is for checkCommitments and checkMasked.
 * @throws AppError aggregation.badUpdate: malformed, of another round, vector, size or number of seats
 */
export function decodeMasked(bytes: Uint8Array, expect: ExpectedVector): MaskedPlaintext {
  const { v: _, kind: __, masked, commitments, ...rest } = parsePlaced(bytes, maskedShape, expect)
  if (masked.length !== expect.size * 8 || rest.parcels.length !== expect.seats) {
    throw new AppError('aggregation.badUpdate')
  }
  return {
    ...rest,
    masked: vectorOf(masked),
    commitments: {
      masked: bytesToHex(commitments.masked),
      seeds: commitments.seeds.map(orNull(bytesToHex)),
      shares: commitments.shares.map(hash => bytesToHex(hash)),
    },
  }
}

export function encodeMasks({ sum, ...place }: MasksPlaintext): Uint8Array {
  return encode({ v: 1, kind: 'masks', ...place, sum: vectorBytes(sum) })
}

/** @throws AppError aggregation.badUpdate: also where a word is no element of the field */
export function decodeMasks(bytes: Uint8Array, expect: Omit<ExpectedVector, 'seats'>): MasksPlaintext {
  const { v: _, kind: __, ...value } = parsePlaced(bytes, masksShape, expect)
  if (value.sum.length !== expect.size * 8) throw new AppError('aggregation.badUpdate')
  const sum = vectorOf(value.sum)
  if (!isCanonical(sum)) throw new AppError('aggregation.badUpdate')
  return { ...value, sum }
}

export function encodeProducts({ products, ...place }: ProductsPlaintext): Uint8Array {
  return encode({ v: 1, kind: 'products', ...place, products: vectorBytes(BigUint64Array.from(products.flat())) })
}

/**
 * @param expect.hospitals that the seat has a seed of
 * @param expect.directions products of each
 * @throws AppError aggregation.badUpdate: also where a word is no element of the field
 */
export function decodeProducts(
  bytes: Uint8Array,
  expect: Omit<ExpectedVector, 'seats' | 'size'> & { readonly hospitals: number; readonly directions: number },
): ProductsPlaintext {
  const { v: _, kind: __, ...value } = parsePlaced(bytes, productsShape, expect)
  const { hospitals, directions } = expect
  if (value.products.length !== hospitals * directions * 8) throw new AppError('aggregation.badUpdate')
  const words = vectorOf(value.products)
  if (!isCanonical(words)) throw new AppError('aggregation.badUpdate')
  const products = Array.from({ length: hospitals }, (_, i) => [
    ...words.subarray(i * directions, (i + 1) * directions),
  ])
  return { ...value, products }
}

export function encodeShares({ shares, ...place }: SharesPlaintext): Uint8Array {
  return encode({
    v: 1,
    kind: 'shares',
    ...place,
    shares: shares.map(one => ({
      ...one,
      hospital: hexToBytes(one.hospital),
      hashes: one.hashes.map(orNull(hexToBytes)),
    })),
  })
}

/** @throws AppError aggregation.badUpdate */
export function decodeShares(bytes: Uint8Array, expect: Omit<ExpectedVector, 'size'>): SharesPlaintext {
  const { v: _, kind: __, ...value } = parsePlaced(bytes, sharesShape, expect)
  const shares = value.shares.map(one => ({
    ...one,
    hospital: bytesToHex(one.hospital),
    hashes: one.hashes.map(orNull(bytesToHex)),
  }))
  if (!shares.every(({ hashes }) => hashes.length === expect.seats)) throw new AppError('aggregation.badUpdate')
  return { ...value, shares }
}

/** sha-256 of the manifest's canonical bytes: a model says which description it belongs to. */
export async function manifestHash(manifest: Manifest): Promise<Uint8Array> {
  return sha256(encode(manifest))
}

/**
 * The key that every seat gives a round's model: HKDF-SHA256 over the survivors' salts in member order, which only who
 * opened all of them knows, bound to the model's place.
 */
export async function modelDataKey(salts: readonly Uint8Array[], binding: Binding): Promise<Uint8Array> {
  const secret = await crypto.subtle.importKey('raw', concatBytes(...salts), 'HKDF', false, ['deriveBits'])
  const info = unshared(bindingBytes(binding))
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info },
    secret,
    256,
  )
  return new Uint8Array(bits)
}

/** The model's data key serves one plaintext only, so its iv may be fixed. */
export const modelIv: Uint8Array = new Uint8Array(12)

/** 32 random bytes. */
export function freshSalt(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(SALT_BYTES))
}

const bytesOf = (length?: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && (length === undefined || value.length === length))
const round = z.number().int().min(0).max(0xffff)

const updateShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal('update'),
  round,
  salt: bytesOf(SALT_BYTES),
  weight: z.number().int().min(1).max(maxWeight),
  vector: bytesOf(),
})

const provenShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal('proven'),
  round,
  salt: bytesOf(SALT_BYTES),
  weight: z.number().int().min(1).max(maxWeight),
  change: bytesOf(),
  afterKey: bytesOf(32),
})

const statisticsShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal('statistics'),
  round,
  salt: bytesOf(SALT_BYTES),
  count: z.number().int().min(1),
  sums: bytesOf(),
  squares: bytesOf(),
})

const modelShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal('model'),
  study: bytesOf(20),
  round,
  trained: round,
  manifest: bytesOf(32),
  vector: bytesOf(),
  mean: bytesOf(),
  deviation: bytesOf(),
})

const changeShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal('change'),
  study: bytesOf(20),
  round,
  trained: round,
  values: bytesOf(),
})

const rewrapsShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal('rewraps'),
  round,
  salt: bytesOf(SALT_BYTES),
  keys: z
    .array(z.strictObject({ update: bytesOf(20), seat: bytesOf(20), enc: bytesOf(65), wrapped: bytesOf(48) }))
    .max(64 * 7),
})

const place = { v: z.literal(1), round, salt: bytesOf(SALT_BYTES), vector: z.enum(['update', 'statistics']) }
const hash = bytesOf(32)

const maskedShape = z.strictObject({
  ...place,
  kind: z.literal('masked'),
  masked: bytesOf(),
  commitments: z.strictObject({ masked: hash, seeds: z.array(hash.nullable()), shares: z.array(hash) }),
  parcels: z.array(z.strictObject({ enc: bytesOf(65), ciphertext: bytesOf() })),
  after: z.optional(bytesOf(DIGEST_BYTES)),
})

const masksShape = z.strictObject({ ...place, kind: z.literal('masks'), sum: bytesOf() })

const productsShape = z.strictObject({ ...place, kind: z.literal('products'), products: bytesOf() })

const sharesShape = z.strictObject({
  ...place,
  kind: z.literal('shares'),
  shares: z.array(
    z.strictObject({
      hospital: bytesOf(20),
      seat: z.number().int().min(0),
      share: bytesOf(SHARE_BYTES),
      hashes: z.array(hash.nullable()),
    }),
  ),
})

/** The same for what belongs to one vector of one round. */
function parsePlaced<S extends z.ZodType<{ readonly round: number; readonly vector: MaskedVector }>>(
  bytes: Uint8Array,
  shape: S,
  expect: Pick<ExpectedVector, 'round' | 'vector'>,
): z.infer<S> {
  const value = parse(bytes, shape)
  if (value.round !== expect.round || value.vector !== expect.vector) throw new AppError('aggregation.badUpdate')
  return value
}

function orNull<A, B>(convert: (value: A) => B): (value: A | null) => B | null {
  return value => (value === null ? null : convert(value))
}

function parse<S extends z.ZodType>(bytes: Uint8Array, shape: S): z.infer<S> {
  let value: unknown
  try {
    value = decode(bytes)
  } catch (cause) {
    throw new AppError('aggregation.badUpdate', {}, cause)
  }
  const result = shape.safeParse(value)
  if (!result.success) throw new AppError('aggregation.badUpdate', {}, result.error)
  return result.data
}

// Explicit about byte order, so that the bytes are the same on every machine.
function float32Bytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] as number, true)
  return bytes
}

function float32Of(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(bytes.length / 4)
  // A loop: Float32Array.from over { length } takes twenty times as long, and seats decode every update.
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * 4, true)
  return values
}

function float64Bytes(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) view.setFloat64(i * 8, values[i] as number, true)
  return bytes
}

function float64Of(bytes: Uint8Array): Float64Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(i * 8, true))
}
