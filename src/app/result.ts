import type { Runner } from '../rounds/runner.ts'
import type { HospitalState } from '../rounds/state.ts'
import type { HeliaStore } from '../storage/heliaStore.ts'
import type { Manifest } from '../study/manifest.ts'
import type { TrainingClient } from '../training/client.ts'
import { shownRound } from './phases.ts'
import type { HospitalResult, HospitalStore } from './store.ts'

/** What a hospital has at the end of a study; null where its last evaluation never came. */
export async function summarise(
  store: HospitalStore,
  state: HospitalState,
  {
    runner,
    training,
    blobs,
    manifest,
  }: { runner: Runner; training: TrainingClient; blobs: HeliaStore; manifest: Manifest },
): Promise<HospitalResult | null> {
  const final = state.evaluations.at(-1)
  if (final === undefined) return null
  const { name, address, patients, backend } = store.getState()
  if (address === null || patients === null || backend === null) return null
  const { train, encrypt, other } = await training.spent()
  const spent = runner.spent()
  const busy = train + encrypt + other + spent.store + spent.chain
  return {
    name,
    address,
    patients,
    majorityAccuracy: final.majorityAccuracy,
    federated: final.federated,
    local: final.local,
    history: state.evaluations.map(({ round, federated }) => ({
      round: shownRound(round, manifest),
      accuracy: federated.accuracy,
    })),
    epochs: (state.snapshot?.completed ?? 0) * manifest.training.epochs,
    backend,
    traffic: blobs.traffic(),
    seconds: { ...spent, train, encrypt, wait: Math.max(0, spent.total - busy) },
  }
}
