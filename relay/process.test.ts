import '../src/storage/nodeWebSocket.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { FsBlockstore } from 'blockstore-fs'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { buildRelay } from '../scripts/demo/buildRelay.ts'
import { sameBytes, sha256 } from '../src/crypto/bytes.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import { collect } from '../src/storage/collect.ts'
import { createHeliaStore } from '../src/storage/heliaStore.ts'
import { randomBlob, sameBlob } from '../src/storage/testing.ts'
import { scratch, until } from './testing.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
const after = (clean: () => Promise<unknown>) => void cleanups.push(clean)
const soon = () => timeLimit(30_000)
const readyLine = z.object({ relay: z.object({ peerId: z.string(), addrs: z.array(z.string()) }) })

async function startRelay(dataDir: string, port: string, operator: string) {
  const child = spawn(
    process.execPath,
    [await buildRelay(), '--data-dir', dataDir, '--port', port, '--operator', operator],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  after(() => stop(child, 'SIGKILL'))
  let errors = ''
  child.stderr.on('data', data => {
    errors += data
  })
  for await (const line of createInterface(child.stdout)) {
    return { child, errors: () => errors, ...readyLine.parse(JSON.parse(line)).relay }
  }
  throw new Error(`the relay did not start: ${errors}`)
}

function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise(resolve => {
    child.once('exit', exitCode => resolve(exitCode))
    child.kill(signal)
  })
}

function portOf(address: string | undefined): string {
  return /tcp\/(\d+)/.exec(address ?? '')?.[1] ?? ''
}

async function operator() {
  const privateKey = await generateKeyPair('Ed25519')
  return { privateKey, id: peerIdFromPrivateKey(privateKey).toString() }
}

test('a relay that is killed and started again serves what it had, under the same id', async () => {
  const { privateKey, id } = await operator()
  const dataDir = await scratch(after)
  const first = await startRelay(dataDir, '0', id)
  const a = await createHeliaStore({ namespace: 'killed-a', relays: first.addrs, storage: 'memory', privateKey })
  after(() => a.close())
  const blob = await randomBlob(3_000_000)
  const digest = await a.put(blob, { signal: soon() })
  await stop(first.child, 'SIGKILL')
  const second = await startRelay(dataDir, portOf(first.addrs[0]), id)
  expect(second.peerId).toBe(first.peerId)
  const b = await createHeliaStore({ namespace: 'killed-b', relays: second.addrs, storage: 'memory' })
  after(() => b.close())
  expect(sameBlob(await b.get(digest, { signal: soon() }), blob)).toBe(true)
  await until('the first tab is back', () => a.status().relays[0]?.connected === true)
  expect(await stop(second.child, 'SIGTERM')).toBe(0)
}, 60_000)

test('killed in the middle of a push, it holds no broken block, and the push is completed after the restart', async () => {
  const { privateKey, id } = await operator()
  const dataDir = await scratch(after)
  const first = await startRelay(dataDir, '0', id)
  const a = await createHeliaStore({ namespace: 'mid-push', relays: first.addrs, storage: 'memory', privateKey })
  after(() => a.close())
  const blob = await randomBlob(30_000_000)
  const killed = Promise.withResolvers<unknown>()
  const put = a.put(blob, {
    signal: soon(),
    onProgress: done => {
      if (done > 4_000_000) killed.resolve(stop(first.child, 'SIGKILL'))
    },
  })
  await killed.promise
  expect(a.status().pending).toBe(1)
  const blocks = new FsBlockstore(`${dataDir}/blocks`)
  await blocks.open()
  let found = 0
  for await (const { cid, bytes } of blocks.getAll()) {
    found++
    expect(
      sameBytes(await sha256(await collect((await bytes) as AsyncIterable<Uint8Array>)), cid.multihash.digest),
    ).toBe(true)
  }
  expect(found).toBeGreaterThan(0)
  const second = await startRelay(dataDir, portOf(first.addrs[0]), id)
  const digest = await put
  const b = await createHeliaStore({ namespace: 'mid-push-b', relays: second.addrs, storage: 'memory' })
  after(() => b.close())
  expect(sameBlob(await b.get(digest, { signal: soon() }), blob)).toBe(true)
}, 60_000)

test('wrong arguments end in a sentence and exit code 2', async () => {
  const child = spawn(process.execPath, [await buildRelay(), '--port', 'x'], { stdio: 'pipe' })
  let errors = ''
  child.stderr.on('data', data => {
    errors += data
  })
  const code = await new Promise(resolve => child.once('exit', resolve))
  expect(code).toBe(2)
  expect(errors).toContain('--port takes a number, not “x”.')
}, 20_000)

test('a carrier’s key that is none, or that comes without a deployment, ends in a sentence that does not show it', async () => {
  const folder = await scratch(after)
  const key = join(folder, 'carrier.key')
  const run = async (content: string) => {
    await writeFile(key, content)
    const args = [await buildRelay(), '--data-dir', folder, '--port', '0', '--carrier-key-file', key]
    const child = spawn(process.execPath, args, { stdio: 'pipe' })
    after(() => stop(child, 'SIGKILL'))
    let errors = ''
    child.stderr.on('data', data => {
      errors += data
    })
    const code = await new Promise(resolve => child.once('exit', resolve))
    return { code, errors }
  }
  const bad = await run('0x1234secret')
  expect(bad.code).toBe(2)
  expect(bad.errors).toContain('64 hexadecimal digits')
  expect(bad.errors).not.toContain('secret')
  const alone = await run(`0x${'ab'.repeat(32)}\n`)
  expect(alone.code).toBe(2)
  expect(alone.errors).toContain('--deployment')
  expect(alone.errors).not.toContain('abab')
}, 90_000)

test('a process that closed its store and relay ends by itself', async () => {
  const dataDir = await scratch(after)
  const script = `
    import './src/storage/nodeWebSocket.ts'
    import { createRelay } from './relay/relay.ts'
    import { createHeliaStore } from './src/storage/heliaStore.ts'
    import { playChain, enrolment } from './relay/testing.ts'
    import { randomBlob } from './src/storage/testing.ts'
    const chain = playChain()
    const relay = await createRelay({ dataDir: ${JSON.stringify(dataDir)}, listen: ['/ip4/127.0.0.1/tcp/0/ws'], announcements: chain })
    const store = await createHeliaStore({ namespace: 'handles', relays: relay.addresses, storage: 'memory' })
    chain.announce(...enrolment(store))
    await store.put(await randomBlob(2_000_000))
    const lost = store.get(new Uint8Array(32)).catch(error => error.code)
    await store.close()
    await relay.close()
    process.stdout.write('closed ' + (await lost))
  `
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: 'pipe' })
  after(() => stop(child, 'SIGKILL'))
  let output = ''
  child.stdout.on('data', data => {
    output += data
  })
  child.stderr.on('data', data => {
    output += data
  })
  const ended = new Promise(resolve => child.once('exit', code => resolve(code)))
  await until('closed', () => output.includes('closed'), 20_000)
  const late = new Promise(resolve => setTimeout(() => resolve('still running'), 3_000))
  expect(await Promise.race([ended, late])).toBe(0)
  expect(output).toBe('closed storage.closed')
}, 40_000)
