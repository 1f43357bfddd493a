/**
 * Small numbers one after another in as few bytes as they take, the lowest bit first; the last byte's rest is zeros.
 * @param width bits of each number, 0 to 8
 */
export function packBits(numbers: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(packedLength(numbers.length, width))
  for (let i = 0, bit = 0; i < numbers.length; i++, bit += width) {
    const shifted = numbers[i]! << (bit & 7)
    const at = bit >> 3
    // A typed array drops what is written past its end and what exceeds a byte: zeros here, or the bits of the next byte.
    bytes[at]! |= shifted
    bytes[at + 1]! |= shifted >> 8
  }
  return bytes
}

/**
 * The inverse of packBits.
 * @returns undefined where the length is wrong or a bit past the last number is set
 */
export function unpackBits(bytes: Uint8Array, width: number, count: number): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length !== packedLength(count, width)) return undefined
  const used = (count * width) & 7
  if (used !== 0 && bytes[bytes.length - 1]! >> used !== 0) return undefined
  const numbers = new Uint8Array(count)
  const mask = (1 << width) - 1
  for (let i = 0, bit = 0; i < count; i++, bit += width) {
    const at = bit >> 3
    numbers[i] = (((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & mask
  }
  return numbers
}

/** Bytes of so many numbers of so many bits. */
export function packedLength(count: number, width: number): number {
  return Math.ceil((count * width) / 8)
}

/** Bits that tell so many entries apart. */
export function bitsFor(entries: number): number {
  return entries <= 1 ? 0 : 32 - Math.clz32(entries - 1)
}
