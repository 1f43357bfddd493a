import { checkInnerBound, type Encoding } from '../aggregation/masking/encoding.ts'
import { largestEntry } from '../aggregation/masking/scoring.ts'
import { maxWeight, mostHospitals } from '../aggregation/weights.ts'
import { WEIGHT_LIMIT } from '../audit/engine/shape.ts'
import type { Binding } from '../crypto/binding.ts'
import { sameBytes } from '../crypto/bytes.ts'
import { type BlobSigner, createDutySigner } from '../crypto/duty.ts'
import type { HospitalKeys } from '../crypto/keys.ts'
import { type Dataset, isTable, type Row } from '../data/dataset.ts'
import {
  type Encoded,
  encodedWidth,
  encodeImages,
  encodeRows,
  type Standardisation,
  scaleOfRanges,
  standardise,
} from '../data/encode.ts'
import { AppError } from '../errors/AppError.ts'
import type { Member, Progress, StudyRef, Work } from '../rounds/ports.ts'
import { packInitial } from '../storage/initialBlob.ts'
import { checkModel, initialParameters, type ParameterLayout, sharedPart, withStart } from '../study/layout.ts'
import type { Manifest } from '../study/manifest.ts'
import { type Address, sameAddress } from '../study/types.ts'
import { manifestHash } from './plaintext.ts'

/** What a trainer knows of its study before any round: whom it is, what the model looks like, its rows as numbers. */
export interface Study {
  readonly ref: StudyRef
  readonly manifest: Manifest
  /** sha-256 of the manifest's canonical bytes. */
  readonly hash: Uint8Array
  readonly self: Address
  readonly signer: BlobSigner
  readonly layout: ParameterLayout
  /** Numbers that one row becomes. */
  readonly width: number
  /** All parameters before the first round: the sponsor's, or drawn from the seed. */
  readonly initial: Float32Array
  /** Not standardised; null for images. */
  readonly tables: Parts<{ readonly matrix: Float64Array; readonly labels: Int32Array }> | null
}

/** The three parts of a hospital's patients. */
export interface Parts<T> {
  readonly train: T
  readonly validation: T
  readonly test: T
}

/** A model of the study: what a round's training starts from, or what is used here. */
export interface Base {
  readonly round: number
  /** Training rounds behind it. */
  readonly trained: number
  readonly shared: Float32Array
  readonly standardisation: Standardisation | null
}

/**
 * Encodes a hospital's rows by a study's manifest.
 * @param initial the sponsor's weights, where the manifest names some
 * @throws AppError study.badManifest, data.columnsDiffer, data.badCell, training.badInitial
 * @throws AppError masking.overflow where products that are opened for scores would not fit the field
 */
export async function openStudy(
  given: { readonly ref: StudyRef; readonly manifest: Manifest; readonly self: Address },
  dataset: Dataset,
  keys: HospitalKeys,
  initial: Float32Array | undefined,
): Promise<Study> {
  const { manifest } = given
  const tables = encodeParts(dataset, manifest)
  const width = encodedWidth(manifest.schema)
  const layout = checkModel(manifest.model, manifest.schema, width)
  if (manifest.masking?.scored) checkInnerBound(encodingOf(manifest), layout.sharedSize, largestEntry)
  return {
    ...given,
    hash: await manifestHash(manifest),
    signer: createDutySigner(keys.duty.privateKey),
    layout,
    width,
    initial: await startOf(manifest, layout, initial),
    tables,
  }
}

/** Whether a hospital that is configured would be configured the same. */
export async function isSameStudy(known: Study, ref: StudyRef, manifest: Manifest): Promise<boolean> {
  const sameRef = known.ref.deployment === ref.deployment && sameAddress(known.ref.study, ref.study)
  return sameRef && sameBytes(known.hash, await manifestHash(manifest))
}

/** What everybody starts from, before the first training round. */
export function firstBase(study: Study, standardisation: Standardisation | null): Omit<Base, 'round'> {
  return { trained: 0, shared: sharedPart(study.layout, study.initial), standardisation }
}

/** The scale that a study's manifest gives its columns; null where its patients give it, or nothing does. */
export function publicScale({ schema, scaling }: Manifest): Standardisation | null {
  return scaling === 'ranges' && schema.kind === 'table' ? scaleOfRanges(schema) : null
}

