import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { decode, encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import type { Blob } from '../storage/BlobStore.ts'
import type { Address, Hex } from '../study/types.ts'
import { type Binding, bindingBytes } from './binding.ts'
import { bytesToHex, concatBytes, hexToBytes, sha256, sha256Hex } from './bytes.ts'
import { chunkCid } from './cid.ts'
import { createDutySigner } from './duty.ts'
import {
  CHUNK_BYTES,
  open,
  openBytes,
  openChange,
  openWithKey,
  readHeader,
  sealAgain,
  sealBytes,
  unwrapKey,
  wrapKey,
} from './envelope.ts'
import { sealAs, type TestHospital, testBinding, testHospital } from './testing.ts'

let sender: TestHospital
let seat: TestHospital
let otherSeat: TestHospital
let stranger: TestHospital

beforeAll(async () => {
  ;[sender, seat, otherSeat, stranger] = (await Promise.all([0, 1, 2, 3].map(testHospital))) as [
    TestHospital,
    TestHospital,
    TestHospital,
    TestHospital,
  ]
})

const random = (length: number) => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536))
  return bytes
}

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
  return 'accepted'
}

describe('what is sealed', () => {
  test.each([0, 1, 40, CHUNK_BYTES - 17, CHUNK_BYTES - 16, CHUNK_BYTES - 15, 2 * CHUNK_BYTES + 3, 5_000_000])(
    'comes back for every recipient: %i bytes',
    async length => {
      const plaintext = random(length)
      const binding = testBinding(sender.address)
      const { blob, digest } = await sealAs(sender, plaintext, binding, [seat, otherSeat])
      for (const recipient of [seat, otherSeat]) {
        const opened = await open(blob, binding, recipient.address, recipient.keys, { by: sender.member, digest })
        expect(Buffer.compare(opened.plaintext, plaintext)).toBe(0)
        expect(opened.commitment).toBe(await sha256Hex(plaintext))
      }
      expect(blob.chunks.every(chunk => chunk.length > 0 && chunk.length <= CHUNK_BYTES)).toBe(true)
      expect(blob.chunks.length).toBe(Math.ceil((length + 16) / CHUNK_BYTES))
    },
  )

  test('comes back whatever it is', async () => {
    const binding = testBinding(sender.address)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async plaintext => {
        const { blob } = await sealAs(sender, plaintext, binding, [seat])
        const opened = await open(blob, binding, seat.address, seat.keys, { by: sender.member })
        expect(opened.plaintext).toEqual(plaintext)
      }),
      { numRuns: 30 },
    )
  })

  test('shows nothing of the plaintext in header or chunks', async () => {
    const marked = new TextEncoder().encode('MARKED-PATIENT-'.repeat(20))
    const { blob } = await sealAs(sender, marked, testBinding(sender.address), [seat])
    for (const block of [blob.header, ...blob.chunks]) expect(Buffer.from(block).includes('MARKED-PATIENT')).toBe(false)
  })

  test('is refused when sealed with a commitment to something else', async () => {
    const sealing = sealAs(sender, random(50), testBinding(sender.address), [seat], {
      commitment: await sha256Hex(random(50)),
    })
    expect(await refusal(sealing)).toBe('crypto.badCommitment')
  })
})

describe('who may open', () => {
  test('not a member who is no recipient, even under a recipient’s name', async () => {
    const binding = testBinding(sender.address)
    const { blob } = await sealAs(sender, random(64), binding, [seat])
    expect(await refusal(open(blob, binding, stranger.address, stranger.keys))).toBe('crypto.cannotOpen')
    expect(await refusal(open(blob, binding, seat.address, stranger.keys))).toBe('crypto.cannotOpen')
    expect(await refusal(open(blob, binding, sender.address, sender.keys))).toBe('crypto.cannotOpen')
  })

  test('a seat whose wrapping was bad, once another seat wraps the data key again', async () => {
    const binding = testBinding(sender.address)
    const plaintext = random(64)
    const { blob } = await sealAs(sender, plaintext, binding, [seat])
    const { dataKey } = await open(blob, binding, seat.address, seat.keys)
    const again = await wrapKey(dataKey, binding, otherSeat.member.keys.encryption)
    const unwrapped = await unwrapKey(again, binding, otherSeat.keys.encryption)
    const opened = await openWithKey(blob, binding, unwrapped, { by: sender.member })
    expect(opened.plaintext).toEqual(plaintext)
    expect(await refusal(unwrapKey(again, { ...binding, round: 4 }, otherSeat.keys.encryption))).toBe(
      'crypto.cannotOpen',
    )
    expect(await refusal(unwrapKey(again, binding, stranger.keys.encryption))).toBe('crypto.cannotOpen')
    expect(await refusal(openWithKey(blob, binding, random(32)))).toBe('crypto.cannotOpen')
  })
})

