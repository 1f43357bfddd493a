import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { AppError } from '../../errors/AppError.ts'
import { Phase, type StudySnapshot } from '../../rounds/ports.ts'
import type { Manifest } from '../../study/manifest.ts'
import type { Address } from '../../study/types.ts'
import type { Automation } from '../automation.ts'
import { createKiosk, type Kiosk, type KioskFrames, type KioskPorts, type KioskStudy } from './kiosk.ts'

const address = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as Address
const settings = { preset: 'heart', idleSeconds: 20, resultSeconds: 10 } as const

/** A world in which a study does what it is told to. */
function createWorld() {
  const calls: string[] = []
  let opened = 0
  let kept: Pick<KioskStudy, 'address' | 'hospitals'> | null = null
  const world = {
    calls,
    snapshot: { phase: Phase.Open, completed: 0, members: [] as Address[] } as unknown as StudySnapshot,
    failOpen: 0,
    failRead: 0,
    states: [] as (Partial<Automation> | null)[],
    shown: [] as readonly string[],
    reloaded: [] as number[],
    get kept() {
      return kept
    },
    keep(study: Pick<KioskStudy, 'address' | 'hospitals'>) {
      kept = study
    },
  }
  const ports: KioskPorts = {
    async open() {
      if (world.failOpen-- > 0) throw new AppError('chain.unreachable', { url: 'x' })
      opened += 1
      calls.push(`open ${opened}`)
      world.snapshot = { phase: Phase.Open, completed: 0, members: [] } as unknown as StudySnapshot
      const hospitals = [1, 2].map(n => ({ name: `H${n}`, address: address(n), url: `/${opened}/${n}` }))
      return { address: address(opened), manifest: {} as Manifest, rounds: 5, hospitals }
    },
    async read() {
      if (world.failRead-- > 0) throw new AppError('chain.unreachable', { url: 'x' })
      return world.snapshot
    },
    async start() {
      calls.push('start')
    },
    async settle({ address: study }) {
      calls.push(`settle ${Number(study)}`)
    },
    async wipe({ address: study }) {
      calls.push(`wipe ${Number(study)}`)
    },
    remembered: () => kept,
    remember: study => {
      kept = study
    },
  }
  const frames: KioskFrames = {
    show(urls) {
      world.shown = urls
      world.states = urls.map(() => ({ status: 'running' }) as Partial<Automation>)
    },
    states: () => world.states as (Automation | null)[],
    reload(index) {
      world.reloaded.push(index)
    },
    async clear() {
      world.shown = []
    },
  }
  return { world, ports, frames }
}

let kiosk: Kiosk | undefined

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(async () => {
  const closing = kiosk?.close()
  await vi.advanceTimersByTimeAsync(1000)
  await closing
  kiosk = undefined
  vi.useRealTimers()
})

function open(made: ReturnType<typeof createWorld>, given: Parameters<typeof createKiosk>[2] = settings) {
  kiosk = createKiosk(made.ports, made.frames, given)
  return kiosk
}

function finish(world: ReturnType<typeof createWorld>['world'], completed = 5) {
  world.snapshot = { ...world.snapshot, phase: Phase.Ended, completed }
  world.states = world.states.map(() => ({ status: 'done' }) as Partial<Automation>)
}

it('waits for a visitor, runs a study, shows its result, clears it away and waits again', async () => {
  const made = createWorld()
  const { world } = made
  const { store, begin } = open(made, { ...settings, idleSeconds: null })
  await vi.advanceTimersByTimeAsync(120_000)
  expect(store.getState().stage).toBe('idle')
  begin()
  await vi.advanceTimersByTimeAsync(600)
  expect(store.getState().stage).toBe('joining')
  expect(world.shown).toEqual(['/1/1', '/1/2'])
  world.snapshot = { ...world.snapshot, members: [address(1), address(2)] }
  await vi.advanceTimersByTimeAsync(1200)
  expect(world.calls).toEqual(['open 1', 'start'])
  world.snapshot = { ...world.snapshot, phase: Phase.Train }
  await vi.advanceTimersByTimeAsync(600)
  expect(store.getState().stage).toBe('running')
  finish(world)
  await vi.advanceTimersByTimeAsync(600)
  expect(store.getState()).toMatchObject({ stage: 'finished', completed: 1, abandoned: 0 })
  await vi.advanceTimersByTimeAsync(10_500)
  expect(store.getState()).toMatchObject({ stage: 'idle', study: null })
  expect(world.calls).toEqual(['open 1', 'start', 'settle 1', 'wipe 1'])
  expect(world.shown).toEqual([])
})

