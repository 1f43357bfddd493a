import '../src/storage/nodeWebSocket.ts'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { encodeFunctionData, parseEther, toHex } from 'viem'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { demoAccount } from '../src/chain/demoAccounts.ts'
import { fundGasPot, gasPotOf } from '../src/chain/gasPot.ts'
import { studyAbi } from '../src/chain/generated/abi.ts'
import { joinStudy } from '../src/chain/hospital.ts'
import { decodeRevert } from '../src/chain/reverts.ts'
import { createStudy, fundStudy, startTask } from '../src/chain/sponsor.ts'
import { CREDIT, startTestChain, type TestChain, testRules } from '../src/chain/testing/chain.ts'
import { sendCall } from '../src/chain/transactions.ts'
import { type BlobSigner, createDutySigner } from '../src/crypto/duty.ts'
import { createKeys, publicKeys } from '../src/crypto/keys.ts'
import { AppError } from '../src/errors/AppError.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import { CarrierStream, type CarryRequest, carrierProtocol, carryLimits } from '../src/storage/carrier.ts'
import { createNode } from '../src/storage/heliaNode.ts'
import { createHeliaStore, type HeliaStore } from '../src/storage/heliaStore.ts'
import type { Address, Hex } from '../src/study/types.ts'
import { type CarrierChainOptions, carrierChain } from './carrierChain.ts'
import { watchChain } from './chain.ts'
import { createRelay, type RelayOptions } from './relay.ts'
import { scratch, until } from './testing.ts'

/** Account of the relay; hospitals have 2 to 4. */
const CARRIER = 5
const NONE: Hex = `0x${'0'.repeat(64)}`

let chain: TestChain
beforeAll(async () => {
  chain = await startTestChain(4, { port: 9200 })
}, 60_000)
afterAll(() => chain?.stop())
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
const after = (clean: () => Promise<unknown>) => void cleanups.push(clean)
const soon = () => timeLimit(15_000)
let names = 0

const carrierOf = (changes: Partial<CarrierChainOptions> = {}) => {
  const { privateKey } = demoAccount(CARRIER, chain.anvil.chainId).getHdKey()
  return carrierChain({
    deployment: chain.deployment,
    key: toHex(privateKey as Uint8Array),
    pollInterval: 50,
    ...changes,
  })
}

async function openRelay(options: Partial<RelayOptions> = { carrier: carrierOf() }) {
  const logged: { message: string; details: Record<string, unknown> }[] = []
  const relay = await createRelay({
    dataDir: await scratch(after),
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    announcements: watchChain(chain.deployment, { every: 50 }),
    log: (message, details = {}) => void logged.push({ message, details }),
    ...options,
  })
  after(() => relay.close())
  return Object.assign(relay, { logged, count: (message: string) => logged.filter(l => l.message === message).length })
}

async function openStore(...addresses: string[]): Promise<HeliaStore> {
  const store = await createHeliaStore({ namespace: `carrier-${names++}`, relays: addresses, storage: 'memory' })
  after(() => store.close())
  await until('connected', () => store.status().relays.every(({ connected }) => connected))
  return store
}

interface Member {
  readonly store: HeliaStore
  readonly signer: BlobSigner
  readonly address: Address
  readonly access: ReturnType<TestChain['access']>
}

/** A study of three hospitals, all of whose updates are in, so that seats owe their attestations. */
async function attesting(relay: { addresses: readonly string[] }, wei = parseEther('1')) {
  const sponsor = chain.access(1)
  const study = await createStudy(sponsor, testRules)
  await fundStudy(sponsor, study, { modelURI: 'ipfs://test', rounds: 1, deposit: 100n * CREDIT })
  if (wei > 0n) await fundGasPot(sponsor, study, wei)
  const members: Member[] = []
  for (const index of [0, 1, 2]) {
    const access = chain.access(index + 2)
    const keys = await createKeys()
    const store = await openStore(...relay.addresses)
    await joinStudy(access, study, await publicKeys(keys), store.peerIdBytes)
    members.push({ store, access, signer: createDutySigner(keys.duty.privateKey), address: chain.hospital(index) })
  }
  await startTask(sponsor, study)
  for (const { access } of members) {
    const args = [1, `0x${'1'.repeat(64)}`, `0x${'2'.repeat(64)}`] as const
    const data = encodeFunctionData({ abi: studyAbi, functionName: 'submitUpdate', args })
    await sendCall(access, { name: 'submitUpdate', to: study, data })
  }
  const ref = { deployment: chain.deployment.deploymentId, chainId: chain.anvil.chainId, study }
  const attestation = async ({ signer, address: hospital }: Member, by = signer): Promise<Hex> => {
    const duty = { hospital, round: 1, opened: 0b111n, scoreCommitment: `0x${'3'.repeat(64)}` as Hex }
    const signature = await by.attestation(ref, duty)
    const args = [hospital, 1, duty.opened, duty.scoreCommitment, signature] as const
    return encodeFunctionData({ abi: studyAbi, functionName: 'attest', args })
  }
  const snapshot = () => sponsor.publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' })
  return { study, members: members as [Member, Member, Member], attestation, snapshot }
}

