import { isWithinChance } from '../../src/app/gain.ts'
import type { HospitalResult, Seconds } from '../../src/app/store.ts'
import type { Hex } from '../../src/study/types.ts'
import type { DemoOptions } from './options.ts'

/** Gas of the transactions of one kind, by their receipts. */
export interface GasOfCall {
  readonly count: number
  readonly mean: number
  readonly most: number
}

/** How one hospital's audit in one round ended. */
export interface AuditReport {
  /** Its name. */
  readonly hospital: string
  readonly round: number
  /** Batches of the round, all of which the proof is about. */
  readonly steps: number
  /** “no reveal”: it kept back what draws. */
  readonly verdict: 'passed' | 'no proof' | 'no reveal'
  /** Of the transaction that brought the proof; 0 where none came. */
  readonly gas: number
}

/** What the chain knows of a study after its end. */
export interface ChainFacts {
  /** The study's contract. */
  readonly contract: string
  /** Training rounds finalised. */
  readonly rounds: number
  readonly gasByCall: Readonly<Record<string, GasOfCall>>
  /** Hospital's name → 0 to 1. */
  readonly reputation: Readonly<Record<string, number>>
  /** Hospital's name → credits earned, less what was forfeited. */
  readonly reward: Readonly<Record<string, number>>
  /** round: 0 is the federated standardisation. */
  readonly models: readonly { readonly round: number; readonly cid: string; readonly hash: Hex }[]
  /** In the order of rounds; empty where the study is not proven. */
  readonly audits: readonly AuditReport[]
}

export interface HospitalReport {
  readonly name: string
  readonly patients: number
  readonly testPatients: number
  readonly localAccuracy: number | null
  readonly federatedAccuracy: number
  readonly localAuc: number | null
  readonly federatedAuc: number | null
  readonly localLogLoss: number | null
  readonly federatedLogLoss: number
  readonly precision: number
  readonly recall: number
  readonly epochs: number
}

/** The object that --json prints. docs/demo.md says what each field means. Fields may be added, never renamed. */
export interface DemoReport {
  readonly study: DemoOptions['study']
  readonly contract: string
  readonly rounds: number
  readonly backend: string
  readonly hospitals: readonly HospitalReport[]
  readonly meanAccuracy: number
  readonly majorityFloor: number
  readonly pooledAccuracy: number | null
  readonly seconds: Seconds
  readonly bytes: { readonly sent: number; readonly received: number }
  readonly gas: {
    readonly perUpdate: number
    readonly perRound: number
    readonly byCall: Readonly<Record<string, GasOfCall>>
  }
  readonly reputation: Readonly<Record<string, number>>
  readonly reward: Readonly<Record<string, number>>
  readonly models: ChainFacts['models']
  readonly audits: ChainFacts['audits']
}

/** Calls before the first round and after the last: paid once a study, not once a round. */
const onceAStudy = [
  'createStudy',
  'createProvenStudy',
  'deployKey',
  'initializeTask',
  'joinTask',
  'prepare',
  'transferAndCall',
  'startTask',
  'withdraw',
  'accredit',
  'setIssuer',
]

/** A study has one of them, by who may see its updates and whether training is proven. */
const submissions = ['submitUpdate', 'submitMasked', 'submitProven']

/**
 * Puts together what hospitals and chain say.
 *
 * @param results one a hospital, in order
 * @param pooledAccuracy mean over the hospitals of one model trained on all patients together; null where not computed
 * @param totalSeconds from the first page's opening to the last one's end
 */
export function makeReport(
  study: DemoOptions['study'],
  results: readonly HospitalResult[],
  facts: ChainFacts,
  pooledAccuracy: number | null,
  totalSeconds: number,
): DemoReport {
  const total = (name: string) => {
    const call = facts.gasByCall[name]
    return call === undefined ? 0 : call.count * call.mean
  }
  const roundGas = Object.keys(facts.gasByCall)
    .filter(name => !onceAStudy.includes(name))
    .reduce((sum, name) => sum + total(name), 0)
  const meanSeconds = (kind: keyof Seconds) => round(mean(results.map(result => result.seconds[kind])), 2)
  return {
    study,
    contract: facts.contract,
    rounds: facts.rounds,
    backend: [...new Set(results.map(result => result.backend))].join(', '),
    hospitals: results.map(hospitalReport),
    meanAccuracy: round(mean(results.map(result => result.federated.accuracy)), 4),
    majorityFloor: round(mean(results.map(result => result.majorityAccuracy)), 4),
    pooledAccuracy: pooledAccuracy === null ? null : round(pooledAccuracy, 4),
    seconds: {
      total: round(totalSeconds, 2),
      train: meanSeconds('train'),
      encrypt: meanSeconds('encrypt'),
      store: meanSeconds('store'),
      chain: meanSeconds('chain'),
      wait: meanSeconds('wait'),
    },
    bytes: {
      sent: results.reduce((sum, result) => sum + result.traffic.sent, 0),
      received: results.reduce((sum, result) => sum + result.traffic.received, 0),
    },
    gas: {
      perUpdate: Math.max(0, ...submissions.map(name => facts.gasByCall[name]?.most ?? 0)),
      perRound: facts.rounds === 0 ? 0 : Math.round(roundGas / facts.rounds),
      byCall: facts.gasByCall,
    },
    reputation: facts.reputation,
    reward: facts.reward,
    models: facts.models,
    audits: facts.audits,
  }
}

