import { describe, expect, it } from 'vitest'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { Mode } from '../../rounds/ports.ts'
import { checkMode } from './mode.ts'

const masking = { clip: 16, fractionBits: 24 }
const maskedRules = { rules: { mode: Mode.Masked, ...masking, scored: false } }
const scoredRules = { rules: { mode: Mode.Masked, ...masking, scored: true } }
const openRules = { rules: { mode: Mode.Committee, clip: 0, fractionBits: 0, scored: false } }
const dev = { chainId: DEV_CHAIN_ID, rpcUrls: ['http://127.0.0.1:8545'] }
const publicChain = { chainId: 84532, rpcUrls: ['https://one.example'] }

describe('what a study says of who may see an update', () => {
  it('is the same in its description and its contract', () => {
    expect(() => checkMode({ masking }, maskedRules, dev)).not.toThrow()
    expect(() => checkMode({ masking: { ...masking, scored: true } }, scoredRules, dev)).not.toThrow()
    expect(() => checkMode({}, openRules, publicChain)).not.toThrow()
  })

  it.each([
    ['masked, and a contract that is not', { masking }, openRules],
    ['not masked, and a contract that is', {}, maskedRules],
    ['another clip', { masking: { ...masking, clip: 8 } }, maskedRules],
    ['a contract that opens numbers for scores', { masking }, scoredRules],
    ['scores that the contract does not ask for', { masking: { ...masking, scored: true } }, maskedRules],
    ['another step', { masking: { ...masking, fractionBits: 20 } }, maskedRules],
  ])('is refused where they differ: %s', (_, manifest, rules) => {
    expect(() => checkMode(manifest, rules, dev)).toThrow(expect.objectContaining({ code: 'study.badManifest' }))
  })

  it('takes two nodes of the chain where sums are opened, but for a dev chain', () => {
    const oneNode = expect.objectContaining({ code: 'chain.oneNode' })
    expect(() => checkMode({ masking }, maskedRules, publicChain)).toThrow(oneNode)
    const same = { ...publicChain, rpcUrls: ['https://one.example', 'https://one.example'] }
    expect(() => checkMode({ masking }, maskedRules, same)).toThrow(oneNode)
    const two = { ...publicChain, rpcUrls: ['https://one.example', 'https://two.example'] }
    expect(() => checkMode({ masking }, maskedRules, two)).not.toThrow()
  })
})
