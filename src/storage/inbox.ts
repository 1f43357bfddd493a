import { decode, encode } from '@ipld/dag-cbor'
import type { Connection, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import { z } from 'zod'
import { sameBytes, sha256 } from '../crypto/bytes.ts'
import { AppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Blob } from './BlobStore.ts'
import { blobLimits } from './blocks.ts'

/**
 * How a tab leaves a blob with a relay. Each frame is length-prefixed; all but the blocks themselves are dag-cbor:
 *
 *   tab → relay   offer: the header and the chunks' sizes
 *   relay → tab   answer: a refusal, or which chunks it lacks (seats of a round share theirs)
 *   tab → relay   those chunks, at most `window` of them ahead of the acknowledgements
 *   relay → tab   one acknowledgement a chunk, then a receipt signed with the relay's peer key
 *
 * The window bounds what either side buffers, since libp2p's streams hand data over whether it was asked for or not.
 */
export const inboxProtocol = '/wardround/inbox/1.0.0'
const window = 3
/** Milliseconds that one frame may take; a megabyte at 300 kbit/s fits. */
const frameTimeout = 30_000

/** Why a relay does not take a blob. The first three may pass with time. */
export const refusals = {
  notEnrolled: 'this hospital has not joined a study that the relay serves',
  quota: 'too much is waiting there for this hospital',
  busy: 'the relay is busy',
  tooLarge: 'the blob is larger than the relay carries',
  malformed: 'the blob is not in the form that relays carry',
} as const
export type Refusal = keyof typeof refusals

/** What a relay signs: it holds this blob for this peer. */
export interface Receipt {
  readonly digest: Uint8Array
  /** Multihash bytes of the id of the peer that pushed it. */
  readonly peer: Uint8Array
  readonly size: number
  /** Unix milliseconds, by the relay's clock. */
  readonly time: number
}

export interface SignedReceipt {
  readonly receipt: Receipt
  /** By the relay's peer key, over receiptBytes. */
  readonly signature: Uint8Array
}

const bytes = z.custom<Uint8Array>(value => value instanceof Uint8Array)
const count = z.number().int().nonnegative()
const offerSchema = z.object({
  version: z.literal(1),
  header: bytes,
  sizes: z.array(count).max(blobLimits.chunks),
})
const answerSchema = z.union([
  z.object({ refused: z.string() }),
  z.object({ missing: z.array(count).max(blobLimits.chunks) }),
])
const acknowledgementSchema = z.object({ stored: count })
const receiptSchema = z.object({
  receipt: z.object({ digest: bytes, peer: bytes, size: count, time: count }),
  signature: bytes,
})

export type Offer = z.infer<typeof offerSchema>
export type Answer = { readonly refused: Refusal } | { readonly missing: readonly number[] }

function receiptBytes(receipt: Receipt): Uint8Array {
  return encode({ protocol: inboxProtocol, ...receipt })
}

/** Signs as a relay that it holds a blob. */
export async function signReceipt(key: PrivateKey, receipt: Receipt): Promise<SignedReceipt> {
  return { receipt, signature: await key.sign(receiptBytes(receipt)) }
}

/** Whether this relay signed this receipt. */
export async function verifyReceipt(relay: PeerId, { receipt, signature }: SignedReceipt): Promise<boolean> {
  return relay.publicKey?.verify(receiptBytes(receipt), signature) ?? false
}

/** One end of an inbox stream: typed frames, each with a timeout. */
export class InboxStream {
  readonly #frames: LengthPrefixedStream<Stream>
  readonly #signal: AbortSignal | undefined

  constructor(stream: Stream, signal?: AbortSignal) {
    this.#frames = lpStream(stream, { maxDataLength: blobLimits.chunk + 1024, maxBufferSize: 8 * 1024 * 1024 })
    this.#signal = signal
  }

  async readBlock(): Promise<Uint8Array> {
    return (await this.#frames.read({ signal: this.#deadline() })).subarray()
  }

  async writeBlock(block: Uint8Array): Promise<void> {
    await this.#frames.write(block, { signal: this.#deadline() })
  }

  readOffer = async (): Promise<Offer> => offerSchema.parse(decode(await this.readBlock()))
  writeOffer = (offer: Offer): Promise<void> => this.writeBlock(encode(offer))
  writeAnswer = (answer: Answer): Promise<void> => this.writeBlock(encode(answer))
  writeAcknowledgement = (stored: number): Promise<void> => this.writeBlock(encode({ stored }))
  writeReceipt = (receipt: SignedReceipt): Promise<void> => this.writeBlock(encode(receipt))
  readAnswer = async (): Promise<z.infer<typeof answerSchema>> => answerSchema.parse(decode(await this.readBlock()))
  readAcknowledgement = async (): Promise<number> => acknowledgementSchema.parse(decode(await this.readBlock())).stored
  readReceipt = async (): Promise<SignedReceipt> => receiptSchema.parse(decode(await this.readBlock()))

  #deadline(): AbortSignal {
    const timeout = timeLimit(frameTimeout)
    return this.#signal === undefined ? timeout : AbortSignal.any([timeout, this.#signal])
  }
}

export interface PushOptions {
  readonly signal?: AbortSignal
  /** After each block that reached the relay: bytes of that block. */
  readonly onSent?: (bytes: number) => void
}

/**
 * Pushes one whole blob over an open connection to a relay.
 * @returns the relay's receipt, its signature checked
 * @throws AppError storage.refused with details.refusal; whatever libp2p throws when the connection fails
 */
export async function pushBlob(
  connection: Connection,
  self: PeerId,
  blob: Blob,
  { signal, onSent }: PushOptions = {},
): Promise<SignedReceipt> {
  const stream = await connection.newStream(inboxProtocol, signal === undefined ? {} : { signal })
  try {
    const inbox = new InboxStream(stream, signal)
    await inbox.writeOffer({ version: 1, header: blob.header, sizes: blob.chunks.map(chunk => chunk.byteLength) })
    const answer = await inbox.readAnswer()
    if ('refused' in answer) throw refused(answer.refused)
    onSent?.(blob.header.byteLength)
    const missing = answer.missing.map(i => {
      const chunk = blob.chunks[i]
      if (chunk === undefined)
        throw new AppError('storage.malformed', { reason: 'the relay asked for a chunk too many' })
      return { i, chunk }
    })
    let acknowledged = 0
    const acknowledge = async () => {
      const next = missing[acknowledged++]
      if ((await inbox.readAcknowledgement()) !== next?.i) {
        throw new AppError('storage.malformed', { reason: 'the relay acknowledged another chunk' })
      }
      onSent?.(next.chunk.byteLength)
    }
    for (const [sent, { chunk }] of missing.entries()) {
      if (sent - acknowledged >= window) await acknowledge()
      await inbox.writeBlock(chunk)
    }
    while (acknowledged < missing.length) await acknowledge()
    const receipt = await inbox.readReceipt()
    const holds = receipt.receipt
    const genuine =
      sameBytes(holds.digest, await sha256(blob.header)) &&
      sameBytes(holds.peer, self.toMultihash().bytes) &&
      (await verifyReceipt(connection.remotePeer, receipt))
    if (!genuine) throw new AppError('storage.malformed', { reason: 'the relay’s receipt is not signed by it' })
    await stream.close(signal === undefined ? {} : { signal })
    return receipt
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

function refused(refusal: string): AppError {
  const reason = refusal in refusals ? refusals[refusal as Refusal] : refusal.slice(0, 80)
  return new AppError('storage.refused', { reason, refusal: refusal.slice(0, 80) })
}

/** Whether asking again later may help. */
export function mayPass(refusal: string): boolean {
  return refusal !== 'tooLarge' && refusal !== 'malformed'
}
