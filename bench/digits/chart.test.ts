import { expect, it } from 'vitest'
import { chart } from './chart.ts'

const columnOf = (line: string) => line.slice(9)

it('draws the best value on top, the worst at the bottom, and a star where lines meet', () => {
  const lines = chart([
    { mark: '3', values: [0.9, 0.95, 0.97] },
    { mark: '5', values: [0.9, 0.94, 0.96] },
  ]).split('\n')
  expect(columnOf(lines[0]!)).toMatch(/^ {71}3$/)
  expect(columnOf(lines[15]!).trim()).toBe('*')
  expect(lines[0]).toContain('97.0 %')
  expect(lines[15]).toContain('90.0 %')
})

it('names the epochs under their columns', () => {
  const lines = chart([{ mark: '3', values: [0.9, 0.95] }]).split('\n')
  const axis = columnOf(lines.at(-1)!)
  expect([axis.indexOf('1'), axis.indexOf('2')]).toEqual([35, 71])
  expect(columnOf(lines[0]!).indexOf('3')).toBe(71)
  expect(
    chart([{ mark: '3', values: [0.9, 0.95] }], 2)
      .split('\n')
      .at(-1),
  ).toMatch(/ 2 +4 +epoch$/)
})

it('draws ninety epochs of a value that never changes', () => {
  const lines = chart([{ mark: '3', values: new Array<number>(90).fill(0.5) }]).split('\n')
  expect(columnOf(lines[15]!)).toBe('3'.repeat(90))
})
