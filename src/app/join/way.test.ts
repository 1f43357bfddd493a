import { beforeEach, describe, expect, it, vi } from 'vitest'
import { heartSchema } from '../../data/heart.ts'
import { AppError } from '../../errors/AppError.ts'
import type { Hex } from '../../study/types.ts'
import type { CsvCheck } from '../../training/screen.ts'
import { createJoinDesk, type JoinAction, type JoinDesk } from '../desks/joining.ts'
import type { JoinTerms } from '../desks/joinView.ts'
import { createHospitalStore, type HospitalStore, type Stage } from '../store.ts'
import { createInbox } from './inbox.ts'
import { type JoinMemory, memoryJoinMemory } from './joinMemory.ts'
import { type JoinPorts, type PatientLoader, showJoining, walkIn } from './way.ts'

const address = '0x00000000000000000000000000000000000000a1'
const device = { backend: 'wasm', tried: [], secondsPerRound: 2 }
const shipped = [0, 1].map(index => ({
  index,
  name: `Center ${index + 1}`,
  data: { study: 'heart' as const, hospitals: 2, index, seed: 1 },
}))
const names = [...heartSchema.features.map(({ name }) => name), heartSchema.outcome.name]

let store: HospitalStore
let desk: JoinDesk
let memory: JoinMemory
let closing: AbortController

beforeEach(() => {
  store = createHospitalStore({ name: 'Cleveland', number: null, address })
  memory = memoryJoinMemory()
  closing = new AbortController()
})

/** A worker whose file is as good as its name says: `2 bad.csv` has two bad rows, `unmapped.csv` lacks a column. */
function loaderOf(): PatientLoader & { readonly loaded: string[] } {
  const loaded: string[] = []
  const data = { name: '', patients: 100, train: 60, validation: 7, test: 33, incomplete: 0, bad: 0 }
  return {
    loaded,
    async checkCsv(file, _schema, mapping) {
      const bad = Number.parseInt(file.name, 10) || 0
      const isMapped = !file.name.startsWith('unmapped') || mapping?.age === 'years'
      const check: CsvCheck = {
        file: file.name,
        columns: isMapped ? names : ['years', ...names.slice(1)],
        head: [],
        rows: 100,
        mapping: mapping ?? Object.fromEntries(names.map(name => [name, name])),
        unmapped: isMapped ? [] : ['age'],
        ignored: [],
        complete: 100 - bad,
        incomplete: 0,
        bad,
        problems: [],
        outcome: null,
        refusal: null,
      }
      return { localOnly: check }
    },
    async loadCsv(file, _schema, _seed, options) {
      const bad = Number.parseInt(file.name, 10) || 0
      if (bad > 0 && !options?.leaveOutBadRows)
        throw new AppError('data.badCells', { file: file.name, count: bad, cells: '' })
      loaded.push(file.name)
      return { localOnly: { ...data, patients: 100 - bad } }
    },
    async loadShipped({ index }) {
      loaded.push(`shipped ${index}`)
      return { localOnly: data }
    },
    previewShipped: async () => ({ localOnly: { columns: names, head: [], patients: 100, images: null } }),
    patientsDigest: async () => ({ localOnly: `0x${loaded.at(-1)}` as Hex }),
  }
}

const terms = { trainSeconds: 180, isAdmitted: true } as JoinTerms

function start(change: Partial<JoinPorts> = {}) {
  const inbox = createInbox<JoinAction>()
  desk = createJoinDesk(inbox)
  const loader = loaderOf()
  const enter = vi.fn(async () => {})
  const checkDevice = vi.fn(async () => device)
  const done = walkIn({
    store,
    inbox,
    memory,
    loader,
    schema: heartSchema,
    seed: 1,
    shipped: [],
    ownShipped: null,
    isMember: false,
    auto: false,
    signal: closing.signal,
    configure: async () => 'wasm',
    checkDevice,
    checkRoom: async () => ({ needed: 1e7, free: 1e9 }),
    readTerms: async () => showJoining(store, { terms }),
    enter,
    ...change,
  })
  done.catch(() => undefined)
  return { done, loader, enter, checkDevice }
}

const stage = (wanted: Stage) => vi.waitFor(() => expect(store.getState().stage).toBe(wanted))
const shown = (change: Partial<ReturnType<HospitalStore['getState']>['joining']>) =>
  vi.waitFor(() => expect(store.getState().joining).toMatchObject(change))
const csv = (name: string) => new File(['x'], name)

