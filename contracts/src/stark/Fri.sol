// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension } from "./Extension.sol";
import {
    CARRIES,
    CARRY_BOTH,
    GENERATOR,
    Goldilocks,
    HALF,
    MODULI,
    MODULUS,
    Powers,
    QUARTER,
    QUARTERS
} from "./Goldilocks.sol";
import { MerkleMultiproof } from "./MerkleMultiproof.sol";
import { Reader } from "./Reader.sol";
import { Refusal, refuse } from "./Refusal.sol";
import { Words } from "./Words.sol";

/// FRI's queries: values are folded by eight from layer to layer until there is a polynomial,
/// src/audit/stark/fri.ts.
///
/// What has to be checked is a list of words: the statement, about which nothing is asked here; log2 of the rows;
/// two for each layer, root and β; the coefficients of the last polynomial; and for each position a query,
/// ascending: the position in the high 32 bits, the value there in the low 128 as a proof has it.
library Fri {
    uint256 internal constant LOG2_FOLD = 3;
    uint256 internal constant LOG2_FINAL = 6;
    /// Words of a list before the layers.
    uint256 internal constant HEADER = 2;
    uint256 private constant FOLD = 8;
    /// 1 / 7.
    uint256 private constant INVERSE_GENERATOR = 2635249152773512046;
    /// 1 / 8.
    uint256 private constant EIGHTH = 0xdfffffff20000001;
    uint256 private constant LEAF_BYTES = 128;
    /// Where the position and, within a layer, the place in its leaf are in a query.
    uint256 private constant POSITION = 224;
    uint256 private constant PLACE = 216;

    /// How often a polynomial of fewer than 2^log2Rows coefficients is folded: at least once.
    function foldings(uint256 log2Rows) internal pure returns (uint256) {
        return log2Rows <= LOG2_FINAL ? 1 : (log2Rows - LOG2_FINAL + LOG2_FOLD - 1) / LOG2_FOLD;
    }

    /// How many coefficients the last polynomial has.
    function finalLength(uint256 log2Rows) internal pure returns (uint256) {
        return 1 << (log2Rows - LOG2_FOLD * foldings(log2Rows));
    }

    /// A query.
    function query(uint256 position, Extension value) internal pure returns (uint256) {
        uint256 halves = Extension.unwrap(value);
        return (position << POSITION) | ((halves & QUARTER) << 64) | (halves >> 128);
    }

    /// What is folded, layer by layer.
    struct Layer {
        /// Where its queries are in memory, and how many.
        uint256 queries;
        uint256 count;
        uint256 log2Domain;
        /// A position's point is offset · ω^(position · stride), ω being of the first domain's order.
        uint256 log2Stride;
        uint256 inverseOffset;
        Extension beta;
        /// Of ω.
        uint256[] powers;
        /// Room for all nodes of a multiproof.
        uint256[] queue;
        /// Bits of CARRIES where an element that was read is not canonical.
        uint256 carries;
        /// 0 where the leaves hold all values of the queries.
        uint256 differences;
    }

    /// Checks the list. What it says of the queries is lost.
    /// @param powers of the first domain's root of unity
    /// @param queue room for all nodes of a multiproof
    function check(
        uint256[] memory list,
        uint256 log2Domain,
        uint256[] memory powers,
        uint256[] memory queue,
        Reader memory from
    ) internal pure {
        uint256 coefficients = HEADER + 2 * foldings(list[1]);
        uint256 queries = coefficients + finalLength(list[1]);
        Layer memory layer;
        layer.queries = Words.start(list) + 32 * queries;
        layer.count = list.length - queries;
        layer.log2Domain = log2Domain;
        layer.inverseOffset = INVERSE_GENERATOR;
        layer.powers = powers;
        layer.queue = queue;
        for (uint256 i = HEADER; i < coefficients; i += 2) {
            layer.beta = Extension.wrap(list[i + 1]);
            _fold(layer, bytes24(bytes32(list[i])), from);
        }
        _checkFinal(layer, Words.start(list) + 32 * coefficients, queries - coefficients);
    }

    /// Checks that a layer holds the queries' values, and makes it the next layer.
    function _fold(Layer memory layer, bytes24 root, Reader memory from) private pure {
        _group(layer.queries, layer.count, layer.log2Domain - LOG2_FOLD);
        _readLeaves(layer, from);
        (uint256 found, uint256 end) =
            MerkleMultiproof.rootOver(Words.start(layer.queue), layer.count, from.at);
        from.skipTo(end);
        if (bytes24(bytes32(found)) != root) refuse(Refusal.Opening);
        if (layer.differences != 0) refuse(Refusal.Folding);
        layer.log2Domain -= LOG2_FOLD;
        layer.log2Stride += LOG2_FOLD;
        layer.inverseOffset = Goldilocks.power(layer.inverseOffset, FOLD);
    }

    /// Checks that the queries' values are those of the last polynomial.
    function _checkFinal(Layer memory layer, uint256 coefficients, uint256 length) private pure {
        uint256 offset = Goldilocks.power(GENERATOR, 1 << layer.log2Stride);
        for (uint256 i = 0; i < layer.count; i++) {
            uint256 at = layer.queries + 32 * i;
            uint256 position = Words.read(at) >> POSITION;
            uint256 power = Powers.get(layer.powers, position << layer.log2Stride);
            Extension value = _valueAt(coefficients, length, mulmod(offset, power, MODULUS));
            if (query(position, value) != Words.read(at)) refuse(Refusal.FinalPolynomial);
        }
    }

    /// Sorts queries by the leaf that they are in, and by the place in it.
    function _group(uint256 queries, uint256 count, uint256 log2Leaves) private pure {
        // By insertion: they are few, and ascending runs already. The list is the caller's.
        assembly ("memory-safe") {
            let mask := sub(shl(log2Leaves, 1), 1)
            let end := add(queries, shl(5, count))
            for { let at := queries } lt(at, end) { at := add(at, 32) } {
                let word := mload(at)
                let position := shr(POSITION, word)
                word := or(
                    or(shl(POSITION, and(position, mask)), shl(PLACE, shr(log2Leaves, position))),
                    and(word, HALF)
                )
                let to := at
                for { } gt(to, queries) { } {
                    let before := mload(sub(to, 32))
                    if lt(before, word) { break }
                    mstore(to, before)
                    to := sub(to, 32)
                }
                mstore(to, word)
            }
        }
    }

    /// Reads the leaves of the queries to the queue's start, and folds them: the layer has these queries then.
    function _readLeaves(Layer memory layer, Reader memory from) private pure {
        uint256 at = layer.queries;
        uint256 end = at + 32 * layer.count;
        (layer.count, layer.carries, layer.differences) = (0, 0, 0);
        while (at < end) {
            at = _readLeaf(layer, at, end, from.take(LEAF_BYTES));
        }
        if (layer.carries & CARRIES != 0) refuse(Refusal.Malformed);
    }

    /// @param at where the first query of this leaf is in memory
    /// @return next where the next leaf's is
    function _readLeaf(Layer memory layer, uint256 at, uint256 end, uint256 source)
        private
        pure
        returns (uint256 next)
    {
        uint256 index = Words.read(at) >> POSITION;
        (uint256 leaf, uint256 digest, uint256 carry) = _copyLeaf(source);
        layer.carries |= carry;
        layer.queue[layer.count] = digest | (1 << (layer.log2Domain - LOG2_FOLD)) | index;
        uint256 differences;
        (next, differences) = _compare(at, end, leaf);
        layer.differences |= differences;
        // Never behind the queries that are still to be read: there are at least as many as leaves.
        at = layer.queries + 32 * layer.count++;
        uint256 folded = (index << POSITION) | _folded(leaf, _step(layer, index));
        Words.write(at, folded);
    }

    /// Copies a leaf to free memory.
    /// @return leaf its content
    /// @return digest of it
    /// @return carry has a bit of CARRIES where an element is not canonical
    function _copyLeaf(uint256 at) private pure returns (uint256 leaf, uint256 digest, uint256 carry) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            leaf := add(free, 1)
            mstore8(free, 0)
            calldatacopy(leaf, at, LEAF_BYTES)
            digest := and(keccak256(free, add(LEAF_BYTES, 1)), not(QUARTER))
            for { let end := add(leaf, LEAF_BYTES) } lt(free, sub(end, 1)) { free := add(free, 32) } {
                let odd := mload(add(free, 1))
                let even := and(shr(64, odd), QUARTERS)
                carry := or(carry, or(add(even, CARRY_BOTH), add(and(odd, QUARTERS), CARRY_BOTH)))
            }
        }
    }

    /// Compares the queries that are in one leaf with what it holds.
    /// @return next behind them
    /// @return differences 0 where it holds all of their values
    function _compare(uint256 queries, uint256 end, uint256 leaf)
        private
        pure
        returns (uint256 next, uint256 differences)
    {
        assembly ("memory-safe") {
            next := queries
            let index := shr(POSITION, mload(queries))
            for { } lt(next, end) { next := add(next, 32) } {
                let word := mload(next)
                if xor(shr(POSITION, word), index) { break }
                let held := shr(128, mload(add(leaf, shl(4, and(shr(PLACE, word), 7)))))
                differences := or(differences, xor(held, and(word, HALF)))
            }
        }
    }

    /// β / x, x being the first point of a leaf.
    function _step(Layer memory layer, uint256 index) private pure returns (Extension) {
        uint256 size = 1 << (layer.log2Domain + layer.log2Stride);
        uint256 backwards = (size - (index << layer.log2Stride)) & (size - 1);
        uint256 inverse = mulmod(layer.inverseOffset, Powers.get(layer.powers, backwards), MODULUS);
        return layer.beta * Extension.wrap(inverse);
    }

    /// Σ_k βᵏ f_k(x⁸) with f(x) = Σ_k xᵏ f_k(x⁸), from the eight values f(x wᵗ) in a leaf, as a query has it.
    ///
    /// By halves: f(x) = e(x²) + x o(x²), e + β o is f folded by two, and so on with β² and β⁴. Twice that is f(x)
    /// + f(−x) + (β/x) (f(x) − f(−x)), and 1/w is 2^72, so its powers are shifts: its square is −2^48, its cube
    /// 2^24, for 2^96 = −1.
    function _folded(uint256 leaf, Extension step) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            // The value at a place, as a word of two halves.
            function load(at) -> halves {
                halves := mload(at)
                halves := or(shr(192, halves), shl(128, and(shr(128, halves), QUARTER)))
            }
            // a + b + step · 2^shift (a − b)
            function fold(a, b, shift, factor) -> halves {
                halves := add(a, b)
                a := sub(add(a, MODULI), b)
                b := shl(shift, and(a, HALF))
                a := shl(shift, shr(128, a))
                let re := and(factor, HALF)
                let im := shr(128, factor)
                halves := or(
                    mod(add(add(mul(b, re), mul(7, mul(a, im))), and(halves, HALF)), MODULUS),
                    shl(128, mod(add(add(mul(b, im), mul(a, re)), shr(128, halves)), MODULUS))
                )
            }
            function square(factor) -> halves {
                let re := and(factor, HALF)
                let im := shr(128, factor)
                halves := or(
                    mod(add(mul(re, re), mul(7, mul(im, im))), MODULUS),
                    shl(128, mulmod(re, shl(1, im), MODULUS))
                )
            }
            let first := fold(load(leaf), load(add(leaf, 64)), 0, step)
            // −2^48 (a − b): b before a, and both added all the same.
            let second := fold(load(add(leaf, 96)), load(add(leaf, 32)), 48, step)
            let factor := square(step)
            first := fold(first, second, 0, factor)
            second := fold(load(add(leaf, 16)), load(add(leaf, 80)), 72, step)
            let third := fold(load(add(leaf, 48)), load(add(leaf, 112)), 24, step)
            second := fold(third, second, 48, factor)
            result := fold(first, second, 0, square(factor))
            result := or(
                shl(64, mulmod(and(result, HALF), EIGHTH, MODULUS)),
                mulmod(shr(128, result), EIGHTH, MODULUS)
            )
        }
    }

    /// Σ coefficients_k · x^k for a base element x, by Horner's rule; a multiple of four of them.
    function _valueAt(uint256 coefficients, uint256 count, uint256 x) private pure returns (Extension value) {
        assembly ("memory-safe") {
            // (p − 1)² + p − 1 < 2^128: no half reaches into the other.
            for { let at := add(coefficients, shl(5, count)) } gt(at, coefficients) { } {
                value := add(mul(value, x), mload(sub(at, 32)))
                value := or(mod(and(value, HALF), MODULUS), shl(128, mod(shr(128, value), MODULUS)))
                value := add(mul(value, x), mload(sub(at, 64)))
                value := or(mod(and(value, HALF), MODULUS), shl(128, mod(shr(128, value), MODULUS)))
                value := add(mul(value, x), mload(sub(at, 96)))
                value := or(mod(and(value, HALF), MODULUS), shl(128, mod(shr(128, value), MODULUS)))
                at := sub(at, 128)
                value := add(mul(value, x), mload(at))
                value := or(mod(and(value, HALF), MODULUS), shl(128, mod(shr(128, value), MODULUS)))
            }
        }
    }
}
