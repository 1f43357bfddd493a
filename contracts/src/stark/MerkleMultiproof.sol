// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { QUARTER } from "./Goldilocks.sol";

/// Trees of keccak256 cut to 24 bytes, of which several leaves are opened at once: src/audit/stark/merkle.ts.
///
/// A node is a word: its digest in the high 24 bytes, its heap place (the root's is 1) in the low 8. What is hashed
/// never includes those: the next part is written over them, or they stand behind its end.
library MerkleMultiproof {
    /// The root over some leaves, with the nodes of calldata that they do not make themselves.
    /// @param queue in memory: the leaves by ascending place, each once, with room for all nodes above them
    /// @param count of the leaves, at least one
    /// @param node where the first of the other nodes is in calldata
    /// @return root as a word, place and all
    /// @return end behind the last node that was read. Past the end of calldata there are zeros: look at it first
    function rootOver(uint256 queue, uint256 count, uint256 node)
        internal
        pure
        returns (uint256 root, uint256 end)
    {
        // Scratch space takes the 49 bytes of a node. The queue is the caller's; parents go to its tail, which
        // visits the tree level by level. A function that makes a parent would cost a tenth more gas.
        assembly ("memory-safe") {
            mstore8(0, 1)
            let tail := add(queue, shl(5, count))
            for { } 1 { tail := add(tail, 32) } {
                root := mload(queue)
                queue := add(queue, 32)
                if and(root, 1) {
                    if eq(and(root, QUARTER), 1) { break }
                    mstore(1, calldataload(node))
                    mstore(25, root)
                    node := add(node, 24)
                    mstore(tail, or(and(keccak256(0, 49), not(QUARTER)), shr(1, and(root, QUARTER))))
                    continue
                }
                mstore(1, root)
                let follower := mload(queue)
                if and(eq(and(xor(follower, root), QUARTER), 1), lt(queue, tail)) {
                    mstore(25, follower)
                    queue := add(queue, 32)
                    mstore(tail, or(and(keccak256(0, 49), not(QUARTER)), shr(1, and(root, QUARTER))))
                    continue
                }
                mstore(25, calldataload(node))
                node := add(node, 24)
                mstore(tail, or(and(keccak256(0, 49), not(QUARTER)), shr(1, and(root, QUARTER))))
            }
            end := node
        }
    }
}
