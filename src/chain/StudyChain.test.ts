import { createPublicClient, createWalletClient, custom, encodeErrorResult, encodeFunctionData, http } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publicKeys } from '../crypto/keys.ts'
import { type AppError, isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import { Mode, Phase, RoundKind, type StudySnapshot } from '../rounds/ports.ts'
import { notCarried } from '../storage/carrier.ts'
import type { Hex } from '../study/types.ts'
import type { DutyCarrier } from './carriage.ts'
import { chainOf } from './clients.ts'
import { carryDuties } from './gasPot.ts'
import { creditsAbi, studyAbi } from './generated/abi.ts'
import { withdraw } from './hospital.ts'
import {
  balanceOf,
  creditsOf,
  currentModel,
  listStudies,
  modelVersions,
  type Rules,
  rankingOf,
  readStudy,
  standingsOf,
} from './reads.ts'
import { createStudyChain } from './StudyChain.ts'
import { startTask, stopTask } from './sponsor.ts'
import { CREDIT, openStudy, startTestChain, type TestChain, type TestMember } from './testing/chain.ts'
import { startProxy } from './testing/proxy.ts'
import { type ChainAccess, sendCall, type TransactionStep } from './transactions.ts'

const NONE: Hex = `0x${'0'.repeat(64)}`
const word = (...parts: number[]): Hex => `0x${Buffer.from(parts).toString('hex').padStart(64, '0')}`

let chain: TestChain
beforeAll(async () => {
  chain = await startTestChain(6, { port: 8620 })
}, 60_000)
afterAll(() => chain?.stop())

/** Does what each phase asks of one hospital, with made-up digests. Scores: `gains` for each member. */
async function drive(member: TestMember, index: number, gains: readonly number[], watch: (s: StudySnapshot) => void) {
  const { port, signer } = member
  const stop = new AbortController()
  for await (const snapshot of port.snapshots(stop.signal)) {
    watch(snapshot)
    const { phase, round } = snapshot
    const seat = snapshot.seats.indexOf(index)
    const has = (set: number) => ((set >> seat) & 1) === 1
    const isIdle = (set: bigint, i: number) => ((set >> BigInt(i)) & 1n) === 0n
    const salt = word(0x5a, index, round)
    const mine = { hospital: port.self, round }
    if (phase === Phase.Train && isIdle(snapshot.submitted, index)) {
      await port.submitUpdate({ round, update: word(1, round, index), commitment: word(2, round, index) })
    } else if (phase === Phase.Attest && seat >= 0 && !has(snapshot.attested)) {
      const isScored = snapshot.kind === RoundKind.Training
      const scoreCommitment = isScored ? signer.scoreCommitment({ ...mine, scores: gains, salt }) : NONE
      const duty = { ...mine, opened: snapshot.submitted, scoreCommitment }
      await port.attest({ ...duty, signature: await signer.attestation(port.ref, duty) })
    } else if (phase === Phase.Score && seat >= 0 && !has(snapshot.revealed)) {
      const rewraps = index === 1 ? word(7, round) : NONE
      const duty = { ...mine, scores: gains, salt, rewraps }
      await port.submitScore({ ...duty, signature: await signer.scores(port.ref, duty) })
    } else if (phase === Phase.Aggregate && seat >= 0 && !has(snapshot.signed)) {
      const duty = { ...mine, modelHash: word(3, round), header: word(4, round, index) }
      await port.signModel({ ...duty, signature: await signer.model(port.ref, duty) })
    } else if (phase === Phase.Ended) {
      stop.abort()
    }
  }
}

describe('a study of four hospitals', () => {
  test('runs a statistics round and two training rounds through the port, all acting at once', async () => {
    const { study, members } = await openStudy(chain, 4, { standardise: true, rounds: 2 })
    await startTask(chain.access(1), study)
    const seen = new Set<string>()
    let inRound = 0
    await Promise.all(
      members.map((member, i) =>
        drive(member, i, [300, 200, 100, -900], snapshot => {
          seen.add(`${snapshot.round}:${snapshot.phase}`)
          inRound = Math.max(inRound, snapshot.round)
        }),
      ),
    )
    const reader = chain.access(1)
    const versions = await modelVersions(reader, study)
    expect(versions.map(({ modelHash }) => modelHash)).toEqual([1, 2, 3].map(round => word(3, round)))
    expect(versions.map(({ seats }) => seats)).toEqual([0b1111, 0b1111, 0b1111])
    expect((await currentModel(reader, study))?.version).toBe(2n)
    expect(inRound).toBe(3)
    expect(seen.has(`3:${Phase.Ended}`)).toBe(true)

    const [port] = members.map(({ port }) => port)
    const addresses = members.map(({ port }) => port.self)
    expect(await port?.commitments(2, addresses)).toEqual([0, 1, 2, 3].map(i => word(2, 2, i)))
    expect(await port?.commitments(9, addresses)).toEqual([null, null, null, null])
    expect(await port?.rewraps(2)).toEqual([{ hospital: addresses[1], digest: word(7, 2) }])
    const headers = (await port?.modelHeaders(2, word(3, 2))) ?? []
    expect(new Set(headers.map(({ digest }) => digest))).toEqual(new Set([0, 1, 2, 3].map(i => word(4, 2, i))))
    expect(await port?.modelHeaders(2, word(9))).toEqual([])

    const listed = await port?.members([addresses[2] as Hex, addresses[0] as Hex])
    expect(listed?.map(({ index }) => index)).toEqual([2, 0])
    expect(listed?.[0]?.keys).toEqual(await publicKeys(members[2]?.keys as TestMember['keys']))

    // The last hospital's updates made the model worse: no rank, no reward, a slash a round.
    expect(await rankingOf(reader, study, 3)).toEqual(addresses.slice(0, 3))
    const standings = await standingsOf(reader, addresses)
    expect(standings[3]?.reputation).toBeLessThan(standings[2]?.reputation as number)
    const balances = await Promise.all(addresses.map(address => balanceOf(reader, study, address)))
    expect(balances[3]).toEqual({ stake: 8n * CREDIT, reward: 0n, forfeited: 2n * CREDIT })
    expect(balances[0]?.reward).toBeGreaterThan(balances[1]?.reward as bigint)

    const access = (members[0] as TestMember).access
    const before = await creditsOf(access, addresses[0] as Hex)
    const paid = await withdraw(access, study)
    expect(paid).toBe((balances[0]?.reward as bigint) + 10n * CREDIT)
    expect((await creditsOf(access, addresses[0] as Hex)) - before).toBe(paid)

    const gas = chain.gasLog.byCall()
    expect(gas.submitUpdate?.calls).toBe(12)
    expect(gas.submitUpdate?.max).toBeLessThan(80_000n)
    expect(await listStudies(reader)).toContain(study)
    expect((await readStudy(reader, study)).modelURI).toBe('ipfs://test')
  }, 60_000)

  test('goes on without a hospital that missed its deadline, by anybody’s advance', async () => {
    const { study, members } = await openStudy(chain, 3, { trainSeconds: 30 })
    const [a, b] = members as [TestMember, TestMember]
    await startTask(chain.access(1), study)
    await a.port.submitUpdate({ round: 1, update: word(1), commitment: word(2) })
    await b.port.submitUpdate({ round: 1, update: word(3), commitment: word(4) })
    await expect(b.port.advance()).rejects.toSatisfy(error => isAppError(error, 'chain.reverted'))
    await chain.anvil.rpc('evm_increaseTime', [31])
    await a.port.advance()
    const stop = new AbortController()
    for await (const { phase, submitted } of b.port.snapshots(stop.signal)) {
      expect(phase).toBe(Phase.Attest)
      expect(submitted).toBe(0b011n)
      stop.abort()
    }
    await stopTask(chain.access(1), study)
  }, 30_000)

  test('hears why the contract refused', async () => {
    const { study, members } = await openStudy(chain, 2)
    const [a, b] = members as [TestMember, TestMember]
    const refusal = async (run: Promise<unknown>) => {
      const error: AppError = await run.then(
        () => expect.unreachable('it was accepted'),
        (error: AppError) => error,
      )
      expect(error.code).toBe('chain.reverted')
      return error
    }
    const update = { round: 1, update: word(1), commitment: word(2) }
    expect((await refusal(a.port.submitUpdate(update))).message).toContain('open for hospitals')
    await startTask(chain.access(1), study)
    await a.port.submitUpdate(update)
    expect((await refusal(a.port.submitUpdate({ ...update, update: word(9) }))).details.error).toBe(
      'Study_AlreadySubmitted',
    )
    expect((await refusal(b.port.submitUpdate({ ...update, round: 4 }))).message).toBe(
      'The contract refused: that was for round 4; the study is in round 1 now.',
    )
    await b.port.submitUpdate(update)
    const duty = { hospital: a.port.self, round: 1, opened: 3n, scoreCommitment: word(5) }
    const forged = await b.signer.attestation(a.port.ref, duty)
    expect((await refusal(a.port.attest({ ...duty, signature: forged }))).details.error).toBe('Study_BadSignature')
    const elsewhere = await a.signer.attestation({ ...a.port.ref, deployment: word(1) }, duty)
    expect((await refusal(a.port.attest({ ...duty, signature: elsewhere }))).details.error).toBe('Study_BadSignature')
    await a.port.attest({ ...duty, signature: await a.signer.attestation(a.port.ref, duty) })
    expect((await refusal(withdraw(a.access, study))).details.error).toBe('Study_NothingToWithdraw')
    await stopTask(chain.access(1), study)
  }, 30_000)
})

type Carry = DutyCarrier['carry']

/** As a relay does, with an account of its own. */
function carriedBy(account: number): Carry {
  return async ({ study, calls }) => {
    const hashes: Hex[] = []
    const onStep = ({ hash }: TransactionStep) => void (hash && hashes.push(hash))
    await carryDuties(chain.access(account, { onStep }), study, calls)
    return hashes[0] as Hex
  }
}

describe('duties that a relay carries', () => {
  const never: Carry = (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const refuse =
    (refusal: string, data?: Hex): Carry =>
    async () => {
      throw notCarried(refusal, data)
    }
  const honest = carriedBy(6)

  /** A study whose seats owe their attestations, seen by the first hospital, whose wallet is counted. */
  async function owing(carry: Carry, changes: Partial<ChainAccess> = {}) {
    const carried: string[] = []
    const asked: string[] = []
    const carrier: DutyCarrier = {
      carry: (...args) => {
        asked.push('relay')
        return carry(...args)
      },
    }
    const { study, members } = await openStudy(chain, 2)
    const [a, b] = members as [TestMember, TestMember]
    const port = createStudyChain({
      ...chain.access(2, { onStep: ({ status }) => void (status === 'checking' && asked.push('wallet')), ...changes }),
      study,
      pollInterval: 50,
      carrier,
      carryPatience: 700,
      onCarried: (name, by) => void carried.push(`${name} ${by}`),
    })
    await startTask(chain.access(1), study)
    for (const member of members) {
      await member.port.submitUpdate({ round: 1, update: word(1), commitment: word(2) })
    }
    const duty = { hospital: a.port.self, round: 1, opened: 3n, scoreCommitment: word(5) }
    const attestation = { ...duty, signature: await a.signer.attestation(a.port.ref, duty) }
    const attested = async () =>
      (await chain.access(1).publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' }))
        .attested
    return { study, a, b, port, attestation, attested, carried, asked }
  }

  test('ask no wallet, also for a veto and to move the study on', async () => {
    const { a, port, attestation, attested, carried, asked } = await owing(honest)
    await port.attest(attestation)
    expect(await attested()).not.toBe(0)
    const veto = { round: 3, vetoed: true }
    await port.vetoRound({ ...veto, signature: await a.signer.veto(a.port.ref, { hospital: port.self, ...veto }) })
    const stop = new AbortController()
    for await (const _ of port.snapshots(stop.signal)) stop.abort()
    await chain.anvil.rpc('evm_increaseTime', [601])
    await port.advance()
    expect(carried).toEqual(['attest relay', 'vetoRound relay', 'advance relay'])
    expect(asked).toEqual(['relay', 'relay', 'relay'])
    // What the chain shows already is neither signed nor asked for again.
    await port.attest(attestation)
    expect(asked).toHaveLength(3)
  }, 30_000)

  test('go by the own wallet where relays refuse, are silent, or name a transaction of others', async () => {
    const liar: Carry = async () => {
      const { transactionHash } = await sendCall(chain.access(1), {
        name: 'mint',
        to: chain.deployment.credits,
        data: encodeFunctionData({ abi: creditsAbi, functionName: 'approve', args: [chain.hospital(0), 1n] }),
        isResumed: false,
      })
      return transactionHash
    }
    for (const carry of [refuse('unpaid'), refuse('refused', '0x12345678'), never, liar, async () => word(9)]) {
      const { port, attestation, attested, carried, asked } = await owing(carry)
      await port.attest(attestation)
      expect(await attested()).not.toBe(0)
      expect(carried).toEqual(['attest wallet'])
      expect(asked).toEqual(['relay', 'wallet'])
    }
  }, 60_000)

  test('that are carried late, while the wallet is open, end without an error', async () => {
    let carryNow = async () => {}
    const late: Carry = async request => {
      carryNow = async () => void (await honest(request, { signal: new AbortController().signal }))
      return word(9)
    }
    const walletClient = createWalletClient({
      account: chain.hospital(0),
      chain: chainOf(chain.deployment),
      transport: custom({
        async request(asked) {
          if (asked.method === 'eth_sendTransaction') await carryNow()
          return createPublicClient({ transport: http(chain.anvil.rpcUrl) }).request(asked)
        },
      }),
    })
    const { port, attestation, attested, carried, asked } = await owing(late, { walletClient })
    await port.attest(attestation)
    expect(await attested()).not.toBe(0)
    expect(carried).toEqual(['attest relay'])
    expect(asked).toEqual(['relay', 'wallet'])
  }, 30_000)

  test('that somebody else has under way are waited for, without a prompt', async () => {
    const parts = await owing(async (request, options) => {
      const hospital = parts.port.self
      const data = encodeErrorResult({ abi: studyAbi, errorName: 'Study_AlreadyDone', args: [hospital] })
      setTimeout(() => void honest(request, options), 200)
      throw notCarried('refused', data)
    })
    await parts.port.attest(parts.attestation)
    expect(parts.carried).toEqual(['attest relay'])
    expect(parts.asked).toEqual(['relay'])
  }, 30_000)

  test('are asked for again where the relay has not seen yet that the hospital joined', async () => {
    let looks = 0
    const { port, attestation, carried, asked } = await owing(async (request, options) => {
      looks += 1
      if (looks < 3) throw notCarried('notEnrolled')
      return honest(request, options)
    })
    await port.attest(attestation)
    expect(carried).toEqual(['attest relay'])
    expect(asked).toEqual(['relay', 'relay', 'relay'])
    const stranger = await owing(refuse('notEnrolled'))
    await stranger.port.attest(stranger.attestation)
    expect(stranger.carried).toEqual(['attest wallet'])
  }, 30_000)

  test('of a task that was cancelled are dropped: no wallet opens afterwards', async () => {
    const { port, attestation, carried, asked } = await owing(never)
    const signal = timeLimit(200)
    await expect(port.attest(attestation, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    await new Promise(resolve => setTimeout(resolve, 800))
    expect(asked).toEqual(['relay'])
    expect(carried).toEqual([])
  }, 30_000)

  test('that the contract refuses say why, after the wallet’s own look', async () => {
    const { b, port, attestation, carried } = await owing(refuse('refused', '0x'))
    const signature = await b.signer.attestation(port.ref, attestation)
    await expect(port.attest({ ...attestation, signature })).rejects.toMatchObject({
      details: { error: 'Study_BadSignature' },
    })
    expect(carried).toEqual([])
  }, 30_000)
})

/**
 * A masked study in which everybody has sent, attested and posted masks.
 * @param relay the account that carries the first member's duties
 */
async function unmasked(hospitals: number, rules: Partial<Rules>, relay: number) {
  const { study, members } = await openStudy(chain, hospitals, rules)
  const carried: string[] = []
  const carrier = { carry: carriedBy(relay) }
  const onCarried = (name: string, by: string) => void carried.push(`${name} ${by}`)
  const [first] = members as [TestMember, ...TestMember[]]
  const port = createStudyChain({ ...first.access, study, pollInterval: 50, carrier, onCarried })
  const all = [{ ...first, port }, ...members.slice(1)]
  const snapshot = () =>
    chain.access(1).publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' })
  await startTask(chain.access(1), study)

  for (const { port } of all) {
    await port.submitUpdate({ round: 1, update: word(1), commitment: word(2), patientWeight: 2 })
  }
  for (const { port, signer } of all) {
    const duty = { hospital: port.self, round: 1, opened: 2n ** BigInt(hospitals) - 1n, scoreCommitment: NONE }
    await port.attest({ ...duty, signature: await signer.attestation(port.ref, duty) })
  }
  for (const { port, signer } of all) {
    const duty = { hospital: port.self, round: 1, masks: word(3) }
    await port.postMasks({ ...duty, signature: await signer.masks(port.ref, duty) })
  }
  return { study, first, port, all, carried, snapshot }
}

describe('a masked study that scores', () => {
  test('plays a round by the port: products, a draw, and models signed with scores, which a relay may carry', async () => {
    const rules = { mode: Mode.Masked, minHospitals: 3, clip: 8, fractionBits: 24, scored: true, rounds: 2 }
    const { study, first, port, all, carried, snapshot } = await unmasked(4, rules, 6)
    expect(await snapshot()).toMatchObject({ phase: Phase.Score, scored: true, answered: 0, opening: 0 })
    for (const [i, { port, signer }] of all.entries()) {
      const duty = { hospital: port.self, round: 1, products: word(4, i) }
      await port.postProducts({ ...duty, signature: await signer.products(port.ref, duty) })
      if (i === 0) expect((await snapshot()).products).toEqual([word(4, 0), NONE, NONE, NONE])
    }
    expect(await snapshot()).toMatchObject({ phase: Phase.Draw, answered: 0b1111 })
    await chain.anvil.rpc('anvil_mine', ['0x5'])
    await port.advance()
    for (const { port, signer } of all) {
      const duty = { hospital: port.self, round: 1, shares: word(5) }
      await port.openShares({ ...duty, signature: await signer.shares(port.ref, duty) })
    }
    const scores = [9000, 100, -150, -5000]
    const model = { round: 1, modelHash: word(6), header: word(7) }
    const without = await first.signer.model(port.ref, { ...model, hospital: port.self })
    await expect(port.signModel({ ...model, signature: without })).rejects.toMatchObject({
      details: { error: 'Study_WrongSigning', reason: 'the model of this round is signed together with scores.' },
    })
    for (const { port, signer } of all) {
      const duty = { ...model, hospital: port.self, scores }
      await port.signModel({ ...duty, signature: await signer.scoredModel(port.ref, duty) })
    }
    expect(await snapshot()).toMatchObject({ round: 2, modelRound: 1, modelHash: word(6), answered: 0 })
    expect(await port.modelHeaders(1, word(6))).toHaveLength(4)
    const reader = chain.access(1)
    expect(await rankingOf(reader, study, 1)).toEqual(all.slice(0, 3).map(({ port }) => port.self))
    const last = await balanceOf(reader, study, (all[3] as TestMember).port.self)
    expect(last).toEqual({ stake: 9n * CREDIT, reward: 0n, forfeited: CREDIT })
    for (const name of ['postMasks', 'postProducts', 'openShares', 'signScored']) {
      expect(carried).toContain(`${name} relay`)
    }
    await stopTask(reader, study)
  }, 60_000)
})

describe('a masked study that draws a second seat', () => {
  test('has the model brought again by a relay, of a seat that had signed it before the draw', async () => {
    const rules = { mode: Mode.Masked, minHospitals: 3, clip: 8, fractionBits: 24 }
    const { study, first, port, all, carried, snapshot } = await unmasked(6, rules, 1)
    const openDrawn = async () => {
      await chain.anvil.rpc('anvil_mine', ['0x5'])
      await port.advance()
      for (const { port, signer } of all) {
        const duty = { hospital: port.self, round: 1, shares: word(5) }
        await port.openShares({ ...duty, signature: await signer.shares(port.ref, duty) })
      }
    }
    const sign = async () => {
      const duty = { hospital: port.self, round: 1, modelHash: word(6), header: word(7) }
      await port.signModel({ ...duty, signature: await first.signer.model(port.ref, duty) })
    }
    const bit = (await snapshot()).seats.indexOf(0)
    await openDrawn()
    await sign()
    expect(await snapshot()).toMatchObject({ phase: Phase.Aggregate, signed: 1 << bit })
    // Nobody is proven wrong, but a quorum does not believe the sum: another seat is drawn, and the votes start over.
    for (const { port, signer } of all.slice(1)) {
      const duty = { hospital: port.self, round: 1, members: 0n }
      await port.accuse({ ...duty, signature: await signer.accusation(port.ref, duty) })
    }
    expect(await snapshot()).toMatchObject({ phase: Phase.Draw, signed: 0 })
    await openDrawn()
    await sign()
    expect(await snapshot()).toMatchObject({ phase: Phase.Aggregate, signed: 1 << bit })
    expect(carried.filter(by => by === 'signModel relay')).toHaveLength(2)
    await stopTask(chain.access(1), study)
  }, 60_000)
})

describe('the port on a bad network', () => {
  test('keeps reading and writing through an RPC that refuses every third request', async () => {
    const { study, members } = await openStudy(chain, 2)
    const [a] = members as [TestMember]
    const proxy = await startProxy({ target: chain.anvil.rpcUrl, refuseEvery: 3, latency: 5, logRange: 500 })
    try {
      const deployment = { ...chain.deployment, rpcUrls: [proxy.url] }
      const access = chain.access(2, { deployment })
      const port = createStudyChain({ ...access, study })
      await startTask(chain.access(1), study)
      await port.submitUpdate({ round: 1, update: word(1), commitment: word(2) })
      expect(await port.commitments(1, [a.port.self])).toEqual([word(2)])
      expect(proxy.refused).toBeGreaterThan(2)
      expect(proxy.counts.get('eth_newFilter')).toBeUndefined()
    } finally {
      await proxy.stop()
      await stopTask(chain.access(1), study)
    }
  }, 30_000)

  test('says when the chain stops answering, and goes on when it does again', async () => {
    const { study } = await openStudy(chain, 2)
    const proxy = await startProxy({ target: chain.anvil.rpcUrl })
    const stop = new AbortController()
    try {
      const troubles: (string | null)[] = []
      const publicClient = createPublicClient({ transport: http(proxy.url, { retryCount: 0 }) })
      const port = createStudyChain({
        ...chain.access(2, { publicClient }),
        study,
        pollInterval: 50,
        onTrouble: trouble => {
          troubles.push(trouble?.code ?? null)
          if (troubles.length === 3) proxy.isDown = false
        },
      })
      let yields = 0
      for await (const { phase } of port.snapshots(stop.signal)) {
        yields++
        if (yields === 1) proxy.isDown = true
        else if (troubles.at(-1) === null) {
          expect(phase).toBe(Phase.Train)
          stop.abort()
        }
        if (yields === 1) await startTask(chain.access(1), study)
      }
      expect(troubles).toEqual([...Array(3).fill('chain.unreachable'), null])
    } finally {
      stop.abort()
      await proxy.stop()
      await stopTask(chain.access(1), study)
    }
  }, 30_000)

  test('asks the chain once a poll, and not at all after it was told to stop', async () => {
    const { study } = await openStudy(chain, 2)
    const proxy = await startProxy({ target: chain.anvil.rpcUrl })
    try {
      const deployment = { ...chain.deployment, rpcUrls: [proxy.url] }
      const access = chain.access(2, { deployment })
      const port = createStudyChain({ ...access, study, pollInterval: 100 })
      const stop = new AbortController()
      setTimeout(() => stop.abort(), 1550)
      let yields = 0
      for await (const _ of port.snapshots(stop.signal)) yields++
      const asked = proxy.counts.get('eth_call') ?? 0
      expect([...proxy.counts.keys()]).toEqual(['eth_call'])
      expect(asked).toBeGreaterThan(5)
      expect(asked).toBeLessThanOrEqual(16)
      expect(yields).toBeLessThan(5)
      await new Promise(resolve => setTimeout(resolve, 300))
      expect(proxy.counts.get('eth_call')).toBe(asked)
    } finally {
      await proxy.stop()
    }
  }, 30_000)

  test('refuses an address where no study is', async () => {
    const port = createStudyChain({ ...chain.access(2), study: chain.hospital(0) })
    await expect(port.snapshots(new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toSatisfy(error =>
      isAppError(error, 'chain.reverted'),
    )
  })
})

describe('a reorg', () => {
  test('takes events back, and the update goes out again', async () => {
    const { study, members } = await openStudy(chain, 2)
    const [a] = members as [TestMember]
    await startTask(chain.access(1), study)
    const { self } = a.port
    await a.port.submitUpdate({ round: 1, update: word(1), commitment: word(2) })
    expect(await a.port.commitments(1, [self])).toEqual([word(2)])
    const receiptBlock = chain.gasLog.entries().at(-1)?.block as bigint
    const head = BigInt((await chain.anvil.rpc('eth_blockNumber')) as string)
    await chain.anvil.rpc('anvil_reorg', [Number(head - receiptBlock) + 1, []])
    expect(await a.port.commitments(1, [self])).toEqual([null])
    await a.port.submitUpdate({ round: 1, update: word(1), commitment: word(2) })
    expect(await a.port.commitments(1, [self])).toEqual([word(2)])
  }, 30_000)
})
