import { describe, expect, it } from 'vitest'
import { digitsStudy } from '../../study/studies/digits.ts'
import { heartStudy } from '../../study/studies/heart.ts'
import { oddsOf } from './plan.ts'
import { atRiskOf, auditInFull, auditInPart, proposedHarm } from './proposals.ts'
import { cheatWarnings, gainOf } from './stakes.ts'

/** What a new sponsor's form allows. */
const mostHospitals = 8

describe.each([
  { name: 'heart', study: heartStudy(), proposal: auditInFull },
  { name: 'digits', study: digitsStudy(), proposal: auditInPart },
])('The audits proposed for $name', ({ study: { rules }, proposal: { plan, stakeBps } }) => {
  const worth = {
    rewardPerRound: rules.rewardPerRound,
    hospitals: mostHospitals,
    rounds: rules.rounds,
    carry: 0,
    harm: proposedHarm,
  }
  const temptation = { gain: gainOf({ ...worth, halfToFirst: false }), saved: rules.rewardPerRound }
  const atRisk = atRiskOf(rules.stake, stakeBps)

  it('make every cheat lose, however many hospitals take part', () => {
    for (let hospitals = 2; hospitals <= mostHospitals; hospitals++) {
      expect(cheatWarnings(oddsOf(plan, hospitals), temptation, atRisk)).toEqual([])
    }
  })

  it('would not with half of that at risk', () => {
    expect(cheatWarnings(oddsOf(plan, mostHospitals), temptation, atRisk / 2)).not.toEqual([])
  })

  it('do not where the first takes half of the deposit, or a forfeit goes into the pool', () => {
    const odds = oddsOf(plan, mostHospitals)
    const all = { ...temptation, gain: gainOf({ ...worth, halfToFirst: true }) }
    const carried = { ...temptation, gain: gainOf({ ...worth, halfToFirst: false, carry: atRisk }) }
    expect(cheatWarnings(odds, all, atRisk)).not.toEqual([])
    expect(cheatWarnings(odds, carried, atRisk)).not.toEqual([])
  })
})
