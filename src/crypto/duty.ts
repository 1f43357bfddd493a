import type { TypedDataDefinition } from 'viem'
import { encodeAbiParameters, hashTypedData, keccak256, stringToHex } from 'viem/utils'
import type { DutySignature, DutySigner, MemberKeys, StudyRef } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import type { Binding } from './binding.ts'
import { bytesToHex, concatBytes, hexToBytes, unshared } from './bytes.ts'

/** The EIP-712 structs that a duty key signs, by primary type. IStudy.sol documents all but the last. */
export const dutyTypes = {
  Attestation: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'opened', type: 'uint64' },
    { name: 'scoreCommitment', type: 'bytes32' },
  ],
  Scores: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'scores', type: 'int16[]' },
    { name: 'salt', type: 'bytes32' },
    { name: 'rewraps', type: 'bytes32' },
  ],
  ModelSignature: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'modelHash', type: 'bytes32' },
    { name: 'header', type: 'bytes32' },
  ],
  ScoredModel: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'modelHash', type: 'bytes32' },
    { name: 'header', type: 'bytes32' },
    { name: 'scores', type: 'int16[]' },
  ],
  Masks: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'masks', type: 'bytes32' },
  ],
  Products: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'products', type: 'bytes32' },
  ],
  Shares: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'shares', type: 'bytes32' },
  ],
  Accusation: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'members', type: 'uint64' },
  ],
  Veto: [
    { name: 'hospital', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'vetoed', type: 'bool' },
  ],
  Preparation: [
    { name: 'hospital', type: 'address' },
    { name: 'data', type: 'bytes32' },
  ],
  SealedBlob: [
    { name: 'by', type: 'address' },
    { name: 'round', type: 'uint16' },
    { name: 'kind', type: 'string' },
    { name: 'ciphertext', type: 'bytes32' },
    { name: 'commitment', type: 'bytes32' },
  ],
} as const

/** The values of each struct. */
export interface Duties {
  Attestation: { hospital: Address; round: number; opened: bigint; scoreCommitment: Hex }
  Scores: { hospital: Address; round: number; scores: readonly number[]; salt: Hex; rewraps: Hex }
  ModelSignature: { hospital: Address; round: number; modelHash: Hex; header: Hex }
  ScoredModel: { hospital: Address; round: number; modelHash: Hex; header: Hex; scores: readonly number[] }
  Masks: { hospital: Address; round: number; masks: Hex }
  Products: { hospital: Address; round: number; products: Hex }
  Shares: { hospital: Address; round: number; shares: Hex }
  Accusation: { hospital: Address; round: number; members: bigint }
  Veto: { hospital: Address; round: number; vetoed: boolean }
  Preparation: { hospital: Address; data: Hex }
  SealedBlob: {
    /** Who sealed it. */
    by: Address
    round: number
    kind: Binding['kind']
    /** sha-256 of the concatenated chunk digests. */
    ciphertext: Hex
    /** sha-256 of the plaintext. */
    commitment: Hex
  }
}

/** A duty signer that also signs the blobs a hospital seals. */
export interface BlobSigner extends DutySigner {
  sealedBlob(ref: StudyRef, blob: Duties['SealedBlob']): Promise<DutySignature>
}

/**
 * Signs duties with the hospital's P-256 key: ECDSA over sha-256 of the EIP-712 digest, because WebCrypto always hashes
 * what it signs; s in the lower half, because OpenZeppelin's P256 refuses the other.
 * @param key private half of HospitalKeys.duty
 */
