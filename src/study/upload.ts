import { compressionPays } from '../aggregation/compression/adaptiveK.ts'
import { bytesOfFloats, bytesOfMaskedUpload, bytesOfSealing, ELEMENT_BYTES } from '../aggregation/compression/bytes.ts'
import { BLINDS } from '../audit/training/roundShape.ts'
import { parameterLayout } from './layout.ts'
import type { Manifest } from './manifest.ts'

type UploadManifest = Pick<Manifest, 'model' | 'masking' | 'compression' | 'proving'>

/** Who a hospital's upload is sealed to. */
export interface Committee {
  readonly seats: number
  /** Whether the hospital is one of them. */
  readonly isSeat: boolean
}

/** The smallest committee; more seats are more overhead. */
const FEWEST_SEATS = 3

/**
 * How many numbers an update has.
 * @param size of the model's shared parameters
 */
export function coordinatesSent({ compression }: Pick<Manifest, 'compression'>, size: number): number {
  return compression === undefined ? size : Math.ceil(compression.keep * size)
}

/**
 * Net bytes that one hospital uploads in a training round, and what they were if the study did not compress: a forecast from the
 * manifest, a few percent off what the blobs come to.
 * @throws AppError study.badManifest where the model's layers do not fit
 */
export function uploadBytes(
  manifest: UploadManifest,
  committee: Committee,
): { readonly bytes: number; readonly uncompressed: number } {
  const { sharedSize } = parameterLayout(manifest.model)
  return {
    bytes: bytesOf(manifest, committee, coordinatesSent(manifest, sharedSize)),
    uncompressed: bytesOf(manifest, committee, sharedSize),
  }
}

/**
 * Net bytes of a round's new model for a hospital that has the one before, and for one that needs the whole: a forecast
 * like uploadBytes.
 * @param hospitals of the study: a model is sealed to all of them
 * @throws AppError study.badManifest where the model's layers do not fit
 */
export function downloadBytes(
  manifest: Pick<Manifest, 'model' | 'compression'>,
  hospitals: number,
): { readonly bytes: number; readonly uncompressed: number } {
  const { sharedSize } = parameterLayout(manifest.model)
  const sealing = bytesOfSealing(hospitals)
  return {
    bytes: sealing + bytesOfFloats(coordinatesSent(manifest, sharedSize)),
    uncompressed: sealing + bytesOfFloats(sharedSize),
  }
}

/**
 * False where a study compresses, but no share of its parameters could halve an upload, even to the fewest seats: what
 * compressionPays says.
 */
export function paysToCompress(manifest: UploadManifest): boolean {
  if (manifest.compression === undefined) return true
  const committee = { seats: FEWEST_SEATS, isSeat: false }
  const overhead = bytesOf(manifest, committee, 0)
  const { sharedSize } = parameterLayout(manifest.model)
  return compressionPays(sharedSize, overhead, bytesOf(manifest, committee, 1) - overhead)
}

function bytesOf({ masking, proving }: UploadManifest, { seats, isSeat }: Committee, coordinates: number): number {
  const elements = coordinates + (masking && proving ? BLINDS : 0)
  // A proven update is as exact as the weights that it is added to.
  const open = proving ? ELEMENT_BYTES * elements : bytesOfFloats(elements)
  return bytesOfSealing(seats) + (masking === undefined ? open : bytesOfMaskedUpload({ elements, seats, isSeat }))
}
