import { decode, encode } from '@ipld/dag-cbor'
import type { KeyOwner } from '../crypto/keys.ts'
import { indexedDbSealedStore, nameOf } from './sealedStore.ts'

/** What a hospital keeps of a proven study: from it and its patients follows every proof, to the last byte. */
export interface ProofRecord {
  /** 32 bytes, from which all that hides its patients in proofs is made. */
  readonly secret: Uint8Array
  /** The noise of all its contributions, one after another; null where the study has none. */
  readonly noise: BigInt64Array<ArrayBuffer> | null
  /** A digest of the patients, as they are committed to, and of the study: no others are trained on with the same noise. */
  readonly patients: Uint8Array
  /** Of each round that was trained, in order. */
  readonly rounds: readonly ProofRound[]
  /** Of each statement that was proven: its digest, and the root of what its round ended with. */
  readonly proven: readonly { readonly after: Uint8Array; readonly statement: Uint8Array }[]
}

export interface ProofRound {
  readonly round: number
  /** Of the round, as it was drawn. */
  readonly seed: Uint8Array
  /** The hospital's index in the study, from which its order and signs follow too. */
  readonly member: number
  readonly contribution: number
  /** Weights that it started from, Q32. */
  readonly start: BigInt64Array<ArrayBuffer>
  /** 32 secret bytes, from which all that hides what the round ended with is made. */
  readonly afterKey: Uint8Array
  /** The root of what it ended with. */
  readonly after: Uint8Array
  /** Masked studies: what blinds the fingerprint of the update. */
  readonly blinds: BigUint64Array<ArrayBuffer>
  /** Masked studies: by seat, the seed of the masks; null at the hospital's own. Empty elsewhere. */
  readonly seeds: readonly (Uint8Array | null)[]
}

/** Where that lives between sessions. As much a secret as the patients' data, so it is kept in the training worker alone. */
export interface ProofStore {
  /** What was saved last; undefined where nothing was, or where it cannot be opened. @throws AppError journal.failed */
  load(owner: KeyOwner): Promise<ProofRecord | undefined>
  /** Replaces what was saved. @throws AppError journal.failed where the browser refuses to store */
  save(owner: KeyOwner, record: ProofRecord): Promise<void>
  /** Bytes that are stored. @throws AppError journal.failed */
  bytes(owner: KeyOwner): Promise<number>
  /** Deletes it, and the key it is encrypted with. @throws AppError journal.failed */
  clear(owner: KeyOwner): Promise<void>
}

/** Records that live as long as this object: for simulations and tests. */
export function memoryProofStore(): ProofStore {
  const records = new Map<string, Uint8Array>()
  return {
    async load(owner) {
      const known = records.get(nameOf(owner))
      return known && decoded(known)
    },
    save: async (owner, record) => void records.set(nameOf(owner), encoded(record)),
    bytes: async owner => records.get(nameOf(owner))?.length ?? 0,
    clear: async owner => void records.delete(nameOf(owner)),
  }
}

/** Records in IndexedDB, encrypted at rest: see indexedDbSealedStore. */
export function indexedDbProofStore(): ProofStore {
  const entries = indexedDbSealedStore('proofs')
  return {
    async load(owner) {
      const entry = await entries.load(owner)
      return entry && decoded(entry.plain)
    },
    save: (owner, record) => entries.save(owner, { round: record.rounds.at(-1)?.round ?? 0, plain: encoded(record) }),
    bytes: owner => entries.bytes(owner),
    clear: owner => entries.remove(owner),
  }
}

/** The bytes stay on this device, so its own byte order does. */
function encoded({ noise, rounds, ...others }: ProofRecord): Uint8Array<ArrayBuffer> {
  const written = rounds.map(round => ({ ...round, start: bytesOf(round.start), blinds: bytesOf(round.blinds) }))
  return new Uint8Array(encode({ ...others, noise: noise && bytesOf(noise), rounds: written }))
}

function decoded(bytes: Uint8Array): ProofRecord {
  const { noise, rounds, ...others } = decode(bytes) as Omit<ProofRecord, 'noise' | 'rounds'> & {
    noise: Uint8Array | null
    rounds: (Omit<ProofRound, 'start' | 'blinds'> & { start: Uint8Array; blinds: Uint8Array })[]
  }
  return {
    ...others,
    noise: noise && new BigInt64Array(bufferOf(noise)),
    rounds: rounds.map(round => ({
      ...round,
      start: new BigInt64Array(bufferOf(round.start)),
      blinds: new BigUint64Array(bufferOf(round.blinds)),
    })),
  }
}

function bytesOf(values: BigInt64Array | BigUint64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** Copied: a view into the decoded bytes need not start at a multiple of eight. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
