import { describe, expect, it } from 'vitest'
import { studyEpsilon } from '../privacy/studyPrivacy.ts'
import { parseManifest } from '../study/manifest.ts'
import { edgesModel } from '../study/studies/edges.ts'
import { heartStudy } from '../study/studies/heart.ts'
import {
  checkForm,
  costOf,
  fewestRounds,
  forecastOf,
  formOf,
  isScored,
  modelOf,
  newForm,
  parametersOf,
  roundWei,
  type SponsorForm,
  templates,
  timingSeconds,
  timings,
  uploadOf,
  uploadShares,
  withMasking,
  withModel,
  withPrivacy,
} from './sponsorForm.ts'
import { ethOf, weiOf } from './wei.ts'

const relays = ['/ip4/127.0.0.1/tcp/4611/ws/p2p/12D3KooWGC6TvWhfapngX6wvJHhdX1nfnWbVJ6sJUUUJpzJpAkXk']
const heart = newForm('heart', false)
const table = { ...newForm('table', false), name: 'Falls', purpose: 'Predict falls.' }

function problemsOf(change: Partial<SponsorForm>, from: SponsorForm = heart) {
  return checkForm({ ...from, ...change }, relays).problems
}

describe('a new form', () => {
  it.each(['heart', 'digits'] as const)('for %s is ready to be signed', template => {
    const { problems, warnings, study } = checkForm(newForm(template, false), relays)
    expect(problems).toEqual({})
    expect(warnings).toEqual([])
    expect(parseManifest(study?.manifest).relays).toEqual(relays)
  })

  it.each(['csv', 'table'] as const)('for %s asks for a name and a purpose and nothing else', template => {
    expect(Object.keys(problemsOf({}, newForm(template, false)))).toEqual(['name', 'purpose'])
  })

  it('for heart learns the same as the shipped study', () => {
    const { study } = checkForm(heart, relays)
    const shipped = heartStudy({ relays }).manifest
    expect(study?.manifest).toEqual(shipped)
  })

  it('for other columns shows results apart by age and sex where there are such columns', () => {
    const schema = {
      kind: 'table' as const,
      features: [
        { type: 'number' as const, name: 'Age' },
        { type: 'binary' as const, name: 'sex' },
        { type: 'number' as const, name: 'dose' },
      ],
      outcome: { name: 'ill' },
    }
    const named = checkForm({ ...table, schema, subgroups: null }, relays).study?.manifest
    expect(named?.subgroups).toEqual([{ column: 'Age', borders: [50, 65] }, { column: 'sex' }])
    // A group of a column that was taken out goes with it.
    const kept = checkForm({ ...table, schema, subgroups: [{ column: 'sex' }, { column: 'ward' }] }, relays)
    expect(kept.study?.manifest.subgroups).toEqual([{ column: 'sex' }])
  })

  it('gives people hours on a public chain', () => {
    expect(newForm('heart', true).seconds.train).toBeGreaterThanOrEqual(3600)
  })
})

it.each(timings)('the deadlines of the preset %s are ones that the contract takes', timing => {
  expect(problemsOf({ seconds: timingSeconds[timing] })).toEqual({})
})

