import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Wallet } from '../chain/clients.ts'
import type { Deployment } from '../chain/deployment.ts'
import { balanceOf } from '../chain/reads.ts'
import type { Anvil } from '../chain/testing/anvil.ts'
import type { HospitalPorts } from '../rounds/effects.ts'
import { Phase, type WriteOptions } from '../rounds/ports.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { masked } from '../study/studies/masked.ts'
import { privately } from '../study/studies/privately.ts'
import type { StudyPlan } from '../study/studies/StudyPlan.ts'
import type { Hex } from '../study/types.ts'
import { createEngine } from '../training/engine.ts'
import { type SimulatedHospital, type SimulatedStudy, simulateStudy } from './simulation.ts'
import { heartDatasets, type StudyEventName, startStudyChain, studyEvents } from './testStudies.ts'

const datasets = heartDatasets()
/** Who is gone holds nobody up for long. */
const shortSeconds = { trainSeconds: 30, attestSeconds: 30, scoreSeconds: 12, aggregateSeconds: 24 }
/** Sponsor and hospitals of each study, which run side by side: mostly they wait for blocks. */
const perStudy = 1 + datasets.length
const studies = 4

let anvil: Anvil
let deployment: Deployment
let wallets: readonly Wallet[]

beforeAll(async () => {
  ;({ anvil, deployment, wallets } = await startStudyChain(8766, studies * perStudy))
}, 60_000)

afterAll(() => anvil?.stop())

interface Seen {
  readonly study: SimulatedStudy
  readonly failures: string[]
}

/** @param which of the studies @param alter the last hospital's ports */
async function run(which: number, plan: StudyPlan, alter?: SimulatedHospital['alter']): Promise<Seen> {
  const own = wallets.slice(which * perStudy)
  const failures: string[] = []
  const study = await simulateStudy({
    deployment,
    sponsor: own[0] as Wallet,
    plan: { ...plan, rules: { ...plan.rules, ...shortSeconds } },
    hospitals: datasets.map((dataset, i) => ({
      wallet: own[i + 1] as Wallet,
      dataset,
      createEngine: () => createEngine('cpu'),
      ...(alter !== undefined && i === 3 && { alter }),
    })),
    onTask: (hospital, task, what, error) =>
      what === 'failed' && failures.push(`${hospital} ${task.type} ${task.round} ${error}`),
  })
  return { study, failures }
}

const events = ({ study }: Seen, eventName: StudyEventName) => studyEvents(study, eventName)

function expectOneModel({ study }: Seen, completed: number, hospitals = study.hospitals): void {
  expect(new Set(hospitals.map(({ state }) => state.installed.hash)).size).toBe(1)
  for (const { state } of hospitals) {
    expect(state.snapshot).toMatchObject({ phase: Phase.Ended, completed })
    expect(state.finished).toBe(true)
  }
}

/** Mean of the hospitals' accuracies on their own held-out patients. */
function accuracyOf({ study }: Seen): number {
  const last = study.hospitals.flatMap(({ state }) => state.evaluations.at(-1)?.federated.accuracy ?? [])
  return last.reduce((sum, one) => sum + one, 0) / last.length
}

/** Sends nothing any more, until its runner gives up. */
function falls({ signal }: WriteOptions = {}): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

