import { beforeAll, describe, expect, test } from 'vitest'
import { initialParameters, parameterLayout } from '../study/layout.ts'
import type { LayerSpec, ModelSpec, TrainingSpec } from '../study/manifest.ts'
import { publicRandom, shuffled } from '../study/random.ts'
import { createEngine, type Engine, type TrainingCall } from './engine.ts'
import type { Examples } from './examples.ts'

const logistic: ModelSpec = {
  input: [3],
  layers: [{ type: 'dense', units: 1, activation: 'linear' }],
  siteLocal: 'bias',
}
const mlp: ModelSpec = {
  input: [3],
  layers: [
    { type: 'dense', units: 5, activation: 'relu' },
    { type: 'dense', units: 4, activation: 'tanh' },
    { type: 'dense', units: 2, activation: 'linear' },
  ],
  siteLocal: 'none',
}
const cnn: ModelSpec = {
  input: [9, 7, 1],
  layers: [
    { type: 'conv2d', filters: 4, kernel: 3, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'conv2d', filters: 6, kernel: 3, padding: 'valid', activation: 'relu' },
    { type: 'flatten' },
    { type: 'dense', units: 3, activation: 'linear' },
  ],
  siteLocal: 'head',
}
const plain: TrainingSpec = { epochs: 3, batchSize: 8, learningRate: 0.1, momentum: 0, l2: 0, proximal: 0 }
const full: TrainingSpec = { ...plain, momentum: 0.9, l2: 0.01, proximal: 0.1, learningRate: 0.05 }

/** Points on both sides of a plane, with a margin. */
function separable(count: number, seed = 1): Examples {
  const random = publicRandom(seed)
  const inputs = new Float32Array(count * 3)
  const labels = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    labels[i] = i % 2
    const side = labels[i] === 1 ? 1 : -1
    for (let j = 0; j < 3; j++) inputs[i * 3 + j] = 2 * random.unit() - 1 + side * (j === 0 ? 1.2 : 0.1) + 0.5
  }
  return { inputs, labels, count }
}

/** Pictures of a bar: horizontal, vertical or slanted, anywhere, with noise. */
function bars(count: number, seed: number): Examples {
  const random = publicRandom(seed)
  const inputs = Float32Array.from({ length: count * 63 }, () => 0.3 * random.unit())
  const labels = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    labels[i] = i % 3
    const [row, column] = [random.below(5), random.below(3)]
    for (let k = 0; k < 5; k++) {
      const [r, c] = labels[i] === 0 ? [row, column + k] : labels[i] === 1 ? [row + k, column] : [row + k, column + k]
      inputs[i * 63 + r * 7 + c] = 1
    }
  }
  return { inputs, labels, count }
}

function call(model: ModelSpec, examples: Examples, more: Partial<TrainingCall> = {}): TrainingCall {
  return { model, training: plain, parameters: initialParameters(model, 1), examples, seed: 1, ...more }
}

function accuracy(probabilities: Float32Array, labels: Int32Array): number {
  const classes = probabilities.length / labels.length
  const right = labels.filter((label, i) => {
    if (classes === 1) return label === (probabilities[i]! > 0.5 ? 1 : 0)
    const row = probabilities.subarray(i * classes, (i + 1) * classes)
    return row.indexOf(Math.max(...row)) === label
  })
  return right.length / labels.length
}

let cpu: Engine
let wasm: Engine
beforeAll(async () => {
  cpu = await createEngine('cpu')
  wasm = await createEngine('wasm')
})

/** SGD as the definition says it, in doubles, for a logistic regression. */
function reference({ examples, training, parameters, anchor, seed }: TrainingCall): number[] {
  const w = [...parameters]
  const centre = anchor ?? parameters
  const velocity = w.map(() => 0)
  const random = publicRandom(seed)
  for (let epoch = 0; epoch < training.epochs; epoch++) {
    const order = shuffled(random, examples.count)
    for (let at = 0; at < examples.count; at += training.batchSize) {
      const batch = order.subarray(at, at + training.batchSize)
      const gradient = w.map(() => 0)
      for (const i of batch) {
        const x = [...examples.inputs.subarray(i * 3, i * 3 + 3), 1]
        const z = x.reduce((sum, value, j) => sum + value * w[j]!, 0)
        const error = 1 / (1 + Math.exp(-z)) - examples.labels[i]!
        for (const [j, value] of x.entries()) gradient[j]! += (error * value) / batch.length
      }
      for (const j of w.keys()) {
        // The last one is the intercept: local, so neither penalised nor pulled.
        const penalty = j < 3 ? training.l2 * w[j]! + training.proximal * (w[j]! - centre[j]!) : 0
        velocity[j] = training.momentum * velocity[j]! + gradient[j]! + penalty
        w[j]! -= training.learningRate * velocity[j]!
      }
    }
  }
  return w
}

