import { encode } from '@ipld/dag-cbor'
import { describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { decodeManifest, parseManifest } from './manifest.ts'
import { provenNoise } from './proving.ts'
import { digitsOverEdges, digitsStudy } from './studies/digits.ts'
import { heartStudy } from './studies/heart.ts'
import { masked } from './studies/masked.ts'
import { privately } from './studies/privately.ts'
import { proven } from './studies/proven.ts'

const heart = heartStudy().manifest
const digits = digitsStudy().manifest
const cnn = {
  ...digits,
  model: {
    ...digits.model,
    layers: [
      { type: 'conv2d', filters: 4, kernel: 3, padding: 'same', activation: 'relu' },
      { type: 'maxPool', size: 2 },
      { type: 'flatten' },
      { type: 'dense', units: 10, activation: 'linear' },
    ],
  },
}

const overEdges = digitsOverEdges().manifest
const ranged = privately(heartStudy(), { epsilon: 1, delta: 1e-4 }).manifest

function reason(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isAppError(error, 'study.badManifest')) return String(error.details.reason)
    throw error
  }
  throw new Error('nothing was thrown')
}

/** A copy of a manifest with one field set, or removed where the value is undefined. */
function changed(manifest: unknown, path: string, value: unknown): unknown {
  const copy = structuredClone(manifest) as Record<string, unknown>
  const keys = path.split('.')
  const last = keys.pop() as string
  const place = keys.reduce((at, key) => at[key] as Record<string, unknown>, copy)
  if (value === undefined) delete place[last]
  else place[last] = value
  return copy
}

