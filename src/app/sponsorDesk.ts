import { encode } from '@ipld/dag-cbor'
import { createStore, type StoreApi } from 'zustand/vanilla'
import { creditsFrom, creditUnits } from '../chain/credits.ts'
import { fundGasPot } from '../chain/gasPot.ts'
import { type AuditRules, listStudies, type Rules, readAuditRules, readStudy } from '../chain/reads.ts'
import { createProvenStudy, createStudy, fundStudy } from '../chain/sponsor.ts'
import type { ChainAccess } from '../chain/transactions.ts'
import { sha256Hex } from '../crypto/bytes.ts'
import { manifestUri } from '../crypto/cid.ts'
import { type AppErrorData, isAppError } from '../errors/AppError.ts'
import type { Work } from '../rounds/ports.ts'
import type { HeliaStore } from '../storage/heliaStore.ts'
import { packInitial } from '../storage/initialBlob.ts'
import { parameterLayout, startPart } from '../study/layout.ts'
import { decodeManifest, type Manifest, type TableSchema } from '../study/manifest.ts'
import type { SuggestedAudits } from '../study/studies/StudyPlan.ts'
import { type Address, sameAddress } from '../study/types.ts'
import type { Forecast } from '../training/privacyForecast.ts'
import type { Site } from './site.ts'
import { type Draft, type DraftStore, indexedDbDraftStore, type SealedPlan } from './sponsorDrafts.ts'
import { readFollowed } from './sponsorFollow.ts'
import {
  checkForm,
  type FormStudy,
  forecastOf,
  formOf,
  newForm,
  type OwnModel,
  type SponsorForm,
  type Template,
  timingSeconds,
} from './sponsorForm.ts'
import { type CreationFacts, nextStep, nothingDone, runSteps, type StepName } from './sponsorSteps.ts'
import { fetchManifest, maskingRules, publishOpenly } from './sponsorStudy.ts'
import { ethOf, weiOf } from './wei.ts'

/** What the sponsor's page shows of its drafts. The desk writes it; pages only read. */
export interface SponsorView {
  /** The one changed last first; null while they are read. */
  readonly drafts: readonly Draft[] | null
  /** Whether everything typed is on disk. */
  readonly isSaved: boolean
  /** What was deleted last, while it can be brought back. */
  readonly deleted: Draft | null
  /** The draft whose study is being made. */
  readonly making: { readonly id: string; readonly step: StepName | null; readonly error: AppErrorData | null } | null
}

/**
 * A sponsor at work in this tab: drafts, and bringing a study about. A method that a person waits for returns a promise and
 * throws AppErrors, which the page shows where the person acted.
 */
export interface SponsorDesk {
  readonly access: ChainAccess
  readonly store: StoreApi<SponsorView>
  /** @returns the new draft's id */
  begin(template: Template): string
  /** Keeps what was typed; on disk a moment later. Does nothing once the first signature was asked for. */
  change(id: string, form: SponsorForm): void
  rename(id: string, name: string): void
  remove(id: string): void
  /** Brings back what was deleted last. */
  undoRemove(): void
  /** @returns the copy's id */
  clone(id: string): string
  /** A draft with the manifest and rules of a study that exists. @returns its id @throws AppError storage.*, study.badManifest */
  cloneStudy(study: Address, signal?: AbortSignal): Promise<string>
  /**
   * Makes the draft's study: signs, pays, publishes; goes on where an earlier attempt stopped. What goes wrong is in the
   * view, and the same call takes it up again.
   * @returns the study's address; null where it stopped
   */
  make(id: string): Promise<Address | null>
  /** Writes what is still only in memory. */
  flush(): Promise<void>
  /** A study's manifest, from this browser or the relays. @throws AppError storage.*, study.badManifest */
  manifestOf(study: Address, signal?: AbortSignal): Promise<Manifest>
  /** Opens the sponsor's node, which also brings to relays what they still lack of it. @throws AppError app.secondTab, storage.* */
  reachRelays(): Promise<void>
  /** Whether a relay answers the sponsor's node; null while there is no node. */
  hasRelay(): boolean | null
  /**
   * Guesses columns from a file in the worker. Only names of columns and levels come out of it.
   * @throws AppError data.*
   */
  inferSchema(files: readonly File[], label: string): Promise<TableSchema>
  /**
   * What noise would cost a study of a table in accuracy, simulated in this tab on made-up patients.
   * @param form without problems @throws AppError training.cancelled, training.noBackend
   */
  forecast(form: SponsorForm, work?: Work): Promise<Forecast>
  /** The file's columns, to choose the outcome from. @throws AppError data.* */
  columnsOf(file: File): Promise<readonly string[]>
  /** Reads a model.json and its weights in the worker. @throws AppError study.badManifest, data.* */
  readOwnModel(files: readonly File[]): Promise<OwnModel>
  close(): Promise<void>
}

