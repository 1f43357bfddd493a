import { CID } from 'multiformats/cid'
import * as digests from 'multiformats/hashes/digest'
import type { Hex } from '../study/types.ts'
import { bytesToHex, hexToBytes } from './bytes.ts'

/** Multicodec numbers, https://github.com/multiformats/multicodec/blob/master/table.csv */
const DAG_CBOR = 0x71
const RAW = 0x55
const SHA2_256 = 0x12

/** The CID of a dag-cbor block (a blob's header, a manifest) from its sha-256 digest. */
export function headerCid(digest: Uint8Array): CID {
  return CID.createV1(DAG_CBOR, digests.create(SHA2_256, digest))
}

/** The CID of a raw block (a chunk of ciphertext) from its sha-256 digest. */
export function chunkCid(digest: Uint8Array): CID {
  return CID.createV1(RAW, digests.create(SHA2_256, digest))
}

/** The sha-256 digest that a chunk's CID names; undefined for any other kind of link. */
export function chunkDigest(link: unknown): Uint8Array | undefined {
  const cid = CID.asCID(link)
  if (cid === null || cid.version !== 1 || cid.code !== RAW) return undefined
  return cid.multihash.code === SHA2_256 && cid.multihash.size === 32 ? cid.multihash.digest : undefined
}

/** A chain's bytes32 as the CID that IPFS tools show. @example cidText('0xe3b0…') // 'bafyrei…' */
export function cidText(digest: Hex): string {
  return headerCid(hexToBytes(digest)).toString()
}

/**
 * `ipfs://<CIDv1 dag-cbor>#<name>`: how a study's model URI names its manifest block. The name lets lists show what the study
 * is called before anybody fetched the manifest; it is a hint, what counts is in the manifest.
 */
export function manifestUri(digest: Hex, name?: string): string {
  const uri = `ipfs://${cidText(digest)}`
  return name === undefined ? uri : `${uri}#${encodeURIComponent(name)}`
}

/** The name that a model URI gives its study, as whoever created it wrote it; undefined where it gives none. */
export function manifestName(uri: string): string | undefined {
  const [, fragment] = uri.split('#', 2)
  if (!fragment) return undefined
  try {
    return decodeURIComponent(fragment).slice(0, 80)
  } catch {
    // Not written by this app: no name is better than a broken one.
    return undefined
  }
}

/** The digest that a model URI names; undefined when it is not `ipfs://` and a dag-cbor, sha-256 CIDv1. */
export function manifestDigest(uri: string): Hex | undefined {
  if (!uri.startsWith('ipfs://')) return undefined
  let cid: CID
  try {
    cid = CID.parse(uri.slice('ipfs://'.length).split('#', 1)[0] as string)
  } catch {
    // Not a CID at all: the same answer as a CID of something else.
    return undefined
  }
  if (cid.version !== 1 || cid.code !== DAG_CBOR || cid.multihash.code !== SHA2_256) return undefined
  return cid.multihash.size === 32 ? bytesToHex(cid.multihash.digest) : undefined
}
