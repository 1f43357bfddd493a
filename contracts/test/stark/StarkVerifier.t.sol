// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Airs } from "../../src/stark/Air.sol";
import { IStarkVerifier } from "../../src/stark/IStarkVerifier.sol";
import { Refusal, Stark_Refused } from "../../src/stark/Refusal.sol";
import { StarkKeys } from "../../src/stark/StarkKeys.sol";
import { StarkVerifier } from "../../src/stark/StarkVerifier.sol";
import { vm } from "../base/Vm.sol";

/// StarkVerifier.tree
contract StarkVerifierTest {
    /// One column that is zero in all rows: version, rows, active rows; oracles, of which external; the oracle;
    /// inputs, challenges, chunks; constants; periodic columns; instructions; one constraint.
    bytes private constant KEY = hex"0106000000300100000001000000010000010000000000000100000000000000";

    StarkVerifier private immutable _verifier = new StarkVerifier(3, 6, 4, 2);

    // --- Parameters ---

    function test_ItKeepsItsParameters() public view {
        vm.assertEq(_verifier.log2Blowup(), 3);
        vm.assertEq(_verifier.queries(), 6);
        vm.assertEq(_verifier.queryGrinding(), 4);
        vm.assertEq(_verifier.roundGrinding(), 2);
    }

    function test_ParametersMustMakeSense() public {
        _expectBadParameters();
        new StarkVerifier(0, 6, 4, 2);
        _expectBadParameters();
        new StarkVerifier(13, 6, 4, 2);
        _expectBadParameters();
        new StarkVerifier(3, 0, 4, 2);
        new StarkVerifier(12, 1, 0, 0);
    }

    // --- Keys ---

    function test_AKeyIsStoredOnceBehindAStop() public {
        address account = StarkKeys.deploy(KEY);
        vm.assertEq(account.code, abi.encodePacked(uint8(0), KEY));
        vm.assertEq(StarkKeys.read(account), KEY);
        vm.assertEq(StarkKeys.deploy(KEY), account);
        vm.assertTrue(StarkKeys.deploy(abi.encodePacked(KEY, uint8(0))) != account);
    }

    function testFuzz_AnyBytesAreStored(bytes memory key) public {
        vm.assume(key.length > 0);
        vm.assertEq(StarkKeys.read(StarkKeys.deploy(key)), key);
    }

    function test_AKeyFitsIntoAnAccount() public {
        bytes memory longest = new bytes(24_575);
        vm.assertEq(StarkKeys.deploy(longest).code.length, 24_576);
        vm.expectRevert(abi.encodeWithSelector(StarkKeys.StarkKeys_TooLong.selector, 24_576));
        this.deploy(new bytes(24_576));
    }

    function test_OtherAccountsHoldNoKey() public {
        _expectNoKey(address(0x1234));
        _expectNoKey(address(_verifier));
        _expectNoKey(StarkKeys.deploy(""));
    }

    function test_BadKeysAreRefused() public {
        bytes memory key = KEY;
        key[0] = 0x02;
        _expectBadKey(key);
        key = KEY;
        key[1] = 0x05;
        _expectBadKey(key);
        key[1] = 0x15;
        _expectBadKey(key);
        _expectBadKey(abi.encodePacked(KEY, uint8(0)));
        key = new bytes(KEY.length - 1);
        for (uint256 i = 0; i < key.length; i++) {
            key[i] = KEY[i];
        }
        _expectBadKey(key);
    }

    // --- Statements and proofs ---

    function test_AStatementMustBeOneOfTheAir() public {
        address key = StarkKeys.deploy(KEY);
        _expectRefusal(key, new uint64[](0), new bytes24[](0), Refusal.Statement);
        _expectRefusal(key, new uint64[](2), new bytes24[](0), Refusal.Statement);
        _expectRefusal(key, new uint64[](1), new bytes24[](1), Refusal.Statement);
        uint64[] memory inputs = new uint64[](1);
        inputs[0] = 0xffffffff00000001;
        _expectRefusal(key, inputs, new bytes24[](0), Refusal.Statement);
        inputs[0] = 0xffffffff00000000;
        _expectRefusal(key, inputs, new bytes24[](0), Refusal.Malformed);
    }

    function test_APinIsTwoInputsAfterTheAirs() public {
        bytes memory pinned = KEY;
        (pinned[7], pinned[8]) = (0x01, 0x02); // Its oracle is external and pinned.
        address key = StarkKeys.deploy(pinned);
        bytes24[] memory roots = new bytes24[](1);
        for (uint256 i = 0; i < 5; i++) {
            _expectRefusal(key, new uint64[](i), roots, i == 3 ? Refusal.Malformed : Refusal.Statement);
        }
        uint64[] memory inputs = new uint64[](3);
        inputs[2] = 0xffffffff00000001;
        _expectRefusal(key, inputs, roots, Refusal.Statement);
    }

    function testFuzz_StatementsAreToldApart(
        address key,
        bytes32 context,
        uint64[] memory inputs,
        bytes24[] memory roots
    ) public view {
        bytes32 statement = _verifier.statementOf(key, context, inputs, roots);
        address otherKey = address(uint160(key) ^ 1);
        vm.assertTrue(statement != _verifier.statementOf(otherKey, context, inputs, roots));
        vm.assertTrue(statement != _verifier.statementOf(key, ~context, inputs, roots));
        uint64[] memory moreInputs = new uint64[](inputs.length + 1);
        for (uint256 i = 0; i < inputs.length; i++) {
            moreInputs[i] = inputs[i];
        }
        vm.assertTrue(statement != _verifier.statementOf(key, context, moreInputs, roots));
        bytes24[] memory moreRoots = new bytes24[](roots.length + 1);
        for (uint256 i = 0; i < roots.length; i++) {
            moreRoots[i] = roots[i];
        }
        vm.assertTrue(statement != _verifier.statementOf(key, context, inputs, moreRoots));
        vm.assertFalse(_verifier.isProven(statement));
    }

    function deploy(bytes memory key) external returns (address) {
        return StarkKeys.deploy(key);
    }

    function _expectBadParameters() private {
        vm.expectRevert(abi.encodePacked(IStarkVerifier.StarkVerifier_BadParameters.selector));
    }

    function _expectNoKey(address account) private {
        vm.expectRevert(abi.encodeWithSelector(StarkKeys.StarkKeys_NoKey.selector, account));
        _verifier.verify(account, 0, new uint64[](0), new bytes24[](0), "");
    }

    function _expectBadKey(bytes memory key) private {
        address account = StarkKeys.deploy(key);
        vm.expectRevert(abi.encodeWithSelector(Airs.Air_BadKey.selector, account));
        _verifier.verify(account, 0, new uint64[](1), new bytes24[](0), "");
    }

    function _expectRefusal(address key, uint64[] memory inputs, bytes24[] memory roots, Refusal refusal)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(Stark_Refused.selector, refusal));
        _verifier.verify(key, 0, inputs, roots, "");
    }
}
