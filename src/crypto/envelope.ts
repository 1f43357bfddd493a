import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core'
import { decode, encode } from '@ipld/dag-cbor'
import { z } from 'zod'
import { AppError } from '../errors/AppError.ts'
import type { DutySignature, Member } from '../rounds/ports.ts'
import type { Blob } from '../storage/BlobStore.ts'
import { type Address, type Hex, type Publishable, sameAddress } from '../study/types.ts'
import { type Binding, bindingBytes } from './binding.ts'
import { bytesToHex, concatBytes, hexToBytes, sameBytes, sha256, sha256Hex, unshared } from './bytes.ts'
import { chunkCid, chunkDigest } from './cid.ts'
import { verifyDuty } from './duty.ts'
import type { HospitalKeys } from './keys.ts'

/** Bitswap carries blocks of this size everywhere; larger ones fail in places. */
export const CHUNK_BYTES = 1024 * 1024
/** 128 MiB of ciphertext: a model of 16 million float64 parameters. */
export const MAX_CHUNKS = 128
/** A study has at most 64 members. */
export const MAX_RECIPIENTS = 64
/** Above what 128 chunks and 64 recipients take up (about 22 KB), below anything that costs memory to parse. */
const MAX_HEADER_BYTES = 64 * 1024

const TAG_BYTES = 16
const IV_BYTES = 12
const KEY_BYTES = 32

/** Somebody a blob is sealed to: address and HPKE public key (P-256, 65 bytes uncompressed). */
export interface Recipient {
  readonly address: Address
  readonly encryption: Uint8Array
}

export interface SealOptions {
  /** Who seals: the binding's sender, or for a model the seat that publishes it. */
  readonly by: Address
  /** Signs with the duty key of `by`: see BlobSigner.sealedBlob. `ciphertext` = sha-256 of the concatenated chunk digests. */
  readonly sign: (ciphertext: Hex, commitment: Hex) => Promise<DutySignature>
  /** sha-256 of the plaintext, which carries its own 32 random bytes. */
  readonly commitment: Hex
  /** 32 bytes. Random unless every seat must produce the same ciphertext. */
  readonly dataKey?: Uint8Array
  /** 12 bytes. Random unless every seat must produce the same ciphertext. */
  readonly iv?: Uint8Array
  /** A model's second body, for who has the model before it: what turns that one into this one. */
  readonly change?: {
    /** sha-256 of the other model's plaintext. */
    readonly base: Hex
    readonly plaintext: Uint8Array
  }
}

/** What the opener knows about a blob beside its binding. Everything that is known should be given. */
export interface Expectation {
  /** The member whose signature the header must carry. Model headers are by any seat: read `readHeader(blob).by` first. */
  readonly by?: Member
  /** The name under which the chain knows the blob: sha-256 of the header. Covers the other recipients' entries too. */
  readonly digest?: Hex
  /** What the chain says the plaintext hashes to. */
  readonly commitment?: Hex
}

export interface Opened {
  readonly plaintext: Uint8Array
  /** Opens this blob again, for example for a seat whose own wrapping is bad: see wrapKey. Secret. */
  readonly dataKey: Uint8Array
  /** sha-256 of the plaintext, checked. */
  readonly commitment: Hex
}

/** A data key sealed to one recipient by HPKE. */
export interface WrappedKey {
  /** Encapsulated key, 65 bytes. */
  readonly enc: Uint8Array
  /** 32-byte data key and 16-byte tag. */
  readonly wrapped: Uint8Array
}

/** A few bytes sealed to one recipient by HPKE. */
export interface SealedBytes {
  /** Encapsulated key, 65 bytes. */
  readonly enc: Uint8Array
  /** The bytes and a 16-byte tag. */
  readonly ciphertext: Uint8Array
}

/** One ciphertext of a blob. */
export interface Body {
  /** Bytes of plaintext. */
  readonly length: number
  /** sha-256 of each chunk, in order. */
  readonly chunkDigests: readonly Uint8Array[]
  /** sha-256 of the plaintext. */
  readonly commitment: Hex
}

/** A blob's public part. What it says of a body is of the whole, which every blob has. */
export interface Header extends Body {
  readonly kind: Binding['kind']
  readonly by: Address
  readonly iv: Uint8Array
  /** A model's second body: what turns the model whose plaintext hashes to `base` into this one. */
  readonly change?: Body & { readonly base: Hex }
  readonly recipients: readonly (WrappedKey & { readonly address: Address })[]
  readonly signature: DutySignature
}

