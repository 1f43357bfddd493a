// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// p = 2^64 − 2^32 + 1.
uint256 constant MODULUS = 0xffffffff00000001;
// p in both halves of a word.
uint256 constant MODULI = 0xffffffff000000010000000000000000ffffffff00000001;
// Generates the multiplicative group of the field. Also what moves evaluation domains off the trace's.
uint256 constant GENERATOR = 7;
// Of order 2^32: 7^((p − 1) / 2^32).
uint256 constant ROOT_OF_UNITY = 0x185629dcda58878c;
// 2^64 − p: what carries an element that is not canonical over 2^64.
uint256 constant CARRY = 0xffffffff;
// The same in both halves of a word.
uint256 constant CARRY_BOTH = 0x00000000ffffffff000000000000000000000000ffffffff;
// Where both halves of a word show, when CARRY_BOTH was added, that an element was not canonical.
uint256 constant CARRIES = ((1 << 128) | 1) << 64;
// The low 64 bits of a word.
uint256 constant QUARTER = 0xffffffffffffffff;
// The low 64 bits of both halves.
uint256 constant QUARTERS = 0xffffffffffffffff0000000000000000ffffffffffffffff;
// The low 128 bits of a word.
uint256 constant HALF = 0xffffffffffffffffffffffffffffffff;

/// The Goldilocks field. Elements are canonical, from 0 to p − 1, in and out.
library Goldilocks {
    /// base to the power of an exponent of any size; 0 to the power of 0 is 1.
    function power(uint256 base, uint256 exponent) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := 1
            for { } exponent { exponent := shr(1, exponent) } {
                if and(exponent, 1) { result := mulmod(result, base, MODULUS) }
                base := mulmod(base, base, MODULUS)
            }
        }
    }

    /// 1 / a by Fermat's little theorem, and 0 for 0.
    function inverse(uint256 a) internal pure returns (uint256) {
        return power(a, MODULUS - 2);
    }

    /// The root of unity of order 2^log2, log2 ≤ 32.
    function rootOfUnity(uint256 log2) internal pure returns (uint256 root) {
        root = ROOT_OF_UNITY;
        unchecked {
            for (uint256 i = log2; i < 32; i++) {
                root = mulmod(root, root, MODULUS);
            }
        }
    }
}

/// Powers of a root of unity from a table, four bits of the exponent at a time.
library Powers {
    /// Of the root of order 2^log2: for each four bits d of an exponent, sixteen words for ω^(digit · 16^d).
    function ofRoot(uint256 log2) internal pure returns (uint256[] memory table) {
        table = new uint256[](16 * ((log2 + 3) / 4));
        uint256 root = Goldilocks.rootOfUnity(log2);
        assembly ("memory-safe") {
            let at := add(table, 32)
            for { let end := add(at, shl(5, mload(table))) } lt(at, end) { } {
                let value := 1
                for { let next := add(at, 512) } lt(at, next) { at := add(at, 32) } {
                    mstore(at, value)
                    value := mulmod(value, root, MODULUS)
                }
                root := value
            }
        }
    }

    /// ω^exponent, the exponent being below the order.
    function get(uint256[] memory table, uint256 exponent) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let digits := add(table, 32)
            value := mload(add(digits, shl(5, and(exponent, 15))))
            exponent := shr(4, exponent)
            for { } exponent { exponent := shr(4, exponent) } {
                digits := add(digits, 512)
                value := mulmod(value, mload(add(digits, shl(5, and(exponent, 15)))), MODULUS)
            }
        }
    }
}
