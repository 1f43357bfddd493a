import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'

export interface AnvilOptions {
  /** First port to try; the next free one is taken. Default 8620. */
  readonly port?: number
  /** Funded accounts. Default 10. */
  readonly accounts?: number
  readonly chainId?: number
  /** Seconds between blocks; transactions are also mined on demand. Default 1. */
  readonly blockTime?: number
}

export interface Anvil {
  readonly rpcUrl: string
  readonly port: number
  readonly chainId: number
  /** Asks the node anything, e.g. anvil_reorg. @throws Error with the node's answer */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>
  /** Ends the process and resolves when it is gone. Safe to call again. */
  stop(): Promise<void>
}

/**
 * Starts a dev chain for tests that mines every second and on demand, and waits until it answers. It is killed with this
 * process at the latest.
 * @throws Error with what it printed when it does not start
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const first = options.port ?? 8620
  let failure: unknown
  // Other tests start theirs at the same time: who finds a port taken tries the next one.
  for (let port = first; port < first + 40; port++) {
    try {
      return await startOn(port, options)
    } catch (error) {
      failure = error
      if (!String(error).includes('in use')) break
    }
  }
  throw failure
}

async function startOn(port: number, options: AnvilOptions): Promise<Anvil> {
  const { accounts = 10, chainId = 31337, blockTime = 1 } = options
  const rpcUrl = `http://127.0.0.1:${port}`
  const child = spawn(
    anvilBinary(),
    [
      ...['--host', '127.0.0.1', '--port', `${port}`, '--chain-id', `${chainId}`, '--accounts', `${accounts}`],
      ...['--block-time', `${blockTime}`, '--mixed-mining', '--slots-in-an-epoch', '1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const killNow = () => child.kill('SIGKILL')
  process.once('exit', killNow)
  const stop = async () => {
    process.off('exit', killNow)
    await end(child)
  }
  try {
    await untilListening(child)
  } catch (error) {
    await stop()
    throw error
  }
  return { rpcUrl, port, chainId, rpc: (method, params = []) => ask(rpcUrl, method, params), stop }
}

/** The platform's own binary; the package's launcher would be a process more to end. */
function anvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/${file}`)
}

async function ask(rpcUrl: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (error !== undefined) throw new Error(`${method}: ${error.message}`)
  return result
}

/** Waits for the child's own word: another chain may answer on the same port. */
function untilListening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (reason: string) => {
      clearTimeout(timer)
      reject(new Error(`Anvil did not start: ${reason} ${output}`))
    }
    const timer = setTimeout(() => fail('20 seconds passed.'), 20_000)
    const read = (data: Buffer) => {
      output += data.toString()
      if (!output.includes('Listening on ')) return
      clearTimeout(timer)
      child.stdout?.off('data', read).resume()
      child.stderr?.off('data', read).resume()
      resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', error => fail(error.message))
    // 'close' comes after the last output, which says why.
    child.once('close', code => fail(`it ended with code ${code}.`))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), 2000)
  await gone
  clearTimeout(hard)
}
