// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { StudyState } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IStudy, Phase, Signature } from "../interfaces/IStudy.sol";
import { Seats } from "./Seats.sol";

/// What must hold before somebody acts; each reverts where it does not.
library Checks {
    using Seats for uint64;

    function requirePhase(StudyState storage state, Phase phase) internal view {
        if (state.round.phase != phase) revert IStudy.Study_WrongPhase(state.round.phase);
    }

    function requireRound(StudyState storage state, uint16 number) internal view {
        if (state.round.number != number) revert IStudy.Study_WrongRound(number, state.round.number);
    }

    function requireOverdue(StudyState storage state) internal view {
        if (block.timestamp < state.round.deadline) revert IStudy.Study_TooEarly(state.round.deadline);
    }

    /// The phase, of the round, before its deadline.
    function requireInTime(StudyState storage state, Phase phase, uint16 number) internal view {
        requirePhase(state, phase);
        // Both at once: the compiler then reads their word once.
        (uint16 current, uint40 deadline) = (state.round.number, state.round.deadline);
        if (current != number) revert IStudy.Study_WrongRound(number, current);
        if (block.timestamp >= deadline) revert IStudy.Study_Late(deadline);
    }

    /// The hospital's seat, which is not among the `done`.
    function requireSeat(StudyState storage state, address hospital, uint8 done)
        internal
        view
        returns (uint256 seat)
    {
        uint256 indexPlusOne = state.indexPlusOne[hospital];
        seat = indexPlusOne == 0 ? Seats.NONE : state.committee.seats.seatOf(indexPlusOne - 1);
        if (seat == Seats.NONE) revert IStudy.Study_NotSeat(hospital);
        if ((done >> seat) & 1 == 1) revert IStudy.Study_AlreadyDone(hospital);
    }

    /// Signed by the hospital's duty key for this study.
    function requireSigned(
        IHospitalRegistry registry,
        address hospital,
        bytes32 digest,
        Signature calldata signature
    ) internal view {
        if (!registry.isDutySignature(address(this), hospital, digest, signature.r, signature.s)) {
            revert IStudy.Study_BadSignature(hospital);
        }
    }
}
