import { describe, expect, it } from 'vitest'
import type { HospitalResult } from '../../src/app/store.ts'
import type { Evaluation } from '../../src/rounds/ports.ts'
import { noTraffic } from '../../src/storage/BlobStore.ts'
import { type ChainFacts, formatReport, makeReport } from './report.ts'

const evaluation = (accuracy: number, more: Partial<Evaluation> = {}): Evaluation => ({
  patients: 100,
  accuracy,
  logLoss: 0.5,
  auc: 0.9,
  confusion: [
    [50, 0],
    [0, 50],
  ],
  precision: 0.8,
  recall: 0.7,
  ...more,
})

function result(
  name: string,
  local: number | null,
  federated: number,
  more: Partial<HospitalResult> = {},
): HospitalResult {
  return {
    name,
    address: '0x00000000000000000000000000000000000000a1',
    patients: 300,
    majorityAccuracy: 0.6,
    federated: evaluation(federated),
    local: local === null ? null : evaluation(local, { logLoss: 0.6, auc: null }),
    history: [],
    epochs: 15,
    backend: 'wasm',
    traffic: { ...noTraffic, sent: 1000, received: 3000 },
    seconds: { total: 20, train: 4, encrypt: 1, store: 2, chain: 3, wait: 10 },
    ...more,
  }
}

const facts: ChainFacts = {
  contract: '0x00000000000000000000000000000000000000b2',
  rounds: 2,
  gasByCall: {
    joinTask: { count: 2, mean: 200_000, most: 210_000 },
    submitUpdate: { count: 4, mean: 60_000, most: 75_000 },
    attest: { count: 4, mean: 50_000, most: 51_000 },
  },
  reputation: { Cleveland: 0.9, 'Long Beach': 0.2 },
  reward: { Cleveland: 12, 'Long Beach': -3 },
  models: [{ round: 1, cid: 'bafyreia', hash: `0x${'01'.repeat(32)}` }],
  audits: [],
}

const two = [
  result('Cleveland', 0.75, 0.8),
  result('Long Beach', 0.71, 0.74, { seconds: { total: 20, train: 6, encrypt: 1, store: 2, chain: 3, wait: 8 } }),
]

describe('makeReport', () => {
  const report = makeReport('heart', two, facts, 0.7812, 21.5)

  it('has the fields of the documented schema, and no others', () => {
    expect(Object.keys(report)).toEqual([
      ...['study', 'contract', 'rounds', 'backend', 'hospitals', 'meanAccuracy', 'majorityFloor', 'pooledAccuracy'],
      'seconds',
      ...['bytes', 'gas', 'reputation', 'reward', 'models', 'audits'],
    ])
    expect(Object.keys(report.seconds)).toEqual(['total', 'train', 'encrypt', 'store', 'chain', 'wait'])
    expect(Object.keys(report.gas)).toEqual(['perUpdate', 'perRound', 'byCall'])
    expect(Object.keys(report.hospitals[0] ?? {})).toEqual([
      ...['name', 'patients', 'testPatients', 'localAccuracy', 'federatedAccuracy', 'localAuc', 'federatedAuc'],
      ...['localLogLoss', 'federatedLogLoss', 'precision', 'recall', 'epochs'],
    ])
  })

  it('averages accuracies and times over hospitals, and adds up bytes', () => {
    expect(report).toMatchObject({
      meanAccuracy: 0.77,
      majorityFloor: 0.6,
      pooledAccuracy: 0.7812,
      seconds: { total: 21.5, train: 5, wait: 9 },
      bytes: { sent: 2000, received: 6000 },
    })
  })

  it('takes the worst update, and leaves joining out of the gas of a round', () => {
    expect(report.gas.perUpdate).toBe(75_000)
    expect(report.gas.perRound).toBe((4 * 60_000 + 4 * 50_000) / 2)
  })

  it('knows a proven study’s updates, and leaves what it takes once out of the gas of a round', () => {
    const gasByCall = {
      createProvenStudy: { count: 1, mean: 400_000, most: 400_000 },
      deployKey: { count: 1, mean: 2_000_000, most: 2_000_000 },
      prepare: { count: 2, mean: 80_000, most: 81_000 },
      submitProven: { count: 4, mean: 100_000, most: 110_000 },
      prove: { count: 2, mean: 4_500_000, most: 4_600_000 },
    }
    const { gas } = makeReport('heart', two, { ...facts, gasByCall }, null, 1)
    expect(gas).toMatchObject({ perUpdate: 110_000, perRound: (4 * 100_000 + 2 * 4_500_000) / 2 })
  })

  it('keeps what is not known as null', () => {
    const lone = makeReport('heart', [result('Cleveland', null, 0.8)], facts, null, 1)
    expect(lone.pooledAccuracy).toBeNull()
    expect(lone.hospitals[0]).toMatchObject({ localAccuracy: null, localAuc: null, localLogLoss: null })
  })

  it('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })
})

describe('formatReport', () => {
  it('aligns the columns', () => {
    const [head, first, second] = formatReport(makeReport('heart', two, facts, 0.78, 21.5)).split('\n')
    expect(head?.indexOf('alone')).toBeGreaterThan(0)
    expect(first?.length).toBe(second?.length)
    expect(first).toContain('75.0 %')
    expect(second).toContain('-3.00')
  })

  it('says when the difference may be chance', () => {
    const text = formatReport(makeReport('heart', [result('Cleveland', 0.78, 0.8)], facts, null, 1))
    expect(text).toContain('gained 2.0 points')
    expect(text).toContain('On 100 patients that may be chance.')
    const sure = result('Cleveland', 0.5, 0.8)
    expect(formatReport(makeReport('heart', [sure], facts, null, 1))).not.toContain('chance')
  })

  it('says who was audited and what came of it, a line a round', () => {
    const audit = { hospital: 'Cleveland', round: 1, steps: 12, verdict: 'passed', gas: 4_612_000 } as const
    const audits = [
      audit,
      { ...audit, hospital: 'Long Beach', verdict: 'no proof', gas: 0 },
      { ...audit, round: 2, gas: 4_300_000 },
      { ...audit, hospital: 'Long Beach', round: 2, verdict: 'no reveal', gas: 0 },
    ] as const
    const lines = formatReport(makeReport('heart', two, { ...facts, audits }, null, 1)).split('\n')
    expect(lines.slice(-3)).toEqual([
      '2 of 4 audits passed; a proof took 4.5 million gas in the mean.',
      'Round 1: Cleveland proved its 12 steps for 4.6 million gas; Long Beach proved nothing and was left out.',
      'Round 2: Cleveland proved its 12 steps for 4.3 million gas; Long Beach kept back its part of the draw and was left out.',
    ])
    expect(formatReport(makeReport('heart', two, facts, null, 1))).not.toContain('audits')
  })

  it('says the gain, and says plainly when there is none', () => {
    expect(formatReport(makeReport('heart', two, facts, null, 1))).toContain('gained 4.0 points')
    expect(formatReport(makeReport('heart', [result('Cleveland', 0.8, 0.77)], facts, null, 1))).toContain(
      'did not help: it lost 3.0 points',
    )
    expect(formatReport(makeReport('heart', [result('Cleveland', 0.8, 0.8)], facts, null, 1))).toContain(
      'made no difference',
    )
  })
})