/**
 * Encrypts for the recipients, so that the blob can be opened under this binding only.
 *
 * The content key is derived from the data key, the binding and the commitment: two different plaintexts never share a
 * key stream, even where seats that disagree are given the same data key and iv. A change has a content key of its own,
 * by a label, its base and its own commitment; so it may have the whole's iv. The chunks are the whole's, then the
 * change's.
 * @returns the blob, its name (sha-256 of the header) and the data key
 * @throws AppError crypto.badCommitment, crypto.wrongBinding: the caller's arguments do not fit together
 */
export async function seal(
  plaintext: Uint8Array,
  binding: Binding,
  recipients: readonly Recipient[],
  options: SealOptions,
): Promise<{ blob: Publishable<Blob>; digest: Hex; dataKey: Uint8Array }> {
  checkSender(binding, options.by)
  const { commitment } = options
  if ((await sha256Hex(plaintext)) !== commitment) throw new AppError('crypto.badCommitment')
  const dataKey = options.dataKey ?? crypto.getRandomValues(new Uint8Array(KEY_BYTES))
  const iv = options.iv ?? crypto.getRandomValues(new Uint8Array(IV_BYTES))
  if (dataKey.length !== KEY_BYTES || iv.length !== IV_BYTES) {
    throw new RangeError(`A data key has ${KEY_BYTES} bytes and an iv ${IV_BYTES}.`)
  }
  const whole = await encrypt(plaintext, dataKey, iv, associatedData(binding, commitment))
  const change = options.change && { ...options.change, commitment: await sha256Hex(options.change.plaintext) }
  const changed =
    change === undefined ? [] : await encrypt(change.plaintext, dataKey, iv, changeAssociatedData(binding, change))
  if (Math.max(whole.length, changed.length) > MAX_CHUNKS || recipients.length > MAX_RECIPIENTS) {
    throw new RangeError(`A blob has at most ${MAX_CHUNKS} chunks and ${MAX_RECIPIENTS} recipients.`)
  }
  const chunks = [...whole, ...changed]
  const digests = await Promise.all(chunks.map(sha256))
  const [signature, wrapped] = await Promise.all([
    options.sign(await sha256Hex(concatBytes(...digests)), commitment),
    Promise.all(
      recipients.map(async ({ address, encryption }) => ({
        address: hexToBytes(address),
        ...(await wrapKey(dataKey, binding, encryption)),
      })),
    ),
  ])
  const header = encode({
    version: 1,
    kind: binding.kind,
    by: hexToBytes(options.by),
    iv,
    length: plaintext.length,
    chunks: digests.slice(0, whole.length).map(chunkCid),
    ...(change !== undefined && {
      change: {
        base: hexToBytes(change.base),
        length: change.plaintext.length,
        chunks: digests.slice(whole.length).map(chunkCid),
        commitment: hexToBytes(change.commitment),
      },
    }),
    recipients: wrapped,
    commitment: hexToBytes(commitment),
    signature: concatBytes(hexToBytes(signature.r), hexToBytes(signature.s)),
  } satisfies z.input<typeof headerSchema>)
  // Sealed to its recipients above: this is the one place where plaintext becomes publishable.
  const blob: Blob = { header, chunks }
  return { blob: blob as Publishable<Blob>, digest: await sha256Hex(header), dataKey }
}

/**
 * Opens a blob as one of its recipients, checking everything about it.
 * @param blob the whole's chunks alone, or those of both bodies: then the change's are looked at, but not opened
 * @param self this hospital's address, as named among the recipients
 * @throws AppError crypto.wrongBinding: of another kind or sender
 * @throws AppError crypto.badSignature: not signed by the expected member for this study, round and kind
 * @throws AppError crypto.cannotOpen: malformed, changed, of another study or round, or not sealed to this hospital
 * @throws AppError crypto.badCommitment: the plaintext is not what was committed to
 */
export async function open(
  blob: Blob,
  binding: Binding,
  self: Address,
  keys: Pick<HospitalKeys, 'encryption'>,
  expect: Expectation = {},
): Promise<Opened> {
  const header = await checkedHeader(blob, binding, expect)
  return openWhole(blob, header, binding, await ownKey(header, binding, self, keys))
}

/**
 * Opens a model's change in place of the model, with the same checks as `open`. What it makes of its base is the
 * caller's to compare with the model's own hash, `expect.commitment`.
 * @param blob the change's chunks alone, or those of both bodies
 * @param base sha-256 of the plaintext of the model that the change is to be applied to
 * @throws AppError as `open`; crypto.wrongBinding also for a change from another base
 */
