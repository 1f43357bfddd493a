/** A block as one piece; stores hand it over in parts. */
export async function collect(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  if (all.length === 1) return all[0] as Uint8Array
  const whole = new Uint8Array(all.reduce((sum, part) => sum + part.byteLength, 0))
  let offset = 0
  for (const part of all) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}
