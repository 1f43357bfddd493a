// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { HospitalRegistry } from "../src/HospitalRegistry.sol";
import {
    IHospitalRegistry,
    InvitationState,
    Keys,
    MotionKind
} from "../src/interfaces/IHospitalRegistry.sol";
import { Signature } from "../src/interfaces/IStudy.sol";
import { Invitations } from "../src/libraries/Invitations.sol";
import { Fixture } from "./base/Fixture.sol";
import { between, vm } from "./base/Vm.sol";

/// A wallet that is a contract: it checks what its owner signed.
contract ContractWallet {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s, uint8 v) = abi.decode(signature, (bytes32, bytes32, uint8));
        return ecrecover(digest, v, r, s) == _owner ? this.isValidSignature.selector : bytes4(0);
    }
}

/// HospitalRegistry.tree
contract HospitalRegistryTest is Fixture {
    string private constant NAME = "St Anna";
    uint256 private constant KEY = 0xc0de;
    uint40 private constant EXPIRES = 2_000_000;

    /// Issuer i; 0 is the fixture's.
    address[] private _issuers;

    function issuerKey(uint256 i) private pure returns (uint256) {
        return 0x155e4 + i;
    }

    /// n issuers whose private keys the tests hold, of whom k must agree. The fixture's own goes.
    function setIssuers(uint256 n, uint8 k) private {
        for (uint256 i = 0; i < n; i++) {
            _issuers.push(vm.addr(issuerKey(i)));
            registry.setIssuer(_issuers[i], true);
            if (i == 0) registry.setIssuer(issuer, false);
        }
        registry.setThreshold(k);
    }

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

    // --- issuers and threshold ---

    function test_TheThresholdIsOneToTheNumberOfIssuers() public {
        setIssuers(3, 2);
        vm.assertEq(registry.threshold(), 2);
        vm.assertEq(registry.issuers().length, 3);
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.ThresholdSet(3);
        registry.setThreshold(3);
        expectBadThreshold(0, 3);
        registry.setThreshold(0);
        expectBadThreshold(4, 3);
        registry.setThreshold(4);
        expectError(Ownable.OwnableUnauthorizedAccount.selector, _issuers[0]);
        vm.prank(_issuers[0]);
        registry.setThreshold(1);
    }

    function test_NoIssuerGoesBelowTheThreshold() public {
        setIssuers(3, 2);
        registry.setIssuer(_issuers[0], false);
        expectBadThreshold(2, 1);
        registry.setIssuer(_issuers[1], false);
        vm.assertTrue(registry.isIssuer(_issuers[1]));
        registry.setThreshold(1);
        registry.setIssuer(_issuers[1], false);
        expectBadThreshold(1, 0);
        registry.setIssuer(_issuers[2], false);
    }

    function test_ThereAreAtMost32Issuers() public {
        setIssuers(32, 32);
        expectError(IHospitalRegistry.HospitalRegistry_TooManyIssuers.selector, address(32));
        registry.setIssuer(stranger, true);
        registry.setIssuer(_issuers[5], true); // is one already
        vm.assertEq(registry.issuers().length, 32);
        expectError(IHospitalRegistry.HospitalRegistry_BadIssuer.selector, address(0));
        registry.setIssuer(address(0), true);
    }

    function test_ThirtyTwoOfThirtyTwoAdmit() public {
        setIssuers(32, 32);
        for (uint256 i = 0; i < 32; i++) {
            vm.assertFalse(registry.isActive(stranger));
            voteFor(i, NAME);
        }
        vm.assertTrue(registry.isActive(stranger));
    }

    // --- votes ---

    function test_TheKthVoteCarries() public {
        setIssuers(3, 2);
        bytes32 motion = accreditation();
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.MotionVoted(motion, stranger, _issuers[0], MotionKind.Accredit, NAME, 1, 2);
        voteFor(0, NAME);
        vm.assertFalse(registry.isActive(stranger));
        (, address[] memory voters) = registry.motionOf(MotionKind.Accredit, stranger, NAME);
        vm.assertEq(voters.length, 1);
        vm.assertEq(voters[0], _issuers[0]);

        vm.expectEmit(address(registry));
        emit IHospitalRegistry.MotionVoted(motion, stranger, _issuers[2], MotionKind.Accredit, NAME, 2, 2);
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.HospitalAccredited(stranger, NAME, _issuers[2]);
        voteFor(2, NAME);
        vm.assertTrue(registry.isActive(stranger));
        vm.assertEq(registry.nameOf(stranger), NAME);
        vm.assertTrue(accreditation() != motion, "the motion is closed");
        (, voters) = registry.motionOf(MotionKind.Accredit, stranger, NAME);
        vm.assertEq(voters.length, 0);
    }

    function test_AnIssuerVotesOnceAMotion() public {
        setIssuers(3, 2);
        voteFor(0, NAME);
        vm.expectRevert(
            abi.encodeWithSelector(
                IHospitalRegistry.HospitalRegistry_VotedAlready.selector, accreditation(), _issuers[0]
            )
        );
        voteFor(0, NAME);
        vm.assertFalse(registry.isActive(stranger));
    }

    function test_VotesForAnotherNameOrReasonDoNotAddUp() public {
        setIssuers(3, 2);
        voteFor(0, NAME);
        voteFor(1, "St Anne");
        vm.assertFalse(registry.isActive(stranger));
        vm.prank(_issuers[0]);
        registry.suspend(hospitals[0], "audit");
        vm.prank(_issuers[1]);
        registry.suspend(hospitals[0], "other");
        vm.assertTrue(registry.isActive(hospitals[0]));
        voteFor(2, NAME);
        vm.assertEq(registry.nameOf(stranger), NAME);
    }

    function test_SuspensionAndReinstatementNeedKVotes() public {
        setIssuers(3, 2);
        vm.prank(_issuers[0]);
        registry.suspend(hospitals[0], "audit");
        vm.assertTrue(registry.isActive(hospitals[0]));
        vm.prank(_issuers[1]);
        registry.suspend(hospitals[0], "audit");
        vm.assertTrue(registry.isSuspended(hospitals[0]));
        vm.prank(_issuers[2]);
        registry.reinstate(hospitals[0]);
        vm.assertTrue(registry.isSuspended(hospitals[0]));
        vm.prank(_issuers[0]);
        registry.reinstate(hospitals[0]);
        vm.assertTrue(registry.isActive(hospitals[0]));
    }

    function test_OldVotesDoNotCarryOver() public {
        setIssuers(3, 2);
        // One vote for suspending it stands when it is suspended for another reason, and reinstated.
        vm.prank(_issuers[2]);
        registry.suspend(hospitals[0], "old");
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(_issuers[i]);
            registry.suspend(hospitals[0], "audit");
        }
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(_issuers[i]);
            registry.reinstate(hospitals[0]);
        }
        vm.prank(_issuers[0]);
        registry.suspend(hospitals[0], "old");
        vm.assertTrue(registry.isActive(hospitals[0]), "the old vote counts no more");
        vm.prank(_issuers[0]);
        vm.expectRevert();
        registry.suspend(hospitals[0], "old");
        vm.prank(_issuers[1]);
        registry.suspend(hospitals[0], "old");
        vm.assertTrue(registry.isSuspended(hospitals[0]));
    }

    function test_OnlyVotesOfCurrentIssuersCount() public {
        setIssuers(4, 2);
        voteFor(0, NAME);
        registry.setIssuer(_issuers[0], false);
        (, address[] memory voters) = registry.motionOf(MotionKind.Accredit, stranger, NAME);
        vm.assertEq(voters.length, 0);
        voteFor(1, NAME);
        vm.assertFalse(registry.isActive(stranger), "a former issuer's vote");
        // Named again, it starts anew.
        registry.setIssuer(_issuers[0], true);
        (, voters) = registry.motionOf(MotionKind.Accredit, stranger, NAME);
        vm.assertEq(voters.length, 1);
        voteFor(0, NAME);
        vm.assertTrue(registry.isActive(stranger));
    }

    function test_ALowerThresholdCarriesWithTheNextVoteOrARepeatedOne() public {
        setIssuers(3, 3);
        voteFor(0, NAME);
        voteFor(1, NAME);
        registry.setThreshold(2);
        vm.assertFalse(registry.isActive(stranger));
        voteFor(1, NAME);
        vm.assertTrue(registry.isActive(stranger));
    }

    function test_AVoteCanBeWithdrawn() public {
        setIssuers(3, 2);
        voteFor(0, NAME);
        bytes32 motion = accreditation();
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.VoteWithdrawn(motion, _issuers[0]);
        vm.prank(_issuers[0]);
        registry.withdrawVote(motion);
        voteFor(1, NAME);
        vm.assertFalse(registry.isActive(stranger));
        vm.expectRevert(
            abi.encodeWithSelector(IHospitalRegistry.HospitalRegistry_NotVoted.selector, motion, _issuers[0])
        );
        vm.prank(_issuers[0]);
        registry.withdrawVote(motion);
        expectError(IHospitalRegistry.HospitalRegistry_NotIssuer.selector, stranger);
        vm.prank(stranger);
        registry.withdrawVote(motion);
    }

    function test_AReasonHasAtMost256Bytes() public {
        expectError(IHospitalRegistry.HospitalRegistry_BadReason.selector);
        vm.prank(issuer);
        registry.suspend(hospitals[0], string(new bytes(257)));
        expectError(IHospitalRegistry.HospitalRegistry_BadHospital.selector);
        vm.prank(issuer);
        registry.accredit(address(0), NAME);
    }

    /// Whatever issuers do, a hospital is active only after k of those of today voted in its present turn.
    function testFuzz_NothingCarriesWithFewerThanKVotes(uint256 seed, uint8 n, uint8 k) public {
        n = uint8(between(n, 1, 8));
        k = uint8(between(k, 1, n));
        setIssuers(n, k);
        uint256 voted = 0; // bit i: issuer i
        for (uint256 step = 0; step < 24; step++) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 i = seed % n;
            bool hadVoted = (voted >> i) & 1 == 1;
            if ((seed >> 8) % 4 == 0 && hadVoted) {
                bytes32 motion = accreditation();
                vm.prank(_issuers[i]);
                registry.withdrawVote(motion);
                voted ^= 1 << i;
            } else if ((seed >> 8) % 4 == 1 && n > k) {
                // Away and back: the vote is gone.
                registry.setIssuer(_issuers[i], false);
                registry.setIssuer(_issuers[i], true);
                voted &= ~(1 << i);
            } else if (!hadVoted) {
                voteFor(i, NAME);
                voted |= 1 << i;
            }
            uint256 votes = 0;
            for (uint256 bit = 0; bit < n; bit++) {
                votes += (voted >> bit) & 1;
            }
            vm.assertEq(registry.isActive(stranger) ? 1 : 0, votes >= k ? 1 : 0, "active with k votes");
            if (votes >= k) return;
        }
    }

    // --- invitations ---

    function test_KSignaturesAdmitTheHospitalThatTheKeyNames() public {
        setIssuers(3, 2);
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.InvitationRedeemed(vm.addr(KEY), stranger);
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.HospitalAccredited(stranger, NAME, _issuers[0]);
        redeem(signatures(2, 0), stranger);
        vm.assertTrue(registry.isActive(stranger));
        vm.assertEq(registry.nameOf(stranger), NAME);
        vm.assertTrue(registry.invitationOf(vm.addr(KEY)) == InvitationState.Redeemed);
    }

    function test_AnInvitationIsGoodOnce() public {
        setIssuers(3, 2);
        redeem(signatures(0, 1), stranger);
        expectError(IHospitalRegistry.HospitalRegistry_InvitationUsed.selector, vm.addr(KEY));
        redeem(signatures(0, 1), address(0xbeef));
        expectError(IHospitalRegistry.HospitalRegistry_InvitationUsed.selector, vm.addr(KEY));
        vm.prank(_issuers[0]);
        registry.revoke(vm.addr(KEY));
    }

    function test_SignaturesOfOneIssuerCountOnce() public {
        setIssuers(3, 2);
        bytes[] memory twice = signatures(1, 1);
        expectTooFew(1, 2);
        redeem(twice, stranger);
        // The same signature in its other form: s in the upper half, which ECDSA refuses.
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(issuerKey(1), invitation());
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        twice[1] = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        expectTooFew(1, 2);
        redeem(twice, stranger);
    }

    function test_SignaturesOfOthersArePassedOver() public {
        setIssuers(3, 2);
        bytes[] memory list = new bytes[](5);
        list[0] = signed(issuerKey(9), invitation()); // nobody
        list[1] = signed(issuerKey(0), invitation());
        list[2] = ""; // nothing
        list[3] = abi.encodePacked(_issuers[2], new bytes(20)); // no contract
        expectTooFew(1, 2);
        redeem(list, stranger);
        list[4] = signed(issuerKey(1), invitation());
        registry.setIssuer(_issuers[1], false);
        expectTooFew(1, 2);
        redeem(list, stranger);
        list[0] = signed(issuerKey(2), invitation());
        redeem(list, stranger);
        vm.assertTrue(registry.isActive(stranger));
    }

    function test_AContractSignsToo() public {
        setIssuers(2, 2);
        address wallet = address(new ContractWallet(vm.addr(0xacc)));
        registry.setIssuer(wallet, true);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0xacc, invitation());
        bytes[] memory list = new bytes[](2);
        list[0] = abi.encodePacked(wallet, abi.encode(r, s, v));
        list[1] = abi.encodePacked(wallet, abi.encode(r, s, v));
        expectTooFew(1, 2);
        redeem(list, stranger);
        list[1] = signed(issuerKey(1), invitation());
        list[0] = abi.encodePacked(wallet, abi.encode(s, r, v));
        expectTooFew(1, 2);
        redeem(list, stranger);
        list[0] = abi.encodePacked(wallet, abi.encode(r, s, v));
        redeem(list, stranger);
        vm.assertTrue(registry.isActive(stranger));
    }

    function test_NobodyTakesAnInvitationForAnotherWallet() public {
        setIssuers(3, 2);
        bytes memory keySignature = redemption(KEY, stranger);
        expectError(IHospitalRegistry.HospitalRegistry_BadInvitationKey.selector, vm.addr(KEY));
        registry.redeem(vm.addr(KEY), NAME, EXPIRES, signatures(0, 1), address(0xbad), keySignature);
        bytes memory own = redemption(0xbad, address(0xbad));
        expectError(IHospitalRegistry.HospitalRegistry_BadInvitationKey.selector, vm.addr(KEY));
        registry.redeem(vm.addr(KEY), NAME, EXPIRES, signatures(0, 1), address(0xbad), own);
        // Sent by another, it still admits whom the key named.
        vm.prank(address(0xbad));
        registry.redeem(vm.addr(KEY), NAME, EXPIRES, signatures(0, 1), stranger, keySignature);
        vm.assertTrue(registry.isActive(stranger));
        vm.assertFalse(registry.isActive(address(0xbad)));
    }

    function test_OtherTermsThanSignedAreRefused() public {
        setIssuers(3, 2);
        bytes memory keySignature = redemption(KEY, stranger);
        expectTooFew(0, 2);
        registry.redeem(vm.addr(KEY), "Another", EXPIRES, signatures(0, 1), stranger, keySignature);
        expectTooFew(0, 2);
        registry.redeem(vm.addr(KEY), NAME, EXPIRES + 1, signatures(0, 1), stranger, keySignature);
        bytes memory other = redemption(KEY + 1, stranger);
        expectTooFew(0, 2);
        registry.redeem(vm.addr(KEY + 1), NAME, EXPIRES, signatures(0, 1), stranger, other);
        vm.assertEq(registry.domainSeparator(), domain());
        // Of another deployment at another place, or at the same one on a younger chain.
        HospitalRegistry elsewhere = new HospitalRegistry(address(this), keccak256("genesis"));
        vm.assertTrue(elsewhere.domainSeparator() != registry.domainSeparator());
        elsewhere = new HospitalRegistry(address(this), keccak256("younger"));
        vm.assertTrue(
            Invitations.domainSeparator(address(registry), elsewhere.deploymentId())
                != registry.domainSeparator()
        );
    }

    function test_AnInvitationExpires() public {
        setIssuers(3, 2);
        vm.warp(EXPIRES);
        vm.expectRevert(
            abi.encodeWithSelector(IHospitalRegistry.HospitalRegistry_InvitationExpired.selector, EXPIRES)
        );
        redeem(signatures(0, 1), stranger);
        vm.warp(EXPIRES - 1);
        redeem(signatures(0, 1), stranger);
    }

    function test_AnyIssuerRevokes() public {
        setIssuers(3, 2);
        expectError(IHospitalRegistry.HospitalRegistry_NotIssuer.selector, stranger);
        vm.prank(stranger);
        registry.revoke(vm.addr(KEY));
        vm.expectEmit(address(registry));
        emit IHospitalRegistry.InvitationRevoked(vm.addr(KEY), _issuers[2]);
        vm.prank(_issuers[2]);
        registry.revoke(vm.addr(KEY));
        expectError(IHospitalRegistry.HospitalRegistry_InvitationRevoked.selector, vm.addr(KEY));
        redeem(signatures(0, 1), stranger);
        vm.assertTrue(registry.invitationOf(vm.addr(KEY)) == InvitationState.Revoked);
    }

    function test_AnInvitationAdmitsNobodyWhoIsKnown() public {
        setIssuers(3, 2);
        expectError(IHospitalRegistry.HospitalRegistry_AlreadyAccredited.selector, hospitals[0]);
        redeem(signatures(0, 1), hospitals[0]);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(_issuers[i]);
            registry.suspend(hospitals[0], "audit");
        }
        expectError(IHospitalRegistry.HospitalRegistry_Suspended.selector, hospitals[0]);
        redeem(signatures(0, 1), hospitals[0]);
        vm.assertTrue(registry.isSuspended(hospitals[0]));
        // The key was not spent by it.
        redeem(signatures(0, 1), stranger);
    }

    function test_AnInvitationClosesTheMotionsAboutItsHospital() public {
        setIssuers(3, 2);
        bytes32 motion = accreditation();
        voteFor(0, NAME);
        redeem(signatures(0, 1), stranger);
        vm.assertTrue(accreditation() != motion);
    }

    function test_AtMost32SignaturesAreLookedAt() public {
        vm.expectRevert(
            abi.encodeWithSelector(IHospitalRegistry.HospitalRegistry_TooManySignatures.selector, 33, 32)
        );
        redeem(new bytes[](33), stranger);
    }

    function testFuzz_OnlyKDifferentIssuersAdmit(uint256 who, uint8 n, uint8 k, uint8 length) public {
        n = uint8(between(n, 1, 6));
        k = uint8(between(k, 1, n));
        setIssuers(n, k);
        bytes[] memory list = new bytes[](length % 12);
        uint256 distinct = 0;
        uint256 seen = 0;
        for (uint256 i = 0; i < list.length; i++) {
            uint256 signer = (who >> (4 * i)) % 8; // from n on: nobody's
            list[i] = signed(issuerKey(signer), invitation());
            if (signer < n && (seen >> signer) & 1 == 0) distinct++;
            seen |= 1 << signer;
        }
        if (distinct < k) expectTooFew(distinct, k);
        redeem(list, stranger);
        vm.assertEq(registry.isActive(stranger) ? 1 : 0, distinct >= k ? 1 : 0);
    }

    // --- helpers ---

    function voteFor(uint256 i, string memory name) private {
        vm.prank(_issuers[i]);
        registry.accredit(stranger, name);
    }

    function accreditation() private view returns (bytes32 motion) {
        (motion,) = registry.motionOf(MotionKind.Accredit, stranger, NAME);
    }

    /// As the design states it; nothing may be asked of the registry between an expectation and its call.
    function domain() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
                ),
                keccak256("Wardround Registry"),
                keccak256("1"),
                block.chainid,
                address(registry),
                keccak256(abi.encode(keccak256("genesis"), address(registry)))
            )
        );
    }

    function invitation() private view returns (bytes32) {
        return Invitations.invitation(domain(), vm.addr(KEY), NAME, EXPIRES);
    }

    function redemption(uint256 key, address hospital) private view returns (bytes memory) {
        return signed(key, Invitations.redemption(domain(), hospital));
    }

    function redeem(bytes[] memory list, address hospital) private {
        bytes memory keySignature = redemption(KEY, hospital);
        registry.redeem(vm.addr(KEY), NAME, EXPIRES, list, hospital, keySignature);
    }

    function signatures(uint256 first, uint256 second) private view returns (bytes[] memory list) {
        list = new bytes[](2);
        list[0] = signed(issuerKey(first), invitation());
        list[1] = signed(issuerKey(second), invitation());
    }

    function signed(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function expectTooFew(uint256 valid, uint256 needed) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IHospitalRegistry.HospitalRegistry_TooFewSignatures.selector, valid, needed
            )
        );
    }

    function expectBadThreshold(uint256 threshold, uint256 issuers) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IHospitalRegistry.HospitalRegistry_BadThreshold.selector, threshold, issuers
            )
        );
    }
}
