import { join } from 'node:path'
import type { Deployment } from '../../src/chain/deployment.ts'
import { root } from '../lock.mjs'
import type { Processes, Running } from './processes.ts'

export interface RelayProcess extends Running {
  /** Multiaddr with the peer id. */
  readonly address: string
}

export interface RelayOptions {
  readonly name: string
  readonly port: number
  /** Keys, blocks and pins; the same folder again is the same relay again. */
  readonly dataDir: string
  readonly deployment: Pick<Deployment, 'rpcUrls' | 'factory' | 'registry' | 'block'>
  /** Peer ids that may push without being in a study: the sponsor's, who brings its description. */
  readonly operators: readonly string[]
  /** How long blobs outlive their study. Default: the relay's. */
  readonly endedHours?: number
}

/** Starts a relay that pins what the deployment's studies announce. @throws ProcessError */
export async function startRelay(processes: Processes, options: RelayOptions): Promise<RelayProcess> {
  const { name, port, dataDir, deployment, operators } = options
  const running = await processes.start({
    name,
    command: process.execPath,
    args: [
      ...['--import', 'tsx', join(root, 'relay', 'main.ts')],
      ...['--port', String(port), '--data-dir', dataDir],
      ...['--rpc', deployment.rpcUrls[0] ?? '', '--factory', deployment.factory, '--registry', deployment.registry],
      ...['--block', String(deployment.block)],
      ...operators.flatMap(peer => ['--operator', peer]),
      ...(options.endedHours === undefined ? [] : ['--ended-hours', String(options.endedHours)]),
    ],
    cwd: root,
    readyLine: /^\{"relay":/,
  })
  const { relay } = JSON.parse(running.ready) as { relay: { peerId: string; addrs: string[] } }
  const [address] = relay.addrs
  if (address === undefined) throw new Error(`${name} listens on no address.`)
  return { ...running, address: address.includes('/p2p/') ? address : `${address}/p2p/${relay.peerId}` }
}
