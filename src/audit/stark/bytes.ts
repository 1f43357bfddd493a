import { concatBytes } from '../../crypto/bytes.ts'
import type { Extension } from '../../field/extension.ts'
import { isElement } from '../../field/goldilocks.ts'

/** Collects big-endian numbers and elements. */
export class Writer {
  readonly #parts: Uint8Array[] = []

  /** @throws RangeError where the number does not fit */
  uint(value: number, width: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
      throw new RangeError(`${value} does not fit into ${width} bytes`)
    }
    const bytes = new Uint8Array(width)
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
    return this.raw(bytes)
  }

  /** A base element, 8 bytes. */
  element(value: bigint): this {
    return this.raw(bigEndian([value]))
  }

  /** An extension element, 16 bytes. */
  extension([re, im]: Extension): this {
    return this.element(re).element(im)
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    return this
  }

  bytes(): Uint8Array {
    return concatBytes(...this.#parts)
  }
}

/** Elements as 8 bytes each, the highest first. */
export function bigEndian(elements: ArrayLike<bigint>): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * elements.length))
  for (let i = 0; i < elements.length; i++) view.setBigUint64(8 * i, elements[i]!)
  return new Uint8Array(view.buffer)
}

/** Reads what a Writer wrote. Every read @throws RangeError past the end, and for an element that is not canonical. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  uint(width: number): number {
    return this.raw(width).reduce((value, byte) => value * 256 + byte, 0)
  }

  element(): bigint {
    const at = this.#move(8)
    const value = this.#view.getBigUint64(at)
    if (!isElement(value)) throw new RangeError('an element that is not canonical')
    return value
  }

  extension(): Extension {
    return [this.element(), this.element()]
  }

  /** The next bytes, not copied. */
  raw(length: number): Uint8Array {
    const at = this.#move(length)
    return this.#bytes.subarray(at, at + length)
  }

  #move(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) throw new RangeError('the bytes end too early')
    this.#at += length
    return at
  }
}
