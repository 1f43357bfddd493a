import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { Phase } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import { carryDuties, fundGasPot, gasPotOf, reclaimGas } from './gasPot.ts'
import { encodeVeto, type RoundVeto, vetoRound } from './hospital.ts'
import { readSnapshot, vetoesOf } from './reads.ts'
import { startTask, stopTask } from './sponsor.ts'
import { openStudy, startTestChain, type TestChain, type TestMember } from './testing/chain.ts'
import type { ChainAccess } from './transactions.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startTestChain(4, { port: 9110, accounts: 8 })
}, 60_000)
afterAll(() => chain?.stop())

/** Nobody's hospital: it only carries. */
const carrier = (): ChainAccess => chain.access(7)
const wei = (access: ChainAccess) => access.publicClient.getBalance({ address: access.walletClient.account.address })

const refusal = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'accepted',
    error => (isAppError(error) ? (error.details.error ?? error.code) : String(error)),
  )

async function vetoOf({ port, signer }: TestMember, round: number, vetoed = true): Promise<RoundVeto> {
  const duty = { hospital: port.self, round, vetoed }
  return { ...duty, signature: await signer.veto(port.ref, duty) }
}

describe('a gas pot', () => {
  test('pays a carrier the gas of real transactions back, at least 99.9 % and never more', async () => {
    const { study, members } = await openStudy(chain, 4)
    await fundGasPot(chain.access(1), study, parseEther('1'))
    const vetoes = await Promise.all(members.map(member => vetoOf(member, 9)))
    const shares: number[] = []
    for (const batch of [vetoes.slice(0, 1), vetoes.slice(1, 4)]) {
      const before = await wei(carrier())
      const pot = await gasPotOf(carrier(), study)
      const { refund, gasUsed } = await carryDuties(carrier(), study, batch.map(encodeVeto))
      expect(await gasPotOf(carrier(), study)).toBe(pot - refund)
      const cost = before + refund - (await wei(carrier()))
      expect(refund).toBeLessThanOrEqual(cost)
      expect(gasUsed).toBeGreaterThan(0n)
      shares.push(Number((refund * 10_000n) / cost) / 10_000)
    }
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.999)
    expect(await vetoesOf(carrier(), study, [9, 10])).toEqual([0b1111n, 0n])
    expect(await refusal(carryDuties(carrier(), study, vetoes.slice(0, 1).map(encodeVeto)))).toBe('Study_AlreadyDone')
    const stop: Hex = '0x12345678'
    expect(await refusal(carryDuties(carrier(), study, [stop]))).toBe('GasPot_NotCarried')
    const nobody: Address = chain.hospital(0)
    expect(await refusal(fundGasPot(chain.access(1), nobody, 1n))).toBe('GasPot_NotStudy')
  }, 30_000)

  test('is the sponsor’s again after the end', async () => {
    const { study } = await openStudy(chain, 2)
    const sponsor = chain.access(1)
    await fundGasPot(sponsor, study, 1000n)
    await fundGasPot(chain.access(2), study, 500n)
    expect(await gasPotOf(sponsor, study)).toBe(1500n)
    expect(await refusal(reclaimGas(sponsor, study))).toBe('GasPot_StudyRuns')
    await stopTask(sponsor, study)
    expect(await refusal(reclaimGas(carrier(), study))).toBe('GasPot_NotSponsor')
    expect(await reclaimGas(sponsor, study)).toBe(1500n)
    expect(await refusal(reclaimGas(sponsor, study))).toBe('GasPot_Empty')
  }, 30_000)
})

describe('a round', () => {
  test('is sat out by a hospital that said so, and by nobody else', async () => {
    const { study, members } = await openStudy(chain, 3)
    const [a, b] = members as [TestMember, TestMember]
    await vetoRound(a.access, study, await vetoOf(a, 1))
    await vetoRound(b.access, study, await vetoOf(b, 1))
    const withdrawn = await vetoOf(b, 1, false)
    await vetoRound(b.access, study, withdrawn)
    expect(await refusal(vetoRound(carrier(), study, withdrawn))).toBe('Study_AlreadyDone')
    expect(await refusal(vetoRound(carrier(), study, await vetoOf(b, 101)))).toBe('Study_NotVetoable')
    const forged = { ...(await vetoOf(a, 2)), hospital: b.port.self }
    expect(await refusal(vetoRound(carrier(), study, forged))).toBe('Study_BadSignature')
    await startTask(chain.access(1), study)
    expect(await readSnapshot(carrier(), study)).toMatchObject({ phase: Phase.Train, round: 1, participants: 0b110n })
    expect(await refusal(vetoRound(carrier(), study, await vetoOf(b, 1)))).toBe('Study_NotVetoable')
  }, 30_000)

  test('that too few want is skipped, and the next one begins by anybody’s advance', async () => {
    const { study, members } = await openStudy(chain, 2)
    await vetoRound(carrier(), study, await vetoOf(members[0] as TestMember, 1))
    await startTask(chain.access(1), study)
    const skipped = await readSnapshot(carrier(), study)
    expect(skipped).toMatchObject({ phase: Phase.Settle, round: 1, participants: 0n, seats: [], voids: 0 })
    expect(skipped.deadline - skipped.time).toBeLessThanOrEqual(60)
    await chain.anvil.rpc('evm_increaseTime', [61])
    await members[1]?.port.advance()
    expect(await readSnapshot(carrier(), study)).toMatchObject({ phase: Phase.Train, round: 2, participants: 0b11n })
  }, 30_000)
})