/** What a hospital would bring with a proof of so many bytes. */
function proofCall(hospital: Address, bytes: number): Hex {
  const root: Hex = `0x${'0'.repeat(48)}`
  const answer = { data: root, pin: [0n, 0n], afterRoot: root, start: [], phi: [0n, 0n], products: [] } as const
  const proof: Hex = `0x${'a7'.repeat(bytes)}`
  return encodeFunctionData({ abi: studyAbi, functionName: 'prove', args: [hospital, 1, answer, proof] })
}

const asking = (study: Address, ...calls: Hex[]): CarryRequest => ({ chainId: chain.anvil.chainId, study, calls })

/** What a tab is told; also the contract's error where there is one. */
async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => 'carried',
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof AppError)) return String(error)
  const { refusal, data } = error.details
  return data === undefined ? String(refusal) : `${refusal} ${decodeRevert(data as Hex).name}`
}

const wei = (address: Address) => chain.access(1).publicClient.getBalance({ address })
const sentBy = (address: Address) => chain.access(1).publicClient.getTransactionCount({ address })

describe('a carrier', () => {
  test('knows every duty of a seat, masked studies’ included: it asks the contract of each, and refuses none by itself', async () => {
    const relay = await openRelay()
    const { study, members } = await attesting(relay)
    const [{ store, address: hospital }] = members
    const signature = { r: NONE, s: NONE }
    const duties = [
      encodeFunctionData({
        abi: studyAbi,
        functionName: 'submitScore',
        args: [hospital, 1, [0, 0, 0], NONE, NONE, signature],
      }),
      encodeFunctionData({ abi: studyAbi, functionName: 'postMasks', args: [hospital, 1, NONE, signature] }),
      encodeFunctionData({ abi: studyAbi, functionName: 'postProducts', args: [hospital, 1, NONE, signature] }),
      encodeFunctionData({ abi: studyAbi, functionName: 'openShares', args: [hospital, 1, NONE, signature] }),
      encodeFunctionData({ abi: studyAbi, functionName: 'accuse', args: [hospital, 1, 0n, signature] }),
      encodeFunctionData({ abi: studyAbi, functionName: 'signModel', args: [hospital, 1, NONE, NONE, signature] }),
      encodeFunctionData({
        abi: studyAbi,
        functionName: 'signScored',
        args: [hospital, 1, NONE, NONE, [0, 0, 0], signature],
      }),
    ]
    duties.push(
      encodeFunctionData({ abi: studyAbi, functionName: 'reveal', args: [hospital, 1, NONE] }),
      encodeFunctionData({ abi: studyAbi, functionName: 'capture', args: [1] }),
      proofCall(hospital, 120_000),
    )
    for (const duty of duties) {
      // All of these are for a later phase than the study is in.
      expect(await refusal(store.carry(asking(study, duty), { signal: soon() }))).toContain('Study_WrongPhase')
    }
    const preparation = encodeFunctionData({
      abi: studyAbi,
      functionName: 'prepare',
      args: [hospital, NONE, signature],
    })
    // Only proven studies prepare.
    expect(await refusal(store.carry(asking(study, preparation), { signal: soon() }))).toContain('Study_WrongProving')
    const own = encodeFunctionData({ abi: studyAbi, functionName: 'leaveTask' })
    expect(await refusal(store.carry(asking(study, own), { signal: soon() }))).toBe('malformed')
  })

  test('carries what three seats owe in one transaction, and the pot pays for it', async () => {
    const relay = await openRelay()
    const { study, members, attestation, snapshot } = await attesting(relay)
    const { account } = carrierOf()
    const before = { relay: await wei(account), pot: await gasPotOf(chain.access(1), study) }
    const counts = await Promise.all(members.map(({ address }) => sentBy(address)))
    const calls = await Promise.all(members.map(member => attestation(member)))
    const hashes = await Promise.all(
      members.map(({ store }, i) => store.carry(asking(study, calls[i] as Hex), { signal: soon() })),
    )
    expect(new Set(hashes).size).toBe(1)
    const receipt = await chain.access(1).publicClient.waitForTransactionReceipt({ hash: hashes[0] as Hex })
    expect(receipt.status).toBe('success')
    expect((await snapshot()).attested).toBe(0b111)
    expect(await Promise.all(members.map(({ address }) => sentBy(address)))).toEqual(counts)
    await until('accounted', () => relay.count('carried') + relay.count('carried at a loss') === 1)
    const pot = await gasPotOf(chain.access(1), study)
    expect(pot).toBeLessThan(before.pot)
    // What it paid came back, and nobody earns on it.
    const cost = receipt.gasUsed * receipt.effectiveGasPrice
    const change = (await wei(account)) - before.relay
    expect(change >= -cost / 1000n).toBe(true)
    expect(change <= 0n).toBe(true)
  })

  test('takes turns: a second round of requests goes out after the first', async () => {
    const relay = await openRelay({ carrier: carrierOf(), carrierLimits: { gather: 5 } })
    const { study, members, attestation, snapshot } = await attesting(relay)
    for (const member of members) {
      await member.store.carry(asking(study, await attestation(member)), { signal: soon() })
    }
    await until('all attested', async () => (await snapshot()).attested === 0b111)
    await until('three transactions', () => relay.count('carried') + relay.count('carried at a loss') === 3)
  })

  test('sends again what the chain dropped', async () => {
    const inner = carrierOf()
    let isDropped = false
    const relay = await openRelay({
      carrier: {
        ...inner,
        carry: (study, calls, onSent) =>
          inner.carry(study, calls, hash => {
            onSent(hash)
            if (isDropped) return
            isDropped = true
            void chain.anvil.rpc('anvil_dropTransaction', [hash])
          }),
      },
    })
    const { study, members, attestation, snapshot } = await attesting(relay)
    const [a] = members
    await chain.anvil.rpc('evm_setAutomine', [false])
    try {
      await chain.anvil.rpc('evm_setIntervalMining', [0])
      await a.store.carry(asking(study, await attestation(a)), { signal: soon() })
      await until('sent again', async () => {
        await chain.anvil.rpc('anvil_mine', ['0x1'])
        return (await snapshot()).attested !== 0
      })
      expect(isDropped).toBe(true)
    } finally {
      await chain.anvil.rpc('evm_setAutomine', [true])
    }
  })
})

