import { leastHospitals } from '../aggregation/masking/freeze.ts'
import { publicClientFor, type Wallet } from '../chain/clients.ts'
import type { Deployment } from '../chain/deployment.ts'
import { GasLog } from '../chain/gas.ts'
import { joinStudy } from '../chain/hospital.ts'
import { createStudyChain } from '../chain/StudyChain.ts'
import { startTask } from '../chain/sponsor.ts'
import { memoryTransactionJournal } from '../chain/transactionJournal.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { createDutySigner } from '../crypto/duty.ts'
import { createKeys, publicKeys } from '../crypto/keys.ts'
import type { Dataset } from '../data/dataset.ts'
import type { HospitalPorts } from '../rounds/effects.ts'
import { createMemoryJournal } from '../rounds/journal.ts'
import type { BlobStore, ChainPort, Journal, StudySnapshot, TrainingPort } from '../rounds/ports.ts'
import { createRunner, type Runner, type RunnerOptions } from '../rounds/runner.ts'
import type { HospitalState } from '../rounds/state.ts'
import { createMemoryNetwork, createMemoryStore } from '../storage/memory.ts'
import type { StudyPlan } from '../study/studies/StudyPlan.ts'
import type { Address } from '../study/types.ts'
import type { Engine } from '../training/engine.ts'
import { HospitalTrainer } from '../training/HospitalTrainer.ts'
import { canStart } from './phases.ts'
import { type LedgerStore, memoryLedgerStore } from './privacy/ledgerStore.ts'
import { createPrivacyPort } from './privacy/privacyPort.ts'
import { sponsorStudy } from './sponsorStudy.ts'

/** A hospital that lives in this process. */
export interface SimulatedHospital {
  readonly wallet: Wallet
  readonly dataset: Dataset
  readonly createEngine: () => Promise<Engine>
  /** Where its blobs live; all hospitals of a simulation must reach each other. Default: memory. */
  readonly store?: BlobStore
  readonly peerId?: Uint8Array
  readonly journal?: Journal
  /** What its patients' privacy was spent on so far. Default: nothing. */
  readonly ledgers?: LedgerStore
  /** Joins the running study as soon as this is so. Default: before the start. */
  readonly joinsWhen?: (snapshot: StudySnapshot) => boolean
  /** Its ports as a test wants them: a hospital that falls silent, or lies. */
  readonly alter?: (ports: HospitalPorts) => HospitalPorts
}

export interface SimulationOptions {
  readonly deployment: Deployment
  readonly sponsor: Wallet
  readonly plan: StudyPlan
  readonly hospitals: readonly SimulatedHospital[]
  /** Milliseconds between looks at the chain. Default 100. */
  readonly pollInterval?: number
  readonly signal?: AbortSignal
  readonly gasLog?: GasLog
  /** The sponsor's way to store the manifest. Default: memory. */
  readonly store?: BlobStore
  readonly onTask?: (hospital: number, ...about: Parameters<NonNullable<RunnerOptions['onTask']>>) => void
}

export interface SimulatedResult {
  readonly address: Address
  readonly state: HospitalState
  readonly spent: ReturnType<Runner['spent']> & Awaited<ReturnType<TrainingPort['spent']>>
  readonly traffic: ReturnType<BlobStore['traffic']>
}

export interface SimulatedStudy {
  readonly study: Address
  readonly access: ChainAccess
  readonly gasLog: GasLog
  readonly hospitals: readonly SimulatedResult[]
}

/**
 * Runs a whole study headless: the tab's own rounds, trainer and contracts, on a real chain, without a browser.
 * Every hospital joins (some later), the sponsor starts, and the promise resolves when each has finished.
 */
export async function simulateStudy(options: SimulationOptions): Promise<SimulatedStudy> {
  const { deployment, sponsor, plan, hospitals, pollInterval = 100, signal = new AbortController().signal } = options
  const gasLog = options.gasLog ?? new GasLog()
  const network = createMemoryNetwork()
  const publicClient = publicClientFor(deployment)
  const accessOf = (walletClient: Wallet): ChainAccess => ({
    deployment,
    publicClient,
    walletClient,
    journal: memoryTransactionJournal(),
    gasLog,
    pollInterval,
  })
  const access = accessOf(sponsor)
  const { study, manifest } = await sponsorStudy(access, options.store ?? createMemoryStore(network), plan, {
    minHospitals: Math.min(plan.manifest.masking ? leastHospitals : 2, hospitals.length),
    maxHospitals: hospitals.length,
  })
  const members: {
    address: Address
    runner: Runner
    training: TrainingPort
    store: BlobStore
    enter: () => Promise<void>
  }[] = []
  for (const [index, hospital] of hospitals.entries()) {
    const keys = await createKeys()
    const store = hospital.store ?? createMemoryStore(network)
    const training = new HospitalTrainer({ keys, dataset: hospital.dataset, createEngine: hospital.createEngine })
    const own = accessOf(hospital.wallet)
    const chain = createStudyChain({ ...own, study })
    await training.configure(chain.ref, manifest, chain.self)
    const join = async () => joinStudy(own, study, await publicKeys(keys), hospital.peerId ?? standInPeerId(index))
    const { joinsWhen } = hospital
    if (joinsWhen === undefined) await join()
    const ports: HospitalPorts = {
      chain,
      store,
      training,
      manifest,
      journal: hospital.journal ?? createMemoryJournal(),
      privacy: manifest.privacy
        ? createPrivacyPort({
            ledgers: hospital.ledgers ?? memoryLedgerStore(chain.self),
            privacy: manifest.privacy,
            ref: chain.ref,
            rounds: plan.rules.rounds,
          })
        : null,
      signer: createDutySigner(keys.duty.privateKey),
    }
    const runner = createRunner(hospital.alter?.(ports) ?? ports, {
      onTask: (...about) => options.onTask?.(index, ...about),
    })
    const enter = async () => {
      if (joinsWhen === undefined) return
      await untilSo(chain, joinsWhen, signal)
      await join()
    }
    members.push({ address: chain.self, runner, training, store, enter })
  }
  const start = async () => {
    const early = hospitals.filter(({ joinsWhen }) => joinsWhen === undefined).length
    await untilSo(createStudyChain({ ...access, study }), snapshot => canStart(snapshot, early), signal)
    await startTask(access, study)
  }
  const work = members.map(async ({ address, runner, training, store, enter }): Promise<SimulatedResult> => {
    await enter()
    const state = await runner.run(signal)
    return { address, state, spent: { ...runner.spent(), ...(await training.spent()) }, traffic: store.traffic() }
  })
  const [results] = await Promise.all([Promise.all(work), start()])
  return { study, access, gasLog, hospitals: results }
}

async function untilSo(
  chain: Pick<ChainPort, 'snapshots'>,
  isSo: (snapshot: StudySnapshot) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for await (const snapshot of chain.snapshots(signal)) if (isSo(snapshot)) return
  signal.throwIfAborted()
}

/** In memory there is no storage node; the registry still wants a peer id of its own for everybody: an identity multihash. */
function standInPeerId(index: number): Uint8Array {
  const id = new Uint8Array(38)
  id.set([0x00, 0x24, 0x08, 0x01, 0x12, 0x20])
  new DataView(id.buffer).setUint32(34, index + 1)
  return id
}
