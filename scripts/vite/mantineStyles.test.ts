import { expect, it } from 'vitest'
import { withoutUnused } from './mantineStyles.ts'

const isUsed = (name: string) => name === 'm_aaaaaaaa'

it('drops the rules of components that nothing uses, and keeps all others', () => {
  const css = '.m_aaaaaaaa{color:red}.m_bbbbbbbb{color:blue}.ward-page{margin:0}:root{--x:1}'
  expect(withoutUnused(css, isUsed)).toBe('.m_aaaaaaaa{color:red}.ward-page{margin:0}:root{--x:1}')
})

it('keeps the used half of a shared rule, and drops what becomes empty', () => {
  expect(withoutUnused('.m_aaaaaaaa,.m_bbbbbbbb{a:b}', isUsed)).toBe('.m_aaaaaaaa{a:b}')
  expect(withoutUnused('@media print{.m_bbbbbbbb{a:b}}', isUsed)).toBe('')
  expect(withoutUnused('.m_aaaaaaaa .m_bbbbbbbb{a:b}', isUsed)).toBe('')
})
