import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { type AlignedUpdate, alignmentScores } from './alignment.ts'

const of = (weight: number, vector: number[], descent: number[]): AlignedUpdate => ({
  weight,
  vector: Float32Array.from(vector),
  descent: Float32Array.from(descent),
})

describe('alignmentScores', () => {
  it('gives the most to who goes where the others want to go, and the least to who goes back', () => {
    const scores = alignmentScores([of(1, [1, 0], [0, 1]), of(1, [-1, 0], [1, 0]), of(1, [0, 3], [1, 0])])
    expect(scores).toEqual([10_000, -7071, 7071])
  })

  it('does not count a hospital’s own wishes for its own update', () => {
    const [score] = alignmentScores([of(8, [1, 0], [1, 0]), of(1, [0, 1], [0, 1])])
    expect(score).toBe(0)
  })

  it('weighs what each wants by its patients', () => {
    const [score] = alignmentScores([of(1, [1, 0], [0, 0]), of(3, [0, 0], [1, 0]), of(1, [0, 0], [-2, 0])])
    expect(score).toBe(10_000)
  })

  it('is not moved by how long an update is', () => {
    const vector = fc.array(fc.float({ noNaN: true, min: -10, max: 10 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(vector, vector, vector, (u, v, d) => {
        const scores = (times: number) =>
          alignmentScores([
            of(
              2,
              u.map(x => Math.fround(x * times)),
              d,
            ),
            of(1, v, v),
            of(1, d, u),
          ])[0] as number
        expect(Math.abs(scores(1) - scores(1024))).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('says nothing of what was not opened, nor where nothing was sent', () => {
    expect(alignmentScores([null, of(1, [0, 0], [1, 1]), of(1, [1, 1], [0, 0])])).toEqual([null, 0, 10_000])
    expect(alignmentScores([])).toEqual([])
  })

  it('refuses vectors of two sizes', () => {
    let error: unknown
    try {
      alignmentScores([of(1, [1, 0], [1])])
    } catch (caught) {
      error = caught
    }
    expect(isAppError(error, 'aggregation.badUpdate')).toBe(true)
  })
})
