// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Candidate, Round, StudyState } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IStudy, Mode, Phase, Signature } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Checks } from "./Checks.sol";
import { Duties } from "./Duties.sol";
import { Masked } from "./Masked.sol";
import { Scores } from "./Scores.sol";
import { Seats } from "./Seats.sol";

/// What the seats' votes in Aggregate come to.
enum Verdict {
    Open, // more votes are waited for, or another seat is drawn
    Model, // a quorum signed one
    Void
}

struct Outcome {
    Verdict verdict;
    uint8 candidate; // of a model
    uint8 signers; // seats that signed it
}

/// The seats' votes on a round's model with its scores, or on who spoilt it. Deployed once and linked, for a study alone would be too large.
library Signing {
    using BitSet for uint64;
    using Checks for StudyState;
    using Seats for uint64;

    /// An accusation is voted on as a model is: in place of a hash this bit, and the accused members in the lowest 64.
    uint256 private constant ACCUSATION = 1 << 255;

    /// See IStudy.signModel.
    function sign(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        bytes32 modelHash,
        bytes32 header,
        Signature calldata signature
    ) external returns (Outcome memory) {
        uint256 seat = _requireVoter(state, hospital, number, false);
        _requireModel(modelHash, header);
        Checks.requireSigned(
            registry, hospital, Duties.modelSignature(domain, hospital, number, modelHash, header), signature
        );
        _vote(state, new uint256[](0), seat, modelHash, header);
        emit IStudy.ModelSigned(number, hospital, modelHash, header, signature);
        return _close(state, false);
    }

    /// See IStudy.signScored.
    function signScored(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        bytes32 modelHash,
        bytes32 header,
        int16[] calldata scores,
        Signature calldata signature
    ) external returns (Outcome memory) {
        uint256 seat = _requireVoter(state, hospital, number, true);
        _requireModel(modelHash, header);
        // Hospitals may join in mid-round, so a list may be as long as the members were then or are now.
        if (scores.length < state.roster.size || scores.length > state.members.length) {
            revert IStudy.Study_WrongLength(scores.length, state.roster.size);
        }
        Checks.requireSigned(
            registry,
            hospital,
            Duties.scoredModel(domain, hospital, number, modelHash, header, scores),
            signature
        );
        _vote(state, _packed(state, scores), seat, modelHash, header);
        emit IStudy.ModelSigned(number, hospital, modelHash, header, signature);
        return _close(state, false);
    }

    /// See IStudy.accuse.
    function accuse(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        uint64 members,
        Signature calldata signature
    ) external returns (Outcome memory) {
        state.requireInTime(Phase.Aggregate, number);
        Round storage round = state.round;
        if (round.mode != Mode.Masked) revert IStudy.Study_WrongMode(round.mode);
        uint256 seat = state.requireSeat(hospital, round.signed);
        _requireNobody(state, members & ~round.participants);
        Checks.requireSigned(
            registry, hospital, Duties.accusation(domain, hospital, number, members), signature
        );
        _vote(state, new uint256[](0), seat, bytes32(ACCUSATION | members), 0);
        emit IStudy.Accused(number, hospital, members);
        return _close(state, false);
    }

    /// Decides once nobody is waited for: all seats voted, or all that attested (and, masked, posted what was asked for) did, or the
    /// deadline passed.
    function close(StudyState storage state, bool overdue) external returns (Outcome memory) {
        return _close(state, overdue);
    }

    /// The seat of whoever may sign the round's model, which goes with scores or without.
    function _requireVoter(StudyState storage state, address hospital, uint16 number, bool withScores)
        private
        view
        returns (uint256)
    {
        state.requireInTime(Phase.Aggregate, number);
        if (Masked.isScored(state) != withScores) revert IStudy.Study_WrongSigning(!withScores);
        return state.requireSeat(hospital, state.round.signed);
    }

    function _requireModel(bytes32 modelHash, bytes32 header) private pure {
        if (modelHash == 0 || header == 0 || _isAccusation(modelHash)) revert IStudy.Study_EmptyUpdate();
    }

    /// The scores of those in the frozen set; what a seat says of others is no part of its vote.
    function _packed(StudyState storage state, int16[] calldata scores)
        private
        view
        returns (uint256[] memory packed)
    {
        uint64 survivors = state.committee.survivors;
        packed = new uint256[](Scores.words(state.roster.size));
        for (uint256 member = 0; member < state.roster.size; member++) {
            if (!survivors.has(member)) continue;
            packed[member / Scores.PER_WORD] |= Scores.place(scores[member], member);
        }
    }

    /// No hash of a model looks like one, but by somebody's intent.
    function _isAccusation(bytes32 modelHash) private pure returns (bool) {
        return uint256(modelHash) >> 64 == ACCUSATION >> 64;
    }

    /// Refuses to accuse any of those who take no part in the round, by the first of them.
    function _requireNobody(StudyState storage state, uint64 others) private view {
        for (uint256 member = 0; others != 0; member++) {
            if (!others.has(member)) continue;
            bool joined = member < state.members.length;
            revert IStudy.Study_NotParticipant(joined ? state.members[member].wallet : address(0));
        }
    }

    /// scores: packed; none where the model goes without.
    function _vote(
        StudyState storage state,
        uint256[] memory scores,
        uint256 seat,
        bytes32 modelHash,
        bytes32 header
    ) private {
        state.round.signed |= uint8(1 << seat);
        state.committee.votes |= uint64(_candidateOf(state, modelHash, header, scores) << (8 * seat));
    }

    /// The number of a model with its scores, or an accusation, among those voted for this round; the first header signed for a model
    /// stays.
    function _candidateOf(
        StudyState storage state,
        bytes32 modelHash,
        bytes32 header,
        uint256[] memory scores
    ) private returns (uint256 candidate) {
        uint256 length = state.roster.candidates;
        while (candidate < length && !_isCandidate(state, candidate, modelHash, scores)) candidate++;
        if (candidate == length) {
            state.candidates[candidate] = Candidate(modelHash, header);
            for (uint256 word = 0; word < scores.length; word++) {
                state.scores[candidate][word] = scores[word];
            }
            state.roster.candidates = uint8(length + 1);
        }
    }

    function _isCandidate(
        StudyState storage state,
        uint256 candidate,
        bytes32 modelHash,
        uint256[] memory scores
    ) private view returns (bool) {
        if (state.candidates[candidate].modelHash != modelHash) return false;
        for (uint256 word = 0; word < scores.length; word++) {
            if (state.scores[candidate][word] != scores[word]) return false;
        }
        return true;
    }

    function _close(StudyState storage state, bool overdue) private returns (Outcome memory outcome) {
        uint8 signed = state.round.signed;
        uint64 seats = state.committee.seats;
        bool allSigned = signed == seats.all();
        uint8 awaited = state.round.attested;
        if (state.round.mode == Mode.Masked) awaited &= state.round.revealed;
        if (Masked.isScored(state)) awaited &= state.masking.answered;
        if (!overdue && !allSigned && (awaited & ~signed) != 0) return outcome;

        uint256 quorum = seats.quorum();
        uint64 votes = state.committee.votes;
        for (uint256 candidate = 0; candidate < state.roster.candidates; candidate++) {
            uint8 signers = 0;
            for (uint256 seat = 0; seat < seats.size(); seat++) {
                if ((signed >> seat) & 1 == 1 && (votes >> (8 * seat)) & 0xff == candidate) {
                    signers |= uint8(1 << seat);
                }
            }
            if (uint64(signers).count() < quorum) continue;
            bytes32 modelHash = state.candidates[candidate].modelHash;
            if (!_isAccusation(modelHash)) return Outcome(Verdict.Model, uint8(candidate), signers);
            uint64 accused = uint64(uint256(modelHash));
            state.masking.accused = accused;
            if (accused == 0 && Masked.redraw(state)) return outcome;
            outcome.verdict = Verdict.Void;
            return outcome;
        }
        if (overdue || allSigned) outcome.verdict = Verdict.Void;
    }
}
