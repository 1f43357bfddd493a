import { encodeFunctionData, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import { isAppError } from '../errors/AppError.ts'
import type { Address, Hex } from '../study/types.ts'
import { accredit, readAdmission, reinstate, revokeInvitation, suspend, withdrawVote } from './admission.ts'
import { publicClientFor, walletClientFor } from './clients.ts'
import { demoAccount } from './demoAccounts.ts'
import type { Deployment } from './deployment.ts'
import { hospitalRegistryAbi } from './generated/abi.ts'
import {
  fundInvitation,
  type HeldInvitation,
  invitationState,
  type RedemptionAccess,
  recoverSigners,
  redeemInvitation,
  signInvitation,
} from './invitations.ts'
import { accreditationOf, creditsOf } from './reads.ts'
import { type Anvil, startAnvil } from './testing/anvil.ts'
import { CREDIT } from './testing/chain.ts'
import { startProxy } from './testing/proxy.ts'
import { memoryTransactionJournal } from './transactionJournal.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/** Issuers are the accounts 0 to 2, of whom 2 must agree; 3 is an accredited hospital, 4 to 9 are unknown. */
let anvil: Anvil
let deployment: Deployment
beforeAll(async () => {
  anvil = await startAnvil({ port: 9100, accounts: 10 })
  const issuers = [0, 1, 2].map(i => demoAccount(i, anvil.chainId))
  const account = demoAccount(0, anvil.chainId)
  const common = { rpcUrl: anvil.rpcUrl, account }
  deployment = await deploy({ ...common, issuers: issuers.map(({ address }) => address), threshold: 2 })
  const seed = { account, sponsor: account.address, hospitals: [{ address: address(3), name: 'Known' }] }
  await expect(seedDevChain(deployment, seed)).rejects.toThrow('2 issuers')
  await seedDevChain(deployment, { ...seed, issuers })
}, 60_000)
afterAll(() => anvil?.stop())

const address = (index: number): Address => demoAccount(index, 31337).address

function access(index: number, rpcUrls: readonly string[] = deployment.rpcUrls): ChainAccess {
  const reached = { ...deployment, rpcUrls: [...rpcUrls] }
  return {
    deployment: reached,
    publicClient: publicClientFor(reached),
    walletClient: walletClientFor(reached, demoAccount(index, anvil.chainId)),
    journal: memoryTransactionJournal(),
    pollInterval: 50,
  }
}

const refusal = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'accepted',
    error => (isAppError(error) ? (error.details.error ?? error.code) : String(error)),
  )

/** An invitation for a new one-time key, signed by the issuers named. */
async function invite(name: string, issuers: readonly number[], expires = now() + 3600): Promise<HeldInvitation> {
  const key = generatePrivateKey()
  const terms = { key: privateKeyToAccount(key).address, name, expires }
  const signatures = await Promise.all(issuers.map(issuer => signInvitation(access(issuer), terms)))
  expect(await recoverSigners(deployment, terms, signatures)).toEqual(issuers.map(address))
  return { key, name, expires, signatures }
}

const now = () => Math.floor(Date.now() / 1000)
const keyOf = ({ key }: HeldInvitation): Address => privateKeyToAccount(key).address
const weiOf = (account: Address) => access(0).publicClient.getBalance({ address: account })

