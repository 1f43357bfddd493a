import { hexToBytes } from '../crypto/bytes.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type { BlobKind, TransferOptions } from '../storage/BlobStore.ts'
import type { Manifest } from '../study/manifest.ts'
import { type Hex, sameAddress } from '../study/types.ts'
import { memberIndex, seatOf } from './duties.ts'
import {
  type Blob,
  type BlobStore,
  type ChainPort,
  type DutySigner,
  type Journal,
  type Member,
  type PrivacyPort,
  type Progress,
  RoundKind,
  type StudySnapshot,
  type TrainingPort,
} from './ports.ts'
import { NOT_OPENED, randomHex } from './primitives.ts'
import { has, indices, quorum, setOf, sizeOf } from './sets.ts'
import { type HospitalState, NO_HASH, type Task, type TaskResult } from './state.ts'

/** What a hospital works with. Every adapter is one of these. */
export interface HospitalPorts {
  readonly chain: ChainPort
  readonly store: BlobStore
  readonly training: TrainingPort
  readonly journal: Journal
  readonly signer: DutySigner
  readonly manifest: Manifest
  /** Null where the study has no differential privacy. */
  readonly privacy: PrivacyPort | null
}

export interface TaskContext {
  readonly ports: HospitalPorts
  readonly snapshot: StudySnapshot
  readonly state: () => HospitalState
  /** Digests of the updates that the trainer has opened since this tab began and still holds. */
  readonly held: Set<Hex>
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** Part of a phase that may go by while a seat waits for blobs that do not come. */
const FETCH_SHARE = 0.5
/** Longest wait for one source of a model before the next is tried. */
const MODEL_FETCH_MS = 15_000

/**
 * Performs one task against the ports. Each begins where an earlier try ended: what must not happen twice is in the
 * journal before its first byte leaves.
 * @throws whatever a port throws, and the signal's reason when it was cancelled
 */
export function perform(task: Task, context: TaskContext): Promise<TaskResult | undefined> {
  switch (task.type) {
    case 'install':
      return install(context)
    case 'contribute':
      return contribute(context)
    case 'review':
      return review(context)
    case 'reveal':
      return reveal(context)
    case 'conclude':
      return conclude(context)
    case 'evaluate':
      return evaluate(task.final, context)
    case 'advance':
      return context.ports.chain.advance({ signal: context.signal }).then(() => ({ sent: true }))
  }
}

/** Fetches the last finalised model from whoever announced it and hands it to the trainer. */
async function install({ ports, snapshot, signal, onProgress }: TaskContext): Promise<TaskResult> {
  const { chain, store, training } = ports
  if (snapshot.modelRound === 0) {
    // A reorg took the first model back.
    await training.configure(chain.ref, ports.manifest, chain.self)
    return { installed: { round: 0, hash: NO_HASH } }
  }
  const members = await chain.members(snapshot.members)
  const announced = await chain.modelHeaders(snapshot.modelRound, snapshot.modelHash)
  const own = announced.filter(({ hospital }) => sameAddress(hospital, chain.self))
  const sources = [...own.map(({ digest }) => digest), snapshot.modelHeader, ...announced.map(({ digest }) => digest)]
  let failure: unknown
  for (const source of new Set(sources)) {
    onProgress({ stage: 'fetch', done: 0, total: 1 })
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(MODEL_FETCH_MS)])
      const blob = await store.get(hexToBytes(source), { signal: limit, kind: 'model', round: snapshot.modelRound })
      await training.installModel(snapshot.modelRound, snapshot.modelHash, blob, members)
      return { installed: { round: snapshot.modelRound, hash: snapshot.modelHash } }
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure ?? new AppError('storage.notFound')
}

/** Trains (or counts, in round zero), stores the sealed result, then announces it: once a round, whatever happens. */
async function contribute({ ports, snapshot, signal, onProgress }: TaskContext): Promise<TaskResult> {
  const { chain, store, training, journal } = ports
  const { round } = snapshot
  let sealed = await journal.get(round, 'sealed')
  if (sealed === undefined) {
    if (!(await payFor(ports, snapshot, signal))) return { abstained: round }
    const members = await chain.members(snapshot.members)
    const seats = snapshot.seats.map(index => memberAt(members, index))
    const work = { signal, onProgress }
    const made =
      snapshot.kind === RoundKind.Statistics
        ? await training.sealStatistics(round, seats, work)
        : await training.trainAndSeal(round, seats, work)
    signal.throwIfAborted()
    await journal.put(round, 'sealed', made)
    sealed = made
  }
  onProgress({ stage: 'send', done: 0, total: 1 })
  const kind = contentOf(snapshot)
  await store.put(sealed.blob, { signal, kind, round })
  await chain.submitUpdate({ round, update: sealed.digest, commitment: sealed.commitment }, { signal })
  return { sent: true }
}