describe.each(['cpu', 'wasm'] as const)('training on %s', name => {
  const engine = () => (name === 'cpu' ? cpu : wasm)

  test('steps are those of the definition: batches, momentum, penalty on weights, pull on what is shared', async () => {
    const job = call(logistic, separable(21), {
      training: { ...full, epochs: 4 },
      parameters: Float32Array.of(0.3, -0.2, 0.1, 0.4),
      anchor: Float32Array.of(-1, 1, 2, 3),
    })
    const { parameters, steps } = await engine().train(job)
    // 21 examples in batches of 8: two full ones and one of five.
    expect(steps).toBe(12)
    expect([...parameters]).toEqual(reference(job).map(value => expect.closeTo(value, 5)))
  })

  test('a logistic regression learns to separate what can be separated', async () => {
    const { parameters, loss } = await engine().train(call(logistic, separable(100), { epochs: 30 }))
    const held = separable(100, 2)
    expect(accuracy(await engine().predict(logistic, parameters, held.inputs, 100), held.labels)).toBeGreaterThan(0.95)
    expect(loss).toBeLessThan(0.3)
  })

  test('the same seed gives the same bytes, another seed another order', async () => {
    const job = call(mlp, separable(50), { training: full })
    const first = await engine().train(job)
    expect(await engine().train(job)).toEqual(first)
    expect((await engine().train({ ...job, seed: 2 })).parameters).not.toEqual(first.parameters)
  })

  test('nothing is left on the device from call to call, also when a call fails', async () => {
    const examples = bars(20, 1)
    const job = call(cnn, examples, { training: full, epochs: 1 })
    await engine().train(job)
    const before = engine().memory()
    for (let round = 0; round < 5; round++) {
      const { parameters } = await engine().train({ ...job, seed: round })
      await engine().predict(cnn, parameters, examples.inputs, 20)
      await engine().train({ ...job, trainOnly: 'local' })
    }
    const diverging = { ...full, learningRate: 1e30, l2: 0, momentum: 0 }
    await expect(engine().train({ ...job, training: diverging, epochs: 9 })).rejects.toMatchObject({
      code: 'training.diverged',
    })
    expect(engine().memory()).toEqual(before)
  })

  test('what is given is not changed', async () => {
    const job = call(mlp, separable(30), { training: full })
    const copies = [job.parameters.slice(), job.examples.inputs.slice(), job.examples.labels.slice()]
    await engine().train(job)
    expect([job.parameters, job.examples.inputs, job.examples.labels]).toEqual(copies)
  })

  test('FedProx keeps the result near its anchor, the nearer the larger µ', async () => {
    const examples = separable(60)
    const anchor = initialParameters(mlp, 9)
    const distances: number[] = []
    for (const proximal of [0, 1, 10]) {
      const { parameters } = await engine().train(
        call(mlp, examples, { training: { ...plain, proximal, epochs: 20 }, anchor, parameters: anchor }),
      )
      distances.push(Math.hypot(...parameters.map((value, i) => value - anchor[i]!)))
    }
    expect(distances[1]!).toBeLessThan(distances[0]! / 2)
    expect(distances[2]!).toBeLessThan(distances[1]! / 2)
  })

  test.each([
    ['bias', logistic, separable(40)],
    ['head', cnn, bars(30, 1)],
  ] as const)('training only a local %s leaves every shared bit alone', async (_, model, examples) => {
    const layout = parameterLayout(model)
    const start = initialParameters(model, 4).map(value => value + 0.1)
    const { parameters, steps } = await engine().train(
      call(model, examples, { training: full, parameters: start, trainOnly: 'local' }),
    )
    expect(steps).toBeGreaterThan(0)
    for (const { local, offset, size } of layout.tensors) {
      const [before, after] = [start.slice(offset, offset + size), parameters.slice(offset, offset + size)]
      if (local) expect(after).not.toEqual(before)
      else expect(after).toEqual(before)
    }
  })

  test('a convolutional network learns a small task', async () => {
    const training = { ...plain, momentum: 0.9, learningRate: 0.05, batchSize: 16 }
    const { parameters } = await engine().train(call(cnn, bars(240, 1), { training, epochs: 8 }))
    const held = bars(90, 2)
    expect(accuracy(await engine().predict(cnn, parameters, held.inputs, 90), held.labels)).toBeGreaterThan(0.9)
  })
})