describe('a form', () => {
  it.each([
    ['an empty name', { name: '  ' }, 'name', { kind: 'missing' }],
    ['a name of 81 letters', { name: 'x'.repeat(81) }, 'name', { kind: 'letters', limit: 80 }],
    ['no rounds', { rounds: null }, 'rounds', { kind: 'missing' }],
    ['half a round', { rounds: 1.5 }, 'rounds', { kind: 'whole' }],
    ['more rounds than the contract counts', { rounds: 1001 }, 'rounds', { kind: 'atMost', limit: 1000 }],
    ['one hospital', { minHospitals: 1 }, 'minHospitals', { kind: 'atLeast', limit: 2 }],
    ['65 hospitals', { maxHospitals: 65 }, 'maxHospitals', { kind: 'atMost', limit: 64 }],
    [
      'fewer at most than at least',
      { minHospitals: 5, maxHospitals: 4 },
      'maxHospitals',
      { kind: 'atLeast', limit: 5 },
    ],
    ['one seat', { maxSeats: 1 }, 'maxSeats', { kind: 'atLeast', limit: 2 }],
    ['eight seats', { maxSeats: 8 }, 'maxSeats', { kind: 'atMost', limit: 7 }],
    ['a slash above the stake', { slashPercent: 101 }, 'slashPercent', { kind: 'atMost', limit: 100 }],
    ['no reward', { rewardPerRound: 0 }, 'rewardPerRound', { kind: 'moreThan', limit: 0 }],
    [
      'a phase without time',
      { seconds: { ...heart.seconds, score: 0 } },
      'seconds.score',
      { kind: 'atLeast', limit: 1 },
    ],
    [
      'steps of nothing',
      { training: { ...heart.training, learningRate: 0 } },
      'training.learningRate',
      { kind: 'moreThan', limit: 0 },
    ],
    ['an own model that was not chosen', { modelKind: 'own' as const }, 'model', { kind: 'noModel' }],
  ])('is not ready with %s', (_, change, path, problem) => {
    const checked = checkForm({ ...heart, ...change } as SponsorForm, relays)
    expect(checked.problems[path]).toEqual(problem)
    expect(checked.study).toBeNull()
  })

  it('takes no pause between rounds, which the contract does, too', () => {
    expect(problemsOf({ seconds: { ...heart.seconds, pause: 0 } })).toEqual({})
  })

  it('does not mind what the chosen model does not use', () => {
    expect(problemsOf({ modelKind: 'logistic', hidden: [null], filters: [0] })).toEqual({})
    expect(problemsOf({ modelKind: 'mlp', hidden: [null] })).toEqual({ 'hidden.0': { kind: 'missing' } })
  })

  it('names the column that is wrong', () => {
    const schema = {
      kind: 'table' as const,
      features: [
        { type: 'number' as const, name: 'age', min: 90, max: 18 },
        { type: 'binary' as const, name: 'age' },
        { type: 'category' as const, name: 'ward', levels: ['a', 'a', ''] },
        { type: 'binary' as const, name: 'fell' },
      ],
      outcome: { name: 'fell' },
    }
    expect(problemsOf({ schema }, table)).toEqual({
      'schema.features.0.max': { kind: 'rangeBackwards' },
      'schema.features.1.name': { kind: 'duplicate' },
      'schema.features.2.levels': { kind: 'levels' },
      'schema.features.3.name': { kind: 'duplicate' },
    })
  })

  it('leaves out of the public description what was left empty', () => {
    const schema = {
      kind: 'table' as const,
      features: [{ type: 'number' as const, name: 'x', label: '', unit: ' ', min: undefined }],
      outcome: { name: 'y', label: '' },
    } as SponsorForm['schema']
    const { study } = checkForm({ ...table, schema, intendedUse: ' ' }, relays)
    expect(study?.manifest.schema).toEqual({
      kind: 'table',
      features: [{ type: 'number', name: 'x' }],
      outcome: { name: 'y' },
    })
    expect(study?.manifest).not.toHaveProperty('intendedUse')
  })

  it('is refused where the sponsor’s own model does not fit the columns', () => {
    const own = {
      file: 'model.json',
      spec: {
        input: [7],
        layers: [{ type: 'dense' as const, units: 1, activation: 'linear' as const }],
        siteLocal: 'none' as const,
      },
      parameters: new Float32Array(8),
    }
    expect(problemsOf({ modelKind: 'own', own }).model).toMatchObject({ kind: 'misfit' })
  })

  it('builds a network of convolutions for images', () => {
    const { study } = checkForm({ ...newForm('digits', false), modelKind: 'cnn', filters: [8, 16] }, relays)
    expect(study?.manifest.model.layers.map(({ type }) => type)).toEqual([
      ...['conv2d', 'maxPool', 'conv2d', 'maxPool', 'flatten', 'dense'],
    ])
  })

  it('keeps fixed edge filters in a clone, counts them apart and takes strides that suit them', () => {
    const form = withPrivacy(newForm('digits', false), true)
    const edges = withModel(form, 'edges')
    expect(parametersOf(edges)).toEqual({ all: 8650, fixed: 800 })
    expect(edges.training.learningRate).toBeGreaterThan(form.training.learningRate ?? 0)
    expect(withModel({ ...form, training: { ...form.training, l2: 0.5 } }, 'cnn').training.l2).toBe(0.5)
    const { study } = checkForm(edges, relays)
    const { manifest, rules, options } = study as NonNullable<typeof study>
    expect(manifest.model).toEqual(edgesModel)
    const clone = formOf(manifest, rules, { ...options, gasEth: 0 })
    expect(modelOf(clone)).toEqual(edgesModel)
  })

  it('warns where a cheat who is found keeps more than it loses', () => {
    expect(checkForm({ ...heart, slashPercent: 1, stake: 10 }, relays).warnings).toContain('cheatingPays')
    expect(checkForm(heart, relays).warnings).toEqual([])
  })
})

