import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { nextClip } from '../privacy/clipping.ts'
import { noisyOnGrid } from '../privacy/noise/grid.ts'
import { initialParameters, parameterLayout } from '../study/layout.ts'
import type { LayerSpec, ModelSpec } from '../study/manifest.ts'
import { publicRandom } from '../study/random.ts'
import { clipGroups } from './clipGroups.ts'
import { createEngine, type Engine } from './engine.ts'
import type { Examples } from './examples.ts'
import { type ClipGroup, layerTensors, type Noise, type PrivateTrainingCall, sensitivity } from './privateTraining.ts'

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
  input: [6, 5, 1],
  layers: [
    { type: 'conv2d', filters: 4, kernel: 3, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2 },
    { type: 'conv2d', filters: 8, kernel: 2, padding: 'valid', activation: 'tanh' },
    { type: 'flatten' },
    { type: 'dense', units: 3, activation: 'linear' },
  ],
  siteLocal: 'head',
}
const plain = { learningRate: 0.1, momentum: 0, l2: 0, proximal: 0 }
const full = { learningRate: 0.05, momentum: 0.9, l2: 0.01, proximal: 0.1 }

let cpu: Engine
let wasm: Engine
beforeAll(async () => {
  cpu = await createEngine('cpu')
  wasm = await createEngine('wasm')
})

function made(model: ModelSpec, count: number, seed = 1): Examples {
  const random = publicRandom(seed)
  const width = model.input.reduce((a, b) => a * b, 1)
  const classes = Math.max(2, parameterLayout(model).outputs)
  return {
    inputs: Float32Array.from({ length: count * width }, () => 4 * random.unit() - 2),
    labels: Int32Array.from({ length: count }, () => random.below(classes)),
    count,
  }
}

/** Values as they come: what is tested is everything around the noise. */
const none: Noise = values => values

function perLayer(model: ModelSpec, clip: number, noiseMultiplier = 0): readonly ClipGroup[] {
  return layerTensors(parameterLayout(model)).map(tensors => ({ tensors, clip, noiseMultiplier }))
}

function flat(model: ModelSpec, clip: number, noiseMultiplier = 0): readonly ClipGroup[] {
  return [{ tensors: parameterLayout(model).tensors.map((_, i) => i), clip, noiseMultiplier }]
}

function start(model: ModelSpec): Float32Array<ArrayBuffer> {
  const random = publicRandom(8)
  return initialParameters(model, 2).map(value => value + 0.4 * random.unit() - 0.2)
}

function call(model: ModelSpec, examples: Examples, more: Partial<PrivateTrainingCall> = {}): PrivateTrainingCall {
  return {
    model,
    training: plain,
    parameters: start(model),
    examples,
    steps: 1,
    sampleRate: 1,
    groups: perLayer(model, 1e6),
    noise: none,
    ...more,
  }
}

/** Keeps what noise is asked for, and adds none. */
function recorder() {
  const asked: { readonly values: number[]; readonly sigma: number; readonly grid: number }[] = []
  const noise: Noise = (values, options) => {
    asked.push({ values: [...values], ...options })
    return values
  }
  return { asked, noise }
}

/** The gradient of some rows' summed loss, by a step of the plain engine. */
async function gradientOf(engine: Engine, model: ModelSpec, examples: Examples, rows: readonly number[]) {
  const width = examples.inputs.length / examples.count
  const parameters = start(model)
  const picked = {
    inputs: Float32Array.from(rows.flatMap(row => [...examples.inputs.subarray(row * width, (row + 1) * width)])),
    labels: Int32Array.from(rows, row => examples.labels[row]!),
    count: rows.length,
  }
  const training = { epochs: 1, batchSize: rows.length, ...plain, learningRate: 1 }
  const after = (await engine.train({ model, training, parameters, examples: picked, seed: 1 })).parameters
  return Array.from(after, (value, i) => (parameters[i]! - value) * rows.length)
}

