/**
 * A relay as a process.
 *
 *   tsx relay/main.ts --data-dir .wardround/relay-1 --deployment public/deployment.json
 *
 * Prints {"relay":{"peerId","addrs"}} on one line when it is ready, then logs as JSON lines on stderr. SIGTERM and SIGINT
 * end it cleanly. Exit code 2: wrong arguments; 1: it could not start.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type Deployment, deploymentSchema } from '../src/chain/deployment.ts'
import type { Hex } from '../src/study/types.ts'
import { carrierChain } from './carrierChain.ts'
import { type Contracts, watchChain } from './chain.ts'
import { createRelay, type Quotas, type Times } from './relay.ts'

const usage = `relay [options]
  --data-dir DIR       where key, blocks and pins are kept (default .wardround/relay)
  --port N             websocket port (default 9470)
  --host ADDRESS       IPv4 address to listen on (default 127.0.0.1)
  --announce MULTIADDR where tabs reach it, if that differs, e.g. /dns4/relay.example.org/tcp/443/wss (repeatable)
  --deployment FILE    JSON as contracts/script/deploy.ts writes it: rpcUrls, factory, registry, block, …; or these four:
  --rpc URL  --factory 0x…  --registry 0x…  --block N
                       (--rpc is repeatable, the preferred one first, and goes before the file's)
  --carrier-key-file FILE
                       private key (0x and 64 hexadecimal digits) of the account that carries hospitals' duties to the chain
                       and is paid by the studies' gas pots; goes with --deployment. WARDROUND_CARRIER_KEY does the same
  --operator PEERID    a peer that may push without being enrolled (repeatable)
  --inbox-minutes N    how long a blob waits for its announcement (default 15)
  --ended-hours N      how long blobs outlive their study (default 24)
  --keep-rounds N      finalised rounds a running study keeps (default 3)
  --inbox-mb N         unannounced megabytes per hospital (default 256)
  --poll-ms N          between looks at the chain (default 1000)`

const address = z.custom<`0x${string}`>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), {
  message: 'an address is 0x and 40 hexadecimal digits',
})
const contractsSchema = z.object({
  rpcUrls: z.array(z.url()).min(1),
  factory: address,
  registry: address,
  block: z.coerce.number().int().nonnegative().default(0),
})

function log(message: string, details: Record<string, unknown> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...details })}\n`)
}

function wrongArguments(reason: string): never {
  process.stderr.write(`${reason}\n\n${usage}\n`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        'data-dir': { type: 'string', default: '.wardround/relay' },
        port: { type: 'string', default: '9470' },
        host: { type: 'string', default: '127.0.0.1' },
        announce: { type: 'string', multiple: true, default: [] },
        deployment: { type: 'string' },
        rpc: { type: 'string', multiple: true },
        factory: { type: 'string' },
        registry: { type: 'string' },
        block: { type: 'string' },
        'carrier-key-file': { type: 'string' },
        operator: { type: 'string', multiple: true, default: [] },
        'inbox-minutes': { type: 'string' },
        'ended-hours': { type: 'string' },
        'keep-rounds': { type: 'string' },
        'inbox-mb': { type: 'string' },
        'poll-ms': { type: 'string', default: '1000' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return wrongArguments(error instanceof Error ? error.message : String(error))
  }
}

type Arguments = ReturnType<typeof readArguments>

interface Chain {
  readonly contracts: Contracts
  /** Everything that the file holds; undefined where it holds less than carrying needs, or there is no file. */
  readonly deployment: Deployment | undefined
}

/** The file may hold more than the relay needs. */
async function readChain(values: Arguments): Promise<Chain | undefined> {
  let given: Record<string, unknown>
  if (values.deployment !== undefined) {
    const file: unknown = JSON.parse(await readFile(values.deployment, 'utf8'))
    const top = z.record(z.string(), z.unknown()).parse(file)
    given = { ...top, ...(values.rpc && { rpcUrls: values.rpc }) }
  } else if (values.rpc !== undefined || values.factory !== undefined || values.registry !== undefined) {
    given = { rpcUrls: values.rpc, factory: values.factory, registry: values.registry, block: values.block ?? 0 }
  } else return undefined
  const parsed = contractsSchema.safeParse(given)
  if (parsed.success) return { contracts: parsed.data, deployment: deploymentSchema.safeParse(given).data }
  const issue = parsed.error.issues[0]
  return wrongArguments(`The deployment is wrong: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** Never from the command line, which everybody on the machine can read. */
async function readCarrierKey(values: Arguments): Promise<Hex | undefined> {
  const file = values['carrier-key-file']
  const text = file === undefined ? process.env.WARDROUND_CARRIER_KEY : await readFile(file, 'utf8')
  if (text === undefined || text === '') return undefined
  const key = text.trim()
  if (!/^0x[0-9a-fA-F]{64}$/.test(key)) wrongArguments('The carrier’s key is not 0x and 64 hexadecimal digits.')
  return key as Hex
}

function amount(
  values: Arguments,
  name: 'port' | 'inbox-minutes' | 'ended-hours' | 'keep-rounds' | 'inbox-mb' | 'poll-ms',
) {
  const text = values[name]
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) wrongArguments(`--${name} takes a number, not “${text}”.`)
  return value
}

async function main(): Promise<void> {
  const values = readArguments()
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const chain = await readChain(values)
  const key = await readCarrierKey(values)
  if (key !== undefined && chain?.deployment === undefined) {
    wrongArguments('A carrier needs the whole deployment: name its file with --deployment.')
  }
  const every = amount(values, 'poll-ms') ?? 1_000
  const minutes = amount(values, 'inbox-minutes')
  const hours = amount(values, 'ended-hours')
  const rounds = amount(values, 'keep-rounds')
  const megabytes = amount(values, 'inbox-mb')
  const times: Partial<Times> = {
    ...(minutes === undefined
      ? {}
      : { inbox: minutes * 60_000, tidy: Math.max(100, Math.min(10_000, minutes * 15_000)) }),
    ...(hours === undefined ? {} : { ended: hours * 3_600_000 }),
    ...(rounds === undefined ? {} : { rounds }),
  }
  const quotas: Partial<Quotas> = megabytes === undefined ? {} : { inbox: megabytes * 1024 * 1024 }
  const relay = await createRelay({
    dataDir: values['data-dir'],
    listen: [`/ip4/${values.host}/tcp/${amount(values, 'port')}/ws`],
    announce: values.announce,
    operators: values.operator,
    times,
    quotas,
    log,
    ...(chain === undefined ? {} : { announcements: watchChain(chain.contracts, { every, log }) }),
    ...(key === undefined || chain?.deployment === undefined
      ? {}
      : { carrier: carrierChain({ deployment: chain.deployment, key, pollInterval: Math.min(every, 500) }) }),
  })
  const stop = (signal: NodeJS.Signals) => {
    log('stopping', { signal })
    relay.close().then(
      () => process.exit(0),
      error => {
        log('stopping failed', { error: String(error) })
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.stdout.write(`${JSON.stringify({ relay: { peerId: relay.peerId, addrs: relay.addresses } })}\n`)
}

main().catch(error => {
  log('the relay could not start', { error: error instanceof Error ? error.message : String(error) })
  process.exit(1)
})
