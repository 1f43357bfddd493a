import {
  noOpenings,
  type Openings,
  recordFreeze,
  recordOpenedSeat,
  recordPost,
} from '../aggregation/masking/openings.ts'
import { thresholdOf } from '../aggregation/masking/round.ts'
import { hexToBytes } from '../crypto/bytes.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { BlobKind, TransferOptions } from '../storage/BlobStore.ts'
import type { Manifest } from '../study/manifest.ts'
import { type Hex, sameAddress } from '../study/types.ts'
import { drawOf, frozenSet, isScoredSum, memberIndex, seatOf } from './duties.ts'
import {
  type Blob,
  type BlobStore,
  type ChainPort,
  type DutySigner,
  type Journal,
  type MaskedAnswers,
  type MaskedCommittee,
  type Member,
  Mode,
  type PrivacyPort,
  type Progress,
  type ProvenUpdate,
  type RoundDraw,
  RoundKind,
  type Sealed,
  type SealedModel,
  type StudySnapshot,
  type TrainingPort,
} from './ports.ts'
import { NOT_OPENED, pause, randomHex } from './primitives.ts'
import { has, hasSeat, indices, quorum, seatsIn, setOf, sizeOf } from './sets.ts'
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
/** Between looks whether the frozen set is final. */
const FINALITY_LOOK_MS = 1_000
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
    case 'prepare':
      return prepare(context)
    case 'contribute':
      return contribute(context)
    case 'unseal':
      return unseal(context)
    case 'prove':
      return prove(context)
    case 'review':
      return review(context)
    case 'reveal':
      return reveal(context)
    case 'unmask':
      return unmask(context)
    case 'score':
      return postProducts(context)
    case 'recover':
      return recover(context)
    case 'conclude':
      return context.snapshot.mode === Mode.Masked ? openSum(context) : conclude(context)
    case 'evaluate':
      return evaluate(task.final, context)
    case 'advance':
      return context.ports.chain.advance({ signal: context.signal }).then(() => ({ sent: true }))
  }
}

/** Fetches the last finalised model from whoever announced it and hands it to the trainer. */
async function install(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, training } = ports
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
      await installFrom(source, members, context)
      return { installed: { round: snapshot.modelRound, hash: snapshot.modelHash } }
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure ?? new AppError('storage.notFound')
}

/**
 * Takes what changed since the installed model, where the study compresses and the blob says it; the whole where there is no
 * such change, or it does not lead to the model that the chain names.
 */
async function installFrom(
  source: Hex,
  members: readonly Member[],
  { ports, snapshot, state, signal }: TaskContext,
): Promise<void> {
  const { store, training, manifest } = ports
  const { modelRound: round, modelHash } = snapshot
  const fetchAndInstall = async (since?: Hex) => {
    const limit = AbortSignal.any([signal, timeLimit(MODEL_FETCH_MS)])
    const blob = await store.get(hexToBytes(source), { signal: limit, kind: 'model', round, since })
    const whole = await training.installModel(round, modelHash, blob, members)
    // The next visit needs all of it, and relays keep it for a while only.
    if (whole !== null) await store.complete(whole)
  }
  const { hash } = state().installed
  if (manifest.compression === undefined || hash === NO_HASH) return fetchAndInstall()
  try {
    await fetchAndInstall(hash)
  } catch {
    signal.throwIfAborted()
    await fetchAndInstall()
  }
}

/** Proven studies: says on the chain, once, which patients all rounds will be trained on. Of them only a commitment leaves. */
async function prepare({ ports, signal, onProgress }: TaskContext): Promise<TaskResult> {
  const { chain, training, signer } = ports
  const hospital = chain.self
  const data = await training.prepareData({ signal, onProgress })
  signal.throwIfAborted()
  const signature = await signer.preparation(chain.ref, { hospital, data })
  await chain.prepare({ data, signature }, { signal })
  return { sent: true }
}

