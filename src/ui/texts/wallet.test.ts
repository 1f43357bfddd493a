import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { walletTexts } from './wallet.ts'

const folder = join(import.meta.dirname, '../../chain')

/** Every `name: '…'` of a call that src/chain sends. */
const names = readdirSync(folder)
  .filter(file => file.endsWith('.ts') && !file.includes('.test.'))
  .flatMap(file => {
    const source = readFileSync(join(folder, file), 'utf8')
    return [...source.matchAll(/(?:sendCall|send)\([^{]*\{\s*name: '(\w+)'/g)].map(([, name = '']) => name)
  })

it('finds the calls that are sent', () => {
  expect(names).toEqual(expect.arrayContaining(['joinTask', 'withdraw', 'createStudy']))
})

it.each([...new Set(names)])('%s has words for who signs it', name => {
  expect(walletTexts.calls).toHaveProperty(name)
})
