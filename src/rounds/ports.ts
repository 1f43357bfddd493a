import type { FrozenHospital } from '../aggregation/masking/freeze.ts'
import type { Openings } from '../aggregation/masking/openings.ts'
import type { Binding } from '../crypto/binding.ts'
import type { Blob, BlobStore, Digest } from '../storage/BlobStore.ts'
import type { Manifest } from '../study/manifest.ts'
import type { Address, Hex, LocalOnly, Publishable } from '../study/types.ts'

export type { Binding, Blob, BlobStore, Digest }

/** The contract's enums, by number. */
export const Phase = {
  Draft: 0,
  Open: 1,
  Select: 2,
  Train: 3,
  Audit: 4,
  Attest: 5,
  Score: 6,
  Aggregate: 7,
  Evaluate: 8,
  Settle: 9,
  Ended: 10,
  Unmask: 11,
  Draw: 12,
  Recover: 13,
  Reveal: 14,
} as const
export type Phase = (typeof Phase)[keyof typeof Phase]
export const RoundKind = { Statistics: 0, Training: 1 } as const
export type RoundKind = (typeof RoundKind)[keyof typeof RoundKind]

export const Mode = { Committee: 0, Masked: 1 } as const
export type Mode = (typeof Mode)[keyof typeof Mode]

/** IStudy.Snapshot as viem decodes it: one consistent view of a study at one block. Bit i of a set is member i. */
export interface StudySnapshot {
  readonly phase: Phase
  readonly kind: RoundKind
  readonly endReason: number
  readonly round: number
  readonly completed: number
  readonly voids: number
  readonly deadline: number
  readonly time: number
  readonly participants: bigint
  readonly submitted: bigint
  readonly survivors: bigint
  readonly seats: readonly number[]
  readonly attested: number
  readonly revealed: number
  readonly signed: number
  readonly opened: readonly bigint[]
  readonly members: readonly Address[]
  readonly updates: readonly Hex[]
  readonly modelRound: number
  /** The last finalised model is sealed to the first so many members; 0 where there is none. Who is not among them waits. */
  readonly modelMembers: number
  readonly modelHash: Hex
  readonly modelHeader: Hex
  readonly mode: Mode
  /** Masked studies, from here on. By member, in the frozen sum; 0: not in it. */
  readonly weights: readonly number[]
  /** Seat + 1 that is checked; 0: none. */
  readonly drawn: number
  /** Seats whose seeds are opened. */
  readonly opening: number
  /** Seats that opened their shares. */
  readonly shared: number
  /** In Draw: advance() draws now. */
  readonly drawable: boolean
  /** By seat: its posted sum of masks; NO_HASH where there is none. */
  readonly masks: readonly Hex[]
  /** By seat: its opened shares. */
  readonly shares: readonly Hex[]
  /** Whether hospitals' parts in the sum are scored. */
  readonly scored: boolean
  /** Seats that posted their products. */
  readonly answered: number
  /** By seat: its posted products. */
  readonly products: readonly Hex[]
  /** Whether drawn hospitals prove their rounds. All of the fields from here on are zeros or empty where not. */
  readonly proven: boolean
  /** Members whose prepared data is pinned. */
  readonly prepared: bigint
  /** By member: rounds that it was a participant of, the running one included. */
  readonly contributions: readonly number[]
  /** Members that revealed their part of the beacon this round. */
  readonly unsealed: bigint
  /** In Reveal: reveals are taken now. */
  readonly revealable: boolean
  /** In Reveal: somebody did not reveal; the block that stands in for it is awaited. */
  readonly missed: boolean
  /** Members drawn to prove this round. */
  readonly audited: bigint
  /** Of those: whose proof was taken. */
  readonly cleared: bigint
  /** Members left out of this round: they proved nothing in time, or did not reveal. */
  readonly failed: bigint
  /** Of this round: orders its batches and signs its noise. */
  readonly roundSeed: Hex
  /** Of this round, once everybody revealed or was waited for; zeros before. */
  readonly beacon: Hex
  /** By member: the leaf of its pinned data; NO_HASH where there is none. */
  readonly data: readonly Hex[]
}