/** Milliseconds after the last key until a draft is written. */
const SAVE_AFTER_MS = 400

/**
 * Opens a sponsor's desk.
 * @param drafts where drafts are kept; this browser's IndexedDB by default
 */
export function openSponsorDesk(
  site: Site,
  access: ChainAccess,
  isPublicChain: boolean,
  drafts: DraftStore = indexedDbDraftStore(site.deploymentId),
): SponsorDesk {
  const account = access.walletClient.account.address.toLowerCase() as Address
  const store = createStore<SponsorView>(() => ({ drafts: null, isSaved: true, deleted: null, making: null }))
  const unsaved = new Map<string, Draft>()
  const closing = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let node: Promise<HeliaStore> | undefined
  let relayed: HeliaStore | null = null
  const ready = drafts.list(account).then(
    kept => {
      const fresh = new Set(store.getState().drafts?.map(({ id }) => id))
      const older = kept.filter(({ id }) => !fresh.has(id)).map(withEveryField)
      store.setState(({ drafts }) => ({ drafts: [...(drafts ?? []), ...older] }))
    },
    error => {
      // Without a place to keep them drafts live as long as the page.
      console.error(error)
      store.setState(({ drafts }) => ({ drafts: drafts ?? [] }))
    },
  )

  function find(id: string): Draft {
    const draft = store.getState().drafts?.find(other => other.id === id)
    if (draft === undefined) throw new RangeError(`there is no draft ${id}`)
    return draft
  }

  function show(draft: Draft): void {
    const others = (store.getState().drafts ?? []).filter(({ id }) => id !== draft.id)
    store.setState({ drafts: [draft, ...others].sort((a, b) => b.createdAt - a.createdAt) })
  }

  function keepSoon(draft: Draft): void {
    show(draft)
    unsaved.set(draft.id, draft)
    store.setState({ isSaved: false })
    clearTimeout(timer)
    timer = setTimeout(() => flush().catch(error => console.error(error)), SAVE_AFTER_MS)
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    await ready
    for (const [id, draft] of [...unsaved]) {
      await drafts.put(draft)
      if (unsaved.get(id) === draft) unsaved.delete(id)
    }
    store.setState({ isSaved: unsaved.size === 0 })
  }

  /** At once, and before anything is sent that it must remember. */
  async function keepNow(draft: Draft): Promise<void> {
    show(draft)
    unsaved.delete(draft.id)
    await drafts.put(draft)
  }

  function add(form: SponsorForm): string {
    const id = crypto.randomUUID()
    const now = Date.now()
    keepSoon({ id, account, createdAt: now, changedAt: now, form, plan: null, progress: nothingDone })
    return id
  }

  /** The sponsor's own Helia node; only those who publish or fetch load it. */
  function openNode(): Promise<HeliaStore> {
    node ??= import('../storage/heliaStore.ts').then(async ({ createHeliaStore }) => {
      const namespace = `${site.deploymentId}-sponsor-${account}`.toLowerCase()
      relayed = await createHeliaStore({ namespace, relays: site.relays, signal: closing.signal })
      return relayed
    })
    node.catch(() => {
      node = undefined
    })
    return node
  }

  async function make(id: string): Promise<Address | null> {
    if (store.getState().making?.step != null) return null
    store.setState({ making: { id, step: null, error: null } })
    const show = (step: StepName) => store.setState({ making: { id, step, error: null } })
    try {
      await flush()
      const draft = await sealed(find(id))
      const { plan } = draft
      show(nextStep(plannedSteps(plan), draft.progress) ?? 'manifest')
      const progress = await runSteps(plannedSteps(plan), draft.progress, portsOf(draft), show)
      store.setState({ making: null })
      return progress.study
    } catch (error) {
      if (!isAppError(error)) console.error(error)
      await unsealWhereNothingHappened(id, error)
      store.setState({ making: { id, step: null, error: asData(error) } })
      return null
    }
  }

  /** Fixes what is signed for, so that a later attempt signs for the same. */
  async function sealed(draft: Draft): Promise<Draft & { readonly plan: SealedPlan }> {
    if (draft.plan !== null) return { ...draft, plan: draft.plan }
    const { study } = checkForm(draft.form, site.relays)
    if (study === null) throw new TypeError('a form with problems cannot be signed')
    const plan = await planOf(study, draft.form.modelKind === 'own' ? draft.form.own : null)
    const studiesBefore = (await listStudies(access)).length
    const fromBlock = await access.publicClient.getBlockNumber()
    const next = { ...draft, plan: { ...plan, studiesBefore, fromBlock } }
    await keepNow(next)
    return next
  }

  /** A person who declined the very first signature may want to change something. */
  async function unsealWhereNothingHappened(id: string, error: unknown): Promise<void> {
    const draft = find(id)
    const nothingSent = isAppError(error, 'chain.rejected') || isAppError(error, 'chain.insufficientFunds')
    if (draft.progress.study === null && nothingSent) await keepNow({ ...draft, plan: null })
  }

  function portsOf(draft: Draft & { readonly plan: SealedPlan }) {
    const { plan } = draft
    return {
      facts: (noted: Draft['progress']) => factsOf({ ...draft, progress: noted }),
      async publishAudits() {
        if (plan.audits !== null) await auditsOf(plan, plan.audits)
      },
      create: () => create(plan),
      fund: (study: Address) =>
        fundStudy(access, study, { modelURI: plan.modelURI, rounds: plan.rules.rounds, deposit: plan.deposit }),
      gas: (study: Address) => fundGasPot(access, study, plan.gasWei),
      async initial() {
        if (plan.initial !== null) await publishOpenly(await openNode(), plan.initial, closing.signal)
      },
      async manifest() {
        await publishOpenly(await openNode(), { header: plan.header, chunks: [] }, closing.signal)
      },
      note: (progress: Draft['progress']) => keepNow({ ...find(draft.id), progress }),
    }
  }

  /** What describes proofs is fetched where there are any. Published once: asked again it finds what is there. */
  async function auditsOf({ header }: SealedPlan, audits: SuggestedAudits): Promise<AuditRules> {
    const { publishAudits } = await import('./audits.ts')
    return publishAudits(access, decodeManifest(header), audits)
  }

  async function create(plan: SealedPlan): Promise<Address> {
    const { rules, audits } = plan
    return audits === null ? createStudy(access, rules) : createProvenStudy(access, rules, await auditsOf(plan, audits))
  }

  async function factsOf({ id, plan, progress }: Draft & { readonly plan: SealedPlan }): Promise<CreationFacts> {
    const study = progress.study ?? (await findCreated(id, plan))
    if (study === null) return { study, isFunded: false, pot: 0n }
    const { snapshot, modelURI, pot } = await readFollowed(access, study)
    return { study, isFunded: modelURI !== '' || snapshot.phase > 0, pot }
  }

  /** A study that an earlier attempt created before its tab could note it: mine, by these rules, and no other draft's. */
  async function findCreated(id: string, plan: SealedPlan): Promise<Address | null> {
    const known = store.getState().drafts ?? []
    const isTaken = (study: Address) => known.some(d => d.id !== id && d.progress.study === study)
    for (const study of (await listStudies(access)).slice(plan.studiesBefore)) {
      if (isTaken(study)) continue
      const info = await readStudy(access, study)
      const isOurs = info.modelURI === '' || info.modelURI === plan.modelURI
      if (!isOurs || !sameAddress(info.sponsor, account) || !sameRules(info.rules, plan.rules)) continue
      if (sameAudits(await readAuditRules(access, study), plan.audits)) return study
    }
    return null
  }

  async function manifestOf(study: Address, signal = closing.signal): Promise<Manifest> {
    await ready
    const own = store.getState().drafts?.find(({ progress }) => progress.study === study)?.plan
    if (own) return decodeManifest(own.header)
    const { modelURI } = await readStudy(access, study)
    return fetchManifest(await openNode(), modelURI, signal)
  }

  return {
    access,
    store,
    begin: template => add(newForm(template, isPublicChain)),
    change(id, form) {
      const draft = find(id)
      if (draft.plan === null) keepSoon({ ...draft, form, changedAt: Date.now() })
    },
    rename(id, name) {
      const draft = find(id)
      keepSoon({ ...draft, form: { ...draft.form, name }, changedAt: Date.now() })
    },
    remove(id) {
      const deleted = find(id)
      unsaved.delete(id)
      store.setState(({ drafts }) => ({ drafts: (drafts ?? []).filter(other => other.id !== id), deleted }))
      drafts.remove(id).catch(error => console.error(error))
    },
    undoRemove() {
      const { deleted } = store.getState()
      if (deleted === null) return
      store.setState({ deleted: null })
      keepSoon(deleted)
      flush().catch(error => console.error(error))
    },
    clone: id => add(find(id).form),
    async cloneStudy(study, signal) {
      const [manifest, { rules, audits, pot }] = await Promise.all([
        manifestOf(study, signal),
        readFollowed(access, study),
      ])
      return add(cloneForm(manifest, rules, audits, pot))
    },
    make,
    flush,
    manifestOf,
    async reachRelays() {
      await openNode()
    },
    hasRelay: () => relayed?.status().relays.some(({ connected }) => connected) ?? null,
    inferSchema: (files, label) => withWorker(worker => worker.inferSchema(files, label)),
    forecast: (form, work) => withWorker(worker => worker.forecastPrivacy(forecastOf(form), work)),
    columnsOf: file => withWorker(async worker => (await worker.previewCsv(file)).localOnly.columns),
    readOwnModel: files =>
      withWorker(async worker => {
        const { model, parameters } = await worker.readLayersModel(files)
        const named = files.find(({ name }) => name.endsWith('.json')) ?? files[0]
        return { file: named?.name ?? '', spec: model, parameters }
      }),
    async close() {
      await flush().catch(error => console.error(error))
      closing.abort(new DOMException('the page was closed', 'AbortError'))
      const opened = await node?.catch(() => undefined)
      await opened?.close()
    },
  }
}