describe('a few bytes sealed to one recipient', () => {
  test('open for it under the same info, and for nobody else or under another', async () => {
    const info = new TextEncoder().encode('for this and nothing else')
    for (const length of [0, 32, 230]) {
      const bytes = random(length)
      const sealed = await sealBytes(bytes, info, seat.member.keys.encryption)
      expect(sealed.ciphertext).toHaveLength(length + 16)
      expect(await openBytes(sealed, info, seat.keys.encryption)).toEqual(bytes)
      expect(await refusal(openBytes(sealed, info, otherSeat.keys.encryption))).toBe('crypto.cannotOpen')
      expect(await refusal(openBytes(sealed, info.slice(1), seat.keys.encryption))).toBe('crypto.cannotOpen')
      const changed = { ...sealed, ciphertext: sealed.ciphertext.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) }
      expect(await refusal(openBytes(changed, info, seat.keys.encryption))).toBe('crypto.cannotOpen')
      const other = { ...sealed, enc: new Uint8Array(65) }
      expect(await refusal(openBytes(other, info, seat.keys.encryption))).toBe('crypto.cannotOpen')
    }
  })
})

describe('a blob of one binding is refused under another', () => {
  const changes: Record<keyof Binding, (binding: Binding) => Binding> = {
    deployment: binding => ({ ...binding, deployment: `0x${'d2'.repeat(32)}` }),
    chainId: binding => ({ ...binding, chainId: 31338 }),
    study: binding => ({ ...binding, study: `0x${'5b'.repeat(20)}` }),
    round: binding => ({ ...binding, round: 4 }),
    sender: binding => ({ ...binding, sender: stranger.address }),
    kind: binding => ({ ...binding, kind: 'statistics' }),
  }

  test.each(Object.entries(changes))('another %s', async (_field, change) => {
    const binding = testBinding(sender.address)
    const { blob, dataKey } = await sealAs(sender, random(64), binding, [seat])
    const changed = change(binding)
    // With the signature checked, without it, and even with the data key in hand.
    const refusals = await Promise.all(
      [
        open(blob, changed, seat.address, seat.keys, { by: sender.member }),
        open(blob, changed, seat.address, seat.keys),
        openWithKey(blob, changed, dataKey),
      ].map(refusal),
    )
    for (const code of refusals) expect(code).toMatch(/^crypto\.(wrongBinding|badSignature|cannotOpen)$/)
  })

  test.each(Object.entries(changes))('another %s of a model', async (field, change) => {
    const binding = testBinding(testBinding(sender.address).study, 'model')
    const { blob } = await sealAs(seat, random(64), binding, [sender])
    await open(blob, binding, sender.address, sender.keys, { by: seat.member })
    const changed = field === 'kind' ? { ...binding, kind: 'update' as const } : change(binding)
    expect(await refusal(open(blob, changed, sender.address, sender.keys))).not.toBe('accepted')
  })

  test('a member cannot pass another’s blob off as its own', async () => {
    const binding = testBinding(sender.address)
    const { blob } = await sealAs(sender, random(64), binding, [seat])
    const header = decode<Record<string, unknown>>(blob.header)
    const stolen: Blob = { header: encode({ ...header, by: hexToBytes(stranger.address) }), chunks: blob.chunks }
    const theirs = { ...binding, sender: stranger.address }
    expect(await refusal(open(stolen, theirs, seat.address, seat.keys, { by: stranger.member }))).toBe(
      'crypto.badSignature',
    )
    expect(await refusal(open(blob, binding, seat.address, seat.keys, { by: stranger.member }))).toBe(
      'crypto.wrongBinding',
    )
  })

  test('a signature by another key is refused', async () => {
    const binding = testBinding(sender.address)
    const forger = createDutySigner(stranger.keys.duty.privateKey)
    const { blob } = await sealAs(sender, random(64), binding, [seat], {
      sign: (ciphertext, commitment) =>
        forger.sealedBlob(binding, { by: sender.address, round: 3, kind: 'update', ciphertext, commitment }),
    })
    const opening = open(blob, binding, seat.address, seat.keys, { by: sender.member })
    expect(await refusal(opening)).toBe('crypto.badSignature')
  })
})

