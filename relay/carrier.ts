import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { isAppError } from '../src/errors/AppError.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import { keyOf } from '../src/storage/blocks.ts'
import {
  CarrierStream,
  type CarryAnswer,
  type CarryRequest,
  carrierProtocol,
  carryLimits,
} from '../src/storage/carrier.ts'
import type { Address, Hex } from '../src/study/types.ts'
import type { CarrierChain } from './carrierChain.ts'
import type { Ledger } from './ledger.ts'
import type { Log } from './relay.ts'

export interface CarrierServer {
  close(): Promise<void>
}

/** How much one peer may ask for, and how duties are put together. */
export interface CarrierLimits {
  /** Requests that a peer may make at once, and how many a second it gets back. */
  readonly burst: number
  readonly perSecond: number
  /** Requests that wait, of all peers. */
  readonly waiting: number
  /** Milliseconds that a request waits for others of its study, to share a transaction. */
  readonly gather: number
  /** Calls in one transaction. */
  readonly batch: number
}

export const defaultCarrierLimits: CarrierLimits = { burst: 16, perSecond: 0.5, waiting: 64, gather: 150, batch: 24 }

/** Percent of the cost that must come back: the pot counts the gas to within some hundred. */
const tolerated = 98n
/** Milliseconds that a request may take to arrive, a proof over a slow line say, and an answer to leave. */
const timeouts = { request: 15_000, answer: 5_000 } as const

interface CarrierParts {
  readonly libp2p: Libp2p
  readonly ledger: Ledger
  /** Peer ids, as hexadecimal multihashes, that may ask without being enrolled. */
  readonly operators: ReadonlySet<string>
  /** Without one, every request is answered with “off”. */
  readonly chain: CarrierChain | undefined
  readonly limits: CarrierLimits
  readonly log: Log
}

/** A request that waits for its transaction. */
interface Job {
  readonly owner: string
  readonly calls: readonly Hex[]
  /** false once nobody waits for the answer: it may be carried by somebody else by now. */
  readonly isWanted: () => boolean
  readonly answer: (answer: CarryAnswer) => void
}

/**
 * Carries what members of a study have signed, and is paid by the study's gas pot. A request is refused where
 * - the peer is no unsuspended member of that study, and no operator; or the study is none of the factory's,
 * - it holds anything but calls that the gas pot pays for, or more of them than fit,
 * - a call would be refused by the study as things stand in the pending block,
 * - the pot does not hold what carrying costs,
 * - the peer asks too often, or caused a transaction that failed.
 *
 * What comes within a moment for one study goes out together; transactions follow each other, so that nonces never collide.
 */
