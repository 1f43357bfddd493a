import { expect, it } from 'vitest'
import { checkBlob } from './blocks.ts'
import { packInitial, unpackInitial } from './initialBlob.ts'

const weights = Float32Array.from({ length: 300_001 }, (_, i) => Math.fround(Math.sin(i)))

it('brings back every weight, in a blob that stores take', async () => {
  const { blob, parameters } = await packInitial(weights)
  expect(blob.chunks.map(({ byteLength }) => byteLength)).toEqual([1024 * 1024, 4 * 300_001 - 1024 * 1024])
  await checkBlob(blob)
  expect(unpackInitial(blob, parameters)).toEqual(weights)
})

it('has another name for other weights', async () => {
  const other = weights.slice()
  other[7] = 1
  expect((await packInitial(other)).digest).not.toBe((await packInitial(weights)).digest)
})

it('is refused where it is not so many weights, or something else', async () => {
  const { blob } = await packInitial(weights)
  expect(unpackInitial(blob, 300_000)).toBeUndefined()
  const update = {
    ...blob,
    header: Uint8Array.of(0xa1, 0x64, 0x6b, 0x69, 0x6e, 0x64, 0x66, 0x75, 0x70, 0x64, 0x61, 0x74, 0x65),
  }
  expect(unpackInitial(update, 300_001)).toBeUndefined()
})