describe('every changed byte is refused', () => {
  test('of the header and of the chunk, whatever it is changed to', async () => {
    const binding = testBinding(sender.address)
    const { blob } = await sealAs(sender, random(48), binding, [seat])
    const chunk = blob.chunks[0] as Uint8Array
    for (let at = 0; at < blob.header.length + chunk.length; at++) {
      const header = blob.header.slice()
      const changedChunk = chunk.slice()
      const flip = 1 + ((at * 37) % 255)
      if (at < header.length) header[at] = (header[at] as number) ^ flip
      else changedChunk[at - header.length] = (changedChunk[at - header.length] as number) ^ flip
      const attempt = open({ header, chunks: [changedChunk] }, binding, seat.address, seat.keys, { by: sender.member })
      expect(await refusal(attempt), `byte ${at}`).toMatch(/^crypto\./)
    }
  })

  test('also in other recipients’ entries, when the chain’s digest is given', async () => {
    const binding = testBinding(sender.address)
    const { blob, digest } = await sealAs(sender, random(48), binding, [seat, otherSeat])
    await fc.assert(
      fc.asyncProperty(fc.nat(blob.header.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const header = blob.header.slice()
        header[at] = (header[at] as number) ^ flip
        const attempt = open({ header, chunks: blob.chunks }, binding, seat.address, seat.keys, {
          by: sender.member,
          digest,
        })
        expect(await refusal(attempt)).toBe('crypto.cannotOpen')
      }),
      { numRuns: 200 },
    )
  })

  test('and chunks that are missing, doubled, swapped or added', async () => {
    const binding = testBinding(sender.address)
    const { blob } = await sealAs(sender, random(2 * CHUNK_BYTES), binding, [seat])
    const [a, b, c] = blob.chunks as [Uint8Array, Uint8Array, Uint8Array]
    for (const chunks of [[], [a, b], [b, a, c], [a, b, c, c], [a, a, c]]) {
      expect(await refusal(open({ header: blob.header, chunks }, binding, seat.address, seat.keys))).toBe(
        'crypto.cannotOpen',
      )
    }
  })
})

