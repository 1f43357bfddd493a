import { encodeFunctionData } from 'viem'
import { bytesToHex, hexToBytes } from 'viem/utils'
import type { FrozenHospital } from '../aggregation/masking/freeze.ts'
import { AppError } from '../errors/AppError.ts'
import { frozenSet, memberIndex, seatOf } from '../rounds/duties.ts'
import {
  type ChainPort,
  type Member,
  type MemberKeys,
  Phase,
  type StudySnapshot,
  type WriteOptions,
} from '../rounds/ports.ts'
import { has, hasSeat } from '../rounds/sets.ts'
import { pauseFor } from '../storage/pauseFor.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import { createCarriage, type DutyCarrier, hasEvent } from './carriage.ts'
import { type ChainClient, DEV_CHAIN_ID, publicClientFor } from './clients.ts'
import type { Deployment } from './deployment.ts'
import { hospitalRegistryAbi, studyAbi } from './generated/abi.ts'
import { encodeVeto } from './hospital.ts'
import { vetoesOf } from './reads.ts'
import { toAppError } from './reverts.ts'
import { createStudyEvents } from './studyEvents.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

export interface StudyChainOptions extends ChainAccess {
  readonly study: Address
  /** A block at or before the study's creation, to spare reading the events before it. Default: the deployment's. */
  readonly fromBlock?: bigint
  /** Milliseconds between reads of the snapshot. Default 1000, as blocks of the dev chain. */
  readonly pollInterval?: number
  /** Told when the chain stops answering, and with null when it answers again. */
  readonly onTrouble?: (trouble: AppError | null) => void
  /** Brings to the chain what this hospital has signed, in place of its wallet. Without one the wallet is asked each time. */
  readonly carrier?: DutyCarrier
  /** Milliseconds until the wallet is asked after all. Default two blocks, at least 6,000. */
  readonly carryPatience?: number
  /** Told once for each duty who brought it to the chain. */
  readonly onCarried?: (name: string, by: 'relay' | 'wallet') => void
}

/** Slowest pace of asking a chain that does not answer, in milliseconds. */
const LONGEST_BACKOFF = 15_000
/**
 * Beyond the estimate: closing a phase, which the last to act pays for. With 40 members the dearest (the last signature,
 * which settles the round) took 2.1M more than the others.
 */
const closingGas = (members: number) => 400_000n + 80_000n * BigInt(members)
const MAX_MEMBERS = 64
/** Milliseconds between looks for a duty that a relay carries, at most: a person waits for it. */
const SLOWEST_LOOK = 1_000
/** Blocks before a duty began in which an earlier try of this tab may have been mined. */
const LOOK_BACK = 20n
const NONE: Hex = `0x${'0'.repeat(64)}`

/**
 * A study on the chain for one hospital: what the round runner reads and does. The wallet's account is the hospital.
 * @throws AppError from the port's methods: those of sendCall; chain.unreachable from reads
 */
