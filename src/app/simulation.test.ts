import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Wallet } from '../chain/clients.ts'
import type { Deployment } from '../chain/deployment.ts'
import { balanceOf, modelVersions, standingsOf } from '../chain/reads.ts'
import { submissionsOf } from '../chain/submissions.ts'
import type { Anvil } from '../chain/testing/anvil.ts'
import { heartCenters, heartNames } from '../data/heart.ts'
import { Phase, type StudySnapshot } from '../rounds/ports.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { type Address, sameAddress } from '../study/types.ts'
import { createEngine, type Engine } from '../training/engine.ts'
import { simulateStudy } from './simulation.ts'
import { heartDatasets, startStudyChain } from './testStudies.ts'

const datasets = heartDatasets()
const honest = () => createEngine('cpu')

let anvil: Anvil
let deployment: Deployment
let wallets: readonly Wallet[]

beforeAll(async () => {
  ;({ anvil, deployment, wallets } = await startStudyChain(8750, 7))
}, 60_000)

afterAll(() => anvil?.stop())

describe('a study without a browser, on a real chain', () => {
  it('ends with one model that all four hospitals hold and evaluated', async () => {
    const plan = heartStudy({ rounds: 3 })
    const hospitals = datasets.map((dataset, i) => ({
      wallet: wallets[i + 1] as Wallet,
      dataset,
      createEngine: honest,
    }))
    const log: string[] = []
    const result = await simulateStudy({
      deployment,
      sponsor: wallets[0] as Wallet,
      plan,
      hospitals,
      onTask: (hospital, task, what, error) =>
        log.push(`${heartNames[heartCenters[hospital] ?? 'va']} ${task.type} ${task.round} ${what} ${error ?? ''}`),
    })
    const states = result.hospitals.map(({ state }) => state)
    expect(new Set(states.map(({ snapshot }) => snapshot?.modelHash)).size).toBe(1)
    for (const { snapshot, evaluations, finished } of states) {
      expect(snapshot?.completed).toBe(3)
      expect(finished).toBe(true)
      expect(evaluations.at(-1)?.local).not.toBeNull()
    }
    expect(log.filter(line => line.includes('failed'))).toEqual([])
    const models = await modelVersions(result.access, result.study)
    expect(models).toHaveLength(4)
    for (const { address } of result.hospitals) {
      const { submissions } = await submissionsOf(result.access, address, 0n)
      expect(submissions.filter(({ study }) => sameAddress(study, result.study))).toHaveLength(4)
    }
    // Who sees the next phase before its own receipt goes on to that, and its gas is not counted.
    const counted = result.gasLog.entries().filter(({ name }) => name === 'submitUpdate')
    expect(counted.length).toBeGreaterThan(8)
    expect(counted.length).toBeLessThanOrEqual(16)
  }, 120_000)

  it('lets a hospital in that joined after a model was sealed, in the round after next and without a fault', async () => {
    const plan = heartStudy({ rounds: 3 })
    const hospitals = datasets.slice(0, 3).map((dataset, i) => ({
      wallet: wallets[i + 1] as Wallet,
      dataset,
      createEngine: honest,
      // In the pause after round zero.
      ...(i === 2 && { joinsWhen: ({ phase, round }: StudySnapshot) => phase === Phase.Settle && round === 1 }),
    }))
    const late: string[] = []
    const result = await simulateStudy({
      deployment,
      sponsor: wallets[0] as Wallet,
      plan: { ...plan, rules: { ...plan.rules, pauseSeconds: 2 } },
      hospitals,
      onTask: (hospital, task, what) => hospital === 2 && late.push(`${task.type} ${task.round} ${what}`),
    })
    const state = result.hospitals[2]?.state
    expect(state?.finished).toBe(true)
    expect(state?.snapshot).toMatchObject({ completed: 3, voids: 0, participants: 0b111n })
    const address = result.hospitals[2]?.address as Address
    expect(await balanceOf(result.access, result.study, address)).toMatchObject({ forfeited: 0n })
    expect(late.filter(line => line.includes('failed'))).toEqual([])
    expect(late[0]).not.toMatch(/^install 1 /)
    const { submissions } = await submissionsOf(result.access, address, 0n)
    expect(submissions.flatMap(({ study, round }) => (sameAddress(study, result.study) ? [round] : []))).toEqual([3, 4])
  }, 120_000)

  it('leaves a sign-flipper with the lowest reputation and less money than it came with', async () => {
    const flipped = async (): Promise<Engine> => {
      const engine = await honest()
      return {
        ...engine,
        async train(call) {
          const result = await engine.train(call)
          return { ...result, parameters: result.parameters.map((value, i) => 2 * (call.parameters[i] ?? 0) - value) }
        },
      }
    }
    const [first] = datasets
    if (first === undefined) throw new Error('no data')
    const hospitals = [...datasets, first].map((dataset, i) => ({
      wallet: wallets[i + 1] as Wallet,
      dataset,
      createEngine: i === 4 ? flipped : honest,
    }))
    const plan = heartStudy({ rounds: 5 })
    const {
      access,
      study,
      hospitals: ended,
    } = await simulateStudy({
      deployment,
      sponsor: wallets[0] as Wallet,
      plan,
      hospitals,
    })
    const addresses = ended.map(({ address }) => address)
    const reputations = (await standingsOf(access, addresses)).map(({ reputation }) => reputation)
    expect(Math.min(...reputations.slice(0, 4))).toBeGreaterThan(reputations[4] as number)
    const net = await Promise.all(
      addresses.map(async address => {
        const { reward, forfeited } = await balanceOf(access, study, address)
        return reward - forfeited
      }),
    )
    expect(net[4]).toBeLessThan(0n)
    expect(net.slice(0, 4).map(amount => amount > 0n)).toEqual([true, true, true, true])
  }, 180_000)
})
