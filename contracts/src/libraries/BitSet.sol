// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Sets of up to 64 members (or 7 seats) in one word: bit i is member i.
library BitSet {
    function has(uint64 set, uint256 i) internal pure returns (bool) {
        return (set >> i) & 1 == 1;
    }

    function add(uint64 set, uint256 i) internal pure returns (uint64) {
        return set | uint64(1 << i);
    }

    function remove(uint64 set, uint256 i) internal pure returns (uint64) {
        return set & ~uint64(1 << i);
    }

    /// The number of members: adjacent sums of 2, 4, 8 bits, then all bytes by one multiplication (Warren, Hacker's
    /// Delight, figure 5-2).
    function count(uint64 set) internal pure returns (uint256 n) {
        unchecked {
            n = set;
            n = n - ((n >> 1) & 0x5555555555555555);
            n = (n & 0x3333333333333333) + ((n >> 2) & 0x3333333333333333);
            n = (n + (n >> 4)) & 0x0f0f0f0f0f0f0f0f;
            n = ((n * 0x0101010101010101) >> 56) & 0xff;
        }
    }
}