/** A member's public keys for this study, from the registry. */
export interface MemberKeys {
  /** P-256 ECDSA verification key. */
  readonly duty: { readonly x: Hex; readonly y: Hex }
  /** P-256 HPKE key, 65 bytes uncompressed. */
  readonly encryption: Uint8Array
}

export interface Member {
  readonly index: number
  readonly address: Address
  readonly keys: MemberKeys
}

export interface Work {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly stage:
    | 'load'
    | 'train'
    | 'seal'
    | 'open'
    | 'score'
    | 'aggregate'
    | 'evaluate'
    | 'send'
    | 'fetch'
    | 'commit'
    | 'prove'
  readonly done: number
  readonly total: number
  /** For this screen only: the last batch's loss while training. */
  readonly loss?: number
}

/** Where the study lives; part of every binding and signature. */
export interface StudyRef {
  readonly deployment: Hex
  readonly chainId: number
  readonly study: Address
}

/** A sealed blob ready to be stored, with what the chain must hold of it. */
export interface Sealed {
  readonly blob: Publishable<Blob>
  /** sha-256 of the header block. */
  readonly digest: Hex
  /** sha-256 of the plaintext, which carries a 32-byte random salt. */
  readonly commitment: Hex
  /** Of a masked contribution: 1 to 8, told to everybody. See weightOf. */
  readonly patientWeight?: number
  /** In proven studies: what goes with the update. */
  readonly proven?: ProvenSubmission
}

/** What the chain draws a hospital's round of training from, in proven studies. */
export interface RoundDraw {
  /** The round's seed. */
  readonly seed: Hex
  /** The hospital's own index. */
  readonly member: number
  /** Rounds that it was asked to take part in before this one: which of its registered noise it takes. */
  readonly contribution: number
}

/** What a proven study's update is bound to. */
export interface ProvenSubmission {
  /** keccak256 of what the round ended with and started from, which a proof opens. */
  readonly trace: Hex
  /** Commitment to the secret. */
  readonly promise: Hex
  /** This hospital's part of the beacon. Kept in the journal alone until it is revealed. */
  readonly secret: Hex
}

/** What a drawn hospital says of its round, beside the proof of it. Numbers are elements of the proofs' field. */
export interface AuditAnswer {
  /** Root of its pinned data, 24 bytes. */
  readonly data: Hex
  /** The data's pin. */
  readonly pin: readonly [bigint, bigint]
  /** Root of what the round ended with, 24 bytes. */
  readonly afterRoot: Hex
  /** The weights that the round started from. */
  readonly start: readonly bigint[]
  /** Masked studies: fingerprint of the update and its blinding; zeros elsewhere. */
  readonly phi: readonly [bigint, bigint]
  /** Masked studies: what the seats' claims are checked by; empty elsewhere. */
  readonly products: readonly bigint[]
}

/** What a drawn hospital is asked. */
export interface AuditQuestion {
  readonly draw: RoundDraw
  readonly beacon: Hex
}

/** What the chain says of another hospital's update in a proven study. */
export interface ProvenUpdate {
  readonly trace: Hex
  readonly member: number
  /** Where it was drawn and cleared. */
  readonly answer?: {
    readonly beacon: Hex
    readonly phi: readonly [bigint, bigint]
    readonly products: readonly bigint[]
  }
}

/** Who answers for a masked round, and for whom. */
export interface MaskedCommittee {
  /** By seat. */
  readonly seats: readonly Member[]
  /** The set that the contract froze, in member order, those of weight 0 left out. */
  readonly set: readonly FrozenHospital[]
}

