import { describe, expect, it } from 'vitest'
import { parseManifest } from '../study/manifest.ts'
import { unprovable } from '../study/proving.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { masked } from '../study/studies/masked.ts'
import { privately } from '../study/studies/privately.ts'
import { proven } from '../study/studies/proven.ts'
import {
  adviceFor,
  checkForm,
  costOf,
  formOf,
  newForm,
  roundWei,
  type SponsorForm,
  withMasking,
  withModel,
  withPrivacy,
  withProving,
} from './sponsorForm.ts'
import { provingObstacles } from './sponsorProving.ts'

const relays = ['/ip4/127.0.0.1/tcp/4611/ws/p2p/12D3KooWGC6TvWhfapngX6wvJHhdX1nfnWbVJ6sJUUUJpzJpAkXk']
const heart = newForm('heart', false)
const provenHeart = withProving(heart, true)

function withProvingChanged(form: SponsorForm, change: Partial<NonNullable<SponsorForm['proving']>>): SponsorForm {
  return { ...form, proving: form.proving && { ...form.proving, ...change } }
}

describe('what stands in the way of proofs', () => {
  it('is nothing for the heart study, and the images of the digits', () => {
    expect(provingObstacles(heart)).toEqual([])
    expect(provingObstacles(newForm('digits', false))).toEqual(['images'])
  })

  it('is a model of several layers, a number without a range, and too many inputs', () => {
    expect(provingObstacles(withModel(heart, 'mlp'))).toEqual(['model'])
    const number = { type: 'number' as const, name: 'dose', min: 0 }
    const columns = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...number, name: `dose ${i}`, max: 9 }))
    const table = (features: (typeof number & { max?: number })[]) =>
      provingObstacles({ ...heart, schema: { kind: 'table', features, outcome: { name: 'ill' } } })
    expect(table([number])).toEqual(['ranges'])
    expect(table(columns(62))).toEqual([])
    expect(table(columns(63))).toEqual(['inputs'])
  })
})

describe('a form that is proven', () => {
  it('is the study that is known to work, ready to be signed', () => {
    const { problems, warnings, study } = checkForm({ ...provenHeart, rounds: 8 }, relays)
    expect(problems).toEqual({})
    expect(warnings).toEqual([])
    const known = proven(heartStudy({ relays, rounds: 8 }))
    expect(parseManifest(study?.manifest)).toEqual(known.manifest)
    const { audits } = study?.rules ?? {}
    expect(audits).toMatchObject({ hospitalsBps: known.rules.audits?.hospitalsBps })
    expect(study?.rules).toMatchObject({ standardise: false, margin: known.rules.margin })
  })

  it.each([
    ['masks', masked(heartStudy({ relays, rounds: 5 })), withMasking({ ...heart, rounds: 5 }, true)],
    [
      'noise',
      privately(heartStudy({ relays, rounds: 5 }), { epsilon: 5, delta: 1e-4 }),
      withPrivacy({ ...heart, rounds: 5 }, true),
    ],
  ])('goes with %s', (_, plan, form) => {
    const { problems, study } = checkForm(withProving(form, true), relays)
    expect(problems).toEqual({})
    expect(unprovable(parseManifest(study?.manifest))).toBeNull()
    const { training, masking, proving, privacy } = proven(plan).manifest
    expect(study?.manifest).toMatchObject({ training, proving })
    expect(study?.manifest.masking).toEqual(masking)
    expect(study?.manifest.privacy?.clip).toBe(privacy?.clip)
  })

  it('stays one that can be proven where masks and noise are switched on and off afterwards', () => {
    const { seconds } = provenHeart
    const both = withPrivacy(withMasking(provenHeart, true), true)
    for (const form of [both, withMasking(both, false), withPrivacy(both, false)]) {
      expect(checkForm({ ...form, seconds }, relays).problems).toEqual({})
    }
    expect(checkForm(both, relays).study?.manifest).toMatchObject({ masking: { clip: 32, fractionBits: 32 } })
  })

  it('is as it was once nothing is proven any more', () => {
    expect(withProving(provenHeart, false)).toEqual(heart)
    const both = withPrivacy(withMasking(heart, true), true)
    const chosen = { ...both, privacy: both.privacy && { ...both.privacy, epsilon: 2 } }
    expect(withProving(withProving(chosen, true), false)).toEqual(chosen)
  })

  it('says the same again in a clone', () => {
    const { study } = checkForm({ ...provenHeart, rounds: 8 }, relays)
    if (study === null) throw new Error('the form has problems')
    const clone = formOf(study.manifest, study.rules, { ...study.options, gasEth: study.gasEth })
    expect(clone.proving).toEqual(provenHeart.proving)
    expect(clone.seconds).toEqual(provenHeart.seconds)
    expect(checkForm(clone, relays).study?.manifest).toEqual(study.manifest)
  })

  it('says at its field what cannot be proven', () => {
    const { training } = provenHeart
    const problems = (change: Partial<SponsorForm>) => checkForm({ ...provenHeart, ...change }, relays).problems
    expect(problems({ training: { ...training, learningRate: 0.3 } })['training.learningRate']?.kind).toBe('misfit')
    expect(problems({ training: { ...training, batchSize: 8 } })['training.batchSize']?.kind).toBe('misfit')
    expect(problems({ modelKind: 'mlp' }).model?.kind).toBe('misfit')
    expect(problems({ rounds: 254 })).toEqual({ rounds: { kind: 'atMost', limit: 253 } })
    expect(checkForm(withProvingChanged(provenHeart, { steps: 65 }), relays).problems['proving.steps']).toEqual({
      kind: 'atMost',
      limit: 64,
    })
  })
})