describe('issuers, two of three', () => {
  test('are named by the deployment, and admitted the hospitals that it was seeded with', async () => {
    const { threshold, issuers, hospitals, motions } = await readAdmission(access(5))
    expect(threshold).toBe(2)
    expect(issuers).toEqual([0, 1, 2].map(address))
    expect(hospitals).toContainEqual({ address: address(3), name: 'Known', status: 'active', reason: '' })
    expect(motions).toEqual([])
  })

  test('admit by the second vote, and see meanwhile what is open', async () => {
    const reader = access(5)
    expect(await accredit(access(0), address(4), 'St Anna')).toEqual({ votes: 1, needed: 2, isCarried: false })
    const { motions } = await readAdmission(reader)
    expect(motions).toMatchObject([
      { kind: 'accredit', hospital: address(4), text: 'St Anna', voters: [address(0)], needed: 2 },
    ])
    expect(await refusal(accredit(access(0), address(4), 'St Anna'))).toBe('HospitalRegistry_VotedAlready')
    expect(await refusal(accredit(access(3), address(4), 'St Anna'))).toBe('HospitalRegistry_NotIssuer')
    // A vote for other words is a motion of its own, and can be taken back.
    await accredit(access(1), address(4), 'St Anne')
    const other = (await readAdmission(reader)).motions.find(({ text }) => text === 'St Anne')
    expect(other?.voters).toEqual([address(1)])
    await withdrawVote(access(1), other?.id as Hex)
    expect((await readAdmission(reader)).motions.map(({ text }) => text)).toEqual(['St Anna'])

    expect(await accredit(access(1), address(4), 'St Anna')).toEqual({ votes: 2, needed: 2, isCarried: true })
    const after = await readAdmission(reader)
    expect(after.motions).toEqual([])
    expect(after.hospitals.map(({ name }) => name)).toEqual(['Known', 'St Anna'])
  })

  test('suspend for the same reason, and reinstate', async () => {
    await suspend(access(0), address(3), 'audit')
    await suspend(access(2), address(3), 'audit')
    const suspended = await readAdmission(access(5))
    expect(suspended.hospitals[0]).toMatchObject({ name: 'Known', status: 'suspended', reason: 'audit' })
    await reinstate(access(1), address(3))
    expect((await readAdmission(access(5))).motions).toMatchObject([{ kind: 'reinstate', text: '' }])
    expect((await reinstate(access(2), address(3))).isCarried).toBe(true)
    expect((await readAdmission(access(5))).hospitals[0]).toMatchObject({ status: 'active', reason: '' })
  })

  test('read a long history by ranges that public RPCs serve, and later only what is new', async () => {
    await anvil.rpc('anvil_mine', ['0x4b0'])
    const proxy = await startProxy({ target: anvil.rpcUrl, logRange: 500, refuseEvery: 7 })
    try {
      const reader = access(5, [proxy.url])
      const [first, same] = await Promise.all([readAdmission(reader), readAdmission(reader)])
      expect(first).toEqual(same)
      expect(first.hospitals).toHaveLength(2)
      const asked = proxy.counts.get('eth_getLogs') as number
      expect(asked).toBeGreaterThanOrEqual(3)
      await suspend(access(0), address(4), 'late')
      expect((await readAdmission(reader)).motions).toMatchObject([{ kind: 'suspend', text: 'late' }])
      expect((proxy.counts.get('eth_getLogs') as number) - asked).toBeLessThanOrEqual(3)
    } finally {
      await proxy.stop()
    }
  }, 30_000)
})

