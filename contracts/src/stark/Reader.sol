// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension } from "./Extension.sol";
import { CARRY, HALF, MODULUS, QUARTER } from "./Goldilocks.sol";
import { Refusal, refuse } from "./Refusal.sol";

using Readers for Reader global;

/// Calldata that is read once, in order.
struct Reader {
    uint256 at;
    uint256 end;
}

/// Every read reverts past the end.
library Readers {
    function over(bytes calldata data) internal pure returns (Reader memory reader) {
        assembly ("memory-safe") {
            mstore(reader, data.offset)
            mstore(add(reader, 32), add(data.offset, data.length))
        }
    }

    /// Where in calldata the next bytes are.
    function take(Reader memory reader, uint256 length) internal pure returns (uint256 at) {
        at = reader.at;
        skipTo(reader, at + length);
    }

    /// The bytes up to there are read.
    function skipTo(Reader memory reader, uint256 at) internal pure {
        if (at > reader.end) refuse(Refusal.Malformed);
        reader.at = at;
    }

    function requireEnd(Reader memory reader) internal pure {
        if (reader.at != reader.end) refuse(Refusal.Malformed);
    }

    /// Writes the extension elements that are at a place of calldata to memory, a word each, and reverts unless
    /// they are canonical.
    function copyExtensions(uint256 from, uint256 count, uint256 to) internal pure {
        uint256 carries;
        // Memory of the caller's: an array of at least that many words.
        assembly ("memory-safe") {
            for { let end := add(from, shl(4, count)) } lt(from, end) { from := add(from, 16) } {
                let word := calldataload(from)
                let re := shr(192, word)
                let im := and(shr(128, word), QUARTER)
                carries := or(carries, or(add(re, CARRY), add(im, CARRY)))
                mstore(to, or(re, shl(128, im)))
                to := add(to, 32)
            }
        }
        if (carries >> 64 != 0) refuse(Refusal.Malformed);
    }
}