describe('a form that promises privacy', () => {
  const promising = withPrivacy(heart, true)

  it('is ready to be signed, with noise that keeps the promise and columns on their public scale', () => {
    const { problems, warnings, study } = checkForm(promising, relays)
    expect(problems).toEqual({})
    expect(warnings).toEqual([])
    const manifest = parseManifest(study?.manifest)
    expect(manifest).toMatchObject({ standardise: false, scaling: 'ranges' })
    expect(study?.rules).toMatchObject({ standardise: false, margin: -7500 })
    expect(studyEpsilon(manifest, study?.rules.rounds ?? 0)).toBeLessThanOrEqual(5)
  })

  it('is as it was once it promises nothing any more', () => {
    expect(withPrivacy(promising, false)).toEqual(heart)
  })

  it('says the same again in a clone', () => {
    const { study } = checkForm({ ...promising, rounds: 10 }, relays)
    if (study === null) throw new Error('the form has problems')
    const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
    expect(clone.privacy).toMatchObject({ epsilon: 5, steps: 1, samplePercent: 100, clip: 1 })
  })

  it('asks for the range of every number', () => {
    const features = [{ type: 'number' as const, name: 'dose', min: 0 }]
    const schema = { kind: 'table' as const, features, outcome: { name: 'ill' } }
    expect(problemsOf({ schema }, promising)).toEqual({ 'schema.features.0.max': { kind: 'missing' } })
  })

  it('warns where it protects hardly anybody', () => {
    const { privacy } = promising
    if (privacy === null) throw new Error('no privacy')
    expect(checkForm({ ...promising, privacy: { ...privacy, epsilon: 9 } }, relays).warnings).toEqual(['weakPrivacy'])
    expect(checkForm({ ...promising, privacy: { ...privacy, delta: 5e-4 } }, relays).warnings).toEqual(['likelyLeak'])
    expect(Object.keys(problemsOf({ privacy: { ...privacy, epsilon: 0, steps: null } }, promising))).toEqual([
      'privacy.epsilon',
      'privacy.steps',
    ])
  })
})

describe('a clip for each layer', () => {
  const byLayer = (form: SponsorForm): SponsorForm => {
    const noised = withPrivacy(form, true)
    return { ...noised, privacy: noised.privacy && { ...noised.privacy, perLayer: true } }
  }

  it('is in the description of a model of several layers, in its forecast and in a clone', () => {
    const { study } = checkForm(byLayer({ ...newForm('digits', false), rounds: 4 }), relays)
    expect(study?.manifest.privacy?.perLayer).toBe(true)
    const clone = study && formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
    expect(clone?.privacy?.perLayer).toBe(true)
    expect(forecastOf(byLayer({ ...newForm('digits', false), rounds: 4 })).settings.perLayer).toBe(true)
  })

  it('says nothing of a model of one', () => {
    const { study } = checkForm(byLayer(newForm('heart', false)), relays)
    expect(study?.manifest.privacy).toBeDefined()
    expect(study?.manifest.privacy).not.toHaveProperty('perLayer')
  })
})

describe('a clip that follows the patients', () => {
  const following = (form: SponsorForm): SponsorForm => {
    const noised = withPrivacy(form, true)
    return { ...noised, privacy: noised.privacy && { ...noised.privacy, adaptive: true } }
  }

  it('is in the description, in its forecast and in a clone, and costs nothing more', () => {
    const { study } = checkForm(following(heart), relays)
    expect(study?.manifest.privacy).toEqual({
      ...checkForm(withPrivacy(heart, true), relays).study?.manifest.privacy,
      adaptive: true,
    })
    const clone = study && formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
    expect(clone?.privacy).toEqual(following(heart).privacy)
    expect(forecastOf(following(heart)).settings.adaptive).toBe(true)
  })

  it('is not mentioned where it does not', () => {
    const { study } = checkForm(withPrivacy(heart, true), relays)
    expect(study?.manifest.privacy).toBeDefined()
    expect(study?.manifest.privacy).not.toHaveProperty('adaptive')
    expect(forecastOf(withPrivacy(heart, true)).settings.adaptive).toBe(false)
  })
})

