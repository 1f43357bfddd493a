import { describe, expect, it } from 'vitest'
import { hexToBytes } from '../crypto/bytes.ts'
import { loadKernels } from './kernels.ts'
import { chacha20Block } from './referenceField.ts'

const kernels = await loadKernels()

/** Keystream by the WASM kernel. */
function kernelStream(key: Uint8Array, counter: number, nonce: Uint8Array, length: number): Uint8Array {
  const { memory, capacity, words } = kernels
  new Uint8Array(memory.buffer, kernels.key, 32).set(key)
  const view = new DataView(nonce.buffer, nonce.byteOffset, 12)
  const [n0, n1, n2] = [0, 4, 8].map(at => view.getInt32(at, true)) as [number, number, number]
  kernels.keystream(words, counter, capacity / 32, n0, n1, n2)
  return new Uint8Array(memory.buffer, words, length).slice()
}

/** Keystream by the reference. */
function referenceStream(key: Uint8Array, counter: number, nonce: Uint8Array, length: number): Uint8Array {
  const stream = new Uint8Array(64 * Math.ceil(length / 64))
  for (let at = 0; at < stream.length; at += 64) stream.set(chacha20Block(key, counter + at / 64, nonce), at)
  return stream.slice(0, length)
}

const hex = (text: string) => hexToBytes(`0x${text.replace(/\s/g, '')}`)
const countingKey = Uint8Array.from({ length: 32 }, (_, i) => i)

describe.each([
  ['the kernel', kernelStream],
  ['the reference', referenceStream],
])("ChaCha20's keystream by %s", (_, stream) => {
  it('is the block of RFC 8439, section 2.3.2', () => {
    expect(stream(countingKey, 1, hex('000000090000004a00000000'), 64)).toEqual(
      hex(`
        10 f1 e7 e4 d1 3b 59 15 50 0f dd 1f a3 20 71 c4 c7 d1 f4 c7 33 c0 68 03 04 22 aa 9a c3 d4 6c 4e
        d2 82 64 46 07 9f aa 09 14 c2 d7 05 d9 8b 02 a2 b5 12 9c d1 de 16 4e b9 cb d0 83 e8 a2 50 3c 4e`),
    )
  })

  it('is the first block of RFC 8439, appendix A.1', () => {
    expect(stream(new Uint8Array(32), 0, new Uint8Array(12), 64)).toEqual(
      hex(`
        76 b8 e0 ad a0 f1 3d 90 40 5d 6a e5 53 86 bd 28 bd d2 19 b8 a0 8d ed 1a a8 36 ef cc 8b 77 0d c7
        da 41 59 7c 51 57 48 8d 77 24 e0 3f b8 d8 4a 37 6a 43 b8 f4 15 18 a1 1c c3 87 b6 69 b2 ee 65 86`),
    )
  })

  it('encrypts as in RFC 8439, section 2.4.2', () => {
    const plaintext = new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    )
    const keystream = stream(countingKey, 1, hex('000000000000004a00000000'), plaintext.length)
    expect(plaintext.map((byte, i) => byte ^ keystream[i]!)).toEqual(
      hex(`
        6e 2e 35 9a 25 68 f9 80 41 ba 07 28 dd 0d 69 81 e9 7e 7a ec 1d 43 60 c2 0a 27 af cc fd 9f ae 0b
        f9 1b 65 c5 52 47 33 ab 8f 59 3d ab cd 62 b3 57 16 39 d6 24 e6 51 52 ab 8f 53 0c 35 9f 08 61 d8
        07 ca 0d bf 50 0d 6a 61 56 a3 8e 08 8a 22 b6 5e 52 bc 51 4d 16 cc f8 06 81 8c e9 1a b7 79 37 36
        5a f9 0b bf 74 a3 5b e6 b4 0b 8e ed f2 78 5e 42 87 4d`),
    )
  })

  it('goes on over many blocks, whatever the counter', () => {
    const nonce = hex('0102030405060708090a0b0c')
    for (const counter of [0, 3, 2 ** 31 - 2, 2 ** 32 - 300])
      expect(stream(countingKey, counter, nonce, 64 * 200)).toEqual(
        referenceStream(countingKey, counter, nonce, 64 * 200),
      )
  })
})