function hospitalReport({ name, patients, local, federated, epochs }: HospitalResult): HospitalReport {
  const rounded = (value: number | null | undefined) => (value === null || value === undefined ? null : round(value, 4))
  return {
    name,
    patients,
    testPatients: federated.patients,
    localAccuracy: rounded(local?.accuracy),
    federatedAccuracy: round(federated.accuracy, 4),
    localAuc: rounded(local?.auc),
    federatedAuc: rounded(federated.auc),
    localLogLoss: rounded(local?.logLoss),
    federatedLogLoss: round(federated.logLoss, 4),
    precision: round(federated.precision, 4),
    recall: round(federated.recall, 4),
    epochs,
  }
}

/** The report as a table for people, with what it means in a sentence. */
export function formatReport(report: DemoReport): string {
  const rows = report.hospitals.map(hospital => [
    hospital.name,
    String(hospital.patients),
    percent(hospital.localAccuracy),
    percent(hospital.federatedAccuracy),
    decimal(hospital.localAuc),
    decimal(hospital.federatedAuc),
    decimal(hospital.localLogLoss),
    decimal(hospital.federatedLogLoss),
    percent(hospital.precision),
    percent(hospital.recall),
    String(hospital.epochs),
    percent(report.reputation[hospital.name] ?? null),
    decimal(report.reward[hospital.name] ?? null, 2),
  ])
  const head = [
    ...['hospital', 'patients', 'alone', 'together', 'AUC alone', 'together', 'log-loss alone', 'together'],
    ...['precision', 'recall', 'epochs', 'reputation', 'reward'],
  ]
  const { seconds, gas, bytes } = report
  return [
    ...layOut([head, ...rows]),
    '',
    verdict(report),
    `Mean accuracy ${percent(report.meanAccuracy)}; guessing the commoner outcome ${percent(report.majorityFloor)}` +
      `${report.pooledAccuracy === null ? '' : `; one model on all patients together ${percent(report.pooledAccuracy)}`}.`,
    `${report.rounds} ${report.rounds === 1 ? 'round' : 'rounds'} in ${seconds.total.toFixed(1)} s on ${report.backend}: a hospital spent ` +
      `${seconds.train.toFixed(1)} s training, ${seconds.encrypt.toFixed(1)} s encrypting, ` +
      `${seconds.store.toFixed(1)} s storing, ${seconds.chain.toFixed(1)} s on the chain, ${seconds.wait.toFixed(1)} s waiting.`,
    `${kilobytes(bytes.sent)} sent, ${kilobytes(bytes.received)} received; ` +
      `${gas.perUpdate.toLocaleString('en')} gas an update at most, ${gas.perRound.toLocaleString('en')} a round.`,
    ...auditLines(report.audits),
  ].join('\n')
}

/** Who was audited and what came of it, a line a round. */
function auditLines(audits: readonly AuditReport[]): string[] {
  if (audits.length === 0) return []
  const passed = audits.filter(({ verdict }) => verdict === 'passed')
  const rounds = [...new Set(audits.map(audit => audit.round))]
  const cost =
    passed.length === 0 ? '' : `; a proof took ${millions(mean(passed.map(({ gas }) => gas)))} gas in the mean`
  return [
    '',
    `${passed.length} of ${audits.length} audits passed${cost}.`,
    ...rounds.map(number => {
      const inRound = audits.filter(audit => audit.round === number)
      return `Round ${number}: ${inRound.map(auditWords).join('; ')}.`
    }),
  ]
}

function auditWords({ hospital, steps, verdict, gas }: AuditReport): string {
  switch (verdict) {
    case 'passed':
      return `${hospital} proved its ${steps} steps for ${millions(gas)} gas`
    case 'no proof':
      return `${hospital} proved nothing and was left out`
    case 'no reveal':
      return `${hospital} kept back its part of the draw and was left out`
  }
}

/** Says plainly whether training together was worth it; on the same held-out patients. */
function verdict({ hospitals }: DemoReport): string {
  const compared = hospitals.filter(hospital => hospital.localAccuracy !== null)
  if (compared.length === 0) return 'No hospital trained a model alone to compare with.'
  const gain = mean(compared.map(hospital => hospital.federatedAccuracy - (hospital.localAccuracy ?? 0)))
  if (Math.abs(gain) < 0.0005) return 'On these held-out patients training together made no difference in accuracy.'
  const points = `${Math.abs(gain * 100).toFixed(1)} points of accuracy`
  const patients = compared.reduce((sum, { testPatients }) => sum + testPatients, 0)
  const right = (of: (hospital: HospitalReport) => number) =>
    compared.reduce((sum, hospital) => sum + of(hospital) * hospital.testPatients, 0) / patients
  const isChance = isWithinChance(
    right(hospital => hospital.federatedAccuracy),
    right(hospital => hospital.localAccuracy ?? 0),
    patients,
  )
  const outcome =
    gain > 0
      ? `training together gained ${points} over training alone, in the mean of the hospitals.`
      : `training together did not help: it lost ${points} against training alone, in the mean of the hospitals.`
  return `On these held-out patients ${outcome}${isChance ? ` On ${patients} patients that may be chance.` : ''}`
}

/** First column to the left, numbers to the right. */
function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  return rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)} %`
}

function decimal(value: number | null, digits = 3): string {
  return value === null ? '–' : value.toFixed(digits)
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(1)} million`
}

function kilobytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
