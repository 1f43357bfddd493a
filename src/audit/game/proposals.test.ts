import { describe, expect, it } from 'vitest'
import { heartStudy } from '../../study/studies/heart.ts'
import { oddsOf } from './plan.ts'
import { atRiskOf, auditInFull, proposedHarm } from './proposals.ts'
import { cheatWarnings, gainOf, type RoundWorth, type Temptation } from './stakes.ts'

/** What a new sponsor's form allows. */
const mostHospitals = 8
const { rules } = heartStudy()
const { plan, stakeBps } = auditInFull
const atRisk = atRiskOf(rules.stake, stakeBps)
const ofFault = atRiskOf(rules.stake, rules.slashBps)
const saved = rules.rewardPerRound

/** Of a round after another hospital failed an audit. */
function temptationOf(pot: number, changes: Partial<RoundWorth> = {}): Temptation {
  const { rewardPerRound, rounds } = rules
  const worth = { rewardPerRound, hospitals: mostHospitals, rounds, halfToFirst: false, harm: proposedHarm }
  return { gain: gainOf({ ...worth, pot, ...changes }), saved }
}

const temptation = temptationOf(atRisk)

describe('The audits proposed', () => {
  it('make every cheat lose, however many hospitals take part', () => {
    for (let hospitals = 2; hospitals <= mostHospitals; hospitals++) {
      expect(cheatWarnings(oddsOf(plan, hospitals), temptation, atRisk)).toEqual([])
    }
  })

  it('do so in a short study, where one round is a larger part of what audits took', () => {
    expect(cheatWarnings(oddsOf(plan, 4), temptationOf(atRisk, { rounds: 5 }), atRisk)).toEqual([])
  })

  it('would not with half of that at risk', () => {
    expect(cheatWarnings(oddsOf(plan, mostHospitals), temptation, atRisk / 2)).not.toEqual([])
  })

  it('would not for two hospitals at what a fault costs', () => {
    expect(cheatWarnings(oddsOf(plan, 4), temptationOf(ofFault), ofFault)).toEqual([])
    expect(cheatWarnings(oddsOf(plan, 2), temptationOf(ofFault), ofFault)).not.toEqual([])
  })

  it('do so where a fault was forfeited besides', () => {
    expect(cheatWarnings(oddsOf(plan, 4), temptationOf(atRisk + ofFault), atRisk)).toEqual([])
  })

  it('do not where the first takes half of the deposit', () => {
    const odds = oddsOf(plan, mostHospitals)
    expect(cheatWarnings(odds, temptationOf(atRisk, { halfToFirst: true }), atRisk)).not.toEqual([])
  })
})
