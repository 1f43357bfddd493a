import { type AppError, isAppError } from '../../errors/AppError.ts'
import { pause } from '../../rounds/primitives.ts'
import type { TableSchema } from '../../study/manifest.ts'
import type { Hex, LocalOnly } from '../../study/types.ts'
import type { ColumnMapping, CsvCheck, DeviceCheck, ShippedPreview } from '../../training/screen.ts'
import type { LoadedData, ShippedData } from '../../training/workerApi.ts'
import type { JoinAction } from '../desks/joining.ts'
import { concernsOf, isUsable, type JoinBusy, type JoinView, type Room, type ShippedChoice } from '../desks/joinView.ts'
import type { HospitalStore, Stage } from '../store.ts'
import { addLog } from '../store.ts'
import type { Inbox } from './inbox.ts'
import type { JoinMemory, JoinRecord, PatientSource } from './joinMemory.ts'

/** How often a driven tab tries to join, with longer and longer pauses in between. */
const JOIN_ATTEMPTS = 5
const JOIN_PAUSE_MS = 1000

/** What the way in needs of the training worker. */
export interface PatientLoader {
  checkCsv(file: File, schema: TableSchema, mapping: ColumnMapping | null): Promise<LocalOnly<CsvCheck>>
  loadCsv(
    file: File,
    schema: TableSchema,
    seed: number,
    options?: { readonly mapping?: ColumnMapping | null; readonly leaveOutBadRows?: boolean },
  ): Promise<LocalOnly<LoadedData>>
  loadShipped(data: ShippedData): Promise<LocalOnly<LoadedData>>
  previewShipped(data: ShippedData): Promise<LocalOnly<ShippedPreview>>
  /** Salted digest of the patients that are loaded: tells whether they are the same as last time. */
  patientsDigest(salt: Hex): Promise<LocalOnly<Hex>>
}

/** What the way in works with. */
export interface JoinPorts {
  readonly store: HospitalStore
  readonly inbox: Inbox<JoinAction>
  readonly memory: JoinMemory
  readonly loader: PatientLoader
  /** Null where the study's patients are images: then there are no own files. */
  readonly schema: TableSchema | null
  /** Seeds the split of own files. */
  readonly seed: number
  /** What the page ships for this study, and which of it is this hospital's own. */
  readonly shipped: readonly (ShippedChoice & { readonly data: ShippedData })[]
  readonly ownShipped: number | null
  /** In the study already: what remains is to have the same patients again. */
  readonly isMember: boolean
  /** A program drives this tab: no question is asked. */
  readonly auto: boolean
  readonly signal: AbortSignal
  /** Readies training for the patients that are loaded. @returns the backend */
  configure(): Promise<string>
  /** Measures this computer with the patients that are loaded. */
  checkDevice(): Promise<DeviceCheck>
  checkRoom(): Promise<Room>
  /** Brings the terms that are shown up to date. */
  readTerms(): Promise<void>
  /** Redeems what has to be redeemed, waits for the right moment, puts down the stake. */
  enter(): Promise<void>
}

/**
 * From no patients to being in: data, this computer, terms. Whatever goes wrong leaves the person where they were, with
 * what to do about it; only a driven tab gives up.
 *
 * @throws AppError in a driven tab; the signal's reason
 */
export async function walkIn(ports: JoinPorts): Promise<void> {
  const way = new Way(ports)
  await way.walk()
}

class Way {
  readonly #ports: JoinPorts
  #record!: JoinRecord
  #file: File | null = null
  /** The file of last time and what was said about it, until another choice is made. */
  #remembered: Extract<PatientSource, { kind: 'csv' }> | null = null

  /** What is loaded and not yet said yes to. */
  #candidate: Pick<JoinRecord, 'source' | 'patients'> | null = null

  constructor(ports: JoinPorts) {
    this.#ports = ports
  }

