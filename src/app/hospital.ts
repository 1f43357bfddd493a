import { checkDeployment } from '../chain/deployment.ts'
import { joinStudy } from '../chain/hospital.ts'
import { readAuditRules, readStudy } from '../chain/reads.ts'
import { createStudyChain } from '../chain/StudyChain.ts'
import { createDutySigner } from '../crypto/duty.ts'
import { type KeyOwner, publicKeys } from '../crypto/keys.ts'
import { AppError } from '../errors/AppError.ts'
import { memberIndex } from '../rounds/duties.ts'
import { openJournal } from '../rounds/journal.ts'
import { createRunner, type Runner } from '../rounds/runner.ts'
import { createHeliaStore, type HeliaStore } from '../storage/heliaStore.ts'
import type { BackendName } from '../training/backends.ts'
import { createTrainingClient, createTrainingWorker } from '../training/client.ts'
import { openAccess } from './access.ts'
import type { HospitalContext, HospitalParts } from './context.ts'
import { followAudits } from './desks/audits.ts'
import { createJoinDesk, type JoinAction } from './desks/joining.ts'
import { createKeepingDesk } from './desks/keeping.ts'
import { createModelDesk } from './desks/model.ts'
import { createPrivacyKeeper } from './desks/privacy.ts'
import { createRoundDesk } from './desks/rounds.ts'
import { logTask, meetMembers, watchTraffic } from './following.ts'
import { fetchInitial } from './initialModel.ts'
import { createInbox, type Inbox } from './join/inbox.ts'
import { indexedDbJoinMemory } from './join/joinMemory.ts'
import { forgetInvitation } from './join/keptInvitation.ts'
import { checkMode } from './join/mode.ts'
import { openInvitation } from './join/redeeming.ts'
import { readRoom } from './join/room.ts'
import { shippedHospitals } from './join/shipped.ts'
import { openInOneTab } from './join/tabs.ts'
import { readTerms } from './join/terms.ts'
import { createWatch, type StudyWatch } from './join/watch.ts'
import { showJoining, walkIn } from './join/way.ts'
import { sentByWallet } from './logTexts.ts'
import { keysFor } from './ownKeys.ts'
import { createParts } from './parts.ts'
import { createPeople } from './people.ts'
import { summarise } from './result.ts'
import type { HospitalSession, OpenHospital } from './session.ts'
import { fetchManifest } from './sponsorStudy.ts'
import { addLog, createHospitalStore, fail } from './store.ts'

/** Opens a hospital in this tab: storage node, keys, training worker, chain, and the runner that drives the rounds. */
export const openHospital: OpenHospital = options => {
  const { site, study, wallet, name, number } = options
  const { address } = wallet.account
  const store = createHospitalStore({ name, number, address })
  const closing = new AbortController()
  const cleanups: (() => unknown)[] = []
  const owner: KeyOwner = { deployment: site.deploymentId, study: study.address, address }
  const context: HospitalContext = {
    options,
    access: openAccess(site, wallet),
    owner,
    namespace: `${owner.deployment}-${owner.study}-${owner.address}`.toLowerCase(),
    store,
    parts: createParts(),
    signal: closing.signal,
    onClose: cleanup => cleanups.push(cleanup),
  }
  const inbox = createInbox<JoinAction>()
  const work = attend(context, inbox, () => handOver()).catch(error => {
    context.parts.fail(error)
    if (!closing.signal.aborted) fail(store, error)
  })
  let closed: Promise<void> | null = null
  followAudits(context)
  const close = () => {
    closed ??= (async () => {
      closing.abort(new DOMException('the page was closed', 'AbortError'))
      await work
      for (const cleanup of cleanups.reverse()) await cleanup()
    })()
    return closed
  }
  /** Another tab of this browser goes on as this hospital. */
  const handOver = () => {
    close().catch(error => console.error(error))
    showJoining(store, { tab: 'handedOver', busy: null })
    store.setState({ stage: 'wrongTab' })
    addLog(store, 'Another tab of this browser took this hospital over.')
  }
  return {
    store,
    joining: createJoinDesk(inbox),
    rounds: createRoundDesk(context),
    model: createModelDesk(context),
    keeping: createKeepingDesk(context),
    privacy: {
      setBudget: async epsilon => (await context.parts.when('privacy'))?.setBudget(epsilon),
    },
    close,
  } satisfies HospitalSession
}

