import '../src/storage/nodeWebSocket.ts'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encode } from '@ipld/dag-cbor'
import { encodeFunctionData, getAbiItem, toEventSelector } from 'viem'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hospitalRegistryAbi, studyAbi, studyFactoryAbi } from '../src/chain/generated/abi.ts'
import { joinStudy } from '../src/chain/hospital.ts'
import { createStudy, fundStudy, startTask } from '../src/chain/sponsor.ts'
import { CREDIT, startTestChain, type TestChain, testRules } from '../src/chain/testing/chain.ts'
import { startProxy } from '../src/chain/testing/proxy.ts'
import { sendCall } from '../src/chain/transactions.ts'
import { sha256 } from '../src/crypto/bytes.ts'
import { headerCid } from '../src/crypto/cid.ts'
import { createKeys, publicKeys } from '../src/crypto/keys.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import type { Blob } from '../src/storage/BlobStore.ts'
import { keyOf } from '../src/storage/blocks.ts'
import { createHeliaStore } from '../src/storage/heliaStore.ts'
import { randomBlob } from '../src/storage/testing.ts'
import type { Hex, Publishable } from '../src/study/types.ts'
import { events, watchChain } from './chain.ts'
import type { Batch, Fact, RecordedFact } from './facts.ts'
import { createRelay, type Relay } from './relay.ts'
import { scratch, until } from './testing.ts'

let chain: TestChain
const cleanups: (() => Promise<unknown>)[] = []
const atEnd = (clean: () => Promise<unknown>) => void cleanups.push(clean)
beforeAll(async () => {
  chain = await startTestChain(2, { port: 8640 })
}, 60_000)
afterAll(() => chain.stop())
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
const soon = () => timeLimit(15_000)
const relayDeployment = (...rpcUrls: string[]) => ({
  ...chain.deployment,
  rpcUrls: rpcUrls.length > 0 ? rpcUrls : [chain.anvil.rpcUrl],
})

async function pinsOf(relay: Relay): Promise<number> {
  let count = 0
  for await (const _ of relay.node.helia.pins.ls()) count++
  return count
}

/** Follows the chain as a relay does, keeping what holds. */
function follow(rpcUrl: string, options: Parameters<typeof watchChain>[1] = {}, ...further: string[]) {
  const stop = new AbortController()
  const batches: Batch[] = []
  let facts: RecordedFact[] = []
  const source = watchChain(relayDeployment(rpcUrl, ...further), { every: 50, ...options })
  const done = (async () => {
    for await (const batch of source.watch({ checkpoints: [], studies: new Map() }, stop.signal)) {
      batches.push(batch)
      const { rollbackTo } = batch
      if (rollbackTo !== undefined) facts = facts.filter(({ block }) => block <= rollbackTo)
      const known = new Set(facts.map(({ block, index }) => `${block}/${index}`))
      facts = [...facts, ...batch.facts.filter(({ block, index }) => !known.has(`${block}/${index}`))]
    }
  })()
  atEnd(async () => {
    stop.abort()
    await done
  })
  const count = (type: Fact['type']) => facts.filter(({ fact }) => fact.type === type).length
  return { batches, facts: () => facts, count }
}

async function newStudy(modelURI: string) {
  const sponsor = chain.access(1)
  const study = await createStudy(sponsor, testRules)
  await fundStudy(sponsor, study, { modelURI, rounds: 1, deposit: 100n * CREDIT })
  return study
}

const randomPeer = () => crypto.getRandomValues(new Uint8Array(38))
const join = async (study: Hex, hospital: number, peer: Uint8Array) =>
  joinStudy(chain.access(hospital + 2), study, await publicKeys(await createKeys()), peer)

describe('the events', () => {
  test('are those of the contracts', () => {
    const compiled = [...studyAbi, ...studyFactoryAbi, ...hospitalRegistryAbi].flatMap(item =>
      item.type === 'event' ? [toEventSelector(item)] : [],
    )
    for (const item of events) {
      if (item.type === 'event') expect(compiled, item.name).toContain(toEventSelector(item))
    }
    expect(getAbiItem({ abi: events, name: 'StudyCreated' })).toBeDefined()
  })
})

