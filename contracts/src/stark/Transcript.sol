// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension } from "./Extension.sol";
import { MODULUS, QUARTER } from "./Goldilocks.sol";

using Transcripts for Transcript global;

/// Fiat and Shamir's verifier: a chain of keccak256, as in src/audit/stark/transcript.ts.
struct Transcript {
    bytes32 state;
}

library Transcripts {
    /// First bytes of what is hashed; leaves and nodes have 0 and 1, what hides a trace is derived with 5.
    uint8 private constant ABSORB = 2;
    uint8 private constant SQUEEZE = 3;
    uint8 private constant GRIND = 4;
    uint8 private constant PIN = 6;

    /// A transcript to which these bytes, then elements of eight bytes, then digests of 24 have been said.
    function begin(bytes memory fixed_, uint64[] calldata elements, bytes24[] calldata digests)
        internal
        pure
        returns (Transcript memory transcript)
    {
        bytes memory said = abi.encodePacked(ABSORB, bytes32(0), fixed_);
        bytes32 state;
        // The rest is appended in free memory: words overlap, each written over what the one before had too much.
        assembly ("memory-safe") {
            let start := add(said, 32)
            let at := add(start, mload(said))
            let from := elements.offset
            for { let end := add(from, shl(5, elements.length)) } lt(from, end) { from := add(from, 32) } {
                mstore(at, shl(192, calldataload(from)))
                at := add(at, 8)
            }
            from := digests.offset
            for { let end := add(from, shl(5, digests.length)) } lt(from, end) { from := add(from, 32) } {
                mstore(at, calldataload(from))
                at := add(at, 24)
            }
            state := keccak256(start, sub(at, start))
        }
        transcript.state = state;
    }

    /// Absorbs bytes of calldata.
    function absorb(Transcript memory transcript, uint256 from, uint256 length) internal pure {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore8(free, ABSORB)
            mstore(add(free, 1), mload(transcript))
            calldatacopy(add(free, 33), from, length)
            mstore(transcript, keccak256(free, add(length, 33)))
        }
    }

    /// A uniform extension element: the first two of the words of as many outputs as it takes that are canonical.
    function extension(Transcript memory transcript) internal pure returns (Extension element) {
        uint256 first;
        uint256 found = 0;
        while (true) {
            uint256 output = squeeze(transcript);
            for (uint256 shift = 256; shift != 0;) {
                shift -= 64;
                uint256 word = (output >> shift) & QUARTER;
                if (word >= MODULUS) continue;
                if (found == 1) return Extension.wrap(first | (word << 128));
                (first, found) = (word, 1);
            }
        }
    }

    /// A uniform element that is not in the base field: outside of every domain.
    function outside(Transcript memory transcript) internal pure returns (Extension point) {
        do {
            point = extension(transcript);
        } while (Extension.unwrap(point) >> 128 == 0);
    }

    /// Where a pinned oracle's polynomials are told apart, from its root alone; and the weight of its second
    /// column in the pin, whose powers are those of the columns after it: src/audit/stark/pins.ts.
    function pinPoint(bytes24 root) internal pure returns (Extension point, Extension weight) {
        Transcript memory drawn = Transcript(keccak256(abi.encodePacked(PIN, root)));
        point = outside(drawn);
        weight = extension(drawn);
    }

    /// Uniform numbers below 2^log2, log2 ≤ 32: eight from each output, its 32-bit words' low bits.
    function positions(Transcript memory transcript, uint256 count, uint256 log2)
        internal
        pure
        returns (uint256[] memory drawn)
    {
        drawn = new uint256[](count);
        uint256 output;
        for (uint256 i = 0; i < count; i++) {
            if (i % 8 == 0) output = squeeze(transcript);
            drawn[i] = (output >> (224 - 32 * (i % 8))) & ((1 << log2) - 1) & 0xffffffff;
        }
    }

    /// Whether the nonce of 8 bytes that is at a place of calldata shows the work; absorbs it if so.
    function accepts(Transcript memory transcript, uint256 nonce, uint256 bits) internal pure returns (bool) {
        uint256 hash;
        assembly ("memory-safe") {
            // The nonce first: its word begins where the state then goes, and ends before the free memory pointer.
            mstore(9, shr(192, calldataload(nonce)))
            mstore8(0, GRIND)
            mstore(1, mload(transcript))
            hash := keccak256(0, 41)
        }
        if (hash >> (256 - bits) != 0) return false;
        absorb(transcript, nonce, 8);
        return true;
    }

    function squeeze(Transcript memory transcript) internal pure returns (uint256 output) {
        assembly ("memory-safe") {
            mstore8(0, SQUEEZE)
            mstore(1, mload(transcript))
            output := keccak256(0, 33)
            mstore(transcript, output)
        }
    }
}