export function createDutySigner(key: CryptoKey): BlobSigner {
  return {
    scoreCommitment,
    attestation: (ref, duty) => sign(key, dutyDigest(ref, 'Attestation', duty)),
    scores: (ref, duty) => sign(key, dutyDigest(ref, 'Scores', duty)),
    model: (ref, duty) => sign(key, dutyDigest(ref, 'ModelSignature', duty)),
    scoredModel: (ref, duty) => sign(key, dutyDigest(ref, 'ScoredModel', duty)),
    masks: (ref, duty) => sign(key, dutyDigest(ref, 'Masks', duty)),
    products: (ref, duty) => sign(key, dutyDigest(ref, 'Products', duty)),
    shares: (ref, duty) => sign(key, dutyDigest(ref, 'Shares', duty)),
    accusation: (ref, duty) => sign(key, dutyDigest(ref, 'Accusation', duty)),
    veto: (ref, duty) => sign(key, dutyDigest(ref, 'Veto', duty)),
    preparation: (ref, duty) => sign(key, dutyDigest(ref, 'Preparation', duty)),
    sealedBlob: (ref, blob) => sign(key, dutyDigest(ref, 'SealedBlob', blob)),
  }
}

/**
 * Whether a signature over a duty is by the holder of `key`. Refuses s in the upper half, as the contract does.
 * @param key the duty key that the registry holds
 */
export async function verifyDuty<T extends keyof Duties>(
  ref: StudyRef,
  type: T,
  duty: Duties[T],
  signature: DutySignature,
  key: MemberKeys['duty'],
): Promise<boolean> {
  const s = BigInt(signature.s)
  if (s > HALF_ORDER) return false
  let publicKey: CryptoKey
  try {
    const point = concatBytes(Uint8Array.of(4), hexToBytes(key.x), hexToBytes(key.y))
    publicKey = await crypto.subtle.importKey('raw', point, ECDSA, false, ['verify'])
  } catch {
    // A point off the curve or of another length verifies nothing.
    return false
  }
  const raw = concatBytes(hexToBytes(signature.r), hexToBytes(signature.s))
  return crypto.subtle.verify(ECDSA_SHA256, publicKey, raw, unshared(hexToBytes(dutyDigest(ref, type, duty))))
}

/** The EIP-712 digest of a duty under the domain of its study; the contract computes the same. */
export function dutyDigest<T extends keyof Duties>(ref: StudyRef, type: T, duty: Duties[T]): Hex {
  const definition: TypedDataDefinition = {
    domain: domainOf(ref),
    types: dutyTypes,
    primaryType: type,
    message: { ...duty },
  }
  return hashTypedData(definition)
}

/** The EIP-712 separator of a study's domain: what its contract calls domainSeparator(). */
export function studyDomain(ref: StudyRef): Hex {
  const { name, version, chainId, verifyingContract, salt } = domainOf(ref)
  const type = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)'
  const hashed = [type, name, version].map(text => keccak256(stringToHex(text)))
  const word = { type: 'bytes32' } as const
  return keccak256(
    encodeAbiParameters(
      [word, word, word, { type: 'uint256' }, { type: 'address' }, word],
      [...(hashed as [Hex, Hex, Hex]), BigInt(chainId), verifyingContract, salt],
    ),
  )
}

function domainOf({ deployment, chainId, study }: StudyRef) {
  return { name: 'Wardround', version: '1', chainId, verifyingContract: study, salt: deployment } as const
}

/**
 * What a seat commits to before it reveals: keccak256(abi.encode(hospital, round, scores, salt)), as Study checks it.
 * Scores are basis points, one a member; -32768 = not opened.
 */
export function scoreCommitment(duty: Omit<Duties['Scores'], 'rewraps'>): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'uint16' }, { type: 'int16[]' }, { type: 'bytes32' }],
      [duty.hospital, duty.round, duty.scores, duty.salt],
    ),
  )
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const
const ECDSA_SHA256 = { name: 'ECDSA', hash: 'SHA-256' } as const
/** Order of the P-256 group, FIPS 186-4 D.1.2.3. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const HALF_ORDER = ORDER / 2n

async function sign(key: CryptoKey, digest: Hex): Promise<DutySignature> {
  const raw = new Uint8Array(await crypto.subtle.sign(ECDSA_SHA256, key, unshared(hexToBytes(digest))))
  const s = BigInt(bytesToHex(raw.subarray(32, 64)))
  const low = s > HALF_ORDER ? ORDER - s : s
  return { r: bytesToHex(raw.subarray(0, 32)), s: `0x${low.toString(16).padStart(64, '0')}` }
}