describe('a header is read strictly', () => {
  const rewritten = async (change: (header: Record<string, unknown>) => unknown) => {
    const { blob } = await sealAs(sender, random(48), testBinding(sender.address), [seat])
    return refusal((async () => readHeader({ header: encode(change(decode(blob.header))) }))())
  }

  test('the unchanged header is accepted', async () => {
    expect(await rewritten(header => header)).toBe('accepted')
  })

  test.each<[string, (header: Record<string, unknown>) => unknown]>([
    ['an extra field', header => ({ ...header, note: 'hello' })],
    ['another version', header => ({ ...header, version: 2 })],
    ['an unknown kind', header => ({ ...header, kind: 'backup' })],
    ['a short iv', header => ({ ...header, iv: new Uint8Array(11) })],
    ['a length that does not fit the chunks', header => ({ ...header, length: CHUNK_BYTES })],
    ['a negative length', header => ({ ...header, length: -1 })],
    ['no chunks', header => ({ ...header, chunks: [] })],
    ['a chunk that is no raw block', header => ({ ...header, chunks: ['bafy'] })],
    ['too many recipients', header => ({ ...header, recipients: Array(65).fill((header.recipients as unknown[])[0]) })],
    [
      'a recipient named twice',
      header => ({ ...header, recipients: [...(header.recipients as unknown[]), ...(header.recipients as unknown[])] }),
    ],
    ['a short signature', header => ({ ...header, signature: new Uint8Array(63) })],
    ['a missing field', ({ commitment: _, ...header }) => header],
    ['a list', header => [header]],
  ])('%s is refused', async (_name, change) => {
    expect(await rewritten(change)).toBe('crypto.cannotOpen')
  })

  test('a second encoding of the same header is refused', async () => {
    const { blob } = await sealAs(sender, random(48), testBinding(sender.address), [seat])
    const { header } = blob
    // The map's head 0xa9 (nine pairs) written the long way: 0xb8 0x09.
    expect(header[0]).toBe(0xa9)
    const long = concatBytes(Uint8Array.of(0xb8, 9), header.subarray(1))
    expect(await refusal((async () => readHeader({ header: long }))())).toBe('crypto.cannotOpen')
    const trailing = concatBytes(header, Uint8Array.of(0))
    expect(await refusal((async () => readHeader({ header: trailing }))())).toBe('crypto.cannotOpen')
  })

  test('garbage is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async header => {
        expect(await refusal((async () => readHeader({ header }))())).toBe('crypto.cannotOpen')
      }),
    )
    expect(await refusal((async () => readHeader({ header: new Uint8Array(70_000) }))())).toBe('crypto.cannotOpen')
  })
})

describe('a model that every seat seals', () => {
  const dataKey = new Uint8Array(32).fill(7)
  const iv = new Uint8Array(12).fill(9)

  test('has the same chunks from every seat and opens from any header', async () => {
    const plaintext = random(CHUNK_BYTES + 1000)
    const binding = testBinding(testBinding(seat.address).study, 'model')
    const [a, b] = await Promise.all(
      [seat, otherSeat].map(by => sealAs(by, plaintext, binding, [sender, seat, otherSeat], { dataKey, iv })),
    )
    expect(a?.blob.chunks.length).toBe(2)
    expect(a?.blob.chunks.every((chunk, i) => Buffer.compare(chunk, b?.blob.chunks[i] as Uint8Array) === 0)).toBe(true)
    expect(a?.digest).not.toBe(b?.digest)
    const mixed: Blob = { header: b?.blob.header as Uint8Array, chunks: a?.blob.chunks as Uint8Array[] }
    const opened = await open(mixed, binding, sender.address, sender.keys, { by: otherSeat.member })
    expect(Buffer.compare(opened.plaintext, plaintext)).toBe(0)
  })

  test('never shares a key stream with a model that differs, even under the same data key and iv', async () => {
    const one = random(1000)
    const other = one.slice()
    other[0] = (other[0] as number) ^ 1
    const binding = testBinding(testBinding(seat.address).study, 'model')
    const a = await sealAs(seat, one, binding, [sender], { dataKey, iv })
    const b = await sealAs(otherSeat, other, binding, [sender], { dataKey, iv })
    const difference = (a.blob.chunks[0] as Uint8Array).map((byte, i) => byte ^ (b.blob.chunks[0]?.[i] as number))
    expect(difference.slice(1, 1000).filter(byte => byte === 0).length).toBeLessThan(50)
  })

  test('must be sent by the study, not by a seat', async () => {
    const sealing = sealAs(seat, random(40), testBinding(seat.address, 'model'), [sender])
    expect(await refusal(sealing)).toBe('crypto.wrongBinding')
  })
})