describe('parseManifest', () => {
  test.each([
    ['the shipped table', heart],
    ['the shipped images', digits],
    ['all kinds of layers', cnn],
    ['fixed edge filters', overEdges],
    ['nobody’s groups and no use', changed(changed(heart, 'subgroups', undefined), 'intendedUse', undefined)],
    ['own weights', changed(heart, 'initial', { digest: `0x${'0a'.repeat(32)}`, parameters: 12 })],
    ['a category', changed(heart, 'schema.features.0', { type: 'category', name: 'site', levels: ['a', 'b'] })],
    ['the largest seed', changed(heart, 'seed', 0xffffffff)],
    ['the longest name', changed(heart, 'name', 'n'.repeat(80))],
  ])('takes %s as it is, also from its block', (_, manifest) => {
    expect(parseManifest(manifest)).toEqual(manifest)
    expect(decodeManifest(encode(manifest))).toEqual(manifest)
  })

  test('fills in what training leaves out', () => {
    const { momentum, l2, proximal, ...training } = heart.training
    expect(parseManifest({ ...heart, training }).training).toEqual({ ...training, momentum: 0, l2: 0, proximal: 0 })
  })

  test('leaves out what it does not know', () => {
    expect(parseManifest({ ...heart, more: 1, training: { ...heart.training, more: 1 } })).toEqual(heart)
  })

  // Hospitals read these reasons, and relays refuse by them.
  test.each([
    ['version', 2, ': Invalid input: expected 1'],
    ['version', undefined, ': Invalid input: expected 1'],
    ['name', '', ': Too small: expected string to have >=1 characters'],
    ['name', 'n'.repeat(81), ': Too big: expected string to have <=80 characters'],
    ['name', 7, ': Invalid input: expected string, received number'],
    ['purpose', 'p'.repeat(501), ': Too big: expected string to have <=500 characters'],
    ['schema', undefined, ': Invalid input: expected object, received undefined'],
    ['schema.kind', 'sound', ": Invalid discriminator value. Expected 'table' | 'images'"],
    ['schema.features', [], ': Too small: expected array to have >=1 items'],
    ['schema.features.0.type', 'date', ": Invalid discriminator value. Expected 'number' | 'binary' | 'category'"],
    ['schema.features.0.name', '', ': Too small: expected string to have >=1 characters'],
    ['schema.features.0.min', 'low', ': Invalid input: expected number, received string'],
    ['schema.features.0.min', Number.NaN, ': Invalid input: expected number, received NaN'],
    [
      'schema.features.0',
      { type: 'category', name: 'site', levels: ['only'] },
      '.levels: Too small: expected array to have >=2 items',
    ],
    ['schema.outcome.name', '', ': Too small: expected string to have >=1 characters'],
    ['model.input', [], ': Too small: expected array to have >=1 items'],
    ['model.input.0', 0, ': Too small: expected number to be >0'],
    ['model.input.0', 1.5, ': Invalid input: expected int, received number'],
    ['model.input.0', '10', ': Invalid input: expected number, received string'],
    ['model.input.0', 2 ** 53, ': Too big: expected int to be <=9007199254740991'],
    ['model.layers', [], ': Too small: expected array to have >=1 items'],
    [
      'model.layers.0.type',
      'lstm',
      ": Invalid discriminator value. Expected 'dense' | 'conv2d' | 'maxPool' | 'flatten'",
    ],
    ['model.layers.0.units', 0, ': Too small: expected number to be >0'],
    ['model.layers.0.units', -1.5, ': Invalid input: expected int, received number'],
    ['model.layers.0.activation', 'gelu', ': Invalid option: expected one of "linear"|"relu"|"tanh"'],
    ['model.siteLocal', 'all', ': Invalid option: expected one of "none"|"bias"|"head"'],
    ['training.epochs', 0, ': Too small: expected number to be >0'],
    ['training.batchSize', 2.5, ': Invalid input: expected int, received number'],
    ['training.learningRate', 0, ': Too small: expected number to be >0'],
    ['training.learningRate', Number.POSITIVE_INFINITY, ': Invalid input: expected number, received Infinity'],
    ['training.momentum', 1.1, ': Too big: expected number to be <=1'],
    ['training.momentum', -0.1, ': Too small: expected number to be >=0'],
    ['training.momentum', null, ': Invalid input: expected number, received null'],
    ['training.l2', -1, ': Too small: expected number to be >=0'],
    ['training.proximal', -1, ': Too small: expected number to be >=0'],
    ['standardise', 'yes', ': Invalid input: expected boolean, received string'],
    ['patientsPerWeight', -1, ': Too small: expected number to be >=0'],
    ['patientsPerWeight', 0.5, ': Invalid input: expected int, received number'],
    ['seed', 2 ** 32, ': Too big: expected number to be <=4294967295'],
    ['seed', -1, ': Too small: expected number to be >=0'],
    ['relays', Array(9).fill('/dns4/relay'), ': Too big: expected array to have <=8 items'],
    ['relays.0', 3, ': Invalid input: expected string, received number'],
    ['relays', 'relay', ': Invalid input: expected array, received string'],
    ['intendedUse', 'u'.repeat(1001), ': Too big: expected string to have <=1000 characters'],
    ['subgroups', Array(7).fill({ column: 'sex' }), ': Too big: expected array to have <=6 items'],
    ['subgroups.0.column', '', ': Too small: expected string to have >=1 characters'],
    ['subgroups.0.borders', Array(10).fill(1), ': Too big: expected array to have <=9 items'],
    ['initial', { digest: '0x00', parameters: 1 }, '.digest: Invalid string: must match pattern /^0x[0-9a-f]{64}$/'],
    [
      'initial',
      { digest: `0x${'0A'.repeat(32)}`, parameters: 1 },
      '.digest: Invalid string: must match pattern /^0x[0-9a-f]{64}$/',
    ],
    ['initial', { digest: `0x${'0a'.repeat(32)}`, parameters: 0 }, '.parameters: Too small: expected number to be >0'],
  ])('refuses %s %j', (path, value, why) => {
    expect(reason(() => parseManifest(changed(heart, path, value)))).toBe(path + why)
  })

  test.each([
    ['schema.height', 0, ': Too small: expected number to be >0'],
    ['schema.classes', ['only'], ': Too small: expected array to have >=2 items'],
    ['model.layers.0.kernel', 0, ': Too small: expected number to be >0'],
    ['model.layers.0.padding', 'full', ': Invalid option: expected one of "same"|"valid"'],
    ['model.layers.1.size', 1.2, ': Invalid input: expected int, received number'],
  ])('of images, refuses %s %j', (path, value, why) => {
    expect(reason(() => parseManifest(changed(cnn, path, value)))).toBe(path + why)
  })

  test.each([
    [null, ': Invalid input: expected object, received null'],
    ['text', ': Invalid input: expected object, received string'],
    [3, ': Invalid input: expected object, received number'],
    [[], ': Invalid input: expected object, received array'],
    [{}, 'version: Invalid input: expected 1'],
  ])('refuses %j', (value, why) => {
    expect(reason(() => parseManifest(value))).toBe(why)
  })
})

