import { createPublicClient, decodeEventLog, type Log, parseAbi, toEventSelector } from 'viem'
import { rpcTransport } from '../src/chain/clients.ts'
import { manifestDigest } from '../src/crypto/cid.ts'
import { pauseFor } from '../src/storage/pauseFor.ts'
import type { AnnouncedKind, Announcements, Batch, Checkpoint, Fact, RecordedFact, Resume } from './facts.ts'

/** What a relay reads. */
export interface Contracts {
  /** The preferred one first; the others are asked where it does not answer. */
  readonly rpcUrls: readonly string[]
  readonly factory: `0x${string}`
  readonly registry: `0x${string}`
  /** Where the contracts were deployed: nothing older is read. */
  readonly block: number
}

export interface WatchOptions {
  /** Milliseconds between looks at the head. */
  readonly every?: number
  /** Blocks asked for at a time; public nodes refuse more. */
  readonly chunk?: number
  readonly log?: (message: string, details?: Record<string, unknown>) => void
}

/** The events of contracts/src/interfaces that say what to keep and for whom. */
export const events = parseAbi([
  'struct Keys { bytes32 dutyX; bytes32 dutyY; bytes encryptionKey; bytes peerId; }',
  'struct Signature { bytes32 r; bytes32 s; }',
  'event StudyCreated(address indexed study, address indexed sponsor, bytes32 rulesHash)',
  'event HospitalEnrolled(address indexed study, address indexed hospital, Keys keys)',
  'event HospitalSuspended(address indexed hospital, string reason, address indexed issuer)',
  'event HospitalReinstated(address indexed hospital, address indexed issuer)',
  'event StudyInitialized(address indexed sponsor, string modelURI, uint16 rounds, uint256 deposit)',
  'event UpdateSubmitted(uint16 indexed round, address indexed hospital, bytes32 update, bytes32 commitment)',
  'event ScoresRevealed(uint16 indexed round, address indexed hospital, int16[] scores, bytes32 rewraps)',
  'event MasksPosted(uint16 indexed round, address indexed hospital, bytes32 masks)',
  'event ProductsPosted(uint16 indexed round, address indexed hospital, bytes32 products)',
  'event SharesOpened(uint16 indexed round, address indexed hospital, bytes32 shares)',
  'event ModelSigned(uint16 indexed round, address indexed hospital, bytes32 modelHash, bytes32 header, Signature signature)',
  'event ModelFinalised(uint16 indexed round, bytes32 modelHash, bytes32 header, uint8 seats)',
  'event StudyEnded(uint8 reason)',
])
/** Blocks read again each time: a public RPC's nodes may know a block before its logs. Known facts are no news. */
const overlap = 5
const topics = events.flatMap(item => (item.type === 'event' ? [toEventSelector(item)] : []))

/**
 * Reads the contracts' events by cursor: no filters or subscriptions, which restarted nodes forget. Only logs of the given
 * factory and registry, and of studies that this factory made, are looked at.
 */
export function watchChain(deployment: Contracts, options: WatchOptions = {}): Announcements {
  const { every = 1_000, chunk = 500, log = () => {} } = options
  return {
    async *watch(resume, signal) {
      const reader = new ChainReader(deployment, resume, chunk)
      for (let failures = 0; !signal.aborted; ) {
        try {
          const batch = await reader.next()
          failures = 0
          if (batch !== undefined) {
            yield batch
            continue
          }
          await pauseFor(every, signal)
        } catch (error) {
          // 429s, timeouts, a node that restarts: later, less often.
          failures++
          log('the chain does not answer', { error: String(error).split('\n')[0], failures })
          await pauseFor(Math.min(every * 2 ** Math.min(failures, 5), 15_000), signal)
        }
      }
    },
  }
}

class ChainReader {
  readonly #client
  readonly #factory: string
  readonly #registry: string
  readonly #first: number
  readonly #chunk: number
  readonly #studies: Map<string, number>
  #checkpoints: Checkpoint[]

  constructor(deployment: Contracts, resume: Resume, chunk: number) {
    // Each request is asked again a few times (429s come at random); what fails for longer starts over at the cursor.
    this.#client = createPublicClient({ transport: rpcTransport(deployment.rpcUrls) })
    this.#factory = deployment.factory.toLowerCase()
    this.#registry = deployment.registry.toLowerCase()
    this.#first = deployment.block
    this.#chunk = chunk
    this.#studies = new Map(resume.studies)
    this.#checkpoints = [...resume.checkpoints]
  }