/** Trains (or counts, in round zero), stores the sealed result, then announces it: once a round, whatever happens. */
async function contribute(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, store, training, journal } = ports
  const { round } = snapshot
  const seed = snapshot.proven ? snapshot.roundSeed : undefined
  let sealed = await journal.get(round, 'sealed')
  // A reorg may have drawn the round anew. Where it has noise the trainer takes none twice.
  if (sealed === undefined || sealed.seed !== seed) {
    if (seed !== undefined) await checkPinned(context)
    if (!(await payFor(ports, snapshot, signal))) return { abstained: round }
    const members = await chain.members(snapshot.members)
    const seats = seatsOf(snapshot, members)
    const work = { signal, onProgress }
    const made =
      snapshot.kind === RoundKind.Statistics
        ? await training.sealStatistics(round, seats, work)
        : await training.trainAndSeal(round, seats, work, seed && ownDraw(context))
    signal.throwIfAborted()
    sealed = seed === undefined ? made : { ...made, seed }
    await journal.put(round, 'sealed', sealed)
  }
  onProgress({ stage: 'send', done: 0, total: 1 })
  const kind = contentOf(snapshot)
  await store.put(sealed.blob, { signal, kind, round })
  const { digest: update, commitment, patientWeight, proven } = sealed
  await chain.submitUpdate(
    {
      ...{ round, update, commitment },
      ...(patientWeight !== undefined && { patientWeight }),
      // The secret stays here until it draws.
      ...(proven && { proven: { trace: proven.trace, promise: proven.promise } }),
    },
    { signal },
  )
  return { sent: true }
}

/** A round of other patients than the chain has pinned could not be proven. @throws AppError proving.lost */
async function checkPinned(context: TaskContext): Promise<void> {
  const { ports, snapshot, signal, onProgress } = context
  const data = await ports.training.prepareData({ signal, onProgress })
  if (snapshot.data[ownDraw(context).member] !== data) throw new AppError('proving.lost')
}

/** Proven studies: opens the random bytes that this hospital promised with its update. With everybody's they draw who has to prove. */
async function unseal({ ports: { chain, journal }, snapshot: { round }, signal }: TaskContext): Promise<TaskResult> {
  const sealed = await journal.get(round, 'sealed')
  if (sealed?.proven === undefined) throw new AppError('journal.lost', { what: 'What this hospital promised to open' })
  await chain.reveal({ round, secret: sealed.proven.secret }, { signal })
  return { sent: true }
}

/** Proven studies: shows that the round was trained as the study says. A reloaded tab sends the proof that was made before. */
async function prove(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, training, journal } = ports
  const { round, beacon } = snapshot
  let proof = await journal.get(round, 'proof')
  if (proof?.beacon !== beacon) {
    const seats = seatsOf(snapshot, await chain.members(snapshot.members))
    const question = { draw: ownDraw(context), beacon }
    proof = { ...(await training.proveRound(round, seats, question, { signal, onProgress })), beacon }
    signal.throwIfAborted()
    await journal.put(round, 'proof', proof)
  }
  onProgress({ stage: 'send', done: 0, total: 1 })
  await chain.prove({ round, answer: proof.answer, proof: proof.proof }, { signal })
  return { sent: true }
}

function ownDraw({ snapshot, state }: TaskContext): RoundDraw {
  const me = memberIndex(snapshot, state())
  if (me === null) throw new RangeError('no member')
  return drawOf(snapshot, me)
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

/** As a seat: opens (or, masked, checks) every submitted update, scores it where that may be, and commits to both. */
async function review(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, training, journal, signer } = ports
  const { round } = snapshot
  const hospital = chain.self
  const members = await chain.members(snapshot.members)
  // Nobody may attest who failed to prove its round.
  const wanted = indices(snapshot.submitted & ~snapshot.failed)
  let record = await journal.get(round, 'scores')
  const isScored = snapshot.kind === RoundKind.Training && snapshot.mode === Mode.Committee
  if (record === undefined) {
    const opened = await openUpdates(context, members, wanted)
    const scores = isScored
      ? (await training.score(round, members, { signal, onProgress })).map(score => score ?? NOT_OPENED)
      : []
    signal.throwIfAborted()
    record = { scores, salt: randomHex(), opened }
    await journal.put(round, 'scores', record)
  }
  const scoreCommitment = isScored
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
  if (record === undefined) throw new AppError('journal.lost', { what: 'What this hospital scored' })
  const rewraps = await rewrapForShutOutSeats(ports, snapshot, state(), signal)
  const { scores, salt } = record
  const signature = await signer.scores(chain.ref, { hospital, round, scores, salt, rewraps })
  await chain.submitScore({ round, scores, salt, rewraps, signature }, { signal })
  return { sent: true }
}

