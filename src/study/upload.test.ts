import { describe, expect, it } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { digitsStudy } from './studies/digits.ts'
import { heartStudy } from './studies/heart.ts'
import { defaultMasking, masked } from './studies/masked.ts'
import { proven } from './studies/proven.ts'
import type { StudyPlan } from './studies/StudyPlan.ts'
import { coordinatesSent, downloadBytes, paysToCompress, uploadBytes } from './upload.ts'

const digits = digitsStudy().manifest
const size = 784 * 128 + 128 + 128 * 10 + 10
const ninth: Manifest = { ...digits, compression: { keep: 1 / 9 } }
const committee = { seats: 5, isSeat: false }

describe('an upload', () => {
  it('is the whole vector where the study does not compress', () => {
    const { bytes, uncompressed } = uploadBytes(digits, committee)
    expect(bytes).toBe(uncompressed)
    expect(bytes).toBeGreaterThan(4 * size)
    expect(bytes).toBeLessThan(4.02 * size)
    expect(coordinatesSent(digits, size)).toBe(size)
  })

  it('holds the share of the numbers that the study keeps, rounded up, at least one', () => {
    expect(coordinatesSent(ninth, size)).toBe(Math.ceil(size / 9))
    expect(coordinatesSent({ compression: { keep: 0.001 } }, 20)).toBe(1)
    expect(coordinatesSent({ compression: { keep: 1 } }, 20)).toBe(20)
  })

  it('of digits is at least eight times smaller with a ninth of them, masks, seeds and backups included', () => {
    for (const masking of [undefined, defaultMasking]) {
      const { bytes, uncompressed } = uploadBytes({ ...ninth, masking }, committee)
      expect(uncompressed / bytes).toBeGreaterThan(8)
      expect(uncompressed / bytes).toBeLessThan(9)
    }
  })

  it('takes twice the bytes a number under masks, and more with each seat', () => {
    const masked: Manifest = { ...ninth, masking: defaultMasking }
    expect(uploadBytes(masked, committee).bytes).toBeGreaterThan(8 * Math.ceil(size / 9))
    expect(uploadBytes(masked, { seats: 7, isSeat: false }).bytes).toBeGreaterThan(uploadBytes(masked, committee).bytes)
    expect(uploadBytes(masked, { seats: 5, isSeat: true }).bytes).toBeLessThan(uploadBytes(masked, committee).bytes)
  })
})

it('of a proven study is as exact as its weights, and blinded under masks', () => {
  const heart = heartStudy({ rounds: 5 })
  const bytesOf = ({ manifest }: StudyPlan) => uploadBytes(manifest, committee).bytes
  const [plain, hidden] = [proven(heart), proven(masked(heart))]
  const { proving: _, ...unproven } = plain.manifest
  expect(bytesOf(plain) - uploadBytes(unproven, committee).bytes).toBe(14 * 4)
  const { proving: __, ...unblinded } = hidden.manifest
  expect(bytesOf(hidden) - uploadBytes(unblinded, committee).bytes).toBe(4 * 8)
})

describe('a new model', () => {
  it('comes as the share of its numbers that is sent, and whole where nothing is compressed', () => {
    const { bytes, uncompressed } = downloadBytes(ninth, 5)
    expect(uncompressed / bytes).toBeGreaterThan(8.5)
    expect(uncompressed / bytes).toBeLessThan(9)
    expect(downloadBytes(digits, 5)).toEqual({ bytes: uncompressed, uncompressed })
    expect(downloadBytes(ninth, 64).bytes).toBeGreaterThan(bytes)
  })
})

describe('a manifest', () => {
  it('may compress a model that is large enough, and says by how much', () => {
    expect(parseManifest(ninth).compression).toEqual({ keep: 1 / 9 })
  })

  it('is refused where no share of its numbers would go up', () => {
    const refused = (error: unknown) => isAppError(error, 'study.badManifest')
    const attempt = (manifest: unknown) => {
      try {
        parseManifest(manifest)
      } catch (error) {
        return error
      }
      return undefined
    }
    for (const keep of [0, -1, 1.1, Number.NaN]) {
      expect(attempt({ ...digits, compression: { keep } })).toSatisfy(refused)
    }
  })

  it('compresses for nothing where a model is mostly what seals it', () => {
    const heart = { ...heartStudy().manifest, compression: { keep: 0.5 } }
    expect(paysToCompress(ninth)).toBe(true)
    for (const masking of [undefined, defaultMasking]) {
      expect(paysToCompress({ ...parseManifest({ ...heart, masking }) })).toBe(false)
    }
  })
})