describe('wasm against cpu', () => {
  test.each([
    ['logistic regression', logistic, separable(40)],
    ['MLP', mlp, separable(40)],
    ['CNN', cnn, bars(40, 3)],
  ] as const)(
    '%s: the same parameters within 1e-4 after 20 steps, the same probabilities',
    async (_, model, examples) => {
      const job = call(model, examples, { training: { ...full, epochs: 4 } })
      const [a, b] = [await cpu.train(job), await wasm.train(job)]
      expect(a.steps).toBe(20)
      const furthest = a.parameters.reduce((most, value, i) => Math.max(most, Math.abs(value - b.parameters[i]!)), 0)
      expect(furthest).toBeLessThan(1e-4)
      const probabilities = [
        await cpu.predict(model, a.parameters, examples.inputs, 40),
        await wasm.predict(model, a.parameters, examples.inputs, 40),
      ] as const
      expect([...probabilities[1]]).toEqual([...probabilities[0]].map(value => expect.closeTo(value, 5)))
    },
  )

  test('both may run at once in one realm', async () => {
    const job = call(mlp, separable(200), { training: { ...full, epochs: 40 } })
    const alone = [await cpu.train(job), await wasm.train(job)]
    expect(await Promise.all([cpu.train(job), wasm.train(job)])).toEqual(alone)
  })
})

describe('predict', () => {
  test('one output gives one probability a row, more give rows that sum to one, and no rows none', async () => {
    const { inputs } = separable(7)
    expect(await cpu.predict(logistic, new Float32Array(4), inputs, 7)).toEqual(new Float32Array(7).fill(0.5))
    const rows = await cpu.predict(mlp, initialParameters(mlp, 1), inputs, 7)
    for (let i = 0; i < 7; i++) expect(rows[2 * i]! + rows[2 * i + 1]!).toBeCloseTo(1, 6)
    expect(await cpu.predict(mlp, initialParameters(mlp, 1), new Float32Array(), 0)).toHaveLength(0)
  })

  test('many rows are the same in chunks as one by one', async () => {
    const wide: ModelSpec = {
      input: [2],
      layers: [
        { type: 'dense', units: 400_000, activation: 'relu' },
        { type: 'dense', units: 1, activation: 'linear' },
      ],
      siteLocal: 'none',
    }
    const parameters = initialParameters(wide, 1)
    const inputs = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i))
    const together = await wasm.predict(wide, parameters, inputs, 25)
    for (const row of [0, 9, 10, 24]) {
      const [alone] = await wasm.predict(wide, parameters, inputs.slice(2 * row, 2 * row + 2), 1)
      expect(together[row]).toBeCloseTo(alone!, 5)
    }
  })
})

describe('cancel', () => {
  test.each(['cpu', 'wasm'] as const)('stops a long training on %s soon and leaves nothing', async name => {
    const engine = name === 'cpu' ? cpu : wasm
    const job = call(mlp, separable(400), { epochs: 1_000_000 })
    const before = engine.memory()
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    const started = performance.now()
    await expect(engine.train({ ...job, signal: stop.signal })).rejects.toMatchObject({ code: 'training.cancelled' })
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(engine.memory()).toEqual(before)
  })

  test('a signal that is already aborted stops before the first step', async () => {
    const signal = AbortSignal.abort()
    const examples = separable(4)
    await expect(cpu.train(call(logistic, examples, { signal }))).rejects.toMatchObject({ code: 'training.cancelled' })
    await expect(cpu.predict(logistic, new Float32Array(4), examples.inputs, 4, signal)).rejects.toMatchObject({
      code: 'training.cancelled',
    })
  })

  test('disposing an engine stops what it does and refuses more', async () => {
    const engine = await createEngine('cpu')
    const running = engine.train(call(mlp, separable(400), { epochs: 1_000_000 }))
    setTimeout(() => engine.dispose(), 60)
    await expect(running).rejects.toMatchObject({ code: 'training.cancelled' })
    await expect(engine.train(call(logistic, separable(4)))).rejects.toMatchObject({ code: 'training.cancelled' })
  })
})

test('progress counts steps up to the last, with finite losses, without changing the result', async () => {
  const job = call(mlp, separable(400), { epochs: 100 })
  const seen: [number, number, number | undefined][] = []
  const shown = await cpu.train({ ...job, onProgress: (...progress) => seen.push(progress) })
  const quiet = await cpu.train(job)
  expect(shown).toEqual(quiet)
  expect(seen.at(-1)).toEqual([5_000, 5_000, shown.loss])
  expect(seen.map(([step]) => step)).toEqual([...new Set(seen.map(([step]) => step))].sort((a, b) => a - b))
  expect(seen.every(([, , loss]) => Number.isFinite(loss))).toBe(true)
})

