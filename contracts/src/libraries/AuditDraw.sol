// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { BitSet } from "./BitSet.sol";

/// What a proven study draws, to the byte as src/audit/game/beacon.ts, draw.ts and roundDraws.ts.
library AuditDraw {
    using BitSet for uint64;

    uint256 internal constant PRIME = 0xffffffff00000001;

    /// What a hospital commits to with its update; secret: 32 random bytes.
    function promiseOf(uint256 round, address hospital, bytes32 secret) internal view returns (bytes32) {
        return keccak256(abi.encodePacked("wardround/beacon/reveal/1", _where(round), hospital, secret));
    }

    /// parts: of all that submitted, in the order of members.
    function beacon(uint256 round, bytes32 blockHash, bytes32[] memory parts)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encodePacked("wardround/beacon/1", blockHash, parts, _where(round)));
    }

    /// Those of the members that are due, and `count` of the others, or all where fewer are left.
    function hospitals(bytes32 beacon_, uint64 members, uint64 due, uint256 count)
        internal
        pure
        returns (uint64 drawn)
    {
        drawn = members & due;
        uint8[] memory others = _listOf(members & ~due);
        if (count > others.length) count = others.length;
        _shuffle(others, count, keccak256(abi.encodePacked("wardround/audit/hospitals/1", beacon_)));
        for (uint256 i = 0; i < count; i++) {
            drawn = drawn.add(others[i]);
        }
    }

    /// order[i]: the batch that a member trains i-th.
    function order(bytes32 roundSeed, uint256 member, uint256 steps)
        internal
        pure
        returns (uint8[] memory list)
    {
        list = new uint8[](steps);
        for (uint8 i = 0; i < steps; i++) {
            list[i] = i;
        }
        _shuffle(
            list, steps, keccak256(abi.encodePacked("wardround/round/order/1", roundSeed, uint8(member)))
        );
    }

    /// Bit j: whether the noise of batch j counts as it is, or with the other sign.
    function signs(bytes32 roundSeed, uint256 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked("wardround/round/signs/1", roundSeed, uint8(member))));
    }

    /// Two factors, field elements.
    function gammas(bytes32 beacon_, uint256 member) internal pure returns (uint64, uint64) {
        uint256 word = uint256(keccak256(abi.encodePacked("wardround/round/gamma/1", beacon_, uint8(member))));
        return (uint64((word >> 128) % PRIME), uint64(uint128(word) % PRIME));
    }

    /// Draws the first `count` entries of the list without replacement.
    function _shuffle(uint8[] memory list, uint256 count, bytes32 word) private pure {
        for (uint256 i = 0; i < count; i++) {
            uint256 j;
            (j, word) = _below(list.length - i, word);
            (list[i], list[i + j]) = (list[i + j], list[i]);
        }
    }

    /// A number below the bound, and the word after the one that it is from. Words that would favour some numbers are left out.
    function _below(uint256 bound, bytes32 word) private pure returns (uint256, bytes32) {
        uint256 excess = (type(uint256).max % bound + 1) % bound; // 2^256 mod bound
        while (uint256(word) > type(uint256).max - excess) word = _next(word);
        return (uint256(word) % bound, _next(word));
    }

    function _next(bytes32 word) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(word));
    }

    function _listOf(uint64 set) private pure returns (uint8[] memory list) {
        list = new uint8[](set.count());
        uint256 n = 0;
        for (uint8 member = 0; n < list.length; member++) {
            if (set.has(member)) list[n++] = member;
        }
    }

    /// Contract and study are one.
    function _where(uint256 round) private view returns (bytes memory) {
        return abi.encodePacked(block.chainid, address(this), address(this), round);
    }
}
