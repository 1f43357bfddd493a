/** What both loops are asked to do: from the same start, the same examples, the same number of steps. Types and data only. */
export interface Job {
  readonly backend: 'webgpu' | 'webgl' | 'wasm' | 'cpu'
  readonly model: ModelName
  readonly steps: number
}

export type ModelName = 'logistic' | 'mlp' | 'cnn'

export interface Data {
  readonly inputs: Float32Array
  readonly labels: Int32Array
  readonly count: number
}

export interface Outcome {
  /** Of training alone, from plain arrays to plain arrays. */
  readonly milliseconds: number
  /** What training changed, from ours alone. */
  readonly update?: Float32Array
}

/** What the sealing worker is asked to do. */
export interface SealingJob {
  /** Of the model: float32 each. */
  readonly parameters: number
  readonly repeats: number
}

export interface Sealing {
  /** One entry a repetition. */
  readonly milliseconds: {
    /** An update, encoded and sealed to three seats. */
    readonly seal: number[]
    /** One update: checked, opened, decoded. */
    readonly open: number[]
    /** The new model, encoded and sealed to three members. */
    readonly sealModel: number[]
    readonly openModel: number[]
    /** One AES-256-GCM pass over as many bytes and nothing else: what any encryption costs. */
    readonly cipherAlone: number[]
  }
  /** Header and chunks of one blob. */
  readonly bytes: { readonly update: number; readonly model: number }
}

/** Loads the backend, trains and reads the parameters back. */
export type Loop = (job: Job) => Promise<Outcome>

export const BATCH = 32
export const LEARNING_RATE = 0.01

const WIDTH = { logistic: 13, mlp: 784, cnn: 784 } as const
const CLASSES = { logistic: 2, mlp: 10, cnn: 10 } as const

/** Made-up examples, just enough for the steps: one epoch. */
export function makeData({ model, steps }: Job): Data {
  const count = steps * BATCH
  const inputs = Float32Array.from({ length: count * WIDTH[model] }, (_, i) => ((i * 7919) % 1009) / 1009)
  const labels = Int32Array.from({ length: count }, (_, i) => (i * 31) % CLASSES[model])
  return { inputs, labels, count }
}

/** Serves one loop from a worker. */
export function serve(loop: Loop): void {
  self.onmessage = async ({ data }: MessageEvent<Job>) => {
    try {
      self.postMessage(await loop(data))
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
      self.postMessage({ failure: `${error instanceof Error ? error.message : String(error)}${cause}` })
    }
  }
}
