import { describe, expect, it } from 'vitest'
import type { ExactShape } from '../engine/shape.ts'
import { cellRow, isIn, type Section, sectionNames, stepLayout } from './layout.ts'

function shape(hidden: number, outputs: number, batch = 3): ExactShape {
  return { inputs: 5, hidden, outputs, batch, shift: 5, largestInput: 4096 }
}

const all = Array.from({ length: 41 }, (_, hidden) => Array.from({ length: 40 }, (_, i) => shape(hidden, i + 1))).flat()

const lengthOf = ({ first, end }: Section) => end - first

describe('stepLayout', () => {
  it('has a row for each number that sums run over, one section after another', () => {
    for (const of of all) {
      const { sections, rows } = stepLayout(of)
      const { inputs, hidden, outputs } = of
      const lengths = [outputs, hidden, hidden > 0 ? 1 : 0, hidden, inputs]
      const { errors, units, one, gradients, inputs: last } = sections
      const inOrder = [errors, units, one, gradients, last]
      const firsts = inOrder.map((_, i) => inOrder.slice(0, i).reduce((sum, section) => sum + lengthOf(section), 0))
      const is = {
        of,
        firsts: inOrder.map(({ first }) => first),
        lengths: inOrder.map(lengthOf),
        fits: rows >= last.end,
      }
      expect(is).toEqual({ of, firsts, lengths, fits: true })
    }
  })

  it('has a cell of its own for each rounded number, in blocks at multiples of their lengths', () => {
    for (const of of all) {
      const { cells, rows, width } = stepLayout(of)
      const taken = new Set<number>()
      const kinds = [
        { ...cells.hidden, units: of.hidden },
        { ...cells.outputs, units: of.outputs },
      ]
      const isAligned = kinds.every(({ first, block, units }) => units === 0 || first % block === 0)
      const isEnough = kinds.every(({ block, units }) => (units === 0 ? block === 0 : block >= units))
      const isPower = kinds.every(({ block }) => (block & (block - 1)) === 0)
      const isWhole = kinds.every(kind => lengthOf(kind) === of.batch * kind.block)
      let isInside = true
      for (const { units, ...kind } of kinds) {
        for (let b = 0; b < of.batch; b++) {
          for (let unit = 0; unit < units; unit++) {
            const row = cellRow(kind, b, unit)
            isInside &&= isIn(kind, row) && row < rows
            taken.add(row)
          }
        }
      }
      const is = { of, isAligned, isEnough, isPower, isWhole, isInside, count: taken.size, width }
      const [count, all] = [of.batch * (of.hidden + of.outputs), true]
      const should = { isAligned: all, isEnough: all, isPower: all, isWhole: all, isInside: all }
      expect(is).toEqual({ of, ...should, count, width: Math.max(of.hidden, of.outputs) })
    }
  })

  it('puts one kind of cells after the other, those of the larger blocks first', () => {
    const cellsOf = (hidden: number, outputs: number) => stepLayout(shape(hidden, outputs)).cells
    expect(cellsOf(16, 2)).toEqual({
      hidden: { first: 0, end: 48, block: 16 },
      outputs: { first: 48, end: 54, block: 2 },
    })
    expect(cellsOf(2, 3)).toEqual({
      hidden: { first: 12, end: 18, block: 2 },
      outputs: { first: 0, end: 12, block: 4 },
    })
    expect(cellsOf(3, 4)).toEqual({
      hidden: { first: 0, end: 12, block: 4 },
      outputs: { first: 12, end: 24, block: 4 },
    })
    expect(cellsOf(0, 1)).toEqual({ hidden: { first: 3, end: 3, block: 0 }, outputs: { first: 0, end: 3, block: 1 } })
  })

  it('takes as many rows as the longer of matrices and cells', () => {
    expect(stepLayout(shape(0, 1, 2)).rows).toBe(6)
    expect(stepLayout(shape(16, 2, 8)).rows).toBe(8 * 18)
  })
})

describe('cellRow', () => {
  it('has the last unit of a block first', () => {
    const cells = { first: 12, end: 24, block: 4 }
    expect([cellRow(cells, 0, 3), cellRow(cells, 0, 0), cellRow(cells, 1, 3), cellRow(cells, 2, 0)]).toEqual([
      12, 15, 16, 23,
    ])
  })
})

describe('sectionNames', () => {
  it('has those that are not empty, by their rows', () => {
    for (const of of [shape(0, 1), shape(3, 2)]) {
      const { sections } = stepLayout(of)
      const present = sectionNames(of)
      expect([...present].sort((a, b) => sections[a].first - sections[b].first)).toEqual(present)
      expect(present.length).toBe(Object.values(sections).filter(section => lengthOf(section) > 0).length)
    }
  })
})
