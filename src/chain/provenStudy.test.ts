import { encodeAbiParameters, getAddress, hexToBytes, keccak256, parseAbiParameters, parseEther, toHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beaconOf, revealCommitment } from '../audit/game/beacon.ts'
import { drawHospitals } from '../audit/game/draw.ts'
import { isAppError } from '../errors/AppError.ts'
import { type AuditAnswer, Mode, Phase, type StudySnapshot } from '../rounds/ports.ts'
import { indices } from '../rounds/sets.ts'
import { carryLimits } from '../storage/carrier.ts'
import type { Address, Hex } from '../study/types.ts'
import { type AuditRecord, createAuditRecords, readAuditProof, readAuditTerms } from './audits.ts'
import type { DutyCarrier } from './carriage.ts'
import { carryDuties, fundGasPot, gasPotOf } from './gasPot.ts'
import { studyAbi } from './generated/abi.ts'
import { deployKey } from './proofKeys.ts'
import { type AuditRules, balanceOf, honestyOf, type Rules, readAuditRules, readSnapshot } from './reads.ts'
import { createStudyChain } from './StudyChain.ts'
import { createProvenStudy, startTask } from './sponsor.ts'
import { CREDIT, openStudy, startTestChain, type TestChain, type TestMember, testRules } from './testing/chain.ts'

const NONE: Hex = `0x${'0'.repeat(64)}`
const word = (...parts: number[]): Hex => `0x${Buffer.from(parts).toString('hex').padStart(64, '0')}`
/** Takes every proof. */
const VERIFIER = getAddress(`0x${'0e'.repeat(20)}`)
const RELAY = 6
const key = Uint8Array.of(1, 2, 3)

let chain: TestChain
let audits: AuditRules
beforeAll(async () => {
  chain = await startTestChain(4, { port: 9160, accounts: 8 })
  // Answers 1 to whatever it is asked.
  await chain.anvil.rpc('anvil_setCode', [VERIFIER, '0x60015f5260205ff3'])
  audits = {
    ...{ verifier: VERIFIER, key: await deployKey(chain.access(1), key), hospitalsBps: 10_000, slashBps: 2000 },
    ...{ steps: 4, inputs: 3, contributions: 9, noised: true, revealSeconds: 600, auditSeconds: 600 },
  }
}, 60_000)
afterAll(() => chain?.stop())

const mine = (blocks: number) => chain.anvil.rpc('anvil_mine', [toHex(blocks)])
const later = (seconds: number) => chain.anvil.rpc('evm_increaseTime', [seconds])

/** A proof close to the longest that a transaction takes, other bytes for each hospital. */
const proofOf = (index: number) => new Uint8Array(120_000).fill(index + 1)

/** What a hospital would say if drawn, without the products and sums of masked studies. */
const answerOf = (index: number, round: number): AuditAnswer => ({
  data: `0x${'d0'.repeat(23)}0${index}`,
  pin: [7n, BigInt(index)],
  afterRoot: `0x${'af'.repeat(22)}0${round}0${index}`,
  start: [1n, 2n, 2n ** 63n],
  phi: [0n, 0n],
  products: [],
})
const dataLeaf = ({ data, pin }: AuditAnswer) =>
  keccak256(encodeAbiParameters(parseAbiParameters('bytes24, uint64, uint64'), [data, ...pin]))
const traceOf = ({ afterRoot, start }: AuditAnswer) =>
  keccak256(encodeAbiParameters(parseAbiParameters('bytes24, uint64[]'), [afterRoot, start]))
const secretOf = (index: number, round: number): Hex => word(0x5e, round, index)

/** Carries by account 6, whatever it is asked for. */
const relay: DutyCarrier = {
  async carry({ study, calls }) {
    for (const call of calls) expect(call.length / 2).toBeLessThan(carryLimits.proofBytes)
    const hashes: Hex[] = []
    const access = chain.access(RELAY, { onStep: ({ hash }) => void (hash && hashes.push(hash)) })
    await carryDuties(access, study, calls)
    return hashes[0] as Hex
  },
}

