import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Wallet } from '../../chain/clients.ts'
import type { Deployment } from '../../chain/deployment.ts'
import { createHospitalEvents } from '../../chain/hospitalEvents.ts'
import { balanceOf } from '../../chain/reads.ts'
import { submissionsOf } from '../../chain/submissions.ts'
import type { Anvil } from '../../chain/testing/anvil.ts'
import { isAppError } from '../../errors/AppError.ts'
import { spent } from '../../privacy/ledger.ts'
import { studyEpsilon } from '../../privacy/studyPrivacy.ts'
import { heartStudy } from '../../study/studies/heart.ts'
import { privately } from '../../study/studies/privately.ts'
import { createEngine, type Engine } from '../../training/engine.ts'
import { historyOf } from '../keeping/history.ts'
import { type SimulatedStudy, simulateStudy } from '../simulation.ts'
import { heartDatasets, startStudyChain } from '../testStudies.ts'
import { DEFAULT_BUDGET, memoryLedgerStore } from './ledgerStore.ts'
import { completeLedger } from './mirror.ts'

const datasets = heartDatasets()
const rounds = 4
const promise = { epsilon: 5, delta: 1e-4 }
const plan = privately(heartStudy({ rounds }), promise)
const manifest = plan.manifest
/** What two rounds cost at the budget's δ, with a little to spare: the third and fourth are said off in both. */
const twoRounds = 1.01 * (studyEpsilon({ privacy: { ...manifest.privacy!, delta: DEFAULT_BUDGET.delta } }, 2) as number)

let anvil: Anvil
let deployment: Deployment
let wallets: readonly Wallet[]
let study: SimulatedStudy
const stores = datasets.map((_, i) =>
  memoryLedgerStore(`hospital ${i}`, i === 3 ? { epsilon: twoRounds, delta: DEFAULT_BUDGET.delta } : DEFAULT_BUDGET),
)
const failures: string[] = []
/** Calls for the patients' gradients without noise, which no private study may make. */
let plainCalls = 0

beforeAll(async () => {
  ;({ anvil, deployment, wallets } = await startStudyChain(8758, 5))
  const engine = async (): Promise<Engine> => {
    const made = await createEngine('cpu')
    return {
      ...made,
      async train(call) {
        plainCalls++
        return made.train(call)
      },
    }
  }
  study = await simulateStudy({
    deployment,
    sponsor: wallets[0] as Wallet,
    plan,
    hospitals: datasets.map((dataset, i) => ({
      wallet: wallets[i + 1] as Wallet,
      dataset,
      createEngine: engine,
      ledgers: stores[i]!,
    })),
    onTask: (hospital, task, what, error) =>
      what === 'failed' && failures.push(`${hospital} ${task.type} ${task.round} ${error}`),
  })
}, 120_000)

afterAll(() => anvil?.stop())

const addressOf = (hospital: number) => study.hospitals[hospital]!.address

describe('a study with differential privacy, on a real chain', () => {
  it('ends with one model that all hospitals hold', () => {
    expect(failures).toEqual([])
    const states = study.hospitals.map(({ state }) => state)
    expect(new Set(states.map(({ snapshot }) => snapshot?.modelHash)).size).toBe(1)
    for (const { snapshot, finished } of states) {
      expect(snapshot?.completed).toBe(rounds)
      expect(finished).toBe(true)
    }
  })

  it('trains on patients without noise only for the hospital’s own comparison, once each', () => {
    // The model trained alone, which never leaves: one call a hospital at the end, or one a round where that takes a moment.
    expect(plainCalls).toBeLessThanOrEqual(datasets.length * (rounds + 1))
  })

  it('charges each round before it touches a patient, and promises no less than the sum of the rounds', async () => {
    const { ledger } = await stores[0]!.load()
    expect(ledger.entries.map(({ round, purpose }) => [round, purpose])).toEqual([
      [1, 'training'],
      [2, 'training'],
      [3, 'training'],
      [4, 'training'],
    ])
    const atPromise = { ...ledger, budget: { ...ledger.budget, delta: promise.delta } }
    expect(spent(atPromise)).toBeLessThanOrEqual(promise.epsilon * 1.001)
    expect(spent(atPromise)).toBeGreaterThan(promise.epsilon * 0.98)
  })

  it('goes on without a hospital whose budget is spent, which loses nothing', async () => {
    const poor = addressOf(3)
    const { submissions } = await submissionsOf(study.access, poor, 0n)
    expect(submissions.map(({ round }) => round)).toEqual([1, 2])
    const { ledger } = await stores[3]!.load()
    expect(ledger.entries).toHaveLength(2)
    const history = historyOf(await createHospitalEvents(study.access, study.study).read(), poor)
    expect(history.vetoes).toEqual([3, 4])
    expect(await balanceOf(study.access, study.study, poor)).toMatchObject({ forfeited: 0n })
    expect((await submissionsOf(study.access, addressOf(0), 0n)).submissions).toHaveLength(rounds)
  })

  it('gives a browser that knows nothing the whole ledger back, from the chain', async () => {
    const empty = memoryLedgerStore('another computer')
    const options = { reader: study.access, hospital: addressOf(1), ledgers: empty }
    const { ledger } = await completeLedger({ ...options, manifestOf: async () => manifest })
    const own = (await stores[1]!.load()).ledger
    expect(ledger.entries.map(({ at: _, ...entry }) => entry)).toEqual(own.entries.map(({ at: _, ...entry }) => entry))
    // Once it is whole, nobody is asked again.
    const again = await completeLedger({
      ...options,
      manifestOf: () => Promise.reject(new Error('nobody has it any more')),
    })
    expect(again.ledger).toEqual(ledger)
  })

  it('refuses to go on where an earlier study’s cost is not to be had', async () => {
    const looking = completeLedger({
      reader: study.access,
      hospital: addressOf(1),
      ledgers: memoryLedgerStore('another computer'),
      manifestOf: () => Promise.reject(new Error('nobody has it any more')),
    })
    await expect(looking).rejects.toSatisfy(error => isAppError(error, 'privacy.unknownStudy'))
  })
})
