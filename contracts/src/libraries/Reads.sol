// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Audits, Masking, Round, StudyState } from "../StudyState.sol";
import { AuditRules, Phase, Snapshot } from "../interfaces/IStudy.sol";
import { Auditing } from "./Auditing.sol";
import { BitSet } from "./BitSet.sol";
import { Seats } from "./Seats.sol";
import { Weights } from "./Weights.sol";

/// What others read of a study, encoded as they get it. Deployed once and linked, for a study alone would be too large.
library Reads {
    using BitSet for uint64;
    using Seats for uint64;
    using Weights for uint256;

    uint256 private constant MAX_TOP_K = 32; // one word of member indices

    /// See IStudy.snapshot.
    function snapshot(StudyState storage state) external view returns (bytes memory) {
        Snapshot memory s;
        Round storage round = state.round;
        s.phase = round.phase;
        s.kind = round.kind;
        s.endReason = state.roster.endReason;
        s.round = round.number;
        s.completed = round.completed;
        s.voids = round.voids;
        s.deadline = round.deadline;
        s.time = uint40(block.timestamp);
        s.participants = round.participants;
        s.submitted = round.submitted | state.roster.failed;
        s.attested = round.attested;
        s.revealed = round.revealed;
        s.signed = round.signed;
        uint64 seats = state.committee.seats;
        s.survivors = state.committee.survivors;
        s.seats = seats.toArray();
        s.opened = new uint64[](s.seats.length);
        for (uint256 seat = 0; seat < s.opened.length; seat++) {
            if ((round.attested >> seat) & 1 == 1) s.opened[seat] = state.attestedBySeat[seat];
        }
        s.members = new address[](state.members.length);
        s.updates = new bytes32[](s.members.length);
        for (uint256 i = 0; i < s.members.length; i++) {
            s.members[i] = state.members[i].wallet;
            if (s.submitted.has(i)) s.updates[i] = state.updates[i];
        }
        s.modelRound = state.roster.modelRound;
        s.modelMembers = state.roster.modelMembers;
        s.modelHash = state.model.modelHash;
        s.modelHeader = state.model.header;
        s.mode = state.rules.mode;
        _addMasking(state, s);
        _addAudits(state, s);
        return abi.encode(s);
    }

    /// The running round's updates, in order of joining.
    function submissions(StudyState storage state) external view returns (bytes memory) {
        uint64 submitted = state.round.submitted | state.roster.failed;
        address[] memory hospitals = new address[](submitted.count());
        bytes32[] memory updates = new bytes32[](hospitals.length);
        uint256 n = 0;
        for (uint256 member = 0; n < hospitals.length; member++) {
            if (!submitted.has(member)) continue;
            hospitals[n] = state.members[member].wallet;
            updates[n] = state.updates[member];
            n++;
        }
        return abi.encode(hospitals, updates);
    }

    /// See IStudy.auditRules.
    function auditRules(StudyState storage state) external view returns (bytes memory) {
        AuditRules memory rules = state.audits.rules;
        return abi.encode(rules);
    }

    /// What only masked studies have; all of it is 0 in others.
    function _addMasking(StudyState storage state, Snapshot memory s) private view {
        Masking storage masking = state.masking;
        uint256 weights = masking.weights;
        s.weights = new uint8[](s.members.length);
        for (uint256 i = 0; i < s.members.length; i++) {
            s.weights[i] = weights.at(i);
        }
        s.drawn = masking.drawn;
        s.opening = masking.opening;
        s.shared = masking.shared;
        s.scored = state.rules.scored;
        s.answered = masking.answered;
        s.drawable = s.phase == Phase.Draw && block.number > masking.drawBlock;
        s.masks = new bytes32[](s.seats.length);
        s.shares = new bytes32[](s.seats.length);
        s.products = new bytes32[](s.seats.length);
        for (uint256 seat = 0; seat < s.seats.length; seat++) {
            // A slot whose seat has not acted holds an older round's.
            if ((s.revealed >> seat) & 1 == 1) s.masks[seat] = masking.masks[seat];
            if ((s.shared >> seat) & 1 == 1) s.shares[seat] = masking.shares[seat];
            if ((s.answered >> seat) & 1 == 1) s.products[seat] = masking.products[seat];
        }
    }

    /// What only proven studies have; all of it is 0 in others.
    function _addAudits(StudyState storage state, Snapshot memory s) private view {
        s.contributions = new uint8[](s.members.length);
        s.data = new bytes32[](s.members.length);
        if (!state.roster.proven) return;
        Audits storage audits = state.audits;
        s.proven = true;
        s.prepared = audits.prepared;
        for (uint256 i = 0; i < s.members.length; i++) {
            s.contributions[i] = Auditing.contributionsOf(audits, i);
            s.data[i] = audits.data[i];
        }
        s.unsealed = audits.unsealed;
        s.audited = audits.audited;
        s.cleared = audits.cleared;
        s.failed = state.roster.failed;
        s.roundSeed = audits.roundSeed;
        // Until the draw it is an older round's.
        if (s.audited != 0) s.beacon = audits.beacon;
        if (s.phase != Phase.Reveal) return;
        s.missed = audits.missed;
        s.revealable = block.number > audits.seedBlock + Auditing.DELAY && s.time < s.deadline;
        s.drawable = s.missed && block.number > audits.seedBlock;
    }

    /// The best hospitals of a round, best first.
    function ranking(StudyState storage state, uint16 round) external view returns (bytes memory) {
        uint256 places = state.rankings[round];
        uint256 length = 0;
        while (length < MAX_TOP_K && (places >> (8 * length)) & 0xff != 0) length++;
        address[] memory topK = new address[](length);
        for (uint256 i = 0; i < length; i++) {
            topK[i] = state.members[((places >> (8 * i)) & 0xff) - 1].wallet;
        }
        return abi.encode(topK);
    }
}