/** Σ min(1, C/‖g‖) g for each group, straight from the definition. */
async function clipped(
  engine: Engine,
  model: ModelSpec,
  examples: Examples,
  patients: readonly (readonly number[])[],
  groups: readonly ClipGroup[],
): Promise<number[][]> {
  const { tensors } = parameterLayout(model)
  const ranges = groups.map(group =>
    group.tensors.flatMap(i => Array.from({ length: tensors[i]!.size }, (_, k) => tensors[i]!.offset + k)),
  )
  const sums = ranges.map(range => range.map(() => 0))
  for (const rows of patients) {
    const gradient = await gradientOf(engine, model, examples, rows)
    for (const [g, range] of ranges.entries()) {
      const part = range.map(i => gradient[i]!)
      const factor = Math.min(1, groups[g]!.clip / Math.hypot(...part))
      for (const [k, value] of part.entries()) sums[g]![k]! += factor * value
    }
  }
  return sums
}

const models = [
  ['logistic regression', logistic],
  ['MLP', mlp],
  ['CNN', cnn],
] as const

describe.each(['cpu', 'wasm'] as const)('on %s', name => {
  const engine = () => (name === 'cpu' ? cpu : wasm)

  test.each(models)(
    '%s: without clip, noise and sampling it is full-batch SGD, in micro-batches too',
    async (_, model) => {
      // Three micro-batches of 64, the last one of 22 rows and 42 that count for nothing.
      const examples = made(model, 150)
      const anchor = start(model).map(value => value - 0.1)
      const privately = await engine().trainPrivately(call(model, examples, { training: full, anchor, steps: 5 }))
      const plainly = await engine().train({
        model,
        training: { ...full, epochs: 5, batchSize: 150 },
        parameters: start(model),
        examples,
        anchor,
        seed: 1,
      })
      expect(privately.steps).toBe(5)
      expect([...privately.parameters]).toEqual([...plainly.parameters].map(value => expect.closeTo(value, 5)))
    },
  )

  test.each(models)('%s: what is noised is the sum of gradients clipped one by one', async (_, model) => {
    const examples = made(model, 70)
    const everyRow = Array.from({ length: 70 }, (_, row) => [row])
    for (const groups of [perLayer(model, 0.4), flat(model, 0.7)]) {
      const { asked, noise } = recorder()
      await engine().trainPrivately(call(model, examples, { groups, noise }))
      const expected = await clipped(engine(), model, examples, everyRow, groups)
      expect(asked.map(({ values }) => values)).toEqual(expected.map(sum => sum.map(value => expect.closeTo(value, 3))))
    }
  })

  test.each(models)(
    '%s: a patient’s rows are summed before they are clipped, however many they are',
    async (_, model) => {
      const examples = made(model, 120)
      // One with more rows than a micro-batch usually has, rows of others in between.
      const patients = Int32Array.from({ length: 120 }, (_, row) => (row % 3 === 0 || row > 90 ? 77 : row % 11))
      const rowsOf = [...new Set(patients)].map(id => [...patients.keys()].filter(row => patients[row] === id))
      expect(Math.max(...rowsOf.map(rows => rows.length))).toBe(60)
      for (const groups of [perLayer(model, 1.5), flat(model, 2)]) {
        const { asked, noise } = recorder()
        await engine().trainPrivately(call(model, examples, { patients, groups, noise }))
        const expected = await clipped(engine(), model, examples, rowsOf, groups)
        expect(asked.map(({ values }) => values)).toEqual(
          expected.map(sum => sum.map(value => expect.closeTo(value, 2))),
        )
      }
    },
  )

  test('nothing is left on the device, also when a call fails', async () => {
    const examples = made(cnn, 70)
    const job = call(cnn, examples, { training: full, steps: 3, sampleRate: 0.5 })
    const before = engine().memory()
    await engine().trainPrivately(job)
    await engine().trainPrivately({ ...job, patients: Int32Array.from({ length: 70 }, (_, row) => row >> 1) })
    await engine().trainPrivately({ ...job, groups: [{ tensors: [0], clip: 1, noiseMultiplier: 1 }] })
    const diverging = { ...plain, learningRate: 1e38 }
    await expect(engine().trainPrivately({ ...job, training: diverging, steps: 9 })).rejects.toMatchObject({
      code: 'training.diverged',
    })
    const failing: Noise = () => {
      throw new Error('no noise')
    }
    await expect(engine().trainPrivately({ ...job, noise: failing })).rejects.toThrow('no noise')
    expect(engine().memory()).toEqual(before)
  })
})

