// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Air, Oracle } from "./Air.sol";
import { Extension, norm, ONE, ZERO } from "./Extension.sol";
import {
    CARRIES,
    CARRY_BOTH,
    GENERATOR,
    Goldilocks,
    HALF,
    MODULUS,
    Powers,
    QUARTER,
    QUARTERS
} from "./Goldilocks.sol";
import { MerkleMultiproof } from "./MerkleMultiproof.sol";
import { Reader } from "./Reader.sol";
import { Refusal, refuse } from "./Refusal.sol";
import { Transcripts } from "./Transcript.sol";
import { Words } from "./Words.sol";

/// What the elements of a row are multiplied with. An element a + bφ, two elements of a row, is a · γᵗ + b · φγᵗ,
/// so that rows are plain lists of base elements whatever they hold.
///
/// Four elements of a row are one word of it. Those at its even places are multiplied at once, and so are those at
/// its odd ones: the weights of the latter two are those of the former times γ², or γ where elements are pairs. So
/// there are four words of weights for a word of a row: both parts of the first element's, both parts of the
/// second's.
struct Weights {
    /// For every oracle one after the other.
    uint256[] here;
    /// The same for its shifted columns.
    uint256[] next;
    Pin[] pins;
    /// Of z, of ωz, then one for each pinned oracle.
    Quotient[] quotients;
    Extension gamma;
}

/// What the columns of a pinned oracle are multiplied with in its quotient.
struct Pin {
    uint256[] weights;
    /// The square of the oracle's weight.
    Extension half;
}

/// A sum over rows, less what it is said to be in a point outside of the domain, over x − point.
struct Quotient {
    Extension conjugate; // of the point
    Extension said;
}

/// Rows that are opened at the queries' positions.
struct Opened {
    /// Ascending, each once.
    uint256[] positions;
    uint256 log2Domain;
    /// For each position one for each quotient: sums over the rows.
    Extension[] sums;
    /// Room for all nodes of a multiproof.
    uint256[] queue;
    /// Of the domain's root of unity.
    uint256[] powers;
}

