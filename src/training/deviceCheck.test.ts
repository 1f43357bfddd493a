import { describe, expect, it } from 'vitest'
import { AppError } from '../errors/AppError.ts'
import { digitsStudy } from '../study/studies/digits.ts'
import type { BackendName } from './backends.ts'
import { checkDevice } from './deviceCheck.ts'
import { createEngine } from './engine.ts'
import { testDataset, testManifest } from './testing.ts'

const manifest = testManifest()
const dataset = testDataset(1)

describe('the device check', () => {
  it('times real steps on the patients that are loaded and says why the others are not used', async () => {
    const asked: BackendName[] = []
    const check = await checkDevice({
      manifest,
      dataset,
      force: null,
      createEngine: backend => {
        asked.push(backend)
        return createEngine(backend)
      },
    })
    expect(check.backend).toBe('wasm')
    expect(asked).toEqual(['wasm', 'cpu'])
    expect(check.tried.map(({ backend, unused }) => [backend, unused === null])).toEqual([
      ['webgpu', false],
      ['wasm', true],
      ['webgl', false],
      ['cpu', false],
    ])
    expect(check.tried[0]?.unused).toEqual({ kind: 'noGraphics' })
    expect(check.tried[2]?.unused).toEqual({ kind: 'needless' })
    expect(check.tried[3]?.unused?.kind).toMatch(/^(slower|quicker)$/)
    const [, wasm, webgl, cpu] = check.tried
    expect(webgl?.step).toBeNull()
    expect(cpu?.step).toBeGreaterThan(0)
    const batches = Math.ceil(dataset.train.length / manifest.training.batchSize)
    expect(check.secondsPerRound).toBeCloseTo((manifest.training.epochs * batches * (wasm?.step as number)) / 1000, 9)
  })

  it('measures made-up rows and images before any patients are loaded', async () => {
    const check = await checkDevice({ manifest: digitsStudy().manifest, dataset: null, force: null, createEngine })
    expect(check.secondsPerRound).toBeGreaterThan(0)
  })

  it('goes on where another backend does not start, stops when asked, and refuses other data', async () => {
    const failing = (backend: BackendName) =>
      backend === 'cpu' ? Promise.reject(new AppError('training.noBackend', { tried: backend })) : createEngine(backend)
    const check = await checkDevice({ manifest, dataset, force: null, createEngine: failing })
    expect(check.tried.at(-1)).toEqual({ backend: 'cpu', unused: { kind: 'noStart' }, step: null })
    const work = { signal: AbortSignal.abort() }
    await expect(checkDevice({ manifest, dataset, force: null, createEngine, work })).rejects.toMatchObject({
      code: 'training.cancelled',
    })
    const digits = digitsStudy().manifest
    await expect(checkDevice({ manifest: digits, dataset, force: null, createEngine })).rejects.toMatchObject({
      code: 'study.badManifest',
    })
  })
})
