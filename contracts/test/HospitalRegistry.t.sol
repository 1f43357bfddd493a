// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IHospitalRegistry, Keys } from "../src/interfaces/IHospitalRegistry.sol";
import { Signature } from "../src/interfaces/IStudy.sol";
import { Fixture } from "./base/Fixture.sol";
import { vm } from "./base/Vm.sol";

/// HospitalRegistry.tree
contract HospitalRegistryTest is Fixture {
    function test_OnlyTheOwnerSetsIssuers() public {
        expectError(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.prank(stranger);
        registry.setIssuer(stranger, true);
        registry.setIssuer(stranger, true);
        vm.assertTrue(registry.isIssuer(stranger));
        registry.setIssuer(stranger, false);
        vm.assertFalse(registry.isIssuer(stranger));
    }

    function test_AnIssuerAccreditsOnce() public {
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.HospitalAccredited(stranger, "St Anna", issuer);
        vm.prank(issuer);
        registry.accredit(stranger, "St Anna");
        vm.assertTrue(registry.isActive(stranger));
        vm.assertEq(registry.nameOf(stranger), "St Anna");
        expectError(IHospitalRegistry.HospitalRegistry_AlreadyAccredited.selector, stranger);
        vm.prank(issuer);
        registry.accredit(stranger, "St Anna");
    }

    function test_OthersAccreditSuspendAndReinstateNobody() public {
        expectError(IHospitalRegistry.HospitalRegistry_NotIssuer.selector, stranger);
        vm.prank(stranger);
        registry.accredit(stranger, "Mine");
        expectError(IHospitalRegistry.HospitalRegistry_NotIssuer.selector, stranger);
        vm.prank(stranger);
        registry.suspend(hospitals[0], "");
        expectError(IHospitalRegistry.HospitalRegistry_NotIssuer.selector, stranger);
        vm.prank(stranger);
        registry.reinstate(hospitals[0]);
    }

    function test_NamesHaveOneTo64Bytes() public {
        expectError(IHospitalRegistry.HospitalRegistry_BadName.selector);
        vm.prank(issuer);
        registry.accredit(stranger, "");
        expectError(IHospitalRegistry.HospitalRegistry_BadName.selector);
        vm.prank(issuer);
        registry.accredit(stranger, string(new bytes(65)));
    }

    function test_SuspensionAndReinstatementTakeTurns() public {
        vm.startPrank(issuer);
        registry.suspend(hospitals[0], "audit");
        vm.assertFalse(registry.isActive(hospitals[0]));
        expectError(IHospitalRegistry.HospitalRegistry_Suspended.selector, hospitals[0]);
        registry.suspend(hospitals[0], "audit");
        registry.reinstate(hospitals[0]);
        vm.assertTrue(registry.isActive(hospitals[0]));
        expectError(IHospitalRegistry.HospitalRegistry_NotSuspended.selector, hospitals[0]);
        registry.reinstate(hospitals[0]);
        expectError(IHospitalRegistry.HospitalRegistry_NotAccredited.selector, stranger);
        registry.suspend(stranger, "audit");
        vm.stopPrank();
    }

    function test_EnrolKeepsKeysUnderTheCaller() public {
        registry.enrol(hospitals[0], keysOf(0));
        vm.assertEq(abi.encode(registry.keysOf(address(this), hospitals[0])), abi.encode(keysOf(0)));
        vm.assertEq(registry.keysOf(address(study), hospitals[0]).encryptionKey.length, 0);
    }

    function test_APeerIdIsUniqueWithinAStudy() public {
        registry.enrol(hospitals[0], keysOf(0));
        Keys memory keys = keysOf(1);
        keys.peerId = keysOf(0).peerId;
        vm.expectRevert(
            abi.encodeWithSelector(IHospitalRegistry.HospitalRegistry_PeerIdTaken.selector, keys.peerId)
        );
        registry.enrol(hospitals[1], keys);
        vm.prank(stranger);
        registry.enrol(hospitals[1], keys);
    }

    function test_KeysOffTheCurveAreRefused() public {
        Keys memory keys = keysOf(0);
        keys.dutyY = bytes32(uint256(keys.dutyY) ^ 1);
        expectError(IHospitalRegistry.HospitalRegistry_BadDutyKey.selector);
        registry.enrol(hospitals[0], keys);

        keys = keysOf(0);
        keys.encryptionKey[64] ^= 0x01;
        expectError(IHospitalRegistry.HospitalRegistry_BadEncryptionKey.selector);
        registry.enrol(hospitals[0], keys);

        keys = keysOf(0);
        keys.encryptionKey[0] = 0x02;
        expectError(IHospitalRegistry.HospitalRegistry_BadEncryptionKey.selector);
        registry.enrol(hospitals[0], keys);

        keys = keysOf(0);
        keys.encryptionKey = new bytes(64);
        expectError(IHospitalRegistry.HospitalRegistry_BadEncryptionKey.selector);
        registry.enrol(hospitals[0], keys);
    }

    function test_APeerIdHasOneTo64Bytes() public {
        Keys memory keys = keysOf(0);
        keys.peerId = "";
        expectError(IHospitalRegistry.HospitalRegistry_BadPeerId.selector);
        registry.enrol(hospitals[0], keys);
        keys.peerId = new bytes(65);
        expectError(IHospitalRegistry.HospitalRegistry_BadPeerId.selector);
        registry.enrol(hospitals[0], keys);
    }

    function testFuzz_ADutySignatureBindsKeyAndDigest(uint256 key, bytes32 digest, bytes32 other) public {
        key = key % 1000;
        vm.assume(digest != other);
        registry.enrol(hospitals[0], keysOf(key));
        Signature memory signature = dutySign(key, digest);
        bool valid = registry.isDutySignature(address(this), hospitals[0], digest, signature.r, signature.s);
        vm.assertTrue(valid);
        valid = registry.isDutySignature(address(this), hospitals[0], other, signature.r, signature.s);
        vm.assertFalse(valid, "another digest");
        valid = registry.isDutySignature(stranger, hospitals[0], digest, signature.r, signature.s);
        vm.assertFalse(valid, "another study");
        signature = dutySign(key + 1, digest);
        valid = registry.isDutySignature(address(this), hospitals[0], digest, signature.r, signature.s);
        vm.assertFalse(valid, "another key");
    }
}
