import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../errors/AppError.ts'
import { type Automation, publishAutomation } from './automation.ts'
import { addLog, createHospitalStore, fail, type HospitalStore } from './store.ts'

const address = '0x00000000000000000000000000000000000000a1'
let store: HospitalStore

beforeEach(() => {
  store = createHospitalStore({ name: 'Cleveland', number: 1, address })
})

describe('log', () => {
  it('keeps the last 500 lines and numbers them for good', () => {
    for (let i = 1; i <= 510; i++) addLog(store, `step ${i}`)
    const { log } = store.getState()
    expect(log).toHaveLength(500)
    expect(log[0]).toMatchObject({ id: 11, text: 'step 11' })
    expect(log.at(-1)).toMatchObject({ id: 510, text: 'step 510' })
  })
})

describe('fail', () => {
  it('keeps the code, so that the page can say what to do', () => {
    fail(store, new AppError('data.empty', { file: 'a.csv' }))
    expect(store.getState()).toMatchObject({
      stage: 'failed',
      error: { code: 'data.empty', details: { file: 'a.csv' } },
    })
    expect(store.getState().log.at(-1)).toMatchObject({ level: 'error' })
  })

  it('shows a bug as one, and leaves its stack in the console', () => {
    const console_ = vi.spyOn(console, 'error').mockReturnValue()
    const bug = new TypeError('x is undefined')
    fail(store, bug)
    expect(store.getState().error).toEqual({ code: 'app.bug', details: { reason: 'x is undefined' } })
    expect(console_).toHaveBeenCalledWith(bug)
    console_.mockRestore()
  })
})

describe('window.wardround', () => {
  beforeEach(() => {
    vi.stubGlobal('window', {})
    publishAutomation(store)
  })
  afterEach(() => void vi.unstubAllGlobals())

  const read = (): Automation => ({ ...(window.wardround as Automation) })

  it('can be copied as plain data and follows the store', () => {
    expect(read()).toEqual({
      version: 1,
      status: 'starting',
      phase: null,
      round: 0,
      completed: 0,
      rounds: 0,
      task: null,
      backend: null,
      error: null,
      result: null,
    })
    store.setState({ stage: 'running', backend: 'wasm' })
    expect(read()).toMatchObject({ status: 'running', backend: 'wasm' })
  })

  it('says an error in words', () => {
    fail(store, new AppError('data.noLabel', { file: 'a.csv', label: 'ill', columns: 'age, sex' }))
    expect(read().error).toMatchObject({
      code: 'data.noLabel',
      message: 'a.csv has no column “ill”. Its columns are: age, sex. Name one of them with the label.',
    })
  })

  it('cannot be written', () => {
    expect(() => Object.assign(window.wardround as object, { status: 'done' })).toThrow(TypeError)
    expect(() => Object.assign(window, { wardround: null })).toThrow(TypeError)
  })
})
