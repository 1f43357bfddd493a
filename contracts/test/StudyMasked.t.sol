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
import { Weights } from "../src/libraries/Weights.sol";
import { MaskedFixture } from "./base/MaskedFixture.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// A masked round, phase by phase: StudyMasked.tree. With seven seats t = 4: at most two seats' seeds open, so two seats may be missing,
/// and one is drawn where at most one is.
contract StudyMaskedTest is MaskedFixture {
    function setUp() public override {
        prepare(maskedRules());
    }

    // --- who takes part ---

    function test_AStudyStartsWithThreeHospitals() public {
        openStudy();
        join(0);
        join(1);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooFewHospitals.selector, 2, 3));
        vm.prank(sponsor);
        study.startTask();
        join(2);
        vm.prank(sponsor);
        study.startTask();
        assertPhase(Phase.Train);
    }

    function test_TwoHospitalsThatAreLeftEndTheStudy() public {
        startStudy(3);
        vm.prank(hospitals[2]);
        study.leaveTask();
        runToAggregate();
        signAll(MODEL);
        assertEnded(EndReason.TooFewHospitals);
    }

    function test_ARoundThatVetoesLeaveToTwoIsSkipped() public {
        startStudy(3);
        veto(2, 2, true);
        runToAggregate();
        signModel(0, MODEL);
        signModel(1, MODEL);
        vm.expectEmit(address(study));
        emit IStudy.RoundSkipped(2);
        signModel(2, MODEL);
        assertPhase(Phase.Settle);
    }

    // --- submitMasked ---

    function test_ASubmissionIsKeptAndAnnounced() public {
        startStudy(7);
        vm.expectEmit(address(study));
        emit IStudy.UpdateSubmitted(
            1, hospitals[2], updateOf(2, 1), keccak256(abi.encode("commitment", 2, 1))
        );
        submitMasked(2, 8);
        Snapshot memory s = study.snapshot();
        vm.assertTrue(s.mode == Mode.Masked);
        vm.assertEq(s.submitted, 4);
        vm.assertEq(s.updates[2], updateOf(2, 1));
        vm.assertEq(s.weights.length, 7);
        vm.assertEq(s.weights[2], 0, "nothing is frozen yet");
    }

    function test_WeightsAreOneToEight() public {
        startStudy(7);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadWeight.selector, 0));
        submitRaw(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadWeight.selector, 9));
        submitRaw(0, 9);
        submitRaw(0, 1);
        submitRaw(1, 8);
        vm.assertEq(study.snapshot().submitted, 3);
    }

    function test_AHospitalSubmitsOnceInTimeAndOnlyIfItTakesPart() public {
        startStudy(7);
        submitMasked(0, 3);
        expectError(IStudy.Study_AlreadySubmitted.selector, hospitals[0]);
        submitRaw(0, 4);
        expectError(IStudy.Study_NotParticipant.selector, hospitals[7]);
        submitRaw(7, 4);
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        submitRaw(1, 4);
    }

    function test_EachModeHasItsOwnSubmissions() public {
        startStudy(7);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Masked));
        vm.prank(hospitals[0]);
        study.submitUpdate(1, MODEL, 0);
        rules = defaultRules();
        study = createStudy();
        startStudy(4);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Committee));
        submitRaw(0, 4);
    }

    function test_ACommitteesRoundHasNoMaskedDuties() public {
        rules = defaultRules();
        study = createStudy();
        startStudy(4);
        submitAll();
        attestAll(flat(10));
        revealAll(flat(10));
        assertPhase(Phase.Aggregate);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Committee));
        this.accuses(0, 1);
        expectWrongPhase(Phase.Aggregate);
        this.posts(0);
        expectWrongPhase(Phase.Aggregate);
        this.shares(0);
        signAll(MODEL);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.opening | s.shared | s.drawn, 0);
    }

    function test_AMaskedRoundHasNoScores() public {
        startStudy(7);
        submitAll();
        bytes memory call = attestCall(0, ALL, flat(10));
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongMode.selector, Mode.Masked));
        this.does(call);
        attestAll();
        call = revealCall(0, flat(10));
        expectWrongPhase(Phase.Unmask);
        this.does(call);
    }

    function test_TwoSubmissionsAreTooFew() public {
        startStudy(7);
        submitMasked(0, 1);
        submitMasked(1, 1);
        passDeadline();
        vm.expectEmit(address(study));
        emit IStudy.RoundVoided(1, Phase.Train);
        study.advance();
        vm.assertEq(study.snapshot().voids, 1);
        for (uint256 i = 0; i < 3; i++) {
            submitMasked(i, 1);
        }
        passDeadline();
        study.advance();
        assertPhase(Phase.Attest);
    }

    // --- the freeze ---

    function test_TheSetIsFrozenWithItsWeightsWhenAllAttested() public {
        startStudy(7);
        submitAll();
        for (uint256 i = 0; i < 6; i++) {
            attest(i, ALL);
        }
        uint8[] memory weights = new uint8[](7);
        for (uint256 i = 0; i < 7; i++) {
            weights[i] = uint8(1 + i);
        }
        vm.expectEmit(address(study));
        emit IStudy.SurvivorsFrozen(1, ALL);
        vm.expectEmit(address(study));
        emit IStudy.WeightsFrozen(1, weights);
        attest(6, ALL);
        assertPhase(Phase.Unmask);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.survivors, ALL);
        vm.assertEq(keccak256(abi.encode(s.weights)), keccak256(abi.encode(weights)));
        vm.assertEq(s.deadline, block.timestamp + rules.scoreSeconds);
    }

    function test_WhatComesLateIsOutAndCannotComeIn() public {
        startStudy(7);
        for (uint256 i = 0; i < 6; i++) {
            submitMasked(i, 2);
        }
        passDeadline();
        study.advance();
        expectWrongPhase(Phase.Attest);
        submitRaw(6, 2);
        attestAll();
        expectWrongPhase(Phase.Unmask);
        submitRaw(6, 2);
        expectWrongPhase(Phase.Unmask);
        this.attests(6, ALL);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.survivors, 0x3f);
        vm.assertEq(s.weights[6], 0);
        vm.assertEq(s.weights[5], 2);
    }

    function test_WhomNoQuorumAttestsIsOut() public {
        startStudy(7);
        submitAll();
        // Five of seven are a quorum: four attest member 0, five member 1.
        for (uint256 i = 0; i < 7; i++) {
            attest(i, i < 4 ? ALL : i < 5 ? ALL & ~uint64(1) : ALL & ~uint64(3));
        }
        vm.assertEq(study.snapshot().survivors, ALL & ~uint64(1));
        for (uint256 i = 0; i < 5; i++) {
            postMasks(i);
        }
        shareAll();
        // Of those that posted all signed, and they are a quorum: the two that lack a seed are not waited for.
        for (uint256 i = 0; i < 5; i++) {
            signModel(i, MODEL);
        }
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH, "not opened");
        vm.assertEq(study.forfeitedOf(hospitals[1]), 0);
        vm.assertEq(study.rewardOf(hospitals[0]), 0);
        vm.assertEq(study.rewardOf(hospitals[1]), (DEPOSIT / 3 + SLASH) / 6);
    }

    function test_FewerThanThreeAreNoSet() public {
        startStudy(7);
        submitAll();
        for (uint256 i = 0; i < 6; i++) {
            attest(i, 0x3);
        }
        vm.recordLogs();
        attest(6, 0x3);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(count(logs, IStudy.RoundVoided.selector), 1);
        vm.assertEq(count(logs, IStudy.SurvivorsFrozen.selector), 0);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.voids, 1);
    }

    function test_LessThanAQuorumOfAttestationsIsVoid() public {
        startStudy(7);
        submitAll();
        for (uint256 i = 0; i < 4; i++) {
            attest(i, ALL);
        }
        passDeadline();
        study.advance();
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertEq(study.forfeitedOf(hospitals[6]), SLASH, "no attestation");
    }

    function test_InRoundZeroAllWeighAlike() public {
        rules.standardise = true;
        study = createStudy();
        startStudy(7);
        submitAll();
        attestAll();
        Snapshot memory s = study.snapshot();
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(s.weights[i], 1);
        }
        finish();
        vm.assertEq(study.snapshot().round, 2);
        vm.assertEq(study.snapshot().completed, 0);
        vm.assertEq(study.rewardOf(hospitals[0]), 0, "sums of columns earn nothing");
        vm.assertEq(reputation.standingOf(hospitals[0]).qualified, 1);
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_WeightsFollowPatientsAndReputation(uint256 seed) public {
        startStudy(7);
        uint8[] memory claimed = new uint8[](7);
        for (uint256 i = 0; i < 7; i++) {
            claimed[i] = uint8(1 + (seed >> (8 * i)) % 8);
            // Some outcomes of rounds before, the last of them counting most.
            for (uint256 n = 0; n < (seed >> (64 + 8 * i)) % 16; n++) {
                vm.prank(address(study));
                reputation.record(0, hospitals[i], uint16((seed >> (120 + n)) % 2 * 10_000), true);
            }
            submitMasked(i, claimed[i]);
        }
        attestAll();
        Snapshot memory s = study.snapshot();
        for (uint256 i = 0; i < 7; i++) {
            uint256 standing = reputation.standingOf(hospitals[i]).reputation;
            uint256 expected = (claimed[i] * (5000 + standing) + 5000) / 10_000;
            expected = expected < 1 ? 1 : expected > 8 ? 8 : expected;
            vm.assertEq(s.weights[i], expected);
        }
    }

    function testFuzz_AWeightIsOneToEightAndGrowsWithBoth(uint8 patients, uint16 standing) public pure {
        patients = uint8(between(patients, 1, 8));
        standing = uint16(between(standing, 0, 10_000));
        uint256 weight = Weights.inSum(patients, standing);
        vm.assertLe(1, weight);
        vm.assertLe(weight, 8);
        vm.assertEq(Weights.inSum(patients, 5000), patients, "a newcomer's standing changes nothing");
        if (patients < 8) vm.assertLe(weight, Weights.inSum(patients + 1, standing));
        if (standing < 10_000) vm.assertLe(weight, Weights.inSum(patients, standing + 1));
    }

    function testFuzz_OneWeightsBitsAreItsOwn(uint256 word, uint8 member, uint8 weight) public pure {
        member = member % 64;
        weight = weight % 16;
        uint256 changed = Weights.set(word, member, weight);
        for (uint256 i = 0; i < 64; i++) {
            vm.assertEq(Weights.at(changed, i), i == member ? weight : Weights.at(word, i));
        }
    }

    // --- postMasks ---

    function test_ASumOfMasksIsKeptForItsSeatWhoeverCarriesIt() public {
        toUnmask(7);
        bytes memory call = postMasksCall(2);
        vm.expectEmit(address(study));
        emit IStudy.MasksPosted(1, hospitals[2], masksOf(2, 1));
        vm.prank(stranger);
        (bool ok,) = address(study).call(call);
        vm.assertTrue(ok);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.revealed, 4);
        vm.assertEq(s.masks[2], masksOf(2, 1));
        vm.assertEq(s.masks[1], bytes32(0));
    }

    function test_ASeatPostsOnceInTimeAndSomething() public {
        toUnmask(7);
        postMasks(0);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[0]);
        this.posts(0);
        bytes32 digest = Duties.masks(study.domainSeparator(), hospitals[1], 1, 0);
        Signature memory signature = dutySign(1, digest);
        expectError(IStudy.Study_EmptyUpdate.selector);
        study.postMasks(hospitals[1], 1, 0, signature);
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        this.posts(1);
    }

    function test_OnlyASeatPosts() public {
        startStudy(8);
        submitAll();
        attestAll();
        expectError(IStudy.Study_NotSeat.selector, hospitals[7]);
        this.posts(7);
    }

    function test_MaskedDutiesNeedTheSeatsOwnSignature() public {
        toUnmask(7);
        bytes32 domain = study.domainSeparator();
        Signature memory forged = dutySign(1, Duties.masks(domain, hospitals[0], 1, MODEL));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.postMasks(hospitals[0], 1, MODEL, forged);
        postAllBut(0);
        draw();
        forged = dutySign(1, Duties.shares(domain, hospitals[0], 1, MODEL));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.openShares(hospitals[0], 1, MODEL, forged);
        // Another duty's signature over the same values is another signature.
        forged = dutySign(0, Duties.masks(domain, hospitals[0], 1, MODEL));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.openShares(hospitals[0], 1, MODEL, forged);
        shareAll();
        forged = dutySign(0, Duties.accusation(domain, hospitals[0], 1, 4));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.accuse(hospitals[0], 1, 8, forged);
    }

    function test_ADutyIsWorthNothingInAnotherRound() public {
        toUnmask(7);
        Signature memory old =
            dutySign(0, Duties.masks(study.domainSeparator(), hospitals[0], 1, masksOf(0, 1)));
        bytes memory call = postMasksCall(0);
        finish();
        submitAll();
        attestAll();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongRound.selector, 1, 2));
        this.does(call);
        bytes32 masks = masksOf(0, 1);
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        study.postMasks(hospitals[0], 2, masks, old);
    }

    function test_ANewRoundStartsEmpty() public {
        toUnmask(7);
        postAllBut(1);
        passDeadline();
        study.advance();
        draw();
        shareAll();
        signAll(MODEL);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.opening | s.shared | s.drawn | s.revealed, 0);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(s.weights[i], 0);
            vm.assertEq(s.masks[i] | s.shares[i], bytes32(0));
        }
    }

    // --- the end of Unmask ---

    function test_OnceAllPostedASeatIsDrawn() public {
        toUnmask(7);
        postAllBut(1);
        assertPhase(Phase.Unmask);
        vm.expectEmit(address(study));
        emit IStudy.PhaseEntered(Phase.Draw, 1, uint40(block.timestamp));
        postMasks(0);
        vm.assertEq(study.snapshot().opening, 0);
    }

    function test_WithThreeSeatsNothingOpens() public {
        rules.maxSeats = 3;
        study = createStudy();
        toUnmask(7);
        postAllBut(1);
        assertPhase(Phase.Unmask);
        postMasks(0);
        assertPhase(Phase.Aggregate);
        signAll(MODEL);
        vm.assertEq(study.snapshot().round, 2);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0);
    }

    function test_WithThreeSeatsNoneMayBeMissing() public {
        rules.maxSeats = 3;
        study = createStudy();
        toUnmask(7);
        vanish(1);
        vm.assertEq(study.snapshot().voids, 1);
    }

    function test_UpToTheLimitMayBeMissingAndOneMoreMayNot() public {
        for (uint256 i = 0; i < 7; i++) {
            credits.mint(hospitals[i], 10 * uint256(STAKE));
        }
        // By seats: how many may be missing, m - t - 1.
        uint8[5] memory limits = [0, 1, 1, 2, 2];
        for (uint8 m = 3; m <= 7; m++) {
            uint8 limit = limits[m - 3];
            for (uint8 missing = 0; missing <= limit; missing++) {
                rules.maxSeats = m;
                study = createStudy();
                toUnmask(7);
                vanish(missing);
                Phase next = missing < limit ? Phase.Draw : missing > 0 ? Phase.Recover : Phase.Aggregate;
                assertPhase(next);
                vm.assertEq(study.snapshot().opening, (1 << missing) - 1);
                if (next == Phase.Draw) draw();
                if (next != Phase.Aggregate) shareAll();
                assertPhase(Phase.Aggregate);
                signAll(MODEL);
                vm.assertEq(study.snapshot().round, 2);
                vm.assertEq(study.snapshot().modelRound, 1);
                for (uint256 i = 0; i < 7; i++) {
                    vm.assertEq(study.forfeitedOf(hospitals[i]), i < missing ? SLASH : 0);
                }
            }
            study = createStudy();
            toUnmask(7);
            vanish(limit + 1);
            vm.assertEq(study.snapshot().voids, 1, "one more and nothing opens");
            vm.assertEq(study.snapshot().modelRound, 0);
            vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH);
        }
    }

    function test_WhoLacksASeedIsNotWaitedForAndNotAtFault() public {
        startStudy(7);
        submitAll();
        attest(0, ALL & ~uint64(1 << 5));
        for (uint256 i = 1; i < 7; i++) {
            attest(i, ALL);
        }
        vm.assertEq(study.snapshot().survivors, ALL, "a quorum attested all");
        postAllBut(1);
        assertPhase(Phase.Draw);
        vm.assertEq(study.snapshot().opening, 1, "its seeds are opened from the backups");
        draw();
        shareAll();
        for (uint256 i = 1; i < 7; i++) {
            signModel(i, MODEL);
        }
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0, "neither for its masks nor for a signature");
    }

    function test_WhoDidNotAttestPaysOnceAndMayStillPost() public {
        startStudy(7);
        submitAll();
        for (uint256 i = 1; i < 7; i++) {
            attest(i, ALL);
        }
        passDeadline();
        study.advance();
        postMasks(0);
        postAllBut(1);
        assertPhase(Phase.Draw);
        vm.assertEq(study.snapshot().opening, 0);
        draw();
        shareAll();
        signAll(MODEL);
        vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH, "no attestation");
        vm.assertEq(study.forfeitedOf(hospitals[1]), 0);
    }

    function test_NoMasksIsTheFaultOfWhoAttestedAll() public {
        startStudy(7);
        submitAll();
        attest(0, 0x3f);
        for (uint256 i = 1; i < 6; i++) {
            attest(i, ALL);
        }
        passDeadline();
        study.advance();
        // Of seven seats one lacks a seed, one did not attest, and now a third stays away.
        vm.recordLogs();
        for (uint256 i = 2; i < 6; i++) {
            postMasks(i);
        }
        passDeadline();
        study.advance();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0);
        vm.assertEq(study.forfeitedOf(hospitals[1]), SLASH);
        vm.assertEq(study.forfeitedOf(hospitals[6]), SLASH);
        vm.assertTrue(isForfeited(logs, 1, "no masks"));
        vm.assertTrue(isForfeited(logs, 6, "no attestation"));
        vm.assertEq(study.snapshot().voids, 1);
    }

    // --- Draw ---

    function test_TheFourthBlockDraws() public {
        toUnmask(7);
        postAllBut(0);
        uint256 drawBlock = block.number + 4;
        vm.roll(drawBlock);
        vm.assertFalse(study.snapshot().drawable);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_DrawPending.selector, drawBlock));
        study.advance();
        vm.roll(drawBlock + 1);
        vm.assertTrue(study.snapshot().drawable);
        vm.setBlockhash(drawBlock, MODEL);
        uint256 seat = uint256(keccak256(abi.encode(MODEL, address(study), uint16(1), uint256(0)))) % 7;
        vm.expectEmit(address(study));
        emit IStudy.SeatDrawn(1, hospitals[seat]);
        study.advance();
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Recover);
        vm.assertFalse(s.drawable);
        vm.assertEq(s.drawn, seat + 1);
        vm.assertEq(s.opening, 1 << seat);
        vm.assertEq(s.deadline, block.timestamp + rules.scoreSeconds);
    }

    /// A hash is kept for 256 blocks; whenever somebody draws, one block alone can.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_AForgottenHashGivesWayToOneOtherBlock(uint256 wait) public {
        wait = between(wait, 1, 2000);
        toUnmask(7);
        postAllBut(0);
        uint256 drawBlock = block.number + 4;
        vm.roll(drawBlock + wait);
        uint256 drawing = drawBlock;
        while (block.number - drawing > 256) drawing += 256;
        vm.setBlockhash(drawing, MODEL);
        study.advance();
        vm.assertEq(
            study.snapshot().drawn,
            1 + uint256(keccak256(abi.encode(MODEL, address(study), uint16(1), uint256(0)))) % 7
        );
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_OnlyASeatThatPostedIsDrawn(uint256 missing, bytes32 hash) public {
        missing = between(missing, 0, 6);
        toUnmask(7);
        for (uint256 i = 0; i < 7; i++) {
            if (i != missing) postMasks(i);
        }
        passDeadline();
        study.advance();
        uint256 drawBlock = block.number + 4;
        vm.roll(drawBlock + 1);
        vm.setBlockhash(drawBlock, hash);
        study.advance();
        Snapshot memory s = study.snapshot();
        uint256 rank = uint256(keccak256(abi.encode(hash, address(study), uint16(1), uint256(1)))) % 6;
        vm.assertEq(s.drawn, 1 + rank + (rank >= missing ? 1 : 0));
        vm.assertEq(s.opening, (1 << missing) | (1 << (s.drawn - 1)));
    }

    // --- openShares ---

    function test_SharesAreKeptForTheirSeatWhoeverCarriesThem() public {
        toRecover(0);
        bytes memory call = openSharesCall(2);
        vm.expectEmit(address(study));
        emit IStudy.SharesOpened(1, hospitals[2], sharesOf(2, 1));
        vm.prank(stranger);
        (bool ok,) = address(study).call(call);
        vm.assertTrue(ok);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.shared, 4);
        vm.assertEq(s.shares[2], sharesOf(2, 1));
        vm.assertEq(s.shares[1], bytes32(0));
    }

    function test_ASeatOpensItsSharesOnceInTimeAndSomething() public {
        toRecover(0);
        openShares(0);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[0]);
        this.shares(0);
        Signature memory signature = dutySign(1, Duties.shares(study.domainSeparator(), hospitals[1], 1, 0));
        expectError(IStudy.Study_EmptyUpdate.selector);
        study.openShares(hospitals[1], 1, 0, signature);
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        this.shares(1);
    }

    function test_OnceAllWhoPostedOpenedTheirSharesTheModelIsDue() public {
        toRecover(2);
        for (uint256 i = 2; i < 6; i++) {
            openShares(i);
        }
        assertPhase(Phase.Recover);
        openShares(6);
        assertPhase(Phase.Aggregate);
        vm.assertEq(study.snapshot().deadline, block.timestamp + rules.aggregateSeconds);
    }

    function test_FourSharesOfOtherSeatsAreEnoughAtTheDeadline() public {
        toRecover(2);
        for (uint256 i = 2; i < 6; i++) {
            openShares(i);
        }
        passDeadline();
        study.advance();
        assertPhase(Phase.Aggregate);
        signAll(MODEL);
        vm.assertEq(study.forfeitedOf(hospitals[6]), SLASH, "no shares");
        vm.assertEq(study.forfeitedOf(hospitals[5]), 0);
    }

    function test_ThreeSharesAreTooFew() public {
        toRecover(2);
        for (uint256 i = 2; i < 5; i++) {
            openShares(i);
        }
        passDeadline();
        vm.recordLogs();
        study.advance();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(study.snapshot().voids, 1);
        vm.assertTrue(isForfeited(logs, 0, "no masks"));
        vm.assertTrue(isForfeited(logs, 1, "no masks"));
        vm.assertTrue(isForfeited(logs, 5, "no shares"));
        vm.assertTrue(isForfeited(logs, 6, "no shares"));
        vm.assertEq(study.forfeitedOf(hospitals[4]), 0);
    }

    function test_WhoMissedUnmaskMayStillOpenItsShares() public {
        toRecover(2);
        openShares(0);
        for (uint256 i = 2; i < 5; i++) {
            openShares(i);
        }
        passDeadline();
        study.advance();
        // Of seat 1 four others opened their shares, of seat 0 only three: nobody holds a share of its own seeds.
        vm.assertEq(study.snapshot().voids, 1);

        study = createStudy();
        toRecover(2);
        openShares(0);
        openShares(1);
        for (uint256 i = 2; i < 5; i++) {
            openShares(i);
        }
        passDeadline();
        study.advance();
        assertPhase(Phase.Aggregate);
    }

    // --- the model ---

    function test_ThoseInTheSetShareEvenly() public {
        startStudy(7);
        submitAll();
        attestAll();
        finish();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.modelRound, 1);
        vm.assertEq(s.completed, 1);
        vm.assertEq(s.modelMembers, 7);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.rewardOf(hospitals[i]), DEPOSIT / 3 / 7);
            vm.assertEq(reputation.standingOf(hospitals[i]).reputation, (4 * 5000 + 7500) / 5);
        }
        (, IModelRegistry.Model memory model) = models.current(address(study));
        vm.assertEq(int256(model.metric), 0);
        vm.assertEq(model.modelHash, MODEL);
        vm.assertEq(study.rankingOf(1).length, 0, "nothing is ranked");
    }

    function test_WhoIsAtFaultHasNoShareAndItsForfeitGoesToTheOthers() public {
        toRecover(1);
        for (uint256 i = 1; i < 6; i++) {
            openShares(i);
        }
        passDeadline();
        study.advance();
        vm.recordLogs();
        for (uint256 i = 0; i < 5; i++) {
            signModel(i, MODEL);
        }
        passDeadline();
        study.advance();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(isForfeited(logs, 0, "no masks"));
        vm.assertTrue(isForfeited(logs, 6, "no shares"));
        vm.assertTrue(isForfeited(logs, 5, "no signature"));
        for (uint256 i = 0; i < 7; i++) {
            bool faulty = i == 0 || i > 4;
            vm.assertEq(study.forfeitedOf(hospitals[i]), faulty ? SLASH : 0);
            vm.assertEq(study.rewardOf(hospitals[i]), faulty ? 0 : (DEPOSIT / 3 + 3 * SLASH) / 4);
            vm.assertEq(reputation.standingOf(hospitals[i]).faults, faulty ? 1 : 0);
        }
    }

    function test_ByHalvesThoseWhoWereInMoreSetsComeFirst() public {
        rules.schedule = RewardSchedule.HalfToFirst;
        rules.rounds = 2;
        study = createStudy();
        startStudy(4);
        runToAggregate();
        signAll(MODEL);
        for (uint256 i = 1; i < 4; i++) {
            submitMasked(i, 8);
        }
        passDeadline();
        study.advance();
        attestAll();
        finish();
        assertEnded(EndReason.Completed);
        // What hospital 0 forfeits, in the second round, the others share.
        vm.assertEq(study.rewardOf(hospitals[1]), DEPOSIT / 2 + SLASH / 3, "a tie goes to the earlier");
        vm.assertEq(study.rewardOf(hospitals[2]), DEPOSIT / 4 + SLASH / 3);
        vm.assertEq(study.rewardOf(hospitals[3]), DEPOSIT / 8 + SLASH / 3);
        vm.assertEq(study.rewardOf(hospitals[0]), DEPOSIT / 8);
        assertPaidOut();
    }

    function test_AHospitalThatJoinsAfterTheFreezeHoldsTheNextModelOnly() public {
        toUnmask(7);
        join(7);
        finish();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.modelMembers, 7);
        vm.assertEq(s.participants, ALL);
    }

    function test_TheSponsorStopsInAnyPhaseWithoutFaults() public {
        Phase[4] memory phases = [Phase.Unmask, Phase.Draw, Phase.Recover, Phase.Aggregate];
        for (uint256 i = 0; i < phases.length; i++) {
            study = createStudy();
            toUnmask(7);
            if (i > 0) postAllBut(0);
            if (i > 1) draw();
            if (i > 2) shareAll();
            assertPhase(phases[i]);
            vm.expectEmit(address(study));
            emit IStudy.RoundVoided(1, phases[i]);
            vm.prank(sponsor);
            study.stopTask();
            assertEnded(EndReason.StoppedBySponsor);
            assertPaidOut();
        }
    }

    // --- accuse ---

    function test_AnAccusationIsAVoteAndAnnounced() public {
        toAggregate();
        vm.expectEmit(address(study));
        emit IStudy.Accused(1, hospitals[3], 4);
        accuse(3, 4);
        vm.assertEq(study.snapshot().signed, 8);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[3]);
        this.accuses(3, 4);
        bytes memory call = signModelCall(3, MODEL);
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[3]);
        this.does(call);
    }

    function test_OnlyThoseOfTheRoundAreAccusedAndOnlyBySeatsInTime() public {
        startStudy(8);
        veto(7, 2, true);
        runToAggregate();
        expectError(IStudy.Study_NotSeat.selector, hospitals[7]);
        this.accuses(7, 1);
        signAll(MODEL);
        runToAggregate();
        expectError(IStudy.Study_NotParticipant.selector, hospitals[7]);
        this.accuses(3, 1 << 7);
        expectError(IStudy.Study_NotParticipant.selector, address(0));
        this.accuses(3, 1 << 63);
        uint40 deadline = study.snapshot().deadline;
        passDeadline();
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_Late.selector, deadline));
        this.accuses(3, 1);
    }

    function test_AQuorumVoidsTheRoundAndTakesTheSlashOfTheAccused() public {
        toAggregate();
        vm.recordLogs();
        accuseBy(0, 5, 1 << 6);
        signModel(5, MODEL);
        assertPhase(Phase.Aggregate);
        accuse(6, 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.modelRound, 0);
        vm.assertEq(s.voids, 0, "a void with a culprit does not end a study");
        vm.assertTrue(isForfeited(logs, 6, "accused"));
        vm.assertEq(study.forfeitedOf(hospitals[6]), SLASH);
        vm.assertEq(study.forfeitedOf(hospitals[5]), 0);
        vm.assertEq(study.forfeitedOf(hospitals[0]), 0, "too few accused it");
        vm.assertEq(reputation.standingOf(hospitals[6]).faults, 1);
    }

    function test_LiesDoNotEndAStudyAsLongAsTheyCost() public {
        startStudy(7);
        for (uint256 n = 0; n < 3; n++) {
            runToAggregate();
            accuseBy(0, 7, 1 << 6);
        }
        vm.assertEq(study.snapshot().round, 4);
        vm.assertEq(study.snapshot().voids, 0);
        vm.assertEq(study.forfeitedOf(hospitals[6]), 3 * SLASH);

        rules.slashBps = 0;
        study = createStudy();
        startStudy(7);
        for (uint256 n = 0; n < 2; n++) {
            runToAggregate();
            accuseBy(0, 7, 1 << 6);
        }
        assertEnded(EndReason.QuorumLost);
    }

    function test_TheAccusedPayAtTheDeadlineToo() public {
        toAggregate();
        accuseBy(0, 5, 3 << 5);
        passDeadline();
        study.advance();
        vm.assertEq(study.forfeitedOf(hospitals[6]), SLASH, "one fault a round: it did not sign either");
        vm.assertEq(study.forfeitedOf(hospitals[5]), SLASH);
        vm.assertEq(study.snapshot().voids, 0);
    }

    function test_AMinoritysAccusationDoesNotStopAModel() public {
        toAggregate();
        accuseBy(0, 2, 1 << 6);
        for (uint256 i = 2; i < 7; i++) {
            signModel(i, MODEL);
        }
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(study.forfeitedOf(hospitals[6]), 0);
        vm.assertEq(study.forfeitedOf(hospitals[0]), SLASH, "it signed another model");
    }

    function test_AccusationsOfDifferentMembersDoNotAddUp() public {
        toAggregate();
        accuseBy(0, 4, 1 << 6);
        accuseBy(4, 7, 3 << 5);
        vm.assertEq(study.snapshot().voids, 1, "no quorum of anything");
        vm.assertEq(study.forfeitedOf(hospitals[6]), 0);
    }

    function test_AModelCannotLookLikeAnAccusation() public {
        toAggregate();
        bytes memory call = signModelCall(0, bytes32((uint256(1) << 255) | 64));
        expectError(IStudy.Study_EmptyUpdate.selector);
        this.does(call);
        call = signModelCall(0, bytes32((uint256(1) << 255) | (1 << 64)));
        this.does(call);
        vm.assertEq(study.snapshot().signed, 1);
    }

    function test_ASumWithoutSenseOpensAnotherSeatUpToTheLimit() public {
        toAggregate();
        uint8 first = study.snapshot().opening;
        signModel(0, MODEL);
        accuseBy(1, 6, 0);
        assertPhase(Phase.Aggregate);
        vm.expectEmit(address(study));
        emit IStudy.PhaseEntered(Phase.Draw, 1, uint40(block.timestamp));
        accuse(6, 0);
        Snapshot memory s = study.snapshot();
        vm.assertEq(s.signed, 0, "what was signed counts no more");
        vm.assertEq(s.opening, first);

        uint256 drawBlock = block.number + 4;
        vm.roll(drawBlock);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_DrawPending.selector, drawBlock));
        study.advance();
        vm.roll(drawBlock + 1);
        vm.setBlockhash(drawBlock, MODEL);
        study.advance();
        s = study.snapshot();
        uint256 rank = uint256(keccak256(abi.encode(MODEL, address(study), uint16(1), uint256(1)))) % 6;
        vm.assertEq(s.drawn, 1 + rank + ((first >> rank) < 2 ? 1 : 0), "among those not opened yet");
        vm.assertEq(s.opening, first | (1 << (s.drawn - 1)));
        vm.assertEq(s.shared, 0, "shares are due of both");
        vm.assertEq(s.shares[0], bytes32(0));
        shareAll();
        assertPhase(Phase.Aggregate);
        accuseBy(0, 7, 0);
        s = study.snapshot();
        vm.assertEq(s.round, 2, "a third seat may not be opened");
        vm.assertEq(s.voids, 1);
    }

    function test_AfterAnotherDrawTheModelCanBeSigned() public {
        toAggregate();
        accuseBy(0, 7, 0);
        draw();
        shareAll();
        signAll(MODEL);
        vm.assertEq(study.snapshot().modelRound, 1);
        for (uint256 i = 0; i < 7; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), 0);
        }
    }

    function test_AMissingSeatLeavesRoomForOneDrawAlone() public {
        toRecover(1);
        shareAll();
        accuseBy(0, 7, 0);
        vm.assertEq(study.snapshot().round, 2);
        vm.assertEq(study.snapshot().voids, 1);
    }

    // --- helpers ---

    function submitRaw(uint256 i, uint8 patientWeight) private {
        vm.prank(hospitals[i]);
        study.submitMasked(1, MODEL, 0, patientWeight);
    }

    /// With seven seats, of which the first are missing.
    function toRecover(uint256 missing) private {
        toUnmask(7);
        vanish(missing);
        if (missing < 2) draw();
        assertPhase(Phase.Recover);
    }

    function toAggregate() private {
        startStudy(7);
        runToAggregate();
        assertPhase(Phase.Aggregate);
    }

    /// From Unmask to the model.
    function finish() private {
        postAllBut(0);
        draw();
        shareAll();
        signAll(MODEL);
    }

    // As calls, so that only the last of several can be expected to revert.

    function posts(uint256 i) external {
        postMasks(i);
    }

    function shares(uint256 i) external {
        openShares(i);
    }

    function accuses(uint256 i, uint64 members) external {
        accuse(i, members);
    }

    function attests(uint256 i, uint64 opened) external {
        attest(i, opened);
    }
}
