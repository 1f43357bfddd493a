import './promiseWithResolvers.ts'
import { withBitswap } from '@helia/bitswap'
import type { BlockBroker } from '@helia/interface'
import { type HeliaWithLibp2p, withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { ContentRouting, Libp2p, Logger, ServiceMap } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createHeliaLight } from 'helia'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import type { CID } from 'multiformats/cid'

export interface NodeParts<Services extends ServiceMap> {
  readonly blocks: Blockstore
  readonly datastore: Datastore
  /** Keys, addresses, transports, gater, limits and further services of this node. */
  readonly libp2p: Libp2pOptions<Services>
  /** false: holds and takes blocks, but neither serves nor fetches any. */
  readonly bitswap?: boolean
}

export interface Node {
  readonly helia: HeliaWithLibp2p
  readonly libp2p: Libp2p
  /** Tells peers that wait for a block that it is stored here now. */
  announce(cid: CID): Promise<void>
}

/** Nobody is asked who has a block: the relays do, or the hospitals one is connected to. Helia wants a router all the same. */
const noRouting: ContentRouting = {
  async provide() {},
  async cancelReprovide() {},
  async *findProviders() {},
  async put() {},
  async get() {
    throw new Error('no content routing')
  },
}

/**
 * A started Helia node without public bootstrap nodes, name servers or routers: it knows the addresses it is given and no
 * others.
 */
export async function createNode<Services extends ServiceMap>(parts: NodeParts<Services>): Promise<Node> {
  const logger = quietLogger()
  const light = createHeliaLight({
    blockstore: parts.blocks,
    datastore: parts.datastore,
    codecs: [dagCbor],
    logger,
  })
  const withNetwork = withLibp2pLight(light, {
    logger,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    contentRouters: [() => noRouting],
    ...parts.libp2p,
    services: { identify: identify(), identifyPush: identifyPush(), ...parts.libp2p.services },
  } as Libp2pOptions<{ identify: Identify; identifyPush: IdentifyPush }>)
  const helia: HeliaWithLibp2p<ServiceMap> =
    parts.bitswap === false
      ? withNetwork
      : withBitswap(withNetwork, {
          // A window would leave a block that was deleted and asked for again unanswered.
          doNotResendBlockWindow: 0,
          sendBlocksMaxQueueLength: 1000,
          messageSendTimeout: 60_000,
          messageReceiveTimeout: 60_000,
        })
  // Helia's own put announces a block before it is stored, so a peer that waits may be told "no" and never again.
  // Blocks are stored first here; the broker is kept to announce them then.
  const brokers: BlockBroker[] = []
  const addBroker = helia.addBlockBroker.bind(helia)
  helia.addBlockBroker = broker => {
    if (typeof broker !== 'function') brokers.push(broker)
    addBroker(broker)
  }
  await helia.start()
  return {
    helia: helia as HeliaWithLibp2p,
    libp2p: helia.libp2p as Libp2p,
    async announce(cid) {
      await Promise.all(brokers.map(broker => broker.announce?.(cid)))
    },
  }
}

/** libp2p logs through localStorage.debug or DEBUG; this app has its own status, and nothing to tell a console. */
function quietLogger() {
  const silent: Logger = Object.assign(() => {}, {
    error: () => {},
    trace: () => {},
    enabled: false,
    newScope: () => silent,
  })
  return { forComponent: () => silent }
}
