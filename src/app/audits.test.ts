import { describe, expect, it } from 'vitest'
import { roundAir } from '../audit/training/roundAir.ts'
import { keyAddress } from '../chain/proofKeys.ts'
import type { AuditRules } from '../chain/reads.ts'
import { roundShapeOf } from '../study/proving.ts'
import { heartStudy } from '../study/studies/heart.ts'
import { proven } from '../study/studies/proven.ts'
import { checkAudits } from './audits.ts'

const plain = heartStudy({ rounds: 2 }).manifest
const { manifest, rules } = proven(heartStudy({ rounds: 2 }))
const { air, shape } = roundAir(roundShapeOf(manifest))
const verifier = `0x${'7e'.repeat(20)}` as const
const deployment = { verifiers: [{ address: verifier, ...air.parameters }] }
const contract: AuditRules = {
  ...rules.audits!,
  ...{ verifier, key: keyAddress(air.key), steps: shape.steps, inputs: shape.inputs },
  ...{ contributions: shape.contributions, noised: false },
}
const refused = expect.objectContaining({ code: 'study.badManifest' })

describe('what a study says of proofs', () => {
  it('is the same in its description and its contract', () => {
    expect(() => checkAudits(manifest, contract, deployment)).not.toThrow()
    expect(() => checkAudits(plain, null, deployment)).not.toThrow()
  })

  it.each<[string, Partial<AuditRules>]>([
    ['another verifier', { verifier: `0x${'7f'.repeat(20)}` }],
    ['another key', { key: verifier }],
    ['other steps', { steps: shape.steps + 1 }],
    ['other inputs', { inputs: shape.inputs + 1 }],
    ['more contributions', { contributions: shape.contributions + 1 }],
    ['noise', { noised: true }],
  ])('is refused where the contract has %s', (_, change) => {
    expect(() => checkAudits(manifest, { ...contract, ...change }, deployment)).toThrow(refused)
  })

  it('is refused where only one of them speaks of proofs', () => {
    expect(() => checkAudits(manifest, null, deployment)).toThrow(refused)
    expect(() => checkAudits(plain, contract, deployment)).toThrow(refused)
  })

  it('is refused where the description is of another training than the key', () => {
    const training = { ...manifest.training, learningRate: 2 * manifest.training.learningRate }
    expect(() => checkAudits({ ...manifest, training }, contract, deployment)).toThrow(refused)
  })

  it('cannot be checked where the deployment has no verifier for it', () => {
    const noVerifier = expect.objectContaining({ code: 'chain.noVerifier' })
    expect(() => checkAudits(manifest, contract, { verifiers: [] })).toThrow(noVerifier)
  })
})
