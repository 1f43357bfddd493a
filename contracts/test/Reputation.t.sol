// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IReputation } from "../src/interfaces/IReputation.sol";
import { Fixture } from "./base/Fixture.sol";
import { vm } from "./base/Vm.sol";

/// Reputation.tree
contract ReputationTest is Fixture {
    function test_OnlyStudiesOfTheFactoryRecord() public {
        expectError(IReputation.Reputation_NotStudy.selector, stranger);
        vm.prank(stranger);
        reputation.record(1, hospitals[0], 10_000, true);
    }

    function test_EverybodyBeginsInTheMiddle() public view {
        vm.assertEq(reputation.standingOf(stranger).reputation, 5000);
        vm.assertEq(reputation.standingsOf(hospitals).length, 4);
        vm.assertEq(reputation.standingsOf(hospitals)[3].reputation, 5000);
    }

    function test_AFifthOfEachOutcomeCounts() public {
        vm.expectEmit(address(reputation));
        emit IReputation.ReputationChanged(address(study), 1, hospitals[0], 10_000, 6000);
        record(10_000, true);
        record(0, false);
        IReputation.Standing memory standing = reputation.standingOf(hospitals[0]);
        vm.assertEq(standing.reputation, 4800);
        vm.assertEq(standing.rounds, 2);
        vm.assertEq(standing.qualified, 1);
        vm.assertEq(standing.faults, 1);
    }

    function test_AReputationLostToZeroStaysLost() public {
        for (uint256 i = 0; i < 60; i++) {
            record(0, false);
        }
        vm.assertEq(reputation.standingOf(hospitals[0]).reputation, 0);
    }

    function testFuzz_ItStaysInRange(uint16[] memory outcomes) public {
        for (uint256 i = 0; i < outcomes.length && i < 50; i++) {
            record(outcomes[i], true);
            vm.assertLe(reputation.standingOf(hospitals[0]).reputation, 10_000);
        }
    }

    function test_AuditsAreCountedApart() public {
        recordAudit(true);
        vm.expectEmit(address(reputation));
        emit IReputation.HonestyChanged(address(study), hospitals[0], 2, 1);
        recordAudit(false);
        (uint32 audits, uint32 passed) = reputation.honestyOf(hospitals[0]);
        vm.assertEq(audits, 2);
        vm.assertEq(passed, 1);
        vm.assertEq(reputation.standingOf(hospitals[0]).rounds, 0, "no round");
        (audits, passed) = reputation.honestyOf(hospitals[1]);
        vm.assertEq(audits + passed, 0);
    }

    function test_OnlyStudiesOfTheFactoryRecordAudits() public {
        expectError(IReputation.Reputation_NotStudy.selector, stranger);
        vm.prank(stranger);
        reputation.recordAudit(hospitals[0], true);
    }

    function recordAudit(bool passed) private {
        vm.prank(address(study));
        reputation.recordAudit(hospitals[0], passed);
    }

    function record(uint16 outcome, bool qualified) private {
        vm.prank(address(study));
        reputation.record(1, hospitals[0], outcome, qualified);
    }
}
