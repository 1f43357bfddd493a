import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Wallet } from '../chain/clients.ts'
import type { Deployment } from '../chain/deployment.ts'
import type { Anvil } from '../chain/testing/anvil.ts'
import type { HospitalPorts } from '../rounds/effects.ts'
import { parameterLayout } from '../study/layout.ts'
import { heartStudy } from '../study/studies/heart.ts'
import type { StudyPlan } from '../study/studies/StudyPlan.ts'
import { createEngine } from '../training/engine.ts'
import { simulateStudy } from './simulation.ts'
import { heartDatasets, startStudyChain } from './testStudies.ts'

const datasets = heartDatasets()
/** One more than a committee has seats: in every round somebody else has none. */
const hospitals = 8
const heart = heartStudy({ rounds: 2 })
/** Large enough that a model's bytes are not mostly what seals it. */
const plan: StudyPlan = {
  ...heart,
  manifest: {
    ...heart.manifest,
    model: {
      ...heart.manifest.model,
      layers: [{ type: 'dense', units: 256, activation: 'tanh' }, ...heart.manifest.model.layers],
    },
    compression: { keep: 0.25 },
  },
}
const wholeBytes = 4 * parameterLayout(plan.manifest.model).sharedSize

let anvil: Anvil
let deployment: Deployment
let wallets: readonly Wallet[]

beforeAll(async () => {
  ;({ anvil, deployment, wallets } = await startStudyChain(8768, hospitals + 1))
}, 60_000)

afterAll(() => anvil?.stop())

interface Fetched {
  readonly hospital: number
  readonly round: number
  /** Of this model, over the network. */
  readonly received: number
}

describe('a compressed study, on a real chain', () => {
  it('brings who has no seat a new model in about a quarter of its bytes', async () => {
    const fetched: Fetched[] = []
    const failures: string[] = []
    const noting =
      (hospital: number) =>
      (ports: HospitalPorts): HospitalPorts => ({
        ...ports,
        store: {
          ...ports.store,
          async get(digest, options) {
            const before = ports.store.traffic().byKind.model.received
            const blob = await ports.store.get(digest, options)
            const received = ports.store.traffic().byKind.model.received - before
            if (options?.kind === 'model') fetched.push({ hospital, round: options.round ?? 0, received })
            return blob
          },
        },
      })
    const study = await simulateStudy({
      deployment,
      sponsor: wallets[0] as Wallet,
      plan,
      hospitals: Array.from({ length: hospitals }, (_, i) => ({
        wallet: wallets[i + 1] as Wallet,
        dataset: datasets[i % datasets.length]!,
        createEngine: () => createEngine('cpu'),
        alter: noting(i),
      })),
      onTask: (hospital, task, what, error) =>
        what === 'failed' && failures.push(`${hospital} ${task.type} ${task.round} ${error}`),
    })
    expect(failures).toEqual([])
    expect(new Set(study.hospitals.map(({ state }) => state.installed.hash)).size).toBe(1)
    for (const { state } of study.hospitals) expect(state.snapshot).toMatchObject({ completed: 2 })
    // Committees begin one further every round: the eighth hospital, then the first, then the second has no seat.
    const receivedBy = (hospital: number, round: number) =>
      fetched.find(one => one.hospital === hospital && one.round === round)?.received ?? Number.NaN
    const sealing = receivedBy(7, 1) - wholeBytes
    expect(sealing).toBeGreaterThan(0)
    expect(sealing).toBeLessThan(3_000)
    for (const [hospital, round] of [
      [0, 2],
      [1, 3],
    ] as const) {
      const change = receivedBy(hospital, round) - sealing
      expect(change).toBeGreaterThan(wholeBytes / 4 - 500)
      expect(change).toBeLessThan(wholeBytes / 4 + 500)
    }
  }, 120_000)
})