  async walk(): Promise<void> {
    const { memory, store, shipped, schema, isMember } = this.#ports
    this.#record = await memory.load()
    this.#show({ shipped: shipped.map(({ index, name }) => ({ index, name })), takesFiles: schema !== null })
    let isFirst = true
    for (;;) {
      await this.#havePatients(isFirst)
      isFirst = false
      const backend = await this.#ready()
      if (backend === null) continue
      store.setState({ backend })
      addLog(store, 'Patients are loaded.')
      if (isMember) return
      if ((await this.#haveComputer()) && (await this.#agree())) return
    }
  }

  // --- data ---

  /** Until patients are loaded that the person said are theirs. */
  async #havePatients(isFirst: boolean): Promise<void> {
    const { auto, inbox, ownShipped, shipped, signal } = this.#ports
    const source = isFirst ? this.#record.source : null
    if (isFirst) {
      const known = source?.kind === 'shipped' && shipped[source.index] !== undefined ? source.index : null
      // A member's patients are known; a driven tab takes its own. Everybody else is asked once.
      const isSettled = known !== null || auto || this.#ports.isMember
      const index = auto ? (ownShipped ?? known) : (known ?? (source === null ? ownShipped : null))
      if (index !== null && isSettled && (await this.#loadShipped(index))) return
      this.#remembered = source?.kind === 'csv' ? source : null
      if (this.#remembered !== null) this.#show({ chosen: 'csv', rememberedFile: this.#remembered.file })
      else if (shipped.length === 0) this.#show({ chosen: 'csv' })
      this.#stage('needsData')
      if (this.#remembered === null && index !== null) await this.#previewShipped(index)
    } else {
      this.#stage('needsData')
    }
    for (;;) {
      const action = await inbox.next(signal)
      if ((await this.#guarded(() => this.#choose(action))) === true) return
    }
  }

  /** @returns whether patients are loaded and taken */
  async #choose(action: JoinAction): Promise<boolean> {
    const { auto, schema } = this.#ports
    const { joining } = this.#ports.store.getState()
    switch (action.type) {
      case 'chooseShipped':
        this.#file = null
        this.#show({ check: null, hasOtherPatients: false })
        await this.#previewShipped(action.index)
        return false
      case 'chooseOwn':
        this.#show({ chosen: 'csv', shippedIndex: null, preview: null })
        return false
      case 'chooseFile': {
        if (schema === null) return false
        this.#file = action.file
        this.#show({
          chosen: 'csv',
          shippedIndex: null,
          preview: null,
          leaveOutBadRows: false,
          hasOtherPatients: false,
        })
        if (auto) return this.#loadFile(action.file, null, false)
        const source = this.#remembered
        const isSameName = source !== null && source.file === action.file.name
        await this.#check(isSameName ? source.mapping : null)
        if (!isSameName && !this.#ports.isMember) return false
        this.#show({ leaveOutBadRows: source?.leaveOutBadRows ?? false })
        return this.#takeUnasked()
      }
      case 'mapColumn': {
        if (joining.check === null) return false
        await this.#check({ ...joining.check.mapping, [action.column]: action.from })
        return false
      }
      case 'leaveOutBadRows':
        this.#show({ leaveOutBadRows: action.leave })
        return false
      case 'takeData':
        if (joining.chosen === 'shipped' && joining.shippedIndex !== null) {
          return this.#loadShipped(joining.shippedIndex)
        }
        if (this.#file === null || joining.check === null || !isUsable(joining)) return false
        return this.#loadFile(this.#file, joining.check.mapping, joining.leaveOutBadRows)
      case 'goOn':
        if (!joining.hasOtherPatients) return false
        this.#show({ hasOtherPatients: false })
        return this.#take()
      default:
        return false
    }
  }

  async #check(mapping: ColumnMapping | null): Promise<void> {
    const { loader, schema } = this.#ports
    const file = this.#file
    if (file === null || schema === null) return
    const { localOnly } = await this.#busy('reading', () => loader.checkCsv(file, schema, mapping))
    this.#show({ check: localOnly })
  }

  async #previewShipped(index: number): Promise<void> {
    const { loader, shipped } = this.#ports
    const choice = shipped[index]
    if (choice === undefined) return
    this.#show({ chosen: 'shipped', shippedIndex: index, preview: null, check: null })
    await this.#guarded(async () => {
      const { localOnly } = await this.#busy('reading', () => loader.previewShipped(choice.data))
      this.#show({ preview: localOnly })
    })
  }

  /** The file of last time, chosen again and unchanged, needs no second yes. */
  async #takeUnasked(): Promise<boolean> {
    const { joining } = this.#ports.store.getState()
    if (this.#file === null || joining.check === null || this.#record.patients === null || !isUsable(joining))
      return false
    return this.#loadFile(this.#file, joining.check.mapping, joining.leaveOutBadRows, true)
  }

  async #loadShipped(index: number): Promise<boolean> {
    const choice = this.#ports.shipped[index]
    if (choice === undefined) return false
    const loaded = await this.#load(() => this.#ports.loader.loadShipped(choice.data))
    if (loaded === null) return false
    return this.#recognise({ kind: 'shipped', index }, false)
  }

  async #loadFile(
    file: File,
    mapping: ColumnMapping | null,
    leaveOutBadRows: boolean,
    isUnasked = false,
  ): Promise<boolean> {
    const { loader, schema, seed } = this.#ports
    if (schema === null) return false
    const options = { mapping, leaveOutBadRows }
    const loaded = await this.#load(() => loader.loadCsv(file, schema, seed, options))
    if (loaded === null) return false
    return this.#recognise({ kind: 'csv', file: file.name, mapping: mapping ?? {}, leaveOutBadRows }, isUnasked)
  }