describe('a person with a file', () => {
  it('is in after choosing it, saying that these are the patients, and joining', async () => {
    const { done, loader, enter } = start()
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    await shown({ check: expect.objectContaining({ file: 'ward.csv' }) })
    desk.takeData()
    await stage('ready')
    expect(store.getState()).toMatchObject({ patients: 100, backend: 'wasm', joining: { device, terms } })
    desk.join()
    await done
    expect(loader.loaded).toEqual(['ward.csv'])
    expect(enter).toHaveBeenCalledOnce()
  })

  it('cannot use a file with bad rows until they are left out on purpose', async () => {
    const { loader } = start()
    await stage('needsData')
    desk.chooseFile(csv('2 bad.csv'))
    await shown({ check: expect.objectContaining({ bad: 2 }) })
    desk.takeData()
    desk.leaveOutBadRows(true)
    await shown({ leaveOutBadRows: true })
    expect(loader.loaded).toEqual([])
    desk.takeData()
    await stage('ready')
    expect(store.getState().patients).toBe(98)
  })

  it('may choose a corrected file instead, and the choice about the bad rows does not stick to it', async () => {
    const { loader } = start()
    await stage('needsData')
    desk.chooseFile(csv('2 bad.csv'))
    desk.leaveOutBadRows(true)
    desk.chooseFile(csv('corrected.csv'))
    await shown({ check: expect.objectContaining({ file: 'corrected.csv' }), leaveOutBadRows: false })
    desk.takeData()
    await stage('ready')
    expect(loader.loaded).toEqual(['corrected.csv'])
  })

  it('says which column is which where that was not found', async () => {
    start()
    await stage('needsData')
    desk.chooseFile(csv('unmapped.csv'))
    await shown({ check: expect.objectContaining({ unmapped: ['age'] }) })
    desk.takeData()
    desk.mapColumn('age', 'years')
    await shown({ check: expect.objectContaining({ unmapped: [] }) })
    expect(store.getState().stage).toBe('needsData')
  })

  it('stays with the terms when the wallet declines, and may try again', async () => {
    const enter = vi.fn(async () => {})
    enter.mockRejectedValueOnce(new AppError('chain.rejected'))
    enter.mockRejectedValueOnce(new AppError('chain.insufficientFunds'))
    const { done } = start({ enter })
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await stage('ready')
    desk.join()
    await shown({ hasDeclined: true, error: null })
    await stage('ready')
    desk.join()
    await shown({ hasDeclined: false, error: expect.objectContaining({ code: 'chain.insufficientFunds' }) })
    await stage('ready')
    desk.join()
    await done
    expect(enter).toHaveBeenCalledTimes(3)
  })

  it('is heard from the first moment, also while the terms are still being brought up to date', async () => {
    let reads = 0
    let answer = () => {}
    const slow = new Promise<void>(resolve => {
      answer = resolve
    })
    const readTerms = async () => {
      reads += 1
      if (reads > 1) await slow
      showJoining(store, { terms })
    }
    const { done, enter } = start({ readTerms })
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await stage('ready')
    desk.join()
    answer()
    await done
    expect(reads).toBe(2)
    expect(enter).toHaveBeenCalledOnce()
  })

  it('may go back from the terms and bring others', async () => {
    const { loader, checkDevice } = start()
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await stage('ready')
    desk.back()
    await stage('needsData')
    desk.chooseFile(csv('other.csv'))
    await shown({ check: expect.objectContaining({ file: 'other.csv' }) })
    desk.takeData()
    await stage('ready')
    expect(loader.loaded).toEqual(['ward.csv', 'other.csv'])
    expect(checkDevice).toHaveBeenCalledOnce()
  })
})

describe('this computer', () => {
  it('is pointed out where it is too slow, and the person decides', async () => {
    start({ checkDevice: async () => ({ ...device, secondsPerRound: 170 }) })
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await stage('checkingDevice')
    await shown({ device: expect.objectContaining({ secondsPerRound: 170 }) })
    expect(store.getState().stage).toBe('checkingDevice')
    desk.goOn()
    await stage('ready')
  })

  it('is measured again where that failed', async () => {
    const checkDevice = vi.fn(async () => device)
    checkDevice.mockRejectedValueOnce(new AppError('training.noBackend', { tried: 'wasm' }))
    start({ checkDevice })
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await shown({ error: expect.objectContaining({ code: 'training.noBackend' }), busy: null })
    desk.tryAgain()
    await stage('ready')
  })

  it('is measured again where the terms could not be read, and until then says why', async () => {
    let reads = 0
    const readTerms = async () => {
      reads += 1
      if (reads === 1) throw new AppError('chain.unreachable', { url: 'x' })
      showJoining(store, { terms })
    }
    start({ readTerms })
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await shown({ error: expect.objectContaining({ code: 'chain.unreachable' }), busy: null })
    desk.tryAgain()
    await stage('ready')
  })

  it('may be gone on with as soon as that can be pressed', async () => {
    const kept = memory
    let finish = () => {}
    const saved = new Promise<void>(resolve => {
      finish = resolve
    })
    memory = {
      ...kept,
      async save(change) {
        await kept.save(change)
        if (change.device) await saved
      },
    }
    start({ checkDevice: async () => ({ ...device, secondsPerRound: 170 }) })
    await stage('needsData')
    desk.chooseFile(csv('ward.csv'))
    desk.takeData()
    await shown({ device: expect.objectContaining({ secondsPerRound: 170 }) })
    desk.goOn()
    finish()
    await stage('ready')
  })
})

