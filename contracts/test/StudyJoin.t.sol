// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Study } from "../src/Study.sol";
import { IHospitalRegistry, Keys } from "../src/interfaces/IHospitalRegistry.sol";
import { EndReason, IStudy, Phase, Snapshot } from "../src/interfaces/IStudy.sol";
import { Fixture } from "./base/Fixture.sol";
import { vm } from "./base/Vm.sol";

/// From the funding to the first round: StudyJoin.tree.
contract StudyJoinTest is Fixture {
    // --- initialize ---

    function test_InitializeIsTheFactorysAlone() public {
        expectError(IStudy.Study_NotSponsor.selector, address(this));
        study.initialize(address(this), rules);
    }

    function test_TheImplementationIsNobodysStudy() public {
        Study implementation = factory.implementation();
        expectError(IStudy.Study_NotSponsor.selector, sponsor);
        vm.prank(sponsor);
        implementation.initializeTask(MODEL_URI, rules.rounds, DEPOSIT);
    }

    // --- initializeTask ---

    function test_FundingByAllowanceOpensTheStudy() public {
        vm.prank(sponsor);
        credits.approve(address(study), DEPOSIT);
        vm.prank(sponsor);
        study.initializeTask(MODEL_URI, rules.rounds, DEPOSIT);
        assertPhase(Phase.Open);
        vm.assertEq(credits.balanceOf(address(study)), DEPOSIT);
        vm.assertEq(study.modelURI(), MODEL_URI);
        vm.assertEq(study.snapshot().deadline, block.timestamp + rules.openSeconds);
    }

    function test_FundingByTransferAndCallOpensTheStudy() public {
        openStudy();
        assertPhase(Phase.Open);
        vm.assertEq(credits.balanceOf(address(study)), DEPOSIT);
        vm.assertEq(study.modelURI(), MODEL_URI);
    }

    function test_OnlyTheSponsorFunds() public {
        expectError(IStudy.Study_NotSponsor.selector, stranger);
        vm.prank(stranger);
        study.initializeTask(MODEL_URI, rules.rounds, DEPOSIT);
    }

    function test_FundingTwiceIsRefused() public {
        openStudy();
        expectWrongPhase(Phase.Open);
        vm.prank(sponsor);
        study.initializeTask(MODEL_URI, rules.rounds, DEPOSIT);
    }

    function test_OtherRoundsThanTheRulesAreRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadRules.selector, "rounds"));
        vm.prank(sponsor);
        study.initializeTask(MODEL_URI, rules.rounds + 1, DEPOSIT);
    }

    function test_ADepositOfLessThanAUnitARoundIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_DepositTooSmall.selector, 2, 3));
        vm.prank(sponsor);
        study.initializeTask(MODEL_URI, rules.rounds, 2);
    }

    function test_AnEmptyModelUriIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadRules.selector, "modelURI"));
        vm.prank(sponsor);
        study.initializeTask("", rules.rounds, DEPOSIT);
    }

    // --- joinTask ---

    function test_JoiningByTransferAndCallTakesStakeAndKeysAtOnce() public {
        openStudy();
        vm.expectEmit(address(study));
        emit IStudy.HospitalJoined(hospitals[0], 0, STAKE);
        join(0);
        vm.assertEq(study.stakeOf(hospitals[0]), STAKE);
        vm.assertEq(study.snapshot().members[0], hospitals[0]);
        vm.assertEq(abi.encode(registry.keysOf(address(study), hospitals[0])), abi.encode(keysOf(0)));
    }

    function test_JoiningByAllowanceReturnsTheModelUri() public {
        openStudy();
        vm.prank(hospitals[0]);
        credits.approve(address(study), STAKE);
        vm.prank(hospitals[0]);
        vm.assertEq(study.joinTask(keysOf(0)), MODEL_URI);
        vm.assertEq(study.stakeOf(hospitals[0]), STAKE);
        vm.assertEq(credits.balanceOf(address(study)), DEPOSIT + STAKE);
    }

    function test_NobodyJoinsTwice() public {
        openStudy();
        join(0);
        bytes memory intent = abi.encode(uint8(1), abi.encode(keysOf(1)));
        expectError(IStudy.Study_AlreadyJoined.selector, hospitals[0]);
        vm.prank(hospitals[0]);
        credits.transferAndCall(address(study), STAKE, intent);
    }

    function test_NobodyJoinsAgainAfterLeaving() public {
        openStudy();
        join(0);
        vm.prank(hospitals[0]);
        study.leaveTask();
        expectError(IStudy.Study_AlreadyJoined.selector, hospitals[0]);
        vm.prank(hospitals[0]);
        study.joinTask(keysOf(0));
    }

    function test_AnotherAmountThanTheStakeIsRefused() public {
        openStudy();
        bytes memory intent = abi.encode(uint8(1), abi.encode(keysOf(0)));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongStake.selector, STAKE - 1, STAKE));
        vm.prank(hospitals[0]);
        credits.transferAndCall(address(study), STAKE - 1, intent);
    }

    function test_WhoIsNotAccreditedCannotJoin() public {
        openStudy();
        expectError(IHospitalRegistry.HospitalRegistry_NotAccredited.selector, stranger);
        vm.prank(stranger);
        study.joinTask(keysOf(0));
    }

    function test_WhoIsSuspendedCannotJoin() public {
        openStudy();
        vm.prank(issuer);
        registry.suspend(hospitals[0], "audit");
        expectError(IHospitalRegistry.HospitalRegistry_Suspended.selector, hospitals[0]);
        vm.prank(hospitals[0]);
        study.joinTask(keysOf(0));
    }

    function test_AFullStudyTakesNobody() public {
        rules.maxHospitals = 2;
        study = createStudy();
        openStudy();
        join(0);
        join(1);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Full.selector, 2));
        vm.prank(hospitals[2]);
        study.joinTask(keysOf(2));
    }

    function test_NobodyJoinsADraft() public {
        expectWrongPhase(Phase.Draft);
        vm.prank(hospitals[0]);
        study.joinTask(keysOf(0));
    }

    function test_WhoJoinsARunningStudyTakesPartFromTheNextRound() public {
        startStudy(3);
        join(3);
        vm.assertEq(study.snapshot().participants, 7);
        expectError(IStudy.Study_NotParticipant.selector, hospitals[3]);
        vm.prank(hospitals[3]);
        study.submitUpdate(1, MODEL, 0);
        runRound(flat(10));
        vm.assertEq(study.snapshot().participants, 15);
        vm.assertEq(currentRound(), 2);
    }

    function test_WhoJoinsBeforeTheFreezeTakesPartFromTheNextRound() public {
        startStudy(2);
        int16[] memory scores = flat(10);
        submitAll();
        join(2);
        attestAll(scores);
        join(3);
        revealAll(scores);
        signAll(MODEL);
        assertRound(2, 15, 4);
    }

    function test_WhoJoinsAfterTheFreezeTakesPartFromTheRoundAfterNext() public {
        startStudy(3);
        toAggregate();
        join(3);
        signAll(MODEL);
        assertRound(2, 7, 3);
        expectError(IStudy.Study_NotParticipant.selector, hospitals[3]);
        vm.prank(hospitals[3]);
        study.submitUpdate(2, MODEL, 0);
        runRound(flat(10));
        assertRound(3, 15, 4);
        vm.assertEq(study.stakeOf(hospitals[3]), STAKE);
        vm.assertEq(study.forfeitedOf(hospitals[3]), 0);
        vm.assertEq(reputation.standingOf(hospitals[3]).rounds, 0);
        runRound(flat(10));
        vm.assertEq(reputation.standingOf(hospitals[3]).rounds, 1);
        assertEnded(EndReason.Completed);
        assertPaidOut();
    }

    function test_WhoJoinsInThePauseTakesPartFromTheRoundAfterNext() public {
        rules.pauseSeconds = 30;
        study = createStudy();
        startStudy(3);
        runRound(flat(10));
        assertPhase(Phase.Settle);
        join(3);
        passDeadline();
        study.nextRound();
        assertRound(2, 7, 3);
        runRound(flat(10));
        passDeadline();
        study.nextRound();
        assertRound(3, 15, 4);
    }

    function test_RoundZerosStatisticsAreAModelToo() public {
        rules.standardise = true;
        study = createStudy();
        startStudy(3);
        submitAll();
        attestAll(flat(0));
        assertPhase(Phase.Aggregate);
        join(3);
        signAll(MODEL);
        assertRound(2, 7, 3);
        runRound(flat(10));
        assertRound(3, 15, 4);
    }

    function test_WhoJoinsARoundThatIsVoidWaitsForAModelThatItHolds() public {
        startStudy(3);
        runRound(flat(10));
        join(3);
        submit(0);
        passDeadline();
        study.advance();
        assertRound(3, 7, 3);
        vm.assertEq(study.snapshot().voids, 1);
        runRound(flat(10));
        assertRound(4, 15, 4);
    }

    function test_BeforeTheFirstModelThereIsNothingToHold() public {
        startStudy(3);
        toAggregate();
        join(3);
        passDeadline();
        study.advance();
        assertRound(2, 15, 0);
    }

    function test_ASkippedRoundMakesNobodyHoldTheModel() public {
        startStudy(2);
        toAggregate();
        join(2);
        join(3);
        veto(0, 2, true);
        signAll(MODEL);
        assertPhase(Phase.Settle);
        passDeadline();
        study.nextRound();
        assertRound(3, 3, 2);
        runRound(flat(10));
        assertRound(4, 15, 4);
    }

    function test_FewerThanTwoThatHoldTheModelEndTheStudy() public {
        startStudy(2);
        toAggregate();
        join(2);
        join(3);
        vm.prank(hospitals[0]);
        study.leaveTask();
        signAll(MODEL);
        assertEnded(EndReason.TooFewHospitals);
        vm.assertEq(study.forfeitedOf(hospitals[2]), 0);
        assertPaidOut();
    }

    function test_WhoLeavesBeforeItsFirstRoundTakesTheStakeAlong() public {
        startStudy(3);
        toAggregate();
        join(3);
        signAll(MODEL);
        vm.prank(hospitals[3]);
        study.leaveTask();
        vm.prank(hospitals[3]);
        vm.assertEq(study.withdraw(), STAKE);
    }

    function toAggregate() private {
        submitAll();
        attestAll(flat(10));
        revealAll(flat(10));
        assertPhase(Phase.Aggregate);
    }

    function assertRound(uint16 round, uint64 participants, uint8 modelMembers) private view {
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Train);
        vm.assertEq(s.round, round);
        vm.assertEq(s.participants, participants, "participants");
        vm.assertEq(s.modelMembers, modelMembers, "whom the model is sealed to");
        for (uint256 k = 0; k < s.seats.length; k++) {
            vm.assertEq((participants >> s.seats[k]) & 1, 1, "a seat takes part");
        }
    }

    // --- onTransferReceived ---

    function test_OnlyTheCreditsReportTransfers() public {
        expectError(IStudy.Study_OnlyCredits.selector, address(this));
        study.onTransferReceived(sponsor, sponsor, DEPOSIT, "");
    }

    function test_AnAllowanceIsNoLeaveToJoinInSomebodysName() public {
        openStudy();
        vm.prank(hospitals[0]);
        credits.approve(stranger, STAKE);
        bytes memory intent = abi.encode(uint8(1), abi.encode(keysOf(1)));
        expectError(IStudy.Study_BadIntent.selector);
        vm.prank(stranger);
        credits.transferFromAndCall(hospitals[0], address(study), STAKE, intent);
    }

    function test_UnknownIntentsAreRefused() public {
        openStudy();
        expectError(IStudy.Study_BadIntent.selector);
        vm.prank(hospitals[0]);
        credits.transferAndCall(address(study), STAKE, abi.encode(uint8(2), bytes("")));
        expectError(IStudy.Study_BadIntent.selector);
        vm.prank(hospitals[0]);
        credits.transferAndCall(address(study), STAKE, "");
    }

    // --- leaving and removing before the start ---

    function test_WhoLeavesBeforeTheStartTakesTheStakeAlong() public {
        openStudy();
        join(0);
        vm.prank(hospitals[0]);
        study.leaveTask();
        uint256 before = credits.balanceOf(hospitals[0]);
        vm.prank(hospitals[0]);
        study.withdraw();
        vm.assertEq(credits.balanceOf(hospitals[0]), before + STAKE);
    }

    function test_TheSponsorRemovesBeforeTheStartOnly() public {
        openStudy();
        for (uint256 i = 0; i < 4; i++) {
            join(i);
        }
        vm.expectEmit(address(study));
        emit IStudy.HospitalLeft(hospitals[3], "removed");
        vm.prank(sponsor);
        study.removeWorker(hospitals[3]);
        vm.prank(sponsor);
        study.startTask();
        vm.assertEq(study.snapshot().participants, 7);
        expectWrongPhase(Phase.Train);
        vm.prank(sponsor);
        study.removeWorker(hospitals[2]);
    }

    function test_AStrangerRemovesOnlyTheSuspended() public {
        openStudy();
        join(0);
        expectError(IStudy.Study_NotSponsor.selector, stranger);
        vm.prank(stranger);
        study.removeWorker(hospitals[0]);
        vm.prank(issuer);
        registry.suspend(hospitals[0], "audit");
        vm.expectEmit(address(study));
        emit IStudy.HospitalLeft(hospitals[0], "suspended");
        vm.prank(stranger);
        study.removeWorker(hospitals[0]);
    }

    function test_WhoIsNoMemberCannotLeaveOrBeRemoved() public {
        openStudy();
        expectError(IStudy.Study_NotMember.selector, hospitals[0]);
        vm.prank(hospitals[0]);
        study.leaveTask();
        expectError(IStudy.Study_NotMember.selector, hospitals[0]);
        vm.prank(sponsor);
        study.removeWorker(hospitals[0]);
    }

    // --- startTask ---

    function test_TheSponsorStartsOnceEnoughHaveJoined() public {
        openStudy();
        join(0);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooFewHospitals.selector, 1, 2));
        vm.prank(sponsor);
        study.startTask();
        join(1);
        vm.prank(sponsor);
        study.startTask();
        assertPhase(Phase.Train);
        vm.assertEq(currentRound(), 1);
    }

    function test_OthersStartOnlyAfterTheOpenDeadline() public {
        openStudy();
        join(0);
        join(1);
        expectError(IStudy.Study_NotSponsor.selector, stranger);
        vm.prank(stranger);
        study.startTask();
        passDeadline();
        vm.prank(stranger);
        study.startTask();
        assertPhase(Phase.Train);
    }

    function test_TheSuspendedDoNotCountAtTheStart() public {
        openStudy();
        join(0);
        join(1);
        vm.prank(issuer);
        registry.suspend(hospitals[1], "audit");
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooFewHospitals.selector, 1, 2));
        vm.prank(sponsor);
        study.startTask();
    }

    function test_TooFewAtTheOpenDeadlineEndsTheStudyWithRefunds() public {
        openStudy();
        join(0);
        passDeadline();
        study.advance();
        assertEnded(EndReason.TooFewHospitals);
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT);
        vm.assertEq(study.stakeOf(hospitals[0]), STAKE);
        assertPaidOut();
    }

    function test_AdvanceStartsWhenEnoughHaveJoined() public {
        openStudy();
        join(0);
        join(1);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooEarly.selector, study.snapshot().deadline));
        study.advance();
        passDeadline();
        study.advance();
        assertPhase(Phase.Train);
    }

    function test_ADraftCannotBeAdvanced() public {
        expectError(IStudy.Study_NothingToAdvance.selector);
        study.advance();
    }

    // --- seats ---

    function test_SeatsRotateByRound() public {
        rules.maxSeats = 3;
        study = createStudy();
        startStudy(4);
        assertSeats(0, 1, 2);
        runRound(flat(10));
        assertSeats(1, 2, 3);
        runRound(flat(10));
        assertSeats(2, 3, 0);
    }

    function assertSeats(uint256 a, uint256 b, uint256 c) private view {
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.seats.length, 3);
        vm.assertEq(s.seats[0], a);
        vm.assertEq(s.seats[1], b);
        vm.assertEq(s.seats[2], c);
    }
}
