// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension, ONE, ZERO } from "./Extension.sol";
import { Goldilocks, HALF, MODULI, MODULUS } from "./Goldilocks.sol";
import { StarkKeys } from "./StarkKeys.sol";

/// Columns that are committed to under one root.
struct Oracle {
    bool isExtension;
    /// The number of its pin in the statement, from 1; 0: it is not pinned.
    uint256 pin;
    uint256 columns;
    /// How many of them, the first, are read in the next row too.
    uint256 shifted;
}

/// A list in a key.
struct List {
    /// Where its first entry is in memory.
    uint256 at;
    uint256 count;
}

/// What a key says of an AIR.
struct Air {
    bytes32 keyHash;
    uint256 log2Rows;
    uint256 activeRows;
    /// Those of the AIR, then the quotient: its chunks and the mask.
    Oracle[] oracles;
    /// How many oracles are committed to before the proof: the first.
    uint256 externals;
    /// Columns and shifted columns of all oracles but the quotient.
    uint256 columns;
    uint256 shifted;
    /// How many oracles are pinned. A statement has two inputs more for each, after the AIR's own.
    uint256 pinned;
    uint256 inputs;
    uint256 challenges;
    uint256 chunks;
    List constants;
    List periodics;
    List instructions;
    List constraints;
}