/** What the seats answered in a masked round. */
export interface MaskedAnswers {
  /** By seat: its sum of masks; null where it vanished. */
  readonly masks: readonly (Blob | null)[]
  /** By seat: what it opened of its shares; null where it opened nothing. */
  readonly shares: readonly (Blob | null)[]
  /** Seats whose seeds are opened. */
  readonly opening: readonly number[]
  /** By seat: its products; null where it posted none. Undefined where nothing is scored, and before anybody was asked. */
  readonly products?: readonly (Blob | null)[]
  /** In proven studies: the products that audited hospitals claim of their own parcels. */
  readonly claims?: readonly { readonly member: number; readonly products: readonly bigint[] }[]
}

/** The new model, with the score of each hospital of the set in its order where the study scores; or the members whom the opened seeds prove wrong, none where the sum makes no sense and nobody knows why. */
export type MaskedOutcome =
  | { readonly model: SealedModel; readonly scores?: readonly number[] }
  | { readonly accused: readonly number[] }

export interface SealedModel {
  readonly blob: Publishable<Blob>
  readonly digest: Hex
  /** sha-256 of the model's canonical plaintext: the same for every honest seat. */
  readonly modelHash: Hex
}

/** Test metrics of one model on this hospital's own held-out patients. */
export interface Evaluation {
  readonly patients: number
  readonly accuracy: number
  readonly logLoss: number
  /** Area under the ROC curve; null for more than two classes or one class present. */
  readonly auc: number | null
  /** Row = truth, column = prediction. */
  readonly confusion: readonly (readonly number[])[]
  /** Macro-averaged. */
  readonly precision: number
  readonly recall: number
}

/** Both models on this hospital's held-out patients. */
export interface HeldOutEvaluation {
  readonly federated: Evaluation
  readonly local: Evaluation | null
  /** Share of the most frequent outcome: what guessing reaches. */
  readonly majorityAccuracy: number
}

/**
 * The model that a hospital trains alone, beside the shared one. final: trained as far as the shared one, however long that
 * takes. live: the same where a round of it takes a moment; else none, so that the study does not wait.
 */
export type WithLocal = false | 'live' | 'final'