/** As a seat: averages the survivors, stores the new model, signs its hash. */
async function conclude(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, training } = ports
  const { round } = snapshot
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
  return signModel(context, model)
}

/** @param scores by member, where they are signed along with the model */
async function signModel(
  { ports, snapshot, signal }: TaskContext,
  model: SealedModel,
  scores?: readonly number[],
): Promise<TaskResult> {
  const { chain, store, signer } = ports
  const { round } = snapshot
  await store.put(model.blob, { signal, kind: 'model', round })
  const call = { round, modelHash: model.modelHash, header: model.digest }
  const duty = { hospital: chain.self, ...call }
  const signature =
    scores === undefined
      ? await signer.model(chain.ref, duty)
      : await signer.scoredModel(chain.ref, { ...duty, scores })
  await chain.signModel({ ...call, ...(scores !== undefined && { scores }), signature }, { signal })
  return { sent: true }
}

/**
 * As a seat: posts its sum of masks over the frozen set, once. Before that the set must be final, by two nodes, and journalled: a
 * second set, by a reorganisation or a node that lies, opens nothing here.
 */
async function unmask(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, store, training, signer } = ports
  const { round } = snapshot
  const members = await chain.members(snapshot.members)
  const committee = committeeOf(snapshot, members)
  await journalled(context, openings => recordFreeze(openings, committee.set))
  await untilFinal(context)
  const sealed = await sealedOnce(context, 'masks', async () => {
    await openUpdates(context, members, indices(snapshot.survivors))
    return training.sealMasks(round, committee, { signal, onProgress })
  })
  await store.put(sealed.blob, { signal, kind: 'masks', round })
  const masks = sealed.digest
  const signature = await signer.masks(chain.ref, { hospital: chain.self, round, masks })
  await chain.postMasks({ round, masks, signature }, { signal })
  return { sent: true }
}

/** Notes that this seat posts, as soon as the chain's nodes agree that what it froze is final. @throws masking.openedBefore */
async function untilFinal(context: TaskContext): Promise<void> {
  const { ports, snapshot, signal } = context
  for (;;) {
    const views = await ports.chain.frozenSets(snapshot.round)
    signal.throwIfAborted()
    try {
      await journalled(context, openings => recordPost(openings, views))
      return
    } catch (error) {
      if (!isAppError(error, 'masking.notFinal')) throw error
    }
    await pause(FINALITY_LOOK_MS, signal)
  }
}

/**
 * As a seat of a study that scores: answers how its masks lie along what the opened sum points to. Asked again with another sum, by a
 * reorganisation, it answers as before: the same bytes.
 */
async function postProducts(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, store, training, signer } = ports
  const { round } = snapshot
  const sealed = await sealedOnce(context, 'products', async () => {
    const members = await chain.members(snapshot.members)
    const answers = await fetchMasksAndShares(context, members)
    return training.sealProducts(round, committeeOf(snapshot, members), answers, { signal, onProgress })
  })
  await store.put(sealed.blob, { signal, kind: 'products', round })
  const products = sealed.digest
  const signature = await signer.products(chain.ref, { hospital: chain.self, round, products })
  await chain.postProducts({ round, products, signature }, { signal })
  return { sent: true }
}

/** As a seat: opens its shares of the seeds of seats that vanished, and of the one that is checked. Each is counted first. */
async function recover(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, store, training, journal, signer } = ports
  const { round, opening } = snapshot
  const members = await chain.members(snapshot.members)
  const committee = committeeOf(snapshot, members)
  const seats = seatsIn(opening)
  let record = await journal.get(round, 'shares')
  if (record?.opening !== opening) {
    const masked = {
      seats: committee.seats.map(({ address }) => address),
      threshold: thresholdOf(snapshot.seats.length),
    }
    await journalled(context, before =>
      seats.reduce(
        (openings, seat) =>
          recordOpenedSeat(openings, masked, {
            seat,
            reason: hasSeat(snapshot.revealed, seat) ? 'checked' : 'vanished',
          }),
        recordFreeze(before, committee.set),
      ),
    )
    await openUpdates(context, members, indices(snapshot.survivors))
    const sealed = await training.sealShares(round, committee, seats, { signal, onProgress })
    signal.throwIfAborted()
    record = { opening, sealed }
    await journal.put(round, 'shares', record)
  }
  await store.put(record.sealed.blob, { signal, kind: 'shares', round })
  const shares = record.sealed.digest
  const signature = await signer.shares(chain.ref, { hospital: chain.self, round, shares })
  await chain.openShares({ round, shares, signature }, { signal })
  return { sent: true }
}

