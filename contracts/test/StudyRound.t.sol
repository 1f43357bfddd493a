// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Study } from "../src/Study.sol";
import { EndReason, IStudy, Phase, RoundKind, Signature, Snapshot } from "../src/interfaces/IStudy.sol";
import { Duties } from "../src/libraries/Duties.sol";
import { Fixture } from "./base/Fixture.sol";
import { vm } from "./base/Vm.sol";

/// One round, phase by phase: StudyRound.tree.
contract StudyRoundTest is Fixture {
    function setUp() public override {
        super.setUp();
        startStudy(4);
    }

    // --- submitUpdate ---

    function test_ASubmissionIsKeptAndAnnounced() public {
        bytes32 update = updateOf(2, 1);
        vm.expectEmit(address(study));
        emit IStudy.UpdateSubmitted(1, hospitals[2], update, keccak256(abi.encode("commitment", 2, 1)));
        submit(2);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.submitted, 4);
        vm.assertEq(s.updates[2], update);
        vm.assertEq(s.updates[0], bytes32(0));
        (address[] memory from, bytes32[] memory updates) = study.getSubmissions(1);
        vm.assertEq(from.length, 1);
        vm.assertEq(from[0], hospitals[2]);
        vm.assertEq(updates[0], update);
    }

    function test_AHospitalSubmitsOnceARound() public {
        submit(0);
        expectError(IStudy.Study_AlreadySubmitted.selector, hospitals[0]);
        vm.prank(hospitals[0]);
        study.submitUpdate(1, MODEL, 0);
    }

    function test_AnotherRoundsSubmissionIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 2, 1));
        vm.prank(hospitals[0]);
        study.submitUpdate(2, MODEL, 0);
    }

    function test_AnEmptyUpdateIsRefused() public {
        expectError(IStudy.Study_EmptyUpdate.selector);
        vm.prank(hospitals[0]);
        study.submitUpdate(1, 0, MODEL);
    }

    function test_AStrangersUpdateIsRefused() public {
        expectError(IStudy.Study_NotParticipant.selector, stranger);
        vm.prank(stranger);
        study.submitUpdate(1, MODEL, 0);
    }

    function test_ALateSubmissionIsRefused() public {
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        vm.prank(hospitals[0]);
        study.submitUpdate(1, MODEL, 0);
    }

    function test_ASubmissionInTheLastSecondCounts() public {
        vm.warp(study.snapshot().deadline - 1);
        submit(0);
        vm.assertEq(study.snapshot().submitted, 1);
    }

    function test_TheLastSubmissionOpensAttestation() public {
        for (uint256 i = 0; i < 3; i++) {
            submit(i);
        }
        assertPhase(Phase.Train);
        submit(3);
        assertPhase(Phase.Attest);
        vm.assertEq(study.snapshot().deadline, block.timestamp + rules.attestSeconds);
    }

    function test_TheSecondRoundsSubmissionsStartEmpty() public {
        runRound(flat(10));
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        for (uint256 i = 0; i < 4; i++) {
            vm.assertEq(s.updates[i], bytes32(0));
        }
        (address[] memory from,) = study.getSubmissions(2);
        vm.assertEq(from.length, 0);
    }

    function test_SubmissionsOfAnotherRoundAreNotAnswered() public {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 7, 1));
        study.getSubmissions(7);
    }

    // --- advance from Train ---

    function test_TwoSubmissionsGoOnAtTheDeadline() public {
        submit(0);
        submit(3);
        passDeadline();
        study.advance();
        assertPhase(Phase.Attest);
        vm.assertEq(study.snapshot().submitted, 9);
    }

    function test_OneSubmissionVoidsTheRound() public {
        submit(0);
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Train);
        study.advance();
        assertPhase(Phase.Train);
        vm.assertEq(currentRound(), 2);
        vm.assertEq(study.snapshot().voids, 1);
    }

    // --- attest ---

    function test_AnAttestationIsKeptForItsSeat() public {
        submitAll();
        attest(2, 5, flat(10));
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.attested, 4);
        vm.assertEq(s.opened[2], 5);
        vm.assertEq(s.opened[0], 0);
    }

    function test_AnyoneCarriesASignedDuty() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        vm.prank(stranger);
        study.attest(hospitals[0], 1, 15, commitment, signature);
        vm.assertEq(study.snapshot().attested, 1);
    }

    function test_ADutySignedByAnotherHospitalIsRefused() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        expectError(IStudy.Study_BadSignature.selector, hospitals[1]);
        study.attest(hospitals[1], 1, 15, commitment, signature);
    }

    function test_AChangedDutyIsRefused() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.attest(hospitals[0], 1, 7, commitment, signature);
    }

    function test_ADutyOfAnotherStudyIsRefused() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        study = createStudy();
        startOtherStudy();
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.attest(hospitals[0], 1, 15, commitment, signature);
    }

    function test_AMalleableSignatureIsRefused() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        uint256 order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
        signature.s = bytes32(order - uint256(signature.s));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.attest(hospitals[0], 1, 15, commitment, signature);
    }

    function test_ASeatAttestsOnce() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        study.attest(hospitals[0], 1, 15, commitment, signature);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[0]);
        study.attest(hospitals[0], 1, 15, commitment, signature);
    }

    function test_OpeningWhatNobodySubmittedIsRefused() public {
        submit(0);
        submit(1);
        passDeadline();
        study.advance();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_NotSubmitted.selector, 12));
        study.attest(hospitals[0], 1, 15, commitment, signature);
    }

    function test_WhoHasNoSeatCannotAttest() public {
        submitAll();
        (bytes32 commitment, Signature memory signature) = attestation(0, 15);
        expectError(IStudy.Study_NotSeat.selector, stranger);
        study.attest(stranger, 1, 15, commitment, signature);
    }

    function test_AnUpdateOpenedByLessThanAQuorumIsOut() public {
        submitAll();
        int16[] memory scores = flat(10);
        attest(0, 15, scores);
        attest(1, 15, scores);
        attest(2, 7, scores);
        attest(3, 7, scores);
        revealAll(scores);
        vm.assertEq(study.snapshot().survivors, 7);
    }

    function test_AttestationsOfLessThanAQuorumVoidTheRound() public {
        submitAll();
        attest(0, 15, flat(10));
        attest(1, 15, flat(10));
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Attest);
        study.advance();
        vm.assertEq(study.snapshot().voids, 1);
    }

    function test_AQuorumOfAttestationsGoesOnAtTheDeadline() public {
        submitAll();
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, flat(10));
        }
        assertPhase(Phase.Attest);
        passDeadline();
        study.advance();
        assertPhase(Phase.Score);
    }

    function test_NothingOpenedVoidsTheRound() public {
        submitAll();
        for (uint256 i = 0; i < 4; i++) {
            attest(i, 0, flat(10));
        }
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertEq(currentRound(), 2);
    }

    // --- submitScore ---

    function test_ARevealMustMatchTheCommitment() public {
        submitAll();
        attestAll(flat(10));
        vm.assertEq(uint256(study.snapshot().phase), uint256(Phase.Score));
        this.expectWrongReveal(0, flat(11));
    }

    function expectWrongReveal(uint256 i, int16[] memory scores) external {
        uint16 round = currentRound();
        Signature memory none;
        expectError(IStudy.Study_WrongReveal.selector, hospitals[i]);
        study.submitScore(hospitals[i], round, scores, saltOf(i, round), 0, none);
    }

    function test_AMissingScoreIsRefused() public {
        submitAll();
        attestAll(flat(10));
        Signature memory none;
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongLength.selector, 3, 4));
        study.submitScore(hospitals[0], 1, new int16[](3), 0, 0, none);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongLength.selector, 5, 4));
        study.submitScore(hospitals[0], 1, new int16[](5), 0, 0, none);
    }

    function test_AListThatCountsHospitalsWhoJoinedInMidRoundIsTaken() public {
        uint256 i = addHospital();
        submitAll();
        join(i);
        int16[] memory five = flat(10);
        vm.assertEq(five.length, 5);
        attestAll(five);
        revealAll(five);
        assertPhase(Phase.Aggregate);
    }

    function test_WhoDidNotAttestCannotRevealAndIsNotWaitedFor() public {
        submitAll();
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, flat(10));
        }
        passDeadline();
        study.advance();
        this.expectWrongReveal(3, flat(10));
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, flat(10));
        }
        assertPhase(Phase.Aggregate);
    }

    function test_RevealsOfLessThanAQuorumVoidTheRound() public {
        submitAll();
        attestAll(flat(10));
        reveal(0, flat(10));
        reveal(1, flat(10));
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Score);
        study.submitRoundTopK(1);
    }

    function test_TheRankingWaitsForTheDeadlineOrTheLastReveal() public {
        submitAll();
        attestAll(flat(10));
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, flat(10));
        }
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooEarly.selector, study.snapshot().deadline));
        study.submitRoundTopK(1);
        passDeadline();
        study.submitRoundTopK(1);
        assertPhase(Phase.Aggregate);
    }

    // --- medians, survivors, ranking ---

    function test_AHospitalsOwnScoreOfItsUpdateDoesNotCount() public {
        startWithSeats(3);
        submitAll();
        // The others disagree, so member 0's own praise of itself would decide.
        int16[] memory bad = list(-300, 50, 60, 70);
        int16[] memory good = list(100, 50, 60, 70);
        int16[] memory own = list(32767, 50, 60, 70);
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, i == 0 ? own : i == 1 ? bad : good);
        }
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, i == 0 ? own : i == 1 ? bad : good);
        }
        vm.assertEq(study.snapshot().survivors, 14);
    }

    function test_TheLowerMiddleOfAnEvenNumberDecides() public {
        startWithSeats(3);
        submitAll();
        // Member 0 is scored by seats 1 and 2: −201 and 500. The lower of them is below the margin.
        int16[] memory low = list(-201, 0, 0, 0);
        int16[] memory high = list(500, 0, 0, 0);
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, i == 1 ? low : high);
        }
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, i == 1 ? low : high);
        }
        vm.assertEq(study.snapshot().survivors, 14);
    }

    function test_AMedianAtTheMarginQualifies() public {
        submitAll();
        int16[] memory scores = list(MARGIN, MARGIN - 1, 0, 0);
        attestAll(scores);
        revealAll(scores);
        vm.assertEq(study.snapshot().survivors, 13);
    }

    function test_AScoreOfWhatASeatDidNotOpenDoesNotCount() public {
        submitAll();
        // Seat 3 says it did not open member 0's update, yet scores it; the others' median alone counts.
        int16[] memory others = list(-300, 10, 10, 10);
        int16[] memory liar = list(30000, 10, 10, 10);
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, i == 0 ? liar : others);
        }
        attest(3, 14, liar);
        for (uint256 i = 0; i < 4; i++) {
            reveal(i, i == 0 || i == 3 ? liar : others);
        }
        vm.assertEq(study.snapshot().survivors, 14);
    }

    function test_AnOpenedUpdateThatNobodyScoredIsLeftOutWithoutAFault() public {
        submitAll();
        int16[] memory scores = list(type(int16).min, 10, 10, 10);
        attestAll(scores);
        revealAll(scores);
        vm.assertEq(study.snapshot().survivors, 14);
        signAll(MODEL);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0);
        vm.assertEq(reputation.standingOf(hospitals[0]).reputation, 5000);
    }

    function test_TheRankingNamesTheTopByMedianThenReputation() public {
        // Round 1 lifts hospital 2 above hospital 1 in reputation.
        runRound(list(0, 0, 500, 0));
        submitAll();
        int16[] memory scores = list(10, 30, 30, 20);
        attestAll(scores);
        revealAll(scores);
        address[] memory topK = study.rankingOf(2);
        vm.assertEq(topK.length, 3);
        vm.assertEq(topK[0], hospitals[2]);
        vm.assertEq(topK[1], hospitals[1]);
        vm.assertEq(topK[2], hospitals[3]);
        vm.assertEq(study.rankingOf(9).length, 0);
    }

    function test_NoSurvivorVoidsTheRoundWithoutFaults() public {
        submitAll();
        attestAll(flat(-1000));
        revealAll(flat(-1000));
        vm.assertEq(study.snapshot().voids, 1);
        for (uint256 i = 0; i < 4; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), 0);
        }
    }

    // --- signModel ---

    function test_AQuorumOfTheSameHashMakesTheModelOnceAllSigned() public {
        toAggregate();
        signModel(2, MODEL);
        signModel(0, MODEL);
        signModel(1, MODEL);
        assertPhase(Phase.Aggregate);
        vm.expectEmit(address(study));
        emit IStudy.ModelFinalised(1, MODEL, headerOf(2, MODEL), 7);
        signModel(3, OTHER_MODEL);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.modelRound, 1);
        vm.assertEq(s.modelHash, MODEL);
        vm.assertEq(s.modelHeader, headerOf(2, MODEL));
        vm.assertEq(s.completed, 1);
        vm.assertEq(s.round, 2);
    }

    function test_AQuorumOfTheSameHashIsEnoughAtTheDeadline() public {
        toAggregate();
        for (uint256 i = 0; i < 3; i++) {
            signModel(i, MODEL);
        }
        passDeadline();
        study.advance();
        vm.assertEq(study.snapshot().modelHash, MODEL);
        vm.assertEq(study.forfeitedOf(hospitals[3]), SLASH);
    }

    function test_SplitSeatsVoidTheRoundOnceAllSigned() public {
        toAggregate();
        signModel(0, MODEL);
        signModel(1, MODEL);
        signModel(2, OTHER_MODEL);
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Aggregate);
        signModel(3, OTHER_MODEL);
        vm.assertEq(study.snapshot().modelRound, 0);
        for (uint256 i = 0; i < 4; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), 0, "no timeout");
        }
    }

    function test_SignaturesOfLessThanAQuorumVoidTheRoundAtTheDeadline() public {
        toAggregate();
        signModel(0, MODEL);
        signModel(1, MODEL);
        passDeadline();
        study.advance();
        vm.assertEq(study.snapshot().voids, 1);
    }

    function test_NobodyWaitsForASeatThatDidNotAttest() public {
        submitAll();
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, flat(10));
        }
        passDeadline();
        study.advance();
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, flat(10));
        }
        for (uint256 i = 0; i < 3; i++) {
            signModel(i, MODEL);
        }
        vm.assertEq(study.snapshot().completed, 1);
    }

    function test_ALateSeatRescuesASplitVote() public {
        submitAll();
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, flat(10));
        }
        passDeadline();
        study.advance();
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, flat(10));
        }
        signModel(0, MODEL);
        signModel(1, MODEL);
        signModel(2, OTHER_MODEL);
        assertPhase(Phase.Aggregate);
        signModel(3, MODEL);
        vm.assertEq(study.snapshot().modelHash, MODEL);
    }

    // --- multicall ---

    function test_SignedDutiesTravelTogether() public {
        submitAll();
        bytes[] memory calls = new bytes[](4);
        for (uint256 i = 0; i < 4; i++) {
            (bytes32 commitment, Signature memory signature) = attestation(i, 15);
            calls[i] = abi.encodeCall(IStudy.attest, (hospitals[i], 1, 15, commitment, signature));
        }
        vm.prank(stranger);
        study.multicall(calls);
        assertPhase(Phase.Score);
    }

    // --- round zero ---

    function test_RoundZeroGoesFromAttestationToAggregation() public {
        rules.standardise = true;
        study = createStudy();
        startOtherStudy();
        vm.assertEq(uint256(study.snapshot().kind), uint256(RoundKind.Statistics));
        submitAll();
        attestAll(flat(0));
        assertPhase(Phase.Aggregate);
        vm.assertEq(study.snapshot().survivors, 15);
        signAll(MODEL);
        Snapshot memory s = study.snapshot();
        vm.assertEq(uint256(s.kind), uint256(RoundKind.Training));
        vm.assertEq(s.completed, 0, "round zero is no model round");
        vm.assertEq(s.modelRound, 1);
    }

    function test_AVoidRoundZeroIsTriedAgain() public {
        rules.standardise = true;
        study = createStudy();
        startOtherStudy();
        passDeadline();
        study.advance();
        vm.assertEq(currentRound(), 2);
        vm.assertEq(uint256(study.snapshot().kind), uint256(RoundKind.Statistics));
    }

    // --- nextRound ---

    function test_APauseSeparatesRounds() public {
        rules.pauseSeconds = 30;
        study = createStudy();
        startOtherStudy();
        runRound(flat(10));
        assertPhase(Phase.Settle);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooEarly.selector, study.snapshot().deadline));
        study.nextRound();
        vm.prank(hospitals[3]);
        study.leaveTask();
        vm.prank(hospitals[3]);
        study.withdraw();
        passDeadline();
        study.nextRound();
        assertPhase(Phase.Train);
        vm.assertEq(study.snapshot().participants, 7);
    }

    function test_AdvanceEndsAPauseToo() public {
        rules.pauseSeconds = 30;
        study = createStudy();
        startOtherStudy();
        runRound(flat(10));
        passDeadline();
        study.advance();
        assertPhase(Phase.Train);
    }

    // --- leaving a running study ---

    function test_WhoLeavesIsStillBoundToTheRunningRound() public {
        vm.prank(hospitals[3]);
        study.leaveTask();
        expectError(IStudy.Study_NothingToWithdraw.selector);
        vm.prank(hospitals[3]);
        study.withdraw();
        for (uint256 i = 0; i < 3; i++) {
            submit(i);
        }
        passDeadline();
        study.advance();
        attestAll(flat(10));
        revealAll(flat(10));
        signAll(MODEL);
        vm.assertEq(study.forfeitedOf(hospitals[3]), SLASH);
        vm.assertEq(study.snapshot().participants, 7);
        vm.prank(hospitals[3]);
        vm.assertEq(study.withdraw(), STAKE - SLASH);
    }

    function test_FewerThanTwoLeftEndsTheStudy() public {
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(hospitals[i]);
            study.leaveTask();
        }
        runRound(flat(10));
        assertEnded(EndReason.TooFewHospitals);
        assertPaidOut();
    }

    // --- helpers ---

    function attestation(uint256 i, uint64 opened) private view returns (bytes32, Signature memory) {
        uint16 round = currentRound();
        bytes32 commitment = keccak256(abi.encode(hospitals[i], round, flat(10), saltOf(i, round)));
        bytes32 digest = Duties.attestation(study.domainSeparator(), hospitals[i], round, opened, commitment);
        return (commitment, dutySign(i, digest));
    }

    function toAggregate() private {
        submitAll();
        attestAll(flat(10));
        revealAll(flat(10));
        assertPhase(Phase.Aggregate);
    }

    function startWithSeats(uint8 seats) private {
        rules.maxSeats = seats;
        study = createStudy();
        startOtherStudy();
    }

    /// Starts `study`, a new one, and in the test of duties brings it as far as the old one.
    function startOtherStudy() private {
        startStudy(4);
        if (rules.standardise || rules.pauseSeconds != 0 || rules.maxSeats != 7) return;
        submitAll();
    }
}
