import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../errors/AppError.ts'
import type { FrozenHospital } from './freeze.ts'
import { noOpenings, type Openings, recordFreeze, recordOpenedSeat, recordPost, recordVoid } from './openings.ts'
import { openableSeeds, seededSeats } from './round.ts'
import { addressOf, roundOf } from './testing.ts'

const hospital = (index: number, weight = 1): FrozenHospital => ({ index, hospital: addressOf(index), weight })
const set = [hospital(0), hospital(1, 2), hospital(2), hospital(5)]
const other = set.slice(1)
const round = roundOf([0, 1, 2, 10, 11], 3)
const frozen = recordFreeze(noOpenings, set)
const posted = recordPost(frozen, [set, set])
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
  return undefined
}

describe('the openings of a round', () => {
  it('go from collecting to frozen to posted, and survive as plain data', () => {
    expect([noOpenings.state, frozen.state, posted.state]).toEqual(['collecting', 'frozen', 'posted'])
    expect(JSON.parse(JSON.stringify(posted))).toEqual(posted)
    expect(recordPost(JSON.parse(JSON.stringify(posted)), [set, set])).toEqual(posted)
  })

  it('freeze once: the same set again changes nothing, another one makes the round void', () => {
    expect(recordFreeze(frozen, set)).toBe(frozen)
    expect(recordFreeze(posted, set)).toBe(posted)
    for (const before of [frozen, posted]) {
      expect(recordFreeze(before, other).state).toBe('void')
      expect(recordFreeze(before, undefined).state).toBe('void')
    }
  })

  it('are void from the start where the weights would not hide the parts', () => {
    for (const weights of [
      [8, 0, 0, 1],
      [9, 1, 1, 1],
    ]) {
      const packed = set.map((one, i) => ({ ...one, weight: weights[i]! }))
      expect(recordFreeze(noOpenings, packed).state).toBe('void')
    }
  })

  it('wait for finality: two views at least, and all of them the frozen set', () => {
    for (const views of [[], [set], [set, other], [other, other], [set, set, other]]) {
      expect(codeOf(() => recordPost(frozen, views))).toBe('masking.notFinal')
    }
    expect(codeOf(() => recordPost(noOpenings, [set, set]))).toBe('masking.notFinal')
    expect(recordPost(frozen, [set, set, set]).state).toBe('posted')
  })

  it('go out again after a reload over the same set, and over no other', () => {
    expect(recordPost(posted, [set, set])).toBe(posted)
    expect(codeOf(() => recordPost(posted, [other, other]))).toBe('masking.openedBefore')
  })

  it('never go on after the round became void', () => {
    const gone = recordVoid(frozen)
    expect(recordFreeze(gone, set).state).toBe('void')
    expect(codeOf(() => recordPost(gone, [set, set]))).toBe('masking.openedBefore')
    expect(codeOf(() => recordOpenedSeat(gone, round, { seat: 0, reason: 'checked' }))).toBe('masking.openedBefore')
  })

  it('count a seat once, and none before the freeze', () => {
    const opened = recordOpenedSeat(posted, round, { seat: 3, reason: 'vanished' })
    expect(recordOpenedSeat(opened, round, { seat: 3, reason: 'checked' })).toBe(opened)
    expect(codeOf(() => recordOpenedSeat(noOpenings, round, { seat: 0, reason: 'checked' }))).toBe(
      'masking.openedBefore',
    )
    expect(() => recordOpenedSeat(posted, round, { seat: 5, reason: 'checked' })).toThrow(RangeError)
  })

  it('keep one of m − t for a seat that is drawn, where nobody of the sum holds a seat', () => {
    const strangers = roundOf([20, 21, 22, 23, 24], 3)
    const one = recordOpenedSeat(posted, strangers, { seat: 0, reason: 'vanished' })
    expect(codeOf(() => recordOpenedSeat(one, strangers, { seat: 1, reason: 'vanished' }))).toBe(
      'masking.tooManyOpened',
    )
    const two = recordOpenedSeat(one, strangers, { seat: 1, reason: 'checked' })
    expect(codeOf(() => recordOpenedSeat(two, strangers, { seat: 2, reason: 'checked' }))).toBe('masking.tooManyOpened')
  })

  it('never open more of any hospital’s seeds than leave t of them closed, whatever is asked in whatever order', () => {
    const rounds = fc.record({
      seats: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 7 }),
      threshold: fc.integer({ min: 2, max: 6 }),
      asked: fc.array(
        fc.record({ seat: fc.nat({ max: 6 }), reason: fc.constantFrom('vanished' as const, 'checked' as const) }),
      ),
    })
    fc.assert(
      fc.property(rounds, ({ seats, threshold, asked }) => {
        fc.pre(threshold < seats.length)
        const any = roundOf(seats, threshold)
        let openings: Openings = posted
        for (const one of asked.filter(({ seat }) => seat < seats.length)) {
          try {
            openings = recordOpenedSeat(openings, any, one)
          } catch (error) {
            expect(isAppError(error, 'masking.tooManyOpened')).toBe(true)
          }
        }
        const opened = openings.openedSeats.map(({ seat }) => seat)
        for (const { hospital: address } of set) {
          const closed = seededSeats(any, address).filter(seat => !opened.includes(seat))
          expect(closed.length).toBeGreaterThanOrEqual(threshold)
          expect(opened.filter(seat => seededSeats(any, address).includes(seat)).length).toBeLessThanOrEqual(
            Math.max(0, openableSeeds(any, address)),
          )
        }
      }),
    )
  })

  it('leave three honest hospitals hidden among each other: their closed seeds hang together, whatever was opened', () => {
    const scenes = fc.record({
      seats: fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 3, maxLength: 7 }),
      threshold: fc.integer({ min: 2, max: 6 }),
      opened: fc.array(fc.nat({ max: 6 })),
      curious: fc.uniqueArray(fc.nat({ max: 6 })),
      members: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 8 }),
    })
    let met = 0
    fc.assert(
      fc.property(scenes, ({ seats, threshold, opened, curious, members }) => {
        fc.pre(threshold < seats.length)
        const any = roundOf(seats, threshold)
        let openings = recordFreeze(
          noOpenings,
          members.map(index => hospital(index)),
        )
        for (const seat of opened.filter(one => one < seats.length)) {
          try {
            openings = recordOpenedSeat(openings, any, { seat, reason: 'checked' })
          } catch (error) {
            expect(isAppError(error, 'masking.tooManyOpened')).toBe(true)
          }
        }
        const known = new Set([
          ...openings.openedSeats.map(({ seat }) => seat),
          ...curious.filter(seat => seat < seats.length).slice(0, threshold - 1),
        ])
        const colluding = curious
          .filter(seat => seat < seats.length)
          .slice(0, threshold - 1)
          .map(seat => seats[seat])
        const honest = members.filter(member => !colluding.includes(member))
        fc.pre(honest.length >= 3)
        met++
        // From one hospital on: through a closed seat to all others that gave it a seed.
        const closedOf = (member: number) => seededSeats(any, addressOf(member)).filter(seat => !known.has(seat))
        const reached = new Set([honest[0]!])
        for (const member of reached) {
          for (const seat of closedOf(member)) {
            for (const other of honest) if (closedOf(other).includes(seat)) reached.add(other)
          }
        }
        expect(reached.size).toBe(honest.length)
        expect(closedOf(honest[0]!).length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
    expect(met).toBeGreaterThan(25)
  })
})