/// The combination of all functions, from what is opened of them:
/// Σ γᵗ (f_t(x) − f_t(z)) / (x − z) + Σ γ^(T+s) (f_s(x) − f_s(ωz)) / (x − ωz)
/// + Σ γ^(T+S+i) (g_i(x) − g_i(z_i)) / (x − z_i), where g_i is what the i-th pin is of.
library Openings {
    uint256 private constant SALT_BYTES = 16;

    /// Powers of γ, and a sum of products with them.
    struct Run {
        Extension weight;
        Extension gamma;
        uint256 low;
        uint256 high;
    }

    /// @param values begins with what the columns and shifted columns are said to be
    /// @param chunks what the quotient's chunks and the mask are
    /// @param z where that is, but for the shifted columns
    /// @param roots of the oracles
    /// @param pins what the statement says of the pinned ones
    function weightsOf(
        Air memory air,
        Extension[] memory values,
        Extension[] memory chunks,
        Extension gamma,
        Extension z,
        bytes24[] memory roots,
        uint64[] calldata pins
    ) internal pure returns (Weights memory weights) {
        Run memory run = Run(ONE, gamma, 0, 0);
        (uint256 claims, uint256 quotient) = (Words.start(values), Words.start(chunks));
        (uint256 hereLength, uint256 nextLength) = (0, 0);
        for (uint256 i = 0; i < air.oracles.length; i++) {
            hereLength += hereStride(air.oracles[i]);
            nextLength += nextStride(air.oracles[i]);
        }
        weights.gamma = gamma;
        weights.here = new uint256[](hereLength);
        weights.next = new uint256[](nextLength);
        uint256 table = Words.start(weights.here);
        for (uint256 i = 0; i < air.oracles.length; i++) {
            Oracle memory oracle = air.oracles[i];
            bool isQuotient = i == air.oracles.length - 1;
            _weigh(run, isQuotient ? quotient : claims, oracle.columns, oracle.isExtension, table);
            if (!isQuotient) claims += 32 * oracle.columns;
            table += 32 * hereStride(oracle);
        }
        weights.quotients = new Quotient[](2 + air.pinned);
        weights.quotients[0] = Quotient(_conjugate(z), settled(run.low, run.high));
        (run.low, run.high) = (0, 0);
        table = Words.start(weights.next);
        for (uint256 i = 0; i < air.oracles.length; i++) {
            Oracle memory oracle = air.oracles[i];
            _weigh(run, claims, oracle.shifted, oracle.isExtension, table);
            claims += 32 * oracle.shifted;
            table += 32 * nextStride(oracle);
        }
        Extension nextZ = z * Extension.wrap(Goldilocks.rootOfUnity(air.log2Rows));
        weights.quotients[1] = Quotient(_conjugate(nextZ), settled(run.low, run.high));
        _weighPinned(air, weights, run, Words.start(values), roots, pins);
    }

    /// Each pinned oracle's sum has the next power of γ, its columns those of the weight that its root gives.
    function _weighPinned(
        Air memory air,
        Weights memory weights,
        Run memory run,
        uint256 claims,
        bytes24[] memory roots,
        uint64[] calldata pins
    ) private pure {
        weights.pins = new Pin[](air.pinned);
        for (uint256 i = 0; i < air.externals; i++) {
            Oracle memory oracle = air.oracles[i];
            if (oracle.pin == 0) continue;
            (Extension point, Extension weight) = Transcripts.pinPoint(roots[i]);
            uint256[] memory table = new uint256[](hereStride(oracle));
            // What it sums up of claims is nothing's.
            _weigh(Run(run.weight, weight, 0, 0), claims, oracle.columns, false, Words.start(table));
            weights.pins[oracle.pin - 1] = Pin(table, weight * weight);
            uint256 at = 2 * (oracle.pin - 1);
            Extension pin = Extension.wrap(pins[at] | (uint256(pins[at + 1]) << 128));
            weights.quotients[1 + oracle.pin] = Quotient(_conjugate(point), run.weight * pin);
            run.weight = run.weight * run.gamma;
        }
    }

    /// Words of an oracle in Weights.here.
    function hereStride(Oracle memory oracle) internal pure returns (uint256) {
        return (_elements(oracle, oracle.columns) + 3) & ~uint256(3);
    }

    /// Words of an oracle in Weights.next.
    function nextStride(Oracle memory oracle) internal pure returns (uint256) {
        return (_elements(oracle, oracle.shifted) + 3) & ~uint256(3);
    }

    /// Reads the rows of all oracles, checks that they are under their roots, and sums them up.
    function open(
        Opened memory opened,
        Oracle[] memory oracles,
        bytes24[] memory roots,
        Weights memory weights,
        Reader memory from
    ) internal pure {
        Rows memory rows;
        rows.here = Words.start(weights.here);
        rows.next = Words.start(weights.next);
        for (uint256 i = 0; i < oracles.length; i++) {
            _readRows(opened, oracles[i], rows, weights, from);
            (uint256 root, uint256 end) =
                MerkleMultiproof.rootOver(Words.start(opened.queue), opened.positions.length, from.at);
            from.skipTo(end);
            if (bytes24(bytes32(root)) != roots[i]) refuse(Refusal.Opening);
            rows.here += 32 * hereStride(oracles[i]);
            rows.next += 32 * nextStride(oracles[i]);
        }
    }

    /// The combination at each position. The norms of all that is divided by are inverted together (Montgomery).
    function combined(Opened memory opened, Quotient[] memory quotients)
        internal
        pure
        returns (Extension[] memory values)
    {
        values = new Extension[](opened.positions.length);
        // For each sum a word of the norm, and one of the product of all norms before.
        uint256 at = Words.start(new uint256[](2 * opened.sums.length));
        uint256 product = 1;
        unchecked {
            for (uint256 j = 0; j < values.length; j++) {
                // The point, until the second pass.
                Extension x = Extension.wrap(
                    mulmod(GENERATOR, Powers.get(opened.powers, opened.positions[j]), MODULUS)
                );
                values[j] = x;
                for (uint256 k = 0; k < quotients.length; k++) {
                    uint256 ofNorm = norm(x - quotients[k].conjugate);
                    Words.write(at, ofNorm);
                    Words.write(at + 32, product);
                    product = mulmod(product, ofNorm, MODULUS);
                    at += 64;
                }
            }
            uint256 inverse = Goldilocks.inverse(product);
            uint256 sum = Words.start(opened.sums) + 32 * opened.sums.length;
            for (uint256 j = values.length; j != 0;) {
                j--;
                Extension x = values[j];
                Extension value = ZERO;
                for (uint256 k = quotients.length; k != 0;) {
                    k--;
                    at -= 64;
                    sum -= 32;
                    Quotient memory quotient = quotients[k];
                    Extension share =
                        (Extension.wrap(Words.read(sum)) - quotient.said) * (x - quotient.conjugate);
                    value = value + share * Extension.wrap(mulmod(inverse, Words.read(at + 32), MODULUS));
                    inverse = mulmod(inverse, Words.read(at), MODULUS);
                }
                values[j] = value;
            }
        }
    }

    /// A sum of products in both halves, of which `low` is the sum and `high` that of their high halves, reduced.
    function settled(uint256 low, uint256 high) internal pure returns (Extension sum) {
        assembly ("memory-safe") {
            sum := or(mod(sub(low, shl(128, high)), MODULUS), shl(128, mod(high, MODULUS)))
        }
    }

    /// Writes the weights of so many columns, and adds what is claimed of them.
    function _weigh(Run memory run, uint256 claims, uint256 count, bool isExtension, uint256 table)
        private
        pure
    {
        // The table is the caller's.
        assembly ("memory-safe") {
            let weight := mload(run)
            let element := 0 // of its word
            for { let end := add(claims, shl(5, count)) } lt(claims, end) { claims := add(claims, 32) } {
                let w0 := and(weight, HALF)
                let w1 := shr(128, weight)
                let turned := or(mulmod(7, w1, MODULUS), shl(128, w0)) // φ · weight
                if lt(element, 2) {
                    let to := add(table, shl(6, element))
                    mstore(to, w0)
                    mstore(add(to, 32), w1)
                    if isExtension {
                        mstore(add(to, 64), and(turned, HALF))
                        mstore(add(to, 96), w0)
                    }
                }
                element := add(element, add(1, isExtension))
                if eq(element, 4) {
                    element := 0
                    table := add(table, 128)
                }
                {
                    let claim := mload(claims)
                    let a := mul(and(claim, HALF), weight)
                    let b := mul(shr(128, claim), turned)
                    mstore(add(run, 64), add(mload(add(run, 64)), add(a, b)))
                    mstore(add(run, 96), add(mload(add(run, 96)), add(shr(128, a), shr(128, b))))
                }
                let g0 := and(mload(add(run, 32)), HALF)
                let g1 := shr(128, mload(add(run, 32)))
                weight := or(
                    mod(add(mul(w0, g0), mul(7, mul(w1, g1))), MODULUS),
                    shl(128, mod(add(mul(w0, g1), mul(w1, g0)), MODULUS))
                )
            }
            mstore(run, weight)
        }
    }

    /// An oracle's rows in calldata, and what they are multiplied with.
    struct Rows {
        uint256 at;
        uint256 length;
        uint256 elements;
        uint256 nextElements;
        uint256 here;
        uint256 next;
        /// γ², or γ where elements are pairs.
        Extension half;
        /// The number of the oracle's pin, else 0; and the same two for its quotient.
        uint256 pin;
        uint256 pinned;
        Extension pinnedHalf;
    }

    /// Reads an oracle's rows, with their salts, into leaves at the queue's start and into the sums.
    function _readRows(
        Opened memory opened,
        Oracle memory oracle,
        Rows memory rows,
        Weights memory weights,
        Reader memory from
    ) private pure {
        rows.elements = _elements(oracle, oracle.columns);
        rows.nextElements = _elements(oracle, oracle.shifted);
        rows.length = SALT_BYTES + 8 * rows.elements;
        rows.half = oracle.isExtension ? weights.gamma : weights.gamma * weights.gamma;
        rows.pin = oracle.pin;
        if (rows.pin != 0) {
            Pin memory pin = weights.pins[rows.pin - 1];
            (rows.pinned, rows.pinnedHalf) = (Words.start(pin.weights), pin.half);
        }
        rows.at = from.take(opened.positions.length * rows.length);
        uint256 carries = 0;
        for (uint256 j = 0; j < opened.positions.length; j++) {
            carries |= _readRow(opened, rows, j, j * weights.quotients.length);
        }
        if (carries & CARRIES != 0) refuse(Refusal.Malformed);
    }

    /// @param first the place of the position's first sum
    function _readRow(Opened memory opened, Rows memory rows, uint256 j, uint256 first)
        private
        pure
        returns (uint256 carries)
    {
        unchecked {
            (uint256 row, uint256 digest) = _copyLeaf(rows.at, rows.length);
            rows.at += rows.length;
            opened.queue[j] = digest | (1 << opened.log2Domain) | opened.positions[j];
            Extension sum;
            (sum, carries) = _sum(row, rows.elements, rows.here, rows.half);
            opened.sums[first] = opened.sums[first] + sum;
            if (rows.pin != 0) {
                (opened.sums[first + 1 + rows.pin],) = _sum(row, rows.elements, rows.pinned, rows.pinnedHalf);
            }
            if (rows.nextElements == 0) return carries;
            // The last word that is read must hold nothing else.
            Words.write(row + 8 * rows.nextElements, 0);
            (sum,) = _sum(row, rows.nextElements, rows.next, rows.half);
            opened.sums[first + 1] = opened.sums[first + 1] + sum;
        }
    }

    /// Copies a salt and a row to free memory, with zeros behind it.
    function _copyLeaf(uint256 at, uint256 length) private pure returns (uint256 row, uint256 digest) {
        assembly ("memory-safe") {
            let leaf := mload(0x40)
            mstore8(leaf, 0)
            calldatacopy(add(leaf, 1), at, length)
            mstore(add(add(leaf, 1), length), 0)
            digest := and(keccak256(leaf, add(length, 1)), not(QUARTER))
            row := add(leaf, 17)
        }
    }

    /// The elements of a row in memory times their weights, see Weights.
    ///
    /// Products of two elements are not reduced: of the words of two products each, the sum and the sum of the high
    /// halves are kept, which `settled` takes apart.
    /// @param half of what the weights of the latter two elements of a word are multiples
    /// @return sum of the products
    /// @return carries has a bit of CARRIES where an element was not canonical
    function _sum(uint256 row, uint256 elements, uint256 table, Extension half)
        private
        pure
        returns (Extension sum, uint256 carries)
    {
        assembly ("memory-safe") {
            let low0 := 0
            let high0 := 0
            let low1 := 0
            let high1 := 0
            for { let end := add(row, shl(3, elements)) } lt(row, end) { row := add(row, 32) } {
                let odd := mload(row)
                let even := and(shr(64, odd), QUARTERS)
                odd := and(odd, QUARTERS)
                carries := or(carries, or(add(even, CARRY_BOTH), add(odd, CARRY_BOTH)))
                let a := mul(even, mload(table))
                let b := mul(odd, mload(add(table, 64)))
                low0 := add(low0, add(a, b))
                high0 := add(high0, add(shr(128, a), shr(128, b)))
                a := mul(even, mload(add(table, 32)))
                b := mul(odd, mload(add(table, 96)))
                low1 := add(low1, add(a, b))
                high1 := add(high1, add(shr(128, a), shr(128, b)))
                table := add(table, 128)
            }
            // The low halves are sums over the latter two elements.
            low0 := mod(sub(low0, shl(128, high0)), MODULUS)
            low1 := mod(sub(low1, shl(128, high1)), MODULUS)
            let h0 := and(half, HALF)
            let h1 := shr(128, half)
            sum := or(
                mod(add(high0, add(mul(low0, h0), mul(7, mul(low1, h1)))), MODULUS),
                shl(128, mod(add(high1, add(mul(low0, h1), mul(low1, h0))), MODULUS))
            )
        }
    }

    function _conjugate(Extension a) private pure returns (Extension) {
        uint256 re = Extension.unwrap(a) & HALF;
        return Extension.wrap(2 * re) - a;
    }

    function _elements(Oracle memory oracle, uint256 columns) private pure returns (uint256) {
        return oracle.isExtension ? 2 * columns : columns;
    }
}
