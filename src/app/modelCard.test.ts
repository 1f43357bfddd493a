import { describe, expect, it } from 'vitest'
import { digitsOverEdges } from '../study/studies/digits.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { defaultMasking, masked } from '../study/studies/masked.ts'
import { privately } from '../study/studies/privately.ts'
import { proven } from '../study/studies/proven.ts'
import { type ModelCardSource, modelCard, modelCardMarkdown, modelCardSchema, patientsBand } from './modelCard.ts'
import { measured, modelDetails, resultDetails } from './testResults.ts'

const hash = `0x${'ab'.repeat(32)}`
const source: ModelCardSource = {
  manifest: heartStudy().manifest,
  hospital: 'Cleveland',
  hospitals: 4,
  patients: 303,
  round: 15,
  completed: 15,
  details: resultDetails(),
  proofs: null,
  rules: [{ name: 'Rounds', value: '15' }],
  provenance: {
    version: 15,
    chainId: 31337,
    deployment: hash,
    studyContract: `0x${'11'.repeat(20)}`,
    modelRegistry: `0x${'22'.repeat(20)}`,
    manifest: 'ipfs://bafy',
    model: 'bafymodel',
    modelHash: hash,
    signatures: 3,
    opened: hash,
    finalised: null,
  },
  written: new Date('2026-01-02T03:04:05Z'),
}

describe('patientsBand', () => {
  it.each([
    [0, 'fewer than 20'],
    [19, 'fewer than 20'],
    [20, '20 to 49'],
    [49, '20 to 49'],
    [50, '50 to 99'],
    [137, '100 to 199'],
    [60_000, '50,000 to 99,999'],
    [100_000, '100,000 or more'],
  ])('puts %d patients into %s', (patients, band) => {
    expect(patientsBand(patients)).toBe(band)
  })
})