test('a patient with more rows than a micro-batch is not cut', async () => {
  const examples = made(mlp, 100)
  const patients = new Int32Array(100).fill(5, 20)
  const { asked, noise } = recorder()
  const groups = flat(mlp, 3)
  await cpu.trainPrivately(call(mlp, examples, { patients, groups, noise }))
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  const expected = await clipped(cpu, mlp, examples, [range(0, 20), range(20, 100)], groups)
  expect(asked[0]!.values).toEqual(expected[0]!.map(value => expect.closeTo(value, 3)))
})

test('only drawn patients count, and the sum is divided by the expected batch, not the drawn one', async () => {
  const examples = made(mlp, 40)
  const drawn = [3, 17, 20]
  const coins = (count: number) => Uint32Array.from({ length: count }, (_, i) => (drawn.includes(i) ? 0 : 0xffffffff))
  const { asked, noise } = recorder()
  const groups = flat(mlp, 0.5)
  const { parameters } = await cpu.trainPrivately(call(mlp, examples, { sampleRate: 0.25, coins, groups, noise }))
  const [expected] = await clipped(
    cpu,
    mlp,
    examples,
    drawn.map(row => [row]),
    groups,
  )
  expect(asked[0]!.values).toEqual(expected!.map(value => expect.closeTo(value, 4)))
  expect([...parameters]).toEqual(
    [...start(mlp)].map((value, i) => expect.closeTo(value - (0.1 * expected![i]!) / 10, 5)),
  )
})

test('an empty batch takes its step, of noise alone', async () => {
  const nobody = (count: number) => new Uint32Array(count).fill(0xffffffff)
  const asked: Float32Array[] = []
  const noise: Noise = values => {
    asked.push(values)
    return values.map((value, i) => value + i)
  }
  const job = call(logistic, made(logistic, 20), { sampleRate: 0.5, coins: nobody, noise, steps: 2 })
  const { parameters } = await cpu.trainPrivately(job)
  expect(asked).toEqual([new Float32Array(4), new Float32Array(4)])
  expect([...parameters]).toEqual([...start(logistic)].map((value, i) => expect.closeTo(value - (2 * 0.1 * i) / 10, 5)))
})

test('each group’s noise is scaled to its own clip, and its multiplier, on a grid that hardly costs anything', async () => {
  const [first, second, third] = layerTensors(parameterLayout(mlp))
  const groups = [
    { tensors: first!, clip: 0.5, noiseMultiplier: 3 },
    { tensors: [...second!, ...third!], clip: 2, noiseMultiplier: 7 },
  ]
  const { asked, noise } = recorder()
  await cpu.trainPrivately(call(mlp, made(mlp, 30), { groups, noise, steps: 2 }))
  expect(asked).toHaveLength(4)
  for (const [i, { sigma, grid, values }] of asked.entries()) {
    const { clip, noiseMultiplier } = groups[i % 2]!
    expect(values).toHaveLength(i % 2 === 0 ? 20 : 34)
    expect(sigma).toBeGreaterThan(noiseMultiplier * (clip + grid * Math.sqrt(values.length)))
    expect(sigma).toBeLessThan(noiseMultiplier * clip * 1.002)
  }
})

test('what is frozen has no part in norms and noise, and keeps every bit', async () => {
  const layers = mlp.layers.map((layer, i) => (i === 0 ? ({ ...layer, frozen: true } as LayerSpec) : layer))
  const frozen: ModelSpec = { ...mlp, layers }
  const layout = parameterLayout(frozen)
  const learned = layout.tensors.flatMap((tensor, i) => (tensor.frozen ? [] : [i]))
  const examples = made(mlp, 30)
  const groups = [{ tensors: learned, clip: 0.2, noiseMultiplier: 3 }]
  const job = call(frozen, examples, { groups: clipGroups(layout, { clip: 0.2, noise: 3 }), parameters: start(mlp) })
  const recorded = recorder()
  const { parameters } = await cpu.trainPrivately({ ...job, noise: recorded.noise })
  const rows = Array.from({ length: 30 }, (_, row) => [row])
  const [sum] = await clipped(cpu, mlp, examples, rows, groups)
  expect(recorded.asked).toHaveLength(1)
  expect(recorded.asked[0]!.values).toEqual(sum!.map(value => expect.closeTo(value, 3)))
  expect(recorded.asked[0]!.sigma / (3 * 0.2)).toBeCloseTo(1, 2)
  const { offset } = layout.tensors[learned[0]!]!
  expect(parameters.slice(0, offset)).toEqual(job.parameters.slice(0, offset))
  expect(parameters.slice(offset)).not.toEqual(job.parameters.slice(offset))
  await expect(cpu.trainPrivately({ ...job, groups: flat(frozen, 1) })).rejects.toThrow(
    'A frozen tensor is in a group.',
  )
})

