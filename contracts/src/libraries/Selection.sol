// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Committee, Member, Roster, StudyState } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IStudy, Phase, RoundKind } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Phases } from "./Phases.sol";
import { Seats } from "./Seats.sol";

/// Who takes part in a round, and who sits on its committee. Deployed once and linked, for a study alone would be too large.
library Selection {
    using BitSet for uint64;
    using Phases for StudyState;
    using Seats for uint64;

    uint256 private constant BASIS_POINTS = 10_000;

    /// Starts a round with all active hospitals, after dropping those that must not take part; the seats rotate.
    /// Answers false, and starts nothing, when fewer than `least` are left.
    function startRound(StudyState storage state, IHospitalRegistry registry, uint256 least)
        external
        returns (bool)
    {
        _dropUnfit(state, registry);
        Roster storage roster = state.roster;
        uint64 participants = roster.active;
        if (participants.count() < least) return false;
        uint16 number = state.round.number + 1;
        RoundKind kind =
            state.rules.standardise && roster.modelRound == 0 ? RoundKind.Statistics : RoundKind.Training;
        uint64 seats = Seats.draw(participants, number, state.rules.maxSeats);
        state.round.number = number;
        state.round.kind = kind;
        state.round.participants = participants;
        state.round.submitted = 0;
        state.round.attested = 0;
        state.round.revealed = 0;
        state.round.signed = 0;
        state.committee = Committee({ seats: seats, votes: 0, opened: 0, survivors: 0 });
        roster.disqualified = 0;
        roster.size = uint8(state.members.length);
        roster.candidates = 0;
        emit IStudy.RoundStarted(number, kind, participants, seats.toArray());
        state.enter(Phase.Train, state.rules.trainSeconds);
        return true;
    }

    /// Takes `hospital` out from the next round on: itself (`caller`) at any time, the sponsor before the start, anyone when
    /// it must not take part.
    function remove(StudyState storage state, IHospitalRegistry registry, address hospital, address caller)
        external
    {
        Phase phase = state.round.phase;
        if (phase == Phase.Ended) revert IStudy.Study_WrongPhase(phase);
        uint256 indexPlusOne = state.indexPlusOne[hospital];
        if (indexPlusOne == 0 || !state.roster.active.has(indexPlusOne - 1)) {
            revert IStudy.Study_NotMember(hospital);
        }
        string memory reason = "left";
        if (caller != hospital) {
            reason = _unfitness(state, registry, indexPlusOne - 1);
            if (bytes(reason).length == 0) {
                if (caller != state.sponsor) revert IStudy.Study_NotSponsor(caller);
                if (phase != Phase.Open) revert IStudy.Study_WrongPhase(phase);
                reason = "removed";
            }
        }
        _leave(state, indexPlusOne - 1, reason);
    }

    function _dropUnfit(StudyState storage state, IHospitalRegistry registry) private {
        uint64 active = state.roster.active;
        for (uint256 member = 0; member < state.members.length; member++) {
            if (!active.has(member)) continue;
            string memory reason = _unfitness(state, registry, member);
            if (bytes(reason).length != 0) _leave(state, member, reason);
        }
    }

    /// Why a member must not take part in a next round; empty when it may.
    function _unfitness(StudyState storage state, IHospitalRegistry registry, uint256 index)
        private
        view
        returns (string memory)
    {
        Member storage member = state.members[index];
        if (!registry.isActive(member.wallet)) return "suspended";
        uint256 slash = (uint256(state.rules.stake) * state.rules.slashBps) / BASIS_POINTS;
        return member.stake < slash ? "stake used up" : "";
    }

    function _leave(StudyState storage state, uint256 member, string memory reason) private {
        state.roster.active = state.roster.active.remove(member);
        emit IStudy.HospitalLeft(state.members[member].wallet, reason);
    }
}