describe('decodeManifest', () => {
  test('refuses bytes that are no dag-cbor, and what they do not describe', () => {
    expect(reason(() => decodeManifest(Uint8Array.of(0xff, 0xff)))).toBe('it is no dag-cbor')
    expect(reason(() => decodeManifest(encode({ version: 1 })))).toBe(
      'name: Invalid input: expected string, received undefined',
    )
  })
})

describe('a study with differential privacy', () => {
  test('is read as it was written', () => {
    expect(parseManifest(ranged)).toEqual(ranged)
    expect(decodeManifest(encode(ranged))).toEqual(ranged)
  })

  test('does not add up columns in a round zero', () => {
    expect(reason(() => parseManifest(changed(ranged, 'standardise', true)))).toContain('standardise')
  })

  test('has a range for every number', () => {
    const features = ranged.schema.kind === 'table' ? ranged.schema.features : []
    const bare = features.map(({ typical: _typical, min: _min, ...feature }: Record<string, unknown>) => feature)
    expect(reason(() => parseManifest(changed(ranged, 'schema.features', bare)))).toContain('age has no range')
  })

  test.each(['noise', 'clip', 'steps', 'sampleRate', 'delta'])('has a %s above nothing', name => {
    expect(reason(() => parseManifest(changed(ranged, `privacy.${name}`, 0)))).toContain(`privacy.${name}`)
  })

  test('may have a clip for each layer, and clips that follow the patients', () => {
    for (const name of ['perLayer', 'adaptive']) {
      const said = changed(ranged, `privacy.${name}`, true)
      expect(parseManifest(said)).toEqual(said)
      expect(reason(() => parseManifest(changed(ranged, `privacy.${name}`, 1)))).toContain(`privacy.${name}`)
    }
  })

  test('images are on a scale already', () => {
    expect(privately(digitsStudy(), { epsilon: 3, delta: 1e-5 }).manifest.scaling).toBeUndefined()
    expect(reason(() => parseManifest({ ...digits, scaling: 'ranges' }))).toContain('scaling')
  })
})

test('only layers before the last may be frozen, and there is no way to say that one is not', () => {
  expect(reason(() => parseManifest(changed(heart, 'model.layers.0.frozen', true)))).toBe(
    'model.layers.0.frozen: the last layer must learn',
  )
  expect(reason(() => parseManifest(changed(overEdges, 'model.layers.0.frozen', false)))).toBe(
    'model.layers.0.frozen: Invalid input: expected true',
  )
})