describe.concurrent('a masked study, on a real chain', () => {
  it('learns one model from sums alone, and checks a seat in every round', async () => {
    const seen = await run(0, masked(heartStudy({ rounds: 2 })))
    expect(seen.failures).toEqual([])
    expectOneModel(seen, 2)
    expect(accuracyOf(seen)).toBeGreaterThan(0.75)
    // Round zero is masked too, and there all weigh the same.
    const frozen = await events(seen, 'WeightsFrozen')
    expect(frozen.map(({ round }) => round)).toEqual([1, 2, 3])
    expect(frozen[0]?.weights).toEqual([1, 1, 1, 1])
    expect(frozen[1]?.weights).toSatisfy((weights: number[]) => weights.every(weight => weight >= 1 && weight <= 8))
    expect(await events(seen, 'SeatDrawn')).toHaveLength(3)
    expect(await events(seen, 'MasksPosted')).toHaveLength(12)
    expect(await events(seen, 'StakeForfeited')).toEqual([])
  }, 120_000)

  it('goes on when a seat is gone after the freeze: its masks come from the backups, and it alone pays', async () => {
    // Round 1 is round zero; in the round after, the last hospital attests and is never heard of again.
    const gone = ({ chain, ...ports }: HospitalPorts): HospitalPorts => ({
      ...ports,
      chain: {
        ...chain,
        postMasks: (call, options) => (call.round >= 2 ? falls(options) : chain.postMasks(call, options)),
        openShares: (call, options) => (call.round >= 2 ? falls(options) : chain.openShares(call, options)),
        signModel: (call, options) => (call.round >= 2 ? falls(options) : chain.signModel(call, options)),
        submitUpdate: (call, options) => (call.round >= 3 ? falls(options) : chain.submitUpdate(call, options)),
        attest: (call, options) => (call.round >= 3 ? falls(options) : chain.attest(call, options)),
      },
    })
    const seen = await run(1, masked(heartStudy({ rounds: 1 })), gone)
    expectOneModel(seen, 1)
    // It was in the set before it was gone, so its patients count.
    expect((await events(seen, 'WeightsFrozen')).at(-1)?.weights).not.toContain(0)
    // A committee of four opens one seat's seeds a round, so nobody is drawn beside the one that is gone.
    expect((await events(seen, 'SeatDrawn')).map(({ round }) => round)).toEqual([1])
    const forfeits = await events(seen, 'StakeForfeited')
    const lost = seen.study.hospitals[3]?.address
    expect(forfeits.map(({ hospital, reason }) => [hospital, reason])).toEqual([[lost, 'no masks']])
  }, 120_000)

  it('accuses a seat that announces masks and keeps them back, voids the round, and goes on', async () => {
    const nobodyHas: Hex = `0x${'5e'.repeat(32)}`
    const liar = ({ chain, ...ports }: HospitalPorts): HospitalPorts => ({
      ...ports,
      chain: {
        ...chain,
        async postMasks(call, options) {
          if (call.round !== 2) return chain.postMasks(call, options)
          const duty = { hospital: chain.self, round: call.round, masks: nobodyHas }
          const signature = await ports.signer.masks(chain.ref, duty)
          await chain.postMasks({ round: call.round, masks: nobodyHas, signature }, options)
        },
      },
    })
    const plan = masked(heartStudy({ rounds: 1 }))
    const seen = await run(2, plan, liar)
    expectOneModel(seen, 1)
    const forfeits = await events(seen, 'StakeForfeited')
    const lost = seen.study.hospitals[3]?.address
    expect(forfeits.filter(({ round }) => round === 2).map(({ hospital }) => hospital)).toEqual([lost])
    // Void once, with a culprit: that does not count towards the study's end.
    expect(seen.study.hospitals[0]?.state.snapshot).toMatchObject({ voids: 0 })
    expect((await events(seen, 'WeightsFrozen')).map(({ round }) => round)).toEqual([1, 2, 3])
    const { forfeited } = await balanceOf(seen.study.access, seen.study.study, lost ?? wallets[0]!.account.address)
    expect(forfeited).toBe((BigInt(plan.rules.stake) * 10n ** 18n * BigInt(plan.rules.slashBps)) / 10_000n)
  }, 120_000)

  it('scores the parts of a noised sum, also when a seat unmasks and does not answer for the scores', async () => {
    const silent = ({ chain, ...ports }: HospitalPorts): HospitalPorts => ({
      ...ports,
      chain: {
        ...chain,
        postProducts: (call, options) => (call.round === 2 ? falls(options) : chain.postProducts(call, options)),
      },
    })
    const plan = masked(privately(heartStudy({ rounds: 2 }), { epsilon: 5, delta: 1e-4 }))
    const seen = await run(3, plan, silent)
    expectOneModel(seen, 2)
    const lost = seen.study.hospitals[3]?.address
    const answered = await events(seen, 'ProductsPosted')
    expect(answered.map(({ round }) => round)).toEqual([1, 1, 1, 1, 2, 2, 2])
    // A committee of four opens one seat's seeds a round: who did not answer takes the place of one that is drawn.
    expect((await events(seen, 'SeatDrawn')).map(({ round }) => round)).toEqual([1])
    const forfeits = await events(seen, 'StakeForfeited')
    expect(forfeits.map(({ round, hospital, reason }) => [round, hospital, reason])).toEqual([[2, lost, 'no products']])
    const [first, second] = await events(seen, 'TopKRanked')
    // Its part is in the sum, and is scored.
    for (const ranked of [first, second]) {
      expect(ranked?.topK).toHaveLength(3)
      const medians = ranked?.medians as number[]
      expect(new Set(medians).size).toBeGreaterThan(1)
      expect(medians.toSorted((a, b) => b - a)).toEqual(medians)
    }
  }, 120_000)
})