describe('a shipped study', () => {
  it('shows a demo account its own hospital, and lets it choose another', async () => {
    const { loader } = start({ shipped, ownShipped: 1 })
    await shown({ chosen: 'shipped', shippedIndex: 1 })
    desk.chooseShipped(0)
    await shown({ shippedIndex: 0, preview: expect.anything() })
    desk.takeData()
    await stage('ready')
    expect(loader.loaded).toEqual(['shipped 0'])
  })

  it('asks a driven tab nothing', async () => {
    const { done, loader, checkDevice, enter } = start({ shipped, ownShipped: 1, auto: true })
    await done
    expect(loader.loaded).toEqual(['shipped 1'])
    expect(checkDevice).not.toHaveBeenCalled()
    expect(enter).toHaveBeenCalledOnce()
  })
})

describe('a driven tab', () => {
  it('gives up on a file with bad rows, in words', async () => {
    const { done } = start({ auto: true })
    await stage('needsData')
    desk.chooseFile(csv('2 bad.csv'))
    await expect(done).rejects.toMatchObject({ code: 'data.badCells' })
  })
})

describe('after a reload', () => {
  async function reload(change: Partial<JoinPorts> = {}) {
    closing.abort(new DOMException('reload', 'AbortError'))
    closing = new AbortController()
    store = createHospitalStore({ name: 'Cleveland', number: null, address })
    return start(change)
  }

  async function comeToTerms(file: string, change: Partial<JoinPorts> = {}) {
    const walk = start(change)
    await stage('needsData')
    desk.chooseFile(csv(file))
    desk.leaveOutBadRows(true)
    await shown({ leaveOutBadRows: true })
    desk.takeData()
    await stage('ready')
    return walk
  }

  it('names the file, and the same one needs no second yes: its rows stay left out', async () => {
    await comeToTerms('2 bad.csv')
    const { checkDevice } = await reload()
    await shown({ rememberedFile: '2 bad.csv' })
    desk.chooseFile(csv('2 bad.csv'))
    await stage('ready')
    expect(store.getState().patients).toBe(98)
    expect(checkDevice).not.toHaveBeenCalled()
  })

  it('asks about another file as if for the first time', async () => {
    await comeToTerms('ward.csv')
    await reload()
    await stage('needsData')
    desk.chooseFile(csv('other.csv'))
    await shown({ check: expect.objectContaining({ file: 'other.csv' }), leaveOutBadRows: false })
    expect(store.getState().stage).toBe('needsData')
  })

  it('goes on with the shipped hospital that was chosen', async () => {
    start({ shipped, ownShipped: 1 })
    await stage('needsData')
    desk.chooseShipped(0)
    desk.takeData()
    await stage('ready')
    const { loader } = await reload({ shipped, ownShipped: 1 })
    await stage('ready')
    expect(loader.loaded).toEqual(['shipped 0'])
  })

  it('warns a member that brings other patients, and lets it go on or choose again', async () => {
    const { done } = await comeToTerms('ward.csv')
    desk.join()
    await done
    const again = await reload({ isMember: true })
    await shown({ rememberedFile: 'ward.csv' })
    desk.chooseFile(csv('other.csv'))
    await shown({ hasOtherPatients: true })
    desk.chooseFile(csv('ward.csv'))
    await again.done
    expect(again.enter).not.toHaveBeenCalled()

    const third = await reload({ isMember: true })
    await stage('needsData')
    desk.chooseFile(csv('other.csv'))
    await shown({ hasOtherPatients: true })
    desk.goOn()
    await third.done
    expect(third.loader.loaded).toEqual(['other.csv'])
  })
})