  async #load(run: () => Promise<LocalOnly<LoadedData>>): Promise<LoadedData | null> {
    const loaded = await this.#guarded(() => this.#busy('loading', run))
    if (loaded === null) return null
    this.#ports.store.setState({ patients: loaded.localOnly.patients })
    return loaded.localOnly
  }

  /** Compares with last time's patients. A member that brings others is warned before anything is trained on them. */
  async #recognise(source: PatientSource, isUnasked: boolean): Promise<boolean> {
    const { loader, isMember, auto } = this.#ports
    const { localOnly: patients } = await loader.patientsDigest(this.#record.salt)
    const isSame = this.#record.patients === null || this.#record.patients === patients
    this.#candidate = { source, patients }
    // Not the file of last time after all: show it and ask.
    if (!isSame && isUnasked && !isMember) return false
    if (isSame || auto || !isMember) return this.#take()
    this.#show({ hasOtherPatients: true })
    return false
  }

  /** From now on these are the patients of this hospital. */
  async #take(): Promise<boolean> {
    if (this.#candidate === null) return false
    this.#record = { ...this.#record, ...this.#candidate }
    await this.#ports.memory.save(this.#candidate)
    return true
  }

  // --- this computer ---

  /** @returns the backend; null when it did not work and the person goes back to the data */
  async #ready(): Promise<string | null> {
    for (;;) {
      this.#stage(this.#ports.isMember || this.#ports.auto ? 'starting' : 'checkingDevice')
      const backend = await this.#guarded(() => this.#busy('measuring', () => this.#ports.configure()))
      if (backend !== null) return backend
      if ((await this.#answer('tryAgain', 'back')) === 'back') return null
    }
  }

  /** @returns whether to go on; false: back to the data */
  async #haveComputer(): Promise<boolean> {
    const { auto } = this.#ports
    if (auto) return true
    for (;;) {
      this.#stage('checkingDevice')
      this.#show({ room: null, device: this.#record.device })
      const isMeasured = await this.#guarded(() => this.#busy('measuring', () => this.#measure()))
      if (isMeasured !== null && concernsOf(this.#ports.store.getState().joining).length === 0) return true
      const answer = await this.#answer('goOn', 'tryAgain', 'back')
      if (answer === 'back') return false
      if (answer === 'goOn') return true
      this.#record = { ...this.#record, device: null }
    }
  }

  async #measure(): Promise<true> {
    const { memory, checkDevice, checkRoom, readTerms } = this.#ports
    await readTerms()
    this.#show({ room: await checkRoom() })
    const device = this.#record.device ?? (await checkDevice())
    this.#show({ device })
    this.#record = { ...this.#record, device }
    await memory.save({ device })
    return true
  }

  // --- terms ---

  /** @returns whether the hospital is in; false: back to the data */
  async #agree(): Promise<boolean> {
    const { auto, store, signal } = this.#ports
    for (let attempt = 1; ; attempt++) {
      this.#stage('ready')
      // A driven tab asks only where the person at its wallet said no.
      const isAsked = !auto || store.getState().joining.hasDeclined
      if (isAsked) {
        const { error } = store.getState().joining
        await this.#guarded(() => this.#ports.readTerms())
        if (error !== null) this.#show({ error })
        if ((await this.#answer('join', 'back')) === 'back') return false
      }
      this.#stage('joining')
      this.#show({ error: null, hasDeclined: false })
      try {
        await this.#busy('entering', () => this.#ports.enter())
        addLog(store, 'The stake is down; this hospital takes part.')
        return true
      } catch (error) {
        if (!isAppError(error)) throw error
        addLog(store, error.message, 'warning')
        const hasDeclined = error.code === 'chain.rejected'
        this.#show({ hasDeclined, error: hasDeclined ? null : error.toData() })
        if (!auto || hasDeclined) continue
        // Nobody sits here who could press the button again: a wallet or an RPC may only have hiccuped.
        if (attempt === JOIN_ATTEMPTS) throw error
        await pause(attempt * JOIN_PAUSE_MS, signal)
      }
    }
  }

  // --- all steps ---

  /** The next of these that the person asks for. */
  async #answer<T extends JoinAction['type']>(...wanted: readonly T[]): Promise<T> {
    const { inbox, signal } = this.#ports
    for (;;) {
      const { type } = await inbox.next(signal)
      if ((wanted as readonly string[]).includes(type)) return type as T
    }
  }

  /** Shows what the person should know instead of giving up; a driven tab has nobody to show it to. @returns null then */
  async #guarded<T>(run: () => Promise<T>): Promise<T | null> {
    this.#show({ error: null })
    try {
      return await run()
    } catch (error) {
      if (!isAppError(error) || this.#ports.auto) throw error
      this.#show({ error: (error as AppError).toData() })
      return null
    }
  }

  async #busy<T>(busy: JoinBusy, run: () => Promise<T>): Promise<T> {
    this.#show({ busy })
    try {
      return await run()
    } finally {
      this.#show({ busy: null })
    }
  }

  #show(change: Partial<JoinView>): void {
    showJoining(this.#ports.store, change)
  }

  /** Forgets here what was asked for, and nowhere later: a stage's buttons count from the moment that they can be seen. */
  #stage(stage: Stage): void {
    this.#ports.inbox.clear()
    this.#ports.store.setState({ stage })
  }
}

/** Changes what the way in shows. */
export function showJoining(store: HospitalStore, change: Partial<JoinView>): void {
  store.setState(({ joining }) => ({ joining: { ...joining, ...change } }))
}
