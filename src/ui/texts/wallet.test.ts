import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gasPotAbi, hospitalRegistryAbi, studyAbi } from '../../chain/generated/abi.ts'
import { walletTexts } from './wallet.ts'

const folder = join(import.meta.dirname, '../../chain')

/** Every `name: '…'` of a call that src/chain sends. */
const names = readdirSync(folder)
  .filter(file => file.endsWith('.ts') && !file.includes('.test.'))
  .flatMap(file => {
    const source = readFileSync(join(folder, file), 'utf8')
    return [...source.matchAll(/(?:(?:sendCall|send)\([^{]*\{\s*name: |createBy\(access, )'(\w+)'/g)].map(
      ([, name = '']) => name,
    )
  })

/** Only contracts may call these. */
const betweenContracts = ['initialize', 'requireProofs', 'onTransferReceived', 'enrol']
/** Pages never ask for these: whoever is asked all the same had better decline. */
const unasked = ['transferOwnership', 'renounceOwnership']

it('finds the calls that are sent', () => {
  expect(names).toEqual(expect.arrayContaining(['joinTask', 'withdraw', 'createStudy', 'createProvenStudy']))
})

it.each([...new Set(names)])('%s has words for who signs it', name => {
  expect(walletTexts.calls).toHaveProperty(name)
})

it.each(
  [...studyAbi, ...hospitalRegistryAbi, ...gasPotAbi].flatMap(item =>
    item.type === 'function' && (item.stateMutability === 'nonpayable' || item.stateMutability === 'payable')
      ? [item.name]
      : [],
  ),
)('%s of the contracts has words, or none on purpose', name => {
  expect([...Object.keys(walletTexts.calls), ...betweenContracts, ...unasked]).toContain(name)
})