/** How a masked study writes updates as integers. @throws RangeError where the study is not masked */
export function encodingOf({ masking }: Manifest): Encoding {
  if (masking === undefined) throw new RangeError('the study is not masked')
  const { clip, fractionBits } = masking
  return { hospitals: mostHospitals, clip, fractionBits, maxWeight }
}

/** A hospital's rows as a model reads them. */
export function examplesOf({ tables, width }: Study, dataset: Dataset, by: Standardisation | null): Parts<Encoded> {
  if (!isTable(dataset)) {
    const { train, validation, test } = dataset
    return { train: encodeImages(train), validation: encodeImages(validation), test: encodeImages(test) }
  }
  if (tables === null) throw new AppError('training.noData')
  const part = ({ matrix, labels }: { readonly matrix: Float64Array; readonly labels: Int32Array }): Encoded => ({
    inputs: standardise(matrix, width, by),
    labels,
    count: labels.length,
  })
  return { train: part(tables.train), validation: part(tables.validation), test: part(tables.test) }
}

/** Where a blob belongs: its study, round, kind and sender. */
export function bindingOf(study: Study, round: number, kind: Binding['kind'], sender: Address = study.self): Binding {
  const { deployment, chainId, study: contract } = study.ref
  return { deployment, chainId, study: contract, round, sender: kind === 'model' ? contract : sender, kind }
}

export function patientsOf({ train, validation, test }: Dataset): number {
  return [train, validation, test].reduce((sum, part) => sum + ('labels' in part ? part.labels.length : part.length), 0)
}

export function joined(a: Encoded, b: Encoded): Encoded {
  const inputs = new Float32Array(a.inputs.length + b.inputs.length)
  inputs.set(a.inputs)
  inputs.set(b.inputs, a.inputs.length)
  const labels = new Int32Array(a.count + b.count)
  labels.set(a.labels)
  labels.set(b.labels, a.count)
  return { inputs, labels, count: a.count + b.count }
}

/** By what a member is known in maps. */
export function keyOf(member: Member): string {
  return member.address.toLowerCase()
}

/** A hospital's own part of a public seed. */
export function addressSeed(address: Address): number {
  return Number.parseInt(address.slice(-8), 16)
}

export function report(work: Work, progress: Progress): void {
  work.onProgress?.(progress)
}

/** @throws AppError training.cancelled */
export function stopIfAborted(work: Work): void {
  if (work.signal?.aborted) throw new AppError('training.cancelled')
}

/** Tables as float64 matrices by the manifest's schema; null for images. */
function encodeParts(dataset: Dataset, manifest: Manifest): Study['tables'] {
  const { schema } = manifest
  if (dataset.schema.kind !== schema.kind) {
    throw new AppError('study.badManifest', { reason: 'the study is of another kind of data than was loaded' })
  }
  if (!isTable(dataset) || schema.kind !== 'table') return null
  const columns = dataset.schema.features.map(feature => feature.name)
  const encode = (rows: readonly Row[]) => ({
    matrix: encodeRows(schema, rows, columns, 'The data'),
    labels: Int32Array.from(rows, row => row.label),
  })
  return { train: encode(dataset.train), validation: encode(dataset.validation), test: encode(dataset.test) }
}

async function startOf(
  manifest: Manifest,
  layout: ParameterLayout,
  given: Float32Array | undefined,
): Promise<Float32Array> {
  const drawn = initialParameters(manifest.model, manifest.seed)
  const wanted = manifest.initial
  if (wanted === undefined) return drawn
  const refuse = (reason: string) => new AppError('training.badInitial', { reason })
  if (given === undefined) throw refuse('it was not fetched')
  if (given.length !== wanted.parameters || given.length !== layout.startSize) {
    throw refuse(`${given.length} numbers where the model starts from ${layout.startSize}`)
  }
  if ((await packInitial(given)).digest !== wanted.digest) throw refuse('it is another one than its description names')
  if (!given.every(Number.isFinite)) throw refuse('not all of it are finite numbers')
  if (manifest.proving && !given.every(isProvable)) throw refuse('a number is 16 or more, which cannot be proven')
  return withStart(layout, drawn, given)
}

function isProvable(weight: number): boolean {
  return Math.abs(weight) * 2 ** 32 < Number(WEIGHT_LIMIT)
}
