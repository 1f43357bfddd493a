import type { HDAccount } from 'viem'
import { memoryLedgerStore } from '../../src/app/privacy/ledgerStore.ts'
import { createPrivacyPort } from '../../src/app/privacy/privacyPort.ts'
import { joinStudy } from '../../src/chain/hospital.ts'
import { createStudyChain } from '../../src/chain/StudyChain.ts'
import { createDutySigner } from '../../src/crypto/duty.ts'
import { createKeys, publicKeys } from '../../src/crypto/keys.ts'
import type { Dataset } from '../../src/data/dataset.ts'
import { createMemoryJournal } from '../../src/rounds/journal.ts'
import type { ChainPort } from '../../src/rounds/ports.ts'
import { createRunner } from '../../src/rounds/runner.ts'
import type { HospitalState } from '../../src/rounds/state.ts'
import type { HeliaStore } from '../../src/storage/heliaStore.ts'
import type { Address } from '../../src/study/types.ts'
import { createEngine, type Engine } from '../../src/training/engine.ts'
import { HospitalTrainer } from '../../src/training/HospitalTrainer.ts'
import type { Bed, TestStudy } from './deployment.ts'
import { openNodeStore } from './nodeStore.ts'

export interface HeadlessOptions {
  readonly bed: Bed
  readonly study: TestStudy
  readonly account: HDAccount
  readonly dataset: Dataset
  /** What it trains with. Default: tfjs on the processor. */
  readonly createEngine?: () => Promise<Engine>
  /** Milliseconds between looks at the chain. Default 300. */
  readonly pollInterval?: number
  /** Asked before each call of a round is sent: holds the hospital back, and with it the phase, until it resolves. */
  readonly gate?: (call: GatedCall, round: number) => Promise<void>
}

export type GatedCall = 'submitUpdate' | 'attest' | 'submitScore' | 'postMasks' | 'postProducts' | 'signModel'

/** A hospital without a page. */
export interface HeadlessHospital {
  readonly address: Address
  readonly store: HeliaStore
  /** Resolves with its last state when the study has ended for it. */
  readonly finished: Promise<HospitalState>
  /** Tasks that failed, for the test's message when a study goes wrong. */
  readonly failures: readonly string[]
  stop(): Promise<void>
}

/** Joins a study and takes part in it: the app's own protocol over real Helia and the real chain, without a browser. */
export async function startHeadlessHospital(options: HeadlessOptions): Promise<HeadlessHospital> {
  const { bed, study, account, dataset, pollInterval = 300 } = options
  const { address } = account
  const keys = await createKeys()
  const store = await openNodeStore(address, study.manifest.relays)
  const stopping = new AbortController()
  const failures: string[] = []
  try {
    const access = bed.access(account)
    await joinStudy(access, study.address, await publicKeys(keys), store.peerIdBytes)
    const chain = gated(createStudyChain({ ...access, study: study.address, pollInterval }), options.gate)
    const engine = options.createEngine ?? (() => createEngine('cpu'))
    const training = new HospitalTrainer({ keys, dataset, createEngine: engine })
    await training.configure(chain.ref, study.manifest, address)
    const signer = createDutySigner(keys.duty.privateKey)
    const { manifest } = study
    const privacy = manifest.privacy
      ? createPrivacyPort({
          ledgers: memoryLedgerStore(address),
          privacy: manifest.privacy,
          ref: chain.ref,
          rounds: study.rounds,
        })
      : null
    const ports = { chain, store, training, journal: createMemoryJournal(), signer, manifest, privacy }
    const runner = createRunner(ports, {
      onTask: (task, what, error) => {
        if (what === 'failed') failures.push(`${task.type} of round ${task.round}: ${String(error)}`)
      },
    })
    const finished = runner.run(stopping.signal)
    finished.catch(() => undefined)
    return {
      address,
      store,
      finished,
      failures,
      async stop() {
        stopping.abort()
        await finished
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

function gated(chain: ChainPort, gate: HeadlessOptions['gate']): ChainPort {
  if (gate === undefined) return chain
  const held =
    <C extends { readonly round: number }>(name: GatedCall, send: (call: C) => Promise<void>) =>
    async (call: C) => {
      await gate(name, call.round)
      await send(call)
    }
  return {
    ...chain,
    submitUpdate: held('submitUpdate', chain.submitUpdate),
    attest: held('attest', chain.attest),
    submitScore: held('submitScore', chain.submitScore),
    postMasks: held('postMasks', chain.postMasks),
    postProducts: held('postProducts', chain.postProducts),
    signModel: held('signModel', chain.signModel),
  }
}