it('is warned where a public chain leaves no time to open what draws', () => {
  const publicChain = 84_532
  const after = (reveal: number, chainId: number) =>
    checkForm({ ...provenHeart, seconds: { ...provenHeart.seconds, reveal } }, relays, chainId).warnings
  expect(after(299, publicChain)).toEqual(['hurriedReveal'])
  expect(after(300, publicChain)).toEqual([])
  expect(after(299, 31_337)).toEqual([])
})

describe('what a sponsor is told of cheating', () => {
  it('is nothing where it does not pay, and nothing of a study that is not proven', () => {
    expect(adviceFor(provenHeart)).toBeNull()
    expect(adviceFor(heart)).toBeNull()
    expect(adviceFor(withProvingChanged(provenHeart, { harm: null }))).toBeNull()
  })

  it('is what to change where it does, and each of it is enough', () => {
    const tempting = withProvingChanged(provenHeart, { harm: 300 })
    const advice = adviceFor(tempting)
    if (advice === null) throw new Error('no advice')
    expect(checkForm(tempting, relays).warnings).toContain('auditsTooWeak')
    expect(advice.caught).toBeGreaterThanOrEqual(0.5)
    const { leastStake, leastHospitalsPercent } = advice
    expect(adviceFor({ ...tempting, stake: leastStake })).toBeNull()
    expect(adviceFor({ ...tempting, stake: (leastStake ?? 0) - 2 })).not.toBeNull()
    expect(adviceFor(withProvingChanged(tempting, { hospitalsPercent: leastHospitalsPercent }))).toBeNull()
  })

  it('says where a change alone is not enough', () => {
    const hopeless = withProvingChanged(provenHeart, { harm: 1e6 })
    expect(adviceFor(hopeless)).toMatchObject({ leastSlashPercent: null })
  })
})

it('costs a signature more, and gas for proofs', () => {
  const gwei = 1_000_000_000n
  expect(costOf(provenHeart, gwei).fees.map(({ step }) => step)).toEqual(['audits', 'create', 'fund', 'start'])
  expect(costOf(provenHeart, gwei).suggestedPot).toBeGreaterThan(costOf(heart, gwei).suggestedPot)
  const duties = { isMasked: false, isScored: false }
  const audits = (hospitalsBps: number) => roundWei(4, 1n, { ...duties, audits: { hospitals: 4, hospitalsBps } })
  // Half of four are two proofs, a quarter is one.
  expect(audits(10_000) - audits(5000)).toBe(2n * (audits(5000) - audits(2500)))
})
