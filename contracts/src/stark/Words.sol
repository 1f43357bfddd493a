// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension } from "./Extension.sol";

/// Where words are in memory, for what reads and writes many.
library Words {
    /// Of an array's first word.
    function start(uint256[] memory array) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(array, 32)
        }
    }

    /// Of an array's first element.
    function start(Extension[] memory array) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(array, 32)
        }
    }

    function read(uint256 place) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(place)
        }
    }

    /// The place must be the caller's.
    function write(uint256 place, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(place, word)
        }
    }
}
