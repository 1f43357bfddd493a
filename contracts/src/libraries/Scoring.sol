// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Arrays } from "@openzeppelin/contracts/utils/Arrays.sol";
import { StudyState } from "../StudyState.sol";
import { IReputation } from "../interfaces/IReputation.sol";
import { IStudy } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Scores } from "./Scores.sol";
import { Seats } from "./Seats.sol";

/// Decides what the committee thinks of a round's updates. Deployed once and linked, for a study alone would be too large.
library Scoring {
    using BitSet for uint64;
    using Seats for uint64;

    /// The updates that a quorum of seats attested to have opened.
    function openedByQuorum(StudyState storage state) external view returns (uint64 opened) {
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
    function close(StudyState storage state, IReputation reputation)
        external
        returns (uint64 survivors, uint64 disqualified)
    {
        (uint64 scored, int16[] memory medians) = _takeMedians(state);
        int16 margin = state.rules.margin;
        for (uint256 member = 0; member < medians.length; member++) {
            if (scored.has(member) && medians[member] >= margin) survivors = survivors.add(member);
        }
        disqualified = scored & ~survivors;
        if (survivors != 0) _rank(state, reputation, survivors, medians);
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

    function _rank(StudyState storage state, IReputation reputation, uint64 survivors, int16[] memory medians)
        private
    {
        uint256 n = survivors.count();
        uint256[] memory keys = new uint256[](n);
        uint256 i = 0;
        for (uint256 member = 0; member < medians.length; member++) {
            if (!survivors.has(member)) continue;
            uint16 standing = reputation.standingOf(state.members[member].wallet).reputation;
            keys[i++] = Scores.rankKey(medians[member], standing, member);
        }
        Arrays.sort(keys);
        uint256 length = n < state.rules.topK ? n : state.rules.topK;
        address[] memory topK = new address[](length);
        int16[] memory topMedians = new int16[](length);
        uint256 ranking;
        for (uint256 place = 0; place < length; place++) {
            uint256 member = Scores.memberOf(keys[n - 1 - place]);
            topK[place] = state.members[member].wallet;
            topMedians[place] = medians[member];
            ranking |= (member + 1) << (8 * place);
        }
        state.rankings[state.round.number] = ranking;
        emit IStudy.TopKRanked(state.round.number, topK, topMedians);
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