/**
 * Charges the round to the patients' privacy, and says of coming rounds that the budget will not cover that this hospital
 * sits them out: who only stayed away would lose stake.
 * @returns whether this round may touch the patients
 */
async function payFor({ chain, signer, privacy }: HospitalPorts, snapshot: StudySnapshot, signal: AbortSignal) {
  if (privacy === null) return true
  const hospital = chain.self
  const { isCovered, uncovered } = await privacy.charge(snapshot.round, snapshot.completed)
  for (const round of uncovered) {
    const signature = await signer.veto(chain.ref, { hospital, round, vetoed: true })
    await chain.vetoRound({ round, vetoed: true, signature }, { signal })
  }
  return isCovered
}

/** As a seat: opens every submitted update, scores it, and commits to both. */
async function review(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, training, journal, signer } = ports
  const { round } = snapshot
  const hospital = chain.self
  const members = await chain.members(snapshot.members)
  const submitted = indices(snapshot.submitted)
  let record = await journal.get(round, 'scores')
  if (record === undefined) {
    const opened = await openUpdates(context, members, submitted)
    const scores =
      snapshot.kind === RoundKind.Training
        ? (await training.score(round, members, { signal, onProgress })).map(score => score ?? NOT_OPENED)
        : []
    signal.throwIfAborted()
    record = { scores, salt: randomHex(), opened }
    await journal.put(round, 'scores', record)
  }
  const scoreCommitment =
    snapshot.kind === RoundKind.Training
      ? signer.scoreCommitment({ hospital, round, scores: record.scores, salt: record.salt })
      : NO_HASH
  const { opened } = record
  const signature = await signer.attestation(chain.ref, { hospital, round, opened, scoreCommitment })
  await chain.attest({ round, opened, scoreCommitment, signature }, { signal })
  return { sent: true }
}

/** As a seat: shows the scores it committed to, and re-wraps keys for seats that a hospital had shut out. */
async function reveal({ ports, snapshot, state, signal }: TaskContext): Promise<TaskResult> {
  const { chain, journal, signer } = ports
  const { round } = snapshot
  const hospital = chain.self
  const record = await journal.get(round, 'scores')
  if (record === undefined) throw new AppError('journal.failed', { reason: 'the scores of this round are lost' })
  const rewraps = await rewrapForShutOutSeats(ports, snapshot, state(), signal)
  const { scores, salt } = record
  const signature = await signer.scores(chain.ref, { hospital, round, scores, salt, rewraps })
  await chain.submitScore({ round, scores, salt, rewraps, signature }, { signal })
  return { sent: true }
}

/** As a seat: averages the survivors, stores the new model, signs its hash. */
async function conclude(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, store, training, signer } = ports
  const { round } = snapshot
  const hospital = chain.self
  const members = await chain.members(snapshot.members)
  const wanted = indices(snapshot.survivors)
  const opened = await openUpdates(context, members, wanted)
  await openByRewraps(
    context,
    members,
    wanted.filter(index => !has(opened, index)),
  )
  const survivors = wanted.map(index => memberAt(members, index))
  const model = await training.aggregate(round, survivors, members, { signal, onProgress })
  signal.throwIfAborted()
  await store.put(model.blob, { signal, kind: 'model', round })
  const call = { round, modelHash: model.modelHash, header: model.digest }
  const signature = await signer.model(chain.ref, { hospital, ...call })
  await chain.signModel({ ...call, signature }, { signal })
  return { sent: true }
}

async function evaluate(final: boolean, { ports, state, signal, onProgress }: TaskContext): Promise<TaskResult> {
  const { round } = state().installed
  const { localOnly } = await ports.training.evaluate({ withLocal: final ? 'final' : 'live' }, { signal, onProgress })
  return { evaluation: { round, ...localOnly } }
}