/** As a seat of a masked study: opens the sum, and signs the model that follows from it, or accuses who is proven wrong. */
async function openSum(context: TaskContext): Promise<TaskResult> {
  const { ports, snapshot, signal, onProgress } = context
  const { chain, training, signer } = ports
  const { round } = snapshot
  const hospital = chain.self
  const members = await chain.members(snapshot.members)
  const committee = committeeOf(snapshot, members)
  const isScored = isScoredSum(snapshot)
  const [answers, products, claims] = await Promise.all([
    fetchMasksAndShares(context, members),
    isScored ? fetchAnswers(context, 'products', snapshot.products) : [],
    snapshot.proven ? claimsOf(context) : undefined,
  ])
  // Announced, and nowhere to be had for half of the phase: whoever announced it keeps it back.
  const silent = snapshot.seats.filter(
    (_, seat) =>
      isWithheld(snapshot.masks, answers.masks, seat) ||
      isWithheld(snapshot.shares, answers.shares, seat) ||
      (isScored && isWithheld(snapshot.products, products, seat)),
  )
  const outcome =
    silent.length > 0
      ? { accused: silent }
      : await training.aggregateMasked(
          round,
          committee,
          { ...answers, ...(isScored && { products }), ...(claims && { claims }) },
          members,
          { signal, onProgress },
        )
  signal.throwIfAborted()
  if ('accused' in outcome) {
    const accused = setOf(outcome.accused)
    const signature = await signer.accusation(chain.ref, { hospital, round, members: accused })
    await chain.accuse({ round, members: accused, signature }, { signal })
    return { sent: true }
  }
  if (!isScored) return signModel(context, outcome.model)
  const scores = snapshot.members.map(() => 0)
  for (const [i, { index }] of committee.set.entries()) scores[index] = outcome.scores?.[i] ?? 0
  return signModel(context, outcome.model, scores)
}

/** What the seats answered by now, beside the contributions themselves. */
async function fetchMasksAndShares(context: TaskContext, members: readonly Member[]): Promise<MaskedAnswers> {
  const { snapshot } = context
  const [masks, shares] = await Promise.all([
    fetchAnswers(context, 'masks', snapshot.masks),
    fetchAnswers(context, 'shares', snapshot.shares),
    openUpdates(context, members, indices(snapshot.survivors)),
  ])
  return { masks, shares, opening: seatsIn(snapshot.opening) }
}

/** What hospitals that proved their round claimed of their masks: seats hold the sum against it. */
async function claimsOf({ ports, snapshot }: TaskContext): Promise<NonNullable<MaskedAnswers['claims']>> {
  const answers = await answersOf(ports.chain, snapshot)
  return answers.flatMap((answer, member) => (answer === null ? [] : [{ member, products: answer.products }]))
}

/**
 * By member: what it answered when it proved its round; null where it was not asked.
 * @throws AppError chain.incomplete: without the answer of somebody who was cleared a seat would check less than the others
 */
async function answersOf(chain: ChainPort, { round, members, cleared }: StudySnapshot) {
  const given = await chain.answers(round)
  return members.map((address, member) => {
    const answer = given.find(({ hospital }) => sameAddress(hospital, address))
    if (answer === undefined && has(cleared, member)) throw new AppError('chain.incomplete')
    return answer ?? null
  })
}

/** What this seat answers, journalled before its first byte leaves: after a reload the same bytes go out. */
async function sealedOnce(
  { ports: { journal }, snapshot: { round }, signal }: TaskContext,
  answer: 'masks' | 'products',
  seal: () => Promise<Sealed>,
): Promise<Sealed> {
  const known = await journal.get(round, answer)
  if (known !== undefined) return known
  const sealed = await seal()
  signal.throwIfAborted()
  await journal.put(round, answer, sealed)
  return sealed
}

/** Journals what was opened of a masked round, before anything of it leaves. */
async function journalled({ ports, snapshot }: TaskContext, step: (openings: Openings) => Openings): Promise<void> {
  const { round } = snapshot
  const before = (await ports.journal.get(round, 'openings')) ?? noOpenings
  const after = step(before)
  if (after !== before) await ports.journal.put(round, 'openings', after)
}

