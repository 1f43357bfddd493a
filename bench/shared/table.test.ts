import { expect, it } from 'vitest'
import { layOut, markdownTable } from './table.ts'

const rows = [
  ['call', 'ms', 'gas'],
  ['submitUpdate', '7', '71,000'],
]

it('puts words to the left and numbers to the right, all as wide as the widest', () => {
  expect(layOut(rows)).toBe(['call          ms     gas', 'submitUpdate   7  71,000'].join('\n'))
})

it('leaves no space at the end of a line and lets rows be shorter', () => {
  expect(layOut([['a', 'b'], ['long'], ['c', 'd']], 2)).toBe(['a     b', 'long', 'c     d'].join('\n'))
})

it('makes the same a Markdown table', () => {
  expect(markdownTable(rows)).toBe('| call | ms | gas |\n| --- | --: | --: |\n| submitUpdate | 7 | 71,000 |')
})
