import { hexToBytes } from '../crypto/bytes.ts'
import { AppError } from '../errors/AppError.ts'
import type { BlobStore } from '../storage/BlobStore.ts'
import { unpackInitial } from '../storage/initialBlob.ts'
import type { Manifest } from '../study/manifest.ts'
import type { Hex } from '../study/types.ts'

/**
 * The weights that a study starts from where its sponsor brought some. The store checks every block against its name.
 *
 * @returns undefined where the study starts from seeded weights
 * @throws AppError study.badManifest where the blob is not what the manifest says
 */
export async function fetchInitial(
  store: Pick<BlobStore, 'get'>,
  { initial }: Pick<Manifest, 'initial'>,
  signal: AbortSignal,
): Promise<Float32Array | undefined> {
  if (initial === undefined) return undefined
  const blob = await store.get(hexToBytes(initial.digest as Hex), { signal, kind: 'initial' })
  const weights = unpackInitial(blob, initial.parameters)
  if (weights?.every(Number.isFinite)) return weights
  throw new AppError('study.badManifest', { reason: 'its initial model is not what it was announced to be' })
}
