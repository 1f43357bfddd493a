// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { BitSet } from "./BitSet.sol";

/// The committee of a round in one word: byte k is the member index of seat k, byte 7 the number of seats.
library Seats {
    using BitSet for uint64;

    uint256 internal constant MAX = 7;
    uint256 internal constant NONE = type(uint256).max;

    /// Takes up to `maxSeats` of the participants in a row, beginning one further every round, so that all of them serve.
    function draw(uint64 participants, uint256 round, uint256 maxSeats) internal pure returns (uint64 seats) {
        uint256 n = participants.count();
        if (n == 0) return 0;
        uint256 length = n < maxSeats ? n : maxSeats;
        uint256 first = (round - 1) % n;
        uint256 rank = 0;
        for (uint256 member = 0; member < 64; member++) {
            if (!participants.has(member)) continue;
            uint256 seat = (rank + n - first) % n;
            if (seat < length) seats |= uint64(member << (8 * seat));
            rank++;
        }
        seats |= uint64(length << 56);
    }

    function size(uint64 seats) internal pure returns (uint256) {
        return seats >> 56;
    }

    /// All seats as a set.
    function all(uint64 seats) internal pure returns (uint8) {
        return uint8((1 << (seats >> 56)) - 1);
    }

    /// More than two thirds, so that two quorums always share an honest seat.
    function quorum(uint64 seats) internal pure returns (uint256) {
        return (2 * size(seats)) / 3 + 1;
    }

    function memberAt(uint64 seats, uint256 seat) internal pure returns (uint256) {
        return (seats >> (8 * seat)) & 0xff;
    }

    /// The seat of a member, or NONE.
    function seatOf(uint64 seats, uint256 member) internal pure returns (uint256) {
        uint256 length = size(seats);
        for (uint256 seat = 0; seat < length; seat++) {
            if (memberAt(seats, seat) == member) return seat;
        }
        return NONE;
    }

    /// The members who hold the seats of a set.
    function members(uint64 seats, uint8 set) internal pure returns (uint64 result) {
        uint256 length = size(seats);
        for (uint256 seat = 0; seat < length; seat++) {
            if ((set >> seat) & 1 == 1) result = result.add(memberAt(seats, seat));
        }
    }

    function toArray(uint64 seats) internal pure returns (uint8[] memory result) {
        result = new uint8[](size(seats));
        for (uint256 seat = 0; seat < result.length; seat++) {
            result[seat] = uint8(memberAt(seats, seat));
        }
    }
}
