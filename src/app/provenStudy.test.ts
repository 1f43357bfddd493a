import { toHex } from 'viem'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { commitOracle } from '../audit/stark/commitment.ts'
import { tinyParameters } from '../audit/stark/testing.ts'
import { roundAir } from '../audit/training/roundAir.ts'
import { afterColumns } from '../audit/training/roundTrace.ts'
import { publicClientFor, type Wallet } from '../chain/clients.ts'
import type { Deployment } from '../chain/deployment.ts'
import { balanceOf, honestyOf } from '../chain/reads.ts'
import type { Anvil } from '../chain/testing/anvil.ts'
import { deployVerifier } from '../chain/testing/verifier.ts'
import { bytesToHex } from '../crypto/bytes.ts'
import { loadStarkField } from '../field/starkField.ts'
import type { HospitalPorts } from '../rounds/effects.ts'
import { Phase } from '../rounds/ports.ts'
import type { Task, TaskType } from '../rounds/state.ts'
import { roundShapeOf } from '../study/proving.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { masked } from '../study/studies/masked.ts'
import { privately } from '../study/studies/privately.ts'
import { proven } from '../study/studies/proven.ts'
import type { StudyPlan } from '../study/studies/StudyPlan.ts'
import { createEngine } from '../training/engine.ts'
import { ProvenRounds, type ProvenTraining } from '../training/ProvenRounds.ts'
import { type SimulatedHospital, type SimulatedStudy, simulateStudy } from './simulation.ts'
import { heartDatasets, type StudyEventName, startStudyChain, studyEvents } from './testStudies.ts'

vi.mock('../audit/training/roundAir.ts', async original => {
  const { weakened } = await import('../audit/training/weakRounds.ts')
  return weakened(await original())
})

const datasets = heartDatasets()
/** Sponsor and hospitals of each study. */
const perStudy = 1 + datasets.length
const studies = 3
const everybody = 0b1111n
const HOUR = 3600
/** Two that are not as they should be, in one of the studies. */
const [FORGETFUL, DOUBLING] = [2, 3]
/** Blocks from the last update on until reveals are taken. */
const REVEAL_BLOCKS = 9

let anvil: Anvil
let deployment: Deployment
let wallets: readonly Wallet[]

beforeAll(async () => {
  ;({ anvil, deployment, wallets } = await startStudyChain(8790, studies * perStudy))
  const [walletClient] = wallets as [Wallet]
  const address = await deployVerifier({ walletClient, publicClient: publicClientFor(deployment) }, tinyParameters)
  deployment = { ...deployment, verifiers: [...deployment.verifiers, { address, ...tinyParameters }] }
}, 60_000)

afterEach(() => {
  vi.restoreAllMocks()
})
afterAll(() => anvil?.stop())

interface Seen {
  readonly study: SimulatedStudy
  readonly failures: string[]
}

interface Play {
  readonly rounds: number
  /** What the study is before it is proven. Default: the plain one. */
  readonly protect?: (plan: StudyPlan) => StudyPlan
  /** What is otherwise with one of the hospitals. */
  readonly alter?: SimulatedHospital['alter']
  readonly onEnded?: (type: TaskType, hospitals: number) => void
}

/** Everybody has to prove every round, and nobody waits for the blocks before that. @param which of the studies */
async function run(which: number, play: Play): Promise<Seen> {
  const { rounds, protect = plan => plan, alter, onEnded = () => {} } = play
  const plan = proven(protect(heartStudy({ rounds })))
  const rules = {
    ...plan.rules,
    audits: { ...plan.rules.audits!, hospitalsBps: 10_000, revealSeconds: HOUR, auditSeconds: HOUR },
    // Nearly all of the third hospital's patients are ill: seats may think little of what it learns. That is not what is tried here.
    margin: -10_000,
  }
  const own = wallets.slice(which * perStudy)
  const failures: string[] = []
  const count = counting((type, hospitals) => {
    if ((type === 'contribute' || type === 'unmask') && hospitals === datasets.length) mine()
    onEnded(type, hospitals)
  })
  const study = await simulateStudy({
    deployment,
    sponsor: own[0] as Wallet,
    plan: { ...plan, rules },
    hospitals: datasets.map((dataset, i) => ({
      wallet: own[i + 1] as Wallet,
      dataset,
      createEngine: () => createEngine('cpu'),
      ...(i === FORGETFUL && alter && { alter }),
    })),
    onTask: (hospital, task, what, error) => {
      if (what === 'failed') failures.push(`${hospital} ${task.type} ${task.round} ${error}`)
      if (what !== 'began') count(hospital, task)
    },
  })
  return { study, failures }
}

