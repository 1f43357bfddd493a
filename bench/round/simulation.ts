import { setMaxListeners } from 'node:events'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import { type SimulatedStudy, simulateStudy } from '../../src/app/simulation.ts'
import { walletClientFor } from '../../src/chain/clients.ts'
import { creditUnits } from '../../src/chain/credits.ts'
import { demoAccount } from '../../src/chain/demoAccounts.ts'
import { currentModel, modelVersions } from '../../src/chain/reads.ts'
import { startAnvil } from '../../src/chain/testing/anvil.ts'
import type { Row, TableDataset } from '../../src/data/dataset.ts'
import { heartSchema } from '../../src/data/heart.ts'
import { stratifiedSplit } from '../../src/data/split.ts'
import { publicRandom } from '../../src/study/random.ts'
import { heartStudy } from '../../src/study/studies/heart.ts'
import { createEngine } from '../../src/training/engine.ts'
import { grouped, mean, processor } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'

export interface SimulationBenchOptions {
  readonly hospitals?: number
  /** Training rounds; round zero comes on top. */
  readonly rounds?: number
  readonly log?: (line: string) => void
}

export interface GasRow {
  readonly call: string
  readonly calls: number
  readonly mean: number
  readonly least: number
  readonly most: number
}

export interface SimulationReport {
  readonly hospitals: number
  readonly seats: number
  /** Statistics and training rounds together. */
  readonly rounds: number
  readonly patients: number
  readonly seconds: {
    /** Deployment, accreditation and all joins. */
    readonly untilStart: number
    readonly study: number
    readonly perRound: number
    /** Processor time of this process alone, which is all hospitals; the chain is another process. */
    readonly processorPerHospitalAndRound: number
  }
  /** Blob content per hospital and round: mean, and the hospital with the most. */
  readonly bytes: { readonly sent: Spread; readonly received: Spread }
  readonly gas: readonly GasRow[]
  /** From the receipts: every transaction of the rounds, over hospitals and rounds. */
  readonly gasPerHospitalAndRound: number
  readonly blocks: number
  /** Tasks that failed and were tried again. */
  readonly failures: readonly string[]
  readonly registry: { readonly models: number; readonly modelHash: string; readonly heldBy: number }
  readonly accuracy: { readonly federated: number; readonly majority: number }
  readonly processor: string
}

interface Spread {
  readonly mean: number
  readonly most: number
}

const PORT = 8790
const POLL_MS = 500
const PATIENTS = 60
/** EIP-7825: most gas of one transaction. */
const TRANSACTION_GAS = 16_777_216
const onceAStudy = ['createStudy', 'initializeTask', 'joinTask', 'startTask']

/**
 * A whole study of many hospitals in this process: the app's own rounds, trainer, sealing and contracts on a real Anvil;
 * blobs in memory, made-up tables of the heart study's columns.
 * @throws Error where the study stops short, or hospitals and model registry disagree at the end
 */
export async function benchSimulation({
  hospitals = 50,
  rounds = 2,
  log = () => {},
}: SimulationBenchOptions = {}): Promise<SimulationReport> {
  const started = performance.now()
  const anvil = await startAnvil({ port: PORT, accounts: hospitals + 1 })
  const failures: string[] = []
  try {
    const account = demoAccount(0, anvil.chainId)
    const deployment = await deploy({ rpcUrl: anvil.rpcUrl, account })
    const wallets = Array.from({ length: hospitals + 1 }, (_, i) =>
      walletClientFor(deployment, demoAccount(i, anvil.chainId)),
    )
    const [sponsor, ...others] = wallets
    const plan = heartStudy({ rounds })
    await seedDevChain(deployment, {
      account,
      sponsor: account.address,
      hospitals: others.map((wallet, i) => ({ address: wallet.account.address, name: `Hospital ${i + 1}` })),
      hospitalCredits: creditUnits(plan.rules.stake),
      sponsorCredits: creditUnits(plan.rules.rewardPerRound * hospitals * rounds),
    })
    let startedStudy = 0
    const cpuBefore = { at: process.cpuUsage() }
    const { signal } = new AbortController()
    // Every hospital listens to it; Node suspects a leak from the eleventh on.
    setMaxListeners(0, signal)
    const study = await simulateStudy({
      signal,
      deployment,
      sponsor: sponsor!,
      plan,
      hospitals: others.map((wallet, i) => ({
        wallet,
        dataset: madeUpTable(i),
        createEngine: () => createEngine('cpu'),
      })),
      pollInterval: POLL_MS,
      onTask: (hospital, task, what, error) => {
        // The first task of all: everybody has joined.
        if (startedStudy === 0) {
          startedStudy = performance.now()
          cpuBefore.at = process.cpuUsage()
          log(`${hospitals} hospitals have joined after ${((startedStudy - started) / 1000).toFixed(0)} s.`)
        }
        if (what !== 'failed') return
        const reason = error instanceof Error ? error.message : String(error)
        failures.push(`hospital ${hospital + 1}, ${task.type} of round ${task.round}: ${reason}`)
        log(failures.at(-1)!)
      },
    })
    const ended = performance.now()
    const cpu = process.cpuUsage(cpuBefore.at)
    const registry = await checkRegistry(study, rounds + 1)
    const total = rounds + 1
    const gas = gasRows(study)
    const perRound = gas.filter(({ call }) => !onceAStudy.includes(call))
    const rulesOfSeats = study.hospitals[0]?.state.snapshot?.seats.length ?? 0
    const evaluations = study.hospitals.flatMap(({ state }) => state.evaluations.at(-1) ?? [])
    const blocks = study.gasLog.entries().map(({ block }) => Number(block))
    return {
      hospitals,
      seats: rulesOfSeats,
      rounds: total,
      patients: PATIENTS * hospitals,
      seconds: {
        untilStart: (startedStudy - started) / 1000,
        study: (ended - startedStudy) / 1000,
        perRound: (ended - startedStudy) / 1000 / total,
        processorPerHospitalAndRound: (cpu.user + cpu.system) / 1e6 / hospitals / total,
      },
      bytes: {
        sent: spread(study.hospitals.map(({ traffic }) => traffic.sent / total)),
        received: spread(study.hospitals.map(({ traffic }) => traffic.received / total)),
      },
      gas,
      gasPerHospitalAndRound: perRound.reduce((sum, row) => sum + row.calls * row.mean, 0) / hospitals / total,
      blocks: Math.max(...blocks) - Math.min(...blocks),
      failures,
      registry,
      accuracy: {
        federated: mean(evaluations.map(({ federated }) => federated.accuracy)),
        majority: mean(evaluations.map(({ majorityAccuracy }) => majorityAccuracy)),
      },
      processor: processor(),
    }
  } finally {
    await anvil.stop()
  }
}