describe('a relay on a chain', () => {
  test('takes the manifest it reads of, the blobs of who joined, and pins an update that was submitted', async () => {
    const relay = await createRelay({
      dataDir: await scratch(atEnd),
      listen: ['/ip4/127.0.0.1/tcp/0/ws'],
      announcements: watchChain(relayDeployment(), { every: 100 }),
    })
    atEnd(() => relay.close())
    const open = async (namespace: string) => {
      const store = await createHeliaStore({ namespace, relays: relay.addresses, storage: 'memory' })
      atEnd(() => store.close())
      return store
    }
    const [sponsor, a] = [await open('chain-sponsor'), await open('chain-a')]
    const manifest = { header: encode({ version: 1, name: 'relay test' }), chunks: [] } as Blob as Publishable<Blob>
    const manifestName = await sha256(manifest.header)
    const putManifest = sponsor.put(manifest, { signal: soon() })
    const study = await newStudy(`ipfs://${headerCid(manifestName)}`)
    await putManifest
    expect(await pinsOf(relay)).toBe(1)

    const put = a.put(await randomBlob(300_000), { signal: soon() })
    await join(study, 0, a.peerIdBytes)
    await join(study, 1, randomPeer())
    const digest = await put
    expect(await pinsOf(relay)).toBe(1)
    await startTask(chain.access(1), study)
    const bytes = (digest: Uint8Array): Hex => `0x${keyOf(digest)}`
    await sendCall(chain.access(2), {
      name: 'submitUpdate',
      to: study,
      data: encodeFunctionData({
        abi: studyAbi,
        functionName: 'submitUpdate',
        args: [1, bytes(digest), bytes(new Uint8Array(32).fill(1))],
      }),
    })
    await until('the update is pinned', async () => (await pinsOf(relay)) === 2)
    expect(relay.shelf.index.get(keyOf(digest))?.note.pinned).toBe(true)
  }, 60_000)
})