it('a forecast compresses as the form does', () => {
  expect(forecastOf({ ...withPrivacy(heart, true), keep: 1 / 4 }).compression).toEqual({ keep: 1 / 4 })
  expect(forecastOf(withPrivacy(heart, true))).not.toHaveProperty('compression')
})

describe('a masked form', () => {
  const hidden = withMasking(heart, true)

  it('is ready to be signed, the same study otherwise, with one committee member to spare', () => {
    const { problems, warnings, study } = checkForm({ ...hidden, halfToFirst: true }, relays)
    expect(problems).toEqual({})
    expect(warnings).toEqual([])
    expect(parseManifest(study?.manifest)).toEqual({
      ...heartStudy({ relays }).manifest,
      masking: { clip: 16, fractionBits: 24 },
    })
    // Nobody is first where nothing is scored.
    expect(study?.options).toMatchObject({ minHospitals: 4, halfToFirst: false })
  })

  it('is refused with fewer than three hospitals or seats, and warned of three', () => {
    const atLeast = { kind: 'atLeast', limit: 3 }
    expect(problemsOf({ minHospitals: 2 }, hidden)).toEqual({ minHospitals: atLeast })
    expect(problemsOf({ maxSeats: 2 }, hidden)).toEqual({ maxSeats: atLeast })
    expect(problemsOf({ minHospitals: 2, maxSeats: 2 })).toEqual({})
    expect(checkForm({ ...hidden, minHospitals: 3 }, relays).warnings).toEqual(['noSpareSeat'])
    expect(checkForm({ ...hidden, maxSeats: 3 }, relays).warnings).toEqual(['noSpareSeat'])
  })

  it('is warned where a public chain is not final before the masks must come off', () => {
    const publicChain = 84_532
    const quick = { ...hidden, seconds: { ...hidden.seconds, score: 29 * 60 } }
    expect(checkForm(quick, relays, publicChain).warnings).toEqual(['slowFinality'])
    expect(checkForm(quick, relays).warnings).toEqual([])
    expect(checkForm({ ...quick, masking: null }, relays, publicChain).warnings).toEqual([])
    const patient = { ...hidden, seconds: { ...hidden.seconds, score: 30 * 60 } }
    expect(checkForm(patient, relays, publicChain).warnings).toEqual([])
  })

  it('is refused where its numbers or their sums could overflow, and taken just below', () => {
    const full = { ...hidden, maxHospitals: 64 }
    expect(problemsOf({ masking: { clip: 2 ** 13, fractionBits: 40, scored: true } }, full)).toEqual({
      'masking.fractionBits': { kind: 'overflow' },
    })
    expect(problemsOf({ masking: { clip: 2 ** 13 - 1, fractionBits: 40, scored: true } }, full)).toEqual({})
    expect(problemsOf({ masking: { clip: null, fractionBits: 41, scored: true } }, full)).toEqual({
      'masking.clip': { kind: 'missing' },
      'masking.fractionBits': { kind: 'atMost', limit: 40 },
    })
  })

  it('asks for the range of every number while columns are standardised', () => {
    const features = [{ type: 'number' as const, name: 'dose', min: 0 }]
    const schema = { kind: 'table' as const, features, outcome: { name: 'ill' } }
    expect(problemsOf({ schema }, hidden)).toEqual({ 'schema.features.0.max': { kind: 'missing' } })
    expect(problemsOf({ schema, standardise: false }, hidden)).toEqual({})
  })

  it('with noise weighs all hospitals alike, and may leave what it does not use half typed', () => {
    const both = withPrivacy({ ...hidden, patientsPerWeight: null, marginPercent: null }, true)
    const { problems, study } = checkForm(both, relays)
    expect(problems).toEqual({})
    expect(study?.manifest).toMatchObject({ patientsPerWeight: 0, masking: { clip: 16 }, scaling: 'ranges' })
  })

  it('says the same again in a clone, and nothing of masks once it is a committee’s', () => {
    const { study } = checkForm(hidden, relays)
    if (study === null) throw new Error('the form has problems')
    const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
    expect(checkForm(clone, relays).study).toEqual(study)
    expect(checkForm(withMasking(hidden, false), relays).study?.manifest).not.toHaveProperty('masking')
  })

  it('is scored once there is noise, unless the sponsor says no, and never without', () => {
    const both = withPrivacy(hidden, true)
    const planOf = (form: SponsorForm) => checkForm(form, relays).study
    expect(planOf(both)?.manifest.masking).toEqual({ clip: 16, fractionBits: 24, scored: true })
    expect(planOf(withMasking(withPrivacy(heart, true), true))?.manifest.masking?.scored).toBe(true)
    expect(planOf(hidden)?.manifest.masking).toEqual({ clip: 16, fractionBits: 24 })
    const unscored = { ...both, masking: { clip: 16, fractionBits: 24, scored: false } }
    expect(planOf(unscored)?.manifest.masking).toEqual({ clip: 16, fractionBits: 24 })
  })

  it('says the same again in a clone, scored or not', () => {
    for (const scored of [true, false]) {
      const form = { ...withPrivacy(hidden, true), masking: { clip: 8, fractionBits: 20, scored }, halfToFirst: true }
      const { study } = checkForm(form, relays)
      if (study === null) throw new Error('the form has problems')
      const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
      expect(isScored(clone)).toBe(scored)
      // Somebody is first where there are scores.
      expect(study.options.halfToFirst).toBe(scored)
    }
    // What a study without noise would say is not known: it begins as a new one does.
    const { study } = checkForm(hidden, relays)
    if (study === null) throw new Error('the form has problems')
    const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
    expect(isScored(withPrivacy(clone, true))).toBe(true)
  })

  it('has a least score where it is scored, lower from the sum than by a committee', () => {
    const both = withPrivacy(hidden, true)
    expect(checkForm(both, relays).study?.rules.margin).toBe(-9500)
    expect(checkForm(withMasking(both, false), relays).study?.rules.margin).toBe(-7500)
    expect(problemsOf({ marginPercent: null }, both)).toEqual({ marginPercent: { kind: 'missing' } })
    const unscored = { ...both, masking: { clip: 16, fractionBits: 24, scored: false } }
    expect(problemsOf({ marginPercent: null }, unscored)).toEqual({})
  })

  it('warns where scores of few hospitals drown in the noise', () => {
    const both = withPrivacy(hidden, true)
    const at = (epsilon: number, change: Partial<SponsorForm> = {}) => {
      const privacy = both.privacy && { ...both.privacy, epsilon }
      return checkForm({ ...both, privacy, ...change }, relays).warnings
    }
    expect(at(5)).toEqual([])
    expect(at(2)).toEqual(['vagueScores'])
    expect(at(2, { minHospitals: 5 })).toEqual([])
    expect(at(2, { masking: { clip: 16, fractionBits: 24, scored: false } })).toEqual([])
  })

  it('takes more gas: a seat sends masks and shares in place of scores', () => {
    const gwei = 1_000_000_000n
    const same = { ...heart, maxSeats: hidden.maxSeats, maxHospitals: hidden.maxHospitals }
    expect(costOf(hidden, gwei).suggestedPot).toBeGreaterThan(costOf(same, gwei).suggestedPot)
    const both = withPrivacy(hidden, true)
    const unscored = { ...both, masking: { clip: 16, fractionBits: 24, scored: false } }
    expect(costOf(both, gwei).suggestedPot).toBeGreaterThan(costOf(unscored, gwei).suggestedPot)
  })

  it('asks each seat of a round that scores for one answer more', () => {
    const [three, four] = [3, 4].map(seats =>
      [true, false].map(isScored => roundWei(seats, 1n, { isMasked: true, isScored })),
    ) as [[bigint, bigint], [bigint, bigint]]
    expect(four[0] - four[1]).toBe(((three[0] - three[1]) * 4n) / 3n)
    expect(three[0]).toBeGreaterThan(three[1])
  })
})

