/** A block as one plain Uint8Array; stores hand it over in parts, in Node as Buffers. */
export async function collect(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  const [only] = all
  if (only !== undefined && all.length === 1) return new Uint8Array(only.buffer, only.byteOffset, only.byteLength)
  const whole = new Uint8Array(all.reduce((sum, part) => sum + part.byteLength, 0))
  let offset = 0
  for (const part of all) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}
