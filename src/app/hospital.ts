import { DEV_CHAIN_ID, publicClientFor } from '../chain/clients.ts'
import { checkDeployment } from '../chain/deployment.ts'
import { joinStudy } from '../chain/hospital.ts'
import { peerIdsOf, readStudy } from '../chain/reads.ts'
import { createStudyChain } from '../chain/StudyChain.ts'
import { indexedDbTransactionJournal } from '../chain/transactionJournal.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { hexToBytes } from '../crypto/bytes.ts'
import { createDutySigner } from '../crypto/duty.ts'
import { createKeys, type HospitalKeys, indexedDbKeyStore, type KeyOwner, publicKeys } from '../crypto/keys.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import { memberIndex } from '../rounds/duties.ts'
import { openJournal } from '../rounds/journal.ts'
import type { ChainPort } from '../rounds/ports.ts'
import { createRunner, type Runner } from '../rounds/runner.ts'
import type { HospitalState, Task } from '../rounds/state.ts'
import { createHeliaStore, type HeliaStore } from '../storage/heliaStore.ts'
import { peerIdText } from '../storage/peerKey.ts'
import type { Manifest } from '../study/manifest.ts'
import type { BackendName } from '../training/backends.ts'
import { createTrainingClient, createTrainingWorker, type TrainingClient } from '../training/client.ts'
import type { ShippedData } from '../training/workerApi.ts'
import type { HospitalContext } from './context.ts'
import { createKeepingDesk } from './desks/keeping.ts'
import { createModelDesk } from './desks/model.ts'
import { createRoundDesk } from './desks/rounds.ts'
import { attemptTexts, doneTexts } from './logTexts.ts'
import { createParts } from './parts.ts'
import { shownRound } from './phases.ts'
import type { HospitalSession, OpenHospital, SessionOptions } from './session.ts'
import type { ListedStudy } from './site.ts'
import { fetchManifest } from './sponsorStudy.ts'
import { addLog, createHospitalStore, fail, type HospitalResult, type HospitalStore } from './store.ts'

/** Milliseconds between looks at the chain. The dev chain mines on demand; others take seconds, and their RPCs count calls. */
const POLL_MS = { dev: 150, public: 1000 } as const
/** How often a driven tab tries to join, with longer and longer pauses in between. */
const JOIN_ATTEMPTS = 5
const JOIN_PAUSE_MS = 1000
/** How often the traffic shown is brought up to date, in milliseconds. */
const TRAFFIC_MS = 1000

/** Opens a hospital in this tab: storage node, keys, training worker, chain, and the runner that drives the rounds. */
export const openHospital: OpenHospital = options => {
  const store = createHospitalStore({
    name: options.name,
    number: options.number,
    address: options.wallet.account.address,
  })
  const closing = new AbortController()
  const opened: Opened = { cleanups: [], runner: null, file: deferred(), consent: deferred() }
  const { site, study, wallet } = options
  const owner: KeyOwner = { deployment: site.deploymentId, study: study.address, address: wallet.account.address }
  const context: HospitalContext = {
    options,
    access: {
      deployment: site,
      publicClient: publicClientFor(site),
      walletClient: wallet,
      journal: indexedDbTransactionJournal(site.deploymentId),
      pollInterval: site.chainId === DEV_CHAIN_ID ? POLL_MS.dev : POLL_MS.public,
    },
    owner,
    namespace: `${owner.deployment}-${owner.study}-${owner.address}`.toLowerCase(),
    store,
    parts: createParts(),
    signal: closing.signal,
    onClose: cleanup => opened.cleanups.push(cleanup),
  }
  const work = attend(context, opened).catch(error => {
    context.parts.fail(error)
    if (!closing.signal.aborted) fail(store, error)
  })
  return {
    store,
    joining: { chooseFile: chosen => opened.file.resolve(chosen), join: () => opened.consent.resolve() },
    rounds: createRoundDesk(context),
    model: createModelDesk(context),
    keeping: createKeepingDesk(context),
    async close() {
      closing.abort(new DOMException('the page was closed', 'AbortError'))
      await work
      for (const cleanup of opened.cleanups.reverse()) await cleanup()
    },
  } satisfies HospitalSession
}

interface Opened {
  readonly cleanups: (() => unknown)[]
  runner: Runner | null
  readonly file: Deferred<File>
  readonly consent: Deferred<void>
}

