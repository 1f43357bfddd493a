// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { StudyState } from "../StudyState.sol";
import { IStudy, Phase } from "../interfaces/IStudy.sol";

library Phases {
    /// Enters a phase that ends `duration` seconds from now.
    function enter(StudyState storage state, Phase phase, uint32 duration) internal {
        uint40 deadline = uint40(block.timestamp) + duration;
        state.round.phase = phase;
        state.round.deadline = deadline;
        emit IStudy.PhaseEntered(phase, state.round.number, deadline);
    }

    /// Fixes whose updates make the round's model. The caller enters the next phase.
    function freeze(StudyState storage state, uint64 survivors) internal {
        state.committee.survivors = survivors;
        state.roster.frozen = uint8(state.members.length);
        emit IStudy.SurvivorsFrozen(state.round.number, survivors);
    }
}
