// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Study } from "../../src/Study.sol";
import {
    AuditAnswer,
    AuditRules,
    IStudy,
    Mode,
    Phase,
    Rules,
    Snapshot
} from "../../src/interfaces/IStudy.sol";
import { AuditDraw } from "../../src/libraries/AuditDraw.sol";
import { Duties } from "../../src/libraries/Duties.sol";
import { Fixture } from "./Fixture.sol";
import { StandInVerifier } from "./StandInVerifier.sol";
import { vm } from "./Vm.sol";

/// What tests of proven studies share: hospitals that are what they say, and proofs by name.
abstract contract ProvenFixture is Fixture {
    uint256 internal constant AUDIT_SLASH = 30 * 1e18; // three tenths of the stake
    uint256 internal constant K = 4;
    bytes32 internal constant CONTEXT = keccak256("wardround/round/1");

    StandInVerifier internal verifier;
    AuditRules internal audits;

    /// A proven study with these rules, and so many hospitals.
    function found(Rules memory rules_, uint256 n) internal {
        if (hospitals.length == 0) deploy();
        if (address(verifier) == address(0)) verifier = new StandInVerifier();
        for (uint256 i = hospitals.length; i < n; i++) {
            addHospital();
        }
        rules = rules_;
        audits = defaultAudits();
        study = createProvenStudy();
    }

    function defaultAudits() internal view returns (AuditRules memory) {
        return AuditRules({
            verifier: address(verifier),
            key: address(credits),
            hospitalsBps: 5000,
            slashBps: 3000,
            steps: 5,
            inputs: 3,
            contributions: 6,
            noised: true,
            revealSeconds: 70,
            auditSeconds: 80
        });
    }

    function provenMaskedRules() internal pure returns (Rules memory masked) {
        masked = maskedRules();
        masked.fractionBits = 32;
    }

    function createProvenStudy() internal returns (Study) {
        vm.prank(sponsor);
        return Study(factory.createProvenStudy(rules, audits));
    }

    /// Opens the study, lets the first n hospitals join and prepare, and starts it.
    function startProven(uint256 n) internal {
        openStudy();
        for (uint256 i = 0; i < n; i++) {
            join(i);
            prepare(i);
        }
        vm.prank(sponsor);
        study.startTask();
    }

    // --- a hospital ---

    function prepare(uint256 i) internal {
        prepare(i, leafOf(i));
    }

    function prepare(uint256 i, bytes32 data) internal {
        bytes32 digest = Duties.preparation(study.domainSeparator(), hospitals[i], data);
        study.prepare(hospitals[i], data, dutySign(i, digest));
    }

    function prepareCall(uint256 i) internal view returns (bytes memory) {
        bytes32 digest = Duties.preparation(study.domainSeparator(), hospitals[i], leafOf(i));
        return abi.encodeCall(IStudy.prepare, (hospitals[i], leafOf(i), dutySign(i, digest)));
    }

    function submitProven(uint256 i) internal {
        uint16 round = currentRound();
        bytes32 promise_ = promiseOf(i, round, secretOf(i, round));
        uint8 weight = rules.mode == Mode.Masked ? 1 + uint8(i % 8) : 0;
        bytes32 update = updateOf(i, round);
        bytes32 trace = keccak256(abi.encode(afterRootOf(i, round), startOf(round)));
        vm.prank(hospitals[i]);
        study.submitProven(round, update, keccak256("commitment"), weight, trace, promise_);
    }

    function submitAllProven() internal {
        forEach(study.snapshot().participants, submitProven);
    }

    function unseal(uint256 i) internal {
        uint16 round = currentRound();
        study.reveal(hospitals[i], round, secretOf(i, round));
    }

    function prove(uint256 i) internal {
        study.prove(hospitals[i], currentRound(), answerOf(i), proofOf(i));
    }

    /// Calls it with each member of the set, in order.
    function forEach(uint64 set, function(uint256) internal act) internal {
        for (uint256 i = 0; i < 64; i++) {
            if ((set >> i) & 1 == 1) act(i);
        }
    }

    // --- rounds ---

    /// Up to where parts of the beacon are taken.
    function toReveal() internal {
        submitAllProven();
        assertPhase(Phase.Reveal);
        vm.roll(block.number + 3 * K + 1);
    }

    function toAudit() internal {
        toReveal();
        revealAllBut(0);
    }

    /// Of those that submitted; what the others withhold is missed.
    function revealAllBut(uint64 silent) internal {
        forEach(study.snapshot().submitted & ~silent, unseal);
        if (silent == 0) return;
        passDeadline();
        study.advance();
        if (study.snapshot().phase != Phase.Reveal) return;
        vm.roll(block.number + K + 1);
        study.advance();
    }

    function proveAllBut(uint64 silent) internal {
        uint64 drawn = study.snapshot().audited;
        forEach(drawn & ~silent, prove);
        if (drawn & silent == 0) return;
        passDeadline();
        study.advance();
    }

    function toAttest() internal {
        toAudit();
        proveAllBut(0);
    }

    /// From Attest to the model of a committee's round, in which all that are left have the same scores.
    function finish() internal {
        int16[] memory scores = flat(100);
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            attest(s.seats[k], s.submitted & ~s.failed, scores);
        }
        revealAll(scores);
        signAll(MODEL);
    }

    function runProvenRound() internal {
        toAttest();
        finish();
    }

    // --- what hospitals have ---

    function secretOf(uint256 i, uint16 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("secret", i, round));
    }

    function promiseOf(uint256 i, uint16 round, bytes32 secret) internal view returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                "wardround/beacon/reveal/1",
                block.chainid,
                address(study),
                address(study),
                uint256(round),
                hospitals[i],
                secret
            )
        );
    }

    function dataRootOf(uint256 i) internal pure returns (bytes24) {
        return bytes24(keccak256(abi.encode("data", i)));
    }

    function pinOf(uint256 i) internal pure returns (uint64[2] memory) {
        return [uint64(1000 + i), uint64(2000 + i)];
    }

    function leafOf(uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode(dataRootOf(i), uint64(1000 + i), uint64(2000 + i)));
    }

    function afterRootOf(uint256 i, uint16 round) internal pure returns (bytes24) {
        return bytes24(keccak256(abi.encode("after", i, round)));
    }

    function startOf(uint16 round) internal view returns (uint64[] memory start) {
        start = new uint64[](audits.inputs);
        for (uint256 n = 0; n < start.length; n++) {
            start[n] = 100 * uint64(round) + uint64(n);
        }
    }

    /// Of the running round.
    function answerOf(uint256 i) internal view returns (AuditAnswer memory answer) {
        uint16 round = currentRound();
        answer.data = dataRootOf(i);
        answer.pin = pinOf(i);
        answer.afterRoot = afterRootOf(i, round);
        answer.start = startOf(round);
        if (rules.mode != Mode.Masked) return answer;
        answer.phi = [uint64(31 + i), uint64(32 + i)];
        answer.products = new uint64[](2 * study.snapshot().seats.length);
    }

    function proofOf(uint256 i) internal view returns (bytes memory) {
        return abi.encode(statementOf(i));
    }

    /// What member i has to prove now.
    function statementOf(uint256 i) internal view returns (bytes32) {
        return
            statementOf(answerOf(i), contextOf(i, currentRound(), study.snapshot().contributions[i] - 1), i);
    }

    function contextOf(uint256 i, uint16 round, uint256 contribution) internal view returns (bytes32) {
        return contextOf(i, round, contribution, answerOf(i).products);
    }

    function contextOf(uint256 i, uint16 round, uint256 contribution, uint64[] memory products)
        internal
        view
        returns (bytes32)
    {
        bytes32 said = keccak256(abi.encode(products));
        return
            keccak256(abi.encode(CONTEXT, study.domainSeparator(), hospitals[i], round, contribution, said));
    }

    function statementOf(AuditAnswer memory answer, bytes32 context, uint256 i)
        internal
        view
        returns (bytes32)
    {
        bytes24[] memory roots = new bytes24[](2);
        (roots[0], roots[1]) = (answer.data, answer.afterRoot);
        return verifier.statementOf(audits.key, context, inputsOf(answer, i), roots);
    }

    /// The inputs one by one, as they are listed.
    function inputsOf(AuditAnswer memory answer, uint256 i) internal view returns (uint64[] memory) {
        Snapshot memory s = study.snapshot();
        bytes memory words;
        for (uint256 n = 0; n < audits.inputs; n++) {
            words = abi.encodePacked(words, uint256(answer.start[n]));
        }
        uint8[] memory order = AuditDraw.order(s.roundSeed, i, audits.steps);
        for (uint256 batch = 0; batch < audits.steps; batch++) {
            uint256 time = 0;
            while (order[time] != batch) time++;
            words = abi.encodePacked(words, time);
        }
        if (audits.noised) {
            uint256 signs =
                uint256(keccak256(abi.encodePacked("wardround/round/signs/1", s.roundSeed, uint8(i))));
            for (uint256 batch = 0; batch < audits.steps; batch++) {
                words = abi.encodePacked(words, signs % 2 == 1 ? 1 : AuditDraw.PRIME - 1);
                signs /= 2;
            }
            for (uint256 c = 0; c < audits.contributions; c++) {
                words = abi.encodePacked(words, uint256(c + 1 == s.contributions[i] ? 1 : 0));
            }
        }
        if (rules.mode == Mode.Masked) {
            (uint64 gamma0, uint64 gamma1) = AuditDraw.gammas(s.beacon, i);
            words = abi.encodePacked(words, uint256(gamma0), uint256(gamma1));
            words = abi.encodePacked(words, uint256(answer.phi[0]), uint256(answer.phi[1]));
        }
        words = abi.encodePacked(words, uint256(answer.pin[0]), uint256(answer.pin[1]));
        return abi.decode(abi.encodePacked(uint256(32), words.length / 32, words), (uint64[]));
    }
}
