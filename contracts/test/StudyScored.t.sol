// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IModelRegistry } from "../src/interfaces/IModelRegistry.sol";
import {
    EndReason,
    IStudy,
    Mode,
    Phase,
    RewardSchedule,
    Signature,
    Snapshot
} from "../src/interfaces/IStudy.sol";
import { Duties } from "../src/libraries/Duties.sol";
import { Scores } from "../src/libraries/Scores.sol";
import { MaskedFixture } from "./base/MaskedFixture.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// What a masked round that scores has besides: StudyScored.tree. With seven seats t = 4: at most two seats' seeds open.
contract StudyScoredTest is MaskedFixture {
    function setUp() public override {
        prepare(scoredRules());
    }

    // --- the end of Unmask ---

    function test_OnceAllPostedTheirMasksProductsAreDue() public {
        toUnmask(7);
        postAllBut(1);
        vm.expectEmit(address(study));
        emit IStudy.PhaseEntered(Phase.Score, 1, uint40(block.timestamp) + rules.scoreSeconds);
        postMasks(0);
        Snapshot memory s = study.snapshot();
        vm.assertTrue(s.scored);
        vm.assertEq(s.opening | s.drawn | s.answered, 0, "nobody is drawn yet");
    }

    function test_TheSeedsOfMissingSeatsAreOpenedFirst() public {
        for (uint256 missing = 1; missing <= 2; missing++) {
            study = createStudy();
            toUnmask(7);
            vanish(missing);
            assertPhase(Phase.Recover);
            vm.assertEq(study.snapshot().opening, (1 << missing) - 1);
            shareAll();
            assertPhase(Phase.Score);
            vm.assertEq(study.snapshot().deadline, block.timestamp + rules.scoreSeconds);
        }
    }

    function test_OneMoreThanMayBeMissingIsVoid() public {
        toUnmask(7);
        vanish(3);
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertEq(study.forfeitedOf(hospitals[2]), SLASH, "no masks");
    }

    function test_TooFewSharesBeforeScoreAreVoid() public {
        toUnmask(7);
        vanish(1);
        for (uint256 i = 1; i < 4; i++) {
            openShares(i);
        }
        passDeadline();
        vm.recordLogs();
        study.advance();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertTrue(isForfeited(logs, 0, "no masks"));
        vm.assertTrue(isForfeited(logs, 4, "no shares"), "products were not asked for yet");
        vm.assertEq(study.forfeitedOf(hospitals[3]), 0);
    }

    function test_EnoughSharesAtTheDeadlineLeadToScore() public {
        toUnmask(7);
        vanish(2);
        for (uint256 i = 2; i < 6; i++) {
            openShares(i);
        }
        passDeadline();
        study.advance();
        assertPhase(Phase.Score);
        answerAllBut(0);
        assertPhase(Phase.Aggregate);
        vm.recordLogs();
        signAllScored(MODEL, flat(100));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isForfeited(logs, 6, "no shares"), "the shares of before Score count to the end");
        vm.assertEq(study.forfeitedOf(hospitals[5]), 0);
    }

    function test_RoundZeroIsNotScored() public {
        rules.standardise = true;
        study = createStudy();
        toUnmask(7);
        postAllBut(0);
        assertPhase(Phase.Draw);
        vm.assertTrue(study.snapshot().scored);
        draw();
        shareAll();
        bytes memory call = signScoredCall(0, MODEL, flat(100));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongSigning.selector, false));
        this.does(call);
        signAll(MODEL);
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(reputation.standingOf(hospitals[0]).reputation, (4 * 5000 + 7500) / 5);
        runToAggregate();
        vm.assertEq(study.snapshot().answered, ALL, "the next round is");
    }

    // --- postProducts ---

    function test_ProductsAreKeptForTheirSeatWhoeverCarriesThem() public {
        toScore(0);
        bytes memory call = postProductsCall(2);
        vm.expectEmit(address(study));
        emit IStudy.ProductsPosted(1, hospitals[2], productsOf(2, 1));
        vm.prank(stranger);
        (bool ok,) = address(study).call(call);
        vm.assertTrue(ok);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.answered, 4);
        vm.assertEq(s.products[2], productsOf(2, 1));
        vm.assertEq(s.products[1], bytes32(0));
    }

    function test_ASeatPostsProductsOnceInTimeAndSomething() public {
        toScore(0);
        postProducts(0);
        bytes memory call = postProductsCall(0);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[0]);
        this.does(call);
        Signature memory signature = dutySign(1, Duties.products(study.domainSeparator(), hospitals[1], 1, 0));
        expectError(IStudy.Study_EmptyUpdate.selector);
        study.postProducts(hospitals[1], 1, 0, signature);
        call = postProductsCall(1);
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        this.does(call);
    }

    function test_OnlyASeatThatPostedItsMasksPostsProducts() public {
        startStudy(8);
        submitAll();
        attestAll();
        vanish(1);
        bytes memory call = postProductsCall(1);
        expectWrongPhase(Phase.Recover);
        this.does(call);
        shareAll();
        call = postProductsCall(7);
        expectError(IStudy.Study_NotSeat.selector, hospitals[7]);
        this.does(call);
        call = postProductsCall(0);
        expectError(IStudy.Study_NoMasks.selector, hospitals[0]);
        this.does(call);
    }

    function test_ProductsNeedTheSeatsOwnSignatureForThatDutyAndRound() public {
        toScore(0);
        bytes32 domain = study.domainSeparator();
        Signature memory forged = dutySign(1, Duties.products(domain, hospitals[0], 1, MODEL));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.postProducts(hospitals[0], 1, MODEL, forged);
        forged = dutySign(0, Duties.masks(domain, hospitals[0], 1, MODEL));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.postProducts(hospitals[0], 1, MODEL, forged);
        Signature memory signature = dutySign(0, Duties.products(domain, hospitals[0], 2, MODEL));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 2, 1));
        study.postProducts(hospitals[0], 2, MODEL, signature);
    }

    function test_OtherStudiesAskForNoProducts() public {
        rules = maskedRules();
        study = createStudy();
        startStudy(7);
        runToAggregate();
        vm.assertFalse(study.snapshot().scored);
        bytes memory call = postProductsCall(0);
        expectWrongPhase(Phase.Aggregate);
        this.does(call);

        rules = defaultRules();
        study = createStudy();
        startStudy(4);
        submitAll();
        attestAll(flat(10));
        call = postProductsCall(0);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Committee));
        this.does(call);
    }

    function test_ACommitteesScoringIsNoPartOfIt() public {
        toScore(0);
        bytes memory call = revealCall(0, flat(10));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Masked));
        this.does(call);
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Masked));
        study.submitRoundTopK(1);
    }

    function test_ANewRoundStartsEmpty() public {
        startStudy(7);
        runToAggregate();
        signAllScored(MODEL, flat(100));
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.answered | s.opening | s.shared | s.drawn, 0);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(s.products[i], bytes32(0));
        }
    }

    // --- the end of Score ---

    function test_OnceAllAnsweredASeatIsDrawn() public {
        toScore(0);
        answerAllBut(1);
        assertPhase(Phase.Score);
        vm.expectEmit(address(study));
        emit IStudy.PhaseEntered(Phase.Draw, 1, uint40(block.timestamp));
        postProducts(0);
        draw();
        assertPhase(Phase.Recover);
        shareAll();
        assertPhase(Phase.Aggregate);
    }

    function test_AfterTheDrawSharesAreDueOfMissingSeatsToo() public {
        toScore(1);
        vm.assertEq(study.snapshot().shared, ALL & ~uint64(1));
        answerAllBut(0);
        draw();
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Recover);
        vm.assertEq(s.opening, 1 | (1 << (s.drawn - 1)));
        vm.assertEq(s.shared, 0);
        shareAll();
        assertPhase(Phase.Aggregate);
    }

    function test_WhereAsManyAreMissingAsMayOpenTheModelIsDueAtOnce() public {
        toScore(2);
        answerAllBut(0);
        assertPhase(Phase.Aggregate);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.opening, 3);
        vm.assertEq(s.drawn, 0);
        vm.assertEq(s.shared, ALL & ~uint64(3), "their shares are open");
    }

    function test_ALateSeatIsOpenedAndOneOfThoseThatAnsweredIsDrawn() public {
        toScore(0);
        lag(1);
        assertPhase(Phase.Draw);
        vm.assertEq(study.snapshot().opening, 1);
        draw();
        Snapshot memory s = study.snapshot();
        vm.assertTrue(s.drawn > 1);
        for (uint256 i = 1; i < 7; i++) {
            openShares(i);
        }
        assertPhase(Phase.Aggregate);
        vm.recordLogs();
        // Nobody waits for the late one in Recover, nor here.
        for (uint256 i = 1; i < 7; i++) {
            signScored(i, MODEL, flat(100));
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertTrue(isForfeited(logs, 0, "no products"));
        vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH, "once");
        vm.assertEq(study.rewardOf(hospitals[0]), 0);
        vm.assertEq(study.rewardOf(hospitals[1]), (DEPOSIT / 3 + SLASH) / 6);
    }

    function test_TwoLateSeatsTakeTheDrawsPlace() public {
        toScore(0);
        lag(2);
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Recover);
        vm.assertEq(s.opening, 3);
        vm.assertEq(s.shared | s.drawn, 0);
        // A seat that was late may still open its shares.
        openShares(0);
        for (uint256 i = 2; i < 7; i++) {
            openShares(i);
        }
        assertPhase(Phase.Aggregate);
    }

    function test_AMissingAndALateSeatAreOpenedTogether() public {
        toScore(1);
        lag(1);
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Recover);
        vm.assertEq(s.opening, 3);
        vm.assertEq(s.shared, 0, "shares are due of both");
        for (uint256 i = 2; i < 6; i++) {
            openShares(i);
        }
        passDeadline();
        study.advance();
        assertPhase(Phase.Aggregate);
        vm.recordLogs();
        signAllScored(MODEL, flat(100));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isForfeited(logs, 0, "no masks"));
        vm.assertTrue(isForfeited(logs, 1, "no products"));
        vm.assertTrue(isForfeited(logs, 6, "no shares"));
    }

    function test_MoreThanMayOpenIsVoid() public {
        toScore(1);
        vm.recordLogs();
        lag(2);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertTrue(isForfeited(logs, 0, "no masks"));
        vm.assertTrue(isForfeited(logs, 1, "no products"));
        vm.assertTrue(isForfeited(logs, 2, "no products"));
        vm.assertEq(study.forfeitedOf(hospitals[3]), 0);
    }

    function test_AVoidInScoreBlamesNobodyForSharesThatWereNotAskedFor() public {
        toScore(0);
        answerAllBut(3);
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Score);
        study.advance();
        vm.assertEq(study.snapshot().voids, 1);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), i < 3 ? SLASH : 0);
        }
    }

    function test_ARoundThatNobodyAnswersIsVoid() public {
        toScore(0);
        lag(7);
        vm.assertEq(study.snapshot().voids, 1);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), SLASH);
        }
    }

    function test_TooFewSharesAfterScoreAreVoid() public {
        toScore(0);
        lag(2);
        for (uint256 i = 2; i < 5; i++) {
            openShares(i);
        }
        passDeadline();
        vm.recordLogs();
        study.advance();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertTrue(isForfeited(logs, 0, "no products"));
        vm.assertTrue(isForfeited(logs, 5, "no shares"));
        vm.assertEq(study.forfeitedOf(hospitals[4]), 0);
    }

    function test_ASeatThatLacksASeedIsAskedForNoProducts() public {
        startStudy(7);
        submitAll();
        attest(0, ALL & ~uint64(1 << 5));
        for (uint256 i = 1; i < 7; i++) {
            attest(i, ALL);
        }
        postAllBut(1);
        assertPhase(Phase.Recover);
        vm.assertEq(study.snapshot().opening, 1, "its seeds are opened from the backups");
        shareAll();
        answerAllBut(0);
        draw();
        shareAll();
        for (uint256 i = 1; i < 7; i++) {
            signScored(i, MODEL, flat(100));
        }
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0);
    }

    /// By seats: what opens is at most m - t - 1, whether masks or products are missing.
    /// forge-config: default.fuzz.runs = 48
    function testFuzz_WhatFollowsScoreIsWhatMayStillOpen(uint8 m, uint256 missing, uint256 late) public {
        m = uint8(between(m, 3, 7));
        uint256 limit = m - 1 - (m + 1) / 2;
        missing = between(missing, 0, limit);
        late = between(late, 0, m - missing);
        rules.maxSeats = m;
        study = createStudy();
        toScore(missing);
        lag(late);
        if (missing + late > limit) {
            vm.assertEq(study.snapshot().voids, 1);
            vm.assertEq(study.snapshot().round, 2);
        } else {
            assertPhase(missing + late < limit ? Phase.Draw : late > 0 ? Phase.Recover : Phase.Aggregate);
            vm.assertEq(study.snapshot().opening, (1 << (missing + late)) - 1);
            if (missing + late < limit) draw();
            if (study.snapshot().phase == Phase.Recover) shareAll();
            assertPhase(Phase.Aggregate);
            signAllScored(MODEL, flat(100));
            vm.assertEq(study.snapshot().modelRound, 1);
        }
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), i < missing + late ? SLASH : 0);
        }
    }

    function test_TheSponsorStopsInScoreWithoutFaults() public {
        toScore(0);
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Score);
        vm.prank(sponsor);
        study.stopTask();
        assertEnded(EndReason.StoppedBySponsor);
        assertPaidOut();
    }

    // --- signScored ---

    function test_AModelIsSignedWithItsScores() public {
        toAggregate();
        bytes memory call = signModelCall(3, MODEL);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongSigning.selector, true));
        this.does(call);
        int16[] memory scores = flat(100);
        call = signScoredCall(3, MODEL, scores);
        vm.recordLogs();
        vm.prank(stranger);
        (bool ok,) = address(study).call(call);
        vm.assertTrue(ok);
        vm.assertEq(study.snapshot().signed, 8);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(count(logs, IStudy.ModelSigned.selector), 1);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[3]);
        this.does(call);
    }

    function test_StudiesThatDoNotScoreSignWithout() public {
        rules = maskedRules();
        study = createStudy();
        startStudy(7);
        runToAggregate();
        bytes memory call = signScoredCall(0, MODEL, flat(100));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongSigning.selector, false));
        this.does(call);

        rules = defaultRules();
        study = createStudy();
        startStudy(4);
        submitAll();
        attestAll(flat(10));
        revealAll(flat(10));
        call = signScoredCall(0, MODEL, flat(100));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongSigning.selector, false));
        this.does(call);
    }

    function test_OnlyASeatSignsInTimeAndInAggregate() public {
        startStudy(8);
        submitAll();
        bytes memory call = signScoredCall(0, MODEL, flat(100));
        expectWrongPhase(Phase.Attest);
        this.does(call);
        attestAll();
        postAllBut(0);
        answerAllBut(0);
        draw();
        shareAll();
        call = signScoredCall(7, MODEL, flat(100));
        expectError(IStudy.Study_NotSeat.selector, hospitals[7]);
        this.does(call);
        call = signScoredCall(0, MODEL, flat(100));
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        this.does(call);
    }

    function test_TheSignatureIsOverModelHeaderAndEveryScore() public {
        toAggregate();
        bytes memory call = signScoredCall(0, MODEL, flat(100));
        // The last word of the call is the last score.
        call[call.length - 1] = bytes1(uint8(call[call.length - 1]) ^ 1);
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        this.does(call);
        call = signScoredCall(0, MODEL, flat(100));
        call[4 + 32 * 4 - 1] = bytes1(uint8(call[4 + 32 * 4 - 1]) ^ 1);
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        this.does(call);
    }

    function test_AModelIsNotEmptyAndNoAccusation() public {
        toAggregate();
        bytes memory call = signScoredCall(0, 0, flat(100));
        expectError(IStudy.Study_EmptyUpdate.selector);
        this.does(call);
        call = signScoredCall(0, bytes32((uint256(1) << 255) | 64), flat(100));
        expectError(IStudy.Study_EmptyUpdate.selector);
        this.does(call);
    }

    function test_ThereIsAScoreForEveryMemberOrThoseThatBeganTheRound() public {
        toUnmask(7);
        postAllBut(0);
        int16[] memory seven = flat(100);
        join(7);
        int16[] memory eight = flat(100);
        answerAllBut(0);
        draw();
        shareAll();
        bytes memory call = signScoredCall(0, MODEL, new int16[](6));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongLength.selector, 6, 7));
        this.does(call);
        call = signScoredCall(0, MODEL, new int16[](9));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongLength.selector, 9, 7));
        this.does(call);
        eight[7] = -9999;
        for (uint256 i = 0; i < 7; i++) {
            signScored(i, MODEL, i % 2 == 0 ? seven : eight);
        }
        vm.assertEq(study.snapshot().modelRound, 1, "the joiner's score is no part of a vote");
        vm.assertEq(study.forfeitedOf(hospitals[1]), 0);
    }

    function test_TheSameModelWithOtherScoresIsAnotherVote() public {
        toAggregate();
        int16[] memory scores = flat(100);
        scores[6] = 101;
        signScored(0, MODEL, scores);
        for (uint256 i = 1; i < 7; i++) {
            signScored(i, MODEL, flat(100));
        }
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH, "signed another model");
        vm.assertEq(
            study.rewardOf(hospitals[6]), study.rewardOf(hospitals[5]), "its scores count for nothing"
        );
    }

    function test_WithoutAQuorumForModelAndScoresTheRoundIsVoid() public {
        toAggregate();
        for (uint256 i = 0; i < 7; i++) {
            signScored(i, MODEL, flat(i < 4 ? int16(100) : int16(200)));
        }
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertEq(study.snapshot().modelRound, 0);
    }

    function test_ScoresOfWhoIsNotInTheSetCountForNothing() public {
        startStudy(7);
        submitAll();
        // No quorum attests hospital 6.
        for (uint256 i = 0; i < 7; i++) {
            attest(i, i < 3 ? ALL : ALL & ~uint64(1 << 6));
        }
        postAllBut(0);
        answerAllBut(0);
        draw();
        shareAll();
        for (uint256 i = 0; i < 7; i++) {
            int16[] memory scores = flat(100);
            scores[6] = int16(int256(i));
            signScored(i, MODEL, scores);
        }
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.rewardOf(hospitals[6]), 0);
        vm.assertEq(study.rankingOf(1).length, 3);
    }

    function test_AnAccusationIsAVoteBesides() public {
        toAggregate();
        signScored(0, MODEL, flat(100));
        vm.recordLogs();
        accuseBy(1, 6, 1 << 6);
        accuse(6, 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isForfeited(logs, 6, "accused"));
        vm.assertEq(study.snapshot().modelRound, 0);
    }

    function test_AfterAnotherDrawVotesAndScoresBeginAnew() public {
        toAggregate();
        signScored(0, MODEL, flat(-150));
        accuseBy(1, 7, 0);
        assertPhase(Phase.Draw);
        vm.assertEq(study.snapshot().answered, ALL, "products stand");
        draw();
        shareAll();
        signAllScored(MODEL, flat(300));
        (, IModelRegistry.Model memory model) = models.current(address(study));
        vm.assertEq(int256(model.metric), 300);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), 0);
        }
    }

    // --- what scores come to ---

    function test_ScoresSplitTheRewardRankAndMakeTheReputation() public {
        toAggregate();
        int16[] memory scores = sevenScores();
        address[] memory topK = new address[](3);
        (topK[0], topK[1], topK[2]) = (hospitals[2], hospitals[5], hospitals[0]);
        int16[] memory top = new int16[](3);
        (top[0], top[1], top[2]) = (9000, 4000, 1000);
        for (uint256 i = 0; i < 6; i++) {
            signScored(i, MODEL, scores);
        }
        vm.expectEmit(address(study));
        emit IStudy.SumScored(1, scores);
        vm.expectEmit(address(study));
        emit IStudy.TopKRanked(1, topK, top);
        signScored(6, MODEL, scores);

        // Weights above the margin of -200, hospital 3 is under it.
        uint256 pool = DEPOSIT / 3 + SLASH;
        uint256[7] memory weights = [uint256(1201), 301, 9201, 0, 1, 4201, 201];
        uint256 total = 1201 + 301 + 9201 + 1 + 4201 + 201;
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.rewardOf(hospitals[i]), pool * weights[i] / total);
        }
        (, IModelRegistry.Model memory model) = models.current(address(study));
        vm.assertEq(int256(model.metric), (1000 + 100 + 9000 - 201 - 200 + 4000) / 7, "the mean of the set");
        vm.assertEq(keccak256(abi.encode(study.rankingOf(1))), keccak256(abi.encode(topK)));
        vm.assertEq(reputation.standingOf(hospitals[0]).reputation, (4 * 5000 + 8500) / 5);
        vm.assertEq(reputation.standingOf(hospitals[2]).reputation, (4 * 5000 + 10_000) / 5);
        vm.assertEq(reputation.standingOf(hospitals[4]).reputation, (4 * 5000 + 7300) / 5);
    }

    function test_WhoIsUnderTheMarginForfeitsAndStaysInTheSum() public {
        toAggregate();
        uint8[] memory weights = study.snapshot().weights;
        vm.assertTrue(weights[3] > 0);
        vm.recordLogs();
        signAllScored(MODEL, sevenScores());
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isForfeited(logs, 3, "disqualified"));
        vm.assertEq(study.forfeitedOf(hospitals[3]), SLASH);
        vm.assertEq(reputation.standingOf(hospitals[3]).reputation, 4000);
        vm.assertEq(reputation.standingOf(hospitals[3]).faults, 1);
        vm.assertEq(study.forfeitedOf(hospitals[4]), 0, "the margin itself qualifies");
        vm.assertEq(count(logs, IStudy.SurvivorsFrozen.selector), 0, "the set is as it was frozen");
        vm.assertEq(study.snapshot().modelMembers, 7);
    }

    function test_WhoSitsTheRoundOutIsNotUnderTheMargin() public {
        openStudy();
        for (uint256 i = 0; i < 8; i++) {
            join(i);
        }
        veto(7, 1, true);
        vm.prank(sponsor);
        study.startTask();
        runToAggregate();
        signAllScored(MODEL, flat(100));
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.forfeitedOf(hospitals[7]), 0);
    }

    function test_WhereNobodyQualifiesTheModelStandsAndThePoolGoesOn() public {
        toAggregate();
        signAllScored(MODEL, flat(-5000));
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.rankingOf(1).length, 0);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.rewardOf(hospitals[i]), 0);
            vm.assertEq(study.forfeitedOf(hospitals[i]), SLASH);
        }
        runToAggregate();
        signAllScored(MODEL, flat(0));
        vm.assertEq(study.rewardOf(hospitals[0]), (2 * (DEPOSIT / 3) + 7 * SLASH) / 7);
    }

    function test_ByHalvesTheHighestSumOfScoresComesFirst() public {
        rules.schedule = RewardSchedule.HalfToFirst;
        rules.rounds = 1;
        study = createStudy();
        toAggregate();
        int16[] memory scores = sevenScores();
        scores[3] = MARGIN;
        signAllScored(MODEL, scores);
        assertEnded(EndReason.Completed);
        vm.assertEq(study.rewardOf(hospitals[2]), DEPOSIT / 2);
        vm.assertEq(study.rewardOf(hospitals[5]), DEPOSIT / 4);
        vm.assertEq(study.rewardOf(hospitals[0]), DEPOSIT / 8);
        assertPaidOut();
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_WhateverScoresAQuorumSignsTheyAreWhatIsPaid(int16[7] memory given) public {
        toAggregate();
        int16[] memory scores = new int16[](7);
        uint256 total = 0;
        uint256 pool = DEPOSIT / 3;
        int256 sum = 0;
        for (uint256 i = 0; i < 7; i++) {
            scores[i] = given[i];
            sum += given[i];
            if (given[i] >= MARGIN) total += uint256(int256(given[i]) - MARGIN + 1);
            else pool += SLASH;
        }
        signAllScored(MODEL, scores);
        for (uint256 i = 0; i < 7; i++) {
            bool qualifies = given[i] >= MARGIN;
            uint256 weight = qualifies ? uint256(int256(given[i]) - MARGIN + 1) : 0;
            vm.assertEq(study.rewardOf(hospitals[i]), total == 0 ? 0 : pool * weight / total);
            vm.assertEq(study.forfeitedOf(hospitals[i]), qualifies ? 0 : SLASH);
            uint256 outcome = qualifies ? Scores.outcome(given[i]) : 0;
            vm.assertEq(reputation.standingOf(hospitals[i]).reputation, (4 * 5000 + outcome) / 5);
        }
        (, IModelRegistry.Model memory model) = models.current(address(study));
        vm.assertEq(int256(model.metric), sum / 7);
    }

    // --- helpers ---

    /// Of every kind: two that earn much, one under the margin, one at it.
    function sevenScores() private pure returns (int16[] memory scores) {
        scores = new int16[](7);
        (scores[0], scores[1], scores[2], scores[3]) = (1000, 100, 9000, -201);
        (scores[4], scores[5], scores[6]) = (-200, 4000, 0);
    }

    /// The first seats are missing; the shares of their seeds are opened.
    function toScore(uint256 missing) private {
        toUnmask(7);
        vanish(missing);
        if (missing > 0) shareAll();
        assertPhase(Phase.Score);
    }

    /// Lets the first of those that posted masks miss the deadline of Score.
    function lag(uint256 late) private {
        answerAllBut(late);
        if (late == 0) return;
        passDeadline();
        study.advance();
    }

    function toAggregate() private {
        startStudy(7);
        runToAggregate();
        assertPhase(Phase.Aggregate);
    }
}
