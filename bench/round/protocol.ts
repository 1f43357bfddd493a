import '../../src/storage/nodeWebSocket.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deploy, seedDevChain } from '../../contracts/script/deploy.ts'
import { isFree } from '../../scripts/demo/ports.ts'
import { createProcesses } from '../../scripts/demo/processes.ts'
import { startRelay } from '../../scripts/demo/relay.ts'
import { publicClientFor, walletClientFor } from '../../src/chain/clients.ts'
import { creditUnits } from '../../src/chain/credits.ts'
import { demoAccount } from '../../src/chain/demoAccounts.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import { GasLog } from '../../src/chain/gas.ts'
import { studyAbi } from '../../src/chain/generated/abi.ts'
import { joinStudy } from '../../src/chain/hospital.ts'
import { createStudyChain } from '../../src/chain/StudyChain.ts'
import { createStudy, fundStudy, startTask } from '../../src/chain/sponsor.ts'
import { startAnvil } from '../../src/chain/testing/anvil.ts'
import { memoryTransactionJournal } from '../../src/chain/transactionJournal.ts'
import type { ChainAccess } from '../../src/chain/transactions.ts'
import { hexToBytes, sha256Hex } from '../../src/crypto/bytes.ts'
import { createDutySigner } from '../../src/crypto/duty.ts'
import { seal } from '../../src/crypto/envelope.ts'
import { createKeys, publicKeys } from '../../src/crypto/keys.ts'
import { timeLimit } from '../../src/errors/timeLimit.ts'
import { type Binding, type ChainPort, type Member, Phase, type Sealed } from '../../src/rounds/ports.ts'
import { randomHex } from '../../src/rounds/primitives.ts'
import { createHeliaStore, type HeliaStore } from '../../src/storage/heliaStore.ts'
import type { Address } from '../../src/study/types.ts'
import { encodeModel, encodeUpdate, freshSalt, modelDataKey, modelIv } from '../../src/training/plaintext.ts'
import { grouped, mean, median, processor } from '../shared/numbers.ts'
import { layOut } from '../shared/table.ts'
import { withBenchPage } from './benchPage.ts'

export interface ProtocolOptions {
  /** Models' sizes, in float32 parameters. */
  readonly sizes?: readonly number[]
  /** Rounds of each size. */
  readonly repeats?: number
  readonly log?: (line: string) => void
}

/** One operation, for one size of model. */
export interface OperationRow {
  readonly part: 'encryption' | 'storage'
  readonly operation: string
  readonly parameters: number
  /** How often one hospital does it in one round. */
  readonly timesARound: number
  /** Of one: the median for encryption; the mean for storage, where the first seat to push a model carries it for all. */
  readonly milliseconds: number
  /** Of one: the blob's header and chunks for encryption; what the node sent or received for storage, mean. */
  readonly bytes: number
  /** The parameters as float32 and nothing else; of a model that all seats push, each seat's part. */
  readonly floorBytes: number
  /** What no implementation goes below: one pass of AES-256-GCM; null where there is no such figure. */
  readonly floorMilliseconds: number | null
}

export interface CallRow {
  readonly call: string
  /** Mean until the receipt is here, simulation and estimate included. */
  readonly milliseconds: number
  readonly medianMilliseconds: number
  /** Median number of blocks from the head before it to the one it is in. */
  readonly blocks: number
  readonly gas: { readonly least: number; readonly median: number; readonly most: number }
  readonly calldataBytes: number
  /** What it has to say, without the ABI's padding. */
  readonly floorBytes: number
}

export interface ProtocolReport {
  readonly hospitals: number
  readonly repeats: number
  readonly operations: readonly OperationRow[]
  readonly calls: readonly CallRow[]
  /** One hospital's round: each part's operations, one after another. Milliseconds. */
  readonly perRound: readonly {
    readonly parameters: number
    readonly encryption: number
    readonly storage: number
    readonly chain: number
    readonly bytes: number
    readonly floorBytes: number
  }[]
  readonly processor: string
}

