/** Something that must not leave: a marked text (also a label or a file name), or a number of a patient's record. */
export type Marker = string | number

export interface Haystack {
  /** Where the bytes were seen: a request's URL, a file's path, a transaction's hash. */
  readonly source: string
  readonly bytes: Uint8Array
}

export interface Leak {
  readonly source: string
  readonly marker: Marker
  /** How it was written: "utf-8", "base64 > float32-le". */
  readonly form: string
}

interface Needle {
  readonly marker: Marker
  readonly form: string
  readonly bytes: Buffer
}

/** Four bytes occur by chance, about once in 4 GB; two different ones this near to each other do not. */
const nearBytes = 512
const maxDepth = 3
/** Shorter runs hold nothing that would be recognised. */
const shortestRun = 8

/**
 * Looks for markers in bytes: as they are, and inside whatever in them reads as base64, hexadecimal or percent-encoding,
 * one within the other up to three deep. Texts in UTF-8 and UTF-16; numbers as decimal text, float64 and, where they are
 * whole, as integers; float32 and 32-bit integers count once two different markers lie within 512 bytes.
 *
 * @param markers texts of at least 6 characters, numbers with at least 5 digits: shorter ones would be found by chance
 * @returns one leak for each marker, form and source
 * @throws RangeError for a marker that is too short to mean anything
 */
export function findLeaks(haystacks: Iterable<Haystack>, markers: readonly Marker[]): Leak[] {
  for (const marker of markers) checkMarker(marker)
  const strong = markers.flatMap(strongNeedles)
  const weak = markers.flatMap(weakNeedles)
  const leaks = new Map<string, Leak>()
  for (const { source, bytes } of haystacks) {
    for (const { form, view } of viewsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), '', 0)) {
      for (const needle of [...strong.filter(({ bytes }) => view.includes(bytes)), ...nearPairs(view, weak)]) {
        const leak = { source, marker: needle.marker, form: `${form}${needle.form}` }
        leaks.set(JSON.stringify([leak.source, leak.marker, leak.form]), leak)
      }
    }
  }
  return [...leaks.values()]
}

function checkMarker(marker: Marker): void {
  const digits = String(marker).replace(/\D/g, '')
  const tooShort = typeof marker === 'string' ? marker.length < 6 : digits.length < 5
  if (tooShort) throw new RangeError(`${JSON.stringify(marker)} is too short for a marker: it would be found by chance`)
}

function strongNeedles(marker: Marker): Needle[] {
  const needle = (form: string, bytes: Buffer): Needle => ({ marker, form, bytes })
  const text = String(marker)
  const texts = [
    needle('utf-8', Buffer.from(text, 'utf8')),
    needle('utf-16-le', Buffer.from(text, 'utf16le')),
    needle('utf-16-be', Buffer.from(text, 'utf16le').swap16()),
  ]
  if (typeof marker === 'string') return texts
  const float64 = Buffer.alloc(8)
  float64.writeDoubleLE(marker)
  return [...texts, needle('float64-le', float64), needle('float64-be', Buffer.from(float64).reverse())]
}

function weakNeedles(marker: Marker): Needle[] {
  if (typeof marker === 'string') return []
  const float32 = Buffer.alloc(4)
  float32.writeFloatLE(marker)
  const needles = [
    { marker, form: 'float32-le', bytes: float32 },
    { marker, form: 'float32-be', bytes: Buffer.from(float32).reverse() },
  ]
  if (!Number.isInteger(marker) || Math.abs(marker) >= 2 ** 31) return needles
  const int32 = Buffer.alloc(4)
  int32.writeInt32LE(marker)
  return [
    ...needles,
    { marker, form: 'int32-le', bytes: int32 },
    { marker, form: 'int32-be', bytes: Buffer.from(int32).reverse() },
  ]
}

/** Short needles of one form that have another marker's beside them. */
function nearPairs(view: Buffer, needles: readonly Needle[]): Needle[] {
  const found = needles.map(needle => ({ needle, positions: positionsOf(view, needle.bytes) }))
  return found
    .filter(({ needle, positions }) =>
      found.some(
        other =>
          other.needle.marker !== needle.marker &&
          other.needle.form === needle.form &&
          other.positions.some(b => positions.some(a => Math.abs(a - b) <= nearBytes)),
      ),
    )
    .map(({ needle }) => needle)
}

function positionsOf(view: Buffer, bytes: Buffer): number[] {
  const positions: number[] = []
  for (let at = view.indexOf(bytes); at >= 0; at = view.indexOf(bytes, at + 1)) positions.push(at)
  return positions
}

/** The bytes themselves, then everything that can be decoded out of them. */
function* viewsOf(bytes: Buffer, form: string, depth: number): Generator<{ form: string; view: Buffer }> {
  yield { form, view: bytes }
  if (depth === maxDepth) return
  const text = bytes.toString('latin1')
  // Text in UTF-16 may itself be base64 or hexadecimal.
  const halves = [text, ...(text.includes('\0') ? [withoutZeros(text)] : [])]
  for (const half of halves) {
    for (const [encoding, decoded] of decodings(half)) yield* viewsOf(decoded, `${form}${encoding} > `, depth + 1)
  }
}

function withoutZeros(text: string): string {
  return text.replaceAll('\0', '')
}

function* decodings(text: string): Generator<[string, Buffer]> {
  if (/%[0-9a-fA-F]{2}/.test(text)) {
    yield [
      'percent',
      Buffer.from(
        text.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ),
    ]
  }
  // A run may begin amid an encoded value, after letters that only look like it: each alignment is tried.
  const hex = joined(text, /[0-9a-fA-F]+/g, 2 * shortestRun, run =>
    [0, 1].map(skip => Buffer.from(run.slice(skip), 'hex')),
  )
  if (hex.length > 0) yield ['hex', hex]
  const base64 = joined(text, /[A-Za-z0-9+/_-]+/g, 2 * shortestRun, run =>
    [0, 1, 2, 3].map(skip => Buffer.from(run.slice(skip), 'base64')),
  )
  if (base64.length > 0) yield ['base64', base64]
}

/** All decoded runs in one buffer, apart from each other, so that nothing is found across two of them. */
function joined(text: string, runs: RegExp, shortest: number, decode: (run: string) => Buffer[]): Buffer {
  const gap = Buffer.alloc(nearBytes + 1)
  const parts: Buffer[] = []
  for (const [run] of text.matchAll(runs)) {
    if (run.length < shortest) continue
    for (const part of decode(run)) parts.push(part, gap)
  }
  return Buffer.concat(parts)
}
