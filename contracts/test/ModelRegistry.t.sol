// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IModelRegistry } from "../src/interfaces/IModelRegistry.sol";
import { Fixture } from "./base/Fixture.sol";
import { vm } from "./base/Vm.sol";

/// ModelRegistry.tree
contract ModelRegistryTest is Fixture {
    function test_OnlyStudiesOfTheFactoryRegister() public {
        expectError(IModelRegistry.ModelRegistry_NotStudy.selector, stranger);
        vm.prank(stranger);
        models.register(1, 1, 0, MODEL, MODEL);
    }

    function test_VersionsCountFromZeroAndTheNewestIsCurrent() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NoSuchVersion.selector, 0));
        models.current(address(study));
        register(1);
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelRegistered(address(study), 1, 2, MODEL, OTHER_MODEL, 20);
        register(2);
        vm.assertEq(models.versionCount(address(study)), 2);
        (uint256 version, IModelRegistry.Model memory model) = models.current(address(study));
        vm.assertEq(version, 1);
        vm.assertEq(model.round, 2);
        vm.assertEq(model.time, block.timestamp);
        vm.assertEq(models.modelAt(address(study), 0).round, 1);
    }

    function test_TheSponsorGoesBackToAnOlderVersionUntilTheNextModel() public {
        register(1);
        register(2);
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelRolledBack(address(study), 1, 0, "drift");
        vm.prank(sponsor);
        models.rollback(address(study), 0, "drift");
        (uint256 version,) = models.current(address(study));
        vm.assertEq(version, 0);
        register(3);
        (version,) = models.current(address(study));
        vm.assertEq(version, 2);
    }

    function test_ARollbackByOthersOrToNowhereIsRefused() public {
        register(1);
        expectError(IModelRegistry.ModelRegistry_NotSponsor.selector, stranger);
        vm.prank(stranger);
        models.rollback(address(study), 0, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NoSuchVersion.selector, 1));
        vm.prank(sponsor);
        models.rollback(address(study), 1, "");
        expectError(IModelRegistry.ModelRegistry_NotStudy.selector, stranger);
        models.rollback(stranger, 0, "");
    }

    function register(uint16 round) private {
        vm.prank(address(study));
        models.register(round, 7, int16(round * 10), MODEL, OTHER_MODEL);
    }
}
