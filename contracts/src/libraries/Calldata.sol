// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// What calldata costs.
library Calldata {
    uint256 private constant LOW_BITS = 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// Tokens of EIP-7623: one for each zero byte, four for each other. A word at a time: adding 0x7f carries into a byte's
    /// top bit unless its lower bits are zero; the top bits are then summed by one multiplication.
    function tokens(bytes calldata data) internal pure returns (uint256 count) {
        unchecked {
            uint256 length = data.length;
            uint256 others = 0;
            for (uint256 i = 0; i < length; i += 32) {
                uint256 word;
                assembly ("memory-safe") {
                    word := calldataload(add(data.offset, i))
                }
                // The last word may reach past the data.
                if (i + 32 > length) word = word >> (8 * (i + 32 - length));
                uint256 top = (((word & LOW_BITS) + LOW_BITS) | word) & ~LOW_BITS;
                others += ((top >> 7) * ONES) >> 248;
            }
            return length + 3 * others;
        }
    }
}
