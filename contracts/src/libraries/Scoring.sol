// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Round, StudyState } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IReputation } from "../interfaces/IReputation.sol";
import { IStudy, Mode, Phase, RoundKind, Signature } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Checks } from "./Checks.sol";
import { Duties } from "./Duties.sol";
import { Masked } from "./Masked.sol";
import { Phases } from "./Phases.sol";
import { Ranking } from "./Ranking.sol";
import { Scores } from "./Scores.sol";
import { Seats } from "./Seats.sol";

/// What the committee says of a round's updates: attestations and scores, and what they come to. Deployed once and linked, for a
/// study alone would be too large. Functions that close a phase answer false where the round is void.
library Scoring {
    using BitSet for uint64;
    using Checks for StudyState;
    using Phases for StudyState;
    using Seats for uint64;

    /// See IStudy.attest. Answers whether all seats have attested.
    function attest(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        uint64 opened,
        bytes32 scoreCommitment,
        Signature calldata signature
    ) external returns (bool) {
        Round storage round = state.round;
        state.requireInTime(Phase.Attest, number);
        uint256 seat = state.requireSeat(hospital, round.attested);
        uint64 unknown = opened & ~round.submitted;
        if (unknown != 0) revert IStudy.Study_NotSubmitted(unknown);
        bool isMasked = round.mode == Mode.Masked;
        if (isMasked && scoreCommitment != 0) revert IStudy.Study_WrongMode(Mode.Masked);
        Checks.requireSigned(
            registry,
            hospital,
            Duties.attestation(domain, hospital, number, opened, scoreCommitment),
            signature
        );

        uint8 attested = round.attested | uint8(1 << seat);
        round.attested = attested;
        state.attestedBySeat[seat] = opened;
        if (!isMasked && round.kind == RoundKind.Training) state.commitments[seat] = scoreCommitment;
        emit IStudy.Attested(number, hospital, opened, scoreCommitment);
        return attested == state.committee.seats.all();
    }

    /// Enters what comes after Attest.
    function closeAttest(StudyState storage state, IReputation reputation) external returns (bool) {
        Round storage round = state.round;
        if (uint64(round.attested).count() < state.committee.seats.quorum()) return false;
        uint64 opened = _openedByQuorum(state);
        state.committee.opened = opened;
        if (opened == 0) return false;
        if (round.mode == Mode.Masked) return Masked.freeze(state, reputation, opened);
        if (round.kind == RoundKind.Statistics) _freeze(state, opened);
        else state.enter(Phase.Score, state.rules.scoreSeconds);
        return true;
    }

    /// See IStudy.submitScore. Answers whether all who may reveal have.
    function reveal(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        int16[] calldata scores,
        bytes32 salt,
        bytes32 rewraps,
        Signature calldata signature
    ) external returns (bool) {
        Round storage round = state.round;
        state.requireInTime(Phase.Score, number);
        if (round.mode != Mode.Committee) revert IStudy.Study_WrongMode(round.mode);
        uint256 seat = state.requireSeat(hospital, round.revealed);
        // Hospitals may join in mid-round, so a list may be as long as the members were then or are now.
        if (scores.length < state.roster.size || scores.length > state.members.length) {
            revert IStudy.Study_WrongLength(scores.length, state.roster.size);
        }
        if (
            (round.attested >> seat) & 1 == 0
                || state.commitments[seat] != keccak256(abi.encode(hospital, number, scores, salt))
        ) revert IStudy.Study_WrongReveal(hospital);
        Checks.requireSigned(
            registry, hospital, Duties.scores(domain, hospital, number, scores, salt, rewraps), signature
        );

        uint8 revealed = round.revealed | uint8(1 << seat);
        round.revealed = revealed;
        for (uint256 word = 0; word < Scores.words(state.roster.size); word++) {
            state.scores[seat][word] = Scores.pack(scores, word);
        }
        emit IStudy.ScoresRevealed(number, hospital, scores, rewraps);
        // Who did not commit cannot reveal, so nobody waits for it.
        return revealed == round.attested;
    }

    /// Takes the medians, ranks, and freezes those who survive.
    function close(StudyState storage state, IReputation reputation) external returns (bool) {
        if (uint64(state.round.revealed).count() < state.committee.seats.quorum()) return false;
        (uint64 survivors, uint64 disqualified) = _score(state, reputation);
        state.roster.disqualified = disqualified;
        if (survivors == 0) return false;
        _freeze(state, survivors);
        return true;
    }

    function _freeze(StudyState storage state, uint64 survivors) private {
        state.freeze(survivors);
        state.enter(Phase.Aggregate, state.rules.aggregateSeconds);
    }

    /// The updates that a quorum of seats attested to have opened.
    function _openedByQuorum(StudyState storage state) private view returns (uint64 opened) {
        uint64 seats = state.committee.seats;
        uint64 submitted = state.round.submitted;
        uint64[7] memory bySeat = _attestedBySeat(state, state.round.attested);
        for (uint256 member = 0; member < 64; member++) {
            if (!submitted.has(member)) continue;
            uint256 openings = 0;
            for (uint256 seat = 0; seat < Seats.MAX; seat++) {
                if (bySeat[seat].has(member)) openings++;
            }
            if (openings >= seats.quorum()) opened = opened.add(member);
        }
    }

    /// Takes the medians, keeps them, ranks; answers who survives and who is disqualified.
    function _score(StudyState storage state, IReputation reputation)
        private
        returns (uint64 survivors, uint64 disqualified)
    {
        (uint64 scored, int16[] memory medians) = _takeMedians(state);
        survivors = Ranking.qualify(state, reputation, scored, medians);
        disqualified = scored & ~survivors;
    }

    /// The median of each opened update over the seats that opened and scored it, its own hospital's score left out.
    function _takeMedians(StudyState storage state) private returns (uint64 scored, int16[] memory medians) {
        uint64 seats = state.committee.seats;
        uint64 opened = state.committee.opened;
        uint64[7] memory bySeat = _attestedBySeat(state, state.round.revealed);
        medians = new int16[](state.roster.size);
        for (uint256 word = 0; word < Scores.words(medians.length); word++) {
            uint256[7] memory scores;
            for (uint256 seat = 0; seat < seats.size(); seat++) {
                scores[seat] = state.scores[seat][word];
            }
            uint256 packed;
            uint256 first = word * Scores.PER_WORD;
            for (
                uint256 member = first;
                member < medians.length && member < first + Scores.PER_WORD;
                member++
            ) {
                if (!opened.has(member)) continue;
                int16[7] memory values;
                uint256 n = 0;
                for (uint256 seat = 0; seat < Seats.MAX; seat++) {
                    if (!bySeat[seat].has(member) || seats.memberAt(seat) == member) continue;
                    int16 score = Scores.at(scores[seat], member);
                    if (score != Scores.NOT_OPENED) values[n++] = score;
                }
                if (n == 0) continue;
                scored = scored.add(member);
                medians[member] = Scores.median(values, n);
                packed |= Scores.place(medians[member], member);
            }
            state.medians[word] = packed;
        }
    }

    /// What each seat of the set attested to have opened; nothing for the others, whose slots hold an older round.
    function _attestedBySeat(StudyState storage state, uint8 set)
        private
        view
        returns (uint64[7] memory bySeat)
    {
        for (uint256 seat = 0; seat < Seats.MAX; seat++) {
            if ((set >> seat) & 1 == 1) bySeat[seat] = state.attestedBySeat[seat];
        }
    }
}