const HOSPITALS = 3
const CHAIN_PORT = 8780
const RELAY_PORT = 8775
/** As a tab looks for receipts on a dev chain. */
const RECEIPT_POLL_MS = 150
const FETCH_MS = 60_000
/** Each update is opened once a round, to score it; averaging finds it open. */
const OPENS = HOSPITALS
const CALLS = ['submitUpdate', 'attest', 'submitScore', 'signModel'] as const
type CallName = (typeof CALLS)[number]
/** Round number 2 bytes, digests, commitments and salts 32, bitmap of 3 members 1, score 2 each, signature 64, address 20. */
const CALL_FLOOR: Readonly<Record<CallName, number>> = {
  submitUpdate: 2 + 32 + 32,
  attest: 20 + 2 + 1 + 32 + 64,
  submitScore: 20 + 2 + 2 * HOSPITALS + 32 + 32 + 64,
  signModel: 20 + 2 + 32 + 32 + 64,
}

/**
 * What a round of three hospitals spends beside training: sealing and opening in a worker of headless Chromium; storage
 * through three Helia nodes and a relay process; contract calls on a real Anvil. Rounds are real: the relay pins what the
 * contract announces, the contract checks every signature. Operations run one after another, so that each is timed alone.
 */
export async function benchProtocol({
  sizes = [10_000, 100_000, 1_000_000],
  repeats = 5,
  log = () => {},
}: ProtocolOptions = {}): Promise<ProtocolReport> {
  const encryption = await benchEncryption(sizes, repeats, log)
  const { storage, calls } = await benchRounds(sizes, repeats, log)
  const operations = [...encryption, ...storage]
  const chain = calls.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const callBytes = calls.reduce((sum, { calldataBytes }) => sum + calldataBytes, 0)
  const callFloor = calls.reduce((sum, { floorBytes }) => sum + floorBytes, 0)
  return {
    hospitals: HOSPITALS,
    repeats,
    operations,
    calls,
    perRound: sizes.map(parameters => {
      const own = operations.filter(row => row.parameters === parameters)
      const sum = (part: OperationRow['part'], of: (row: OperationRow) => number) =>
        own.filter(row => row.part === part).reduce((total, row) => total + row.timesARound * of(row), 0)
      return {
        parameters,
        encryption: sum('encryption', row => row.milliseconds),
        storage: sum('storage', row => row.milliseconds),
        chain,
        bytes: sum('storage', row => row.bytes) + callBytes,
        floorBytes: sum('storage', row => row.floorBytes) + callFloor,
      }
    }),
    processor: processor(),
  }
}

/** The report as lines for a terminal. */
export function protocolTable({ hospitals, repeats, operations, calls, perRound, processor }: ProtocolReport): string {
  const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0))
  return [
    `Protocol: one round of ${hospitals} hospitals, all of them seats; ${repeats} rounds a size, medians (${processor})`,
    'Encryption in a worker of headless Chromium; storage through Helia nodes in Node (blocks in memory) and one relay process;',
    'chain on Anvil with a block a second and on demand. One at a time: nothing overlaps. Floor: float32 parameters alone (a seat’s',
    'part of the model that all seats push), and for the time one pass of AES-256-GCM over them. Storage: means; bytes sent or received.',
    '',
    layOut(
      [
        ['parameters', 'part', 'one', 'a round', 'ms each', 'floor ms', 'bytes each', 'floor bytes', 'over'],
        ...operations.map(row => [
          grouped(row.parameters),
          row.part,
          row.operation,
          `${row.timesARound}×`,
          ms(row.milliseconds),
          row.floorMilliseconds === null ? '–' : ms(row.floorMilliseconds),
          grouped(row.bytes),
          grouped(row.floorBytes),
          `${((row.bytes / row.floorBytes - 1) * 100).toFixed(1)} %`,
        ]),
      ],
      3,
    ),
    '',
    layOut([
      ['call', 'ms, mean', 'median', 'blocks', 'gas', 'least', 'most', 'calldata bytes', 'floor bytes'],
      ...calls.map(({ call, milliseconds, medianMilliseconds, blocks, gas, calldataBytes, floorBytes }) => [
        call,
        ms(milliseconds),
        ms(medianMilliseconds),
        String(blocks),
        grouped(gas.median),
        grouped(gas.least),
        grouped(gas.most),
        grouped(calldataBytes),
        grouped(floorBytes),
      ]),
    ]),
    '',
    `One hospital's round, ms (a seat that opens ${HOSPITALS} updates and sends four transactions):`,
    layOut([
      ['parameters', 'encryption', 'storage', 'chain', 'all', 'bytes', 'floor bytes'],
      ...perRound.map(({ parameters, encryption, storage, chain, bytes, floorBytes }) => [
        grouped(parameters),
        ...[encryption, storage, chain, encryption + storage + chain].map(ms),
        grouped(bytes),
        grouped(floorBytes),
      ]),
    ]),
  ].join('\n')
}

