import { expect, test } from 'vitest'
import { hexToBytes } from './bytes.ts'
import { chunkCid, chunkDigest, cidText, headerCid, manifestDigest, manifestName, manifestUri } from './cid.ts'

// sha-256 of no bytes; the CIDs are what `ipfs cid` tools print for it.
const empty = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('a digest becomes the CID that IPFS tools show', () => {
  expect(chunkCid(hexToBytes(empty)).toString()).toBe('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  expect(cidText(empty)).toBe('bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
})

test('a model URI leads back to its digest; anything else to nothing', () => {
  expect(manifestDigest(manifestUri(empty))).toBe(empty)
  for (const uri of ['', 'ipfs://', 'https://example.org', 'ipfs://bafyrei', `ipfs://${chunkCid(hexToBytes(empty))}`]) {
    expect(manifestDigest(uri)).toBeUndefined()
  }
})

test('only links to raw sha-256 blocks are chunks', () => {
  expect(chunkDigest(chunkCid(hexToBytes(empty)))).toEqual(hexToBytes(empty))
  expect(chunkDigest(headerCid(hexToBytes(empty)))).toBeUndefined()
  expect(chunkDigest('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')).toBeUndefined()
})

test('a model URI may say what its study is called', () => {
  const uri = manifestUri(empty, 'Heart & vessels, Zürich')
  expect(manifestDigest(uri)).toBe(empty)
  expect(manifestName(uri)).toBe('Heart & vessels, Zürich')
  expect(manifestName(manifestUri(empty))).toBeUndefined()
  expect(manifestName(`${manifestUri(empty)}#%E0%A4%A`)).toBeUndefined()
})
