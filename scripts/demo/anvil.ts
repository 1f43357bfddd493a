import { createRequire } from 'node:module'
import { EnvironmentError } from './ports.ts'
import type { Processes, Running } from './processes.ts'

export interface AnvilOptions {
  readonly port: number
  /** Accounts with money: the sponsor and each hospital. */
  readonly accounts: number
  /** Seconds between blocks; transactions are also mined on demand. */
  readonly blockTime?: number
  /** Whether transactions are also mined at once. Default true; public chains do not. */
  readonly minesOnDemand?: boolean
  readonly chainId?: number
  /** Default anvil. */
  readonly name?: string
}

export interface Anvil extends Running {
  readonly rpcUrl: string
}

/**
 * Starts a dev chain that mines every second and on demand, so that time moves without transactions and nobody waits.
 *
 * @throws EnvironmentError where Anvil has no binary for this platform; ProcessError where it does not start
 */
export async function startAnvil(processes: Processes, options: AnvilOptions): Promise<Anvil> {
  const { port, accounts, blockTime = 1, minesOnDemand = true, chainId = 31337, name = 'anvil' } = options
  const running = await processes.start({
    name,
    command: anvilBinary(),
    args: [
      ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)],
      ...['--block-time', String(blockTime), ...(minesOnDemand ? ['--mixed-mining'] : [])],
      ...['--accounts', String(accounts)],
      // A block is final two epochs later: here two blocks.
      ...['--slots-in-an-epoch', '1'],
    ],
    readyLine: /^Listening on /,
  })
  return { ...running, rpcUrl: `http://127.0.0.1:${port}` }
}

/** The platform's own binary: the package's launcher would be one process more to watch. */
export function anvilBinary(): string {
  const system = { linux: 'linux', darwin: 'darwin', win32: 'win32' }[process.platform as string]
  const machine = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${system}-${machine}/bin/${file}`)
  } catch (error) {
    throw new EnvironmentError(
      `Anvil, the local Ethereum chain, has no program for ${process.platform} on ${process.arch}. ` +
        'Linux, macOS and Windows (64 bit) have one; if this is one of them, run npm ci again.',
      { cause: error },
    )
  }
}
