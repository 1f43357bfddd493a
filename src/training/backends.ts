import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../errors/AppError.ts'
import { registerWasmGradients } from './wasmGradients.ts'

export type BackendName = 'webgpu' | 'wasm' | 'webgl' | 'cpu'

export interface BackendChoice {
  readonly name: BackendName
  /** Why this one, in a few words for the person. */
  readonly reason: string
  /** The graphics adapter, where one is used. */
  readonly adapter?: string
}

/** Where the three binaries of the wasm backend are served. */
export type WasmFiles = Readonly<
  Record<'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm', string>
>

/** The parts of GPUAdapter that tell hardware from software. */
interface Adapter {
  readonly isFallbackAdapter?: boolean
  readonly info?: {
    readonly vendor?: string
    readonly architecture?: string
    readonly device?: string
    readonly description?: string
    readonly isFallbackAdapter?: boolean
  }
}
interface Gpu {
  requestAdapter(options?: { powerPreference?: 'low-power' | 'high-performance' }): Promise<Adapter | null>
}

/**
 * Chooses what to train on: a hardware WebGPU adapter first; else wasm, which on a desk without a GPU is 4 times faster than
 * WebGL in software and 10 times faster than plain JavaScript; else plain JavaScript. An adapter that is itself software is
 * never chosen, because it is slower than the processor it runs on, but may be forced.
 *
 * @param options.force take this one or fail
 * @throws AppError training.noBackend when the forced one is not there
 */
export async function chooseBackend({
  force,
  gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu,
}: {
  readonly force?: BackendName | undefined
  readonly gpu?: Gpu | undefined
} = {}): Promise<BackendChoice> {
  if (force !== undefined && force !== 'webgpu') return { name: force, reason: 'asked for' }

  const adapter = await requestAdapter(gpu)
  if (force === 'webgpu') {
    if (!adapter) throw new AppError('training.noBackend', { tried: 'webgpu' })
    return { name: 'webgpu', reason: 'asked for', adapter: nameOf(adapter) }
  }
  if (adapter && !isSoftware(adapter)) {
    return { name: 'webgpu', reason: 'a graphics processor', adapter: nameOf(adapter) }
  }
  const without = adapter ? `the graphics adapter is software (${nameOf(adapter)})` : 'no graphics adapter'
  if (typeof WebAssembly === 'object') return { name: 'wasm', reason: `WebAssembly: ${without}` }
  return { name: 'cpu', reason: `plain JavaScript: ${without}, no WebAssembly` }
}

/**
 * Loads a backend's code, once, and makes it ready. Only what is used is loaded.
 * @param wasm where the binaries are; in Node they are found in node_modules
 * @throws AppError training.noBackend when it does not start
 */
export async function loadBackend(name: BackendName, wasm?: WasmFiles): Promise<void> {
  // Without it the cpu backend prints an advertisement in Node.
  tf.enableProdMode()
  const processListeners = listenersInNode()
  try {
    switch (name) {
      case 'webgpu':
        await import('@tensorflow/tfjs-backend-webgpu')
        break
      case 'webgl':
        await import('@tensorflow/tfjs-backend-webgl')
        break
      case 'cpu':
        await import('@tensorflow/tfjs-backend-cpu')
        break
      case 'wasm': {
        const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
        if (tf.findBackend('wasm') === null) setWasmPaths(wasm ?? filesInNode())
        registerWasmGradients()
        break
      }
    }
    if (!(await tf.setBackend(name))) throw new Error(`${name} did not start`)
    await tf.ready()
  } catch (error) {
    throw new AppError('training.noBackend', { tried: name }, error)
  } finally {
    processListeners?.restore()
  }
}

/**
 * Makes a loaded backend the current one. Two engines with different backends may take turns in one realm, so an engine
 * calls this whenever it goes on after an await.
 */
export function activateBackend(name: BackendName): void {
  // setBackend is asynchronous only for a backend that has not started.
  if (tf.getBackend() !== name) void tf.setBackend(name)
}

/** What the graphics adapter is, if one answers at all. */
export async function graphicsAdapter(
  gpu: Gpu | undefined = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu,
): Promise<{ readonly name: string; readonly isSoftware: boolean } | null> {
  const adapter = await requestAdapter(gpu)
  return adapter && { name: nameOf(adapter), isSoftware: isSoftware(adapter) }
}

async function requestAdapter(gpu: Gpu | undefined): Promise<Adapter | null> {
  try {
    return (await gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null
  } catch {
    // Chromium rejects instead of answering null when its GPU process is gone: the same to us.
    return null
  }
}

function isSoftware(adapter: Adapter): boolean {
  if (adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter) return true
  return /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\bwarp\b|\bcpu\b/i.test(nameOf(adapter))
}

function nameOf({ info }: Adapter): string {
  const words = [info?.vendor, info?.architecture, info?.device, info?.description].filter(Boolean)
  return words.join(' ') || 'unnamed adapter'
}

function filesInNode(): string {
  // Not imported: the browser's bundle must not know of node:module.
  const { createRequire } = process.getBuiltinModule('node:module')
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json')
  return entry.replace(/package\.json$/, 'dist/')
}

/** The wasm module takes over Node's last-resort handlers and then prints its whole source at every error: undo it. */
function listenersInNode(): { restore(): void } | undefined {
  if (typeof process !== 'object' || typeof process.rawListeners !== 'function') return undefined
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map(event => new Set(process.rawListeners(event)))
  return {
    restore() {
      events.forEach((event, i) => {
        for (const listener of process.rawListeners(event)) {
          if (!before[i]!.has(listener)) process.removeListener(event, listener as () => void)
        }
      })
    },
  }
}