export async function openChange(
  blob: Blob,
  binding: Binding,
  base: Hex,
  self: Address,
  keys: Pick<HospitalKeys, 'encryption'>,
  expect: Expectation = {},
): Promise<Opened> {
  const header = await checkedHeader(blob, binding, expect)
  const { change } = header
  if (change === undefined) throw new AppError('crypto.cannotOpen')
  if (change.base !== base.toLowerCase()) throw new AppError('crypto.wrongBinding', { what: 'base' })
  const dataKey = await ownKey(header, binding, self, keys)
  return decrypt(blob, header, change, dataKey, changeAssociatedData(binding, change))
}

/**
 * Seals a model's whole again, as who sealed the blob did: the same data key, iv and plaintext make the same chunks.
 * For who made the model from its change, and wants the rest of the blob without fetching it.
 * @param dataKey of openChange
 * @returns null where the blob's whole is of another plaintext, or is no honest sealing of this one
 */
export async function sealAgain(
  blob: Pick<Blob, 'header'>,
  binding: Binding,
  plaintext: Uint8Array,
  dataKey: Uint8Array,
): Promise<Blob | null> {
  const header = readHeader(blob)
  if ((await sha256Hex(plaintext)) !== header.commitment) return null
  const chunks = await encrypt(plaintext, dataKey, header.iv, associatedData(binding, header.commitment))
  const digests = await Promise.all(chunks.map(sha256))
  return sameDigests(digests, header.chunkDigests) ? { header: blob.header, chunks } : null
}

/**
 * Opens a blob with a data key that another recipient passed on, with the same checks as `open`.
 * @throws AppError as `open`
 */
export async function openWithKey(
  blob: Blob,
  binding: Binding,
  dataKey: Uint8Array,
  expect: Expectation = {},
): Promise<Opened> {
  if (dataKey.length !== KEY_BYTES) throw new AppError('crypto.cannotOpen')
  return openWhole(blob, await checkedHeader(blob, binding, expect), binding, dataKey)
}

/**
 * Seals a data key to one recipient.
 * @param binding of the blob that the data key opens: the wrapped key is good for that blob only
 * @param encryption the recipient's HPKE public key, 65 bytes uncompressed
 */
export async function wrapKey(dataKey: Uint8Array, binding: Binding, encryption: Uint8Array): Promise<WrappedKey> {
  const { enc, ciphertext } = await sealBytes(dataKey, bindingBytes(binding), encryption)
  return { wrapped: ciphertext, enc }
}

/**
 * Opens a wrapped data key.
 * @param binding of the blob that the data key opens
 * @param encryption this hospital's pair; the private half may be non-extractable
 * @throws AppError crypto.cannotOpen
 */
export function unwrapKey(
  { enc, wrapped }: WrappedKey,
  binding: Binding,
  encryption: CryptoKeyPair,
): Promise<Uint8Array> {
  return openBytes({ enc, ciphertext: wrapped }, bindingBytes(binding), encryption)
}

/**
 * Seals a few bytes to one recipient by HPKE (RFC 9180, base mode).
 * @param info what they belong to: they open under the same bytes only
 * @param encryption the recipient's HPKE public key, 65 bytes uncompressed
 */
export async function sealBytes(bytes: Uint8Array, info: Uint8Array, encryption: Uint8Array): Promise<SealedBytes> {
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.deserializePublicKey(unshared(encryption)),
    info: unshared(info),
  })
  return { ciphertext: new Uint8Array(await sender.seal(unshared(bytes))), enc: new Uint8Array(sender.enc) }
}

/**
 * Opens what sealBytes sealed.
 * @param encryption this hospital's pair; the private half may be non-extractable
 * @throws AppError crypto.cannotOpen
 */
export async function openBytes(sealed: SealedBytes, info: Uint8Array, encryption: CryptoKeyPair): Promise<Uint8Array> {
  try {
    const recipient = await suite.createRecipientContext({
      recipientKey: encryption,
      enc: unshared(sealed.enc),
      info: unshared(info),
    })
    return new Uint8Array(await recipient.open(unshared(sealed.ciphertext)))
  } catch (cause) {
    throw new AppError('crypto.cannotOpen', {}, cause)
  }
}

