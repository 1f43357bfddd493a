import { writeFileSync } from 'node:fs'
import { type HDAccount, toHex } from 'viem'
import type { Deployment } from '../../src/chain/deployment.ts'
import { root } from '../lock.mjs'
import { buildRelay } from './buildRelay.ts'
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
  readonly deployment: Deployment
  /** Peer ids that may push without being in a study: the sponsor's, who brings its description. */
  readonly operators: readonly string[]
  /** A dev chain's account with which it carries what hospitals sign. Default: it carries nothing. */
  readonly carrier?: HDAccount
  /** How long blobs outlive their study. Default: the relay's. */
  readonly endedHours?: number
}

/** Starts a relay that pins what the deployment's studies announce. @throws ProcessError */
export async function startRelay(processes: Processes, options: RelayOptions): Promise<RelayProcess> {
  const { name, port, dataDir, deployment, operators, carrier } = options
  const deploymentFile = `${dataDir}-deployment.json`
  writeFileSync(deploymentFile, JSON.stringify(deployment))
  const running = await processes.start({
    name,
    command: process.execPath,
    args: [
      await buildRelay(),
      ...['--port', String(port), '--data-dir', dataDir],
      ...['--deployment', deploymentFile],
      ...operators.flatMap(peer => ['--operator', peer]),
      ...(options.endedHours === undefined ? [] : ['--ended-hours', String(options.endedHours)]),
    ],
    cwd: root,
    // Not an argument: those can be read by everybody on the machine.
    env: { WARDROUND_CARRIER_KEY: carrier === undefined ? '' : toHex(carrier.getHdKey().privateKey ?? '') },
    readyLine: /^\{"relay":/,
  })
  const { relay } = JSON.parse(running.ready) as { relay: { peerId: string; addrs: string[] } }
  const [address] = relay.addrs
  if (address === undefined) throw new Error(`${name} listens on no address.`)
  return { ...running, address: address.includes('/p2p/') ? address : `${address}/p2p/${relay.peerId}` }
}
