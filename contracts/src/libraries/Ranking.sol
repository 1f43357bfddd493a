// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Arrays } from "@openzeppelin/contracts/utils/Arrays.sol";
import { StudyState } from "../StudyState.sol";
import { IReputation } from "../interfaces/IReputation.sol";
import { IStudy } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Scores } from "./Scores.sol";

/// What a round's scores come to.
library Ranking {
    using BitSet for uint64;

    /// Ranks those of the `scored` whose score is at least the margin, and answers who they are. scores: by member.
    function qualify(StudyState storage state, IReputation reputation, uint64 scored, int16[] memory scores)
        internal
        returns (uint64 qualified)
    {
        int16 margin = state.rules.margin;
        for (uint256 member = 0; member < scores.length; member++) {
            if (scored.has(member) && scores[member] >= margin) qualified = qualified.add(member);
        }
        if (qualified != 0) _rank(state, reputation, qualified, scores);
    }

    function _rank(StudyState storage state, IReputation reputation, uint64 qualified, int16[] memory scores)
        private
    {
        uint256 n = qualified.count();
        uint256[] memory keys = new uint256[](n);
        uint256 i = 0;
        for (uint256 member = 0; member < scores.length; member++) {
            if (!qualified.has(member)) continue;
            uint16 standing = reputation.standingOf(state.members[member].wallet).reputation;
            keys[i++] = Scores.rankKey(scores[member], standing, member);
        }
        Arrays.sort(keys);
        uint256 length = n < state.rules.topK ? n : state.rules.topK;
        address[] memory topK = new address[](length);
        int16[] memory topScores = new int16[](length);
        uint256 ranking;
        for (uint256 place = 0; place < length; place++) {
            uint256 member = Scores.memberOf(keys[n - 1 - place]);
            topK[place] = state.members[member].wallet;
            topScores[place] = scores[member];
            ranking |= (member + 1) << (8 * place);
        }
        state.rankings[state.round.number] = ranking;
        emit IStudy.TopKRanked(state.round.number, topK, topScores);
    }
}