/** From an empty tab to the end of the study. */
async function attend(context: HospitalContext, inbox: Inbox<JoinAction>, handOver: () => void): Promise<void> {
  requireBrowser()
  const { access, store, parts, signal, options, onClose } = context
  await checkDeployment(options.site, access.publicClient)
  const peers = new Set<string>()
  const blobs = await openInOneTab(context, inbox, () => openStorage(context, peers), handOver)
  onClose(() => blobs.close())
  onClose(watchTraffic(store, blobs))
  parts.set('blobs', blobs)

  const watch = await lookUp(context, blobs)
  await haveJoined(context, inbox, watch)
  const runner = await startRunner(context, blobs, peers)
  store.setState({ stage: 'running', round: runner.store.getState() })
  watch.stop()
  const ended = await runner.run(signal)
  signal.throwIfAborted()
  const manifest = await parts.when('manifest')
  const training = await parts.when('training')
  const result = await summarise(store, ended, { runner, training, blobs, manifest })
  // Nobody asks for a proof any more.
  if (manifest.proving !== undefined) await training.clearProofs()
  store.setState({ stage: 'done', result, traffic: blobs.traffic() })
  addLog(store, 'The study has ended.')
}

function openStorage({ namespace, options, signal }: HospitalContext, peers: Set<string>): Promise<HeliaStore> {
  const { site, study } = options
  const direct = study.direct ? { webrtc: true, allowPeers: (peerId: string) => peers.has(peerId) } : {}
  return createHeliaStore({ namespace, relays: site.relays, signal, ...direct })
}

/** What the study is and who is in it: chain, keys, manifest. */
async function lookUp(context: HospitalContext, blobs: HeliaStore): Promise<StudyWatch> {
  const { access, store, parts, owner, signal, options, onClose } = context
  const { address } = options.study
  const chain = createStudyChain({
    ...access,
    study: address,
    carrier: blobs,
    onCarried: (name, by) => by === 'wallet' && addLog(store, sentByWallet(name), 'warning'),
    onTrouble: trouble =>
      trouble === null ? addLog(store, 'The chain answers again.') : addLog(store, trouble.message, 'warning'),
  })
  const people = createPeople(access, store)
  people.meet([owner.address])
  const watch = createWatch(chain, signal, snapshot => {
    people.meet(snapshot.members)
    showJoining(store, { snapshot })
  })
  onClose(watch.stop)
  const [snapshot, info, audits] = await Promise.all([
    watch.first,
    readStudy(access, address),
    readAuditRules(access, address),
  ])
  people.meet([info.sponsor])
  parts.set('chain', chain)
  parts.set('info', info)
  const keys = await keysFor(owner, memberIndex(snapshot, { self: owner.address }) !== null)
  const manifest = await fetchManifest(blobs, info.modelURI, signal)
  checkMode(manifest, info, options.site)
  if (manifest.proving !== undefined || audits !== null) {
    // What describes proofs is fetched where there are any.
    const { checkAudits } = await import('./audits.ts')
    checkAudits(manifest, audits, options.site)
  }
  parts.set('keys', keys)
  parts.set('manifest', manifest)
  blobs.addRelays(manifest.relays)
  store.setState({ study: { address, manifest, rounds: info.rules.rounds } })
  return watch
}

