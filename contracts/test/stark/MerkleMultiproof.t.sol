// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { MerkleMultiproof } from "../../src/stark/MerkleMultiproof.sol";
import { between, vm } from "../base/Vm.sol";

/// MerkleMultiproof.tree
contract MerkleMultiproofTest {
    uint256 private constant MOST_HEIGHT = 6;

    function testFuzz_ItGivesTheRootOfTheTree(uint8 height_, uint64 opened, bytes32 seed) public view {
        uint256 height = between(height_, 0, MOST_HEIGHT);
        bytes24[] memory tree = _tree(height, seed);
        uint256[] memory leaves = _leaves(tree, height, opened);
        bytes memory nodes = _nodes(tree, height, leaves);
        (bytes24 root, uint256 read) = this.rootOver(leaves, height, abi.encodePacked(nodes, seed));
        vm.assertEq(bytes32(root), bytes32(tree[1]));
        vm.assertEq(read, nodes.length);
    }

    function testFuzz_AnotherLeafOrNodeGivesAnotherRoot(uint64 opened, bytes32 seed, uint256 at) public view {
        uint256 height = MOST_HEIGHT;
        bytes24[] memory tree = _tree(height, seed);
        uint256[] memory leaves = _leaves(tree, height, opened);
        bytes memory nodes = _nodes(tree, height, leaves);
        at = between(at, 0, 24 * leaves.length + nodes.length - 1);
        if (at < nodes.length) {
            nodes[at] ^= 0x01;
        } else {
            at -= nodes.length;
            leaves[at / 24] ^= 1 << (64 + 8 * (at % 24));
        }
        (bytes24 root,) = this.rootOver(leaves, height, nodes);
        vm.assertTrue(root != tree[1]);
    }

    /// The stale end of a queue must not pass for a leaf's sibling.
    function test_WhatATreeLeavesInTheQueueIsNotRead() public view {
        bytes24[] memory tree = _tree(3, "stale");
        uint256[] memory leaves = _leaves(tree, 3, 1);
        bytes memory nodes = _nodes(tree, 3, leaves);
        (bytes24 root, uint256 read) =
            this.rootOverStale(leaves[0], uint256(bytes32("stale")) << 64 | 9, nodes);
        vm.assertEq(bytes32(root), bytes32(tree[1]));
        vm.assertEq(read, nodes.length);
    }

    function rootOver(uint256[] calldata leaves, uint256 height, bytes calldata nodes)
        external
        pure
        returns (bytes24 root, uint256 read)
    {
        uint256[] memory queue = new uint256[](leaves.length * (height + 1));
        for (uint256 i = 0; i < leaves.length; i++) {
            queue[i] = leaves[i];
        }
        return _rootOver(queue, leaves.length, nodes);
    }

    function rootOverStale(uint256 leaf, uint256 stale, bytes calldata nodes)
        external
        pure
        returns (bytes24 root, uint256 read)
    {
        uint256[] memory queue = new uint256[](4);
        (queue[0], queue[1]) = (leaf, stale);
        return _rootOver(queue, 1, nodes);
    }

    function _rootOver(uint256[] memory queue, uint256 count, bytes calldata nodes)
        private
        pure
        returns (bytes24, uint256)
    {
        uint256 first;
        uint256 offset;
        assembly ("memory-safe") {
            first := add(queue, 32)
            offset := nodes.offset
        }
        (uint256 root, uint256 end) = MerkleMultiproof.rootOver(first, count, offset);
        return (bytes24(bytes32(root)), end - offset);
    }

    /// By heap places.
    function _tree(uint256 height, bytes32 seed) private pure returns (bytes24[] memory tree) {
        uint256 size = 1 << height;
        tree = new bytes24[](2 * size);
        for (uint256 i = size; i < 2 * size; i++) {
            tree[i] = bytes24(keccak256(abi.encode(seed, i)));
        }
        for (uint256 i = size - 1; i > 0; i--) {
            tree[i] = bytes24(keccak256(abi.encodePacked(uint8(1), tree[2 * i], tree[2 * i + 1])));
        }
    }

    /// Those leaves of which a bit is set, the first where none is.
    function _leaves(bytes24[] memory tree, uint256 height, uint64 opened)
        private
        pure
        returns (uint256[] memory leaves)
    {
        uint256 size = 1 << height;
        leaves = new uint256[](size);
        uint256 count = 0;
        for (uint256 i = 0; i < size; i++) {
            bool isOpened = (opened >> i) & 1 == 1 || (i == size - 1 && count == 0);
            if (isOpened) leaves[count++] = uint256(bytes32(tree[size + i])) | (size + i);
        }
        assembly ("memory-safe") {
            mstore(leaves, count)
        }
    }

    /// The nodes that the leaves do not make, level by level, from left to right.
    function _nodes(bytes24[] memory tree, uint256 height, uint256[] memory leaves)
        private
        pure
        returns (bytes memory nodes)
    {
        bool[] memory isKnown = new bool[](tree.length);
        for (uint256 i = 0; i < leaves.length; i++) {
            isKnown[uint64(leaves[i])] = true;
        }
        for (uint256 level = height; level > 0; level--) {
            for (uint256 place = 1 << level; place < 2 << level; place++) {
                if (!isKnown[place]) continue;
                if (!isKnown[place ^ 1]) nodes = abi.encodePacked(nodes, tree[place ^ 1]);
                isKnown[place >> 1] = true;
            }
        }
    }
}
