// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Goldilocks, HALF, MODULI, MODULUS } from "./Goldilocks.sol";

/// The quadratic extension of the Goldilocks field, F_p[φ]/(φ² − 7): a + bφ as a + b · 2^128, both canonical. A
/// base element is itself. Products of two 64-bit halves then fit into half a word, and one multiplication makes
/// both halves of a base element's product.
type Extension is uint256;

using { plus as +, minus as -, times as *, same as ==, raised, reciprocal } for Extension global;

Extension constant ZERO = Extension.wrap(0);
Extension constant ONE = Extension.wrap(1);

/// a + b
function plus(Extension a, Extension b) pure returns (Extension sum) {
    assembly ("memory-safe") {
        let halves := add(a, b)
        sum := or(mod(and(halves, HALF), MODULUS), shl(128, mod(shr(128, halves), MODULUS)))
    }
}

/// a − b
function minus(Extension a, Extension b) pure returns (Extension difference) {
    assembly ("memory-safe") {
        let halves := sub(add(a, MODULI), b)
        difference := or(mod(and(halves, HALF), MODULUS), shl(128, mod(shr(128, halves), MODULUS)))
    }
}

/// a · b
function times(Extension a, Extension b) pure returns (Extension product) {
    assembly ("memory-safe") {
        let a0 := and(a, HALF)
        let a1 := shr(128, a)
        let b0 := and(b, HALF)
        let b1 := shr(128, b)
        product := or(
            mod(add(mul(a0, b0), mul(7, mul(a1, b1))), MODULUS),
            shl(128, mod(add(mul(a0, b1), mul(a1, b0)), MODULUS))
        )
    }
}

function same(Extension a, Extension b) pure returns (bool) {
    return Extension.unwrap(a) == Extension.unwrap(b);
}

/// a to the power of an exponent.
function raised(Extension a, uint256 exponent) pure returns (Extension result) {
    result = ONE;
    while (true) {
        if (exponent & 1 == 1) result = result * a;
        exponent >>= 1;
        if (exponent == 0) return result;
        a = a * a;
    }
}

/// 1 / a: the conjugate over the norm a₀² − 7a₁²; 0 for 0.
function reciprocal(Extension a) pure returns (Extension result) {
    uint256 inverse = Goldilocks.inverse(norm(a));
    assembly ("memory-safe") {
        result := or(
            mulmod(and(a, HALF), inverse, MODULUS),
            shl(128, mulmod(sub(MODULUS, shr(128, a)), inverse, MODULUS))
        )
    }
}

/// a₀² − 7a₁²: not 0 where a is not.
function norm(Extension a) pure returns (uint256 result) {
    assembly ("memory-safe") {
        let a0 := and(a, HALF)
        let a1 := shr(128, a)
        // 7 (p − a₁) a₁ is −7a₁² and not negative.
        result := mod(add(mul(a0, a0), mul(7, mul(sub(MODULUS, a1), a1))), MODULUS)
    }
}
