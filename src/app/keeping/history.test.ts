import { describe, expect, it } from 'vitest'
import type { HospitalEventLog } from '../../chain/hospitalEvents.ts'
import { Phase } from '../../rounds/ports.ts'
import { NOT_OPENED } from '../../rounds/primitives.ts'
import type { Address } from '../../study/types.ts'
import { historyCsv, historyOf } from './history.ts'

const [a, b, c] = [1, 2, 3].map(n => `0x${String(n).repeat(40)}` as Address) as [Address, Address, Address]
const log = (eventName: HospitalEventLog['eventName'], args: object, blockNumber = 1n) =>
  ({ eventName, args, blockNumber }) as unknown as HospitalEventLog
const joined = [a, b, c].map((hospital, index) => log('HospitalJoined', { hospital, index, stake: 50n }, BigInt(index)))
const started = (round: number, participants: bigint, kind = 1) =>
  log('RoundStarted', { round, kind, participants, seats: [0, 1, 2] })

describe('historyOf', () => {
  it('tells a round that went well: sent, scored, included, paid', () => {
    const history = historyOf(
      [
        ...joined,
        started(2, 0b111n),
        log('UpdateSubmitted', { round: 2, hospital: b }),
        log('ScoresRevealed', { round: 2, hospital: a, scores: [0, 120, 5] }),
        log('ScoresRevealed', { round: 2, hospital: b, scores: [0, 9000, 5] }),
        log('ScoresRevealed', { round: 2, hospital: c, scores: [0, 80, 5] }),
        log('SurvivorsFrozen', { round: 2, survivors: 0b010n }),
        log('ModelFinalised', { round: 2 }),
        log('RewardAccrued', { round: 2, hospital: b, amount: 7n }),
      ],
      b,
    )
    expect(history.joined).toBe(1n)
    // Of 80 and 120, its own praise left out, the lower middle.
    expect(history.rounds).toEqual([
      {
        round: 2,
        isStatistics: false,
        outcome: 'finalised',
        isParticipant: true,
        hasVetoed: false,
        isSeat: true,
        isChecked: false,
        hasSubmitted: true,
        median: 80,
        isIncluded: true,
        reward: 7n,
        forfeit: null,
      },
    ])
  })

  it('leaves out scores of seats that could not open the update', () => {
    const { rounds } = historyOf(
      [
        ...joined,
        started(2, 0b111n),
        log('ScoresRevealed', { round: 2, hospital: a, scores: [0, NOT_OPENED] }),
        log('SurvivorsFrozen', { round: 2, survivors: 0b101n }),
      ],
      b,
    )
    expect(rounds[0]).toMatchObject({ median: null, hasSubmitted: false, isIncluded: null })
  })

  it('tells a missed deadline with its reason, and a void round', () => {
    const { rounds } = historyOf(
      [
        ...joined,
        started(2, 0b111n),
        log('RoundVoided', { round: 2 }),
        log('StakeForfeited', { round: 2, hospital: a, amount: 5n, reason: 'no update' }),
        log('StakeForfeited', { round: 2, hospital: b, amount: 5n, reason: 'no scores' }),
      ],
      a,
    )
    expect(rounds[0]).toMatchObject({ outcome: 'void', forfeit: { amount: 5n, reason: 'no update' } })
  })

  it('tells a masked round: in the sum, checked, unscored; and one that an accusation made void', () => {
    const { rounds } = historyOf(
      [
        ...joined,
        started(2, 0b111n),
        log('UpdateSubmitted', { round: 2, hospital: a }),
        log('SurvivorsFrozen', { round: 2, survivors: 0b111n }),
        log('SeatDrawn', { round: 2, hospital: a }),
        log('ModelFinalised', { round: 2 }),
        started(3, 0b111n),
        log('StakeForfeited', { round: 3, hospital: b, amount: 5n, reason: 'accused' }),
        log('RoundVoided', { round: 3 }),
      ],
      a,
    )
    expect(rounds[1]).toMatchObject({ outcome: 'finalised', isChecked: true, isIncluded: true, median: null })
    expect(rounds[0]).toMatchObject({ outcome: 'accused', isChecked: false, forfeit: null })
  })

  it('tells the score of a hospital that is in a masked sum', () => {
    const rowOf = (survivors: bigint) =>
      historyOf(
        [
          ...joined,
          started(2, 0b111n),
          log('UpdateSubmitted', { round: 2, hospital: a }),
          log('SurvivorsFrozen', { round: 2, survivors }),
          log('ModelFinalised', { round: 2 }),
          log('SumScored', { round: 2, scores: [-4200, 100, 0] }),
        ],
        a,
      ).rounds[0]
    expect(rowOf(0b111n)).toMatchObject({ outcome: 'finalised', isIncluded: true, median: -4200 })
    expect(rowOf(0b110n)).toMatchObject({ isIncluded: false, median: null })
  })

  it('tells a round whose sum made no sense to a quorum from one in which too few acted', () => {
    const accused = (hospital: Address, members = 0n) => log('Accused', { round: 2, hospital, members })
    const outcomeOf = (...ofRound: HospitalEventLog[]) =>
      historyOf([...joined, started(2, 0b111n), ...ofRound], a).rounds[0]?.outcome
    const voided = (phase: number) => log('RoundVoided', { round: 2, phase })
    const all = [accused(a), accused(b), accused(c)]
    expect(outcomeOf(...all, voided(Phase.Aggregate))).toBe('outOfRange')
    expect(outcomeOf(...all.slice(1), voided(Phase.Aggregate))).toBe('void')
    expect(outcomeOf(accused(a), accused(b), accused(c, 1n), voided(Phase.Aggregate))).toBe('void')
    // Another seat is drawn: votes begin anew, and may never come.
    expect(outcomeOf(...all, voided(Phase.Draw))).toBe('void')
    const redrawn = [...all, log('SeatDrawn', { round: 2, hospital: b })]
    expect(outcomeOf(...redrawn, accused(a), voided(Phase.Aggregate))).toBe('void')
    expect(outcomeOf(...redrawn, ...all, voided(Phase.Aggregate))).toBe('outOfRange')
  })

  it('knows which rounds are vetoed, and which veto was taken back for good', () => {
    const history = historyOf(
      [
        ...joined,
        log('RoundVetoed', { round: 3, hospital: a, vetoed: true }),
        log('RoundVetoed', { round: 4, hospital: a, vetoed: true }),
        log('RoundVetoed', { round: 4, hospital: a, vetoed: false }),
        log('RoundVetoed', { round: 5, hospital: b, vetoed: true }),
        started(3, 0b110n),
      ],
      a,
    )
    expect(history.vetoes).toEqual([3])
    expect(history.settledVetoes).toEqual([4])
    expect(history.rounds[0]).toMatchObject({ isParticipant: false, hasVetoed: true, isSeat: true })
  })

  it('knows who left, what was paid out, and that a stranger has no history', () => {
    const logs = [
      ...joined,
      log('HospitalLeft', { hospital: a, reason: 'left' }),
      log('Withdrawn', { account: a, amount: 50n }),
      log('Withdrawn', { account: a, amount: 3n }),
    ]
    expect(historyOf(logs, a)).toMatchObject({ left: 'left', withdrawn: 53n })
    expect(historyOf(logs, `0x${'9'.repeat(40)}`)).toMatchObject({ joined: null, left: null, rounds: [] })
  })
})

describe('historyCsv', () => {
  it('quotes what needs it and gives spreadsheets no formula', () => {
    const { rounds } = historyOf([...joined, started(2, 0b1n)], a)
    const csv = historyCsv(rounds, ['Round', 'Reason, if any'], () => ['-12.5', '=HYPERLINK("x")'])
    expect(csv).toBe('Round,"Reason, if any"\r\n-12.5,"\'=HYPERLINK(""x"")"\r\n')
  })
})
