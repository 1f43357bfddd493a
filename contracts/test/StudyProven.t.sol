// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IReputation } from "../src/interfaces/IReputation.sol";
import {
    AuditAnswer,
    EndReason,
    IStudy,
    Phase,
    RewardSchedule,
    Rules,
    Snapshot
} from "../src/interfaces/IStudy.sol";
import { AuditDraw } from "../src/libraries/AuditDraw.sol";
import { ProvenFixture } from "./base/ProvenFixture.sol";
import { StandInVerifier } from "./base/StandInVerifier.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// Captures a seed, and could be one that only carries.
contract Capturer {
    function capture(IStudy study, uint16 round) external {
        study.capture(round);
    }
}

/// StudyProven.tree
contract StudyProvenTest is ProvenFixture {
    uint64 private constant FIRST = 1;

    function setUp() public override {
        found(defaultRules(), 6);
    }

    // --- prepare ---

    function test_AHospitalPinsItsDataOnce() public {
        openStudy();
        join(0);
        vm.expectEmit(address(study));
        emit IStudy.DataPinned(hospitals[0], leafOf(0));
        prepare(0);
        Snapshot memory s = study.snapshot();
        vm.assertTrue(s.proven);
        vm.assertEq(s.prepared, 1);
        vm.assertEq(s.data[0], leafOf(0));
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[0]);
        this.prepares(0, leafOf(1));
    }

    function test_OnlyAMemberWhoseKeySignedPrepares() public {
        bytes memory call = prepareCall(0);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongPhase.selector, Phase.Draft));
        this.does(call);
        openStudy();
        expectError(IStudy.Study_NotMember.selector, hospitals[0]);
        this.does(call);
        join(0);
        join(1);
        expectError(IStudy.Study_EmptyUpdate.selector);
        this.prepares(0, 0);
        call = abi.encodeCall(IStudy.prepare, (hospitals[0], leafOf(0), dutySign(1, keccak256("another's"))));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        this.does(call);
        vm.prank(hospitals[1]);
        study.leaveTask();
        expectError(IStudy.Study_NotMember.selector, hospitals[1]);
        this.prepares(1, leafOf(1));
        vm.prank(sponsor);
        study.stopTask();
        expectWrongPhase(Phase.Ended);
        this.prepares(0, leafOf(0));
    }

    // --- who takes part ---

    function test_WhoDidNotPrepareTakesNoPart() public {
        openStudy();
        for (uint256 i = 0; i < 4; i++) {
            join(i);
        }
        prepare(1);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooFewHospitals.selector, 1, 2));
        vm.prank(sponsor);
        study.startTask();
        prepare(2);
        vm.prank(sponsor);
        study.startTask();
        vm.assertEq(study.snapshot().participants, 6);
        prepare(0);
        expectError(IStudy.Study_NotParticipant.selector, hospitals[0]);
        this.submits(0);
        runProvenRound();
        vm.assertEq(study.snapshot().participants, 7, "from the next round on");
    }

    function test_WhoHasNoContributionLeftTakesNoPart() public {
        rules.rounds = 5;
        audits.contributions = 2;
        study = createProvenStudy();
        startProven(4);
        veto(3, 2, true);
        runProvenRound();
        runProvenRound();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.contributions[0], 2);
        vm.assertEq(s.contributions[3], 1);
        assertEnded(EndReason.TooFewHospitals);
        vm.assertEq(s.completed, 2);
        assertPaidOut();
    }

    function test_AVoidRoundUsesAContributionUp() public {
        startProven(3);
        submitProven(0);
        passDeadline();
        study.advance();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.contributions[0], 2, "the void round's, and the running one's");
        vm.assertEq(s.contributions[1], 2, "though it did not submit");
        submitProven(1);
        vm.recordLogs();
        bytes32 trace = keccak256(abi.encode(afterRootOf(0, 2), startOf(2)));
        bytes32 promise_ = promiseOf(0, 2, secretOf(0, 2));
        submitProven(0);
        assertLogged(IStudy.TraceCommitted.selector, hospitals[0], abi.encode(trace, promise_, uint8(1)));
    }

    function test_TheRoundsSeedFollowsFromTheLastBlockAndTheLastBeacon() public {
        startProven(3);
        bytes32 hash = blockhash(block.number - 1);
        bytes32 first = study.snapshot().roundSeed;
        vm.assertEq(first, keccak256(abi.encode(hash, bytes32(0), address(study), uint16(1))));
        toAudit();
        bytes32 beacon = study.snapshot().beacon;
        proveAllBut(0);
        finish();
        hash = blockhash(block.number - 1);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.roundSeed, keccak256(abi.encode(hash, beacon, address(study), uint16(2))));
        vm.assertEq(s.beacon, 0, "not drawn yet");
        vm.assertEq(s.unsealed | s.audited | s.cleared | s.failed, 0, "nothing of the last round is left");
    }

    // --- submitProven ---

    function test_AnUpdateIsSubmittedOnceWithItsTraceAndPromise() public {
        startProven(3);
        submitProven(0);
        vm.assertEq(study.snapshot().submitted, 1);
        expectError(IStudy.Study_AlreadySubmitted.selector, hospitals[0]);
        this.submits(0);
        expectError(IStudy.Study_EmptyUpdate.selector);
        this.submitsAs(1, 0, keccak256("trace"), 0);
        expectError(IStudy.Study_EmptyUpdate.selector);
        this.submitsAs(1, 0, 0, keccak256("promise"));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadWeight.selector, 1));
        this.submitsAs(1, 1, keccak256("trace"), keccak256("promise"));
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, study.snapshot().deadline));
        this.submits(1);
    }

    function test_EveryKindOfStudyTakesItsOwnUpdatesAlone() public {
        startProven(3);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongProving.selector, true));
        vm.prank(hospitals[0]);
        study.submitUpdate(1, keccak256("update"), keccak256("commitment"));

        found(provenMaskedRules(), 4);
        startProven(4);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongProving.selector, true));
        vm.prank(hospitals[0]);
        study.submitMasked(1, keccak256("update"), keccak256("commitment"), 1);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadWeight.selector, 0));
        this.submitsAs(0, 0, keccak256("trace"), keccak256("promise"));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadWeight.selector, 9));
        this.submitsAs(0, 9, keccak256("trace"), keccak256("promise"));

        rules = defaultRules();
        study = createStudy();
        startStudy(2);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongProving.selector, false));
        this.submitsAs(0, 0, keccak256("trace"), keccak256("promise"));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongProving.selector, false));
        this.prepares(0, leafOf(0));
        expectWrongPhase(Phase.Train);
        study.reveal(hospitals[0], 1, 0);
        expectWrongPhase(Phase.Train);
        study.capture(1);
        vm.assertEq(study.auditRules().verifier, address(0));
        vm.assertFalse(study.snapshot().proven);
        vm.assertEq(study.snapshot().data.length, 2, "by member");
    }

    function test_TheRulesOfAuditsCanBeRead() public view {
        vm.assertEq(keccak256(abi.encode(study.auditRules())), keccak256(abi.encode(audits)));
    }

    function test_TheDeadlineOfTrainLeadsToRevealWhereEnoughSubmitted() public {
        startProven(3);
        submitProven(0);
        submitProven(2);
        passDeadline();
        study.advance();
        assertPhase(Phase.Reveal);
        vm.assertEq(study.snapshot().deadline, block.timestamp + 70);
        vm.roll(block.number + 3 * K + 1);
        revealAllBut(0);
        assertPhase(Phase.Audit);
        vm.assertEq(study.snapshot().audited & ~uint64(5), 0, "of those that submitted");
    }

    // --- capture ---

    function test_ASeedIsCapturedForABountyOnceItsBlockIsMined() public {
        startProven(3);
        submitAllProven();
        uint256 seedBlock = block.number + K;
        vm.roll(seedBlock);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_DrawPending.selector, seedBlock));
        study.capture(1);
        vm.roll(seedBlock + 1);
        bytes32 hash = keccak256("the seed block");
        vm.setBlockhash(seedBlock, hash);
        vm.expectEmit(address(study));
        emit IStudy.SeedCaptured(1, seedBlock, hash, stranger);
        vm.prank(stranger);
        study.capture(1);
        vm.assertEq(credits.balanceOf(stranger), DEPOSIT / 3 / 1000);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_SeedKnown.selector, hash));
        study.capture(1);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 2, 1));
        study.capture(2);
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, block.timestamp));
        study.capture(1);
    }

    function test_ABountyComesOutOfTheRoundsPart() public {
        startProven(3);
        toReveal();
        vm.prank(stranger);
        study.capture(1);
        revealAllBut(0);
        proveAllBut(0);
        finish();
        uint256 part = DEPOSIT / 3 - DEPOSIT / 3000;
        vm.assertEq(study.rewardOf(hospitals[0]), part / 3, "first round");
        runProvenRound();
        vm.assertEq(study.rewardOf(hospitals[0]), part / 3 + DEPOSIT / 9, "second round");
        runProvenRound();
        assertEnded(EndReason.Completed);
        assertPaidOut();
    }

    function test_ABountyOfAVoidRoundComesOutOfTheNextPart() public {
        startProven(3);
        toReveal();
        vm.prank(stranger);
        study.capture(1);
        passDeadline();
        study.advance();
        vm.assertEq(study.snapshot().voids, 1, "nobody revealed");
        for (uint256 i = 0; i < 3; i++) {
            runProvenRound();
        }
        assertEnded(EndReason.Completed);
        uint256 rewards;
        for (uint256 i = 0; i < 3; i++) {
            rewards += study.rewardOf(hospitals[i]);
        }
        vm.assertLe(DEPOSIT - DEPOSIT / 3000 + 3 * AUDIT_SLASH, rewards + 3, "all but the bounty");
        assertPaidOut();
    }

    function test_ABountyComesOutOfTheHalves() public {
        rules.schedule = RewardSchedule.HalfToFirst;
        study = createProvenStudy();
        startProven(3);
        toReveal();
        vm.prank(stranger);
        study.capture(1);
        revealAllBut(0);
        proveAllBut(0);
        finish();
        vm.prank(sponsor);
        study.stopTask();
        uint256 earned = DEPOSIT / 3 - DEPOSIT / 3000;
        vm.assertEq(study.rewardOf(hospitals[0]), earned / 2);
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT - DEPOSIT / 3);
        assertPaidOut();
    }

    function test_ABountyBeforeAnyHalfIsTheSponsors() public {
        rules.schedule = RewardSchedule.HalfToFirst;
        study = createProvenStudy();
        startProven(3);
        toReveal();
        vm.prank(stranger);
        study.capture(1);
        vm.prank(sponsor);
        study.stopTask();
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT - DEPOSIT / 3000);
        assertPaidOut();
    }

    function test_AContractAndARevealGetNoBounty() public {
        startProven(3);
        toReveal();
        Capturer capturer = new Capturer();
        capturer.capture(study, 1);
        vm.assertEq(credits.balanceOf(address(capturer)), 0);
        revealAllBut(0);
        proveAllBut(0);
        finish();
        toReveal();
        uint256 held = credits.balanceOf(address(study));
        uint16 round = currentRound();
        vm.expectEmit(address(study));
        emit IStudy.SeedCaptured(
            round, block.number - 2 * K - 1, blockhash(block.number - 2 * K - 1), stranger
        );
        vm.prank(stranger);
        study.reveal(hospitals[0], round, secretOf(0, round));
        vm.assertEq(credits.balanceOf(address(study)), held);
    }

    function testFuzz_AForgottenHashIsThatOfOneLaterBlock(uint256 delay, bool byReveal) public {
        delay = between(delay, 1, 2000);
        startProven(4);
        submitAllProven();
        uint256 seedBlock = block.number + K;
        vm.roll(seedBlock + delay);
        uint256 number = seedBlock + 256 * ((delay - 1) / 256);
        vm.setBlockhash(number, keccak256("a later block"));
        if (!byReveal || delay <= K) {
            vm.expectEmit(address(study));
            emit IStudy.SeedCaptured(1, number, keccak256("a later block"), stranger);
            vm.prank(stranger);
            study.capture(1);
        }
        if (delay <= K) vm.roll(seedBlock + K + 1);
        revealAllBut(0);
        Snapshot memory s = study.snapshot();
        bytes32[] memory parts = new bytes32[](4);
        for (uint256 i = 0; i < 4; i++) {
            parts[i] = secretOf(i, 1);
        }
        vm.assertEq(s.beacon, beaconOf(1, keccak256("a later block"), parts));
        vm.assertEq(membersIn(s.audited), delay <= 256 ? 2 : 4, "twice as many");
        vm.assertEq(s.failed, 0);
        proveAllBut(0);
        finish();
        toAudit();
        vm.assertEq(membersIn(study.snapshot().audited), delay <= 256 ? 2 : 4, "and in the next round");
    }

    // --- reveal ---

    function test_PartsAreTakenKBlocksAfterTheSeedBlock() public {
        startProven(3);
        submitAllProven();
        uint256 from = block.number + 2 * K;
        vm.roll(from);
        vm.assertFalse(study.snapshot().revealable);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_RevealPending.selector, from));
        study.reveal(hospitals[0], 1, secretOf(0, 1));
        vm.roll(from + 1);
        vm.assertTrue(study.snapshot().revealable);
        vm.recordLogs();
        unseal(0);
        assertLogged(IStudy.Revealed.selector, hospitals[0], abi.encode(secretOf(0, 1)));
        vm.assertEq(study.snapshot().unsealed, 1);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[0]);
        study.reveal(hospitals[0], 1, secretOf(0, 1));
        passDeadline();
        vm.assertFalse(study.snapshot().revealable);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, block.timestamp));
        study.reveal(hospitals[1], 1, secretOf(1, 1));
    }

    function test_OnlyWhatWasPromisedIsTaken() public {
        startProven(3);
        submitProven(0);
        submitProven(1);
        passDeadline();
        study.advance();
        vm.roll(block.number + 3 * K + 1);
        expectError(IStudy.Study_WrongReveal.selector, hospitals[0]);
        study.reveal(hospitals[0], 1, secretOf(1, 1));
        expectError(IStudy.Study_WrongReveal.selector, hospitals[0]);
        study.reveal(hospitals[0], 1, secretOf(0, 2));
        expectError(IStudy.Study_NotParticipant.selector, hospitals[2]);
        study.reveal(hospitals[2], 1, secretOf(2, 1));
        expectError(IStudy.Study_NotParticipant.selector, stranger);
        study.reveal(stranger, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 2, 1));
        study.reveal(hospitals[0], 2, secretOf(0, 1));
    }

    function test_APromiseIsGoodForItsRoundHospitalAndStudyAlone() public {
        startProven(3);
        bytes32 others = promiseOf(1, 1, secretOf(0, 1));
        this.submitsAs(0, 0, keccak256("trace"), others);
        this.submitsAs(1, 0, keccak256("trace"), promiseOf(1, 2, secretOf(1, 1)));
        submitProven(2);
        vm.roll(block.number + 3 * K + 1);
        expectError(IStudy.Study_WrongReveal.selector, hospitals[0]);
        study.reveal(hospitals[0], 1, secretOf(0, 1));
        expectError(IStudy.Study_WrongReveal.selector, hospitals[1]);
        study.reveal(hospitals[1], 1, secretOf(1, 1));
    }

    function test_TheLastPartDraws() public {
        startProven(6);
        toReveal();
        bytes32[] memory parts = new bytes32[](6);
        for (uint256 i = 0; i < 6; i++) {
            parts[i] = secretOf(i, 1);
        }
        bytes32 beacon = beaconOf(1, blockhash(block.number - 2 * K - 1), parts);
        uint64 drawn = AuditDraw.hospitals(beacon, 0x3f, 0, 3);
        // In whatever order they come.
        for (uint256 i = 5; i > 0; i--) {
            unseal(i);
        }
        vm.expectEmit(address(study));
        emit IStudy.HospitalsDrawn(1, drawn, beacon);
        unseal(0);
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Audit);
        vm.assertEq(s.deadline, block.timestamp + 80);
        vm.assertEq(s.audited, drawn);
        vm.assertEq(membersIn(drawn), 3);
        vm.assertEq(s.beacon, beacon);
    }

    function test_APartOfTheHospitalsIsRoundedUp() public {
        audits.hospitalsBps = 1;
        study = createProvenStudy();
        startProven(3);
        toAudit();
        vm.assertEq(membersIn(study.snapshot().audited), 1);
        found(defaultRules(), 5);
        startProven(5);
        toAudit();
        vm.assertEq(membersIn(study.snapshot().audited), 3);
    }

    // --- a reveal is missing ---

    function test_WhoKeepsItsPartBackFailsAndTheFallbackBlockDraws() public {
        startProven(4);
        toReveal();
        forEach(0xd, unseal);
        passDeadline();
        vm.recordLogs();
        study.advance();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isFailed(logs, 1, "no reveal"));
        vm.assertTrue(isForfeited(logs, 1, "no reveal"));
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Reveal);
        vm.assertTrue(s.missed);
        vm.assertFalse(s.drawable);
        vm.assertFalse(s.revealable);
        vm.assertEq(s.failed, 2);
        vm.assertEq(s.submitted, 0xf, "it did submit");
        vm.assertEq(s.deadline, block.timestamp);
        vm.assertEq(study.stakeOf(hospitals[1]), STAKE - AUDIT_SLASH);

        uint256 fallbackBlock = block.number + K;
        vm.roll(fallbackBlock);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, block.timestamp));
        study.reveal(hospitals[1], 1, secretOf(1, 1));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_DrawPending.selector, fallbackBlock));
        study.advance();
        vm.roll(fallbackBlock + 1);
        vm.setBlockhash(fallbackBlock, keccak256("fallback"));
        vm.assertTrue(study.snapshot().drawable);
        study.advance();

        bytes32[] memory parts = new bytes32[](4);
        for (uint256 i = 0; i < 4; i++) {
            parts[i] = i == 1 ? promiseOf(1, 1, secretOf(1, 1)) : secretOf(i, 1);
        }
        s = study.snapshot();
        assertPhase(Phase.Audit);
        vm.assertEq(s.beacon, beaconOf(1, keccak256("fallback"), parts));
        vm.assertEq(s.audited, 0xd, "twice half of those that are left");
        expectError(IStudy.Study_NotDrawn.selector, hospitals[1]);
        this.proves(1);
    }

    function test_WhereTooFewRevealTheRoundIsVoid() public {
        startProven(3);
        toReveal();
        unseal(0);
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Reveal);
        study.advance();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.voids, 1);
        vm.assertEq(s.failed, 0, "of the new round");
        for (uint256 i = 1; i < 3; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), AUDIT_SLASH, "the audit's slash alone");
            vm.assertEq(reputation.standingOf(hospitals[i]).faults, 1);
        }
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0, "who revealed is not at fault");
        toAudit();
        vm.assertEq(study.snapshot().audited, 7, "twice the share, and who failed is due");
    }

    function test_NobodyFailsWhereBlocksAreSlowerThanTheDeadline() public {
        startProven(3);
        submitAllProven();
        uint256 submittedAt = block.number;
        vm.roll(submittedAt + 3 * K);
        passDeadline();
        study.advance();
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Reveal);
        vm.assertFalse(s.missed);
        vm.assertEq(s.failed, 0);
        vm.assertEq(s.deadline, block.timestamp + 70);
        vm.roll(submittedAt + 3 * K + 1);
        vm.assertTrue(study.snapshot().revealable, "the seed block is the same");
        revealAllBut(0);
        assertPhase(Phase.Audit);
    }

    // --- prove ---

    function testFuzz_AProofOfTheStatementClears(
        bool masked,
        bool noised,
        uint8 steps,
        uint8 inputs,
        bytes32 seed
    ) public {
        found(masked ? provenMaskedRules() : defaultRules(), 4);
        audits.noised = noised;
        audits.steps = uint8(between(steps, 1, 64));
        audits.inputs = uint8(between(inputs, 2, 64));
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        vm.setBlockhash(block.number - 1, seed);
        startProven(4);
        toAudit();
        AuditAnswer memory answer = answerOf(2);
        vm.expectEmit(address(study));
        emit IStudy.AuditAnswered(1, hospitals[2], answer.phi, answer.products);
        prove(2);
        vm.assertEq(study.snapshot().cleared, 4);
        (uint32 asked, uint32 passed) = reputation.honestyOf(hospitals[2]);
        vm.assertEq(asked, 1);
        vm.assertEq(passed, 1);
        forEach(0xb, prove);
        assertPhase(Phase.Attest);
        vm.assertEq(study.snapshot().deadline, block.timestamp + 50);
    }

    function test_InputsComeInTheirOrder() public {
        found(provenMaskedRules(), 4);
        audits.hospitalsBps = 10_000;
        audits.steps = 2;
        audits.contributions = 2;
        study = createProvenStudy();
        startProven(4);
        toAudit();
        Snapshot memory s = study.snapshot();
        uint64[] memory inputs = inputsOf(answerOf(1), 1);
        vm.assertEq(inputs.length, 3 + 2 + 2 + 2 + 4 + 2);
        vm.assertEq(inputs[0], 100);
        vm.assertEq(inputs[2], 102);
        vm.assertEq(inputs[3] + inputs[4], 1, "one batch is first");
        vm.assertEq(inputs[7], 1, "the first contribution's noise");
        vm.assertEq(inputs[8], 0);
        (uint64 gamma0,) = AuditDraw.gammas(s.beacon, 1);
        vm.assertEq(inputs[9], gamma0);
        vm.assertEq(inputs[11], 32);
        vm.assertEq(inputs[14], 2001);
    }

    function test_AnAnswerMustBeWhatWasPinnedAndCommittedTo() public {
        allAudited(defaultRules());
        AuditAnswer memory answer = answerOf(0);
        answer.data = dataRootOf(1);
        expectBadAnswer(answer, "data");
        answer = answerOf(0);
        answer.pin[1]++;
        expectBadAnswer(answer, "data");
        answer = answerOf(0);
        answer.afterRoot = afterRootOf(0, 2);
        expectBadAnswer(answer, "trace");
        answer = answerOf(0);
        answer.start[1]++;
        expectBadAnswer(answer, "trace");
        answer = answerOf(0);
        answer.phi[1] = 1;
        expectBadAnswer(answer, "phi");
        answer = answerOf(0);
        answer.products = new uint64[](1);
        expectBadAnswer(answer, "products");
        allAudited(provenMaskedRules());
        answer = answerOf(0);
        answer.products = new uint64[](7);
        expectBadAnswer(answer, "products");
        prove(0);
    }

    function test_AStartOfAnotherLengthIsRefused() public {
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        startProven(2);
        audits.inputs = 2; // what they commit to has one weight less
        toAudit();
        AuditAnswer memory answer = answerOf(0);
        audits.inputs = 3;
        expectBadAnswer(answer, "start");
    }

    function test_AProofIsGoodForItsStatementAlone() public {
        allAudited(provenMaskedRules());
        AuditAnswer memory answer = answerOf(0);
        uint16 round = currentRound();
        bytes[6] memory others = [
            proofOf(1),
            abi.encode(statementOf(answer, contextOf(1, 1, 0), 0)),
            abi.encode(statementOf(answer, contextOf(0, 2, 0), 0)),
            abi.encode(statementOf(answer, contextOf(0, 1, 1), 0)),
            abi.encode(statementOf(answer, contextOf(0, 1, 0), 1)),
            bytes("no proof")
        ];
        for (uint256 i = 0; i < others.length; i++) {
            expectError(StandInVerifier.Refused.selector);
            study.prove(hospitals[0], round, answer, others[i]);
        }
        answer.phi[0]++;
        bytes memory proof = proofOf(0);
        expectError(StandInVerifier.Refused.selector);
        study.prove(hospitals[0], round, answer, proof);
        answer = answerOf(0);
        answer.products[1]++; // whoever brings somebody else's proof
        expectError(StandInVerifier.Refused.selector);
        study.prove(hospitals[0], round, answer, proof);
        vm.assertEq(study.snapshot().cleared, 0);
        prove(0);
    }

    function test_AProofOfAnEarlierRoundIsRefused() public {
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        startProven(2);
        toAudit();
        bytes memory proof = proofOf(0);
        proveAllBut(0);
        finish();
        toAudit();
        AuditAnswer memory answer = answerOf(0);
        expectError(StandInVerifier.Refused.selector);
        study.prove(hospitals[0], 2, answer, proof);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 1, 2));
        study.prove(hospitals[0], 1, answer, proof);
    }

    function test_AnEmptyProofStandsForAStatementThatWasProvenBefore() public {
        allAudited(defaultRules());
        AuditAnswer memory answer = answerOf(0);
        bytes32 statement = statementOf(0);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_NotProven.selector, statement));
        study.prove(hospitals[0], 1, answer, "");
        verifier.remember(statement);
        study.prove(hospitals[0], 1, answer, "");
        vm.assertEq(study.snapshot().cleared, 1);
    }

    function test_WhoIsNotAskedNorWaitedForDoesNotProve() public {
        startProven(4);
        toReveal();
        expectWrongPhase(Phase.Reveal);
        this.proves(0);
        revealAllBut(0);
        Snapshot memory s = study.snapshot();
        uint256 asked = (s.audited & 1) == 1 ? 0 : (s.audited & 2) == 2 ? 1 : 2;
        uint256 other = (s.audited & 1) == 0 ? 0 : (s.audited & 2) == 0 ? 1 : 2;
        expectError(IStudy.Study_NotDrawn.selector, hospitals[other]);
        this.proves(other);
        AuditAnswer memory answer = answerOf(0);
        expectError(IStudy.Study_NotDrawn.selector, stranger);
        study.prove(stranger, 1, answer, "");
        prove(asked);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[asked]);
        this.proves(asked);
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, block.timestamp));
        this.proves(asked);
    }

    // --- who failed ---

    function test_WhoDoesNotProveInTimeIsLeftOutOfTheRound() public {
        allAudited(defaultRules());
        forEach(0xe, prove);
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, study.snapshot().deadline));
        this.proves(0);
        vm.recordLogs();
        study.advance();
        expectWrongPhase(Phase.Attest);
        this.proves(0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isFailed(logs, 0, "no proof"));
        vm.assertTrue(isForfeited(logs, 0, "no proof"));
        assertPhase(Phase.Attest);
        vm.assertEq(study.snapshot().failed, FIRST);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_NotSubmitted.selector, FIRST));
        this.attests(1, 0xf);
        // Its seat may work, and need not.
        int16[] memory scores = flat(100);
        for (uint256 i = 1; i < 4; i++) {
            attest(i, 0xe, scores);
        }
        passDeadline();
        study.advance();
        for (uint256 i = 1; i < 4; i++) {
            reveal(i, scores);
        }
        vm.assertEq(study.snapshot().survivors, 0xe);
        for (uint256 i = 1; i < 4; i++) {
            signModel(i, MODEL);
        }
        vm.assertEq(study.snapshot().completed, 1);
        vm.assertEq(study.forfeitedOf(hospitals[0]), AUDIT_SLASH, "once");
        vm.assertEq(study.rewardOf(hospitals[0]), 0);
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 9, "without the audit's forfeit");
        IReputation.Standing memory standing = reputation.standingOf(hospitals[0]);
        vm.assertEq(standing.reputation, 4000, "an outcome of 0");
        vm.assertEq(standing.faults, 1);
        (uint32 asked, uint32 passed) = reputation.honestyOf(hospitals[0]);
        vm.assertEq(asked, 1);
        vm.assertEq(passed, 0);
    }

    function test_WhereTooFewProveTheRoundIsVoid() public {
        allAudited(provenMaskedRules());
        forEach(3, prove);
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Audit);
        study.advance();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.voids, 1);
        vm.assertEq(study.forfeitedOf(hospitals[3]), AUDIT_SLASH);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0, "no attestation was asked for");
    }

    function test_WhoDidNotSubmitPaysTheOtherSlash() public {
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        startProven(4);
        forEach(7, submitProven);
        passDeadline();
        study.advance();
        vm.roll(block.number + 3 * K + 1);
        revealAllBut(0);
        proveAllBut(FIRST);
        int16[] memory scores = flat(100);
        for (uint256 i = 0; i < 4; i++) {
            attest(i, 6, scores);
        }
        revealAll(scores);
        signAll(MODEL);
        vm.assertEq(study.forfeitedOf(hospitals[3]), SLASH);
        vm.assertEq(study.forfeitedOf(hospitals[0]), AUDIT_SLASH);
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 3 / 2, "the next round pays for neither");
    }

    function test_ForfeitsOfAuditsArePaidAtTheEnd() public {
        startAllAudited(4);
        toAudit();
        proveAllBut(FIRST);
        finish();
        runProvenRound();
        uint256 before = study.rewardOf(hospitals[3]);
        vm.assertEq(before, DEPOSIT / 9 + DEPOSIT / 12);
        runProvenRound();
        assertEnded(EndReason.Completed);
        // By the sums of scores: two rounds of the one, three each of the others.
        vm.assertEq(study.rewardOf(hospitals[3]), DEPOSIT / 9 + DEPOSIT / 6 + (AUDIT_SLASH * 3) / 11);
        vm.assertEq(study.rewardOf(hospitals[0]), DEPOSIT / 6 + (AUDIT_SLASH * 2) / 11);
        assertPaidOut();
    }

    function test_TheSponsorStopsInRevealAndInAudit() public {
        startAllAudited(3);
        toReveal();
        vm.prank(sponsor);
        study.stopTask();
        assertEnded(EndReason.StoppedBySponsor);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0);
        assertPaidOut();

        allAudited(defaultRules());
        prove(0);
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Audit);
        vm.prank(sponsor);
        study.stopTask();
        vm.assertEq(study.forfeitedOf(hospitals[1]), 0);
        assertPaidOut();
    }

    function test_WhoLeavesStillOwesItsProof() public {
        allAudited(defaultRules());
        vm.prank(hospitals[0]);
        study.leaveTask();
        expectError(IStudy.Study_NothingToWithdraw.selector);
        vm.prank(hospitals[0]);
        study.withdraw();
        proveAllBut(FIRST);
        vm.assertEq(study.forfeitedOf(hospitals[0]), AUDIT_SLASH);
        finish();
        vm.assertEq(study.snapshot().participants, 0xe);
        vm.prank(hospitals[0]);
        vm.assertEq(study.withdraw(), STAKE - AUDIT_SLASH);
    }

    function test_WhoseStakeIsBelowAnAuditsSlashTakesNoPart() public {
        audits.slashBps = 9500;
        rules.rounds = 4;
        study = createProvenStudy();
        startProven(4);
        forEach(0xe, submitProven);
        passDeadline();
        study.advance();
        vm.roll(block.number + 3 * K + 1);
        revealAllBut(0);
        proveAllBut(0);
        finish();
        vm.assertEq(study.stakeOf(hospitals[0]), STAKE - SLASH, "more than another fault, less than an audit");
        vm.assertEq(study.snapshot().participants, 0xe);
    }

    // --- the share ---

    function test_AFailureDoublesTheShareAndCleanRoundsHalveItBack() public {
        rules.rounds = 20;
        audits.contributions = 20;
        audits.hospitalsBps = 1000;
        audits.slashBps = 10;
        study = createProvenStudy();
        startProven(6);
        // Of six: 1000, 2000, 4000, 8000, 10000 basis points, and who failed besides.
        toAudit();
        vm.assertEq(membersIn(study.snapshot().audited), 1);
        uint64 failed = study.snapshot().audited;
        proveAllBut(failed);
        finish();
        uint256[7] memory drawn = [uint256(2), 3, 5, 5, 0, 0, 0];
        for (uint256 round = 0; round < 4; round++) {
            toAudit();
            Snapshot memory s = study.snapshot();
            vm.assertEq(s.audited & failed, failed, "who failed is due");
            vm.assertEq(membersIn(s.audited), 1 + drawn[round]);
            proveAllBut(failed);
            finish();
        }
        // Back: 10000, 5500, 3250 beside who failed, 2125, 1562, 1281, 1140 without.
        drawn = [uint256(6), 5, 3, 2, 1, 1, 1];
        for (uint256 round = 0; round < 7; round++) {
            toAudit();
            Snapshot memory s = study.snapshot();
            if (round < 3) vm.assertEq(s.audited & failed, failed, "still due");
            vm.assertEq(membersIn(s.audited), drawn[round]);
            proveAllBut(0);
            finish();
        }
    }

    function test_WhoFailedIsDueUntilItPassedThree() public {
        rules.rounds = 20;
        audits.contributions = 20;
        audits.hospitalsBps = 1;
        audits.slashBps = 10;
        study = createProvenStudy();
        startProven(6);
        toAudit();
        uint64 failed = study.snapshot().audited;
        proveAllBut(failed);
        finish();
        for (uint256 n = 0; n < 2; n++) {
            toAudit();
            vm.assertEq(study.snapshot().audited & failed, failed);
            proveAllBut(0);
            finish();
        }
        // It fails again just before the third.
        toAudit();
        proveAllBut(failed);
        finish();
        for (uint256 n = 0; n < 3; n++) {
            toAudit();
            vm.assertEq(study.snapshot().audited & failed, failed);
            vm.assertEq(membersIn(study.snapshot().audited), 2, "beside one that is drawn");
            proveAllBut(0);
            finish();
        }
        uint256 times = 0;
        for (uint256 n = 0; n < 6; n++) {
            toAudit();
            vm.assertEq(membersIn(study.snapshot().audited), 1);
            if (study.snapshot().audited == failed) times++;
            proveAllBut(0);
            finish();
        }
        vm.assertLt(times, 6, "left to chance");
    }

    // --- masked ---

    function test_OneSeatKeepsNobodyOutOfASumAndItsSeedsShowWhoIsWrong() public {
        found(provenMaskedRules(), 6);
        audits.hospitalsBps = 1;
        study = createProvenStudy();
        startProven(6);
        toAudit();
        uint64 drawn = study.snapshot().audited;
        proveAllBut(0);
        uint64 other = drawn == FIRST ? 2 : FIRST;
        // One seat has neither of two, of which one was drawn.
        for (uint256 i = 0; i < 6; i++) {
            attest(i, i == 5 ? 0x3f & ~(drawn | other) : 0x3f);
        }
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Unmask);
        vm.assertEq(s.survivors, 0x3f, "a quorum is enough");
        for (uint256 i = 0; i < 5; i++) {
            postMasks(i);
        }
        draw();
        s = study.snapshot();
        uint256 seat = 0;
        while (s.seats[seat] != 5) seat++;
        vm.assertEq((s.opening >> seat) & 1, 1, "the seat that did not attest");
        for (uint256 i = 0; i < 5; i++) {
            openShares(i);
        }
        for (uint256 i = 0; i < 5; i++) {
            signModel(i, MODEL);
        }
        vm.assertEq(study.snapshot().completed, 1);
        uint256 member = indexOf(drawn);
        vm.assertEq(study.forfeitedOf(hospitals[member]), 0);
        vm.assertGt(study.rewardOf(hospitals[member]), 0, "paid");
        vm.assertEq(study.forfeitedOf(hospitals[5]), 0, "not at fault either");
    }

    function test_SeatsThatDoNotAttestHaveNoSay() public {
        allAudited(provenMaskedRules());
        proveAllBut(0);
        forEach(7, attestsAll);
        passDeadline();
        study.advance();
        vm.assertEq(study.snapshot().survivors, 0xf);
    }

    function test_AWholeMaskedRoundIsProven() public {
        startAllAuditedBy(provenMaskedRules(), 4);
        toAudit();
        proveAllBut(8);
        for (uint256 i = 0; i < 4; i++) {
            attest(i, 7);
        }
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.survivors, 7);
        vm.assertGt(s.weights[2], 0, "as it submitted");
        for (uint256 i = 0; i < 4; i++) {
            postMasks(i);
        }
        draw();
        shareAll();
        signAll(MODEL);
        vm.assertEq(study.snapshot().completed, 1);
        vm.assertEq(study.rewardOf(hospitals[0]), DEPOSIT / 9);
        vm.assertEq(study.forfeitedOf(hospitals[3]), AUDIT_SLASH);
    }

    // --- any history of one round ---

    /// Whoever kept its part back, and whoever was drawn and did not prove, fails, pays once and is not in the model; nobody else is.
    function testFuzz_ExactlyThoseFailThatDidNotRevealOrProve(uint64 silent, uint64 proofless, bool masked)
        public
    {
        found(masked ? provenMaskedRules() : defaultRules(), 6);
        startProven(6);
        toReveal();
        silent &= 0x3f;
        revealAllBut(silent);
        Snapshot memory s = study.snapshot();
        uint64 failed = silent;
        if (s.phase == Phase.Audit) {
            vm.assertEq(s.audited & silent, 0, "who failed is not asked again");
            failed |= s.audited & proofless;
            proveAllBut(proofless);
        }
        uint256 least = masked ? 3 : 2;
        bool isVoid = 6 - membersIn(failed) < least;
        s = study.snapshot();
        vm.assertEq(s.round, isVoid ? 2 : 1);
        if (!isVoid) {
            assertPhase(Phase.Attest);
            vm.assertEq(s.failed, failed);
            vm.assertEq(s.cleared, s.audited & ~proofless);
        }
        for (uint256 i = 0; i < 6; i++) {
            uint256 paid = (failed >> i) & 1 == 1 ? AUDIT_SLASH : 0;
            vm.assertEq(study.forfeitedOf(hospitals[i]), paid);
        }
        vm.prank(sponsor);
        study.stopTask();
        assertPaidOut();
    }

    // --- helpers ---

    /// Four hospitals, all of them drawn in the first round.
    function allAudited(Rules memory rules_) private {
        startAllAuditedBy(rules_, 4);
        toAudit();
        vm.assertEq(study.snapshot().audited, 0xf);
    }

    function startAllAudited(uint256 n) private {
        startAllAuditedBy(defaultRules(), n);
    }

    function startAllAuditedBy(Rules memory rules_, uint256 n) private {
        found(rules_, 6);
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        startProven(n);
    }

    function expectBadAnswer(AuditAnswer memory answer, string memory reason) private {
        bytes memory proof = abi.encode(statementOf(answerOf(0), contextOf(0, 1, 0), 0));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadAnswer.selector, reason));
        study.prove(hospitals[0], 1, answer, proof);
    }

    function attestsAll(uint256 i) private {
        attest(i, 0xf);
    }

    function beaconOf(uint16 round, bytes32 hash, bytes32[] memory parts) private view returns (bytes32) {
        bytes memory words;
        for (uint256 i = 0; i < parts.length; i++) {
            words = abi.encodePacked(words, parts[i]);
        }
        return keccak256(
            abi.encodePacked(
                "wardround/beacon/1",
                hash,
                words,
                block.chainid,
                address(study),
                address(study),
                uint256(round)
            )
        );
    }

    function membersIn(uint64 set) private pure returns (uint256 n) {
        for (; set != 0; set &= set - 1) {
            n++;
        }
    }

    function indexOf(uint64 one) private pure returns (uint256 i) {
        while ((one >> i) & 1 == 0) i++;
    }

    function isFailed(Vm.Log[] memory logs, uint256 i, string memory reason) private view returns (bool) {
        return isLogged(logs, IStudy.AuditFailed.selector, i, abi.encode(reason));
    }

    function isForfeited(Vm.Log[] memory logs, uint256 i, string memory reason) private view returns (bool) {
        return isLogged(logs, IStudy.StakeForfeited.selector, i, abi.encode(AUDIT_SLASH, reason));
    }

    function isLogged(Vm.Log[] memory logs, bytes32 selector, uint256 i, bytes memory data)
        private
        view
        returns (bool)
    {
        bytes32 topic = bytes32(uint256(uint160(hospitals[i])));
        for (uint256 n = 0; n < logs.length; n++) {
            if (logs[n].topics[0] != selector || logs[n].topics[2] != topic) continue;
            if (keccak256(logs[n].data) == keccak256(data)) return true;
        }
        return false;
    }

    // As calls, so that only the last of several can be expected to revert.

    function prepares(uint256 i, bytes32 data) external {
        prepare(i, data);
    }

    function submits(uint256 i) external {
        submitProven(i);
    }

    function submitsAs(uint256 i, uint8 weight, bytes32 trace, bytes32 promise_) external {
        uint16 round = currentRound();
        vm.prank(hospitals[i]);
        study.submitProven(round, keccak256("update"), keccak256("commitment"), weight, trace, promise_);
    }

    function proves(uint256 i) external {
        prove(i);
    }

    function attests(uint256 i, uint64 opened) external {
        attest(i, opened, flat(100));
    }

    function does(bytes calldata call) external {
        (bool ok, bytes memory reason) = address(study).call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
