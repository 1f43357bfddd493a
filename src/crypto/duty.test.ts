import fc from 'fast-check'
import { domainSeparator, recoverTypedDataAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { beforeAll, describe, expect, test } from 'vitest'
import type { StudyRef } from '../rounds/ports.ts'
import type { Hex } from '../study/types.ts'
import { createDutySigner, dutyDigest, dutyTypes, scoreCommitment, studyDomain, verifyDuty } from './duty.ts'
import { type TestHospital, testHospital } from './testing.ts'

const ref: StudyRef = { deployment: `0x${'d1'.repeat(32)}`, chainId: 31337, study: `0x${'5a'.repeat(20)}` }
const word = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
const HALF_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n / 2n

let hospital: TestHospital
let other: TestHospital
beforeAll(async () => {
  hospital = await testHospital(0)
  other = await testHospital(1)
})

describe('a duty', () => {
  test('of every kind verifies under the key that signed it and no other', async () => {
    const signer = createDutySigner(hospital.keys.duty.privateKey)
    const by = hospital.address
    const attestation = { hospital: by, round: 2, opened: 0b1011n, scoreCommitment: word(1) }
    const scores = { hospital: by, round: 2, scores: [120, -32768, -7], salt: word(2), rewraps: word(0) }
    const model = { hospital: by, round: 2, modelHash: word(3), header: word(4) }
    const blob = { by, round: 2, kind: 'update', ciphertext: word(5), commitment: word(6) } as const
    const { duty } = hospital.member.keys
    expect(await verifyDuty(ref, 'Attestation', attestation, await signer.attestation(ref, attestation), duty)).toBe(
      true,
    )
    expect(await verifyDuty(ref, 'Scores', scores, await signer.scores(ref, scores), duty)).toBe(true)
    expect(await verifyDuty(ref, 'ModelSignature', model, await signer.model(ref, model), duty)).toBe(true)
    const scored = { ...model, scores: [9500, -32768, -7] }
    const signedScored = await signer.scoredModel(ref, scored)
    expect(await verifyDuty(ref, 'ScoredModel', scored, signedScored, duty)).toBe(true)
    expect(await verifyDuty(ref, 'ScoredModel', { ...scored, scores: [9500, -32768, -8] }, signedScored, duty)).toBe(
      false,
    )
    expect(await verifyDuty(ref, 'ModelSignature', model, signedScored, duty)).toBe(false)
    const masks = { hospital: by, round: 2, masks: word(7) }
    const signedMasks = await signer.masks(ref, masks)
    expect(await verifyDuty(ref, 'Masks', masks, signedMasks, duty)).toBe(true)
    const products = { hospital: by, round: 2, products: word(7) }
    expect(await verifyDuty(ref, 'Products', products, await signer.products(ref, products), duty)).toBe(true)
    expect(await verifyDuty(ref, 'Products', products, signedMasks, duty)).toBe(false)
    const veto = { hospital: by, round: 9, vetoed: true }
    const vetoed = await signer.veto(ref, veto)
    expect(await verifyDuty(ref, 'Veto', veto, vetoed, duty)).toBe(true)
    expect(await verifyDuty(ref, 'Veto', { ...veto, vetoed: false }, vetoed, duty)).toBe(false)
    const preparation = { hospital: by, data: word(8) }
    const prepared = await signer.preparation(ref, preparation)
    expect(await verifyDuty(ref, 'Preparation', preparation, prepared, duty)).toBe(true)
    expect(await verifyDuty(ref, 'Preparation', { ...preparation, data: word(9) }, prepared, duty)).toBe(false)
    const signature = await signer.sealedBlob(ref, blob)
    expect(await verifyDuty(ref, 'SealedBlob', blob, signature, duty)).toBe(true)
    expect(await verifyDuty(ref, 'SealedBlob', blob, signature, other.member.keys.duty)).toBe(false)
    expect(await verifyDuty({ ...ref, chainId: 1 }, 'SealedBlob', blob, signature, duty)).toBe(false)
    expect(await verifyDuty({ ...ref, deployment: word(9) }, 'SealedBlob', blob, signature, duty)).toBe(false)
    expect(await verifyDuty({ ...ref, study: by }, 'SealedBlob', blob, signature, duty)).toBe(false)
    expect(await verifyDuty(ref, 'SealedBlob', { ...blob, round: 3 }, signature, duty)).toBe(false)
    expect(await verifyDuty(ref, 'SealedBlob', { ...blob, kind: 'model' }, signature, duty)).toBe(false)
  })

  test('has s in the lower half, and its mirror image in the upper half is refused', async () => {
    const signer = createDutySigner(hospital.keys.duty.privateKey)
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), async opened => {
        const duty = { hospital: hospital.address, round: 1, opened, scoreCommitment: word(1) }
        const { r, s } = await signer.attestation(ref, duty)
        expect(s).toMatch(/^0x[0-9a-f]{64}$/)
        expect(BigInt(s) <= HALF_ORDER).toBe(true)
        const mirrored: Hex = `0x${(2n * HALF_ORDER + 1n - BigInt(s)).toString(16).padStart(64, '0')}`
        expect(await verifyDuty(ref, 'Attestation', duty, { r, s }, hospital.member.keys.duty)).toBe(true)
        expect(await verifyDuty(ref, 'Attestation', duty, { r, s: mirrored }, hospital.member.keys.duty)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  test('does not verify under a point that is not on the curve', async () => {
    const duty = { hospital: hospital.address, round: 1, opened: 1n, scoreCommitment: word(1) }
    const signature = await createDutySigner(hospital.keys.duty.privateKey).attestation(ref, duty)
    expect(await verifyDuty(ref, 'Attestation', duty, signature, { x: word(1), y: word(1) })).toBe(false)
  })

  test('is the EIP-712 digest that a wallet would sign', async () => {
    const wallet = privateKeyToAccount(word(0x11))
    const message = { hospital: hospital.address, round: 2, modelHash: word(3), header: word(4) }
    const domain = {
      name: 'Wardround',
      version: '1',
      chainId: 31337,
      verifyingContract: ref.study,
      salt: ref.deployment,
    }
    const typed = { domain, types: dutyTypes, primaryType: 'ModelSignature', message } as const
    const signature = await wallet.sign({ hash: dutyDigest(ref, 'ModelSignature', message) })
    expect(await recoverTypedDataAddress({ ...typed, signature })).toBe(wallet.address)
  })
})

test('a score commitment depends on every part of it', () => {
  const base = { hospital: hospital.address, round: 1, scores: [1, 2, -3], salt: word(7) }
  const all = [
    base,
    { ...base, hospital: other.address },
    { ...base, round: 2 },
    { ...base, scores: [1, 2, 3] },
    { ...base, salt: word(8) },
  ].map(scoreCommitment)
  expect(new Set(all).size).toBe(5)
})

test('a study’s domain is what contracts know it by', () => {
  const domain = { name: 'Wardround', version: '1', chainId: 31337, verifyingContract: ref.study, salt: ref.deployment }
  expect(studyDomain(ref)).toBe(domainSeparator({ domain }))
  expect(studyDomain({ ...ref, study: `0x${'5b'.repeat(20)}` })).not.toBe(studyDomain(ref))
})