/** The worker is there while a file is read; training is the hospitals'. */
async function withWorker<T>(use: (client: import('../training/client.ts').TrainingClient) => Promise<T>): Promise<T> {
  const { createTrainingClient, createTrainingWorker } = await import('../training/client.ts')
  const worker = createTrainingWorker()
  try {
    return await use(createTrainingClient(worker))
  } finally {
    worker.terminate()
  }
}

/** Drafts begun before there were masked studies, scores in them, other clips, compressed or proven studies, say nothing of them. */
function withEveryField(draft: Draft): Draft {
  const { form, plan, progress } = draft
  const masking = form.masking ? { ...form.masking, scored: form.masking.scored ?? false } : null
  const privacy = form.privacy && {
    ...form.privacy,
    perLayer: form.privacy.perLayer ?? false,
    adaptive: form.privacy.adaptive ?? false,
  }
  return {
    ...draft,
    form: {
      ...form,
      privacy,
      masking,
      keep: form.keep ?? 1,
      proving: form.proving ?? null,
      seconds: { ...timingSeconds.desk, ...form.seconds },
    },
    plan: plan && { ...plan, audits: plan.audits ?? null },
    progress: { ...progress, audits: progress.audits ?? false },
  }
}

async function planOf(
  study: FormStudy,
  own: OwnModel | null,
): Promise<Omit<SealedPlan, 'studiesBefore' | 'fromBlock'>> {
  const packed =
    own === null ? null : await packInitial(startPart(parameterLayout(study.manifest.model), own.parameters))
  const manifest: Manifest =
    packed === null
      ? study.manifest
      : { ...study.manifest, initial: { digest: packed.digest, parameters: packed.parameters } }
  const header = encode(manifest)
  const { stake, rewardPerRound, audits, ...numbers } = study.rules
  const { halfToFirst, ...options } = study.options
  return {
    header,
    modelURI: manifestUri(await sha256Hex(header), manifest.name),
    rules: {
      ...numbers,
      ...options,
      ...maskingRules(manifest),
      stake: creditUnits(stake),
      schedule: halfToFirst ? 1 : 0,
    },
    audits: audits ?? null,
    deposit: creditUnits(rewardPerRound * options.maxHospitals * numbers.rounds),
    gasWei: weiOf(study.gasEth),
    initial: packed?.blob ?? null,
  }
}