async function benchEncryption(
  sizes: readonly number[],
  repeats: number,
  log: (line: string) => void,
): Promise<OperationRow[]> {
  return withBenchPage({ log }, async page => {
    const rows: OperationRow[] = []
    for (const parameters of sizes) {
      const { milliseconds, bytes } = await page.evaluate(job => window.sealing(job), { parameters, repeats })
      const row = (operation: string, timesARound: number, times: readonly number[], size: number): OperationRow => ({
        part: 'encryption',
        operation,
        parameters,
        timesARound,
        milliseconds: median(times),
        bytes: size,
        floorBytes: parameters * 4,
        floorMilliseconds: median(milliseconds.cipherAlone),
      })
      rows.push(
        row('seal update', 1, milliseconds.seal, bytes.update),
        row('open update', OPENS, milliseconds.open, bytes.update),
        row('seal model', 1, milliseconds.sealModel, bytes.model),
        row('open model', 1, milliseconds.openModel, bytes.model),
      )
      log(`${parameters} parameters sealed and opened.`)
    }
    return rows
  })
}

interface Hospital {
  readonly keys: Awaited<ReturnType<typeof createKeys>>
  readonly member: Member
  readonly store: HeliaStore
  readonly chain: ChainPort
  readonly access: ChainAccess
  readonly gasLog: GasLog
}

/** What was measured, by operation or call. */
interface Samples {
  readonly storage: Map<string, { milliseconds: number; bytes: number }[]>
  readonly calls: Map<CallName, { milliseconds: number; blocks: number; gas: number; bytes: number }[]>
}

async function benchRounds(
  sizes: readonly number[],
  repeats: number,
  log: (line: string) => void,
): Promise<{ storage: OperationRow[]; calls: CallRow[] }> {
  if (!(await isFree(RELAY_PORT))) throw new Error(`Port ${RELAY_PORT} is taken; the benchmark's relay needs it.`)
  const folder = await mkdtemp(join(tmpdir(), 'wardround-bench-'))
  const processes = createProcesses(folder)
  const closing: (() => Promise<unknown>)[] = [processes.stopAll, () => rm(folder, { recursive: true, force: true })]
  try {
    const anvil = await startAnvil({ port: CHAIN_PORT, accounts: HOSPITALS + 1 })
    closing.unshift(anvil.stop)
    const account = demoAccount(0, anvil.chainId)
    const deployment = await deploy({ rpcUrl: anvil.rpcUrl, account })
    const wallets = Array.from({ length: HOSPITALS }, (_, i) => demoAccount(i + 1, anvil.chainId))
    // And one before, in which connections open and relays hear of the study.
    const rounds = sizes.length * repeats + 1
    await seedDevChain(deployment, {
      account,
      sponsor: account.address,
      hospitals: wallets.map(({ address }, i) => ({ address, name: `Hospital ${i + 1}` })),
    })
    const relay = await startRelay(processes, {
      name: 'relay',
      port: RELAY_PORT,
      dataDir: join(folder, 'relay'),
      deployment,
      operators: [],
    })
    const sponsor = accessOf(deployment, 0)
    const study = await openStudy(sponsor, rounds)
    const hospitals: Hospital[] = []
    for (const [index, { address }] of wallets.entries()) {
      const store = await createHeliaStore({ namespace: address, relays: [relay.address], storage: 'memory' })
      closing.unshift(() => store.close())
      const keys = await createKeys()
      const gasLog = new GasLog()
      const access = { ...accessOf(deployment, index + 1), gasLog }
      await joinStudy(access, study, await publicKeys(keys), store.peerIdBytes)
      const member = { index, address, keys: await publicKeys(keys) }
      hospitals.push({ keys, member, store, chain: createStudyChain({ ...access, study }), access, gasLog })
    }
    await startTask(sponsor, study)

    const samples: Samples = { storage: new Map(), calls: new Map() }
    const first: Samples = { storage: new Map(), calls: new Map() }
    let round = 1
    await runRound({ hospitals, study, round, parameters: sizes[0]!, samples: first, access: sponsor })
    for (const parameters of sizes) {
      for (let repeat = 0; repeat < repeats; repeat++) {
        round++
        await runRound({ hospitals, study, round, parameters, samples, access: sponsor })
      }
      log(`${repeats} rounds of ${parameters} parameters stored and settled.`)
    }
    return { storage: sizes.flatMap(size => storageRows(samples, size)), calls: callRows(samples, first) }
  } finally {
    for (const close of closing) await close()
  }
}