export function createStudyChain(options: StudyChainOptions): ChainPort {
  const { deployment, study, publicClient, walletClient } = options
  const pollInterval = options.pollInterval ?? 1000
  const self = walletClient.account.address
  const url = deployment.rpcUrls[0] ?? ''
  const events = createStudyEvents(publicClient, study, options.fromBlock ?? BigInt(deployment.block))
  const nodes = nodesOf(deployment)
  const keysByMember = new Map<string, Promise<MemberKeys>>()
  const bring = createCarriage({
    publicClient,
    chainId: deployment.chainId,
    study,
    carrier: options.carrier,
    patience: options.carryPatience,
    pollInterval: Math.min(pollInterval, SLOWEST_LOOK),
    onCarried: options.onCarried,
  })
  let memberList: readonly Address[] = []
  let latest: StudySnapshot | undefined

  async function readSnapshot(): Promise<StudySnapshot> {
    const snapshot = await publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' })
    memberList = snapshot.members
    latest = snapshot as StudySnapshot
    return latest
  }

  async function* snapshots(signal: AbortSignal): AsyncGenerator<StudySnapshot, void, void> {
    let last: StudySnapshot | undefined
    let failures = 0
    while (!signal.aborted) {
      try {
        const snapshot = await readSnapshot()
        if (failures > 0) options.onTrouble?.(null)
        failures = 0
        if (last === undefined || fingerprint(last) !== fingerprint(snapshot)) {
          last = snapshot
          yield snapshot
        }
      } catch (error) {
        const trouble = toAppError(error, url)
        // Nothing but a missing contract refuses this read; before the first answer that is a wrong address.
        if (trouble.code === 'chain.reverted' && last === undefined) throw trouble
        failures++
        options.onTrouble?.(trouble)
      }
      await pauseFor(
        Math.min(pollInterval * 2 ** Math.min(failures, 10), Math.max(LONGEST_BACKOFF, pollInterval)),
        signal,
      )
    }
  }

  async function keysOf(address: Address): Promise<MemberKeys> {
    const key = address.toLowerCase()
    let keys = keysByMember.get(key)
    if (keys === undefined) {
      keys = publicClient
        .readContract({
          address: deployment.registry,
          abi: hospitalRegistryAbi,
          functionName: 'keysOf',
          args: [study, address],
        })
        .then(({ dutyX, dutyY, encryptionKey }) => ({
          duty: { x: dutyX, y: dutyY },
          encryption: hexToBytes(encryptionKey),
        }))
      keysByMember.set(key, keys)
      keys.then(
        // Not (or no longer) enrolled: ask again next time.
        ({ encryption }) => encryption.length === 0 && keysByMember.delete(key),
        () => keysByMember.delete(key),
      )
    }
    return keys
  }

  async function members(addresses: readonly Address[]): Promise<readonly Member[]> {
    const indexOf = (address: Address) => memberList.findIndex(member => sameAddress(member, address))
    if (addresses.some(address => indexOf(address) < 0)) await readSnapshot()
    return Promise.all(
      addresses.map(async address => {
        const index = indexOf(address)
        if (index < 0) throw new AppError('chain.reverted', { reason: `${address} is not a member of the study.` })
        return { index, address, keys: await keysOf(address) }
      }),
    )
  }

  /** The frozen set as each node has it in its last final block. */
  async function finalSets(round: number): Promise<FrozenHospital[][]> {
    const views = await Promise.all(
      nodes.map(async node => {
        const at = { address: study, abi: studyAbi, functionName: 'snapshot', blockTag: 'finalized' } as const
        const snapshot = (await node.readContract(at)) as StudySnapshot
        return snapshot.round === round && snapshot.phase === Phase.Unmask ? frozenSet(snapshot) : null
      }),
    )
    return views.every(view => view !== null) ? views : []
  }

  async function reading<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw toAppError(error, url)
    }
  }

  async function write(name: string, data: Hex, signal: AbortSignal | undefined, isResumed = true): Promise<void> {
    await sendCall(options, {
      name,
      to: study,
      data,
      headroom: closingGas(memberList.length || MAX_MEMBERS),
      isResumed,
      ...(signal && { signal }),
    })
  }

  /** Brings what anybody may bring, unless it is done: a first look also notes where things are before anything is sent. */
  async function deliver(
    name: string,
    data: Hex,
    isDone: () => Promise<boolean>,
    { signal }: WriteOptions = {},
  ): Promise<void> {
    if (options.carrier !== undefined && (await reading(isDone))) return
    await bring({ name, data, isDone, send: () => write(name, data, signal), ...(signal && { signal }) })
  }

  /** What this hospital signed, where an event says that it is done. */
  function carry(
    name: Parameters<typeof hasEvent>[3]['name'],
    about: { readonly round: number; readonly vetoed?: boolean },
    data: Hex,
    writing?: WriteOptions,
  ): Promise<void> {
    let since: bigint | undefined
    const isDone = async () => {
      if (since === undefined) {
        const head = await publicClient.getBlockNumber({ cacheTime: 0 })
        since = head > LOOK_BACK ? head - LOOK_BACK : 0n
      }
      return hasEvent(publicClient, study, since, { name, hospital: self, ...about })
    }
    return deliver(name, data, isDone, writing)
  }

  /**
   * What a phase asks for: done is what the snapshot shows done, and what it no longer asks for. An event would be ambiguous for what
   * a seat may owe twice in a round.
   */
  function answer(
    name: string,
    isDoneIn: (snapshot: StudySnapshot, me: number) => boolean,
    data: Hex,
    writing?: WriteOptions,
  ): Promise<void> {
    let before: StudySnapshot | undefined
    const isDone = async () => {
      const now = await readSnapshot()
      // What was read last may be of the phase before.
      before ??= now
      const me = memberIndex(now, { self })
      return step(now) !== step(before) || (me !== null && isDoneIn(now, me))
    }
    return deliver(name, data, isDone, writing)
  }

  return {
    ref: { deployment: deployment.deploymentId, chainId: deployment.chainId, study },
    self,
    snapshots,
    members: addresses => reading(() => members(addresses)),

    commitments: (round, addresses) =>
      reading(async () => {
        const logs = await events.read()
        return addresses.map(address => {
          const log = logs.find(
            ({ eventName, args }) =>
              eventName === 'UpdateSubmitted' && args.round === round && sameAddress(args.hospital, address),
          )
          return log?.eventName === 'UpdateSubmitted' ? log.args.commitment : null
        })
      }),

    rewraps: round =>
      reading(async () =>
        (await events.read()).flatMap(({ eventName, args }) =>
          eventName === 'ScoresRevealed' && args.round === round && args.rewraps !== NONE
            ? [{ hospital: args.hospital, digest: args.rewraps }]
            : [],
        ),
      ),

    modelHeaders: (round, modelHash) =>
      reading(async () =>
        (await events.read()).flatMap(({ eventName, args }) =>
          eventName === 'ModelSigned' && args.round === round && args.modelHash === modelHash.toLowerCase()
            ? [{ hospital: args.hospital, digest: args.header }]
            : [],
        ),
      ),

    traces: (round, addresses) =>
      reading(async () => {
        const logs = await events.read()
        return addresses.map(address => {
          const log = logs.find(
            ({ eventName, args }) =>
              eventName === 'TraceCommitted' && args.round === round && sameAddress(args.hospital, address),
          )
          return log?.eventName === 'TraceCommitted' ? { trace: log.args.trace } : null
        })
      }),

    answers: round =>
      reading(async () =>
        (await events.read()).flatMap(({ eventName, args }) =>
          eventName === 'AuditAnswered' && args.round === round
            ? [{ hospital: args.hospital, phi: args.phi, products: args.products }]
            : [],
        ),
      ),

    prepare: ({ data, signature }, options) =>
      deliver(
        'prepare',
        encodeFunctionData({ abi: studyAbi, functionName: 'prepare', args: [self, data, signature] }),
        async () => {
          const now = await readSnapshot()
          const me = memberIndex(now, { self })
          return me !== null && has(now.prepared, me)
        },
        options,
      ),

    submitUpdate: (update, options) => {
      const { name, data } = submission(update)
      return write(name, data, options?.signal)
    },

    reveal: ({ round, secret }, options) =>
      answer(
        'reveal',
        ({ unsealed }, me) => has(unsealed, me),
        encodeFunctionData({ abi: studyAbi, functionName: 'reveal', args: [self, round, secret] }),
        options,
      ),

    prove: ({ round, answer: given, proof }, options) =>
      answer(
        'prove',
        ({ cleared, failed }, me) => has(cleared | failed, me),
        encodeFunctionData({ abi: studyAbi, functionName: 'prove', args: [self, round, given, bytesToHex(proof)] }),
        options,
      ),

    attest: ({ round, opened, scoreCommitment, signature }, options) =>
      carry(
        'attest',
        { round },
        encodeFunctionData({
          abi: studyAbi,
          functionName: 'attest',
          args: [self, round, opened, scoreCommitment, signature],
        }),
        options,
      ),

    submitScore: ({ round, scores, salt, rewraps, signature }, options) =>
      carry(
        'submitScore',
        { round },
        encodeFunctionData({
          abi: studyAbi,
          functionName: 'submitScore',
          args: [self, round, scores, salt, rewraps, signature],
        }),
        options,
      ),

    signModel: ({ round, modelHash, header, scores, signature }, options) =>
      answer(
        scores === undefined ? 'signModel' : 'signScored',
        seatDid(({ signed }) => signed),
        scores === undefined
          ? encodeFunctionData({
              abi: studyAbi,
              functionName: 'signModel',
              args: [self, round, modelHash, header, signature],
            })
          : encodeFunctionData({
              abi: studyAbi,
              functionName: 'signScored',
              args: [self, round, modelHash, header, scores, signature],
            }),
        options,
      ),

    frozenSets: round => reading(() => finalSets(round)),

    postMasks: ({ round, masks, signature }, options) =>
      answer(
        'postMasks',
        seatDid(({ revealed }) => revealed),
        encodeFunctionData({ abi: studyAbi, functionName: 'postMasks', args: [self, round, masks, signature] }),
        options,
      ),

    postProducts: ({ round, products, signature }, options) =>
      answer(
        'postProducts',
        seatDid(({ answered }) => answered),
        encodeFunctionData({ abi: studyAbi, functionName: 'postProducts', args: [self, round, products, signature] }),
        options,
      ),

    openShares: ({ round, shares, signature }, options) =>
      answer(
        'openShares',
        seatDid(({ shared }) => shared),
        encodeFunctionData({ abi: studyAbi, functionName: 'openShares', args: [self, round, shares, signature] }),
        options,
      ),

    accuse: ({ round, members, signature }, options) =>
      answer(
        'accuse',
        seatDid(({ signed }) => signed),
        encodeFunctionData({ abi: studyAbi, functionName: 'accuse', args: [self, round, members, signature] }),
        options,
      ),

    async vetoRound({ round, vetoed, signature }, writing) {
      // By the contract's state, not by recent events: a word given long ago stands, and the contract refuses it twice.
      const [me] = await members([self])
      const [standing] = await vetoesOf(options, study, [round])
      if (me !== undefined && has(standing ?? 0n, me.index) === vetoed) return
      await carry('vetoRound', { round, vetoed }, encodeVeto({ hospital: self, round, vetoed, signature }), writing)
    },

    advance: ({ signal } = {}) => {
      const before = latest
      const data = encodeFunctionData({ abi: studyAbi, functionName: 'advance' })
      return bring({
        name: 'advance',
        data,
        // Whoever moved it on.
        isDone: async () => before !== undefined && step(await readSnapshot()) !== step(before),
        send: () => write('advance', data, signal, false),
        ...(signal && { signal }),
      })
    },
  }
}

