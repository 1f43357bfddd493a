import { type Field, MODULUS } from './Field.ts'
import { add, isElement, multiply, subtract, toField } from './goldilocks.ts'

/**
 * The field in plain bigint: slow, and short enough to be checked by reading. It says what the fast one means.
 * @param wordsOf the PRG's words before any is left out; ChaCha20's unless a test wants to see some left out
 */
export function referenceField(wordsOf: (key: Uint8Array) => Iterable<bigint> = chacha20Words): Field {
  const stream = (key: Uint8Array, length: number): bigint[] => {
    if (key.length !== 32) throw new RangeError(`a key of ${key.length} bytes`)
    const elements: bigint[] = []
    if (length === 0) return elements
    for (const word of wordsOf(key)) {
      if (word < MODULUS) elements.push(word)
      if (elements.length === length) break
    }
    return elements
  }
  const field: Field = {
    add(target, source) {
      field.addScaled(target, source, 1n)
    },
    subtract(target, source) {
      checkVectors(target, source)
      target.forEach((element, k) => {
        target[k] = subtract(element, source[k]!)
      })
    },
    addScaled(target, source, weight) {
      checkVectors(target, source)
      checkElement(weight)
      target.forEach((element, k) => {
        target[k] = add(element, multiply(weight, source[k]!))
      })
    },
    inner(a, b) {
      checkVectors(a, b)
      return a.reduce((sum, element, k) => add(sum, multiply(element, b[k]!)), 0n)
    },
    expand: (key, length) => BigUint64Array.from(stream(key, length)),
    addMask(target, key, weight) {
      field.addScaled(target, field.expand(key, target.length), weight)
    },
    maskInner: (key, direction) => field.maskInners(key, [direction])[0]!,
    maskInners(key, directions) {
      const length = directions[0]?.length ?? 0
      if (directions.some(direction => direction.length !== length))
        throw new RangeError('directions of different lengths')
      const mask = stream(key, length)
      return directions.map(direction =>
        mask.reduce((sum, element, k) => add(sum, multiply(element, toField(direction[k]!))), 0n),
      )
    },
  }
  return field
}

/** The words of ChaCha20's keystream under this key with a nonce of zeros, from block 0 on. */
export function* chacha20Words(key: Uint8Array): Generator<bigint, void, undefined> {
  for (let counter = 0; ; counter++) {
    const block = new DataView(chacha20Block(key, counter, new Uint8Array(12)).buffer)
    for (let at = 0; at < 64; at += 8) yield block.getBigUint64(at, true)
  }
}

/**
 * One block of keystream: RFC 8439, section 2.3.
 * @param key 32 bytes
 * @param counter an unsigned 32-bit integer
 * @param nonce 12 bytes
 */
export function chacha20Block(key: Uint8Array, counter: number, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = new Uint32Array(16)
  start.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574])
  start.set(littleEndianWords(key), 4)
  start[12] = counter
  start.set(littleEndianWords(nonce), 13)
  const state = start.slice()
  const step = (a: number, b: number, d: number, left: number) => {
    state[a]! += state[b]!
    const mixed = state[d]! ^ state[a]!
    state[d] = (mixed << left) | (mixed >>> (32 - left))
  }
  const quarterRound = (a: number, b: number, c: number, d: number) => {
    step(a, b, d, 16)
    step(c, d, b, 12)
    step(a, b, d, 8)
    step(c, d, b, 7)
  }
  for (let round = 0; round < 20; round += 2) {
    for (let i = 0; i < 4; i++) quarterRound(i, 4 + i, 8 + i, 12 + i)
    for (let i = 0; i < 4; i++) quarterRound(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4))
  }
  const block = new DataView(new ArrayBuffer(64))
  start.forEach((word, i) => {
    block.setUint32(4 * i, word + state[i]!, true)
  })
  return new Uint8Array(block.buffer)
}

function littleEndianWords(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}

function checkVectors(a: BigUint64Array, b: BigUint64Array): void {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} elements`)
  a.forEach(checkElement)
  b.forEach(checkElement)
}

function checkElement(element: bigint): void {
  if (!isElement(element)) throw new RangeError(`${element} is no element of the field`)
}