function accessOf(deployment: Deployment, index: number): ChainAccess {
  return {
    deployment,
    publicClient: publicClientFor(deployment),
    walletClient: walletClientFor(deployment, demoAccount(index, deployment.chainId)),
    journal: memoryTransactionJournal(),
    pollInterval: RECEIPT_POLL_MS,
  }
}

async function openStudy(sponsor: ChainAccess, rounds: number): Promise<Address> {
  const study = await createStudy(sponsor, {
    rounds,
    standardise: false,
    minHospitals: HOSPITALS,
    maxHospitals: HOSPITALS,
    maxSeats: HOSPITALS,
    topK: HOSPITALS,
    schedule: 0,
    margin: -200,
    slashBps: 1000,
    stake: creditUnits(100),
    openSeconds: 600,
    trainSeconds: 600,
    attestSeconds: 600,
    scoreSeconds: 600,
    aggregateSeconds: 600,
    pauseSeconds: 0,
    mode: 0,
    clip: 0,
    fractionBits: 0,
    scored: false,
  })
  await fundStudy(sponsor, study, { modelURI: 'ipfs://bench', rounds, deposit: creditUnits(10 * rounds) })
  return study
}

interface RoundOptions {
  readonly hospitals: readonly Hospital[]
  readonly study: Address
  readonly round: number
  readonly parameters: number
  readonly samples: Samples
  readonly access: ChainAccess
}

async function runRound(options: RoundOptions): Promise<void> {
  const { hospitals, study, round, parameters, samples, access } = options
  const vector = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i + round) / 100)
  const members = hospitals.map(({ member }) => member)
  const read = () => access.publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' })
  const expectPhase = async (phase: Phase) => {
    const snapshot = await read()
    if (snapshot.phase !== phase || (phase !== Phase.Ended && snapshot.round !== round)) {
      throw new Error(`The study is in phase ${snapshot.phase} of round ${snapshot.round}, not ${phase} of ${round}.`)
    }
  }
  const storing = async (operation: string, store: HeliaStore, run: () => Promise<unknown>) => {
    const before = store.traffic()
    const since = performance.now()
    await run()
    const milliseconds = performance.now() - since
    const { sent, received } = store.traffic()
    const bytes = sent - before.sent + received - before.received
    push(samples.storage, `${parameters} ${operation}`, { milliseconds, bytes })
  }

  await expectPhase(Phase.Train)
  const updates: Sealed[] = []
  for (const hospital of hospitals) {
    const plaintext = encodeUpdate({ round, salt: freshSalt(), weight: 1, vector })
    const update = await sealAs(hospital, 'update', round, plaintext, members)
    updates.push(update)
    await storing('put update, receipt', hospital.store, () => hospital.store.put(update.blob))
    const call = { round, update: update.digest, commitment: update.commitment }
    await calling(hospital, 'submitUpdate', samples, () => hospital.chain.submitUpdate(call))
  }

  await expectPhase(Phase.Attest)
  const secrets = hospitals.map(() => ({ scores: hospitals.map(() => 100), salt: randomHex() }))
  const opened = (1n << BigInt(hospitals.length)) - 1n
  for (const [i, hospital] of hospitals.entries()) {
    for (const [j, update] of updates.entries()) {
      if (i === j) continue
      await storing('get update', hospital.store, () =>
        hospital.store.get(hexToBytes(update.digest), { signal: timeLimit(FETCH_MS) }),
      )
    }
    const { signer, self } = signing(hospital)
    await calling(hospital, 'attest', samples, async () => {
      const scoreCommitment = signer.scoreCommitment({ hospital: self, round, ...secrets[i]! })
      const signature = await signer.attestation(hospital.chain.ref, { hospital: self, round, opened, scoreCommitment })
      await hospital.chain.attest({ round, opened, scoreCommitment, signature })
    })
  }

  await expectPhase(Phase.Score)
  const rewraps = `0x${'0'.repeat(64)}` as const
  for (const [i, hospital] of hospitals.entries()) {
    const { signer, self } = signing(hospital)
    const duty = { round, ...secrets[i]!, rewraps }
    await calling(hospital, 'submitScore', samples, async () => {
      const signature = await signer.scores(hospital.chain.ref, { hospital: self, ...duty })
      await hospital.chain.submitScore({ ...duty, signature })
    })
  }

  await expectPhase(Phase.Aggregate)
  const manifest = new Uint8Array(32)
  const plaintext = encodeModel({ study, round, trained: round, manifest, vector, standardisation: null })
  const salts = hospitals.map(freshSalt)
  for (const hospital of hospitals) {
    const model = await sealAs(hospital, 'model', round, plaintext, members, salts)
    await storing('put model, receipt', hospital.store, () => hospital.store.put(model.blob))
    const { signer, self } = signing(hospital)
    const call = { round, modelHash: model.commitment, header: model.digest }
    await calling(hospital, 'signModel', samples, async () => {
      const signature = await signer.model(hospital.chain.ref, { hospital: self, ...call })
      await hospital.chain.signModel({ ...call, signature })
    })
  }
}