/** Fetches and opens updates side by side; what does not come in time, or is not what it claims to be, is left out. */
async function openUpdates(
  { ports, snapshot, held, signal, onProgress }: TaskContext,
  members: readonly Member[],
  wanted: readonly number[],
): Promise<bigint> {
  const { chain, store, training } = ports
  const { round } = snapshot
  if (wanted.every(index => held.has(snapshot.updates[index] ?? NO_HASH))) return setOf(wanted)
  const commitments = await chain.commitments(round, snapshot.members)
  const secondsLeft = Math.max(2, snapshot.deadline - snapshot.time)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(secondsLeft * 1000 * FETCH_SHARE)])
  let done = 0
  const opened = await Promise.all(
    wanted.map(async index => {
      const digest = snapshot.updates[index]
      if (digest === undefined || digest === NO_HASH) return null
      if (held.has(digest)) return index
      const blob = await fetchOrNull(store, digest, { signal: limit, kind: contentOf(snapshot), round })
      signal.throwIfAborted()
      if (blob === null) return null
      const ok = await training.open(round, memberAt(members, index), blob, commitments[index] ?? null, { signal })
      done += 1
      onProgress({ stage: 'open', done, total: wanted.length })
      if (!ok) return null
      held.add(digest)
      return index
    }),
  )
  return setOf(opened.filter(index => index !== null))
}

async function openByRewraps(
  { ports, snapshot, signal }: TaskContext,
  members: readonly Member[],
  missing: readonly number[],
): Promise<void> {
  if (missing.length === 0) return
  const { chain, store, training } = ports
  const announced = await chain.rewraps(snapshot.round)
  for (const index of missing) {
    const update = snapshot.updates[index]
    if (update === undefined) continue
    const blob = await fetchOrNull(store, update, { signal, kind: contentOf(snapshot), round: snapshot.round })
    for (const { hospital, digest } of announced) {
      const by = members.find(member => sameAddress(member.address, hospital))
      const limit = AbortSignal.any([signal, AbortSignal.timeout(MODEL_FETCH_MS)])
      const rewraps = await fetchOrNull(store, digest, { signal: limit, kind: 'rewraps', round: snapshot.round })
      if (by === undefined || blob === null || rewraps === null) continue
      if (await training.openRewrapped(snapshot.round, memberAt(members, index), blob, rewraps, by)) break
    }
    signal.throwIfAborted()
  }
}

/** A hospital that wraps a bad key for some seats cannot keep them from signing: whoever could open it helps out. */
async function rewrapForShutOutSeats(
  ports: HospitalPorts,
  snapshot: StudySnapshot,
  state: HospitalState,
  signal: AbortSignal,
): Promise<Hex> {
  const me = memberIndex(snapshot, state)
  const mySeat = me === null ? null : seatOf(snapshot, me)
  if (mySeat === null) return NO_HASH
  const byQuorum = openedByQuorum(snapshot)
  const mine = snapshot.opened[mySeat] ?? 0n
  const members = await ports.chain.members(snapshot.members)
  const missing = snapshot.seats.flatMap((seatMember, seat) =>
    indices(byQuorum & mine & ~(snapshot.opened[seat] ?? 0n)).map(update => ({
      update: memberAt(members, update),
      seat: memberAt(members, seatMember),
    })),
  )
  if (missing.length === 0) return NO_HASH
  const { blob, digest } = await ports.training.sealRewraps(snapshot.round, missing)
  await ports.store.put(blob, { signal, kind: 'rewraps', round: snapshot.round })
  return digest
}

function openedByQuorum(snapshot: StudySnapshot): bigint {
  const needed = quorum(snapshot.seats.length)
  return setOf(indices(snapshot.submitted).filter(index => sizeOf(setOf(seatsThatOpened(snapshot, index))) >= needed))
}

function seatsThatOpened(snapshot: StudySnapshot, index: number): number[] {
  return snapshot.opened.flatMap((opened, seat) => (has(opened, index) ? [seat] : []))
}

/** What hospitals send in this round. */
function contentOf({ kind }: StudySnapshot): BlobKind {
  return kind === RoundKind.Training ? 'update' : 'statistics'
}

async function fetchOrNull(
  store: BlobStore,
  digest: Hex,
  options: TransferOptions & { readonly signal: AbortSignal },
): Promise<Blob | null> {
  try {
    return await store.get(hexToBytes(digest), options)
  } catch (error) {
    if (options.signal.aborted || isAppError(error)) return null
    throw error
  }
}

function memberAt(members: readonly Member[], index: number): Member {
  const member = members[index]
  if (member === undefined) throw new RangeError(`no member ${index}`)
  return member
}
