import { describe, expect, it } from 'vitest'
import { parseDeployment } from './deployment.ts'

const address = `0x${'a1'.repeat(20)}`
const valid = {
  version: 1,
  chainId: 31337,
  rpc: ['http://127.0.0.1:8545'],
  deploymentId: `0x${'0d'.repeat(32)}`,
  fromBlock: 0,
  contracts: { credits: address, registry: address, reputation: address, models: address, factory: address },
  relays: [],
  studies: [{ address, name: 'Heart', data: { kind: 'heart' }, hospitals: ['Cleveland'] }],
}

describe('parseDeployment', () => {
  it('accepts what the demo writes', () => {
    expect(parseDeployment(valid)).toEqual(valid)
  })

  it.each([
    [{ ...valid, rpc: [] }, 'rpc'],
    [{ ...valid, contracts: { ...valid.contracts, credits: '0x12' } }, 'contracts.credits: no address'],
    [{ ...valid, studies: [{ ...valid.studies[0], data: { kind: 'lungs' } }] }, 'studies.0.data.kind'],
    ['<html>', 'deployment.json'],
  ])('names the field that is wrong in %#', (value, words) => {
    expect(() => parseDeployment(value)).toThrow(words)
  })
})