test('what leaves is what was noised: the noise is in the parameters, momentum and pull after it', async () => {
  const noise: Noise = values => values.fill(1)
  const anchor = start(logistic).fill(0)
  const training = { learningRate: 0.1, momentum: 0.5, l2: 0.2, proximal: 0.3 }
  const job = call(logistic, made(logistic, 10), { noise, training, anchor, steps: 3 })
  const expected = [...job.parameters].map((value, i) => {
    let [w, v] = [value, 0]
    for (let step = 0; step < 3; step++) {
      v = 0.5 * v + 0.1 * (1 / 10 + (i < 3 ? (0.2 + 0.3) * w : 0))
      w -= v
    }
    return expect.closeTo(w, 5)
  })
  expect([...(await cpu.trainPrivately(job)).parameters]).toEqual(expected)
})

test('with one patient more or less, no group’s sum moves by more than its sensitivity', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(mlp, cnn), async (seed, model) => {
      const examples = made(model, 90, seed)
      const patients = Int32Array.from({ length: 90 }, (_, row) => Math.floor(row / 2))
      const groups = perLayer(model, 0.05 + (seed % 100) / 100, 1)
      const with_ = recorder()
      await cpu.trainPrivately(call(model, examples, { patients, groups, noise: with_.noise }))
      const without = recorder()
      const width = examples.inputs.length / 90
      const fewer = { inputs: examples.inputs.slice(2 * width), labels: examples.labels.slice(2), count: 88 }
      await cpu.trainPrivately(call(model, fewer, { patients: patients.slice(2), groups, noise: without.noise }))
      for (const [g, { values, sigma }] of with_.asked.entries()) {
        const moved = Math.hypot(...values.map((value, i) => value - without.asked[g]!.values[i]!))
        expect(moved).toBeLessThanOrEqual(sigma)
        expect(moved).toBeGreaterThan(0)
      }
    }),
    { numRuns: process.env.WARDROUND_LONG === '1' ? 100 : 12 },
  )
}, 300_000)

test('real noise has the deviation that was asked for, in every parameter, and no two calls share it', async () => {
  const nobody = (count: number) => new Uint32Array(count).fill(0xffffffff)
  const wide: ModelSpec = {
    input: [400],
    layers: [{ type: 'dense', units: 10, activation: 'linear' }],
    siteLocal: 'none',
  }
  const job = call(wide, made(wide, 20), {
    sampleRate: 0.5,
    coins: nobody,
    noise: noisyOnGrid,
    groups: flat(wide, 2, 3),
  })
  const [first, second] = [await cpu.trainPrivately(job), await cpu.trainPrivately(job)]
  const noises = [first, second].map(({ parameters }) => parameters.map((value, i) => value - job.parameters[i]!))
  // An empty batch: what moved is the learning rate times noise of 3 × 2 over an expected batch of 10.
  for (const noise of noises) {
    expect(noise).toHaveLength(4010)
    const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / 4010)
    // 4010 draws tell a deviation to 1.1 %; seven of that hardly ever happen.
    expect(Math.abs(deviation / 0.06 - 1)).toBeLessThan(0.08)
  }
  const product = noises[0]!.reduce((sum, value, i) => sum + value * noises[1]![i]!, 0)
  expect(Math.abs(product / (4010 * 0.06 * 0.06))).toBeLessThan(0.12)
})