const mine = () => void anvil.rpc('anvil_mine', [toHex(REVEAL_BLOCKS)])
const passHour = () => void anvil.rpc('evm_increaseTime', [HOUR])

/** Says how many hospitals have ended a task of a round, well or not, as soon as it is one more. */
function counting(onEnded: NonNullable<Play['onEnded']>): (hospital: number, task: Task) => void {
  const ended = new Map<string, Set<number>>()
  return (hospital, { type, round }) => {
    const name = `${type} ${round}`
    const hospitals = ended.get(name) ?? new Set()
    if (hospitals.has(hospital)) return
    ended.set(name, hospitals.add(hospital))
    onEnded(type, hospitals.size)
  }
}

const events = ({ study }: Seen, eventName: StudyEventName) => studyEvents(study, eventName)

function expectOneModel({ study }: Seen, completed: number): void {
  expect(new Set(study.hospitals.map(({ state }) => state.installed.hash)).size).toBe(1)
  for (const { state } of study.hospitals) {
    expect(state.snapshot).toMatchObject({ phase: Phase.Ended, completed, proven: true, prepared: everybody })
    expect(state.finished).toBe(true)
  }
}

/**
 * One member doubles what it learned. It commits to that, so that the seats find nothing wrong, and where it is drawn it proves what it
 * really trained.
 */
function doubling(member: number): void {
  const { train, prove, keep } = ProvenRounds.prototype
  const round = roundAir(roundShapeOf(proven(heartStudy({ rounds: 1 })).manifest))
  let honest: ProvenTraining | undefined
  let doubled: Uint8Array | undefined
  vi.spyOn(ProvenRounds.prototype, 'train').mockImplementation(async function (this: ProvenRounds, ...call) {
    const trained = await train.apply(this, call)
    if (call[3].member !== member) return trained
    honest = trained
    const { start, afterKey, blinds } = trained.kept
    const change = trained.change.map(step => 2n * step)
    const columns = afterColumns(
      round,
      start.map((weight, i) => weight + change[i]!),
      blinds,
    )
    const field = await loadStarkField(round.air.log2Rows + round.air.parameters.log2Blowup)
    const { root } = await commitOracle(field, round.air, 'after', columns, { maskKey: afterKey })
    doubled = root
    return { change, kept: { ...trained.kept, after: root } }
  })
  vi.spyOn(ProvenRounds.prototype, 'prove').mockImplementation(async function (this: ProvenRounds, ...call) {
    if (call[1].draw.member !== member) return prove.apply(this, call)
    await keep.call(this, honest!, [])
    const { answer, proof } = await prove.apply(this, call)
    return { answer: { ...answer, afterRoot: bytesToHex(doubled!) }, proof }
  })
}

/** What a failed audit forfeits, in the smallest unit of credit. */
function slash(): bigint {
  const { stake, audits } = proven(heartStudy({ rounds: 1 })).rules
  return (BigInt(stake) * 10n ** 18n * BigInt(audits!.slashBps)) / 10_000n
}