/** What the hospital asks of its training worker. Rows, gradients, opened updates never come back from it. */
export interface TrainingPort {
  /**
   * Loads the manifest's schema and model for the data that was loaded before; safe to call again.
   * @param initial the sponsor's own initial weights where the manifest names some, in the order of the layers, frozen ones included
   * @throws training.badInitial when they are not what the manifest names
   */
  configure(
    ref: StudyRef,
    manifest: Manifest,
    self: Address,
    initial?: Float32Array,
  ): Promise<{ readonly backend: string; readonly patients: LocalOnly<number> }>
  /**
   * Installs a finalised model as the base of the next round.
   * @param blob of the whole model, or of the change from the installed one: `part` says so
   * @returns the whole as it was sealed, where it was made from a change, to be kept here; null where it was fetched, or
   * where the blob's whole is not what the change leads to
   * @throws crypto.cannotOpen, crypto.wrongBinding, crypto.badSignature, crypto.badCommitment, aggregation.badUpdate
   */
  installModel(round: number, modelHash: Hex, blob: Blob, members: readonly Member[]): Promise<Blob | null>
  /** Round zero: counts, sums and squares of the training rows, sealed to the seats. */
  sealStatistics(round: number, seats: readonly Member[], work?: Work): Promise<Sealed>
  /**
   * Proven studies: lays this hospital's patients out in the study's batches with the noise of all its rounds, and commits to them.
   * The same data gives the same leaf, however often it is asked.
   * @returns the leaf that the chain pins
   */
  prepareData(work?: Work): Promise<Hex>
  /**
   * Trains from the base model for one round and seals the difference to the seats.
   * @param draw in proven studies
   */
  trainAndSeal(round: number, seats: readonly Member[], work?: Work, draw?: RoundDraw): Promise<Sealed>
  /**
   * Proven studies: proves this hospital's round as it was submitted, which takes minutes.
   * @param seats of that round
   */
  proveRound(
    round: number,
    seats: readonly Member[],
    question: AuditQuestion,
    work?: Work,
  ): Promise<{ readonly answer: AuditAnswer; readonly proof: Uint8Array }>
  /**
   * As a seat: opens one update and keeps it inside. false: it cannot be opened, is not what was committed to, or is malformed.
   * @param proven in proven studies: what the update must agree with
   */
  open(
    round: number,
    member: Member,
    blob: Blob,
    commitment: Hex | null,
    work?: Work,
    proven?: ProvenUpdate,
  ): Promise<boolean>
  /** As a seat: the same from another seat's re-wrapped data keys. */
  openRewrapped(round: number, member: Member, blob: Blob, rewraps: Blob, by: Member): Promise<boolean>
  /** Data keys of opened updates wrapped again for seats that could not open them. */
  sealRewraps(round: number, missing: readonly { readonly update: Member; readonly seat: Member }[]): Promise<Sealed>
  /** Gains in basis points of base + each opened update over the base, on this hospital's validation patients (with its training patients where those are few); null = not opened. */
  score(round: number, members: readonly Member[], work?: Work): Promise<readonly (number | null)[]>
  /** As a seat: averages the survivors in member order and seals the new model to all members. */
  aggregate(round: number, survivors: readonly Member[], members: readonly Member[], work?: Work): Promise<SealedModel>
  /**
   * Masked studies: checks one masked contribution as a seat, and keeps this seat's parcel inside. false: it is not what was
   * committed to, or lacks what this seat needs.
   * @param proven in proven studies: what the contribution must agree with
   */
  openMasked(
    round: number,
    seats: readonly Member[],
    member: Member,
    blob: Blob,
    commitment: Hex | null,
    work?: Work,
    proven?: ProvenUpdate,
  ): Promise<boolean>
  /** Masked studies: this seat's sum of masks over the frozen set, readable to the seats. @throws aggregation.notOpened */
  sealMasks(round: number, committee: MaskedCommittee, work?: Work): Promise<Sealed>
  /** Masked studies: this seat's shares of the opening seats' seeds, readable to the seats. @throws aggregation.notOpened */
  sealShares(round: number, committee: MaskedCommittee, opening: readonly number[], work?: Work): Promise<Sealed>
  /**
   * Masked studies that score: this seat's inner products of its masks with the directions that follow from the opened sum, readable
   * to the seats. Where no sum opens the directions are zeros: the round then ends in an accusation.
   * @throws aggregation.notOpened, masking.noOpenings in studies without differential privacy
   */
  sealProducts(round: number, committee: MaskedCommittee, answers: MaskedAnswers, work?: Work): Promise<Sealed>
  /** Masked studies: opens the sum, checks the opened seats, and seals the new model to all members. */
  aggregateMasked(
    round: number,
    committee: MaskedCommittee,
    answers: MaskedAnswers,
    members: readonly Member[],
    work?: Work,
  ): Promise<MaskedOutcome>
  /**
   * On held-out patients: the installed federated model with this site's own part, and, where asked for, a model that this
   * hospital trains alone with the same preprocessing and as many epochs as the study took. For this screen only.
   */
  evaluate(options: { readonly withLocal: WithLocal }, work?: Work): Promise<LocalOnly<HeldOutEvaluation>>
  /** Seconds spent in here since the start, by kind. */
  spent(): Promise<{ readonly train: number; readonly encrypt: number; readonly other: number }>
  /** Drops everything opened for rounds before this one. */
  forget(beforeRound: number): Promise<void>
  /** What is kept on this device for proofs of this study. */
  proofStorage(): Promise<{ readonly bytes: number }>
  /** Removes that. A round that was submitted and not proven yet can then no longer be proven. */
  clearProofs(): Promise<void>
}