describe('a carrier refuses', () => {
  test('other calls, other chains, too many calls, rubbish', async () => {
    const relay = await openRelay()
    const { study, members, attestation } = await attesting(relay)
    const [a] = members
    const good = await attestation(a)
    const update = encodeFunctionData({ abi: studyAbi, functionName: 'submitUpdate', args: [1, NONE, NONE] })
    const nested = encodeFunctionData({ abi: studyAbi, functionName: 'multicall', args: [[good]] })
    for (const call of [update, nested, '0x', '0x1234'] as Hex[]) {
      expect(await refusal(a.store.carry(asking(study, call)))).toBe('malformed')
    }
    expect(await refusal(a.store.carry(asking(study, good, nested)))).toBe('malformed')
    expect(await refusal(a.store.carry({ ...asking(study, good), chainId: 1 }))).toBe('malformed')
    expect(await refusal(a.store.carry(asking(study, ...Array<Hex>(9).fill(good))))).toBe('malformed')
    const padded = `${good}${'00'.repeat(31_000)}` as Hex
    expect(await refusal(a.store.carry(asking(study, padded, padded)))).toBe('malformed')
    // A proof may be longer, alone and up to what a transaction takes.
    const proof = proofCall(a.address, 100_000)
    expect(await refusal(a.store.carry(asking(study, proof)))).toContain('Study_WrongPhase')
    expect(await refusal(a.store.carry(asking(study, proof, good)))).toBe('malformed')
    expect(await refusal(a.store.carry(asking(study, proofCall(a.address, carryLimits.proofBytes))))).toBe('malformed')
    // The study alone would take it: it ignores what follows the arguments. The pot does not.
    expect(await refusal(a.store.carry(asking(study, padded)))).toBe('busy')
    const { helia, libp2p } = await createNode({
      blocks: new MemoryBlockstore(),
      datastore: new MemoryDatastore(),
      libp2p: { transports: [webSockets()] },
    })
    after(() => helia.stop())
    const connection = await libp2p.dial(multiaddr(relay.addresses[0] as string))
    const stream = await connection.newStream(carrierProtocol)
    stream.send(new Uint8Array([3, 1, 2, 3]))
    expect(await new CarrierStream(stream, soon()).readAnswer()).toEqual({ refused: 'malformed' })
    expect(relay.count('carried')).toBe(0)
  })

  test('strangers, members of another study, and studies that the factory did not make', async () => {
    const relay = await openRelay()
    const { study, members, attestation } = await attesting(relay)
    const other = await attesting(relay)
    const [a] = members
    const call = await attestation(a)
    const stranger = await openStore(...relay.addresses)
    expect(await refusal(stranger.carry(asking(study, call)))).toBe('notEnrolled')
    expect(await refusal(other.members[0].store.carry(asking(study, call)))).toBe('notEnrolled')
    expect(await refusal(a.store.carry(asking(chain.deployment.registry, call)))).toBe('notEnrolled')
    await a.store.carry(asking(study, call), { signal: soon() })
  })

  test('what the study would refuse: a forged signature, and the same duty again', async () => {
    const relay = await openRelay()
    const { study, members, attestation, snapshot } = await attesting(relay)
    const [a, b] = members
    const forged = await attestation(a, b.signer)
    expect(await refusal(a.store.carry(asking(study, forged)))).toBe('refused Study_BadSignature')
    const call = await attestation(a)
    const sent = await sentBy(carrierOf().account)
    await a.store.carry(asking(study, call), { signal: soon() })
    await until('attested', async () => (await snapshot()).attested !== 0)
    expect(await refusal(a.store.carry(asking(study, call)))).toBe('refused Study_AlreadyDone')
    // One bad duty costs the others of its batch nothing.
    const [bad, good] = await Promise.all([
      refusal(a.store.carry(asking(study, call))),
      refusal(b.store.carry(asking(study, await attestation(b)))),
    ])
    expect([bad, good]).toEqual(['refused Study_AlreadyDone', 'carried'])
    await until('both sent', async () => (await sentBy(carrierOf().account)) === sent + 2)
  })

  test('to pay what the pot cannot pay back', async () => {
    const relay = await openRelay()
    const { study, members, attestation } = await attesting(relay, 0n)
    const [a] = members
    const { account } = carrierOf()
    const [before, sent] = [await wei(account), await sentBy(account)]
    expect(await refusal(a.store.carry(asking(study, await attestation(a))))).toBe('unpaid')
    await fundGasPot(chain.access(1), study, 1000n)
    expect(await refusal(a.store.carry(asking(study, await attestation(a))))).toBe('unpaid')
    expect([await wei(account), await sentBy(account)]).toEqual([before, sent])
    await fundGasPot(chain.access(1), study, parseEther('0.1'))
    expect(await refusal(a.store.carry(asking(study, await attestation(a))))).toBe('carried')
  })

  test('a flood: who asks too often waits, others do not', async () => {
    const relay = await openRelay({ carrier: carrierOf(), carrierLimits: { burst: 3, perSecond: 0.01 } })
    const { study, members, attestation } = await attesting(relay)
    const [a, b] = members
    const forged = await attestation(a, b.signer)
    const answers: string[] = []
    for (let i = 0; i < 6; i++) answers.push(await refusal(a.store.carry(asking(study, forged))))
    expect(answers).toEqual([...Array(3).fill('refused Study_BadSignature'), ...Array(3).fill('busy')])
    expect(await refusal(b.store.carry(asking(study, await attestation(b))))).toBe('carried')
  })

  test('everything where it has no account; the next relay is asked then', async () => {
    const off = await openRelay({})
    const on = await openRelay()
    const addresses = [...off.addresses, ...on.addresses]
    const { study, members, attestation } = await attesting({ addresses })
    const [a] = members
    const only = await openStore(...off.addresses)
    expect(await refusal(only.carry(asking(study, await attestation(a))))).toBe('off')
    await a.store.carry(asking(study, await attestation(a)), { signal: soon() })
    expect(on.count('not carried')).toBe(0)
  })
})

test('who is not there is not waited for: without a connected relay a tab hears so at once', async () => {
  const store = await openStore()
  expect(await refusal(store.carry(asking(chain.deployment.registry, '0x')))).toBe('')
})
