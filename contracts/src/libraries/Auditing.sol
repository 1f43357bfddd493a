// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Audits, Member, StudyState } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IProofVerifier } from "../interfaces/IProofVerifier.sol";
import { IReputation } from "../interfaces/IReputation.sol";
import { AuditAnswer, AuditRules, IStudy, Mode, Phase, Signature } from "../interfaces/IStudy.sol";
import { AuditDraw } from "./AuditDraw.sol";
import { BitSet } from "./BitSet.sol";
import { Checks } from "./Checks.sol";
import { Duties } from "./Duties.sol";
import { Phases } from "./Phases.sol";
import { Seats } from "./Seats.sol";
import { Selection } from "./Selection.sol";
import { Submissions } from "./Submissions.sol";

/// What only a proven study has: prepared data, the beacon, the draw, proofs, and what a failed audit costs. See IStudy, Proven studies.
/// Deployed once and linked, for a study alone would be too large.
library Auditing {
    using BitSet for uint64;
    using Checks for StudyState;
    using Phases for StudyState;
    using Seats for uint64;

    /// K. Who submits last cannot know the hash of the fourth block from there, nor can a short fork replace it once parts are known.
    uint256 internal constant DELAY = 4;
    /// A block's hash can be read so many blocks long.
    uint256 private constant HASHES_KEPT = 256;
    uint256 private constant BASIS_POINTS = 10_000;
    /// Part of a round's part of the deposit: 1 / BOUNTY.
    uint128 private constant BOUNTY = 1000;
    /// Audits that a hospital passes after a failure until it is left to chance again.
    uint256 private constant CLEAN_AUDITS = 3;
    bytes32 private constant CONTEXT = keccak256("wardround/round/1");

    // --- a hospital ---

    /// See IStudy.prepare.
    function prepare(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        bytes32 data,
        Signature calldata signature
    ) external {
        _requireProven(state);
        Phase phase = state.round.phase;
        if (phase == Phase.Draft || phase == Phase.Ended) revert IStudy.Study_WrongPhase(phase);
        uint256 member = Selection.requireActive(state, hospital);
        Audits storage audits = state.audits;
        uint64 prepared = audits.prepared;
        if (prepared.has(member)) revert IStudy.Study_AlreadyDone(hospital);
        if (data == 0) revert IStudy.Study_EmptyUpdate();
        Checks.requireSigned(registry, hospital, Duties.preparation(domain, hospital, data), signature);
        audits.prepared = prepared.add(member);
        audits.data[member] = data;
        emit IStudy.DataPinned(hospital, data);
    }

    /// See IStudy.submitProven.
    function submit(
        StudyState storage state,
        uint16 number,
        bytes32 update,
        bytes32 commitment,
        uint8 patientWeight,
        bytes32 trace,
        bytes32 promise_
    ) external {
        _requireProven(state);
        if (trace == 0 || promise_ == 0) revert IStudy.Study_EmptyUpdate();
        (uint256 member, bool isLast) = Submissions.take(state, number, update, commitment);
        if (state.round.mode == Mode.Masked) {
            Submissions.requireWeight(patientWeight);
            Submissions.weigh(state, member, patientWeight);
        } else if (patientWeight != 0) {
            revert IStudy.Study_BadWeight(patientWeight);
        }
        Audits storage audits = state.audits;
        audits.traces[member] = trace;
        audits.parts[member] = promise_;
        emit IStudy.TraceCommitted(number, msg.sender, trace, promise_, contributionsOf(audits, member) - 1);
        if (isLast) _awaitReveals(state);
    }

    // --- anyone ---

    /// See IStudy.reveal.
    function reveal(StudyState storage state, address hospital, uint16 number, bytes32 secret) external {
        state.requireInTime(Phase.Reveal, number);
        Audits storage audits = state.audits;
        uint256 from = audits.seedBlock + DELAY;
        if (block.number <= from) revert IStudy.Study_RevealPending(from);
        (uint64 submitted, uint64 unsealed) = (state.round.submitted, audits.unsealed);
        uint256 member = _memberAmong(state, hospital, submitted);
        if (member == Seats.NONE) revert IStudy.Study_NotParticipant(hospital);
        if (unsealed.has(member)) revert IStudy.Study_AlreadyDone(hospital);
        if (AuditDraw.promiseOf(number, hospital, secret) != audits.parts[member]) {
            revert IStudy.Study_WrongReveal(hospital);
        }
        if (audits.seedHash == 0) _capture(state);
        unsealed = unsealed.add(member);
        audits.unsealed = unsealed;
        audits.parts[member] = secret;
        emit IStudy.Revealed(number, hospital, secret);
        if (unsealed == submitted) _draw(state);
    }

    /// See IStudy.capture. Answers what the caller is to be paid.
    function capture(StudyState storage state, uint16 number) external returns (uint128 bounty) {
        state.requireInTime(Phase.Reveal, number);
        Audits storage audits = state.audits;
        if (audits.seedHash != 0) revert IStudy.Study_SeedKnown(audits.seedHash);
        _capture(state);
        if (msg.sender.code.length != 0) return 0;
        uint128 part = state.pool.deposit / state.rules.rounds;
        // Of the part that the next model pays; what void rounds cost it is never more than it is.
        uint128 left = part - audits.bounties;
        bounty = part / BOUNTY < left ? part / BOUNTY : left;
        audits.bounties += bounty;
        state.pool.unspent -= bounty;
    }

    /// See IStudy.prove.
    function prove(
        StudyState storage state,
        IReputation reputation,
        bytes32 domain,
        address hospital,
        uint16 number,
        AuditAnswer calldata answer,
        bytes calldata proof
    ) external {
        state.requireInTime(Phase.Audit, number);
        uint256 member = _requireDrawn(state, hospital);
        _requireAnswer(state, member, answer);
        // The products, which no equation of the proof is about, are bound here: whoever brings the proof can change none.
        bytes32 context = keccak256(
            abi.encode(
                CONTEXT,
                domain,
                hospital,
                number,
                contributionsOf(state.audits, member) - 1,
                keccak256(abi.encode(answer.products))
            )
        );
        _requireProof(state, member, context, answer, proof);
        reputation.recordAudit(hospital, true);
        emit IStudy.AuditAnswered(number, hospital, answer.phi, answer.products);
        _clear(state, member);
    }

    /// Moves on from Train with enough updates, and from Reveal or Audit, when the deadline has passed. Answers false where the round is
    /// void.
    function close(StudyState storage state, IReputation reputation) external returns (bool) {
        Phase phase = state.round.phase;
        if (phase == Phase.Train) {
            _awaitReveals(state);
            return true;
        }
        Audits storage audits = state.audits;
        if (phase == Phase.Reveal && !audits.missed) return _closeReveals(state, reputation);
        if (phase == Phase.Reveal) {
            _capture(state);
            _draw(state);
            return true;
        }
        _fail(state, reputation, audits.audited & ~audits.cleared, "no proof");
        _updateShare(state);
        if (!_isEnough(state)) return false;
        state.enter(Phase.Attest, state.rules.attestSeconds);
        return true;
    }

    // --- rounds ---

    /// Who can take part in a round: prepared, and noise left for it.
    function able(StudyState storage state) internal view returns (uint64 members) {
        Audits storage audits = state.audits;
        members = audits.prepared;
        for (uint256 i = 0; i < state.members.length; i++) {
            if (contributionsOf(audits, i) == audits.rules.contributions) members = members.remove(i);
        }
    }

    /// Begins a round's audit. Counts it as a contribution of each participant, whether it submits or not: noise that an update was
    /// trained with is never taken again.
    function reset(StudyState storage state, uint16 number, uint64 participants) internal {
        Audits storage audits = state.audits;
        audits.contributions[0] += _onesAt(uint32(participants));
        audits.contributions[1] += _onesAt(uint32(participants >> 32));
        audits.unsealed = 0;
        audits.audited = 0;
        audits.cleared = 0;
        audits.missed = false;
        audits.forgotten = false;
        audits.roundSeed =
            keccak256(abi.encode(blockhash(block.number - 1), audits.beacon, address(this), number));
    }

    /// A byte of 1 for each of 32 members that is in the set.
    function _onesAt(uint32 members) private pure returns (uint256 ones) {
        for (uint256 i = 0; members >> i != 0; i++) {
            ones |= uint256((members >> i) & 1) << (8 * i);
        }
    }

    /// How many rounds a member was asked to take part in.
    function contributionsOf(Audits storage audits, uint256 member) internal view returns (uint8) {
        return uint8(audits.contributions[member / 32] >> (8 * (member % 32)));
    }

    function _awaitReveals(StudyState storage state) private {
        _setSeedBlock(state.audits);
        state.enter(Phase.Reveal, state.audits.rules.revealSeconds);
    }

    function _setSeedBlock(Audits storage audits) private {
        audits.seedBlock = uint64(block.number + DELAY);
        audits.seedHash = 0;
    }

    /// Keeps the seed block's hash; or, where the chain has forgotten it, that of the latest block at a distance of a multiple of 256: at
    /// any time one block alone draws, so nobody gains by waiting for a better one.
    function _capture(StudyState storage state) private {
        Audits storage audits = state.audits;
        uint256 number = audits.seedBlock;
        if (block.number <= number) revert IStudy.Study_DrawPending(number);
        uint256 age = block.number - 1 - number;
        if (age >= HASHES_KEPT) {
            audits.forgotten = true;
            number += age - (age % HASHES_KEPT);
        }
        bytes32 hash = blockhash(number);
        audits.seedHash = hash;
        emit IStudy.SeedCaptured(state.round.number, number, hash, msg.sender);
    }

    /// Who did not reveal in time fails; what it promised stands for its part, and a block that nobody knew then for the seed block.
    function _closeReveals(StudyState storage state, IReputation reputation) private returns (bool) {
        Audits storage audits = state.audits;
        // Blocks were slower than the deadline: nobody could reveal, or hardly anybody.
        if (block.number <= audits.seedBlock + 2 * DELAY) {
            state.enter(Phase.Reveal, audits.rules.revealSeconds);
            return true;
        }
        _fail(state, reputation, state.round.submitted & ~audits.unsealed, "no reveal");
        audits.missed = true;
        if (!_isEnough(state)) {
            _updateShare(state);
            return false;
        }
        _setSeedBlock(audits);
        state.enter(Phase.Reveal, 0);
        return true;
    }

    function _draw(StudyState storage state) private {
        Audits storage audits = state.audits;
        (uint16 number, uint64 members) = (state.round.number, state.round.submitted);
        bytes32 beacon =
            AuditDraw.beacon(number, audits.seedHash, _parts(audits, members | state.roster.failed));
        uint256 bps = audits.shareBps;
        if (_isMissed(audits)) bps = _doubled(bps);
        uint256 count = (members.count() * bps + BASIS_POINTS - 1) / BASIS_POINTS;
        uint64 drawn = AuditDraw.hospitals(beacon, members, _due(audits), count);
        audits.audited = drawn;
        audits.beacon = beacon;
        emit IStudy.HospitalsDrawn(number, drawn, beacon);
        state.enter(Phase.Audit, audits.rules.auditSeconds);
    }

    /// Notes that a drawn hospital has proven its round; with the last of them the audit is over.
    function _clear(StudyState storage state, uint256 member) private {
        Audits storage audits = state.audits;
        uint128 due = audits.due;
        if ((due >> (2 * member)) & 3 != 0) audits.due = due - uint128(1 << (2 * member));
        uint64 cleared = audits.cleared.add(member);
        audits.cleared = cleared;
        if (cleared != audits.audited) return;
        _updateShare(state);
        state.enter(Phase.Attest, state.rules.attestSeconds);
    }

    function _isEnough(StudyState storage state) private view returns (bool) {
        return state.round.submitted.count() >= Selection.least(state);
    }

    /// The share of hospitals that the next draw takes: twice as many after a failure, a missed reveal or a forgotten hash; else half
    /// of what it is above the rules'.
    function _updateShare(StudyState storage state) private {
        Audits storage audits = state.audits;
        uint256 bps = audits.shareBps;
        uint256 base = audits.rules.hospitalsBps;
        bool isClean = state.roster.failed == 0 && !_isMissed(audits);
        audits.shareBps = uint16(isClean ? base + (bps - base) / 2 : _doubled(bps));
    }

    function _doubled(uint256 bps) private pure returns (uint256) {
        return 2 * bps < BASIS_POINTS ? 2 * bps : BASIS_POINTS;
    }

    function _isMissed(Audits storage audits) private view returns (bool) {
        return audits.missed || audits.forgotten;
    }

    /// Who is drawn whatever the beacon says.
    function _due(Audits storage audits) private view returns (uint64 members) {
        uint128 due = audits.due;
        for (uint256 member = 0; due >> (2 * member) != 0; member++) {
            if ((due >> (2 * member)) & 3 != 0) members = members.add(member);
        }
    }

    function _parts(Audits storage audits, uint64 members) private view returns (bytes32[] memory parts) {
        parts = new bytes32[](members.count());
        uint256 n = 0;
        for (uint256 member = 0; n < parts.length; member++) {
            if (members.has(member)) parts[n++] = audits.parts[member];
        }
    }

    /// Takes the audit's slash from each of `who`, and leaves them out of the round.
    function _fail(StudyState storage state, IReputation reputation, uint64 who, string memory reason)
        private
    {
        if (who == 0) return;
        Audits storage audits = state.audits;
        uint256 slash = (uint256(state.rules.stake) * audits.rules.slashBps) / BASIS_POINTS;
        uint16 number = state.round.number;
        uint256 sum = 0;
        uint128 due = audits.due;
        for (uint256 i = 0; i < state.members.length; i++) {
            if (!who.has(i)) continue;
            Member storage member = state.members[i];
            uint256 amount = member.stake < slash ? member.stake : slash;
            member.stake -= uint96(amount);
            member.forfeited += uint96(amount);
            sum += amount;
            due |= uint128(CLEAN_AUDITS << (2 * i));
            reputation.recordAudit(member.wallet, false);
            emit IStudy.AuditFailed(number, member.wallet, reason);
            emit IStudy.StakeForfeited(number, member.wallet, amount, reason);
        }
        audits.due = due;
        audits.kept += uint128(sum);
        state.roster.failed |= who;
        state.round.submitted &= ~who;
    }

    // --- proofs ---

    /// What the answer says must be what was pinned and committed to.
    function _requireAnswer(StudyState storage state, uint256 member, AuditAnswer calldata answer)
        private
        view
    {
        Audits storage audits = state.audits;
        if (keccak256(abi.encode(answer.data, answer.pin[0], answer.pin[1])) != audits.data[member]) {
            revert IStudy.Study_BadAnswer("data");
        }
        if (keccak256(abi.encode(answer.afterRoot, answer.start)) != audits.traces[member]) {
            revert IStudy.Study_BadAnswer("trace");
        }
        if (answer.start.length != audits.rules.inputs) revert IStudy.Study_BadAnswer("start");
        bool isMasked = state.round.mode == Mode.Masked;
        if (!isMasked && (answer.phi[0] | answer.phi[1]) != 0) revert IStudy.Study_BadAnswer("phi");
        uint256 products = isMasked ? 2 * state.committee.seats.size() : 0;
        if (answer.products.length != products) revert IStudy.Study_BadAnswer("products");
    }

    /// Reverts where the proof does not hold, or, where there is none, the statement was not proven before.
    function _requireProof(
        StudyState storage state,
        uint256 member,
        bytes32 context,
        AuditAnswer calldata answer,
        bytes calldata proof
    ) private view {
        IProofVerifier verifier = IProofVerifier(state.audits.rules.verifier);
        address key = state.audits.rules.key;
        uint64[] memory inputs = _inputs(state, member, answer);
        bytes24[] memory roots = new bytes24[](2);
        (roots[0], roots[1]) = (answer.data, answer.afterRoot);
        if (proof.length != 0) return verifier.verify(key, context, inputs, roots, proof);
        bytes32 statement = verifier.statementOf(key, context, inputs, roots);
        if (!verifier.isProven(statement)) revert IStudy.Study_NotProven(statement);
    }

    /// What the statement says beside its roots and context: see IStudy.prove.
    function _inputs(StudyState storage state, uint256 member, AuditAnswer calldata answer)
        private
        view
        returns (uint64[] memory inputs)
    {
        Audits storage audits = state.audits;
        AuditRules memory rules = audits.rules;
        bool isMasked = state.round.mode == Mode.Masked;
        uint256 length = uint256(rules.inputs) + rules.steps + 2;
        if (rules.noised) length += uint256(rules.steps) + rules.contributions;
        if (isMasked) length += 4;
        inputs = new uint64[](length);
        uint256 n = 0;
        for (; n < rules.inputs; n++) {
            inputs[n] = answer.start[n];
        }
        n = _addTimes(inputs, n, AuditDraw.order(audits.roundSeed, member, rules.steps));
        if (rules.noised) {
            n = _addSigns(inputs, n, AuditDraw.signs(audits.roundSeed, member), rules.steps);
            inputs[n + contributionsOf(audits, member) - 1] = 1;
            n += rules.contributions;
        }
        if (isMasked) {
            (inputs[n], inputs[n + 1]) = AuditDraw.gammas(audits.beacon, member);
            (inputs[n + 2], inputs[n + 3]) = (answer.phi[0], answer.phi[1]);
            n += 4;
        }
        (inputs[n], inputs[n + 1]) = (answer.pin[0], answer.pin[1]);
    }

    /// When each batch is trained.
    function _addTimes(uint64[] memory inputs, uint256 n, uint8[] memory order)
        private
        pure
        returns (uint256)
    {
        for (uint256 i = 0; i < order.length; i++) {
            inputs[n + order[i]] = uint64(i);
        }
        return n + order.length;
    }

    function _addSigns(uint64[] memory inputs, uint256 n, uint256 signs, uint256 steps)
        private
        pure
        returns (uint256)
    {
        for (uint256 j = 0; j < steps; j++) {
            inputs[n + j] = (signs >> j) & 1 == 1 ? 1 : uint64(AuditDraw.PRIME - 1);
        }
        return n + steps;
    }

    // --- checks ---

    function _requireProven(StudyState storage state) private view {
        if (!state.roster.proven) revert IStudy.Study_WrongProving(false);
    }

    /// Which member a drawn hospital is that has not answered yet.
    function _requireDrawn(StudyState storage state, address hospital) private view returns (uint256 member) {
        member = _memberAmong(state, hospital, state.audits.audited);
        if (member == Seats.NONE) revert IStudy.Study_NotDrawn(hospital);
        if (state.audits.cleared.has(member)) revert IStudy.Study_AlreadyDone(hospital);
    }

    /// Which member the hospital is, if it is one of these; else Seats.NONE.
    function _memberAmong(StudyState storage state, address hospital, uint64 members)
        private
        view
        returns (uint256)
    {
        uint256 indexPlusOne = state.indexPlusOne[hospital];
        return indexPlusOne == 0 || !members.has(indexPlusOne - 1) ? Seats.NONE : indexPlusOne - 1;
    }
}
