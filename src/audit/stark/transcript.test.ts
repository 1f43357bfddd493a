import { bytesToHex, concatBytes, keccak256, toBytes } from 'viem'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MODULUS } from '../../field/Field.ts'
import { Writer } from './bytes.ts'
import { Transcript } from './transcript.ts'

/** What keccak256 gives next instead, one after the other. */
const outputs: Uint8Array[] = []
vi.mock('@noble/hashes/sha3.js', async original => {
  const { keccak_256: real } = await original<typeof import('@noble/hashes/sha3.js')>()
  return { keccak_256: (bytes: Uint8Array) => outputs.shift() ?? real(bytes) }
})
afterEach(() => {
  outputs.length = 0
})

const hash = (...parts: Uint8Array[]) => keccak256(concatBytes(parts), 'bytes')
const byte = (value: number) => Uint8Array.of(value)
const wordsOf = (bytes: Uint8Array) => [0, 8, 16, 24].map(at => new DataView(bytes.buffer).getBigUint64(at))
const output = (...words: readonly bigint[]) => words.reduce((to, word) => to.element(word), new Writer()).bytes()

describe('a transcript', () => {
  it('is a chain of keccak256 from 32 zero bytes on', () => {
    const transcript = new Transcript()
    expect(transcript.state).toEqual(new Uint8Array(32))
    transcript.absorb(toBytes('first'))
    const first = hash(byte(2), new Uint8Array(32), toBytes('first'))
    expect(transcript.state).toEqual(first)
    expect(bytesToHex(first)).toBe('0x1b2e198c9f8197fe0ff0c9441730a3abcdb1b04663fd4e06bea31ab96657d3ff')
    transcript.absorb(new Uint8Array(0))
    expect(transcript.state).toEqual(hash(byte(2), first))
  })

  it('gives the first two words of an output as an extension element', () => {
    const transcript = new Transcript()
    const squeezed = hash(byte(3), new Uint8Array(32))
    expect(transcript.extension()).toEqual(wordsOf(squeezed).slice(0, 2))
    expect(transcript.state).toEqual(squeezed)
    expect(transcript.extension()).toEqual(wordsOf(hash(byte(3), squeezed)).slice(0, 2))
  })

  it('leaves out words that are no elements', () => {
    outputs.push(output(MODULUS, 2n ** 64n - 1n, MODULUS - 1n, MODULUS), output(MODULUS + 5n, 8n, 9n, 10n))
    expect(new Transcript().extension()).toEqual([MODULUS - 1n, 8n])
    outputs.push(output(MODULUS, 1n, 2n, 3n))
    expect(new Transcript().extension()).toEqual([1n, 2n])
  })

  it('draws a point outside of the base field', () => {
    outputs.push(output(4n, 0n, 5n, 6n), output(7n, 1n, 2n, 3n))
    expect(new Transcript().outside()).toEqual([7n, 1n])
  })

  it('takes positions from the low bits of 32-bit words, eight of an output', () => {
    const transcript = new Transcript()
    const first = hash(byte(3), new Uint8Array(32))
    const second = hash(byte(3), first)
    const words = [first, second].flatMap(bytes =>
      Array.from({ length: 8 }, (_, i) => new DataView(bytes.buffer).getUint32(4 * i)),
    )
    expect(transcript.positions(11, 10)).toEqual(words.slice(0, 11).map(word => word & 1023))
    expect(transcript.state).toEqual(second)
    expect(new Transcript().positions(8, 32)).toEqual(words.slice(0, 8))
  })

  it('accepts a nonce whose hash begins with as many zero bits, and absorbs it', () => {
    const start = hash(byte(2), new Uint8Array(32), toBytes('work'))
    const zerosOf = (nonce: Uint8Array) =>
      [...hash(byte(4), start, nonce)]
        .map(value => value.toString(2).padStart(8, '0'))
        .join('')
        .indexOf('1')
    for (let i = 0; i < 300; i++) {
      const nonce = new Writer().uint(i, 8).bytes()
      const zeros = zerosOf(nonce)
      const transcript = new Transcript()
      transcript.absorb(toBytes('work'))
      expect(transcript.accepts(nonce, zeros + 1)).toBe(false)
      expect(transcript.state).toEqual(start)
      expect(transcript.accepts(nonce, zeros)).toBe(true)
      expect(transcript.state).toEqual(hash(byte(2), start, nonce))
    }
  })

  it('counts zero bits over bytes', () => {
    for (const [first, zeros] of [
      [[0, 0, 1], 23],
      [[0, 0x80], 8],
      [[0x7f], 1],
      [[0xff], 0],
    ] as const) {
      for (const bits of [zeros, zeros + 1]) {
        outputs.push(Uint8Array.from({ length: 32 }, (_, i) => first[i] ?? 0xff))
        expect(new Transcript().accepts(new Uint8Array(8), bits)).toBe(bits === zeros)
        outputs.length = 0
      }
    }
  })

  it('hands out its state as a copy', () => {
    const transcript = new Transcript()
    transcript.state.fill(1)
    expect(transcript.state).toEqual(new Uint8Array(32))
  })
})
