import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { alignmentScores } from './alignment.ts'

const of = (...values: number[]) => Float32Array.from(values)
const element = fc.float({ noNaN: true, min: -10, max: 10 })
const vector = fc.array(element, { minLength: 4, maxLength: 4 }).map(values => Float32Array.from(values))

describe('alignmentScores', () => {
  it('gives the most to who goes where the others go, and the least to who goes back', () => {
    expect(alignmentScores([of(1, 0), of(1, 0), of(2, 0), of(-1, 0)])).toEqual([10_000, 10_000, 10_000, -10_000])
    expect(alignmentScores([of(1, 0), of(1, 1)])).toEqual([7071, 7071])
  })

  it('is not moved by how long an update is', () => {
    fc.assert(
      fc.property(vector, vector, vector, (u, v, w) => {
        const scores = (times: number) => alignmentScores([u.map(x => x * times), v, w])[0] as number
        expect(Math.abs(scores(1) - scores(1024))).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('lets no minority lift itself or sink an honest hospital, whatever it sends', () => {
    fc.assert(
      fc.property(vector, vector, (first, second) => {
        // Five honest hospitals of one mind, two liars who agree on anything.
        const honest = Array.from({ length: 5 }, () => of(1, 2, 3, 4))
        const scores = alignmentScores([...honest, first, second])
        expect(scores.slice(0, 5)).toEqual([10_000, 10_000, 10_000, 10_000, 10_000])
        const alone = alignmentScores([...honest, first])[5] as number
        expect(Math.abs((scores[5] as number) - alone)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('says nothing of what was not opened, nor where nothing was sent or nobody else', () => {
    expect(alignmentScores([null, of(0, 0), of(1, 1)])).toEqual([null, 0, 0])
    expect(alignmentScores([of(1, 1)])).toEqual([0])
    expect(alignmentScores([])).toEqual([])
  })

  it('refuses vectors of two sizes', () => {
    let error: unknown
    try {
      alignmentScores([of(1, 0), of(1)])
    } catch (caught) {
      error = caught
    }
    expect(isAppError(error, 'aggregation.badUpdate')).toBe(true)
  })
})
