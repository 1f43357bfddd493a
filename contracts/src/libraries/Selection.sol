// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Committee, Masking, Member, Roster, StudyState, Vetoes } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IStudy, Mode, Phase, RoundKind, Signature } from "../interfaces/IStudy.sol";
import { Auditing } from "./Auditing.sol";
import { BitSet } from "./BitSet.sol";
import { Checks } from "./Checks.sol";
import { Duties } from "./Duties.sol";
import { Phases } from "./Phases.sol";
import { Seats } from "./Seats.sol";

/// Who takes part in a round, and who sits on its committee. Deployed once and linked, for a study alone would be too large.
library Selection {
    using BitSet for uint64;
    using Phases for StudyState;
    using Seats for uint64;

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant MAX_ROUNDS_AHEAD = 100;
    /// A skipped round takes at least this long, or vetoes would make a study rush through its numbers.
    uint32 private constant SKIP_SECONDS = 60;

    /// Starts a round with all active hospitals that hold its base model and did not veto it, after dropping those that must not
    /// take part; the seats rotate. Skips it where vetoes leave too few. Answers false, and does nothing, when too few active hospitals
    /// hold the model, or, proven, have noise left: to wait would not help, for only those can make the next one.
    function startRound(StudyState storage state, IHospitalRegistry registry) external returns (bool) {
        return _startRound(state, registry);
    }

    /// Starts a study's first round; reverts where too few hospitals can take part.
    function start(StudyState storage state, IHospitalRegistry registry) external {
        if (_startRound(state, registry)) return;
        revert IStudy.Study_TooFewHospitals(_candidates(state).count(), state.rules.minHospitals);
    }

    /// Notes that `hospital` sits a round out that has not begun, or that it does take part after all.
    function veto(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 round,
        bool vetoed,
        Signature calldata signature
    ) external {
        Phase phase = state.round.phase;
        if (phase == Phase.Draft || phase == Phase.Ended) revert IStudy.Study_WrongPhase(phase);
        uint256 number = state.round.number;
        if (round <= number || round > number + MAX_ROUNDS_AHEAD) {
            revert IStudy.Study_NotVetoable(round, uint16(number + 1), uint16(number + MAX_ROUNDS_AHEAD));
        }
        uint256 member = requireActive(state, hospital);
        Vetoes storage vetoes = state.vetoes[round];
        uint64 standing = vetoes.standing;
        uint64 withdrawn = vetoes.withdrawn;
        // Once vetoed, once withdrawn: whoever keeps the two signatures cannot play them again.
        if (standing.has(member) == vetoed || withdrawn.has(member)) {
            revert IStudy.Study_AlreadyDone(hospital);
        }
        Checks.requireSigned(registry, hospital, Duties.veto(domain, hospital, round, vetoed), signature);
        if (vetoed) {
            vetoes.standing = standing.add(member);
        } else {
            vetoes.standing = standing.remove(member);
            vetoes.withdrawn = withdrawn.add(member);
        }
        emit IStudy.RoundVetoed(round, hospital, vetoed);
    }

    /// Takes `hospital` out from the next round on: itself (`caller`) at any time, the sponsor before the start, anyone when
    /// it must not take part.
    function remove(StudyState storage state, IHospitalRegistry registry, address hospital, address caller)
        external
    {
        Phase phase = state.round.phase;
        if (phase == Phase.Ended) revert IStudy.Study_WrongPhase(phase);
        uint256 member = requireActive(state, hospital);
        string memory reason = "left";
        if (caller != hospital) {
            reason = _unfitness(state, registry, member, _neededStake(state));
            if (bytes(reason).length == 0) {
                if (caller != state.sponsor) revert IStudy.Study_NotSponsor(caller);
                if (phase != Phase.Open) revert IStudy.Study_WrongPhase(phase);
                reason = "removed";
            }
        }
        _leave(state, member, reason);
    }

    /// How many hospitals a round needs. One is no federation: its update alone would be the sum; and in a masked sum of two, each
    /// reads off the other's.
    function least(StudyState storage state) internal view returns (uint256) {
        return state.rules.mode == Mode.Masked ? 3 : 2;
    }

    function _startRound(StudyState storage state, IHospitalRegistry registry) private returns (bool) {
        _dropUnfit(state, registry);
        uint256 needed = state.round.phase == Phase.Open ? state.rules.minHospitals : least(state);
        Roster storage roster = state.roster;
        uint64 participants = _candidates(state);
        if (participants.count() < needed) return false;
        uint16 number = state.round.number + 1;
        participants &= ~state.vetoes[number].standing;
        bool isSkipped = participants.count() < least(state);
        if (isSkipped) participants = 0;
        RoundKind kind =
            state.rules.standardise && roster.modelRound == 0 ? RoundKind.Statistics : RoundKind.Training;
        uint64 seats = Seats.draw(participants, number, state.rules.maxSeats);
        state.round.number = number;
        state.round.kind = kind;
        state.round.mode = state.rules.mode;
        state.round.participants = participants;
        state.round.submitted = 0;
        state.round.attested = 0;
        state.round.revealed = 0;
        state.round.signed = 0;
        state.committee = Committee({ seats: seats, votes: 0, opened: 0, survivors: 0 });
        roster.disqualified = 0;
        roster.failed = 0;
        roster.size = uint8(state.members.length);
        roster.candidates = 0;
        if (state.rules.mode == Mode.Masked) _resetMasking(state.masking);
        if (roster.proven) Auditing.reset(state, number, participants);
        if (isSkipped) {
            emit IStudy.RoundSkipped(number);
            uint32 pause = state.rules.pauseSeconds;
            state.enter(Phase.Settle, pause > SKIP_SECONDS ? pause : SKIP_SECONDS);
        } else {
            emit IStudy.RoundStarted(number, kind, participants, seats.toArray());
            state.enter(Phase.Train, state.rules.trainSeconds);
        }
        return true;
    }

    /// Who can take part in a next round.
    function _candidates(StudyState storage state) private view returns (uint64 members) {
        Roster storage roster = state.roster;
        members = roster.active & _holders(roster);
        if (roster.proven) members &= Auditing.able(state);
    }

    function _resetMasking(Masking storage masking) private {
        masking.claimed = type(uint256).max;
        masking.weights = 0;
        masking.drawBlock = 0;
        masking.accused = 0;
        masking.drawn = 0;
        masking.opening = 0;
        masking.shared = 0;
        masking.answered = 0;
    }

    /// Whoever can open what a next round starts from: everybody as long as that is the study's own initial model.
    function _holders(Roster storage roster) private view returns (uint64) {
        uint256 first = roster.modelRound == 0 ? 64 : roster.modelMembers;
        return uint64((1 << first) - 1);
    }

    /// Which member the hospital is, that joined and did not leave.
    function requireActive(StudyState storage state, address hospital) internal view returns (uint256) {
        uint256 indexPlusOne = state.indexPlusOne[hospital];
        if (indexPlusOne == 0 || !state.roster.active.has(indexPlusOne - 1)) {
            revert IStudy.Study_NotMember(hospital);
        }
        return indexPlusOne - 1;
    }

    function _dropUnfit(StudyState storage state, IHospitalRegistry registry) private {
        uint64 active = state.roster.active;
        uint256 needed = _neededStake(state);
        for (uint256 member = 0; member < state.members.length; member++) {
            if (!active.has(member)) continue;
            string memory reason = _unfitness(state, registry, member, needed);
            if (bytes(reason).length != 0) _leave(state, member, reason);
        }
    }

    /// Why a member must not take part in a next round; empty when it may. needed: see _neededStake.
    function _unfitness(StudyState storage state, IHospitalRegistry registry, uint256 index, uint256 needed)
        private
        view
        returns (string memory)
    {
        Member storage member = state.members[index];
        if (!registry.isActive(member.wallet)) return "suspended";
        return member.stake < needed ? "stake used up" : "";
    }

    /// What a stake must still hold: any fault's slash. Whose stake is below what an audit costs has less to lose than audits count on.
    function _neededStake(StudyState storage state) private view returns (uint256) {
        uint256 slashBps = state.rules.slashBps;
        if (state.roster.proven && state.audits.rules.slashBps > slashBps) {
            slashBps = state.audits.rules.slashBps;
        }
        return (uint256(state.rules.stake) * slashBps) / BASIS_POINTS;
    }

    function _leave(StudyState storage state, uint256 member, string memory reason) private {
        state.roster.active = state.roster.active.remove(member);
        emit IStudy.HospitalLeft(state.members[member].wallet, reason);
    }
}