describe('modelCard', () => {
  it('is what its schema says, also after a way through JSON', () => {
    const card = modelCard(source)
    expect(modelCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
    expect(card.model.parameters).toBe(13 + 1)
    expect(card.provenance.transactions).toEqual([{ what: 'the study was funded and opened', hash }])
  })

  it('says which layers were fixed', () => {
    const { model } = digitsOverEdges().manifest
    const card = modelCard({ ...source, manifest: { ...source.manifest, model } })
    expect(card.model.layers).toEqual([
      'convolution 7 by 7, 16 filters, same, relu, fixed, not learned',
      'largest of 4 by 4',
      'flatten',
      'dense 10, linear',
    ])
    expect(card.model.parameters).toBe(8650)
    expect(card.model.fixed).toBe(800)
    expect(modelCardMarkdown(card)).toContain('8650 parameters, 800 of them fixed: ')
    expect(modelCard(source).model).not.toHaveProperty('fixed')
    expect(modelCardMarkdown(modelCard(source))).not.toContain('fixed')
  })

  it('says who saw the updates, and whether there was noise in them', () => {
    const heart = heartStudy({ rounds: 5 })
    const noised = privately(heart, { epsilon: 5, delta: 1e-4 })
    const last = (manifest: ModelCardSource['manifest']) => modelCard({ ...source, manifest }).limits.at(-1)
    expect(last(heart.manifest)).toMatch(/committee opened .* no noise/)
    expect(last(noised.manifest)).toMatch(/committee opened .* noise in them hides/)
    expect(last(masked(heart).manifest)).toMatch(/Nobody opened .* no noise/)
    const hidden = (scored: boolean) => masked(noised, { ...defaultMasking, scored }).manifest
    expect(last(hidden(false))).toMatch(/Nobody opened .* noise in it hides/)
    expect(last(hidden(true))).toMatch(/could be worked out; noise in them hides/)
  })

  it('says how the patients were gone through: in passes and batches, or with noise in steps', () => {
    const heart = heartStudy({ rounds: 5 })
    const { training } = modelCard({ ...source, manifest: heart.manifest })
    expect(training).toMatchObject({ epochsPerRound: 1, batchSize: 8 })
    expect(training).not.toHaveProperty('noise')
    const noised = privately(heart, { epsilon: 5, delta: 1e-4 }).manifest
    const card = modelCard({ ...source, manifest: noised })
    expect(card.training).toMatchObject({ stepsPerRound: 1, sampleRate: 1, clip: 1 })
    expect(card.training.noise).toBeCloseTo(noised.privacy?.noise ?? 0, 3)
    expect(card.training).not.toHaveProperty('epochsPerRound')
    expect(card.training).not.toHaveProperty('adaptiveClip')
    expect(modelCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
  })

  it('says how many hospitals proved their training, and how a proven study goes through the patients', () => {
    const plan = proven(privately(heartStudy({ rounds: 5 }), { epsilon: 5, delta: 1e-4 }))
    const counted = { rounds: 5, proven: 9, failed: 1, fewest: 1, most: 2 }
    const card = modelCard({ ...source, manifest: plan.manifest, proofs: counted })
    expect(card.proofs).toMatchObject({ rounds: 5, fewest: 1, most: 2, failed: 1 })
    expect(card.proofs?.note).toMatch(/^In each of 5 rounds 1 to 2 of 4 hospitals, .* One could not\./)
    expect(card.training).toMatchObject({ epochsPerRound: 1, batchSize: 64, batchesPerRound: 3, clip: 2 })
    expect(card.training).not.toHaveProperty('stepsPerRound')
    expect(card.model.atTheHospital).toMatch(/fits the last layer’s bias again/)
    expect(modelCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
    expect(modelCardMarkdown(card)).toContain('## Did the hospitals keep to it?')
    const same = { ...counted, proven: 10, failed: 0, fewest: 2 }
    expect(modelCard({ ...source, proofs: same }).proofs?.note).toMatch(/ 2 of 4 hospitals, .* None failed\./)
    const once = { ...same, rounds: 1, proven: 2 }
    expect(modelCard({ ...source, proofs: once }).proofs?.note).toMatch(/^In one round 2 of 4 hospitals/)
    expect(modelCard(source)).not.toHaveProperty('proofs')
    expect(modelCardMarkdown(modelCard(source))).not.toContain('keep to it')
  })

  it('says that the clip of a private study follows the patients', () => {
    const noised = privately(heartStudy(), { epsilon: 5, delta: 1e-4 }).manifest
    const following = { ...noised, privacy: { ...noised.privacy!, adaptive: true } }
    const card = modelCard({ ...source, manifest: following })
    expect(card.training).toMatchObject({ clip: 1, adaptiveClip: true })
    expect(modelCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
    expect(modelCardMarkdown(card)).toContain('adaptiveClip: true')
  })

  it('holds patients in bands and figures in hundredths, never counts', () => {
    const details = resultDetails({
      federated: modelDetails({ accuracy: measured(0.8247, 0.7352, 0.8941) }),
      subgroups: [{ name: 'Male', patients: 77, federated: measured(0.8123, 0.7, 0.9), local: null }],
    })
    const card = modelCard({ ...source, details })
    expect(card.cohort).toMatchObject({ hospitals: 4, patientsHere: '200 to 499', heldOutHere: '100 to 199' })
    expect(card.results).toMatchObject({
      together: { accuracy: { value: 0.82, low: 0.74, high: 0.89 } },
      subgroups: [{ name: 'Male', patients: '50 to 99', together: { value: 0.81 } }],
    })
    const text = `${JSON.stringify(card)}${modelCardMarkdown(card)}`
    for (const count of ['303', '77', '0.8247', '"34"', ' 34 ']) expect(text).not.toContain(count)
  })

  it('withholds everything measured on fewer than 20 held-out patients', () => {
    const few = modelCard({ ...source, details: resultDetails({ patients: 19 }) })
    expect(few.results).toEqual({ withheld: expect.stringContaining('at least 20') })
    expect(few.cohort.heldOutHere).toBe('fewer than 20')
    expect(modelCardMarkdown(few)).not.toContain('Accuracy')
    expect('withheld' in modelCard({ ...source, details: resultDetails({ patients: 20 }) }).results).toBe(false)
    expect(modelCard({ ...source, details: null }).results).toEqual({ withheld: 'No results were computed.' })
  })

  it('withholds sensitivity where fewer than 20 have the outcome, and groups that are too small', () => {
    const federated = modelDetails({
      confusion: [
        [60, 10],
        [4, 15],
      ],
    })
    const subgroups = [{ name: 'Age 80 and over', patients: 19, federated: measured(0.9, 0.7, 1), local: null }]
    const { results } = modelCard({ ...source, details: resultDetails({ federated, subgroups, tooSmall: ['Female'] }) })
    if ('withheld' in results) return expect.fail('nothing else is withheld')
    expect(results.together.sensitivity).toEqual({ withheld: expect.stringContaining('fewer than 20') })
    expect(results.together.specificity).toEqual({ value: 0.83, low: 0.72, high: 0.91 })
    expect(results.subgroups).toEqual([])
    expect(results.tooSmall).toEqual(['Female', 'Age 80 and over'])
  })

  it('shows what a sponsor wrote as text in Markdown', () => {
    const manifest = { ...source.manifest, name: 'A|b\n# c', purpose: '<img src=x> [go](http://x)' }
    const markdown = modelCardMarkdown(modelCard({ ...source, manifest }))
    expect(markdown).toContain('# Model card: A\\|b \\# c')
    expect(markdown).toContain('\\<img src=x\\> \\[go\\](http://x)')
  })
})