  /** What follows the cursor; undefined where nothing does. */
  async next(): Promise<Batch | undefined> {
    const last = this.#checkpoints.at(-1)
    const head = await this.#client.getBlock({ includeTransactions: false })
    if (last !== undefined && head.hash === last.hash) return undefined
    // Mostly the head is the next block; else whether the chain turned below the cursor takes a look of its own.
    if (last !== undefined && head.parentHash !== last.hash && (await this.#hashAt(last.block)) !== last.hash) {
      return this.#rollBack()
    }
    const from = last === undefined ? this.#first : last.block + 1
    if (Number(head.number) < from) return undefined
    const to = Math.min(Number(head.number), from + this.#chunk - 1 - overlap)
    // The hash is read before the logs: if the chain turns in between, the next look finds another hash and reads again.
    const hash = to === Number(head.number) ? head.hash : await this.#hashAt(to)
    if (hash === undefined || hash === null) return undefined
    const facts = await this.#facts(Math.max(this.#first, from - overlap), to)
    const checkpoint = { block: to, hash }
    this.#checkpoints = [...this.#checkpoints, checkpoint].slice(-64)
    return { facts, checkpoint }
  }

  async #rollBack(): Promise<Batch> {
    while (true) {
      const last = this.#checkpoints.at(-1)
      if (last !== undefined && (await this.#hashAt(last.block)) !== last.hash) {
        this.#checkpoints.pop()
        continue
      }
      const rollbackTo = last?.block ?? this.#first - 1
      for (const [study, block] of this.#studies) if (block > rollbackTo) this.#studies.delete(study)
      return { rollbackTo, facts: [] }
    }
  }

  async #hashAt(block: number): Promise<string | undefined> {
    try {
      return (await this.#client.getBlock({ blockNumber: BigInt(block), includeTransactions: false })).hash ?? undefined
    } catch (error) {
      if (error instanceof Error && error.name === 'BlockNotFoundError') return undefined
      throw error
    }
  }

  async #facts(from: number, to: number): Promise<RecordedFact[]> {
    const seen = Date.now()
    const base = await this.#logs([this.#factory, this.#registry], from, to)
    for (const entry of base) {
      const [fact] = this.#read(entry)
      if (fact?.type === 'study') this.#studies.set(fact.study, Number(entry.blockNumber))
    }
    const studies = [...this.#studies.keys()]
    const rest = studies.length === 0 ? [] : await this.#logs(studies, from, to)
    return [...base, ...rest]
      .sort((a, b) => Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex))
      .flatMap(entry =>
        this.#read(entry).map(fact => ({
          block: Number(entry.blockNumber),
          index: Number(entry.logIndex),
          seen,
          fact,
        })),
      )
  }

  #logs(address: string[], from: number, to: number): Promise<Log<bigint, number, false>[]> {
    return this.#client.request({
      method: 'eth_getLogs',
      params: [
        {
          address: address as `0x${string}`[],
          fromBlock: `0x${from.toString(16)}`,
          toBlock: `0x${to.toString(16)}`,
          topics: [topics],
        },
      ],
    }) as unknown as Promise<Log<bigint, number, false>[]>
  }

  /** The facts that a log states; none where it is not from the contract that may state them. */
  #read(entry: Log<bigint, number, false>): Fact[] {
    const from = entry.address.toLowerCase()
    let event: ReturnType<typeof decodeEventLog<typeof events>>
    try {
      event = decodeEventLog({ abi: events, data: entry.data, topics: entry.topics })
    } catch {
      // Not ours: the same topic over another layout.
      return []
    }
    if (from === this.#factory) {
      return event.eventName === 'StudyCreated' ? [{ type: 'study', study: event.args.study.toLowerCase() }] : []
    }
    if (from === this.#registry) {
      switch (event.eventName) {
        case 'HospitalEnrolled': {
          const study = event.args.study.toLowerCase()
          // Anybody may enrol under an address of their own; only the factory's studies check stake and accreditation.
          if (!this.#studies.has(study)) return []
          const hospital = event.args.hospital.toLowerCase()
          return [{ type: 'enrolled', study, hospital, peer: bare(event.args.keys.peerId) }]
        }
        case 'HospitalSuspended':
          return [{ type: 'suspended', hospital: event.args.hospital.toLowerCase() }]
        case 'HospitalReinstated':
          return [{ type: 'reinstated', hospital: event.args.hospital.toLowerCase() }]
        default:
          return []
      }
    }
    if (!this.#studies.has(from)) return []
    switch (event.eventName) {
      case 'StudyInitialized': {
        const digest = manifestDigest(event.args.modelURI)
        return digest === undefined ? [] : [{ type: 'manifest', study: from, digest: bare(digest) }]
      }
      case 'UpdateSubmitted':
        return blobFact(from, event.args.round, 'update', event.args.update)
      case 'ScoresRevealed':
        return blobFact(from, event.args.round, 'rewraps', event.args.rewraps)
      case 'MasksPosted':
        return blobFact(from, event.args.round, 'masks', event.args.masks)
      case 'ProductsPosted':
        return blobFact(from, event.args.round, 'products', event.args.products)
      case 'SharesOpened':
        return blobFact(from, event.args.round, 'shares', event.args.shares)
      case 'ModelSigned':
        return blobFact(from, event.args.round, 'model', event.args.header)
      case 'ModelFinalised':
        return [{ type: 'finalised', study: from, round: event.args.round }]
      case 'StudyEnded':
        return [{ type: 'ended', study: from }]
      default:
        return []
    }
  }
}

function blobFact(study: string, round: number, kind: AnnouncedKind, digest: string): Fact[] {
  const bareDigest = bare(digest)
  return /^0+$/.test(bareDigest) ? [] : [{ type: 'blob', study, round, kind, digest: bareDigest }]
}

function bare(hex: string): string {
  return hex.slice(2).toLowerCase()
}