/**
 * A client for each of the chain's nodes. A dev chain has one, which then answers for two; elsewhere one alone is never enough, see
 * recordPost.
 */
function nodesOf({ chainId, rpcUrls }: Deployment): ChainClient[] {
  const urls = rpcUrls.length === 1 && chainId === DEV_CHAIN_ID ? [rpcUrls[0] as string, rpcUrls[0] as string] : rpcUrls
  return urls.map(url => publicClientFor({ chainId, rpcUrls: [url] }))
}

/** The call that submits an update, by the kind of the study. */
function submission({ round, update, commitment, patientWeight, proven }: Parameters<ChainPort['submitUpdate']>[0]): {
  readonly name: string
  readonly data: Hex
} {
  const abi = studyAbi
  if (proven !== undefined) {
    const args = [round, update, commitment, patientWeight ?? 0, proven.trace, proven.promise] as const
    return { name: 'submitProven', data: encodeFunctionData({ abi, functionName: 'submitProven', args }) }
  }
  if (patientWeight === undefined) {
    const args = [round, update, commitment] as const
    return { name: 'submitUpdate', data: encodeFunctionData({ abi, functionName: 'submitUpdate', args }) }
  }
  const args = [round, update, commitment, patientWeight] as const
  return { name: 'submitMasked', data: encodeFunctionData({ abi, functionName: 'submitMasked', args }) }
}

/** Whether a member is a seat, and in the seats that a field of the snapshot shows. */
function seatDid(done: (snapshot: StudySnapshot) => number) {
  return (snapshot: StudySnapshot, me: number): boolean => {
    const seat = seatOf(snapshot, me)
    return seat !== null && hasSeat(done(snapshot), seat)
  }
}

/** Where a study is; another one after it was moved on. */
function step({ round, phase, deadline }: StudySnapshot): string {
  return `${round}:${phase}:${deadline}`
}

/** The time is part of it: retries, lost transactions and deadlines are measured by the chain's clock. */
function fingerprint(snapshot: StudySnapshot): string {
  return JSON.stringify(snapshot, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}