/**
 * Reads a blob's header without opening it: who sealed it, of which kind, for whom. Nothing of it is proven yet.
 * @throws AppError crypto.cannotOpen for anything but the one canonical encoding of a valid header
 */
export function readHeader(blob: Pick<Blob, 'header'>): Header {
  const { header } = blob
  if (header.length > MAX_HEADER_BYTES) throw new AppError('crypto.cannotOpen')
  let value: unknown
  try {
    value = decode(header)
    // Two encodings of one header would give one blob two names.
    if (!sameBytes(encode(value), header)) throw new Error('not canonical dag-cbor')
  } catch (cause) {
    throw new AppError('crypto.cannotOpen', {}, cause)
  }
  const result = headerSchema.safeParse(value)
  if (!result.success) throw new AppError('crypto.cannotOpen', {}, result.error)
  const { kind, by, iv, change, recipients, signature } = result.data
  return {
    kind,
    by: bytesToHex(by),
    iv,
    ...bodyOf(result.data),
    ...(change !== undefined && { change: { base: bytesToHex(change.base), ...bodyOf(change) } }),
    recipients: recipients.map(({ address, enc, wrapped }) => ({ address: bytesToHex(address), enc, wrapped })),
    signature: { r: bytesToHex(signature.subarray(0, 32)), s: bytesToHex(signature.subarray(32)) },
  }
}

/** RFC 9180: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode. All of it WebCrypto. */
const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

const fixed = (length: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length, `must have ${length} bytes`)

const body = {
  length: z
    .number()
    .int()
    .min(0)
    .max(MAX_CHUNKS * CHUNK_BYTES - TAG_BYTES),
  chunks: z
    .array(z.custom<ReturnType<typeof chunkCid>>(link => chunkDigest(link) !== undefined, 'must be a raw sha-256 CID'))
    .min(1)
    .max(MAX_CHUNKS),
  commitment: fixed(32),
}

const isChunked = ({ length, chunks }: { readonly length: number; readonly chunks: readonly unknown[] }) =>
  chunks.length === Math.ceil((length + TAG_BYTES) / CHUNK_BYTES)

const headerSchema = z
  .strictObject({
    ...body,
    version: z.literal(1),
    kind: z.enum(['statistics', 'update', 'model', 'rewraps', 'masks', 'shares', 'products']),
    by: fixed(20),
    iv: fixed(IV_BYTES),
    change: z
      .strictObject({ ...body, base: fixed(32) })
      .refine(isChunked, 'wrong chunk count')
      .optional(),
    recipients: z
      .array(z.strictObject({ address: fixed(20), enc: fixed(65), wrapped: fixed(KEY_BYTES + TAG_BYTES) }))
      .max(MAX_RECIPIENTS)
      .refine(list => new Set(list.map(({ address }) => bytesToHex(address))).size === list.length, 'named twice'),
    signature: fixed(64),
  })
  .refine(isChunked, 'wrong chunk count')
  .refine(({ kind, change }) => change === undefined || kind === 'model', 'only models have a change')

function bodyOf({ length, chunks, commitment }: Pick<z.infer<typeof headerSchema>, keyof typeof body>): Body {
  return {
    length,
    chunkDigests: chunks.map(link => chunkDigest(link) as Uint8Array),
    commitment: bytesToHex(commitment),
  }
}

function checkSender(binding: Binding, by: Address): void {
  // Every seat seals the same model, so a model is sent by the study itself; anything else by the one who seals it.
  const sender = binding.kind === 'model' ? binding.study : by
  if (!sameAddress(sender, binding.sender)) throw new AppError('crypto.wrongBinding', { what: 'sender' })
}

/** Everything that can be known about a blob without a key. */
async function checkedHeader(blob: Blob, binding: Binding, expect: Expectation): Promise<Header> {
  if (expect.digest !== undefined && (await sha256Hex(blob.header)) !== expect.digest.toLowerCase()) {
    throw new AppError('crypto.cannotOpen')
  }
  const header = readHeader(blob)
  if (header.kind !== binding.kind) throw new AppError('crypto.wrongBinding', { what: 'kind' })
  checkSender(binding, header.by)
  if (expect.commitment !== undefined && expect.commitment.toLowerCase() !== header.commitment) {
    throw new AppError('crypto.badCommitment')
  }
  const { by } = expect
  if (by !== undefined) {
    if (!sameAddress(by.address, header.by)) throw new AppError('crypto.wrongBinding', { what: 'sender' })
    const { kind, round, deployment, chainId, study } = binding
    const signed = await verifyDuty(
      { deployment, chainId, study },
      'SealedBlob',
      {
        by: header.by,
        round,
        kind,
        ciphertext: await sha256Hex(concatBytes(...header.chunkDigests, ...(header.change?.chunkDigests ?? []))),
        commitment: header.commitment,
      },
      header.signature,
      by.keys.duty,
    )
    if (!signed) throw new AppError('crypto.badSignature', { hospital: by.address })
  }
  return header
}