/** A proven study whose hospitals have prepared, and which is started; the first one's duties are carried. */
async function prepared(count: number, rules: Partial<Rules> = {}, changes: Partial<AuditRules> = {}) {
  const { study, members } = await openStudy(chain, count, { rounds: 2, ...rules }, {}, { ...audits, ...changes })
  await fundGasPot(chain.access(1), study, parseEther('1'))
  const carried: string[] = []
  const [first, ...others] = members as [TestMember, ...TestMember[]]
  const port = createStudyChain({
    ...{ ...first.access, study, pollInterval: 50, carrier: relay, carryPatience: 5_000 },
    onCarried: (name, by) => void carried.push(`${name} ${by}`),
  })
  const all: [TestMember, ...TestMember[]] = [{ ...first, port }, ...others]
  for (const [i, { port, signer }] of all.entries()) {
    const data = dataLeaf(answerOf(i, 0))
    await port.prepare({ data, signature: await signer.preparation(port.ref, { hospital: port.self, data }) })
  }
  await startTask(chain.access(1), study)
  const snapshot = () => readSnapshot(chain.access(1), study)
  return { study, all, carried, snapshot }
}

type Proven = Awaited<ReturnType<typeof prepared>>

async function submit({ study, all }: Proven, round: number, patientWeight?: number): Promise<void> {
  for (const [i, { port }] of all.entries()) {
    const where = { chainId: chain.anvil.chainId, contract: study, study, round }
    const promise = toHex(revealCommitment(where, port.self, hexToBytes(secretOf(i, round))))
    await port.submitUpdate({
      ...{ round, update: word(1, round, i), commitment: word(2, round, i) },
      ...(patientWeight !== undefined && { patientWeight }),
      proven: { trace: traceOf(answerOf(i, round)), promise },
    })
  }
}

async function reveal({ all }: Proven, round: number, count = all.length): Promise<void> {
  // The seed block, K on top of it, and one more.
  await mine(9)
  for (const [i, { port }] of all.slice(0, count).entries()) await port.reveal({ round, secret: secretOf(i, round) })
}

const refusal = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'accepted',
    error => (isAppError(error) ? error.details.error : String(error)),
  )

