import fc from 'fast-check'
import { concatBytes, keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { leafDigest, nodeDigest, rootOver, siblingsOf } from './merkle.ts'

/** All nodes by heap place. */
function treeOver(height: number): Uint8Array[] {
  const tree: Uint8Array[] = []
  for (let place = 2 ** (height + 1) - 1; place > 0; place--) {
    const isLeaf = place >= 2 ** height
    tree[place] = isLeaf ? leafDigest(Uint8Array.of(place)) : nodeDigest(tree[2 * place]!, tree[2 * place + 1]!)
  }
  return tree
}

const opened = fc
  .integer({ min: 0, max: 6 })
  .chain(height =>
    fc.tuple(fc.constant(height), fc.uniqueArray(fc.nat(2 ** height - 1), { minLength: 1, maxLength: 12 })),
  )
  .map(([height, indices]) => ({ height, indices: indices.sort((a, b) => a - b) }))

describe('a Merkle tree', () => {
  it('hashes leaves and nodes apart, to 24 bytes', () => {
    const [a, b] = [new Uint8Array(24).fill(1), new Uint8Array(24).fill(2)]
    const hash = (first: number) => keccak256(concatBytes([Uint8Array.of(first), a, b]), 'bytes').subarray(0, 24)
    expect(leafDigest(a, b)).toEqual(hash(0))
    expect(nodeDigest(a, b)).toEqual(hash(1))
  })

  it('has one root over whichever leaves are opened, with the nodes that siblingsOf names', () => {
    fc.assert(
      fc.property(opened, ({ height, indices }) => {
        const tree = treeOver(height)
        const places = siblingsOf(indices, height)
        const nodes = places.map(place => tree[place]!)
        const leaves = indices.map(index => ({ index, digest: tree[2 ** height + index]! }))
        expect(rootOver(leaves, height, () => nodes.shift()!)).toEqual(tree[1])
        expect(nodes).toEqual([])
      }),
    )
  })

  it('takes no node that follows from what is opened, and each once', () => {
    fc.assert(
      fc.property(opened, ({ height, indices }) => {
        const known = new Set<number>()
        for (const index of indices) for (let at = index + 2 ** height; at > 0; at >>= 1) known.add(at)
        const places = siblingsOf(indices, height)
        expect(new Set(places).size).toBe(places.length)
        for (const place of places) expect(known.has(place)).toBe(false)
      }),
    )
  })

  it('has another root where anything differs', () => {
    fc.assert(
      fc.property(opened, fc.nat(), ({ height, indices }, which) => {
        const tree = treeOver(height)
        const nodes = siblingsOf(indices, height).map(place => tree[place]!)
        const leaves = indices.map(index => ({ index, digest: tree[2 ** height + index]! }))
        const all = [...leaves.map(({ digest }) => digest), ...nodes]
        const changed = all.map((digest, i) => (i === which % all.length ? digest.with(3, digest[3]! ^ 1) : digest))
        const rest = changed.slice(leaves.length)
        const root = rootOver(
          leaves.map(({ index }, i) => ({ index, digest: changed[i]! })),
          height,
          () => rest.shift()!,
        )
        expect(root).not.toEqual(tree[1])
      }),
    )
  })

  it('says which nodes a proof takes, level by level and from left to right', () => {
    // Leaves are 8 to 15.
    expect(siblingsOf([0, 5], 3)).toEqual([9, 12, 5, 7])
    expect(siblingsOf([2, 3, 4], 3)).toEqual([13, 4, 7])
  })
})
