import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { findStudy, parseSite } from './site.ts'

const address = `0x${'a1'.repeat(20)}`
const hash = `0x${'0d'.repeat(32)}`
const valid = {
  chainId: 31337,
  rpcUrls: ['http://127.0.0.1:8545'],
  genesisHash: hash,
  deploymentId: hash,
  credits: address,
  registry: address,
  factory: address,
  reputation: address,
  modelRegistry: address,
  block: 0,
  relays: [],
  studies: [{ address, name: 'Heart disease', rounds: 15, data: { kind: 'heart' }, hospitals: ['Cleveland'] }],
}

describe('parseSite', () => {
  it('accepts what the demo writes', () => {
    expect(parseSite(valid, 'here')).toEqual(valid)
  })

  it.each([
    [{ ...valid, rpcUrls: [] }, 'rpcUrls'],
    [{ ...valid, credits: '0x12' }, 'credits: no address'],
    [{ ...valid, studies: [{ ...valid.studies[0], data: { kind: 'lungs' } }] }, 'studies.0.data.kind'],
    ['<html>', 'here'],
  ])('names the field that is wrong in %#', (value, words) => {
    expect(() => parseSite(value, 'here')).toThrow(words)
  })
})

describe('findStudy', () => {
  const site = parseSite(valid, 'here')

  it('does not mind the address’s checksum', () => {
    expect(findStudy(site, address.toUpperCase().replace('0X', '0x')).name).toBe('Heart disease')
  })

  it('says that a study is not listed', () => {
    const find = () => findStudy(site, `0x${'b2'.repeat(20)}`)
    expect(find).toThrow('Go back to the list')
    try {
      find()
    } catch (error) {
      expect(isAppError(error, 'app.noSuchStudy')).toBe(true)
    }
  })
})
