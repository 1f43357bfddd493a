// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Round, StudyState } from "../StudyState.sol";
import { IStudy, Phase } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Checks } from "./Checks.sol";
import { Weights } from "./Weights.sol";

/// Takes updates, of whatever kind of study.
library Submissions {
    using BitSet for uint64;
    using Checks for StudyState;
    using Weights for uint256;

    /// Takes the caller's update of this round; answers which member the caller is, and whether it is the last that was waited for.
    function take(StudyState storage state, uint16 number, bytes32 update, bytes32 commitment)
        internal
        returns (uint256 member, bool isLast)
    {
        Round storage round = state.round;
        state.requireInTime(Phase.Train, number);
        if (update == 0) revert IStudy.Study_EmptyUpdate();
        uint256 indexPlusOne = state.indexPlusOne[msg.sender];
        (uint64 participants, uint64 submitted) = (round.participants, round.submitted);
        if (indexPlusOne == 0 || !participants.has(indexPlusOne - 1)) {
            revert IStudy.Study_NotParticipant(msg.sender);
        }
        member = indexPlusOne - 1;
        if (submitted.has(member)) revert IStudy.Study_AlreadySubmitted(msg.sender);

        submitted = submitted.add(member);
        round.submitted = submitted;
        state.updates[member] = update;
        emit IStudy.UpdateSubmitted(number, msg.sender, update, commitment);
        isLast = submitted == participants;
    }

    /// Keeps the patients that a masked update stands for. patientWeight: 1 to 8.
    function weigh(StudyState storage state, uint256 member, uint8 patientWeight) internal {
        state.masking.claimed = state.masking.claimed.set(member, patientWeight);
    }

    function requireWeight(uint8 patientWeight) internal pure {
        if (patientWeight == 0 || patientWeight > Weights.MAX) revert IStudy.Study_BadWeight(patientWeight);
    }
}