describe('an invitation', () => {
  test('admits the wallet that opened it, and hands over stake and gas to the last', async () => {
    const invitation = await invite('Sankt Göran', [2, 0])
    await fundInvitation(access(0), keyOf(invitation), { credits: 50n * CREDIT, wei: parseEther('0.1') })
    const before = await weiOf(address(5))
    const steps: string[] = []
    // Nothing of the hospital's own wallet is needed: it signs nothing and pays nothing.
    const reader: RedemptionAccess = { ...access(9), onStep: ({ name, status }) => steps.push(`${name} ${status}`) }
    const passed = await redeemInvitation(reader, invitation, address(5))
    expect(passed.credits).toBe(50n * CREDIT)
    expect(await accreditationOf(reader, address(5))).toEqual({ name: 'Sankt Göran', isActive: true })
    expect(await creditsOf(reader, address(5))).toBe(50n * CREDIT)
    expect((await weiOf(address(5))) - before).toBe(passed.wei)
    expect(passed.wei).toBeGreaterThan(parseEther('0.099'))
    // What is left pays for no transfer.
    expect(await weiOf(keyOf(invitation))).toBeLessThan(parseEther('0.0001'))
    expect(steps).toContain('redeem confirmed')

    expect(await invitationState(reader, keyOf(invitation))).toBe('redeemed')
    expect((await readAdmission(reader)).invitations).toEqual([
      { key: keyOf(invitation), status: 'redeemed', hospital: address(5) },
    ])
    // Again after a reload: nothing is left to do, and nothing goes wrong.
    expect(await redeemInvitation(reader, invitation, address(5))).toEqual({ credits: 0n, wei: 0n })
    expect(await refusal(redeemInvitation(reader, invitation, address(9)))).toBe('HospitalRegistry_InvitationUsed')
  }, 30_000)

  test('goes on where a tab was closed after it was admitted', async () => {
    const invitation = await invite('Reloaded', [0, 1])
    await fundInvitation(access(0), keyOf(invitation), { credits: 0n, wei: parseEther('0.1') })
    await redeemInvitation(access(9), invitation, address(6))
    await fundInvitation(access(0), keyOf(invitation), { credits: 7n * CREDIT, wei: parseEther('0.1') })
    const passed = await redeemInvitation(access(9), invitation, address(6))
    expect(passed.credits).toBe(7n * CREDIT)
    expect(await creditsOf(access(9), address(6))).toBe(7n * CREDIT)
  }, 30_000)

  test('of two tabs at once does all once', async () => {
    const invitation = await invite('Twice', [0, 1])
    await fundInvitation(access(0), keyOf(invitation), { credits: 5n * CREDIT, wei: parseEther('0.1') })
    const before = await creditsOf(access(9), address(8))
    const both = await Promise.allSettled([
      redeemInvitation(access(9), invitation, address(8)),
      redeemInvitation(access(9), invitation, address(8)),
    ])
    expect(both.map(({ status }) => status)).toContain('fulfilled')
    // Whichever tab lost its turn is done after a second try.
    await redeemInvitation(access(9), invitation, address(8))
    expect((await creditsOf(access(9), address(8))) - before).toBe(5n * CREDIT)
    expect((await accreditationOf(access(9), address(8))).isActive).toBe(true)
  }, 30_000)

  test('is refused with one signature, after its time, revoked, or with other terms', async () => {
    const fund = (invitation: HeldInvitation) =>
      fundInvitation(access(0), keyOf(invitation), { credits: 0n, wei: parseEther('0.01') })
    const redeem = (invitation: HeldInvitation) => refusal(redeemInvitation(access(9), invitation, address(7)))
    const good = await invite('Good', [0, 1])
    await fund(good)
    expect(await redeem({ ...good, signatures: good.signatures.slice(1) })).toBe('HospitalRegistry_TooFewSignatures')
    expect(await redeem({ ...good, name: 'Better' })).toBe('HospitalRegistry_TooFewSignatures')
    expect(await redeem({ ...good, expires: good.expires + 1 })).toBe('HospitalRegistry_TooFewSignatures')
    const late = await invite('Late', [0, 1], now() - 10)
    await fund(late)
    expect(await redeem(late)).toBe('HospitalRegistry_InvitationExpired')
    await revokeInvitation(access(2), keyOf(good))
    expect(await redeem(good)).toBe('HospitalRegistry_InvitationRevoked')
    expect(await invitationState(access(9), keyOf(good))).toBe('revoked')
    expect((await accreditationOf(access(9), address(7))).isActive).toBe(false)
    const poor = await invite('Poor', [0, 1])
    expect(await redeem(poor)).toBe('chain.insufficientFunds')
  }, 30_000)

  test('does not bring a suspended hospital back', async () => {
    await suspend(access(1), address(4), 'late')
    const invitation = await invite('Back again', [0, 1])
    await fundInvitation(access(0), keyOf(invitation), { credits: 0n, wei: parseEther('0.01') })
    expect(await refusal(redeemInvitation(access(9), invitation, address(4)))).toBe('HospitalRegistry_Suspended')
  }, 30_000)

  test('loses the signature of an issuer that was removed', async () => {
    const invitation = await invite('Orphan', [1, 2])
    await fundInvitation(access(0), keyOf(invitation), { credits: 0n, wei: parseEther('0.01') })
    const data = (allowed: boolean) =>
      encodeFunctionData({ abi: hospitalRegistryAbi, functionName: 'setIssuer', args: [address(2), allowed] })
    await sendCall(access(0), { name: 'setIssuer', to: deployment.registry, data: data(false) })
    expect((await readAdmission(access(9))).issuers).toEqual([0, 1].map(address))
    expect(await refusal(redeemInvitation(access(9), invitation, address(7)))).toBe('HospitalRegistry_TooFewSignatures')
    await sendCall(access(0), { name: 'setIssuer', to: deployment.registry, data: data(true) })
    await redeemInvitation(access(9), invitation, address(7))
    expect((await accreditationOf(access(9), address(7))).name).toBe('Orphan')
  }, 30_000)
})
