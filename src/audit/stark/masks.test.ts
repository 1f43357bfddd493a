import fc from 'fast-check'
import { concatBytes, keccak256, toBytes } from 'viem'
import { describe, expect, it } from 'vitest'
import { isElement } from '../../field/goldilocks.ts'
import { loadKernels } from '../../field/kernels.ts'
import { chacha20Words } from '../../field/referenceField.ts'
import { loadStarkField } from '../../field/starkField.ts'
import { key as keys } from '../../field/testing.ts'
import { wasmField } from '../../field/wasmField.ts'
import { hashOfWords, Masks } from './masks.ts'

const field = await loadStarkField(8)
const kernels = await loadKernels()
const prg = wasmField(kernels)
const label = fc.string({ maxLength: 12 })

describe('masks', () => {
  it('are the same for the same secret, binding and label', () => {
    fc.assert(
      fc.property(keys, keys, label, fc.nat(100), (secret, binding, name, count) => {
        const [first, second] = [0, 1].map(() => new Masks(prg, secret.slice(), binding.slice()))
        expect(second!.key(name)).toEqual(first!.key(name))
        expect(second!.elements(name, count)).toEqual(first!.elements(name, count))
      }),
      { numRuns: 20 },
    )
  })

  it('are others for another secret, binding or label', () => {
    fc.assert(
      fc.property(keys, keys, label, fc.nat(31), (secret, binding, name, at) => {
        const other = (bytes: Uint8Array) => bytes.with(at, bytes[at]! ^ 1)
        const all = [
          new Masks(prg, secret, binding).elements(name, 8),
          new Masks(prg, other(secret), binding).elements(name, 8),
          new Masks(prg, secret, other(binding)).elements(name, 8),
          new Masks(prg, secret, binding).elements(`${name}!`, 8),
        ].flatMap(elements => [...elements])
        expect(new Set(all).size).toBe(32)
      }),
      { numRuns: 20 },
    )
  })

  it('are the canonical words of ChaCha20 under a key that is keccak256 of everything', () => {
    const [secret, binding] = [new Uint8Array(32).fill(1), new Uint8Array(40).fill(2)]
    const derived = keccak256(concatBytes([Uint8Array.of(5), secret, binding, toBytes('main padding')]), 'bytes')
    const masks = new Masks(prg, secret, binding)
    expect(masks.key('main padding')).toEqual(derived)
    const words = chacha20Words(derived)
    const expected = Array.from({ length: 1000 }, () => words.next().value!).filter(isElement)
    expect([...masks.elements('main padding', 990)]).toEqual(expected.slice(0, 990))
  })

  it('are elements, as many as asked for', () => {
    const elements = new Masks(prg, new Uint8Array(32), new Uint8Array(32)).elements('many', 5001)
    expect(elements).toHaveLength(5001)
    expect(elements.every(isElement)).toBe(true)
  })

  it('leave neither keys nor elements in the memory', () => {
    const masks = new Masks(prg, new Uint8Array(32).fill(1), new Uint8Array(32))
    const elements = masks.elements('secret', 50)
    const left = new Set(new BigUint64Array(kernels.memory.buffer))
    expect(left.has(new BigUint64Array(masks.key('secret').slice().buffer)[0]!)).toBe(false)
    expect([...elements].some(element => left.has(element))).toBe(false)
  })

  it('take a secret of 32 bytes', () => {
    expect(() => new Masks(prg, new Uint8Array(31), new Uint8Array(32))).toThrow('a mask key of 31 bytes')
  })
})

describe('hashOfWords', () => {
  it.each([0, 1, 1023, 1024, 1025, 3000])('hashes the hashes of each 8 KiB of %i words', count => {
    const start = field.mark()
    const at = field.allocate(count)
    field.words(at, count).set(BigUint64Array.from({ length: count }, (_, i) => BigInt(i * i)))
    const bytes = field.bytes(at, 8 * count).slice()
    const pieces: Uint8Array[] = []
    for (let done = 0; done < bytes.length; done += 8192) {
      pieces.push(keccak256(bytes.subarray(done, done + 8192), 'bytes'))
    }
    expect(hashOfWords(field, at, count)).toEqual(keccak256(concatBytes(pieces), 'bytes'))
    field.release(start)
  })
})