/// Reads keys, and runs the constraints' program that they hold: src/audit/stark/key.ts and constraints.ts. A key
/// is trusted to describe an AIR; who relies on a proof pins the key's address.
library Airs {
    uint256 private constant VERSION = 1;
    /// A trace has 2^6 to 2^20 rows.
    uint256 private constant LEAST_LOG2_ROWS = 6;
    uint256 private constant MOST_LOG2_ROWS = 20;
    /// Bytes of an element, an instruction and a constraint.
    uint256 private constant ELEMENT = 8;
    uint256 private constant INSTRUCTION = 5;
    uint256 private constant CONSTRAINT = 7;
    /// Kinds of oracles.
    uint256 private constant EXTENSION = 1;
    uint256 private constant PINNED = 2;

    /// The account's code is no key, or one of another version.
    error Air_BadKey(address account);

    /// Reads the key that an account holds.
    function load(address account) internal view returns (Air memory air) {
        bytes memory key = StarkKeys.read(account);
        air.keyHash = keccak256(key);
        List memory from;
        assembly ("memory-safe") {
            mstore(from, add(key, 32))
        }
        uint256 end = from.at + key.length;
        if (_next(from, 1) != VERSION) revert Air_BadKey(account);
        air.log2Rows = _next(from, 1);
        if (air.log2Rows < LEAST_LOG2_ROWS || air.log2Rows > MOST_LOG2_ROWS) revert Air_BadKey(account);
        air.activeRows = _next(from, 4);
        _readOracles(air, from);
        air.inputs = _next(from, 2);
        air.challenges = _next(from, 2);
        air.chunks = _next(from, 1);
        air.oracles[air.oracles.length - 1] = Oracle(true, 0, air.chunks + 1, 0);
        _readList(air.constants, from, 2, ELEMENT);
        _readList(air.periodics, from, 1, 0);
        for (uint256 i = 0; i < air.periodics.count; i++) {
            from.at += ELEMENT << _next(from, 1);
        }
        _readList(air.instructions, from, 2, INSTRUCTION);
        _readList(air.constraints, from, 2, CONSTRAINT);
        if (from.at != end) revert Air_BadKey(account);
    }

    /// How many values the program reads and makes.
    function valueCount(Air memory air) internal pure returns (uint256) {
        return air.columns + air.shifted + air.periodics.count + air.inputs + air.challenges
            + air.constants.count + air.instructions.count;
    }

    /// The quotient at z, outside the trace's domain: Σ αⁱ Cᵢ(z) / Dᵢ(z), where Dᵢ vanishes where the i-th
    /// constraint holds.
    /// @param values has room for valueCount, and begins with what the columns and the shifted columns are at z
    function quotientAt(
        Air memory air,
        Extension[] memory values,
        uint64[] calldata inputs,
        Extension[] memory challenges,
        Extension alpha,
        Extension z
    ) internal pure returns (Extension) {
        uint256 at = air.columns + air.shifted;
        at = _placePeriodics(air, values, at, z);
        for (uint256 i = 0; i < air.inputs; i++) {
            values[at++] = Extension.wrap(inputs[i]);
        }
        for (uint256 i = 0; i < challenges.length; i++) {
            values[at++] = challenges[i];
        }
        for (uint256 i = 0; i < air.constants.count; i++) {
            values[at++] = Extension.wrap(_uint(air.constants.at + i * ELEMENT, ELEMENT));
        }
        _run(air.instructions, values, at);
        return _weighted(air, values, alpha, z);
    }

    function _readOracles(Air memory air, List memory from) private pure {
        uint256 count = _next(from, 1);
        air.externals = _next(from, 1);
        air.oracles = new Oracle[](count + 1);
        for (uint256 i = 0; i < count; i++) {
            Oracle memory oracle = air.oracles[i];
            uint256 kind = _next(from, 1);
            oracle.isExtension = kind == EXTENSION;
            if (kind == PINNED) oracle.pin = ++air.pinned;
            oracle.columns = _next(from, 2);
            oracle.shifted = _next(from, 2);
            air.columns += oracle.columns;
            air.shifted += oracle.shifted;
        }
    }

    function _readList(List memory list, List memory from, uint256 width, uint256 size) private pure {
        list.count = _next(from, width);
        list.at = from.at;
        from.at += list.count * size;
    }

    function _next(List memory from, uint256 width) private pure returns (uint256 value) {
        value = _uint(from.at, width);
        from.at += width;
    }

    function _uint(uint256 at, uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(at))
        }
    }

    /// Each periodic column's polynomial at z^(rows / period), by Horner's rule.
    function _placePeriodics(Air memory air, Extension[] memory values, uint256 to, Extension z)
        private
        pure
        returns (uint256)
    {
        uint256 at = air.periodics.at;
        for (uint256 i = 0; i < air.periodics.count; i++) {
            uint256 log2Period = _uint(at, 1);
            Extension y = z.raised(1 << (air.log2Rows - log2Period));
            uint256 end = at + 1 + (ELEMENT << log2Period);
            Extension value = ZERO;
            for (uint256 k = end; k > at + 1;) {
                k -= ELEMENT;
                value = value * y + Extension.wrap(_uint(k, ELEMENT));
            }
            values[to++] = value;
            at = end;
        }
        return to;
    }

    /// Appends what each instruction makes.
    function _run(List memory instructions, Extension[] memory values, uint256 first) private pure {
        assembly ("memory-safe") {
            let start := add(values, 32)
            let to := add(start, shl(5, first))
            let at := mload(instructions)
            for { let end := add(at, mul(5, mload(add(instructions, 32)))) } lt(at, end) { at := add(at, 5) }
            {
                let word := mload(at)
                // Two bytes for each of the operands' places, times 32.
                let a := mload(add(start, and(shr(227, word), 0x1fffe0)))
                let b := mload(add(start, and(shr(211, word), 0x1fffe0)))
                switch byte(0, word)
                case 2 {
                    let a0 := and(a, HALF)
                    let b0 := and(b, HALF)
                    a := shr(128, a)
                    b := shr(128, b)
                    mstore(
                        to,
                        or(
                            mod(add(mul(a0, b0), mul(7, mul(a, b))), MODULUS),
                            shl(128, mod(add(mul(a0, b), mul(a, b0)), MODULUS))
                        )
                    )
                }
                default {
                    if byte(0, word) { b := sub(MODULI, b) }
                    a := add(a, b)
                    mstore(to, or(mod(and(a, HALF), MODULUS), shl(128, mod(shr(128, a), MODULUS))))
                }
                to := add(to, 32)
            }
        }
    }

    /// Σ αⁱ Cᵢ over constraints that have the same divisor.
    struct Sums {
        /// Three words each: the row, then both parts, as products that are not reduced. The first is over what
        /// holds in every row, the second over transitions; then one for each row that constraints are about.
        uint256[] parts;
        uint256 count;
    }

    function _weighted(Air memory air, Extension[] memory values, Extension alpha, Extension z)
        private
        pure
        returns (Extension quotient)
    {
        Sums memory sums = _sum(air.constraints, values, alpha);
        uint256 root = Goldilocks.rootOfUnity(air.log2Rows);
        Extension last = z - Extension.wrap(Goldilocks.power(root, air.activeRows - 1));
        Extension sum = _settled(sums, 0) + _settled(sums, 1) * last;
        Extension vanishing = z.raised(1 << air.log2Rows) - ONE;
        quotient = sum * _leftOut(air, root, z) * vanishing.reciprocal();
        for (uint256 i = 2; i < sums.count; i++) {
            Extension divisor = z - Extension.wrap(Goldilocks.power(root, sums.parts[3 * i]));
            quotient = quotient + _settled(sums, i) * divisor.reciprocal();
        }
    }

    function _sum(List memory constraints, Extension[] memory values, Extension alpha)
        private
        pure
        returns (Sums memory sums)
    {
        sums.parts = new uint256[](3 * (2 + constraints.count));
        sums.count = 2;
        Extension weight = ONE;
        uint256 at = constraints.at;
        uint256 end = at + constraints.count * CONSTRAINT;
        while (at < end) {
            uint256 constraint = _uint(at, CONSTRAINT);
            uint256 kind = (constraint >> 32) & 0xff;
            _add(
                sums.parts,
                kind < 2 ? kind : _ofRow(sums, uint32(constraint)),
                weight,
                values[constraint >> 40]
            );
            weight = weight * alpha;
            unchecked {
                at += CONSTRAINT;
            }
        }
    }

    /// The number of a row's sum.
    function _ofRow(Sums memory sums, uint256 row) private pure returns (uint256 i) {
        uint256[] memory parts = sums.parts;
        unchecked {
            for (i = 2; i < sums.count; i++) {
                if (parts[3 * i] == row) return i;
            }
            parts[3 * i] = row;
            sums.count++;
        }
    }

    /// Adds a · b to the i-th sum.
    function _add(uint256[] memory parts, uint256 i, Extension a, Extension b) private pure {
        assembly ("memory-safe") {
            let re := add(add(parts, 64), mul(96, i))
            let im := add(re, 32)
            let a0 := and(a, HALF)
            let a1 := shr(128, a)
            let b0 := and(b, HALF)
            let b1 := shr(128, b)
            mstore(re, add(mload(re), add(mul(a0, b0), mul(7, mul(a1, b1)))))
            mstore(im, add(mload(im), add(mul(a0, b1), mul(a1, b0))))
        }
    }

    function _settled(Sums memory sums, uint256 i) private pure returns (Extension) {
        uint256 re = sums.parts[3 * i + 1] % MODULUS;
        return Extension.wrap(re | ((sums.parts[3 * i + 2] % MODULUS) << 128));
    }

    /// The product of z − ω^row over the rows of padding.
    function _leftOut(Air memory air, uint256 root, Extension z) private pure returns (Extension product) {
        uint256 point = Goldilocks.power(root, air.activeRows);
        uint256 count = (1 << air.log2Rows) - air.activeRows;
        assembly ("memory-safe") {
            let re := 1
            let im := 0
            let z0 := and(z, HALF)
            let z1 := shr(128, z)
            for { } count { count := sub(count, 1) } {
                let factor := sub(add(z0, MODULUS), point)
                let next := mod(add(mul(re, factor), mul(7, mul(im, z1))), MODULUS)
                im := mod(add(mul(re, z1), mul(im, factor)), MODULUS)
                re := next
                point := mulmod(point, root, MODULUS)
            }
            product := or(re, shl(128, im))
        }
    }
}
