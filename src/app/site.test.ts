import { describe, expect, it } from 'vitest'
import type { ChainReader } from '../chain/reads.ts'
import { manifestUri } from '../crypto/cid.ts'
import { findStudy, parseSite, studiesOf } from './site.ts'

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
  gasPot: address,
  verifiers: [],
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

const other = `0x${'b2'.repeat(20)}`
const digest = `0x${'0d'.repeat(32)}` as const

/** A chain that holds these studies, by address, with their model URIs. */
function chainWith(uris: Readonly<Record<string, string>>): ChainReader {
  const answers: Record<string, (to: string, args?: readonly unknown[]) => unknown> = {
    isStudy: (_to, args) => String(args?.[0]) in uris,
    studies: () => Object.keys(uris),
    modelURI: to => uris[to],
    sponsor: () => address,
    rules: () => ({ rounds: 7 }),
  }
  const readContract = async (call: { address: string; functionName: string; args?: readonly unknown[] }) =>
    answers[call.functionName]?.(call.address, call.args)
  return { deployment: parseSite(valid, 'here'), publicClient: { readContract } } as unknown as ChainReader
}

describe('findStudy', () => {
  const site = parseSite(valid, 'here')

  it('does not mind the address’s checksum', async () => {
    const found = await findStudy(site, address.toUpperCase().replace('0X', '0x'), chainWith({}))
    expect(found.name).toBe('Heart disease')
  })

  it('finds a study that only the chain knows, by the name that its model URI gives', async () => {
    const found = await findStudy(site, other, chainWith({ [other]: manifestUri(digest, 'Own ward') }))
    expect(found).toEqual({
      address: other,
      name: 'Own ward',
      rounds: 7,
      data: { kind: 'manifest' },
      hospitals: ['Cleveland'],
    })
  })

  it.each([
    ['that no factory made', {}, other],
    ['that is a draft', { [other]: '' }, other],
    ['that is no address', {}, 'heart'],
  ])('says that there is no study %s', async (_, uris, study) => {
    await expect(findStudy(site, study, chainWith(uris))).rejects.toMatchObject({ code: 'app.noSuchStudy' })
  })
})

describe('studiesOf', () => {
  it('lists the file’s studies first, then the chain’s youngest, without drafts', async () => {
    const site = parseSite(valid, 'here')
    const third = `0x${'c3'.repeat(20)}`
    const uris = {
      [address]: 'ipfs://x',
      [other]: manifestUri(digest),
      [third]: manifestUri(digest, 'Young'),
      '0xd4': '',
    }
    const studies = await studiesOf(site, chainWith(uris))
    expect(studies.map(({ name }) => name)).toEqual(['Heart disease', 'Young', 'Study 0xb2b2…b2b2'])
  })
})