async function sealAs(
  { keys, member, chain }: Hospital,
  kind: 'update' | 'model',
  round: number,
  plaintext: Uint8Array,
  members: readonly Member[],
  salts: readonly Uint8Array[] = [],
): Promise<Sealed> {
  const { ref } = chain
  const sender = kind === 'model' ? ref.study : member.address
  const binding: Binding = { ...ref, round, sender, kind }
  const signer = createDutySigner(keys.duty.privateKey)
  const commitment = await sha256Hex(plaintext)
  const fixed = kind === 'model' ? { dataKey: await modelDataKey(salts, binding), iv: modelIv } : {}
  const recipients = members.map(({ address, keys: { encryption } }) => ({ address, encryption }))
  const { blob, digest } = await seal(plaintext, binding, recipients, {
    by: member.address,
    sign: (ciphertext, signed) =>
      signer.sealedBlob(ref, { by: member.address, round, kind, ciphertext, commitment: signed }),
    commitment,
    ...fixed,
  })
  return { blob, digest, commitment }
}

function signing({ keys, chain }: Hospital) {
  return { signer: createDutySigner(keys.duty.privateKey), self: chain.self }
}

async function calling(hospital: Hospital, name: CallName, samples: Samples, run: () => Promise<void>): Promise<void> {
  const { publicClient } = hospital.access
  const before = await publicClient.getBlockNumber({ cacheTime: 0 })
  const since = performance.now()
  await run()
  const milliseconds = performance.now() - since
  const entry = hospital.gasLog.entries().at(-1)
  if (entry?.name !== name) throw new Error(`${name} was not sent.`)
  const { transactions } = await publicClient.getBlock({ blockNumber: entry.block, includeTransactions: true })
  const own = transactions.find(({ from }) => from.toLowerCase() === hospital.member.address.toLowerCase())
  if (own === undefined) throw new Error(`${name} is not in block ${entry.block}.`)
  push(samples.calls, name, {
    milliseconds,
    blocks: Number(entry.block - before),
    gas: Number(entry.gasUsed),
    bytes: (own.input.length - 2) / 2,
  })
}

function storageRows({ storage }: Samples, parameters: number): OperationRow[] {
  const timesARound: Record<string, number> = {
    'put update, receipt': 1,
    'get update': HOSPITALS - 1,
    'put model, receipt': 1,
  }
  return Object.entries(timesARound).map(([operation, times]) => {
    const all = storage.get(`${parameters} ${operation}`) ?? []
    return {
      part: 'storage',
      operation,
      parameters,
      timesARound: times,
      milliseconds: mean(all.map(({ milliseconds }) => milliseconds)),
      bytes: mean(all.map(({ bytes }) => bytes)),
      floorBytes: operation === 'put model, receipt' ? (parameters * 4) / HOSPITALS : parameters * 4,
      floorMilliseconds: null,
    }
  })
}

/** @param first the study's first round: not timed, but its gas, which is the most, counts */
function callRows({ calls }: Samples, first: Samples): CallRow[] {
  return CALLS.map(call => {
    const all = calls.get(call) ?? []
    const gas = [...(first.calls.get(call) ?? []), ...all].map(sample => sample.gas)
    return {
      call,
      milliseconds: mean(all.map(({ milliseconds }) => milliseconds)),
      medianMilliseconds: median(all.map(({ milliseconds }) => milliseconds)),
      blocks: median(all.map(({ blocks }) => blocks)),
      gas: { least: Math.min(...gas), median: median(gas), most: Math.max(...gas) },
      calldataBytes: median(all.map(({ bytes }) => bytes)),
      floorBytes: CALL_FLOOR[call],
    }
  })
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key) ?? []
  list.push(value)
  lists.set(key, list)
}
