import { beforeEach, describe, expect, it } from 'vitest'
import { hexToBytes } from '../crypto/bytes.ts'
import { AppError, isAppError } from '../errors/AppError.ts'
import type { GetOptions } from '../storage/BlobStore.ts'
import type { Hex } from '../study/types.ts'
import { perform, type TaskContext } from './effects.ts'
import type { Blob } from './ports.ts'
import { initialState, NO_HASH } from './state.ts'

const self = `0x${'a1'.repeat(20)}` as const
const hashOf = (byte: string): Hex => `0x${byte.repeat(32)}`
const [installed, newest] = [hashOf('b1'), hashOf('b2')]
/** Headers of two seats, the first of which the chain names. */
const [first, second] = [hashOf('c1'), hashOf('c2')]
const whole: Blob = { header: new Uint8Array([1]), chunks: [new Uint8Array([1])] }

/** What was tried, in order: a source and what of it. */
let tried: string[] = []
let completed: Blob[] = []
beforeEach(() => {
  tried = []
  completed = []
})

interface Play {
  readonly compresses?: boolean
  readonly has?: Hex
  /** Which of `source change` and `source whole` does not come, or does not install. */
  readonly gone?: readonly string[]
  readonly refused?: readonly string[]
  readonly onTry?: () => void
}

/** A hospital that has one model and installs the next; blobs have a change from the model that it has. */
function installing({ compresses = true, has = installed, gone = [], refused = [], onTry }: Play = {}) {
  const controller = new AbortController()
  const fetched = new Map<Blob, string>()
  const store = {
    async get(digest: Uint8Array, { since }: GetOptions = {}): Promise<Blob> {
      const source = Buffer.compare(digest, hexToBytes(first)) === 0 ? 'first' : 'second'
      const part = since === installed ? ({ part: 'change' } as const) : {}
      const what = `${source} ${part.part ?? 'whole'}`
      tried.push(what)
      onTry?.()
      if (gone.includes(what)) throw new AppError('storage.notFound')
      const blob = { header: digest, chunks: [], ...part }
      fetched.set(blob, what)
      return blob
    },
    complete: async (blob: Blob) => void completed.push(blob),
  }
  const training = {
    async installModel(_round: number, _hash: Hex, blob: Blob): Promise<Blob | null> {
      if (refused.includes(fetched.get(blob) as string)) throw new AppError('crypto.badCommitment')
      return blob.part === 'change' ? whole : null
    },
  }
  const chain = { self, members: async () => [], modelHeaders: async () => [{ hospital: '0x', digest: second }] }
  const context = {
    ports: { chain, store, training, manifest: compresses ? { compression: { keep: 0.25 } } : {} },
    snapshot: { modelRound: 7, modelHash: newest, modelHeader: first, members: [] },
    state: () => ({ ...initialState(self), installed: { round: has === NO_HASH ? 0 : 6, hash: has } }),
    signal: controller.signal,
    onProgress: () => {},
  } as unknown as TaskContext
  return { done: perform({ type: 'install', round: 7 }, context), controller }
}

const result = { installed: { round: 7, hash: newest } }

describe('a new model is installed', () => {
  it('by its change where the study compresses, and the whole is kept that it leads to', async () => {
    expect(await installing().done).toEqual(result)
    expect(tried).toEqual(['first change'])
    expect(completed).toEqual([whole])
  })

  it.each<[string, Play]>([
    ['the study does not compress', { compresses: false }],
    ['no model is installed, as after a reload', { has: NO_HASH }],
    ['another model is installed than the change is from', { has: hashOf('b0') }],
  ])('whole where %s', async (_, play) => {
    expect(await installing(play).done).toEqual(result)
    expect(tried).toEqual(['first whole'])
    expect(completed).toEqual([])
  })

  it.each<[string, Play]>([
    ['is not what it claims to be', { refused: ['first change'] }],
    ['cannot be fetched', { gone: ['first change'] }],
  ])('by the whole of the same blob where its change %s', async (_, play) => {
    expect(await installing(play).done).toEqual(result)
    expect(tried).toEqual(['first change', 'first whole'])
    expect(completed).toEqual([])
  })

  it('from the next seat where neither is any good, and not at all where none is', async () => {
    expect(await installing({ gone: ['first change'], refused: ['first whole'] }).done).toEqual(result)
    expect(tried).toEqual(['first change', 'first whole', 'second change'])
    const all = ['first change', 'first whole', 'second change', 'second whole']
    const error = await installing({ refused: all }).done.catch((e: unknown) => e)
    expect(isAppError(error, 'crypto.badCommitment')).toBe(true)
  })

  it('no further once it is cancelled', async () => {
    const { done, controller } = installing({
      gone: ['first change'],
      onTry: () => controller.abort(new Error('enough')),
    })
    await expect(done).rejects.toThrow('enough')
    expect(tried).toEqual(['first change'])
  })
})
