// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { EndReason, IStudy, Phase, RewardSchedule, Snapshot } from "../src/interfaces/IStudy.sol";
import { IModelRegistry } from "../src/interfaces/IModelRegistry.sol";
import { Fixture } from "./base/Fixture.sol";
import { between, vm } from "./base/Vm.sol";

/// Faults, rewards, reputation and the end: StudySettle.tree.
contract StudySettleTest is Fixture {
    uint256 private constant ROUND_POOL = DEPOSIT / 3;

    // --- faults ---

    function test_WhoMissesTheTrainingDeadlineForfeitsToTheHonest() public {
        startStudy(4);
        for (uint256 i = 0; i < 3; i++) {
            submit(i);
        }
        passDeadline();
        study.advance();
        vm.recordLogs();
        finishRound(flat(10));
        assertLogged(IStudy.StakeForfeited.selector, hospitals[3], abi.encode(SLASH, "no update"));
        vm.assertEq(study.stakeOf(hospitals[3]), STAKE - SLASH);
        vm.assertEq(study.forfeitedOf(hospitals[3]), SLASH);
        vm.assertEq(reputation.standingOf(hospitals[3]).reputation, 4000);
        vm.assertEq(study.rewardOf(hospitals[3]), 0);
        vm.assertEq(study.rewardOf(hospitals[0]), (ROUND_POOL + SLASH) / 3);
    }

    function test_ADisqualifiedUpdateForfeits() public {
        startStudy(4);
        runRound(list(-201, 0, 0, 0));
        vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH);
        vm.assertEq(reputation.standingOf(hospitals[0]).faults, 1);
        vm.assertEq(study.rewardOf(hospitals[1]), (ROUND_POOL + SLASH) / 3);
    }

    function test_AnUpdateThatNoQuorumOpenedForfeits() public {
        startStudy(4);
        submitAll();
        int16[] memory scores = flat(0);
        for (uint256 i = 0; i < 4; i++) {
            attest(i, i < 2 ? 15 : 7, scores);
        }
        revealAll(scores);
        vm.recordLogs();
        signAll(MODEL);
        assertLogged(IStudy.StakeForfeited.selector, hospitals[3], abi.encode(SLASH, "not opened"));
    }

    function test_ASeatThatDoesNotAttestForfeitsOnceARound() public {
        startStudy(4);
        submitAll();
        int16[] memory scores = flat(0);
        for (uint256 i = 0; i < 3; i++) {
            attest(i, 15, scores);
        }
        passDeadline();
        study.advance();
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, scores);
        }
        vm.recordLogs();
        for (uint256 i = 0; i < 3; i++) {
            signModel(i, MODEL);
        }
        assertLogged(IStudy.StakeForfeited.selector, hospitals[3], abi.encode(SLASH, "no attestation"));
        vm.assertEq(study.forfeitedOf(hospitals[3]), SLASH);
        vm.assertEq(study.rewardOf(hospitals[3]), 0, "a survivor with a fault earns nothing");
        vm.assertEq(reputation.standingOf(hospitals[3]).qualified, 0);
    }

    function test_ASeatThatDoesNotRevealForfeits() public {
        startStudy(4);
        submitAll();
        attestAll(flat(0));
        for (uint256 i = 0; i < 3; i++) {
            reveal(i, flat(0));
        }
        passDeadline();
        study.advance();
        vm.recordLogs();
        signAll(MODEL);
        assertLogged(IStudy.StakeForfeited.selector, hospitals[3], abi.encode(SLASH, "no scores"));
    }

    function test_ASeatThatSignsAnotherModelForfeits() public {
        startStudy(4);
        submitAll();
        attestAll(flat(0));
        revealAll(flat(0));
        for (uint256 i = 0; i < 3; i++) {
            signModel(i, MODEL);
        }
        vm.expectEmit(address(study));
        emit IStudy.StakeForfeited(1, hospitals[3], SLASH, "signed another model");
        signModel(3, OTHER_MODEL);
    }

    function test_TimeoutsOfAVoidRoundGoToTheNextPool() public {
        startStudy(4);
        submit(0);
        passDeadline();
        study.advance();
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0);
        for (uint256 i = 1; i < 4; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), SLASH);
        }
        runRound(flat(0));
        vm.assertEq(study.rewardOf(hospitals[0]), (ROUND_POOL + 3 * SLASH) / 4);
    }

    function test_WhoCannotPayAnotherSlashIsDropped() public {
        rules.slashBps = 6000;
        study = createStudy();
        startStudy(4);
        for (uint256 i = 0; i < 3; i++) {
            submit(i);
        }
        passDeadline();
        study.advance();
        vm.recordLogs();
        finishRound(flat(10));
        assertLogged(IStudy.HospitalLeft.selector, hospitals[3], abi.encode("stake used up"));
        vm.assertEq(study.snapshot().participants, 7);
        vm.prank(hospitals[3]);
        vm.assertEq(study.withdraw(), (STAKE * 4) / 10);
    }

    function test_WhoIsSuspendedIsDroppedAtTheNextRound() public {
        startStudy(4);
        vm.prank(issuer);
        registry.suspend(hospitals[2], "audit");
        runRound(flat(10));
        vm.assertEq(study.snapshot().participants, 11);
    }

    function test_AWholeStakeAtRiskIsAtMostTheStake() public {
        rules.slashBps = 10_000;
        study = createStudy();
        startStudy(4);
        for (uint256 i = 0; i < 3; i++) {
            submit(i);
        }
        passDeadline();
        study.advance();
        finishRound(flat(10));
        vm.assertEq(study.stakeOf(hospitals[3]), 0);
        vm.assertEq(study.forfeitedOf(hospitals[3]), STAKE);
    }

    // --- rewards by score ---

    function test_APoolIsSplitByScoreAboveTheMargin() public {
        startStudy(4);
        runRound(list(-200, -199, -198, 796));
        // Weights 1, 2, 3, 997.
        vm.assertEq(study.rewardOf(hospitals[0]), (ROUND_POOL * 1) / 1003);
        vm.assertEq(study.rewardOf(hospitals[1]), (ROUND_POOL * 2) / 1003);
        vm.assertEq(study.rewardOf(hospitals[3]), (ROUND_POOL * 997) / 1003);
    }

    function test_RewardsCanBeFetchedWhileTheStudyRuns() public {
        startStudy(4);
        runRound(flat(10));
        uint256 before = credits.balanceOf(hospitals[1]);
        vm.prank(hospitals[1]);
        study.withdraw();
        vm.assertEq(credits.balanceOf(hospitals[1]) - before, ROUND_POOL / 4);
        vm.assertEq(study.stakeOf(hospitals[1]), STAKE);
        expectError(IStudy.Study_NothingToWithdraw.selector);
        vm.prank(hospitals[1]);
        study.withdraw();
    }

    function test_ACompletedStudyLeavesNothingBehind() public {
        startStudy(4);
        for (uint256 r = 0; r < 3; r++) {
            runRound(list(1, 22, 333, -44));
        }
        assertEnded(EndReason.Completed);
        assertPaidOut();
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_EveryUnitIsPaidOut(
        uint256 deposit,
        int16[4] memory scores,
        uint8 missing,
        bool byHalves
    ) public {
        deposit = between(deposit, 3, 1e6 * CREDIT);
        rules.schedule = byHalves ? RewardSchedule.HalfToFirst : RewardSchedule.ByScore;
        study = createStudy();
        vm.prank(sponsor);
        credits.transferAndCall(
            address(study), deposit, abi.encode(uint8(0), abi.encode(MODEL_URI, uint16(3)))
        );
        for (uint256 i = 0; i < 4; i++) {
            join(i);
        }
        vm.prank(sponsor);
        study.startTask();
        missing %= 8;
        for (uint256 r = 0; r < 3 && study.snapshot().phase != Phase.Ended; r++) {
            for (uint256 i = 0; i < 4; i++) {
                if (i != missing) submit(i);
            }
            if (missing < 4) {
                passDeadline();
                study.advance();
            }
            int16[] memory given = list(scores[0], scores[1], scores[2], scores[3]);
            attestAll(given);
            revealAll(given);
            if (study.snapshot().phase == Phase.Aggregate) signAll(MODEL);
        }
        if (study.snapshot().phase != Phase.Ended) {
            vm.prank(sponsor);
            study.stopTask();
        }
        assertPaidOut();
    }

    // --- half to the first ---

    function test_HalfToTheFirstAndTheLastTwoEqual() public {
        halves();
        startStudy(4);
        for (uint256 r = 0; r < 3; r++) {
            runRound(list(10, 40, 30, 20));
        }
        assertEnded(EndReason.Completed);
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 2);
        vm.assertEq(study.rewardOf(hospitals[2]), DEPOSIT / 4);
        vm.assertEq(study.rewardOf(hospitals[3]), DEPOSIT / 8);
        vm.assertEq(study.rewardOf(hospitals[0]), DEPOSIT / 8);
        vm.assertEq(study.rewardOf(sponsor), 0);
        assertPaidOut();
    }

    function test_ATieGoesToTheEarlierMember() public {
        halves();
        startStudy(2);
        for (uint256 r = 0; r < 3; r++) {
            runRound(flat(10));
        }
        vm.assertEq(study.rewardOf(hospitals[0]), DEPOSIT / 2);
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 2);
    }

    function test_StoppingEarlyPaysTheRoundsThatWereDone() public {
        halves();
        startStudy(4);
        runRound(list(10, 40, 30, 20));
        vm.prank(sponsor);
        study.stopTask();
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 6);
        vm.assertEq(study.rewardOf(sponsor), (DEPOSIT * 2) / 3);
        assertPaidOut();
    }

    // --- reputation and models ---

    function test_AQualifiedRoundRaisesReputationByItsGain() public {
        startStudy(4);
        runRound(list(500, -100, 5000, 0));
        vm.assertEq(reputation.standingOf(hospitals[0]).reputation, (4 * 5000 + 8000) / 5);
        vm.assertEq(reputation.standingOf(hospitals[1]).reputation, (4 * 5000 + 7400) / 5);
        vm.assertEq(reputation.standingOf(hospitals[2]).reputation, (4 * 5000 + 10_000) / 5);
        vm.assertEq(reputation.standingOf(hospitals[3]).qualified, 1);
    }

    function test_RoundZeroEarnsReputationButNoReward() public {
        rules.standardise = true;
        study = createStudy();
        startStudy(4);
        submitAll();
        attestAll(flat(0));
        signAll(MODEL);
        vm.assertEq(reputation.standingOf(hospitals[0]).reputation, 5500);
        vm.assertEq(study.rewardOf(hospitals[0]), 0);
    }

    function test_AModelIsRegisteredWithItsMeanGain() public {
        startStudy(4);
        runRound(list(10, 20, 31, -1000));
        IModelRegistry.Model memory model = models.modelAt(address(study), 0);
        vm.assertEq(model.round, 1);
        vm.assertEq(model.seats, 15);
        vm.assertEq(int256(model.metric), 20);
        vm.assertEq(model.modelHash, MODEL);
        vm.assertEq(model.header, headerOf(0, MODEL));
    }

    // --- the end ---

    function test_TwoLostQuorumsEndTheStudyWithRefunds() public {
        startStudy(4);
        runRound(flat(10));
        passDeadline();
        study.advance();
        assertPhase(Phase.Train);
        passDeadline();
        study.advance();
        assertEnded(EndReason.QuorumLost);
        vm.assertEq(study.stakeOf(hospitals[0]), STAKE - 2 * SLASH);
        // Forfeits of the last round go by the scores of the study; what no round earned goes back.
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT - ROUND_POOL);
        vm.assertEq(study.rewardOf(hospitals[0]), ROUND_POOL / 4 + 2 * SLASH);
        assertPaidOut();
    }

    function test_ForfeitsBeforeAnyScoreGoToThoseWithoutAFault() public {
        startStudy(4);
        for (uint256 r = 0; r < 2; r++) {
            submit(0);
            passDeadline();
            study.advance();
        }
        assertEnded(EndReason.QuorumLost);
        vm.assertEq(study.rewardOf(hospitals[0]), 6 * SLASH);
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT);
        assertPaidOut();
    }

    function test_TheSponsorStopsAtAnyTimeAndTheRunningRoundIsVoid() public {
        startStudy(4);
        runRound(flat(10));
        submit(0);
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(2, Phase.Train);
        vm.prank(sponsor);
        study.stopTask();
        assertEnded(EndReason.StoppedBySponsor);
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT - ROUND_POOL);
        for (uint256 i = 0; i < 4; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), 0);
        }
        assertPaidOut();
    }

    function test_ADraftCanBeStopped() public {
        vm.prank(sponsor);
        study.stopTask();
        assertEnded(EndReason.StoppedBySponsor);
    }

    function test_OnlyTheSponsorStopsAndOnlyOnce() public {
        expectError(IStudy.Study_NotSponsor.selector, stranger);
        vm.prank(stranger);
        study.stopTask();
        vm.prank(sponsor);
        study.stopTask();
        expectWrongPhase(Phase.Ended);
        vm.prank(sponsor);
        study.stopTask();
    }

    function test_AnEndedStudyTakesNothingMore() public {
        startStudy(4);
        vm.prank(sponsor);
        study.stopTask();
        expectError(IStudy.Study_NothingToAdvance.selector);
        study.advance();
        expectWrongPhase(Phase.Ended);
        vm.prank(hospitals[0]);
        study.submitUpdate(1, MODEL, 0);
        expectWrongPhase(Phase.Ended);
        vm.prank(hospitals[0]);
        study.leaveTask();
    }

    function test_DistributingAgainChangesNothing() public {
        halves();
        startStudy(4);
        expectWrongPhase(Phase.Train);
        study.distributeRewards();
        for (uint256 r = 0; r < 3; r++) {
            runRound(list(10, 40, 30, 20));
        }
        study.distributeRewards();
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 2);
        assertPaidOut();
    }

    function test_AStrangerHasNothingToWithdraw() public {
        startStudy(4);
        expectError(IStudy.Study_NothingToWithdraw.selector);
        vm.prank(stranger);
        study.withdraw();
    }

    function test_AHospitalMayBeTheSponsorToo() public {
        sponsor = hospitals[0];
        credits.mint(sponsor, DEPOSIT);
        study = createStudy();
        startStudy(4);
        runRound(flat(10));
        vm.prank(sponsor);
        study.stopTask();
        vm.assertEq(study.rewardOf(sponsor), DEPOSIT - ROUND_POOL + ROUND_POOL / 4);
        vm.prank(sponsor);
        vm.assertEq(study.withdraw(), DEPOSIT - ROUND_POOL + ROUND_POOL / 4 + STAKE);
    }

    // --- helpers ---

    function halves() private {
        rules.schedule = RewardSchedule.HalfToFirst;
        study = createStudy();
    }

    /// From Attest to the end of the round, everybody acting.
    function finishRound(int16[] memory scores) private {
        attestAll(scores);
        revealAll(scores);
        signAll(MODEL);
    }
}