/** This hospital's account of privacy, where the study has differential privacy. */
export interface PrivacyPort {
  /**
   * Charges a round to the patients, before anything is computed from them. Once a round, however often it is asked; never
   * taken back.
   * @param completed rounds of the study that are completed, from which follows how many are still to come
   */
  charge(round: number, completed: number): Promise<Charge>
}

export interface Charge {
  /** Whether the budget covers the round; where it does not, nothing was charged and the patients must not be touched. */
  readonly isCovered: boolean
  /** Rounds to come that it will not cover. */
  readonly uncovered: readonly number[]
}

/** The duty key: signs what a seat owes; never leaves the browser. */
export interface DutySigner {
  /** keccak256(abi.encode(hospital, round, scores, salt)): what a seat commits to before it reveals. */
  scoreCommitment(duty: { hospital: Address; round: number; scores: readonly number[]; salt: Hex }): Hex
  attestation(
    ref: StudyRef,
    duty: { hospital: Address; round: number; opened: bigint; scoreCommitment: Hex },
  ): Promise<DutySignature>
  scores(
    ref: StudyRef,
    duty: { hospital: Address; round: number; scores: readonly number[]; salt: Hex; rewraps: Hex },
  ): Promise<DutySignature>
  model(ref: StudyRef, duty: { hospital: Address; round: number; modelHash: Hex; header: Hex }): Promise<DutySignature>
  /** A model with the scores that go with it: basis points, by member. */
  scoredModel(
    ref: StudyRef,
    duty: { hospital: Address; round: number; modelHash: Hex; header: Hex; scores: readonly number[] },
  ): Promise<DutySignature>
  masks(ref: StudyRef, duty: { hospital: Address; round: number; masks: Hex }): Promise<DutySignature>
  products(ref: StudyRef, duty: { hospital: Address; round: number; products: Hex }): Promise<DutySignature>
  shares(ref: StudyRef, duty: { hospital: Address; round: number; shares: Hex }): Promise<DutySignature>
  accusation(ref: StudyRef, duty: { hospital: Address; round: number; members: bigint }): Promise<DutySignature>
  /** Sits a round out that has not begun, or takes that back (once). */
  veto(ref: StudyRef, duty: { hospital: Address; round: number; vetoed: boolean }): Promise<DutySignature>
  /** Proven studies: pins the data that all rounds are proven against, once. */
  preparation(ref: StudyRef, duty: { hospital: Address; data: Hex }): Promise<DutySignature>
}

export interface DutySignature {
  readonly r: Hex
  readonly s: Hex
}