describe('a model with a change from the one before it', () => {
  const base: Hex = `0x${'b1'.repeat(32)}`
  const other: Hex = `0x${'b2'.repeat(32)}`
  const fixed = { dataKey: new Uint8Array(32).fill(7), iv: new Uint8Array(12) }
  const binding = testBinding(testBinding('0x').study, 'model')

  async function sealed(whole = random(2000), plaintext = random(300), by = seat) {
    const { blob, ...rest } = await sealAs(by, whole, binding, [sender, seat, otherSeat], {
      ...fixed,
      change: { base, plaintext },
    })
    const first = readHeader(blob).chunkDigests.length
    const alone = { header: blob.header, chunks: blob.chunks.slice(first), part: 'change' } as const
    const wholeAlone = { header: blob.header, chunks: blob.chunks.slice(0, first) }
    return { blob, alone, wholeAlone, whole, plaintext, ...rest }
  }

  const openAt = (blob: Blob, { at = binding, from = base, by = seat } = {}) =>
    openChange(blob, at, from, sender.address, sender.keys, { by: by.member })

  test.each([
    [2000, 300],
    [CHUNK_BYTES + 5, CHUNK_BYTES - 15],
    [3 * CHUNK_BYTES, 40],
  ])('opens as either, from both bodies and from one: %i and %i bytes', async (length, changed) => {
    const { blob, alone, wholeAlone, whole, plaintext, digest } = await sealed(random(length), random(changed))
    expect(alone.chunks).toHaveLength(Math.ceil((changed + 16) / CHUNK_BYTES))
    for (const from of [blob, alone]) {
      const opened = await openAt(from)
      expect(Buffer.compare(opened.plaintext, plaintext)).toBe(0)
      expect(opened.commitment).toBe(await sha256Hex(plaintext))
    }
    const commitment = await sha256Hex(whole)
    for (const from of [blob, wholeAlone]) {
      const opened = await open(from, binding, sender.address, sender.keys, { by: seat.member, digest, commitment })
      expect(Buffer.compare(opened.plaintext, whole)).toBe(0)
    }
  })

  test('is not opened as the other body', async () => {
    const { alone, wholeAlone } = await sealed()
    expect(await refusal(openAt(wholeAlone))).toBe('crypto.cannotOpen')
    expect(await refusal(open(alone, binding, sender.address, sender.keys))).toBe('crypto.cannotOpen')
  })

  test('has the same chunks from every seat', async () => {
    const [whole, plaintext] = [random(2000), random(300)]
    const [a, b] = [await sealed(whole, plaintext), await sealed(whole, plaintext, otherSeat)]
    expect(b.blob.chunks).toEqual(a.blob.chunks)
    const mixed = { header: b.blob.header, chunks: a.alone.chunks }
    expect((await openAt(mixed, { by: otherSeat })).plaintext).toEqual(plaintext)
  })

  test('shares no key stream with the whole, nor with a change from another base', async () => {
    const same = random(300)
    const { blob } = await sealed(same, same)
    const again = await sealAs(seat, same, binding, [sender], { ...fixed, change: { base: other, plaintext: same } })
    const [whole, change, further] = [blob.chunks[0], blob.chunks[1], again.blob.chunks[1]] as Uint8Array[]
    for (const [a, b] of [
      [whole, change],
      [change, further],
    ] as [Uint8Array, Uint8Array][]) {
      expect(a.filter((byte, i) => byte === b[i]).length).toBeLessThan(30)
    }
  })

  test('is refused with another base, round or study, by who is no recipient, and where there is none', async () => {
    const { alone } = await sealed()
    expect(await refusal(openAt(alone, { from: other }))).toBe('crypto.wrongBinding')
    expect(await refusal(openAt(alone, { at: { ...binding, round: 4 } }))).toBe('crypto.badSignature')
    const unsigned = openChange(alone, { ...binding, round: 4 }, base, sender.address, sender.keys)
    expect(await refusal(unsigned)).toBe('crypto.cannotOpen')
    const study: Address = `0x${'5b'.repeat(20)}`
    expect(await refusal(openAt(alone, { at: { ...binding, study, sender: study } }))).toBe('crypto.badSignature')
    const byStranger = openChange(alone, binding, base, stranger.address, stranger.keys)
    expect(await refusal(byStranger)).toBe('crypto.cannotOpen')
    const { blob } = await sealAs(seat, random(2000), binding, [sender], fixed)
    expect(await refusal(openAt(blob))).toBe('crypto.cannotOpen')
  })

  test('is refused with any byte of it changed, and with its base or its hash swapped in the header', async () => {
    const { blob, alone } = await sealed()
    const chunk = alone.chunks[0] as Uint8Array
    for (const at of [0, 17, chunk.length - 1]) {
      const changed = { ...alone, chunks: [chunk.map((byte, i) => (i === at ? byte ^ 1 : byte))] }
      expect(await refusal(openAt(changed))).toBe('crypto.cannotOpen')
    }
    const header = decode<{ change: object }>(blob.header)
    const rewritten = (change: object) => ({
      ...alone,
      header: encode({ ...header, change: { ...header.change, ...change } }),
    })
    expect(await refusal(openAt(rewritten({ base: hexToBytes(other) }), { from: other }))).toBe('crypto.cannotOpen')
    expect(await refusal(openAt(rewritten({ commitment: random(32) })))).toBe('crypto.cannotOpen')
    const chunks = [chunkCid(await sha256(random(316)))]
    expect(await refusal(openAt(rewritten({ chunks })))).toBe('crypto.badSignature')
    // A seat's signature covers both bodies, so that the whole does not open under a header with another change either.
    const whole = { header: rewritten({ chunks }).header, chunks: blob.chunks.slice(0, 1) }
    expect(await refusal(open(whole, binding, sender.address, sender.keys, { by: seat.member }))).toBe(
      'crypto.badSignature',
    )
  })

  test('gives the rest of the blob to who made the model of it', async () => {
    const { alone, wholeAlone, whole } = await sealed(random(CHUNK_BYTES + 5))
    const { dataKey } = await openAt(alone)
    const again = await sealAgain(alone, binding, whole, dataKey)
    expect(again?.chunks).toHaveLength(2)
    expect(again?.chunks.map((chunk, i) => Buffer.compare(chunk, wholeAlone.chunks[i] as Uint8Array))).toEqual([0, 0])
    expect(await sealAgain(alone, binding, random(CHUNK_BYTES + 5), dataKey)).toBeNull()
    expect(await sealAgain(alone, binding, whole, random(32))).toBeNull()
  })

  test.each<[string, (header: Record<string, unknown> & { change: Record<string, unknown> }) => unknown]>([
    ['of another kind', header => ({ ...header, kind: 'update' })],
    ['with a change that has a further field', header => ({ ...header, change: { ...header.change, note: 'hello' } })],
    ['with a short base', header => ({ ...header, change: { ...header.change, base: new Uint8Array(20) } })],
    ['with no chunks of the change', header => ({ ...header, change: { ...header.change, chunks: [] } })],
    ['with a length that does not fit', header => ({ ...header, change: { ...header.change, length: CHUNK_BYTES } })],
    ['with a change that is null', header => ({ ...header, change: null })],
  ])('is refused as a header %s', async (_, rewrite) => {
    const { blob } = await sealed()
    expect(readHeader(blob).change).toMatchObject({ base, length: 300 })
    const header = encode(rewrite(decode(blob.header)))
    expect(await refusal((async () => readHeader({ header }))())).toBe('crypto.cannotOpen')
  })
})