export async function serveCarrier(parts: CarrierParts): Promise<CarrierServer> {
  const { chain, ledger, limits, log } = parts
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  const allowances = new Map<string, { left: number; at: number }>()
  const gathering = new Map<Address, Job[]>()
  let waiting = 0
  let lane: Promise<void> = Promise.resolve()

  /** A bucket that fills again by the second. */
  function mayAsk(owner: string): boolean {
    const now = Date.now()
    const { left, at } = allowances.get(owner) ?? { left: limits.burst, at: now }
    const filled = Math.min(limits.burst, left + ((now - at) / 1000) * limits.perSecond)
    allowances.set(owner, { left: filled < 1 ? filled : filled - 1, at: now })
    // Strangers come under ever new names: those that have asked for nothing lately are forgotten.
    for (const [other, bucket] of allowances) {
      if (allowances.size <= 1000) break
      if (now - bucket.at > (limits.burst / limits.perSecond) * 1000) allowances.delete(other)
    }
    return filled >= 1
  }

  async function receive(stream: Stream, connection: Connection): Promise<void> {
    const carrier = new CarrierStream(stream, AbortSignal.any([closing.signal, timeLimit(timeouts.request)]))
    const owner = keyOf(connection.remotePeer.toMultihash().bytes)
    const answer = await answerTo(carrier, owner, () => stream.status === 'open' && !closing.signal.aborted)
    if ('refused' in answer) log('not carried', { refused: answer.refused, owner })
    const out = new CarrierStream(stream, timeLimit(timeouts.answer))
    await out.writeAnswer(answer)
    await stream.close()
  }

  async function answerTo(carrier: CarrierStream, owner: string, isWanted: () => boolean): Promise<CarryAnswer> {
    if (!mayAsk(owner)) return { refused: 'busy' }
    let request: CarryRequest
    try {
      request = await carrier.readRequest()
    } catch (error) {
      log('a request cannot be read', { owner, error: String(error) })
      return { refused: 'malformed' }
    }
    if (chain === undefined) return { refused: 'off' }
    if (request.chainId !== chain.chainId || !areDuties(request.calls, chain)) return { refused: 'malformed' }
    const { study } = request
    const isKnown = parts.operators.has(owner) || ledger.isMember(owner, study, Date.now())
    if (!ledger.hasStudy(study) || !isKnown) return { refused: 'notEnrolled' }
    if (waiting >= limits.waiting) return { refused: 'busy' }
    return await new Promise(resolve => gather(study, { owner, calls: request.calls, isWanted, answer: resolve }))
  }

  function gather(study: Address, job: Job): void {
    waiting++
    const others = gathering.get(study)
    if (others !== undefined) {
      others.push(job)
      return
    }
    const jobs = [job]
    gathering.set(study, jobs)
    setTimeout(() => {
      gathering.delete(study)
      lane = lane.then(() => carryAll(study, jobs))
    }, limits.gather)
  }

  async function carryAll(study: Address, jobs: readonly Job[]): Promise<void> {
    if (chain === undefined) return
    try {
      const sound: Job[] = []
      for (const job of jobs) {
        if (closing.signal.aborted || !job.isWanted()) continue
        const data = await firstRefusal(chain, study, job.calls)
        if (data === undefined) sound.push(job)
        else job.answer({ refused: 'refused', data })
      }
      for (const batch of inBatches(sound, limits.batch, chain)) await carryTogether(chain, study, batch)
    } catch (error) {
      log('carrying failed', { study, error: String(error).split('\n')[0] })
    } finally {
      waiting -= jobs.length
      // Whoever has had its answer takes no second.
      for (const job of jobs) job.answer({ refused: 'busy' })
    }
  }

  /** Calls that work one by one may not work together: then each request goes alone, as far as it still works. */
  async function carryTogether(chain: CarrierChain, study: Address, jobs: readonly Job[]): Promise<void> {
    // Several hospitals may ask for the same, an overdue advance say.
    const calls = [...new Set(jobs.flatMap(job => job.calls))]
    let isPaid: boolean
    try {
      isPaid = await chain.isPaid(study, calls)
    } catch (error) {
      if (jobs.length === 1) throw error
      for (const job of jobs) await carryAll(study, [again(job)])
      return
    }
    if (!isPaid) {
      for (const job of jobs) job.answer({ refused: 'unpaid' })
      return
    }
    try {
      const { refund, cost } = await chain.carry(study, calls, hash => {
        for (const job of jobs) job.answer({ hash })
      })
      log(refund * 100n < cost * tolerated ? 'carried at a loss' : 'carried', {
        study,
        calls: calls.length,
        // JSON knows no bigints.
        refundWei: String(refund),
        costWei: String(cost),
      })
    } catch (error) {
      if (!isAppError(error, 'chain.reverted')) throw error
      // Somebody was faster, and the pot pays for no second time: who asks for such has to wait.
      for (const { owner } of jobs) allowances.set(owner, { left: 0, at: Date.now() })
      log('carried in vain', { study, calls: calls.length, error: error.message })
    }
  }

  /** The same request once more in the count of those that wait. */
  function again(job: Job): Job {
    waiting++
    return job
  }

  await parts.libp2p.handle(
    carrierProtocol,
    (stream, connection) => {
      const task = receive(stream, connection)
        .catch(error => {
          log('carrying for a peer failed', { peer: connection.remotePeer.toString(), error: String(error) })
          stream.abort(error instanceof Error ? error : new Error(String(error)))
        })
        .finally(() => running.delete(task))
      running.add(task)
    },
    { maxInboundStreams: 4 },
  )

  return {
    async close() {
      closing.abort(new Error('the relay stops'))
      await parts.libp2p.unhandle(carrierProtocol)
      await lane
      await Promise.all(running)
    },
  }
}

async function firstRefusal(chain: CarrierChain, study: Address, calls: readonly Hex[]): Promise<Hex | undefined> {
  for (const call of calls) {
    const data = await chain.refusal(study, call)
    if (data !== undefined) return data
  }
  return undefined
}

function areDuties(calls: readonly Hex[], chain: CarrierChain): boolean {
  const bytes = calls.reduce((sum, call) => sum + (call.length - 2) / 2, 0)
  if (bytes > (isProof(calls, chain) ? carryLimits.proofBytes : carryLimits.bytes)) return false
  return calls.every(call => chain.selectors.has(selectorOf(call)))
}

/** Whether a request is a proof alone. */
function isProof(calls: readonly Hex[], { proving }: CarrierChain): boolean {
  const [call, ...others] = calls
  return call !== undefined && others.length === 0 && selectorOf(call) === proving
}

function selectorOf(call: Hex): string {
  return call.slice(0, 10).toLowerCase()
}

/** Splits so that no batch has more calls than that, unless one request alone has. A proof fills a transaction by itself. */
function inBatches(jobs: readonly Job[], most: number, chain: CarrierChain): Job[][] {
  const batches: Job[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const job of jobs.filter(({ calls }) => !isProof(calls, chain))) {
    size += job.calls.length
    if (size > most) {
      batches.push([])
      size = job.calls.length
    }
    batches.at(-1)?.push(job)
  }
  return [...batches, ...jobs.filter(({ calls }) => isProof(calls, chain)).map(job => [job])]
}