/** A study on the chain, seen and acted on by one hospital. Writes are simulated first and resolve when mined. */
export interface ChainPort {
  readonly ref: StudyRef
  readonly self: Address
  /** Yields the current snapshot, then one after each block in which it changed (or time passed a deadline). */
  snapshots(signal: AbortSignal): AsyncIterable<StudySnapshot>
  members(addresses: readonly Address[]): Promise<readonly Member[]>
  /** Commitments of this round's updates, from events; null where not found. */
  commitments(round: number, members: readonly Address[]): Promise<readonly (Hex | null)[]>
  /** Re-wrap blobs announced with this round's reveals. */
  rewraps(round: number): Promise<readonly { readonly hospital: Address; readonly digest: Hex }[]>
  /** Headers announced with this round's signatures for this hash: places to fetch the model from. */
  modelHeaders(round: number, modelHash: Hex): Promise<readonly { readonly hospital: Address; readonly digest: Hex }[]>
  /** Proven studies: what each member's update of this round is bound to, from events; null where it submitted none. */
  traces(round: number, members: readonly Address[]): Promise<readonly ({ readonly trace: Hex } | null)[]>
  /** Proven studies: the answers that were taken this round, from events. */
  answers(round: number): Promise<
    readonly {
      readonly hospital: Address
      readonly phi: readonly [bigint, bigint]
      readonly products: readonly bigint[]
    }[]
  >
  /** Proven studies: pins this hospital's prepared data, once. */
  prepare(call: { data: Hex; signature: DutySignature }, options?: WriteOptions): Promise<void>
  /**
   * @param call.patientWeight of a masked contribution
   * @param call.proven in proven studies
   */
  submitUpdate(
    call: {
      round: number
      update: Hex
      commitment: Hex
      patientWeight?: number
      proven?: Pick<ProvenSubmission, 'trace' | 'promise'>
    },
    options?: WriteOptions,
  ): Promise<void>
  /** Proven studies: opens this hospital's part of the beacon. */
  reveal(call: { round: number; secret: Hex }, options?: WriteOptions): Promise<void>
  /** Proven studies: answers for this hospital's round, where it was drawn. @param call.proof up to 120 kB */
  prove(call: { round: number; answer: AuditAnswer; proof: Uint8Array }, options?: WriteOptions): Promise<void>
  attest(
    call: { round: number; opened: bigint; scoreCommitment: Hex; signature: DutySignature },
    options?: WriteOptions,
  ): Promise<void>
  submitScore(
    call: { round: number; scores: readonly number[]; salt: Hex; rewraps: Hex; signature: DutySignature },
    options?: WriteOptions,
  ): Promise<void>
  /** @param call.scores by member, where a masked study scores: the signature is a scoredModel's */
  signModel(
    call: { round: number; modelHash: Hex; header: Hex; scores?: readonly number[]; signature: DutySignature },
    options?: WriteOptions,
  ): Promise<void>
  /**
   * Masked studies: the set that this round froze, in member order and without those of weight 0, as each of the chain's nodes has it
   * in its last final block. At least two nodes; empty while one of them has none.
   */
  frozenSets(round: number): Promise<readonly (readonly FrozenHospital[])[]>
  postMasks(call: { round: number; masks: Hex; signature: DutySignature }, options?: WriteOptions): Promise<void>
  postProducts(call: { round: number; products: Hex; signature: DutySignature }, options?: WriteOptions): Promise<void>
  openShares(call: { round: number; shares: Hex; signature: DutySignature }, options?: WriteOptions): Promise<void>
  /** In place of a model's signature. */
  accuse(call: { round: number; members: bigint; signature: DutySignature }, options?: WriteOptions): Promise<void>
  /** Says that this hospital sits a round out that has not begun, or (once, for good) that it takes part after all. */
  vetoRound(call: { round: number; vetoed: boolean; signature: DutySignature }, options?: WriteOptions): Promise<void>
  advance(options?: WriteOptions): Promise<void>
}

export interface WriteOptions {
  /** Ends the waiting, never a prompt that the wallet has open: what was sent by then may still be mined. */
  readonly signal?: AbortSignal
}

/** What survives a reload, per deployment, study and hospital. The chain decides; this hints. */
export interface Journal {
  get<K extends keyof JournalEntry>(round: number, key: K): Promise<JournalEntry[K] | undefined>
  put<K extends keyof JournalEntry>(round: number, key: K, value: JournalEntry[K]): Promise<void>
  /** Removes all entries of earlier rounds. */
  forget(beforeRound: number): Promise<void>
}

export interface JournalEntry {
  /** Written before the first byte of the update leaves; a reloaded tab sends these bytes again. In proven studies with the round's seed. */
  sealed: Sealed & { readonly seed?: Hex }
  /** Written before the score commitment is sent. */
  scores: { scores: readonly number[]; salt: Hex; opened: bigint }
  /** What was opened of a masked round here: written before anything of it leaves. */
  openings: Openings
  /** This seat's sum of masks; a reloaded tab sends these bytes again. */
  masks: Sealed
  /** This seat's products; a reloaded tab sends these bytes again. */
  products: Sealed
  /** This seat's shares of the seats' seeds that were opened by then, as a set. */
  shares: { opening: number; sealed: Sealed }
  /** Written before it is sent: it took minutes. With the beacon that it answers. */
  proof: { answer: AuditAnswer; proof: Uint8Array; beacon: Hex }
}