/** @param pot what is in the gas pot now, wei: the clone suggests as much */
function cloneForm(manifest: Manifest, rules: Rules, audits: AuditRules | null, pot: bigint): SponsorForm {
  const { stake, ...numbers } = rules
  return formOf(
    manifest,
    // What the deposit was is not among the rules: a round's reward starts from the usual one.
    {
      ...numbers,
      stake: creditsFrom(stake),
      rewardPerRound: newForm('table', false).rewardPerRound ?? 0,
      ...(audits && { audits }),
    },
    {
      minHospitals: rules.minHospitals,
      maxHospitals: rules.maxHospitals,
      maxSeats: rules.maxSeats,
      halfToFirst: rules.schedule === 1,
      gasEth: ethOf(pot),
    },
  )
}

/** The steps of a sealed plan. */
export function plannedSteps(plan: SealedPlan) {
  return { hasGasPot: plan.gasWei > 0n, hasInitial: plan.initial !== null, isProven: plan.audits !== null }
}

function sameRules(a: Rules, b: Rules): boolean {
  const names = Object.keys(a) as (keyof Rules)[]
  return names.every(name => a[name] === b[name])
}

/** What is proven follows from the manifest, which is compared apart. */
function sameAudits(found: AuditRules | null, planned: SealedPlan['audits']): boolean {
  if (found === null || planned === null) return found === null && planned === null
  const names = Object.keys(planned) as (keyof typeof planned)[]
  return names.every(name => found[name] === planned[name])
}

function asData(error: unknown): AppErrorData {
  if (isAppError(error)) return error.toData()
  return { code: 'app.bug', details: { reason: error instanceof Error ? error.message : String(error) } }
}