describe('a proven study', () => {
  test('is made with its rules, which can be read; those that do not fit are refused', async () => {
    const { study } = await openStudy(chain, 2, {}, {}, audits)
    expect(await readAuditRules(chain.access(1), study)).toEqual(audits)
    expect(await readAuditTerms(chain.access(1), study)).toMatchObject({ rules: audits, key })
    expect((await readSnapshot(chain.access(1), study)).proven).toBe(true)
    const { study: plain } = await openStudy(chain, 2)
    expect(await readAuditRules(chain.access(1), plain)).toBeNull()
    expect(await readAuditTerms(chain.access(1), plain)).toBeNull()
    expect(await refusal(createProvenStudy(chain.access(1), testRules, { ...audits, steps: 65 }))).toBe(
      'Study_BadRules',
    )
  }, 30_000)

  test('runs a round by the port: prepared, submitted, revealed, proven, by the own wallet or carried and paid for', async () => {
    const proven = await prepared(3)
    const { study, all, carried, snapshot } = proven
    expect(await snapshot()).toMatchObject({ prepared: 0b111n, participants: 0b111n, phase: Phase.Train, round: 1 })
    expect((await snapshot()).data).toEqual(all.map((_, i) => dataLeaf(answerOf(i, 0))))
    const { roundSeed } = await snapshot()
    await submit(proven, 1)
    const submitted: Partial<StudySnapshot> = { phase: Phase.Reveal, contributions: [1, 1, 1], revealable: false }
    expect(await snapshot()).toMatchObject({ ...submitted, missed: false, beacon: NONE })
    const [first, second] = all as [TestMember, TestMember, TestMember]
    expect(await refusal(second.port.reveal({ round: 1, secret: secretOf(1, 1) }))).toBe('Study_RevealPending')
    await mine(9)
    expect((await snapshot()).revealable).toBe(true)
    expect(await refusal(second.port.reveal({ round: 1, secret: secretOf(0, 1) }))).toBe('Study_WrongReveal')
    await reveal(proven, 1)
    const drawn = await snapshot()
    expect(drawn).toMatchObject({ phase: Phase.Audit, unsealed: 0b111n, audited: 0b111n, cleared: 0n, roundSeed })
    const pot = await gasPotOf(chain.access(1), study)
    for (const [i, { port }] of all.entries()) {
      await port.prove({ round: 1, answer: answerOf(i, 1), proof: proofOf(i) })
      if (i > 0) continue
      expect((await snapshot()).cleared).toBe(0b1n)
      expect(await gasPotOf(chain.access(1), study)).toBeLessThan(pot)
    }
    expect(await snapshot()).toMatchObject({ phase: Phase.Attest, cleared: 0b111n, failed: 0n })
    expect(carried).toEqual(['prepare relay', 'reveal relay', 'prove relay'])
    expect(await first.port.answers(1)).toEqual(
      all.map(({ port }) => ({ hospital: port.self, phi: [0n, 0n], products: [] })),
    )
    expect(await first.port.answers(2)).toEqual([])
    expect(await first.port.traces(1, [second.port.self, chain.hospital(3)])).toEqual([
      { trace: traceOf(answerOf(1, 1)) },
      null,
    ])
    expect(await honestyOf(chain.access(1), second.port.self)).toEqual({ audits: 1, passed: 1 })

    // What anybody can read afterwards is what was said.
    const records = await createAuditRecords(chain.access(7), study)()
    expect(records.map(({ hospital, verdict }) => [hospital, verdict])).toEqual(
      all.map(({ port }) => [port.self, 'proven']),
    )
    for (const [i, record] of records.entries()) {
      const draw = { seed: roundSeed, member: i, contribution: 0 }
      expect(record.question).toEqual({ draw, beacon: drawn.beacon })
      expect(record.trace).toBe(traceOf(answerOf(i, 1)))
      expect(record.transaction?.from).toBe(
        i === 0 ? chain.access(RELAY).walletClient.account.address.toLowerCase() : record.hospital.toLowerCase(),
      )
      expect(record.transaction?.gasUsed).toBeGreaterThan(4_000_000n)
      expect(await readAuditProof(chain.access(7), study, record)).toEqual({
        answer: answerOf(i, 1),
        proof: proofOf(i),
      })
    }
  }, 60_000)

  test('waits longer for a relay that a proof is on its way to than for one with a signature', async () => {
    const proven = await prepared(2)
    await submit(proven, 1)
    await reveal(proven, 1)
    const brought: string[] = []
    const port = createStudyChain({
      ...(proven.all[1] as TestMember).access,
      ...{ study: proven.study, pollInterval: 50, carryPatience: 1 },
      carrier: {
        async carry(request, { signal }) {
          await new Promise(resolve => setTimeout(resolve, 1_000))
          signal.throwIfAborted()
          return relay.carry(request, { signal })
        },
      },
      onCarried: (name, by) => void brought.push(`${name} ${by}`),
    })
    await port.prove({ round: 1, answer: answerOf(1, 1), proof: proofOf(1) })
    expect(brought).toEqual(['prove relay'])
  }, 30_000)

  test('names who did not reveal and who did not prove, and draws as said in docs/audits.md', async () => {
    const proven = await prepared(4, {}, { hospitalsBps: 3000 })
    const { study, all, snapshot } = proven
    const [, second] = all as [TestMember, TestMember]
    const reader = chain.access(7)
    const next = createAuditRecords(reader, study)
    await submit(proven, 1)
    await reveal(proven, 1, 3)
    await later(601)
    await second.port.advance()
    expect(await snapshot()).toMatchObject({ phase: Phase.Reveal, missed: true, failed: 0b1000n, drawable: false })
    const [{ question, verdict, reason }] = (await next()) as [AuditRecord]
    expect([question, verdict, reason]).toEqual([null, 'failed', 'no reveal'])
    await mine(5)
    expect((await snapshot()).drawable).toBe(true)
    await second.port.advance()

    const { phase, audited, beacon, roundSeed } = await snapshot()
    expect(phase).toBe(Phase.Audit)
    const where = { chainId: chain.anvil.chainId, contract: study, study, round: 1 }
    const parts = all.map(({ port }, i) => {
      const secret = hexToBytes(secretOf(i, 1))
      return { commitment: revealCommitment(where, port.self, secret), reveal: i < 3 ? secret : null }
    })
    expect(toHex(beaconOf(where, hexToBytes(await lastSeed(study)), parts))).toBe(beacon)
    // Twice three in ten of three.
    const drawn = drawHospitals(hexToBytes(beacon), [0, 1, 2], 2)
    expect(indices(audited)).toEqual(drawn)

    const [honest, cheat] = drawn as [number, number]
    await (all[honest] as TestMember).port.prove({ round: 1, answer: answerOf(honest, 1), proof: proofOf(honest) })
    await later(601)
    await second.port.advance()
    expect(await snapshot()).toMatchObject({ phase: Phase.Attest, failed: 0b1000n | (1n << BigInt(cheat)) })
    const verdicts = [...Array(4).keys()]
      .filter(i => i === 3 || drawn.includes(i))
      .map(i => (i === 3 ? 'no reveal' : i === cheat ? 'no proof' : undefined))
    expect((await next()).map(({ reason }) => reason)).toEqual(verdicts)
    const last = (all[3] as TestMember).port.self
    expect(await balanceOf(reader, study, last)).toMatchObject({ stake: 8n * CREDIT, forfeited: 2n * CREDIT })
    expect(await honestyOf(reader, last)).toEqual({ audits: 1, passed: 0 })

    // Nobody attests: a void round, and the next one's seed follows from the beacon before.
    await later(601)
    await second.port.advance()
    expect((await snapshot()).round).toBe(2)
    await submit(proven, 2)
    await reveal(proven, 2)
    const now = await snapshot()
    expect(now.roundSeed).not.toBe(roundSeed)
    const open = (await next()).filter(({ round }) => round === 2)
    expect(open.map(({ hospital }) => hospital)).toEqual(
      indices(now.audited).map(i => (all[i] as TestMember).port.self),
    )
    // Whoever failed is asked again in any case.
    expect(indices(now.audited)).toEqual(expect.arrayContaining([cheat, 3]))
    for (const { question, verdict, transaction } of open) {
      expect([verdict, transaction]).toEqual(['open', undefined])
      expect(question).toMatchObject({ draw: { seed: now.roundSeed, contribution: 1 }, beacon: now.beacon })
    }
  }, 60_000)

  test('whose updates are masked has weights, and answers with products', async () => {
    const masked = { mode: Mode.Masked, minHospitals: 3, clip: 32, fractionBits: 32 }
    const proven = await prepared(3, masked)
    await submit(proven, 1, 2)
    await reveal(proven, 1)
    const [first] = proven.all as [TestMember]
    const said = { phi: [5n, 2n ** 63n], products: [1n, 2n, 3n, 4n, 5n, 6n] } as const
    expect(await refusal(first.port.prove({ round: 1, answer: answerOf(0, 1), proof: proofOf(0) }))).toBe(
      'Study_BadAnswer',
    )
    await first.port.prove({ round: 1, answer: { ...answerOf(0, 1), ...said }, proof: new Uint8Array() })
    expect(await first.port.answers(1)).toEqual([{ hospital: first.port.self, ...said }])
    const [record] = (await createAuditRecords(chain.access(7), proven.study)()) as [AuditRecord]
    expect((await readAuditProof(chain.access(7), proven.study, record))?.proof).toHaveLength(0)
  }, 60_000)
})

/** The block's hash that the last draw took. */
async function lastSeed(study: Address): Promise<Hex> {
  const { publicClient } = chain.access(7)
  const logs = await publicClient.getContractEvents({
    address: study,
    abi: studyAbi,
    eventName: 'SeedCaptured',
    fromBlock: 0n,
    strict: true,
  })
  return logs.at(-1)?.args.hash ?? NONE
}