/** @throws AppError crypto.cannotOpen where the blob is not sealed to this hospital */
function ownKey(
  header: Header,
  binding: Binding,
  self: Address,
  keys: Pick<HospitalKeys, 'encryption'>,
): Promise<Uint8Array> {
  const entry = header.recipients.find(recipient => sameAddress(recipient.address, self))
  if (entry === undefined) throw new AppError('crypto.cannotOpen')
  return unwrapKey(entry, binding, keys.encryption)
}

function openWhole(blob: Blob, header: Header, binding: Binding, dataKey: Uint8Array): Promise<Opened> {
  return decrypt(blob, header, header, dataKey, associatedData(binding, header.commitment))
}

async function encrypt(
  plaintext: Uint8Array,
  dataKey: Uint8Array,
  iv: Uint8Array,
  associated: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array[]> {
  const ciphertext = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: unshared(iv), additionalData: associated },
    await contentKey(dataKey, associated),
    unshared(plaintext),
  )
  return split(new Uint8Array(ciphertext))
}

async function decrypt(
  blob: Blob,
  header: Header,
  body: Body,
  dataKey: Uint8Array,
  associated: Uint8Array<ArrayBuffer>,
): Promise<Opened> {
  const chunks = await checkedChunks(blob, header, body)
  let plaintext: Uint8Array
  try {
    plaintext = new Uint8Array(
      await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: unshared(header.iv), additionalData: associated },
        await contentKey(dataKey, associated),
        concatBytes(...chunks),
      ),
    )
  } catch (cause) {
    throw new AppError('crypto.cannotOpen', {}, cause)
  }
  // AES-GCM does not commit to its key: one ciphertext can be made to open under two keys, to two plaintexts. The hash
  // decides which of them, if any, was meant.
  const { commitment } = body
  if ((await sha256Hex(plaintext)) !== commitment) throw new AppError('crypto.badCommitment')
  return { plaintext, dataKey, commitment }
}

/** A body's chunks, from a blob that has those of both bodies or its alone. @throws AppError crypto.cannotOpen */
async function checkedChunks(blob: Blob, { chunkDigests, change }: Header, body: Body): Promise<readonly Uint8Array[]> {
  const all = [...chunkDigests, ...(change?.chunkDigests ?? [])]
  const hasBoth = blob.chunks.length === all.length
  const named = hasBoth ? all : body.chunkDigests
  const isWhole = sameDigests(await Promise.all(blob.chunks.map(sha256)), named)
  const start = hasBoth && body === change ? chunkDigests.length : 0
  const chunks = blob.chunks.slice(start, start + body.chunkDigests.length)
  if (!isWhole || !chunks.every((chunk, i) => chunk.length === chunkLength(body, i))) {
    throw new AppError('crypto.cannotOpen')
  }
  return chunks
}

function sameDigests(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((digest, i) => sameBytes(digest, b[i] as Uint8Array))
}

function associatedData(binding: Binding, commitment: Hex): Uint8Array<ArrayBuffer> {
  return concatBytes(bindingBytes(binding), hexToBytes(commitment))
}

/** Longer than any whole's under the same binding, so never the same bytes. */
function changeAssociatedData(
  binding: Binding,
  { base, commitment }: { readonly base: Hex; readonly commitment: Hex },
): Uint8Array<ArrayBuffer> {
  const label = new TextEncoder().encode('change')
  return concatBytes(bindingBytes(binding), label, hexToBytes(base), hexToBytes(commitment))
}

/** HKDF-SHA256 of the data key, bound to what is encrypted. */
async function contentKey(dataKey: Uint8Array, info: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', unshared(dataKey), 'HKDF', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info },
    secret,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

function split(ciphertext: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < ciphertext.length; at += CHUNK_BYTES) chunks.push(ciphertext.slice(at, at + CHUNK_BYTES))
  return chunks
}

function chunkLength({ length }: Body, index: number): number {
  return Math.min(CHUNK_BYTES, length + TAG_BYTES - index * CHUNK_BYTES)
}