describe('a masked study', () => {
  const masking = { clip: 16, fractionBits: 24 }

  test('is read as it was written', () => {
    for (const manifest of [
      { ...heart, masking },
      { ...digits, masking },
      { ...ranged, masking, patientsPerWeight: 0 },
    ]) {
      expect(parseManifest(manifest)).toEqual(manifest)
      expect(decodeManifest(encode(manifest))).toEqual(manifest)
    }
  })

  test('adds up columns of tables within the range that every number has', () => {
    const features = heart.schema.kind === 'table' ? heart.schema.features : []
    const bare = features.map(({ typical: _typical, min: _min, ...feature }: Record<string, unknown>) => feature)
    const unranged = changed(heart, 'schema.features', bare) as object
    expect(parseManifest(unranged)).toEqual(unranged)
    expect(reason(() => parseManifest({ ...unranged, masking }))).toContain('age has no range')
    expect(reason(() => parseManifest({ ...digits, masking, standardise: true }))).toContain('columns of a table')
  })

  test('with noise tells everybody no weight that follows from patients', () => {
    expect(reason(() => parseManifest({ ...ranged, masking, patientsPerWeight: 20 }))).toContain('patientsPerWeight')
  })

  test('opens numbers of a single hospital only where its update is noised', () => {
    const scored = { ...masking, scored: true }
    expect(parseManifest({ ...ranged, masking: scored, patientsPerWeight: 0 })).toMatchObject({ masking: scored })
    expect(reason(() => parseManifest({ ...heart, masking: scored }))).toContain('masking.scored')
  })

  // 512·clip·2^bits < 2^63.
  test('has integers whose sums fit the field', () => {
    const of = (clip: number, fractionBits: number) => ({ ...heart, masking: { clip, fractionBits } })
    expect(parseManifest(of(2 ** 13, 40))).toEqual(of(2 ** 13, 40))
    expect(reason(() => parseManifest(of(2 ** 14, 40)))).toContain('could overflow')
    expect(reason(() => parseManifest(of(0, 24)))).toContain('masking.clip')
    expect(reason(() => parseManifest(of(1, 41)))).toContain('masking.fractionBits')
    expect(reason(() => parseManifest(of(1.5, 24)))).toContain('masking.clip')
  })
})

describe('a proven study', () => {
  const promise = { epsilon: 3, delta: 1e-4 }
  const plain = proven(heartStudy({ rounds: 5 })).manifest
  const hidden = proven(masked(privately(heartStudy({ rounds: 5 }), promise))).manifest

  test('is read as it was written', () => {
    for (const manifest of [plain, hidden]) {
      expect(parseManifest(manifest)).toEqual(manifest)
      expect(decodeManifest(encode(manifest))).toEqual(manifest)
    }
  })

  test.each([
    ['proving.steps', 0],
    ['proving.steps', 65],
    ['proving.contributions', 0],
    ['proving.contributions', 256],
    ['scaling', undefined],
    ['model.siteLocal', 'bias'],
    ['model.layers.0.units', 2],
    ['compression', { keep: 0.5 }],
    ['training.epochs', 2],
    ['training.momentum', 0.9],
    ['training.l2', 0.01],
    ['training.proximal', 0.1],
    ['training.batchSize', 24],
    ['training.batchSize', 8],
    ['training.batchSize', 128],
    ['training.learningRate', 0.3],
    ['training.learningRate', 32],
    ['training.learningRate', 0.125],
    ['privacy.steps', 2],
    ['privacy.sampleRate', 0.5],
    ['privacy.perLayer', true],
    ['privacy.adaptive', true],
    ['privacy.clip', 1],
    ['masking.clip', 16],
    ['masking.fractionBits', 24],
    ['masking.scored', true],
  ])('cannot have %s of %j', (path, value) => {
    const manifest = path.startsWith('privacy') || path.startsWith('masking') ? hidden : plain
    const [section, field] = path.split('.')
    expect(reason(() => parseManifest(changed(manifest, path, value)))).toContain(field ?? section)
  })

  test('has noise that no sum of its integers overflows by', () => {
    expect(reason(() => parseManifest(changed(hidden, 'privacy.noise', 1e4)))).toContain('proving.steps: outputSums')
  })

  test('draws noise within twelve deviations, and clips inputs to what it is for', () => {
    expect(provenNoise({ noise: 4, clip: 2 })).toEqual({ sigma: 2 ** 29, bits: 33, squaredNorm: 4 * 2 ** 24 })
    expect(provenNoise({ noise: 4 / 3, clip: 1.5 })).toEqual({ sigma: 2 ** 27, bits: 31, squaredNorm: 2.25 * 2 ** 24 })
  })

  test('may calibrate what it shares, and nothing that is a hospital’s own', () => {
    expect(reason(() => parseManifest(changed(heart, 'model.calibrated', true)))).toContain('model.calibrated')
    expect(reason(() => parseManifest(changed(plain, 'model.calibrated', false)))).toContain('model.calibrated')
  })
})