/** From an empty tab to the end of the study. */
async function attend(context: HospitalContext, opened: Opened): Promise<void> {
  requireBrowser()
  const { options, access, owner, namespace, store, parts, signal } = context
  const { site, study, wallet } = options
  const address = wallet.account.address
  await checkDeployment(site, access.publicClient)
  const peers = new Set<string>()
  const direct = study.direct ? { webrtc: true, allowPeers: (peerId: string) => peers.has(peerId) } : {}
  const blobs = await createHeliaStore({ namespace, relays: site.relays, signal, ...direct })
  opened.cleanups.push(() => blobs.close())
  watchTraffic(store, blobs, opened)

  parts.set('blobs', blobs)
  const chain = createStudyChain({
    ...access,
    study: study.address,
    onTrouble: trouble =>
      trouble === null ? addLog(store, 'The chain answers again.') : addLog(store, trouble.message, 'warning'),
  })
  const [snapshot, info] = await Promise.all([firstSnapshot(chain, signal), readStudy(access, study.address)])
  parts.set('chain', chain)
  parts.set('info', info)
  const isMember = memberIndex(snapshot, { self: address }) !== null
  const keys = await keysFor(owner, isMember)
  const manifest = await fetchManifest(blobs, info.modelURI, signal)
  parts.set('keys', keys)
  parts.set('manifest', manifest)
  blobs.addRelays(manifest.relays)
  store.setState({ study: { address: study.address, manifest, rounds: info.rules.rounds } })

  const { training, patients } = await loadPatients(options, manifest, store, opened, signal)
  const { backend } = await training.configure(chain.ref, manifest, address)
  parts.set('training', training)
  store.setState({ backend, patients })
  addLog(store, `Patients are loaded; training runs on ${backend}.`)

  if (!isMember) await enter(options, access, keys, blobs, store, opened, signal)
  const journal = await openJournal(namespace)
  opened.cleanups.push(() => journal.close())
  const runner = createRunner(
    { chain, store: blobs, training, journal, manifest, signer: createDutySigner(keys.duty.privateKey) },
    { onTask: (task, what, error) => logTask(store, manifest, task, what, error) },
  )
  opened.runner = runner
  parts.set('runner', runner)
  opened.cleanups.push(runner.store.subscribe(round => store.setState({ round })))
  if (study.direct) opened.cleanups.push(meetMembers(runner, blobs, peers, access, study.address))
  store.setState({ stage: 'running', round: runner.store.getState() })
  const ended = await runner.run(signal)
  signal.throwIfAborted()
  const result = await summarise(store, ended, runner, training, blobs, manifest)
  store.setState({ stage: 'done', result, traffic: blobs.traffic() })
  addLog(store, 'The study has ended.')
}

/** The first look at the chain: whether this hospital is in already. */
async function firstSnapshot(chain: ChainPort, signal: AbortSignal) {
  for await (const snapshot of chain.snapshots(signal)) return snapshot
  throw signal.reason
}

/** Keys are made once and kept before the registry hears of them; a member without its keys cannot go on from here. */
async function keysFor(owner: KeyOwner, isMember: boolean): Promise<HospitalKeys> {
  const keyStore = indexedDbKeyStore()
  const known = await keyStore.load(owner)
  if (known !== undefined) return known
  if (isMember) throw new AppError('crypto.noKeys')
  const keys = await createKeys()
  await keyStore.save(owner, keys)
  return keys
}

/** Starts the worker and has it load this hospital's patients: a shipped hospital's by number, else the person's file. */
async function loadPatients(
  { study, number, backend, auto }: SessionOptions,
  manifest: Manifest,
  store: HospitalStore,
  opened: Opened,
  signal: AbortSignal,
): Promise<{ readonly training: TrainingClient; readonly patients: number }> {
  const worker = createTrainingWorker(backend === null ? {} : { backend: backend as BackendName })
  opened.cleanups.push(() => worker.terminate())
  const training = createTrainingClient(worker)
  const shipped = number === null ? null : shippedData(study, number - 1, manifest)
  if (shipped !== null) {
    const { localOnly } = await training.loadShipped(shipped)
    return { training, patients: localOnly.patients }
  }
  const { schema } = manifest
  if (schema.kind !== 'table')
    throw new AppError('data.unreadable', { file: 'Images', reason: 'only tables can be loaded' })
  const seed = study.data.kind === 'csv' ? study.data.seed : manifest.seed
  for (;;) {
    store.setState({ stage: 'needsData' })
    const file = await unlessAborted(opened.file.promise, signal)
    try {
      const { localOnly } = await training.loadCsv(file, schema, seed)
      store.setState({ stage: 'starting', error: null })
      return { training, patients: localOnly.patients }
    } catch (error) {
      if (!isAppError(error) || auto) throw error
      // A file with bad rows: say where, and let the person choose another.
      store.setState({ error: error.toData() })
      opened.file.reset()
    }
  }
}

function shippedData({ data, hospitals }: ListedStudy, index: number, manifest: Manifest): ShippedData | null {
  switch (data.kind) {
    case 'heart':
      return { study: 'heart', hospitals: hospitals.length, index, seed: manifest.seed }
    case 'digits':
      return { study: 'digits', hospitals: data.hospitals, index, seed: data.seed, alpha: data.alpha }
    case 'csv':
    case 'manifest':
      return null
  }
}

