import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../../crypto/bytes.ts'
import { DIGEST_BYTES } from '../../field/digests.ts'

/** First bytes of what is hashed: a node can never pass for a leaf, nor either for a transcript's state. */
const LEAF = 0
const NODE = 1

/** keccak256(0 ‖ salt ‖ content), its first 24 bytes. */
export function leafDigest(...content: readonly Uint8Array[]): Uint8Array {
  return keccak_256(concatBytes(Uint8Array.of(LEAF), ...content)).subarray(0, DIGEST_BYTES)
}

/** keccak256(1 ‖ left ‖ right), its first 24 bytes. */
export function nodeDigest(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(Uint8Array.of(NODE), left, right)).subarray(0, DIGEST_BYTES)
}

/** A leaf that is opened: its number, from the left, and its digest. */
export interface OpenedLeaf {
  readonly index: number
  readonly digest: Uint8Array
}

/**
 * The root over some leaves of a tree of 2^height, with the nodes that they do not make themselves: level by level from the
 * leaves, in each from left to right.
 * @param leaves at least one, by ascending index, each once
 * @param nextNode gives those nodes in that order
 */
export function rootOver(leaves: readonly OpenedLeaf[], height: number, nextNode: () => Uint8Array): Uint8Array {
  let level = leaves
  for (let above = 0; above < height; above++) {
    const parents: OpenedLeaf[] = []
    for (let i = 0; i < level.length; i++) {
      const { index, digest } = level[i]!
      const isRight = index % 2 === 1
      const follower = level[i + 1]
      const isPair = !isRight && follower?.index === index + 1
      if (isPair) i++
      const sibling = isPair ? follower.digest : nextNode()
      parents.push({
        index: Math.floor(index / 2),
        digest: isRight ? nodeDigest(sibling, digest) : nodeDigest(digest, sibling),
      })
    }
    level = parents
  }
  return level[0]!.digest
}

/**
 * Where in a tree the nodes are that rootOver will ask for, in its order: heap places, the root being 1.
 * @param indices of the opened leaves, ascending, each once
 */
export function siblingsOf(indices: readonly number[], height: number): number[] {
  const places: number[] = []
  let level = indices.map(index => index + 2 ** height)
  for (let above = 0; above < height; above++) {
    const known = new Set(level)
    for (const place of level) if (!known.has(place ^ 1)) places.push(place ^ 1)
    level = [...new Set(level.map(place => place >> 1))]
  }
  return places
}
