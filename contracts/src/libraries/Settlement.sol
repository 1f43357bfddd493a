// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Arrays } from "@openzeppelin/contracts/utils/Arrays.sol";
import { Candidate, Committee, Masking, Member, Round, StudyState } from "../StudyState.sol";
import { IModelRegistry } from "../interfaces/IModelRegistry.sol";
import { IReputation } from "../interfaces/IReputation.sol";
import { IStudy, Mode, Phase, RewardSchedule, RoundKind } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Masked } from "./Masked.sol";
import { Ranking } from "./Ranking.sol";
import { Scores } from "./Scores.sol";
import { Seats } from "./Seats.sol";

/// Settles a round and a study: faults, rewards, reputation, the model's record. Deployed once and linked, for a study alone
/// would be too large. Credits only change owner here; none enters or leaves the study.
library Settlement {
    using BitSet for uint64;
    using Seats for uint64;

    uint256 private constant BASIS_POINTS = 10_000;
    uint16 private constant UNSCORED_OUTCOME = 7500;
    uint16 private constant NEUTRAL_OUTCOME = 5000;

    /// Settles a round whose model a quorum signed.
    /// winner: which candidate; signers: the seats that signed it.
    function settle(
        StudyState storage state,
        uint256 winner,
        uint8 signers,
        IReputation reputation,
        IModelRegistry modelRegistry
    ) external {
        Round memory round = state.round;
        Committee memory committee = state.committee;
        Candidate memory model = state.candidates[winner];
        state.model = model;
        state.roster.modelRound = round.number;
        state.roster.modelMembers = state.roster.frozen;
        if (round.kind == RoundKind.Training) state.round.completed = round.completed + 1;
        emit IStudy.ModelFinalised(round.number, model.modelHash, model.header, signers);

        if (Masked.isScored(state)) _takeScores(state, reputation, winner, committee.survivors);
        uint64 faulty = _timeouts(state, round, committee.seats);
        faulty = _forfeit(state, round.submitted & ~committee.opened, faulty, "not opened");
        faulty = _forfeit(state, state.roster.disqualified, faulty, "disqualified");
        faulty =
            _forfeit(state, committee.seats.members(round.signed & ~signers), faulty, "signed another model");
        int16 metric = 0;
        if (round.kind == RoundKind.Training) {
            metric = _reward(state, round.number, committee.survivors, faulty);
        }
        modelRegistry.register(round.number, signers, metric, model.modelHash, model.header);
        _recordOutcomes(state, reputation, round, committee.survivors, faulty);
    }

    /// Settles a round that lost its quorum. Only what nobody else could have caused is a fault: a deadline missed, or what a quorum
    /// of a masked study's seats says that opened seeds prove.
    function void(StudyState storage state, IReputation reputation) external {
        Round memory round = state.round;
        emit IStudy.RoundVoided(round.number, round.phase);
        uint64 faulty = _timeouts(state, round, state.committee.seats);
        uint64 accused = round.mode == Mode.Masked ? state.masking.accused : 0;
        faulty = _forfeit(state, accused, faulty, "accused");
        // Who makes a round void pays for it, and so cannot end a study with a few lies.
        if (accused == 0 || _slash(state) == 0) state.round.voids = round.voids + 1;
        for (uint256 member = 0; member < state.members.length; member++) {
            if (faulty.has(member)) reputation.record(round.number, state.members[member].wallet, 0, false);
        }
    }

    /// Pays out at the end of a study what is nobody's yet. A second call finds no deposit and does nothing.
    function close(StudyState storage state) external {
        if (state.pool.deposit == 0) return;
        if (state.rules.schedule == RewardSchedule.HalfToFirst) _payHalves(state);
        _payRest(state);
        state.pool.deposit = 0;
    }

    /// Takes the scores that go with a masked study's model for the medians, ranks, and disqualifies whose score is under the margin.
    /// Its part stays in the sum, which is open already.
    function _takeScores(StudyState storage state, IReputation reputation, uint256 winner, uint64 survivors)
        private
    {
        int16[] memory scores = new int16[](state.roster.size);
        for (uint256 word = 0; word < Scores.words(scores.length); word++) {
            state.medians[word] = state.scores[winner][word];
        }
        for (uint256 member = 0; member < scores.length; member++) {
            scores[member] = _medianOf(state, member);
        }
        emit IStudy.SumScored(state.round.number, scores);
        state.roster.disqualified = survivors & ~Ranking.qualify(state, reputation, survivors, scores);
    }

    /// Forfeits for every deadline missed up to and including the running phase's; answers who missed one.
    function _timeouts(StudyState storage state, Round memory round, uint64 seats)
        private
        returns (uint64 faulty)
    {
        // Who failed an audit has paid for this round.
        faulty = _forfeit(state, round.participants & ~round.submitted, state.roster.failed, "no update");
        if (round.phase == Phase.Train || round.phase == Phase.Reveal || round.phase == Phase.Audit) {
            return faulty;
        }
        faulty = _forfeit(state, seats.members(~round.attested), faulty, "no attestation");
        if (round.phase == Phase.Attest) return faulty;
        if (round.mode == Mode.Masked) {
            uint8 missing = Masked.expected(state) & ~round.revealed;
            faulty = _forfeit(state, seats.members(missing), faulty, "no masks");
            if (round.phase == Phase.Unmask) return faulty;
            Masking storage masking = state.masking;
            // Past Score somebody has answered; before it, and where nothing is scored, nobody was asked.
            if (round.phase == Phase.Score || masking.answered != 0) {
                uint8 late = round.revealed & ~masking.answered;
                faulty = _forfeit(state, seats.members(late), faulty, "no products");
            }
            if (masking.opening != 0) {
                uint8 silent = round.revealed & ~masking.shared;
                faulty = _forfeit(state, seats.members(silent), faulty, "no shares");
            }
            if (round.phase == Phase.Recover) return faulty;
        } else if (round.kind == RoundKind.Training) {
            faulty = _forfeit(state, seats.members(~round.revealed), faulty, "no scores");
        }
        if (round.phase == Phase.Score) return faulty;
        uint8 unsigned = ~round.signed;
        // Who was given no key or no seed by somebody in the set cannot compute the sum.
        if (round.mode == Mode.Masked) unsigned &= Masked.expected(state);
        faulty = _forfeit(state, seats.members(unsigned), faulty, "no signature");
    }

    /// Moves one slash from each of `who` that has not yet paid in this round into the next pool.
    function _forfeit(StudyState storage state, uint64 who, uint64 paid, string memory reason)
        private
        returns (uint64)
    {
        who &= ~paid;
        if (who == 0) return paid;
        uint256 slash = _slash(state);
        uint256 sum = 0;
        for (uint256 i = 0; i < state.members.length; i++) {
            if (!who.has(i)) continue;
            Member storage member = state.members[i];
            uint256 amount = member.stake < slash ? member.stake : slash;
            member.stake -= uint96(amount);
            member.forfeited += uint96(amount);
            sum += amount;
            emit IStudy.StakeForfeited(state.round.number, member.wallet, amount, reason);
        }
        // A round of a proven study pays no more for the faults of the round before: see docs/audits.md.
        if (state.roster.proven) state.audits.kept += uint128(sum);
        else state.pool.carry += uint128(sum);
        return paid | who;
    }

    function _slash(StudyState storage state) private view returns (uint256) {
        return (uint256(state.rules.stake) * state.rules.slashBps) / BASIS_POINTS;
    }

    /// Pays a training round's pool to the survivors without a fault, by score, and answers the survivors' mean score. Where nothing is
    /// scored they share evenly, and the mean is 0.
    function _reward(StudyState storage state, uint16 number, uint64 survivors, uint64 faulty)
        private
        returns (int16 metric)
    {
        uint256 pool = state.pool.carry;
        if (state.rules.schedule == RewardSchedule.ByScore) {
            uint128 part = state.pool.deposit / state.rules.rounds - _takeBounties(state);
            state.pool.unspent -= part;
            pool += part;
        }
        uint256[] memory weights = new uint256[](state.members.length);
        int16 margin = state.rules.margin;
        bool isScored = _isScored(state);
        int256 sum = 0;
        for (uint256 member = 0; member < weights.length; member++) {
            if (!survivors.has(member)) continue;
            int16 median = isScored ? _medianOf(state, member) : int16(0);
            sum += median;
            if (faulty.has(member)) continue;
            uint64 weight = isScored ? Scores.weight(median, margin) : 1;
            weights[member] = weight;
            state.members[member].score += weight;
        }
        state.pool.carry = uint128(pool - _split(state, number, pool, weights));
        metric = int16(sum / int256(survivors.count()));
    }

    /// What was paid for captured seeds out of the deposit since the last part of it was paid: at most one part (Auditing.capture).
    function _takeBounties(StudyState storage state) private returns (uint128 bounties) {
        if (!state.roster.proven) return 0;
        bounties = state.audits.bounties;
        state.audits.bounties = 0;
    }

    /// Of a training round.
    function _isScored(StudyState storage state) private view returns (bool) {
        return state.round.mode == Mode.Committee || state.rules.scored;
    }

    function _medianOf(StudyState storage state, uint256 member) private view returns (int16) {
        return Scores.at(state.medians[member / Scores.PER_WORD], member);
    }

    /// Adds each member's share of `pool`, by weight and rounded down, to its balance; answers what was paid.
    function _split(StudyState storage state, uint16 number, uint256 pool, uint256[] memory weights)
        private
        returns (uint256 paid)
    {
        uint256 total = 0;
        for (uint256 i = 0; i < weights.length; i++) {
            total += weights[i];
        }
        if (total == 0) return 0;
        for (uint256 i = 0; i < weights.length; i++) {
            uint256 amount = (pool * weights[i]) / total;
            if (amount == 0) continue;
            paid += amount;
            _accrue(state, number, i, amount);
        }
    }

    function _accrue(StudyState storage state, uint16 number, uint256 index, uint256 amount) private {
        Member storage member = state.members[index];
        member.reward += uint96(amount);
        emit IStudy.RewardAccrued(number, member.wallet, amount);
    }

    function _recordOutcomes(
        StudyState storage state,
        IReputation reputation,
        Round memory round,
        uint64 survivors,
        uint64 faulty
    ) private {
        bool isScored = round.kind == RoundKind.Training && _isScored(state);
        for (uint256 i = 0; i < state.members.length; i++) {
            if (!round.participants.has(i)) continue;
            uint16 outcome = NEUTRAL_OUTCOME; // opened, but nobody could score it
            bool qualified = survivors.has(i) && !faulty.has(i);
            if (faulty.has(i)) outcome = 0;
            else if (qualified) outcome = isScored ? Scores.outcome(_medianOf(state, i)) : UNSCORED_OUTCOME;
            reputation.record(round.number, state.members[i].wallet, outcome, qualified);
        }
    }

    /// Half of the deposit's earned part to the hospital with the highest sum of scores, half of the rest to the second,
    /// and so on; the last takes as much as the one before it. Earned is the share of rounds completed, so that a sponsor
    /// who stops just before the end saves nothing.
    function _payHalves(StudyState storage state) private {
        uint256 n = 0;
        uint256[] memory keys = new uint256[](state.members.length);
        for (uint256 member = 0; member < keys.length; member++) {
            uint64 score = state.members[member].score;
            if (score == 0) continue;
            keys[member] = Scores.rankKey(score, member);
            n++;
        }
        if (n == 0) return;
        Arrays.sort(keys);
        uint256 left = (uint256(state.pool.deposit) * state.round.completed) / state.rules.rounds;
        uint256 bounties = _takeBounties(state);
        left -= left < bounties ? left : bounties;
        state.pool.unspent -= uint128(left);
        for (uint256 place = 0; place < n && left != 0; place++) {
            uint256 share = place + 1 == n ? left : (left + 1) / 2;
            left -= share;
            _accrue(state, state.round.number, Scores.memberOf(keys[keys.length - 1 - place]), share);
        }
    }

    /// Forfeits that no later round can pay, and those of proven studies, go to the hospitals by their scores, or evenly to those without a fault where
    /// nobody has a score; the rest, and what of the deposit is unspent, to the sponsor.
    function _payRest(StudyState storage state) private {
        uint256 rest = state.pool.carry;
        state.pool.carry = 0;
        if (state.roster.proven) {
            rest += state.audits.kept;
            state.audits.kept = 0;
        }
        if (rest != 0) {
            uint256[] memory weights = new uint256[](state.members.length);
            uint256 total = 0;
            for (uint256 i = 0; i < weights.length; i++) {
                total += weights[i] = state.members[i].score;
            }
            if (total == 0) {
                for (uint256 i = 0; i < weights.length; i++) {
                    weights[i] = state.members[i].forfeited == 0 ? 1 : 0;
                }
            }
            rest -= _split(state, state.round.number, rest, weights);
        }
        state.pool.refund += state.pool.unspent + uint128(rest);
        state.pool.unspent = 0;
    }
}
