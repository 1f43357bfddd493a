// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Weights of up to 64 members in one word: bits 4i … 4i + 3 are member i's.
library Weights {
    uint256 internal constant MAX = 8;
    uint256 private constant BASIS_POINTS = 10_000;

    function at(uint256 weights, uint256 member) internal pure returns (uint8) {
        return uint8((weights >> (4 * member)) & 0xf);
    }

    function set(uint256 weights, uint256 member, uint256 weight) internal pure returns (uint256) {
        return (weights & ~(0xf << (4 * member))) | (weight << (4 * member));
    }

    /// A hospital's weight in a sum: its patients in coarse steps, half as much again for the best reputation, half for none.
    /// patientWeight: 1 to 8; reputation: basis points, of which a newcomer's 5,000 change nothing. Answers 1 to 8.
    function inSum(uint8 patientWeight, uint16 reputation) internal pure returns (uint256 weight) {
        weight = (uint256(patientWeight) * (5000 + uint256(reputation)) + 5000) / BASIS_POINTS;
        if (weight < 1) return 1;
        if (weight > MAX) return MAX;
    }
}