describe('a form that sends parts of updates', () => {
  const whole = { ...newForm('digits', false), rounds: 40 }
  const ninth = { ...whole, keep: 1 / 9 }

  it('says so in the public description, and nothing where everything goes up', () => {
    expect(parseManifest(checkForm(ninth, relays).study?.manifest).compression).toEqual({ keep: 1 / 9 })
    expect(whole.keep).toBe(1)
    expect(checkForm(whole, relays).study?.manifest).not.toHaveProperty('compression')
  })

  it.each([...uploadShares, 0.3])('says the same again in a clone with %d of them, masked or not', keep => {
    for (const form of [whole, withMasking(whole, true)]) {
      const { study } = checkForm({ ...form, keep }, relays)
      if (study === null) throw new Error('the form has problems')
      const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
      expect(clone.keep).toBe(keep)
      expect(checkForm(clone, relays).study).toEqual(study)
    }
  })

  it('warns of a model so small that an upload is mostly what seals it', () => {
    expect(checkForm({ ...heart, keep: 1 / 2 }, relays).warnings).toEqual(['compressesNothing'])
    expect(checkForm({ ...withMasking(heart, true), keep: 1 / 2 }, relays).warnings).toEqual(['compressesNothing'])
    expect(checkForm({ ...heart, modelKind: 'mlp', hidden: [64], keep: 1 / 2 }, relays).warnings).toEqual([])
  })

  it('warns where each number would go up less than twice, and not from there on', () => {
    expect(uploadShares.map(fewestRounds)).toEqual([1, 4, 8, 18])
    expect(checkForm({ ...ninth, rounds: 17 }, relays).warnings).toEqual(['fewRoundsForParts'])
    expect(checkForm({ ...ninth, rounds: 18 }, relays).warnings).toEqual([])
    expect(checkForm({ ...whole, rounds: 1 }, relays).warnings).toEqual([])
  })

  it('forecasts an upload to the seats that there will be, and none while it is half typed', () => {
    const upload = uploadOf(ninth)
    expect(uploadOf(whole)).toEqual({ bytes: upload?.uncompressed, uncompressed: upload?.uncompressed })
    expect(uploadOf({ ...ninth, maxHospitals: 3 })).toEqual(uploadOf({ ...ninth, maxSeats: 3 }))
    expect(uploadOf({ ...ninth, maxHospitals: 3 })?.bytes).toBeLessThan(upload?.bytes ?? 0)
    // An element of the field is twice a float32.
    const masked = uploadOf(withMasking(ninth, true))
    expect((masked?.bytes ?? 0) / (upload?.bytes ?? 0)).toBeGreaterThan(1.8)
    expect(uploadOf({ ...ninth, maxSeats: null })).toBeNull()
  })
})