/** Puts the stake down and enters, on the person's word or by itself in a driven tab. */
async function enter(
  { auto, study }: SessionOptions,
  access: ChainAccess,
  keys: HospitalKeys,
  blobs: HeliaStore,
  store: HospitalStore,
  opened: Opened,
  signal: AbortSignal,
): Promise<void> {
  store.setState({ stage: 'ready' })
  if (!auto) await unlessAborted(opened.consent.promise, signal)
  for (let attempt = 1; ; attempt++) {
    store.setState({ stage: 'joining', error: null })
    try {
      await joinStudy(access, study.address, await publicKeys(keys), blobs.peerIdBytes)
      addLog(store, 'The stake is down; this hospital takes part.')
      return
    } catch (error) {
      if (!isAppError(error)) throw error
      addLog(store, error.message, 'warning')
      const declined = error.code === 'chain.rejected'
      if (auto && !declined) {
        // Nobody sits here who could press the button again: a wallet or an RPC may only have hiccuped.
        if (attempt === JOIN_ATTEMPTS) throw error
        await unlessAborted(new Promise(resolve => setTimeout(resolve, attempt * JOIN_PAUSE_MS)), signal)
        continue
      }
      store.setState({ stage: 'ready', error: declined ? null : error.toData() })
      opened.consent.reset()
      await unlessAborted(opened.consent.promise, signal)
    }
  }
}

async function summarise(
  store: HospitalStore,
  state: HospitalState,
  runner: Runner,
  training: TrainingClient,
  blobs: HeliaStore,
  manifest: Manifest,
): Promise<HospitalResult | null> {
  const final = state.evaluations.at(-1)
  if (final === undefined) return null
  const { name, address, patients, backend } = store.getState()
  if (address === null || patients === null || backend === null) return null
  const { train, encrypt, other } = await training.spent()
  const spent = runner.spent()
  const busy = train + encrypt + other + spent.store + spent.chain
  return {
    name,
    address,
    patients,
    majorityAccuracy: final.majorityAccuracy,
    federated: final.federated,
    local: final.local,
    history: state.evaluations.map(({ round, federated }) => ({
      round: shownRound(round, manifest),
      accuracy: federated.accuracy,
    })),
    epochs: (state.snapshot?.completed ?? 0) * manifest.training.epochs,
    backend,
    traffic: blobs.traffic(),
    seconds: { ...spent, train, encrypt, wait: Math.max(0, spent.total - busy) },
  }
}

/** Connects this tab to the other members' as they join. Only nodes that the registry names for this study may connect. */
function meetMembers(
  runner: Runner,
  blobs: HeliaStore,
  peers: Set<string>,
  access: ChainAccess,
  study: ListedStudy['address'],
): () => void {
  let known = 0
  return runner.store.subscribe(({ snapshot }) => {
    const members = snapshot?.members ?? []
    if (members.length <= known) return
    known = members.length
    peerIdsOf(access, study, members)
      .then(ids => {
        for (const id of ids) peers.add(peerIdText(hexToBytes(id)))
        blobs.meet([...peers])
      })
      // The relays carry everything all the same; the next member that joins brings another try.
      .catch(error => console.warn('members cannot be met directly', error))
  })
}

function watchTraffic(store: HospitalStore, blobs: HeliaStore, opened: Opened): void {
  const timer = setInterval(() => {
    const traffic = blobs.traffic()
    const shown = store.getState().traffic
    if (traffic.sent !== shown.sent || traffic.received !== shown.received) store.setState({ traffic })
  }, TRAFFIC_MS)
  opened.cleanups.push(() => clearInterval(timer))
}

function logTask(
  store: HospitalStore,
  manifest: Manifest,
  task: Task,
  what: 'began' | 'done' | 'failed' | 'stopped',
  error: unknown,
): void {
  const reason = isAppError(error) ? error.message : error instanceof Error ? error.message : String(error)
  const round = `Round ${shownRound(task.round, manifest)}`
  if (what === 'failed') addLog(store, `${round}, ${attemptTexts[task.type]}: ${reason}`, 'warning')
  // Stopped is the usual end of what others have done meanwhile: nothing to tell.
  else if (what === 'done') addLog(store, `${round}: ${doneTexts[task.type]}`)
}

function requireBrowser(): void {
  const lacking = [
    [globalThis.crypto?.subtle, 'secure storage of keys (the page must come over https or from this computer)'],
    [globalThis.indexedDB, 'a database (IndexedDB)'],
    [globalThis.Worker, 'background workers'],
  ].find(([feature]) => feature === undefined)
  if (lacking) throw new AppError('app.unsupported', { what: String(lacking[1]) })
}

interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reset(): void
}

function deferred<T>(): Deferred<T> {
  let settle: (value: T) => void
  let promise: Promise<T>
  const reset = () => {
    promise = new Promise<T>(resolve => {
      settle = resolve
    })
  }
  reset()
  return {
    get promise() {
      return promise
    },
    resolve: value => settle(value),
    reset,
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
