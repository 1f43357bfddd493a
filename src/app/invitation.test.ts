import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import type { Address } from '../study/types.ts'
import {
  formatInvitation,
  formatUnfinished,
  type Invitation,
  type InvitationFacts,
  judgeInvitation,
  parseInvitation,
} from './invitation.ts'

const invitation: Invitation = {
  v: 1,
  deploymentId: `0x${'a1'.repeat(32)}`,
  study: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  name: 'Hôpital “Saint-Jean”, München',
  expires: 2_000_000_000,
  key: `0x${'b2'.repeat(32)}`,
  signatures: [`0x${'c3'.repeat(65)}`],
}
const anna: Address = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'
const ben: Address = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const stranger: Address = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'

const facts: InvitationFacts = {
  deploymentId: invitation.deploymentId,
  recovered: [anna, ben],
  issuers: [anna, ben],
  threshold: 2,
  isUsed: false,
  isRevoked: false,
  now: 1_900_000_000,
}

describe('an invitation’s link', () => {
  it('brings back what was put in, letters beyond ASCII included, finished or not', () => {
    const finished = new URL(formatInvitation('https://ward.example', invitation))
    expect(parseInvitation(finished.hash)).toEqual(invitation)
    expect(finished.searchParams.get('study')).toBe(invitation.study)
    const unfinished = new URL(formatUnfinished('https://ward.example', invitation))
    expect(unfinished.pathname).toBe('/issuers')
    expect(parseInvitation(unfinished.hash)).toEqual(invitation)
  })

  it('keeps the key out of what a server sees', () => {
    for (const link of [
      formatInvitation('https://w.example', invitation),
      formatUnfinished('https://w.example', invitation),
    ]) {
      const { pathname, search } = new URL(link)
      expect(pathname + search).not.toContain('b2b2')
      expect(link.split('#')[1]).toMatch(/^\w+=[\w-]+$/)
    }
  })

  it('is none where the fragment is something else', () => {
    expect(parseInvitation('')).toBeNull()
    expect(parseInvitation('#results')).toBeNull()
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, -20)],
    ['with a letter that base64url does not have', (text: string) => `${text.slice(0, 30)}!${text.slice(31)}`],
    ['endless', (text: string) => text + 'A'.repeat(20_000)],
    ['empty', () => ''],
  ])('is refused %s', (_, spoil) => {
    const text = new URL(formatInvitation('https://w.example', invitation)).hash.slice('#invite='.length)
    expect(() => parseInvitation(`#invite=${spoil(text)}`)).toThrow(/cannot be read/)
  })

  it.each([
    ['an empty name', { name: ' ' }],
    ['a name longer than the registry takes', { name: 'ü'.repeat(33) }],
    ['half a key', { key: '0x1234' as const }],
    ['a signature that is none', { signatures: ['0x12' as const] }],
    ['another version', { v: 2 as unknown as 1 }],
  ])('is refused with %s', (_, change) => {
    const { hash } = new URL(formatInvitation('https://w.example', { ...invitation, ...change }))
    let thrown: unknown
    try {
      parseInvitation(hash)
    } catch (error) {
      thrown = error
    }
    expect(isAppError(thrown, 'app.badInvitation')).toBe(true)
  })
})

describe('an invitation', () => {
  it('is good where a signature that does not count stands beside enough that do, as for the contract', () => {
    const judged = judgeInvitation(invitation, { ...facts, recovered: [stranger, anna, null, ben] })
    expect(judged).toMatchObject({ signers: [anna, ben], problem: null, isGood: true })
  })

  it('is good with enough signatures by issuers of today', () => {
    expect(judgeInvitation(invitation, facts)).toEqual({
      signers: [anna, ben],
      needed: 2,
      problem: null,
      isGood: true,
    })
  })

  it('lacks a signature where the same issuer signed twice', () => {
    const judged = judgeInvitation(invitation, { ...facts, recovered: [anna, anna.toLowerCase() as Address] })
    expect(judged).toMatchObject({ signers: [anna], problem: null, isGood: false })
  })

  it('lacks a signature where fewer signed than are needed', () => {
    expect(judgeInvitation(invitation, { ...facts, recovered: [ben] })).toMatchObject({ problem: null, isGood: false })
  })

  it.each([
    ['is of another deployment', { deploymentId: `0x${'99'.repeat(32)}` as const }, 'foreign'],
    ['has expired, to the second', { now: invitation.expires }, 'expired'],
    ['was used', { isUsed: true }, 'used'],
    ['was revoked', { isRevoked: true }, 'revoked'],
    // A changed name or date makes every signature recover to some other address.
    ['was signed by a stranger, or changed after the signing', { recovered: [anna, stranger] }, 'badSignature'],
    ['has a signature that is none', { recovered: [anna, null] }, 'badSignature'],
    ['was signed by somebody who is no issuer any more', { issuers: [anna] }, 'badSignature'],
  ] as const)('is no good where it %s', (_, change, problem) => {
    expect(judgeInvitation(invitation, { ...facts, ...change })).toMatchObject({ problem, isGood: false })
  })
})