/** The report as lines for a terminal. */
export function simulationTable(report: SimulationReport): string {
  const { hospitals, seats, rounds, seconds, bytes, gas, registry, accuracy, failures } = report
  return [
    `Simulation: ${hospitals} hospitals with ${report.patients / hospitals} made-up patients each, ${seats} seats, ${rounds} rounds (the first counts columns), one process and one Anvil (${report.processor})`,
    `${seconds.untilStart.toFixed(0)} s to deploy and join, ${seconds.study.toFixed(0)} s of rounds: ${seconds.perRound.toFixed(1)} s a round, ${(seconds.processorPerHospitalAndRound * 1000).toFixed(0)} ms of processor a hospital and round. ${report.blocks} blocks.`,
    `A hospital and round: ${grouped(bytes.sent.mean)} bytes sent (at most ${grouped(bytes.sent.most)}), ${grouped(bytes.received.mean)} received (at most ${grouped(bytes.received.most)}), ${grouped(report.gasPerHospitalAndRound)} gas.`,
    layOut([
      ['gas of', 'calls', 'mean', 'least', 'most', 'of a transaction’s limit'],
      ...gas.map(({ call, calls, mean: average, least, most }) => [
        call,
        String(calls),
        grouped(average),
        grouped(least),
        grouped(most),
        `${((100 * most) / TRANSACTION_GAS).toFixed(1)} %`,
      ]),
    ]),
    `The registry holds ${registry.models} models; ${registry.heldBy} of ${hospitals} hospitals hold the last one. Accuracy ${(accuracy.federated * 100).toFixed(1)} %, guessing ${(accuracy.majority * 100).toFixed(1)} %. ${failures.length} tasks failed and were tried again.`,
  ].join('\n')
}

async function checkRegistry({ access, study, hospitals }: SimulatedStudy, expected: number) {
  const [models, current] = await Promise.all([modelVersions(access, study), currentModel(access, study)])
  if (models.length !== expected || current === undefined) {
    throw new Error(`The model registry holds ${models.length} models after ${expected} rounds.`)
  }
  const heldBy = hospitals.filter(({ state }) => state.installed.hash === current.modelHash && state.finished).length
  if (heldBy !== hospitals.length) {
    throw new Error(`${hospitals.length - heldBy} hospitals did not end with the registry's model.`)
  }
  return { models: models.length, modelHash: current.modelHash, heldBy }
}

function gasRows({ gasLog }: SimulatedStudy): GasRow[] {
  return Object.entries(gasLog.byCall()).map(([call, { calls, total, min, max }]) => ({
    call,
    calls,
    mean: Number(total) / calls,
    least: Number(min),
    most: Number(max),
  }))
}

/** Patients whose outcome follows age, chest pain, heart rate and ST depression, as in the heart study, with noise. */
function madeUpTable(hospital: number): TableDataset {
  const random = publicRandom(0x5eed + hospital)
  const between = (low: number, high: number) => low + (high - low) * random.unit()
  const yes = (chance: number) => (random.unit() < chance ? 1 : 0)
  const rows: Row[] = Array.from({ length: PATIENTS }, () => {
    const age = between(30, 78)
    const pain = 1 + random.below(4)
    const rate = between(90, 195)
    const depression = between(0, 4)
    const angina = yes(pain === 4 ? 0.6 : 0.15)
    const risk =
      (age - 54) / 20 + (pain === 4 ? 1.2 : -0.5) - (rate - 145) / 40 + (depression - 1.5) / 1.5 + angina - 0.4
    const cells = [
      ...[age, yes(0.7), String(pain), between(95, 180), between(140, 380), yes(0.15)],
      ...[String(random.below(3)), rate, angina, depression],
    ]
    return { cells, label: risk + between(-1.5, 1.5) > 0 ? 1 : 0 }
  })
  const parts = stratifiedSplit(
    rows.map(row => row.label),
    { validation: 0.15, test: 1 / 3 },
    hospital,
  )
  const pick = (indices: readonly number[]) => indices.map(i => rows[i]!)
  return { schema: heartSchema, train: pick(parts.train), validation: pick(parts.validation), test: pick(parts.test) }
}

function spread(values: readonly number[]): Spread {
  return { mean: mean(values), most: Math.max(...values) }
}
