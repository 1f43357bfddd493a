import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { EnvironmentError, isFree, pickPorts } from './ports.ts'

let server: Server | undefined

afterEach(() => new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve())))

function listen(port = 0): Promise<number> {
  return new Promise(resolve => {
    const listening = createServer().listen(port, '127.0.0.1', () => {
      resolve((listening.address() as AddressInfo).port)
    })
    server = listening
  })
}

it('tells a taken port from a free one', async () => {
  const port = await listen()
  expect(await isFree(port)).toBe(false)
  await new Promise(resolve => server?.close(resolve))
  server = undefined
  expect(await isFree(port)).toBe(true)
})

it('refuses to move from a port that was asked for', async () => {
  const port = await listen()
  const pick = pickPorts({ port, relays: 1 }, () => undefined)
  await expect(pick).rejects.toThrow(EnvironmentError)
  await expect(pick).rejects.toThrow(`Port ${port} (page) is taken`)
})

/** Four ports in a row, below those that systems hand out by themselves: another test may get one of these at any moment. */
async function fourFree(): Promise<number> {
  for (let port = 21_000; port < 22_000; port += 10) {
    const free = await Promise.all([0, 1, 2, 3].map(offset => isFree(port + offset)))
    if (free.every(Boolean)) return port
  }
  throw new Error('no four ports in a row are free')
}

it('puts chain and relays after the page', async () => {
  const port = await fourFree()
  const moved: string[] = []
  const ports = await pickPorts({ port, relays: 2 }, what => moved.push(what))
  expect(ports).toEqual({ page: port, chain: port + 1, relays: [port + 2, port + 3] })
  expect(moved).toEqual([])
})

it('moves a default port that is taken, gives no port twice and says so', async () => {
  const { defaultPagePort } = await import('./options.ts')
  if (await isFree(defaultPagePort)) await listen(defaultPagePort)
  const moved: string[] = []
  const ports = await pickPorts({ port: undefined, relays: 3 }, (what, from) => moved.push(`${what} ${from}`))
  expect(ports.page).not.toBe(defaultPagePort)
  expect(new Set([ports.page, ports.chain, ...ports.relays]).size).toBe(5)
  expect(moved).toContain(`page ${defaultPagePort}`)
})