it.each(templates)('a clone of a %s study says the same again', template => {
  const form = { ...newForm(template, false), name: 'Name', purpose: 'Purpose', maxHospitals: 6, gasEth: 0.5 }
  const { study } = checkForm(form, relays)
  if (study === null) throw new Error('the form has problems')
  const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
  expect(checkForm(clone, relays).study).toEqual(study)
})

describe('what a study costs', () => {
  const gwei = 1_000_000_000n

  it('is the reward of every hospital in every round as a deposit', () => {
    expect(costOf({ ...heart, rounds: 15, maxHospitals: 8, rewardPerRound: 10 }, gwei).deposit).toBe(1200)
  })

  it('is gas at the price of the day, and the pot', () => {
    const cost = costOf({ ...heart, gasEth: 0.05 }, 2n * gwei)
    expect(cost.fees.map(({ step }) => step)).toEqual(['create', 'fund', 'pot', 'start'])
    expect(cost.fees[0]?.wei).toBe(200_000n * 2n * gwei)
    expect(cost.gasPot).toBe(50_000_000n * gwei)
    expect(cost.totalFees).toBe(cost.fees.reduce((sum, { wei }) => sum + wei, 0n))
    expect(costOf({ ...heart, gasEth: 0 }, gwei).fees.map(({ step }) => step)).toEqual(['create', 'fund', 'start'])
  })

  it('suggests a pot that grows with rounds and seats', () => {
    const small = costOf({ ...heart, rounds: 5 }, gwei).suggestedPot
    expect(costOf({ ...heart, rounds: 10 }, gwei).suggestedPot).toBeGreaterThan(small)
    expect(costOf({ ...heart, rounds: 5, maxSeats: 7 }, gwei).suggestedPot).toBeGreaterThan(small)
  })

  it('stands even where the form is half typed', () => {
    expect(costOf({ ...heart, rounds: null, maxHospitals: null, gasEth: null }, gwei)).toMatchObject({
      deposit: 0,
      gasPot: 0n,
    })
  })
})

it('counts ETH to the gwei', () => {
  expect(weiOf(0.1)).toBe(100_000_000_000_000_000n)
  expect(weiOf(1e-9)).toBe(1_000_000_000n)
  expect(ethOf(weiOf(1.25))).toBe(1.25)
})
