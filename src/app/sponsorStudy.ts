import { encode } from '@ipld/dag-cbor'
import { creditUnits } from '../chain/credits.ts'
import { fundGasPot } from '../chain/gasPot.ts'
import type { Rules } from '../chain/reads.ts'
import { createProvenStudy, createStudy, fundStudy } from '../chain/sponsor.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { hexToBytes, sha256Hex } from '../crypto/bytes.ts'
import { manifestDigest, manifestUri } from '../crypto/cid.ts'
import { AppError } from '../errors/AppError.ts'
import { Mode } from '../rounds/ports.ts'
import type { Blob, BlobStore } from '../storage/BlobStore.ts'
import { decodeManifest, type Manifest } from '../study/manifest.ts'
import type { StudyPlan, SuggestedAudits } from '../study/studies/StudyPlan.ts'
import type { Address, Publishable } from '../study/types.ts'

/** Seats of a round; the contract's own limit. */
const MAX_SEATS = 7
/** How many hospitals a round's ranking names (P5.4). */
const TOP_K = 3

export interface SponsoredStudy {
  readonly study: Address
  readonly manifest: Manifest
  readonly rules: Rules
}

export interface SponsorOptions {
  readonly minHospitals: number
  readonly maxHospitals: number
  /** Half of the deposit to the first (P5.1) instead of shares by score. */
  readonly halfToFirst?: boolean
  /** Wei for the study's gas pot, which pays for carrying what hospitals sign. Default none: each pays its own. */
  readonly gasWei?: bigint
}

/** What the contract's rules say of who may see an update, from the manifest that hospitals go by. */
export function maskingRules({
  masking,
}: Pick<Manifest, 'masking'>): Pick<Rules, 'mode' | 'clip' | 'fractionBits' | 'scored'> {
  if (masking === undefined) return { mode: Mode.Committee, clip: 0, fractionBits: 0, scored: false }
  return { mode: Mode.Masked, ...masking, scored: masking.scored ?? false }
}

/**
 * Creates a study from a plan: clones the contract, funds it and its gas pot so that hospitals may join, and publishes its
 * manifest. That goes out after the funding: relays take it because the contract names it.
 *
 * @throws AppError chain.* and storage.*; chain.noVerifier where a proven study can be proven to nobody
 */
export async function sponsorStudy(
  access: ChainAccess,
  store: BlobStore,
  { manifest, rules: suggested }: StudyPlan,
  options: SponsorOptions,
): Promise<SponsoredStudy> {
  const header = encode(manifest)
  const uri = manifestUri(await sha256Hex(header), manifest.name)
  const { stake, rewardPerRound, audits, ...numbers } = suggested
  const rules: Rules = {
    ...numbers,
    stake: creditUnits(stake),
    minHospitals: options.minHospitals,
    maxHospitals: options.maxHospitals,
    maxSeats: Math.min(MAX_SEATS, options.maxHospitals),
    topK: Math.min(TOP_K, options.maxHospitals),
    schedule: options.halfToFirst ? 1 : 0,
    ...maskingRules(manifest),
  }
  const deposit = creditUnits(rewardPerRound * options.maxHospitals * rules.rounds)
  const study = await (audits ? createProven(access, manifest, rules, audits) : createStudy(access, rules))
  await fundStudy(access, study, { modelURI: uri, rounds: rules.rounds, deposit })
  if (options.gasWei !== undefined && options.gasWei > 0n) await fundGasPot(access, study, options.gasWei)
  await publishOpenly(store, { header, chunks: [] })
  return { study, manifest, rules }
}

async function createProven(
  access: ChainAccess,
  manifest: Manifest,
  rules: Rules,
  audits: SuggestedAudits,
): Promise<Address> {
  // What describes proofs is fetched where there are any.
  const { publishAudits } = await import('./audits.ts')
  return createProvenStudy(access, rules, await publishAudits(access, manifest, audits))
}

/** Stores what a sponsor makes public: a manifest, initial weights. There is nothing in them about patients. @throws AppError storage.* */
export async function publishOpenly(store: Pick<BlobStore, 'put'>, blob: Blob, signal?: AbortSignal): Promise<void> {
  // A manifest is one block; weights follow their header in chunks.
  const kind = blob.chunks.length > 0 ? 'initial' : 'manifest'
  await store.put(blob as Publishable<Blob>, { kind, ...(signal && { signal }) })
}

/**
 * Fetches the manifest that a study's contract names; its bytes are checked against the name by the store.
 * @throws AppError study.badManifest
 */
export async function fetchManifest(store: BlobStore, modelURI: string, signal?: AbortSignal): Promise<Manifest> {
  const digest = manifestDigest(modelURI)
  if (digest === undefined) throw new AppError('study.badManifest', { reason: `“${modelURI}” names no manifest` })
  const { header } = await store.get(hexToBytes(digest), { kind: 'manifest', ...(signal && { signal }) })
  return decodeManifest(header)
}
