/** One element of the Goldilocks field: twice a float32. */
export const ELEMENT_BYTES = 8
/** HPKE over P-256: the encapsulated key, uncompressed, and AES-GCM's tag. */
const ENCAPSULATED_BYTES = 65
const TAG_BYTES = 16
const SEED_BYTES = 32
/** A Shamir share of a seed over GF(2⁸), with its own coordinate. */
const SHARE_BYTES = 33
const HASH_BYTES = 32
/** A blob's data key, wrapped by HPKE for one recipient, with the recipient's address and the names of the three in dag-cbor. */
const WRAPPED_BYTES = ENCAPSULATED_BYTES + SEED_BYTES + TAG_BYTES + 20 + 28
/** Version, binding, sender and CIDs around a vector, as dag-cbor: generously. */
const HEADER_BYTES = 256

export interface MaskedUpload {
  /** Elements of the masked vector: k, or the vector's length where nothing is compressed. */
  readonly elements: number
  /** Seats of the round. */
  readonly seats: number
  /** Whether the hospital is one of them: nobody seeds its own seat. */
  readonly isSeat: boolean
}

/**
 * Net bytes that a hospital uploads for one masked vector: its elements; for each seat one HPKE-sealed parcel with that
 * seat's seed and its shares of the other seats' seeds; the hashes of the vector, the seeds and the shares; a header. Which
 * coordinates a sparse vector has follows from the study's public seed and is not sent.
 */
export function bytesOfMaskedUpload({ elements, ...committee }: MaskedUpload): number {
  return ELEMENT_BYTES * elements + bytesOfMasking(committee)
}

/** The part of bytesOfMaskedUpload that does not depend on the vector's length. */
export function bytesOfMasking({ seats, isSeat }: Omit<MaskedUpload, 'elements'>): number {
  const seeds = isSeat ? seats - 1 : seats
  // Every seed is shared among all seats but its own.
  const shares = seeds * (seats - 1)
  const sealed = seats * (ENCAPSULATED_BYTES + TAG_BYTES) + seeds * SEED_BYTES + shares * SHARE_BYTES
  const hashes = (1 + seeds + shares) * HASH_BYTES
  return HEADER_BYTES + sealed + hashes
}

/** What a sealed blob has beside its plaintext, for so many recipients: a header and each one's data key. */
export function bytesOfSealing(recipients: number): number {
  return HEADER_BYTES + recipients * WRAPPED_BYTES
}

/** Bytes of a float32 vector in the clear, as a sealed blob's plaintext holds it. */
export function bytesOfFloats(size: number): number {
  return 4 * size
}
