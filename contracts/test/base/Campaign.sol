// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Snapshot } from "../../src/interfaces/IStudy.sol";

/// Which functions of a contract the fuzzer calls, as forge reads it.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

/// A member of a set that is not empty.
function pick(uint64 set, uint256 seed) pure returns (uint256 member) {
    member = seed % 64;
    while ((set >> member) & 1 == 0) member = (member + 1) % 64;
}

/// The member on one of the set's seats, of which there is at least one.
function seatAmong(Snapshot memory s, uint8 set, uint256 seed) pure returns (uint256) {
    uint256 k = seed % s.seats.length;
    while ((set >> k) & 1 == 0) k = (k + 1) % s.seats.length;
    return s.seats[k];
}

/// A campaign in which the fuzzer calls one handler alone.
abstract contract Campaign {
    function target() internal view virtual returns (address);

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = target();
    }
}
