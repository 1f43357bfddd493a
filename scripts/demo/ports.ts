import { createServer } from 'node:net'
import type { DemoOptions } from './options.ts'
import { defaultChainPort, defaultPagePort, defaultRelayPort } from './options.ts'

export interface Ports {
  readonly page: number
  readonly chain: number
  readonly relays: readonly number[]
}

/** What this computer lacks or refuses; the program ends with code 3. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
}

/**
 * Picks the ports of a run. The defaults are fixed, since the page's origin holds keys and ledgers, and move only where
 * taken; ports that were asked for are used or refused.
 *
 * @param onMove told of each port that had to move
 * @throws EnvironmentError where a port that was asked for is taken
 */
export async function pickPorts(
  options: Pick<DemoOptions, 'port' | 'relays'>,
  onMove: (what: string, from: number, to: number) => void,
): Promise<Ports> {
  const { port, relays } = options
  const taken = new Set<number>()
  const pick = async (what: string, wanted: number) => {
    const free = !taken.has(wanted) && (await isFree(wanted))
    if (!free && port !== undefined) {
      throw new EnvironmentError(`Port ${wanted} (${what}) is taken. Choose another --port, or end what uses it.`)
    }
    const chosen = free ? wanted : await nextFree(wanted, taken)
    taken.add(chosen)
    if (chosen !== wanted) onMove(what, wanted, chosen)
    return chosen
  }
  const page = await pick('page', port ?? defaultPagePort)
  const chain = await pick('chain', port === undefined ? defaultChainPort : port + 1)
  const relayPorts: number[] = []
  for (let i = 0; i < relays; i++) {
    relayPorts.push(await pick(`relay ${i + 1}`, (port === undefined ? defaultRelayPort : port + 2) + i))
  }
  return { page, chain, relays: relayPorts }
}

/** Whether nobody listens on this port of 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    })
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

async function nextFree(port: number, taken: ReadonlySet<number>): Promise<number> {
  for (let candidate = port + 10; candidate < 65_536; candidate += 10) {
    if (!taken.has(candidate) && (await isFree(candidate))) return candidate
  }
  throw new EnvironmentError(`No free port was found above ${port}.`)
}