describe('reading', () => {
  test('goes on through latency, 429s and a limit on log ranges', async () => {
    await chain.anvil.rpc('anvil_mine', ['0x40'])
    const study = await newStudy('ipfs://x')
    const proxy = await startProxy({ target: chain.anvil.rpcUrl, latency: 20, refuseEvery: 3, logRange: 10 })
    atEnd(() => proxy.stop())
    const reader = follow(proxy.url, { chunk: 10 })
    await until(
      'the study is read',
      () => reader.facts().some(({ fact }) => fact.type === 'study' && fact.study === study.toLowerCase()),
      30_000,
    )
    expect(proxy.refused).toBeGreaterThan(0)
    expect(reader.batches.length).toBeGreaterThan(6)
  }, 60_000)

  test('goes on after the node was away', async () => {
    const proxy = await startProxy({ target: chain.anvil.rpcUrl })
    atEnd(() => proxy.stop())
    const reader = follow(proxy.url)
    await until('reading', () => reader.batches.length > 0)
    proxy.isDown = true
    const study = await newStudy('ipfs://x')
    await new Promise(resolve => setTimeout(resolve, 500))
    proxy.isDown = false
    await until(
      'caught up',
      () => reader.facts().some(({ fact }) => fact.type === 'study' && fact.study === study.toLowerCase()),
      15_000,
    )
  }, 60_000)

  test('asks the next RPC where the first is gone', async () => {
    const proxy = await startProxy({ target: chain.anvil.rpcUrl })
    atEnd(() => proxy.stop())
    const reader = follow(proxy.url, {}, chain.anvil.rpcUrl)
    await until('reading', () => reader.batches.length > 0)
    proxy.isDown = true
    const study = await newStudy(`ipfs://${headerCid(new Uint8Array(32).fill(7))}#A%20name`)
    await until('it came', () =>
      reader.facts().some(({ fact }) => fact.type === 'manifest' && fact.study === study.toLowerCase()),
    )
  }, 60_000)

  test('enrolments under addresses that are no study of the factory are no facts', async () => {
    const reader = follow(chain.anvil.rpcUrl)
    const { x, y } = (await publicKeys(await createKeys())).duty
    const encryption = (await publicKeys(await createKeys())).encryption
    const hex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`
    await sendCall(chain.access(3), {
      name: 'enrol',
      to: chain.deployment.registry,
      data: encodeFunctionData({
        abi: hospitalRegistryAbi,
        functionName: 'enrol',
        args: [chain.hospital(0), { dutyX: x, dutyY: y, encryptionKey: hex(encryption), peerId: hex(randomPeer()) }],
      }),
    })
    const study = await newStudy('ipfs://x')
    await until('read past it', () =>
      reader.facts().some(({ fact }) => fact.type === 'study' && fact.study === study.toLowerCase()),
    )
    const enrolled = reader.facts().flatMap(({ fact }) => (fact.type === 'enrolled' ? [fact.study] : []))
    expect(enrolled).not.toContain(chain.access(3).walletClient.account.address.toLowerCase())
  }, 60_000)

  test('a block whose logs came late is not missed', async () => {
    const study = await newStudy('ipfs://x')
    let answers = 0
    // As a node behind a balancer that has the block but not yet its logs.
    const late = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const body = Buffer.concat(parts).toString()
      const { id, method } = JSON.parse(body)
      response.setHeader('content-type', 'application/json')
      if (method === 'eth_getLogs' && ++answers <= 1) {
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result: [] }))
        return
      }
      response.end(
        await (
          await fetch(chain.anvil.rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        ).text(),
      )
    })
    await new Promise<void>(resolve => late.listen(0, '127.0.0.1', resolve))
    atEnd(async () => {
      late.closeAllConnections()
      late.close()
    })
    const reader = follow(`http://127.0.0.1:${(late.address() as AddressInfo).port}`)
    await until('the study is read', () =>
      reader.facts().some(({ fact }) => fact.type === 'study' && fact.study === study.toLowerCase()),
    )
    expect(answers).toBeGreaterThan(1)
  }, 60_000)

  test('a reorganisation takes facts back, and the new chain’s are read', async () => {
    const reader = follow(chain.anvil.rpcUrl)
    await until('reading', () => reader.batches.length > 0)
    const before = reader.count('study')
    const gone = (await newStudy('ipfs://x')).toLowerCase()
    const names = () => reader.facts().flatMap(({ fact }) => (fact.type === 'study' ? [fact.study] : []))
    await until('the study is read', () => names().includes(gone))
    const created = reader.facts().find(({ fact }) => fact.type === 'study' && fact.study === gone)?.block ?? 0
    const head = Number(await chain.anvil.rpc('eth_blockNumber'))
    await chain.anvil.rpc('anvil_reorg', [head - created + 2, []])
    await until('it is taken back', () => !names().includes(gone))
    expect(reader.batches.some(({ rollbackTo }) => rollbackTo !== undefined)).toBe(true)
    await until('the others are read again', () => reader.count('study') === before)
    // The account's nonce went back as well: the next study takes the same address, on the new chain.
    const next = (await newStudy('ipfs://x')).toLowerCase()
    await until('the new one is read', () => names().includes(next))
  }, 60_000)

  test('a chain that started anew is read from its beginning', async () => {
    const other = await startTestChain(1, { port: 8650 })
    atEnd(() => other.stop())
    const proxy = await startProxy({ target: chain.anvil.rpcUrl })
    const reader = follow(proxy.url)
    await newStudy('ipfs://x')
    await until('a study', () => reader.count('study') > 0)
    // The same address now answers for another, younger chain.
    await proxy.stop()
    const again = await startProxy({ target: other.anvil.rpcUrl, port: Number(new URL(proxy.url).port) })
    atEnd(() => again.stop())
    await until('the old facts are gone', () => reader.count('study') === 0, 15_000)
    const study = await createStudy(other.access(1), testRules)
    await until(
      'the new chain is read',
      () => reader.facts().some(({ fact }) => fact.type === 'study' && fact.study === study.toLowerCase()),
      15_000,
    )
  }, 60_000)
})