describe('adaptive clip', () => {
  test('follows the noised share of patients under it, each group its own', async () => {
    const examples = made(mlp, 50)
    const patients = Int32Array.from({ length: 50 }, (_, row) => row >> 1)
    const shares: [number, number][] = []
    const adaptive = {
      countSigma: 4,
      next: (clip: number, passing: number) => {
        shares.push([clip, passing])
        return clip * 2
      },
    }
    const { asked, noise } = recorder()
    const groups = perLayer(mlp, 0.6, 1)
    const result = await cpu.trainPrivately(call(mlp, examples, { patients, groups, noise, adaptive, steps: 2 }))
    expect(result.clips).toEqual([2.4, 2.4, 2.4])
    // Of each step first the groups' sums, then their counts.
    expect(asked.map(({ sigma, values }) => (values.length === 1 ? sigma : 'sums'))).toEqual([
      ...['sums', 'sums', 'sums', 4, 4, 4],
      ...['sums', 'sums', 'sums', 4, 4, 4],
    ])
    expect(asked[6]!.sigma).toBeCloseTo(2 * asked[0]!.sigma, 6)

    const { tensors } = parameterLayout(mlp)
    const under = groups.map(() => 0)
    for (let patient = 0; patient < 25; patient++) {
      const gradient = await gradientOf(cpu, mlp, examples, [2 * patient, 2 * patient + 1])
      for (const [g, group] of groups.entries()) {
        const part = group.tensors.flatMap(i =>
          gradient.slice(tensors[i]!.offset, tensors[i]!.offset + tensors[i]!.size),
        )
        if (Math.hypot(...part) <= 0.6) under[g]!++
      }
    }
    expect(under.some(count => count > 0 && count < 25)).toBe(true)
    for (const g of [0, 1, 2]) {
      expect(asked[3 + g]!).toMatchObject({ values: [under[g]! - 12.5] })
      expect(shares[g]).toEqual([0.6, expect.closeTo(under[g]! / 25, 6)])
    }
  })

  test('brings the clip to the median of the norms', async () => {
    const examples = made(logistic, 60)
    const groups = flat(logistic, 30, 0)
    const adaptive = { countSigma: 0.5, next: nextClip }
    // A learning rate of next to nothing: the gradients stay what they are.
    const training = { ...plain, learningRate: 1e-9 }
    const noise: Noise = (values, options) => (options.sigma > 0 ? noisyOnGrid(values, options) : values)
    const { clips } = await cpu.trainPrivately(
      call(logistic, examples, { training, groups, noise, adaptive, steps: 120 }),
    )
    const norms: number[] = []
    for (let row = 0; row < 60; row++) norms.push(Math.hypot(...(await gradientOf(cpu, logistic, examples, [row]))))
    norms.sort((a, b) => a - b)
    expect(clips[0]).toBeGreaterThan(norms[20]!)
    expect(clips[0]).toBeLessThan(norms[40]!)
  })

  test('counts nobody in an empty batch', async () => {
    const nobody = (count: number) => new Uint32Array(count).fill(0xffffffff)
    const { asked, noise } = recorder()
    const adaptive = { countSigma: 1, next: (clip: number) => clip }
    await cpu.trainPrivately(call(mlp, made(mlp, 9), { noise, adaptive, coins: nobody, sampleRate: 0.5 }))
    expect(asked.slice(3).map(({ values }) => values)).toEqual([[0], [0], [0]])
  })
})

test('what is in no group stays to the last bit, site-local or not', async () => {
  const layout = parameterLayout(cnn)
  const groups = [{ tensors: [2, 3], clip: 1, noiseMultiplier: 0 }]
  const { parameters } = await cpu.trainPrivately(call(cnn, made(cnn, 20), { groups, training: full, steps: 2 }))
  for (const [i, { offset, size }] of layout.tensors.entries()) {
    const [before, after] = [start(cnn).slice(offset, offset + size), parameters.slice(offset, offset + size)]
    if (i === 2 || i === 3) expect(after).not.toEqual(before)
    else expect(after).toEqual(before)
  }
})

test('what is given is not changed, and the coins are fresh for every call', async () => {
  const job = call(mlp, made(mlp, 60), {
    sampleRate: 0.5,
    patients: Int32Array.from({ length: 60 }, (_, row) => row % 40),
  })
  const copies = [
    job.parameters.slice(),
    job.examples.inputs.slice(),
    job.examples.labels.slice(),
    job.patients!.slice(),
  ]
  const [first, second] = [await cpu.trainPrivately(job), await cpu.trainPrivately(job)]
  expect([job.parameters, job.examples.inputs, job.examples.labels, job.patients]).toEqual(copies)
  expect(second.parameters).not.toEqual(first.parameters)
})

