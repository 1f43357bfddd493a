import { describe, expect, it } from 'vitest'
import { digitsDataset, parseIdxImages, splitDigits } from './digits.ts'

const labels = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 10)

function idx(kind: 1 | 3, count: number, bytes: Uint8Array): ArrayBuffer {
  const header = new DataView(new ArrayBuffer(4 + 4 * kind + bytes.length))
  header.setUint32(0, 0x0800 | kind)
  ;[count, 28, 28].slice(0, kind).forEach((size, i) => {
    header.setUint32(4 + 4 * i, size)
  })
  new Uint8Array(header.buffer).set(bytes, 4 + 4 * kind)
  return header.buffer
}

describe('digits', () => {
  it.each([null, 0.1, 1, 100])('give every image to exactly one of five hospitals (alpha %s)', alpha => {
    const shares = Array.from({ length: 5 }, (_, index) => splitDigits(labels, { hospitals: 5, index, alpha, seed: 3 }))
    const all = shares.flatMap(share => [...share]).sort((a, b) => a - b)
    expect(all).toEqual(Array.from(labels, (_, i) => i))
  })

  it('mix the classes evenly without alpha and unevenly with a small one', () => {
    const spread = (alpha: number | null) => {
      const share = splitDigits(labels, { hospitals: 4, index: 0, alpha, seed: 3 })
      const counts = Array.from({ length: 10 }, (_, c) => share.filter(i => labels[i] === c).length)
      return Math.max(...counts) / (share.length / 10)
    }
    expect(spread(null)).toBeLessThan(1.3)
    expect(spread(0.1)).toBeGreaterThan(2)
  })

  it('read idx files, keep some images back for scores, and test on all test images', () => {
    const pixels = Uint8Array.from({ length: 40 * 784 }, (_, i) => Math.floor(i / 784))
    const some = Uint8Array.from({ length: 40 }, (_, i) => i % 10)
    const files = {
      trainImages: idx(3, 40, pixels),
      trainLabels: idx(1, 40, some),
      testImages: idx(3, 10, pixels.slice(0, 10 * 784)),
      testLabels: idx(1, 10, some.slice(0, 10)),
    }
    const { train, validation, test } = digitsDataset(files, { hospitals: 2, index: 1, alpha: null, seed: 1 })
    expect([train.labels.length, validation.labels.length, test.labels.length]).toEqual([18, 2, 10])
    // The pixel is the image's number, whose last digit is its label.
    for (const part of [train, validation, test]) {
      part.labels.forEach((label, i) => {
        expect((part.pixels[i * 784] as number) % 10).toBe(label)
      })
    }
  })

  it('refuse another file in their place', () => {
    expect(() => parseIdxImages(new TextEncoder().encode('<!doctype html><html></html>').buffer, 'x')).toThrow(
      'not an idx file',
    )
    expect(() => parseIdxImages(idx(3, 2, new Uint8Array(784)), 'x')).toThrow('bytes instead of')
  })
})