describe('an invisible salamander: one ciphertext, two keys, two plaintexts', () => {
  /** Multiplication in GF(2^128) as GCM orders its bits (NIST SP 800-38D, 6.3). */
  function multiply(x: bigint, y: bigint): bigint {
    let z = 0n
    let v = y
    for (let i = 127n; i >= 0n; i--) {
      if ((x >> i) & 1n) z ^= v
      v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n
    }
    return z
  }
  const one = 1n << 127n
  function inverse(x: bigint): bigint {
    // x^(2^128 - 2)
    let result = one
    let square = x
    for (let i = 1; i < 128; i++) {
      square = multiply(square, square)
      result = multiply(result, square)
    }
    return result
  }
  const toInt = (bytes: Uint8Array) => BigInt(bytesToHex(bytes))
  const toBlock = (value: bigint) => hexToBytes(`0x${value.toString(16).padStart(32, '0')}`)
  const pad = (bytes: Uint8Array) => concatBytes(bytes, new Uint8Array((16 - (bytes.length % 16)) % 16))
  const aes = (key: Uint8Array, block: Uint8Array) => {
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    return new Uint8Array(cipher.update(block))
  }
  function ghash(h: bigint, associated: Uint8Array, ciphertext: Uint8Array): bigint {
    const lengths = concatBytes(toBlock((BigInt(associated.length * 8) << 64n) | BigInt(ciphertext.length * 8)))
    const data = concatBytes(pad(associated), pad(ciphertext), lengths)
    let y = 0n
    for (let at = 0; at < data.length; at += 16) y = multiply(y ^ toInt(data.subarray(at, at + 16)), h)
    return y
  }

  /** A ciphertext with tag that AES-GCM accepts under both keys (Dodis et al., CRYPTO 2018). */
  function salamander(keys: readonly [Uint8Array, Uint8Array], iv: Uint8Array, associated: Uint8Array): Uint8Array {
    const first = concatBytes(iv, Uint8Array.of(0, 0, 0, 1))
    const h = keys.map(key => toInt(aes(key, new Uint8Array(16)))) as [bigint, bigint]
    const mask = keys.map(key => toInt(aes(key, first))) as [bigint, bigint]
    const body = concatBytes(crypto.getRandomValues(new Uint8Array(48)), new Uint8Array(16))
    const difference = mask[0] ^ mask[1] ^ ghash(h[0], associated, body) ^ ghash(h[1], associated, body)
    // The last block is followed by one more (the lengths), so it is weighed by h².
    const weight = multiply(h[0], h[0]) ^ multiply(h[1], h[1])
    body.set(toBlock(multiply(difference, inverse(weight))), 48)
    return concatBytes(body, toBlock(mask[0] ^ ghash(h[0], associated, body)))
  }

  test('AES-GCM accepts it under both keys; the envelope refuses it under both', async () => {
    const binding = testBinding(sender.address)
    const iv = random(12)
    const dataKeys = [random(32), random(32)] as const
    const commitment = await sha256(random(64))
    const associated = concatBytes(bindingBytes(binding), commitment)
    const contentKeys = dataKeys.map(
      key => new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), associated, 32)),
    ) as [Uint8Array, Uint8Array]
    const ciphertext = salamander(contentKeys, iv, associated)
    const plaintexts = contentKeys.map(key => {
      const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(associated).setAuthTag(ciphertext.slice(64))
      return Buffer.concat([decipher.update(ciphertext.slice(0, 64)), decipher.final()])
    })
    expect(plaintexts[0]?.equals(plaintexts[1] as Buffer)).toBe(false)

    const digest = await sha256(ciphertext)
    const signature = await createDutySigner(sender.keys.duty.privateKey).sealedBlob(binding, {
      by: sender.address,
      round: binding.round,
      kind: 'update',
      ciphertext: await sha256Hex(digest),
      commitment: bytesToHex(commitment),
    })
    const seats = [seat, otherSeat]
    const header = encode({
      version: 1,
      kind: 'update',
      by: hexToBytes(sender.address),
      iv,
      length: 64,
      chunks: [chunkCid(digest)],
      recipients: await Promise.all(
        seats.map(async ({ address, member }, i) => ({
          address: hexToBytes(address),
          ...(await wrapKey(dataKeys[i] as Uint8Array, binding, member.keys.encryption)),
        })),
      ),
      commitment,
      signature: concatBytes(hexToBytes(signature.r), hexToBytes(signature.s)),
    })
    for (const { address, keys } of seats) {
      const opening = open({ header, chunks: [ciphertext] }, binding, address, keys, { by: sender.member })
      expect(await refusal(opening)).toBe('crypto.badCommitment')
    }
  })

  test('a sender who gives one seat another key is found out by that seat alone', async () => {
    const binding = testBinding(sender.address)
    const { blob } = await sealAs(sender, random(64), binding, [seat, otherSeat])
    const header = decode<{ recipients: { address: Uint8Array }[] }>(blob.header)
    const recipients = [
      header.recipients[0],
      {
        address: hexToBytes(otherSeat.address),
        ...(await wrapKey(random(32), binding, otherSeat.member.keys.encryption)),
      },
    ]
    const cheating: Blob = { header: encode({ ...header, recipients }), chunks: blob.chunks }
    expect(await refusal(open(cheating, binding, seat.address, seat.keys, { by: sender.member }))).toBe('accepted')
    expect(await refusal(open(cheating, binding, otherSeat.address, otherSeat.keys, { by: sender.member }))).toBe(
      'crypto.cannotOpen',
    )
  })
})