describe('sensitivity', () => {
  test('is the clip, the rounding to the grid and what float32 may lose', () => {
    const { total, grid } = sensitivity(2, 100, { batch: 50, rows: 64, parts: 1 })
    expect(Number.isInteger(Math.log2(grid))).toBe(true)
    expect(grid * 10).toBeLessThanOrEqual(2 / 4096)
    expect(total).toBeCloseTo(2 + 10 * grid + (2 * 2 * 73 * 50) / 2 ** 24, 12)
  })

  test('grows with the clip, the size and the batch, and is never below the clip', () => {
    const clip = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
    const count = fc.integer({ min: 1, max: 1e6 })
    fc.assert(
      fc.property(clip, count, count, (clip, size, batch) => {
        const { total } = sensitivity(clip, size, { batch, rows: 64, parts: 5 })
        expect(total).toBeGreaterThan(clip)
        expect(sensitivity(clip, size, { batch: batch + 1, rows: 64, parts: 5 }).total).toBeGreaterThan(total)
        expect(sensitivity(2 * clip, size, { batch, rows: 64, parts: 5 }).total).toBeCloseTo(2 * total, 6)
      }),
    )
  })
})

test('progress counts steps up to the last and tells no loss', async () => {
  const seen: unknown[][] = []
  await cpu.trainPrivately(call(logistic, made(logistic, 10), { steps: 3, onProgress: (...told) => seen.push(told) }))
  expect(seen.at(-1)).toEqual([3, 3])
  expect(seen.every(told => told.length === 2)).toBe(true)
})

describe('cancel', () => {
  test.each(['cpu', 'wasm'] as const)('stops a long training on %s and leaves nothing', async name => {
    const engine = name === 'cpu' ? cpu : wasm
    const before = engine.memory()
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    const job = call(mlp, made(mlp, 400), { steps: 1_000_000, sampleRate: 0.01, signal: stop.signal })
    await expect(engine.trainPrivately(job)).rejects.toMatchObject({ code: 'training.cancelled' })
    expect(engine.memory()).toEqual(before)
  })

  test('disposing the engine stops it', async () => {
    const engine = await createEngine('cpu')
    const running = engine.trainPrivately(call(mlp, made(mlp, 400), { steps: 1_000_000 }))
    setTimeout(() => engine.dispose(), 60)
    await expect(running).rejects.toMatchObject({ code: 'training.cancelled' })
  })
})

describe('refusals', () => {
  test('no rows: training.noData', async () => {
    const job = call(logistic, { inputs: new Float32Array(), labels: new Int32Array(), count: 0 })
    await expect(cpu.trainPrivately(job)).rejects.toMatchObject({ code: 'training.noData' })
  })

  test('patients, parameters or an anchor of another size: study.badManifest', async () => {
    const job = call(logistic, made(logistic, 4))
    for (const more of [
      { patients: new Int32Array(3) },
      { parameters: new Float32Array(5) },
      { anchor: new Float32Array(5) },
    ]) {
      await expect(cpu.trainPrivately({ ...job, ...more })).rejects.toMatchObject({ code: 'study.badManifest' })
    }
  })

  test.each<[string, Partial<PrivateTrainingCall>]>([
    ['no group', { groups: [] }],
    ['an empty group', { groups: [{ tensors: [], clip: 1, noiseMultiplier: 1 }] }],
    ['a tensor twice', { groups: [...flat(logistic, 1), ...flat(logistic, 1)] }],
    ['a tensor too many', { groups: [{ tensors: [2], clip: 1, noiseMultiplier: 1 }] }],
    ['a clip of 0', { groups: flat(logistic, 0) }],
    ['a clip without end', { groups: flat(logistic, Number.POSITIVE_INFINITY) }],
    ['noise that is no number', { groups: flat(logistic, 1, Number.NaN) }],
    ['a rate of 0', { sampleRate: 0 }],
    ['half a step', { steps: 0.5 }],
    ['noise below 0 on counts', { adaptive: { countSigma: -1, next: clip => clip } }],
  ])('%s: RangeError', async (_, more) => {
    await expect(cpu.trainPrivately(call(logistic, made(logistic, 4), more))).rejects.toThrow(RangeError)
  })
})