describe('a proven study, on a real chain', () => {
  it('learns one model of rounds that every hospital proves', async () => {
    const seen = await run(0, { rounds: 2 })
    expect(seen.failures).toEqual([])
    expectOneModel(seen, 2)
    const drawn = await events(seen, 'HospitalsDrawn')
    expect(drawn.map(({ round, drawn }) => [round, drawn])).toEqual([
      [1, everybody],
      [2, everybody],
    ])
    expect(await events(seen, 'AuditAnswered')).toHaveLength(2 * datasets.length)
    expect(await events(seen, 'AuditFailed')).toEqual([])
    expect(await events(seen, 'StakeForfeited')).toEqual([])
    for (const { address, state } of seen.study.hospitals) {
      expect(await honestyOf(seen.study.access, address)).toEqual({ audits: 2, passed: 2 })
      expect(state.snapshot?.contributions).toEqual([2, 2, 2, 2])
    }
  }, 600_000)

  it('learns from masked and noised updates that every hospital proves and no seat can read', async () => {
    const promise = { epsilon: 5, delta: 1e-4 }
    const seen = await run(1, { rounds: 1, protect: plan => masked(privately(plan, promise)) })
    expect(seen.failures).toEqual([])
    expectOneModel(seen, 1)
    const answers = await events(seen, 'AuditAnswered')
    // Two claims for each seat's masks.
    expect(answers.map(({ products }) => (products as bigint[]).length)).toEqual([8, 8, 8, 8])
    expect(await events(seen, 'AuditFailed')).toEqual([])
    expect(await events(seen, 'StakeForfeited')).toEqual([])
    expect((await events(seen, 'SurvivorsFrozen')).map(({ survivors }) => survivors)).toEqual([everybody])
  }, 600_000)

  it('goes on without who doubles what it learned or forgot what it promised: both pay, and are left out', async () => {
    doubling(DOUBLING)
    const forgetful = ({ journal, ...ports }: HospitalPorts): HospitalPorts => ({
      ...ports,
      journal: { ...journal, get: async (round, key) => (key === 'sealed' ? undefined : journal.get(round, key)) },
    })
    const seen = await run(2, {
      rounds: 1,
      alter: forgetful,
      onEnded: (type, hospitals) => {
        // Once all have tried nobody waits out the hour, nor for the later block that draws instead.
        if (type === 'unseal' && hospitals === datasets.length) passHour()
        if (type === 'prove' && hospitals === datasets.length - 1) passHour()
        if (type === 'advance') mine()
      },
    })
    expectOneModel(seen, 1)
    // What is gone is said once, and not tried again. Two may go on at once where time jumps.
    const others = seen.failures.filter(line => !line.startsWith(`${DOUBLING} prove 1 `) && !line.includes(' advance '))
    expect(others).toEqual([
      expect.stringMatching(`^${FORGETFUL} unseal 1 AppError: What this hospital promised to open is no`),
    ])
    expect(seen.failures).toContainEqual(
      expect.stringMatching(`^${DOUBLING} prove 1 AppError: The contract refused: the proof does not`),
    )
    const { access, study, hospitals } = seen.study
    const [forgot, doubled] = [hospitals[FORGETFUL]!.address, hospitals[DOUBLING]!.address]
    expect((await events(seen, 'HospitalsDrawn')).map(({ drawn }) => drawn)).toEqual([0b1011n])
    const failed = await events(seen, 'AuditFailed')
    expect(failed.map(({ round, hospital, reason }) => [round, hospital, reason])).toEqual([
      [1, forgot, 'no reveal'],
      [1, doubled, 'no proof'],
    ])
    expect((await events(seen, 'SurvivorsFrozen')).map(({ survivors }) => survivors)).toEqual([0b0011n])
    const forfeits = await events(seen, 'StakeForfeited')
    expect(forfeits.map(({ hospital, amount }) => [hospital, amount])).toEqual([
      [forgot, slash()],
      [doubled, slash()],
    ])
    for (const hospital of [forgot, doubled]) {
      expect(await honestyOf(access, hospital)).toEqual({ audits: 1, passed: 0 })
      expect(await balanceOf(access, study, hospital)).toMatchObject({ forfeited: slash() })
    }
  }, 600_000)
})