it('begins by itself when nobody comes, and again after each study', async () => {
  const made = createWorld()
  const { world } = made
  const { store } = open(made)
  for (let run = 1; run <= 2; run++) {
    await vi.advanceTimersByTimeAsync(21_000)
    expect(store.getState().stage).toBe('joining')
    finish(world)
    await vi.advanceTimersByTimeAsync(12_000)
    expect(store.getState()).toMatchObject({ stage: 'idle', completed: run })
  }
  expect(world.calls.filter(call => call.startsWith('open'))).toEqual(['open 1', 'open 2'])
})

it('tries again by itself, later and later, while the chain is away', async () => {
  const made = createWorld()
  made.world.failOpen = 2
  const { store, begin } = open(made, { ...settings, idleSeconds: null })
  begin()
  await vi.advanceTimersByTimeAsync(100)
  expect(store.getState()).toMatchObject({ stage: 'recovering', error: { code: 'chain.unreachable' } })
  await vi.advanceTimersByTimeAsync(3_100)
  expect(store.getState().stage).toBe('recovering')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(store.getState().stage).toBe('recovering')
  await vi.advanceTimersByTimeAsync(1_500)
  expect(store.getState().stage).toBe('joining')
})

it('reloads a page that stopped, one that says nothing and one that hangs, but not for ever', async () => {
  const made = createWorld()
  const { world } = made
  const { store, begin } = open(made, { ...settings, idleSeconds: null })
  begin()
  await vi.advanceTimersByTimeAsync(600)
  world.states = [{ status: 'failed' } as Partial<Automation>, { status: 'running', round: 1 } as Partial<Automation>]
  await vi.advanceTimersByTimeAsync(600)
  expect(world.reloaded).toEqual([0])
  world.states = [null, { status: 'running', round: 1 } as Partial<Automation>]
  await vi.advanceTimersByTimeAsync(26_000)
  expect(world.reloaded).toEqual([0, 0])
  await vi.advanceTimersByTimeAsync(26_000)
  expect(world.reloaded.filter(index => index === 1)).toHaveLength(1)
  expect(store.getState().reloads).toBe(world.reloaded.length)
})

it('gives a study up that takes too long, clears it away and begins another', async () => {
  const made = createWorld()
  const { world } = made
  const { store, begin } = open(made, { ...settings, idleSeconds: null })
  begin()
  await vi.advanceTimersByTimeAsync(181_500)
  expect(store.getState()).toMatchObject({ stage: 'recovering', error: { code: 'kiosk.tooLong' }, abandoned: 1 })
  await vi.advanceTimersByTimeAsync(4_000)
  expect(world.calls).toEqual(['open 1', 'settle 1', 'wipe 1', 'open 2'])
})

it('is cleared by the staff at any time, and then waits', async () => {
  const made = createWorld()
  const { world } = made
  const { store, begin, reset } = open(made, { ...settings, idleSeconds: null })
  begin()
  await vi.advanceTimersByTimeAsync(1_100)
  const done = reset()
  await vi.advanceTimersByTimeAsync(1_100)
  await done
  expect(store.getState()).toMatchObject({ stage: 'idle', study: null })
  expect(world.calls).toEqual(['open 1', 'settle 1', 'wipe 1'])
  expect(world.kept).toBeNull()
  begin()
  await vi.advanceTimersByTimeAsync(1_100)
  expect(store.getState().stage).toBe('joining')
})

it('clears away what a closed page left behind', async () => {
  const made = createWorld()
  made.world.keep({ address: address(9), hospitals: [] })
  open(made)
  await vi.advanceTimersByTimeAsync(100)
  expect(made.world.calls).toEqual(['settle 9', 'wipe 9'])
})