test.each([
  ['cpu', 'logistic', logistic, separable(30)],
  ['wasm', 'MLP', mlp, separable(30)],
] as const)(
  'several short trainings end in the bytes of one long one, momentum and all: %s, %s',
  async (name, _, model, examples) => {
    const engine = name === 'cpu' ? cpu : wasm
    const job = call(model, examples, { training: full, anchor: initialParameters(model, 1) })
    const long = await engine.train({ ...job, epochs: 5 })
    expect(long.velocity).toBeUndefined()
    const first = await engine.train({ ...job, epochs: 2, resume: { epochs: 0 } })
    const second = await engine.train({
      ...job,
      parameters: first.parameters,
      epochs: 3,
      resume: { epochs: 2, velocity: first.velocity },
    })
    expect(second.parameters).toEqual(long.parameters)
    const forgetful = await engine.train({ ...job, parameters: first.parameters, epochs: 3, resume: { epochs: 2 } })
    expect(forgetful.parameters).not.toEqual(long.parameters)
    expect(engine.memory().tensors).toBe(0)
  },
)

describe.each(['cpu', 'wasm'] as const)('frozen layers, %s', name => {
  const engine = () => (name === 'cpu' ? cpu : wasm)

  test.each([
    ['dense, the first', mlp, 0, separable(30)],
    ['dense, in the middle', mlp, 1, separable(30)],
    ['a convolution', { ...cnn, siteLocal: 'none' as const }, 0, bars(30, 1)],
    ['a convolution, the head local', cnn, 2, bars(30, 1)],
  ])('keep every bit, and the others learn: %s', async (_, model, at, examples) => {
    const layers = model.layers.map((layer, i) => (i === at ? ({ ...layer, frozen: true } as LayerSpec) : layer))
    const frozen: ModelSpec = { ...model, layers }
    const start = initialParameters(model, 1)
    const job = call(frozen, examples, { training: full, parameters: start, anchor: start.map(value => value + 1) })
    const { parameters } = await engine().train(job)
    for (const { offset, size, frozen: isFrozen } of parameterLayout(frozen).tensors) {
      const [before, after] = [start, parameters].map(values => values.slice(offset, offset + size))
      if (isFrozen) expect(after).toEqual(before)
      else expect(after).not.toEqual(before)
    }
    // A first step moves the others as it does where all learn.
    const one = { ...plain, epochs: 1, batchSize: 30 }
    const [still, moved] = [
      await engine().train({ ...job, training: one }),
      await engine().train({ ...job, model, training: one }),
    ]
    for (const { offset, size, frozen: isFrozen } of parameterLayout(frozen).tensors) {
      const expected = (isFrozen ? start : moved.parameters).slice(offset, offset + size)
      expect(still.parameters.slice(offset, offset + size)).toEqual(expected)
    }
    const resumed = await engine().train({ ...job, epochs: 2, resume: { epochs: 0 } })
    const rest = { epochs: 2, velocity: resumed.velocity }
    const ended = await engine().train({ ...job, parameters: resumed.parameters, epochs: 1, resume: rest })
    expect(ended.parameters).toEqual(parameters)
    expect(engine().memory().tensors).toBe(0)
  })
})

describe('refusals', () => {
  test('no rows: training.noData', async () => {
    const none = { inputs: new Float32Array(), labels: new Int32Array(), count: 0 }
    await expect(cpu.train(call(logistic, none))).rejects.toMatchObject({ code: 'training.noData' })
  })

  test.each([
    ['rows of another width', { inputs: new Float32Array(8), labels: new Int32Array(2), count: 2 }],
    ['a label too many', { inputs: new Float32Array(6), labels: new Int32Array(3), count: 2 }],
    ['a class the model does not know', { inputs: new Float32Array(6), labels: Int32Array.of(0, 2), count: 2 }],
  ])('%s: study.badManifest', async (_, examples) => {
    await expect(cpu.train(call(logistic, examples))).rejects.toMatchObject({ code: 'study.badManifest' })
  })

  test('parameters or an anchor of another model: study.badManifest', async () => {
    const job = call(logistic, separable(4))
    await expect(cpu.train({ ...job, parameters: new Float32Array(5) })).rejects.toMatchObject({
      code: 'study.badManifest',
    })
    await expect(cpu.train({ ...job, anchor: new Float32Array(5) })).rejects.toMatchObject({
      code: 'study.badManifest',
    })
  })

  test('nothing local to train: the parameters come back as they were', async () => {
    const job = call(mlp, separable(4), { trainOnly: 'local' })
    expect(await cpu.train(job)).toEqual({ parameters: job.parameters, steps: 0, loss: undefined })
  })
})
