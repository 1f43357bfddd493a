/**
 * Opens a study on a chain where Wardround is deployed: npm run sponsor -- --help. The sponsor is also the deployer here,
 * who may accredit hospitals and mint credits.
 */
import '../src/storage/nodeWebSocket.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { privateKeyToAccount } from 'viem/accounts'
import { seedDevChain } from '../contracts/script/deploy.ts'
import { networkByName } from '../contracts/script/networks.ts'
import { canStart } from '../src/app/phases.ts'
import { sponsorStudy } from '../src/app/sponsorStudy.ts'
import { publicClientFor, walletClientFor } from '../src/chain/clients.ts'
import { creditUnits } from '../src/chain/credits.ts'
import { readDeployment } from '../src/chain/deploymentFile.ts'
import { studyAbi } from '../src/chain/generated/abi.ts'
import { startTask } from '../src/chain/sponsor.ts'
import { memoryTransactionJournal } from '../src/chain/transactionJournal.ts'
import { Phase } from '../src/rounds/ports.ts'
import { createHeliaStore } from '../src/storage/heliaStore.ts'
import { heartStudy } from '../src/study/studies/heart.ts'
import type { Address } from '../src/study/types.ts'
import { writeSite } from './demo/deployment.ts'

const usage = `npm run sponsor -- --relay MULTIADDR --hospital 0x…=Name --hospital 0x…=Name [options]

Accredits the hospitals, gives them credits for the stake, opens a heart study that each joins with its own wallet and its
own CSV file, writes the page's deployment file, and starts the study when all have joined.

  --relay MULTIADDR     a running relay's address; repeat for a second relay
  --hospital 0x…=NAME   a hospital's wallet and the name that others see; at least two
  --network NAME        anvil (default), sepolia, base-sepolia; the key is DEPLOYER_PRIVATE_KEY
  --deployment FILE     what npm run deploy wrote; default public/deployment.json
  --rounds N            default 15
  --open-hours N        how long hospitals may join; default 24
`

/** Long phases: blocks of a public chain come every 2 to 12 seconds, and people are slower than programs. */
const PUBLIC_SECONDS = { trainSeconds: 1800, attestSeconds: 600, scoreSeconds: 600, aggregateSeconds: 600 } as const
const LOOK_MS = 5000

const { values } = parseArgs({
  options: {
    relay: { type: 'string', multiple: true, default: [] },
    hospital: { type: 'string', multiple: true, default: [] },
    network: { type: 'string', default: 'anvil' },
    deployment: { type: 'string', default: 'public/deployment.json' },
    rounds: { type: 'string', default: '15' },
    'open-hours': { type: 'string', default: '24' },
    help: { type: 'boolean', default: false },
  },
})
const hospitals = values.hospital.map(text => {
  const [, address, name] = /^(0x[0-9a-fA-F]{40})=(.+)$/.exec(text) ?? []
  if (address === undefined || name === undefined) fail(`“${text}” is not of the form 0x…=Name.`)
  return { address: address as Address, name }
})
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}
if (values.relay.length === 0 || hospitals.length < 2) fail(`A relay and two hospitals are needed.\n\n${usage}`)
const { privateKey } = networkByName(values.network)
if (privateKey === undefined) fail('Set DEPLOYER_PRIVATE_KEY to the key of the account that deployed.')

const deployment = await readDeployment(values.deployment)
const account = privateKeyToAccount(privateKey)
const plan = heartStudy({ rounds: positive('rounds'), relays: values.relay })
const rules = { ...plan.rules, ...PUBLIC_SECONDS, openSeconds: positive('open-hours') * 3600 }
await seedDevChain(deployment, {
  account,
  hospitals,
  sponsor: account.address,
  hospitalCredits: creditUnits(rules.stake),
  sponsorCredits: creditUnits(rules.rewardPerRound * hospitals.length * rules.rounds),
})
const access = {
  deployment,
  publicClient: publicClientFor(deployment),
  walletClient: walletClientFor(deployment, account),
  journal: memoryTransactionJournal(),
}
const store = await createHeliaStore({ namespace: 'sponsor', relays: values.relay, storage: 'memory' })
try {
  const count = hospitals.length
  const { study, manifest } = await sponsorStudy(
    access,
    store,
    { ...plan, rules },
    { minHospitals: count, maxHospitals: count },
  )
  const listed = {
    address: study,
    name: manifest.name,
    rounds: rules.rounds,
    data: { kind: 'csv' as const, seed: manifest.seed },
    hospitals: [],
  }
  writeSite(values.deployment, { ...deployment, relays: values.relay, studies: [listed] })
  process.stdout.write(`Study ${study} is open; ${values.deployment} lists it. Waiting for ${count} hospitals.\n`)
  for (;;) {
    const snapshot = await access.publicClient.readContract({
      address: study,
      abi: studyAbi,
      functionName: 'snapshot',
    })
    if (snapshot.phase !== Phase.Open) break
    if (canStart(snapshot, count)) await startTask(access, study)
    await sleep(LOOK_MS)
  }
  process.stdout.write('The study runs. Nobody needs the sponsor any more.\n')
} finally {
  await store.close()
}

function positive(option: 'rounds' | 'open-hours'): number {
  const value = Number(values[option])
  if (!Number.isInteger(value) || value < 1) fail(`--${option} takes a whole number from 1.`)
  return value
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
