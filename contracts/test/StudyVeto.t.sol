// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { EndReason, IStudy, Phase, RoundKind, Snapshot } from "../src/interfaces/IStudy.sol";
import { Fixture } from "./base/Fixture.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// StudyVeto.tree
contract StudyVetoTest is Fixture {
    function test_AVetoedRoundGoesOnWithoutTheHospitalAndWithoutAFault() public {
        startStudy(4);
        vm.recordLogs();
        veto(3, 2, true);
        assertLogged(IStudy.RoundVetoed.selector, hospitals[3], abi.encode(true));
        vm.assertEq(study.vetoesOf(2), 8);
        vm.assertEq(study.snapshot().participants, 15, "the running round is not touched");
        runRound(flat(10));

        Snapshot memory s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.participants, 7);
        vm.assertEq(s.seats.length, 3, "seats are drawn from the participants");
        for (uint256 k = 0; k < 3; k++) {
            vm.assertTrue(s.seats[k] != 3);
        }
        expectError(IStudy.Study_NotParticipant.selector, hospitals[3]);
        vm.prank(hospitals[3]);
        study.submitUpdate(2, MODEL, 0);
        uint16 reputationBefore = reputation.standingOf(hospitals[3]).reputation;
        uint256 rewardBefore = study.rewardOf(hospitals[3]);
        runRound(flat(10));
        vm.assertEq(study.forfeitedOf(hospitals[3]), 0);
        vm.assertEq(reputation.standingOf(hospitals[3]).reputation, reputationBefore);
        vm.assertEq(reputation.standingOf(hospitals[3]).rounds, 1);
        vm.assertEq(study.rewardOf(hospitals[3]), rewardBefore, "nothing done, nothing earned");
        vm.assertEq(study.snapshot().participants, 15, "it is back in the round after");
    }

    function test_AnybodyCarriesAVeto() public {
        startStudy(3);
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (vetoCall(0, 5, true), vetoCall(1, 9, true));
        vm.prank(stranger);
        study.multicall(calls);
        vm.assertEq(study.vetoesOf(5), 1);
        vm.assertEq(study.vetoesOf(9), 2);
    }

    function test_AVetoIsWithdrawnOnceAndForGood() public {
        startStudy(3);
        bytes memory vetoing = vetoCall(0, 2, true);
        bytes memory withdrawing = vetoCall(0, 2, false);
        refuseVeto(0, 2, false, abi.encodeWithSelector(IStudy.Study_AlreadyDone.selector, hospitals[0]));
        vm.assertTrue(send(vetoing));
        vm.assertFalse(send(vetoing), "a second time");
        vm.assertTrue(send(withdrawing));
        vm.assertEq(study.vetoesOf(2), 0);
        vm.assertFalse(send(withdrawing), "played again");
        vm.assertFalse(send(vetoing), "played again");
        vm.assertEq(study.vetoesOf(2), 0);
        runRound(flat(10));
        vm.assertEq(study.snapshot().participants, 7);
    }

    function test_OnlyRoundsThatHaveNotBegunAndAreNearCanBeVetoed() public {
        startStudy(3);
        refuseVeto(0, 0, true, notVetoable(0, 2, 101));
        refuseVeto(0, 1, true, notVetoable(1, 2, 101));
        refuseVeto(0, 102, true, notVetoable(102, 2, 101));
        veto(0, 101, true);
        veto(0, 2, true);
        runRound(flat(10));
        refuseVeto(0, 2, false, notVetoable(2, 3, 102));
    }

    function test_TheFirstRoundCanBeVetoedOnceTheStudyIsOpen() public {
        openStudy();
        for (uint256 i = 0; i < 3; i++) {
            join(i);
        }
        veto(1, 1, true);
        vm.prank(sponsor);
        study.startTask();
        vm.assertEq(study.snapshot().participants, 5);
    }

    function test_OnlyMembersThatAreStillInVeto() public {
        refuseVeto(0, 1, true, abi.encodeWithSelector(IStudy.Study_WrongPhase.selector, Phase.Draft));
        startStudy(3);
        refuseVeto(3, 2, true, abi.encodeWithSelector(IStudy.Study_NotMember.selector, hospitals[3]));
        vm.prank(hospitals[2]);
        study.leaveTask();
        refuseVeto(2, 2, true, abi.encodeWithSelector(IStudy.Study_NotMember.selector, hospitals[2]));
        vm.prank(sponsor);
        study.stopTask();
        refuseVeto(0, 2, true, abi.encodeWithSelector(IStudy.Study_WrongPhase.selector, Phase.Ended));
    }

    function test_AVetoNeedsTheDutyKeysSignatureOverExactlyIt() public {
        startStudy(3);
        bytes memory call = vetoCall(0, 2, true);
        expectError(IStudy.Study_BadSignature.selector, hospitals[1]);
        this.forward(patched(call, 0, bytes32(uint256(uint160(hospitals[1])))));
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        this.forward(patched(call, 1, bytes32(uint256(3))));
        bytes memory other = vetoCall(0, 2, false);
        expectError(IStudy.Study_BadSignature.selector, hospitals[0]);
        this.forward(patched(other, 2, bytes32(uint256(1))));
    }

    function test_AHospitalThatJoinedInMidRoundMaySitItsFirstRoundOut() public {
        startStudy(3);
        join(3);
        veto(3, 2, true);
        runRound(flat(10));
        vm.assertEq(study.snapshot().participants, 7);
        runRound(flat(10));
        vm.assertEq(study.snapshot().participants, 15);
    }

    // --- rounds that vetoes leave to fewer than two ---

    function test_ARoundWithFewerThanTwoIsSkippedWithAPause() public {
        startStudy(3);
        veto(0, 2, true);
        veto(1, 2, true);
        uint256 carryBefore = credits.balanceOf(address(study));
        vm.recordLogs();
        runRound(flat(10));
        assertSkipped(2);
        Snapshot memory s = study.snapshot();
        assertPhase(Phase.Settle);
        vm.assertEq(s.round, 2);
        vm.assertEq(s.deadline, block.timestamp + 60);
        vm.assertEq(s.voids, 0);
        vm.assertEq(s.completed, 1);
        vm.assertEq(s.participants, 0);
        vm.assertEq(s.submitted, 0);
        vm.assertEq(s.seats.length, 0);
        vm.assertEq(s.survivors, 0);
        for (uint256 i = 0; i < 3; i++) {
            vm.assertEq(study.forfeitedOf(hospitals[i]), 0);
        }
        vm.assertEq(credits.balanceOf(address(study)), carryBefore);
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooEarly.selector, s.deadline));
        study.advance();
        passDeadline();
        study.advance();
        vm.assertEq(study.snapshot().round, 3);
        vm.assertEq(study.snapshot().participants, 7);
        runRound(flat(10));
        vm.assertEq(study.snapshot().completed, 2);
    }

    function test_TheStudysOwnPauseCountsWhereItIsLonger() public {
        rules.pauseSeconds = 300;
        study = createStudy();
        startStudy(2);
        veto(0, 2, true);
        runRound(flat(10));
        passDeadline();
        study.nextRound();
        assertPhase(Phase.Settle);
        vm.assertEq(study.snapshot().deadline, block.timestamp + 300);
    }

    function test_AStudyWhoseFirstRoundIsVetoedStartsWithThePause() public {
        openStudy();
        join(0);
        join(1);
        veto(0, 1, true);
        vm.prank(sponsor);
        study.startTask();
        assertPhase(Phase.Settle);
        vm.assertEq(study.snapshot().round, 1);
        // Who joins meanwhile takes part at once.
        join(2);
        passDeadline();
        study.nextRound();
        vm.assertEq(study.snapshot().participants, 7);
    }

    function test_RoundZeroIsStillToCome() public {
        rules.standardise = true;
        study = createStudy();
        openStudy();
        join(0);
        join(1);
        veto(0, 1, true);
        vm.prank(sponsor);
        study.startTask();
        passDeadline();
        study.advance();
        vm.assertTrue(study.snapshot().kind == RoundKind.Statistics);
        assertPhase(Phase.Train);
    }

    function test_WhoLeavesWhileARoundIsSkippedTakesItsStakeAlong() public {
        startStudy(3);
        veto(0, 2, true);
        veto(1, 2, true);
        runRound(flat(10));
        vm.prank(hospitals[2]);
        study.leaveTask();
        uint256 reward = study.rewardOf(hospitals[2]);
        vm.prank(hospitals[2]);
        vm.assertEq(study.withdraw(), STAKE + reward);
    }

    function test_VetoesDoNotKeepAStudyOfTooFewAlive() public {
        startStudy(3);
        veto(0, 2, true);
        for (uint256 i = 1; i < 3; i++) {
            vm.prank(hospitals[i]);
            study.leaveTask();
        }
        runRound(flat(10));
        assertEnded(EndReason.TooFewHospitals);
        assertPaidOut();
    }

    function testFuzz_ParticipantsAreTheActiveWithoutTheVetoes(uint8 vetoers, uint8 leavers, uint8 maxSeats)
        public
    {
        for (uint256 i = hospitals.length; i < 8; i++) {
            addHospital();
        }
        rules.maxSeats = uint8(between(maxSeats, 2, 7));
        study = createStudy();
        startStudy(8);
        for (uint256 i = 0; i < 8; i++) {
            if ((vetoers >> i) & 1 == 1) veto(i, 2, true);
            if ((leavers >> i) & 1 == 0) continue;
            vm.prank(hospitals[i]);
            study.leaveTask();
        }
        runRound(flat(10));
        uint8 active = ~leavers;
        uint8 expected = active & ~vetoers;
        Snapshot memory s = study.snapshot();
        if (bits(active) < 2) return assertEnded(EndReason.TooFewHospitals);
        if (bits(expected) < 2) return assertPhase(Phase.Settle);
        vm.assertEq(s.participants, expected);
        uint256 n = bits(expected);
        vm.assertEq(s.seats.length, n < rules.maxSeats ? n : rules.maxSeats);
        for (uint256 k = 0; k < s.seats.length; k++) {
            vm.assertEq((expected >> s.seats[k]) & 1, 1, "a seat takes part");
        }
        runRound(flat(10));
        vm.assertEq(study.snapshot().completed, 2);
    }

    // --- helpers ---

    function forward(bytes calldata call) external {
        (bool ok, bytes memory reason) = address(study).call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }

    function send(bytes memory call) private returns (bool ok) {
        (ok,) = address(study).call(call);
    }

    /// A call with another word as its i-th argument.
    function patched(bytes memory original, uint256 i, bytes32 word) private pure returns (bytes memory) {
        bytes memory duty = abi.encodePacked(original);
        assembly ("memory-safe") {
            mstore(add(add(duty, 36), mul(32, i)), word)
        }
        return duty;
    }

    function bits(uint8 set) private pure returns (uint256 n) {
        for (; set != 0; set &= set - 1) {
            n++;
        }
    }

    /// The study is asked for its domain before the refusal is expected.
    function refuseVeto(uint256 i, uint16 round, bool vetoed, bytes memory reason) private {
        bytes memory duty = vetoCall(i, round, vetoed);
        vm.expectRevert(reason);
        this.forward(duty);
    }

    function notVetoable(uint16 round, uint16 first, uint16 last) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IStudy.Study_NotVetoable.selector, round, first, last);
    }

    function assertSkipped(uint16 round) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != IStudy.RoundSkipped.selector) continue;
            vm.assertEq(uint256(logs[i].topics[1]), round);
            return;
        }
        vm.assertTrue(false, "no round was skipped");
    }
}