function committeeOf(snapshot: StudySnapshot, members: readonly Member[]): MaskedCommittee {
  return { seats: seatsOf(snapshot, members), set: frozenSet(snapshot) }
}

/** By seat: the blobs that were announced; null for none, and for what does not come in time. */
async function fetchAnswers(
  { ports, snapshot, signal }: TaskContext,
  kind: 'masks' | 'products' | 'shares',
  digests: readonly Hex[],
): Promise<(Blob | null)[]> {
  const limit = AbortSignal.any([signal, timeLimit(fetchMs(snapshot))])
  const blobs = await Promise.all(
    digests.map(digest =>
      digest === NO_HASH ? null : fetchOrNull(ports.store, digest, { signal: limit, kind, round: snapshot.round }),
    ),
  )
  signal.throwIfAborted()
  return blobs
}

function isWithheld(digests: readonly Hex[], blobs: readonly (Blob | null)[], seat: number): boolean {
  return digests[seat] !== NO_HASH && blobs[seat] === null
}

async function evaluate(final: boolean, { ports, state, signal, onProgress }: TaskContext): Promise<TaskResult> {
  const { round } = state().installed
  const { localOnly } = await ports.training.evaluate({ withLocal: final ? 'final' : 'live' }, { signal, onProgress })
  return { evaluation: { round, ...localOnly } }
}

/** Fetches and opens updates side by side; what does not come in time, or is not what it claims to be, is left out. */
async function openUpdates(
  context: TaskContext,
  members: readonly Member[],
  wanted: readonly number[],
): Promise<bigint> {
  const { ports, snapshot, held, signal, onProgress } = context
  const { chain, store, training } = ports
  const { round } = snapshot
  if (wanted.every(index => held.has(snapshot.updates[index] ?? NO_HASH))) return setOf(wanted)
  const [commitments, proven] = await Promise.all([
    chain.commitments(round, snapshot.members),
    snapshot.proven ? provenUpdates(context) : null,
  ])
  const limit = AbortSignal.any([signal, timeLimit(fetchMs(snapshot))])
  let done = 0
  const opened = await Promise.all(
    wanted.map(async index => {
      const digest = snapshot.updates[index]
      const claim = proven?.[index] ?? undefined
      if (digest === undefined || digest === NO_HASH || (proven !== null && claim === undefined)) return null
      if (held.has(digest)) return index
      const blob = await fetchOrNull(store, digest, { signal: limit, kind: contentOf(snapshot), round })
      signal.throwIfAborted()
      if (blob === null) return null
      const from = memberAt(members, index)
      const commitment = commitments[index] ?? null
      const ok =
        snapshot.mode === Mode.Masked
          ? await training.openMasked(round, seatsOf(snapshot, members), from, blob, commitment, { signal }, claim)
          : await training.open(round, from, blob, commitment, { signal }, claim)
      done += 1
      onProgress({ stage: 'open', done, total: wanted.length })
      if (!ok) return null
      held.add(digest)
      return index
    }),
  )
  return setOf(opened.filter(index => index !== null))
}

/** By member: what the chain says of its update in a proven study; null where it says nothing. */
async function provenUpdates({ ports, snapshot }: TaskContext): Promise<(ProvenUpdate | null)[]> {
  const { round, members, beacon } = snapshot
  const [traces, answers] = await Promise.all([ports.chain.traces(round, members), answersOf(ports.chain, snapshot)])
  return answers.map((answer, member) => {
    const trace = traces[member]?.trace
    if (trace === undefined) return null
    return { trace, member, ...(answer && { answer: { beacon, phi: answer.phi, products: answer.products } }) }
  })
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
      const limit = AbortSignal.any([signal, timeLimit(MODEL_FETCH_MS)])
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

/** How long to wait for blobs in this phase. */
function fetchMs({ deadline, time }: StudySnapshot): number {
  return Math.max(2, deadline - time) * 1000 * FETCH_SHARE
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

function seatsOf({ seats }: StudySnapshot, members: readonly Member[]): Member[] {
  return seats.map(index => memberAt(members, index))
}

function memberAt(members: readonly Member[], index: number): Member {
  const member = members[index]
  if (member === undefined) throw new RangeError(`no member ${index}`)
  return member
}
