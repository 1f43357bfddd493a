import { decode, encode } from '@ipld/dag-cbor'
import type { Connection, Stream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import { z } from 'zod'
import { bytesToHex, hexToBytes } from '../crypto/bytes.ts'
import { AppError } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'

/**
 * How a tab has a relay carry signed duties to the chain. One frame each way, length-prefixed dag-cbor:
 *
 *   tab → relay   request: chain, study and the encoded calls
 *   relay → tab   answer: the hash of the transaction that carries them, once it is sent, or a refusal
 *
 * The relay pays and the study's gas pot pays it back. Duties are signed by the hospital, so the relay can change none; what it
 * answers is its word only, and the tab looks at its own RPC.
 */
export const carrierProtocol = '/wardround/duty/1'
/**
 * Bytes are of a request's calls together. A request with a proof holds no other call: with it the transaction comes close to
 * the 128 kiB that nodes pass on.
 */
export const carryLimits = { calls: 8, bytes: 32 * 1024, proofBytes: 126 * 1024 } as const
/** Beside the calls: addresses, keys and lengths. */
const frameOverhead = 1024

/** Why a relay does not carry something. */
export const carryRefusals = {
  unpaid: 'the study’s gas pot cannot pay for it',
  refused: 'the contract would refuse it',
  busy: 'the relay is busy',
  off: 'the relay carries nothing',
  malformed: 'the relay does not carry such calls',
  notEnrolled: 'the relay does not know this hospital as a member of the study',
} as const
export type CarryRefusal = keyof typeof carryRefusals

/** What is to be carried. */
export interface CarryRequest {
  readonly chainId: number
  readonly study: Address
  /** Encoded calls of the study, each complete with its signature; carried in one transaction or not at all. */
  readonly calls: readonly Hex[]
}

const hex = (pattern: RegExp) => z.custom<Hex>(value => typeof value === 'string' && pattern.test(value))
const requestSchema = z.object({
  version: z.literal(1),
  chainId: z.number().int().positive(),
  study: hex(/^0x[0-9a-fA-F]{40}$/),
  calls: z.array(z.instanceof(Uint8Array)).min(1).max(carryLimits.calls),
})
const answerSchema = z.union([
  z.object({ hash: hex(/^0x[0-9a-f]{64}$/) }),
  z.object({
    refused: z.string().max(40),
    /** With refused: what the contract answered. */
    data: hex(/^0x[0-9a-f]{0,2048}$/).optional(),
  }),
])

export type CarryAnswer = { readonly hash: Hex } | { readonly refused: CarryRefusal; readonly data?: Hex | undefined }

/** One end of a carrier stream. */
export class CarrierStream {
  readonly #frames: LengthPrefixedStream<Stream>
  readonly #signal: AbortSignal

  constructor(stream: Stream, signal: AbortSignal) {
    const maxDataLength = carryLimits.proofBytes + frameOverhead
    this.#frames = lpStream(stream, { maxDataLength, maxBufferSize: 2 * maxDataLength })
    this.#signal = signal
  }

  /** @throws whatever decoding throws where it is no request */
  async readRequest(): Promise<CarryRequest> {
    const { chainId, study, calls } = requestSchema.parse(await this.#read())
    return { chainId, study: study.toLowerCase() as Address, calls: calls.map(call => bytesToHex(call)) }
  }

  writeRequest({ chainId, study, calls }: CarryRequest): Promise<void> {
    return this.#write({ version: 1, chainId, study, calls: calls.map(call => hexToBytes(call)) })
  }

  async readAnswer(): Promise<z.infer<typeof answerSchema>> {
    return answerSchema.parse(await this.#read())
  }

  writeAnswer(answer: CarryAnswer): Promise<void> {
    const { hash, refused, data } = answer as { hash?: Hex; refused?: CarryRefusal; data?: Hex }
    return this.#write(hash === undefined ? { refused, ...(data !== undefined && { data }) } : { hash })
  }

  async #read(): Promise<unknown> {
    return decode((await this.#frames.read({ signal: this.#signal })).subarray())
  }

  async #write(value: unknown): Promise<void> {
    await this.#frames.write(encode(value), { signal: this.#signal })
  }
}

/**
 * Asks one relay to carry calls.
 * @returns the transaction's hash, by the relay's word
 * @throws AppError storage.notCarried with details.refusal, and details.data where the contract would refuse it; whatever
 * libp2p throws when the connection fails
 */
export async function askCarrier(connection: Connection, request: CarryRequest, signal: AbortSignal): Promise<Hex> {
  const stream = await connection.newStream(carrierProtocol, { signal })
  try {
    const carrier = new CarrierStream(stream, signal)
    await carrier.writeRequest(request)
    const answer = await carrier.readAnswer()
    await stream.close({ signal })
    if ('hash' in answer) return answer.hash
    throw notCarried(answer.refused, answer.data)
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

/** The error for a refusal, also for one that this version does not know. */
export function notCarried(refusal: string, data?: Hex, cause?: unknown): AppError {
  const reason = refusal in carryRefusals ? carryRefusals[refusal as CarryRefusal] : 'no relay answers'
  return new AppError('storage.notCarried', { reason, refusal, ...(data !== undefined && { data }) }, cause)
}
