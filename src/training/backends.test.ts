import { describe, expect, test } from 'vitest'
import { chooseBackend, loadBackend } from './backends.ts'

const gpu = (adapter: object | null) => ({ requestAdapter: async () => adapter })
const hardware = { info: { vendor: 'nvidia', architecture: 'ampere', device: '', description: '' } }
const swiftshader = { info: { vendor: 'google', architecture: 'swiftshader', device: '', description: '' } }

describe('chooseBackend', () => {
  test('takes a hardware adapter first', async () => {
    expect(await chooseBackend({ gpu: gpu(hardware) })).toMatchObject({ name: 'webgpu', adapter: 'nvidia ampere' })
  })

  test.each([
    ['SwiftShader', swiftshader],
    ['llvmpipe', { info: { vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' } }],
    ['Microsoft’s', { info: { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' } }],
    ['a fallback that says so', { ...hardware, isFallbackAdapter: true }],
    ['a fallback that says so in its info', { info: { ...hardware.info, isFallbackAdapter: true } }],
  ])('never takes a software adapter by itself: %s', async (_, adapter) => {
    const choice = await chooseBackend({ gpu: gpu(adapter) })
    expect(choice.name).toBe('wasm')
    expect(choice.reason).toMatch(/software/)
  })

  test('without an adapter, or when asking for one fails, takes wasm', async () => {
    const failing = { requestAdapter: () => Promise.reject(new Error('the GPU process is gone')) }
    for (const choice of [chooseBackend(), chooseBackend({ gpu: gpu(null) }), chooseBackend({ gpu: failing })]) {
      expect(await choice).toEqual({ name: 'wasm', reason: 'WebAssembly: no graphics adapter' })
    }
  })

  test('takes what is forced, a software adapter too, and fails when it is not there', async () => {
    expect(await chooseBackend({ force: 'cpu', gpu: gpu(hardware) })).toMatchObject({ name: 'cpu' })
    expect(await chooseBackend({ force: 'webgpu', gpu: gpu(swiftshader) })).toMatchObject({
      name: 'webgpu',
      adapter: 'google swiftshader',
    })
    await expect(chooseBackend({ force: 'webgpu', gpu: gpu(null) })).rejects.toMatchObject({
      code: 'training.noBackend',
    })
  })
})

describe('loadBackend', () => {
  test('a backend that cannot start here is refused by name', async () => {
    await expect(loadBackend('webgpu')).rejects.toMatchObject({
      code: 'training.noBackend',
      details: { tried: 'webgpu' },
    })
  })

  test('wasm leaves Node’s last-resort handlers as they were', async () => {
    const before = process.rawListeners('uncaughtException')
    await loadBackend('wasm')
    expect(process.rawListeners('uncaughtException')).toEqual(before)
  })
})