/** Starts the worker, and walks in: patients, this computer, terms, stake. */
async function haveJoined(context: HospitalContext, inbox: Inbox<JoinAction>, watch: StudyWatch): Promise<void> {
  const { access, store, parts, owner, signal, options, namespace, onClose } = context
  const { study, number, backend, auto } = options
  const [chain, info, keys, manifest, blobs] = await all(parts, 'chain', 'info', 'keys', 'manifest', 'blobs')
  const forced = backend === null ? {} : { backend: backend as BackendName }
  const worker = createTrainingWorker(forced)
  onClose(() => worker.terminate())
  const training = createTrainingClient(worker)
  parts.set('worker', training)
  const initial = await fetchInitial(blobs, manifest, signal)
  const privacy = manifest.privacy
    ? createPrivacyKeeper(context, {
        privacy: manifest.privacy,
        rounds: info.rules.rounds,
        roundsLeft: () => info.rules.rounds - (store.getState().round?.snapshot ?? watch.latest()).completed,
      })
    : null
  parts.set('privacy', privacy)
  void privacy?.look()
  const { schema } = manifest
  const people = createPeople(access, store)
  const invitation = openInvitation(context, () => {
    forgetInvitation(window)
    people.meet([owner.address])
  })
  await walkIn({
    store,
    inbox,
    memory: indexedDbJoinMemory(namespace),
    loader: training,
    schema: schema.kind === 'table' ? schema : null,
    seed: study.data.kind === 'csv' ? study.data.seed : manifest.seed,
    shipped: shippedHospitals(study, manifest, info.rules.maxHospitals),
    ownShipped: number === null ? null : number - 1,
    isMember: memberIndex(watch.latest(), { self: owner.address }) !== null,
    auto,
    signal,
    configure: async () => (await training.configure(chain.ref, manifest, owner.address, initial)).backend,
    checkDevice: async () => (await training.checkDevice(manifest, forced, { signal })).localOnly,
    checkRoom: () => readRoom(manifest, info.rules.maxHospitals, info.rules.rounds),
    readTerms: async () => showJoining(store, { terms: await readTerms(access, info, watch.latest(), owner.address) }),
    enter: async () => {
      await invitation.redeem()
      showJoining(store, { busy: 'entering' })
      await joinStudy(access, study.address, await publicKeys(keys), blobs.peerIdBytes)
    },
  })
  parts.set('training', training)
}

async function startRunner(context: HospitalContext, blobs: HeliaStore, peers: Set<string>): Promise<Runner> {
  const { store, parts, namespace, options, onClose, access } = context
  const [chain, keys, manifest, training, privacy] = await all(
    parts,
    'chain',
    'keys',
    'manifest',
    'training',
    'privacy',
  )
  const journal = await openJournal(namespace)
  onClose(() => journal.close())
  const signer = createDutySigner(keys.duty.privateKey)
  const runner = createRunner(
    { chain, store: blobs, training, journal, manifest, signer, privacy: privacy?.portFor(chain.ref) ?? null },
    { onTask: (task, what, error) => logTask(store, manifest, task, what, error) },
  )
  parts.set('runner', runner)
  const people = createPeople(access, store)
  onClose(
    runner.store.subscribe(round => {
      people.meet(round.snapshot?.members ?? [])
      store.setState({ round })
    }),
  )
  if (options.study.direct) onClose(meetMembers(context, runner, blobs, peers))
  return runner
}

/** Several parts that are there, or come. */
function all<const K extends readonly (keyof HospitalParts)[]>(
  parts: HospitalContext['parts'],
  ...names: K
): Promise<{ [I in keyof K]: HospitalParts[K[I]] }> {
  return Promise.all(names.map(name => parts.when(name))) as Promise<{ [I in keyof K]: HospitalParts[K[I]] }>
}

function requireBrowser(): void {
  const lacking = [
    [globalThis.crypto?.subtle, 'secure storage of keys (the page must come over https or from this computer)'],
    [globalThis.indexedDB, 'a database (IndexedDB)'],
    [globalThis.Worker, 'background workers'],
  ].find(([feature]) => feature === undefined)
  if (lacking) throw new AppError('app.unsupported', { what: String(lacking[1]) })
}
