// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Arrays } from "@openzeppelin/contracts/utils/Arrays.sol";
import { AuditDraw } from "../src/libraries/AuditDraw.sol";
import { BitSet } from "../src/libraries/BitSet.sol";
import { Duties } from "../src/libraries/Duties.sol";
import { Invitations } from "../src/libraries/Invitations.sol";
import { Scores } from "../src/libraries/Scores.sol";
import { Seats } from "../src/libraries/Seats.sol";
import { Digests } from "./base/Fixture.sol";
import { between, vm } from "./base/Vm.sol";

/// Libraries.tree
contract LibrariesTest {
    using BitSet for uint64;
    using Seats for uint64;

    // --- BitSet ---

    function testFuzz_CountCountsBits(uint64 set) public pure {
        uint256 bits = 0;
        for (uint256 i = 0; i < 64; i++) {
            bits += (set >> i) & 1;
        }
        vm.assertEq(set.count(), bits);
    }

    function testFuzz_AddAndRemoveAreSeenByHas(uint64 set, uint256 i) public pure {
        i = between(i, 0, 63);
        vm.assertTrue(set.add(i).has(i));
        vm.assertFalse(set.remove(i).has(i));
        vm.assertEq(set.add(i).remove(i), set.remove(i));
    }

    // --- Seats ---

    function testFuzz_SeatsAreDifferentParticipants(uint64 participants, uint16 round, uint8 most)
        public
        pure
    {
        vm.assume(participants != 0);
        uint256 maxSeats = between(most, 2, Seats.MAX);
        uint64 seats = Seats.draw(participants, between(round, 1, type(uint16).max), maxSeats);
        uint256 n = participants.count();
        vm.assertEq(seats.size(), n < maxSeats ? n : maxSeats);
        uint64 members = seats.members(seats.all());
        vm.assertEq(members.count(), seats.size(), "no member twice");
        vm.assertEq(members & ~participants, 0, "participants only");
        for (uint256 k = 0; k < seats.size(); k++) {
            vm.assertEq(seats.seatOf(seats.memberAt(k)), k);
        }
    }

    function testFuzz_EverybodyServesAsOften(uint64 participants) public pure {
        vm.assume(participants != 0);
        uint256 n = participants.count();
        uint256[64] memory served;
        for (uint256 round = 1; round <= n; round++) {
            uint64 seats = Seats.draw(participants, round, 7);
            for (uint256 k = 0; k < seats.size(); k++) {
                served[seats.memberAt(k)]++;
            }
        }
        for (uint256 i = 0; i < 64; i++) {
            vm.assertEq(served[i], participants.has(i) ? (n < 7 ? n : 7) : 0);
        }
    }

    function test_AQuorumIsMoreThanTwoThirds() public pure {
        uint256[8] memory quorum = [uint256(0), 1, 2, 3, 3, 4, 5, 5];
        for (uint256 n = 1; n < 8; n++) {
            vm.assertEq(Seats.draw(uint64((1 << n) - 1), 1, 7).quorum(), quorum[n]);
        }
    }

    function test_WhoHasNoSeatHasNone() public pure {
        vm.assertEq(Seats.draw(7, 1, 7).seatOf(3), Seats.NONE);
        vm.assertEq(Seats.draw(0, 1, 7).size(), 0);
    }

    // --- Scores ---

    function testFuzz_TheMedianIsTheLowerMiddleOfTheSorted(int16[7] memory values, uint256 length)
        public
        pure
    {
        length = between(length, 1, 7);
        uint256[] memory sorted = new uint256[](length);
        for (uint256 i = 0; i < length; i++) {
            sorted[i] = uint256(int256(values[i]) + 32768);
        }
        Arrays.sort(sorted);
        int256 expected = int256(sorted[(length - 1) / 2]) - 32768;
        vm.assertEq(Scores.median(values, length), expected);
    }

    function testFuzz_PackedScoresComeBack(int16[] calldata scores) public pure {
        for (uint256 i = 0; i < scores.length && i < 64; i++) {
            vm.assertEq(Scores.at(Scores.pack(scores, i / 16), i), int256(scores[i]));
            vm.assertEq(Scores.at(Scores.place(scores[i], i), i), int256(scores[i]));
        }
    }

    function testFuzz_RankKeysSortByMedianThenReputationThenSeniority(
        int16[2] memory median,
        uint16[2] memory reputation,
        uint8[2] memory member
    ) public pure {
        vm.assume(member[0] != member[1]);
        uint256 a = Scores.rankKey(median[0], reputation[0], member[0]);
        uint256 b = Scores.rankKey(median[1], reputation[1], member[1]);
        bool first = median[0] != median[1]
            ? median[0] > median[1]
            : reputation[0] != reputation[1] ? reputation[0] > reputation[1] : member[0] < member[1];
        vm.assertTrue(first ? a > b : a < b);
        vm.assertEq(Scores.memberOf(a), member[0]);
    }

    function testFuzz_OutcomesAndWeightsStayInRange(int16 median, int16 margin) public pure {
        uint16 outcome = Scores.outcome(median);
        vm.assertTrue(outcome >= 5000 && outcome <= 10_000);
        vm.assume(median >= margin);
        vm.assertEq(Scores.weight(median, margin), uint256(int256(median) - margin + 1));
    }

    // --- AuditDraw ---

    bytes32 private constant BEACON = keccak256("beacon");
    bytes32 private constant SEED = keccak256("seed");

    /// Of revealCommitment and beaconOf in src/audit/game/beacon.ts, for round 3 of this contract on chain 31337.
    function test_PromiseAndBeaconAreThoseOfTheGame() public view {
        vm.assertEq(address(this), 0x7FA9385bE102ac3EAc297483Dd6233D62b3e1496);
        bytes32 promise_ = 0xd84f3ec79516de683f4e9b7fc24a1daff3d919143f56f46b92b6e4420b8bfd4e;
        vm.assertEq(AuditDraw.promiseOf(3, HOSPITAL, keccak256("secret")), promise_);
        bytes32[] memory parts = new bytes32[](2);
        (parts[0], parts[1]) = (keccak256("secret"), promise_);
        vm.assertEq(
            AuditDraw.beacon(3, keccak256("hash"), parts),
            0x3c7080869753122263651037ee7e119e0b93001169ade9b370b1f121bf5c927a
        );
    }

    /// Of drawHospitals in src/audit/game/draw.ts.
    function test_HospitalsAreThoseOfTheGame() public pure {
        uint64 members = 0x808000040020212f; // 0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 63
        vm.assertEq(AuditDraw.hospitals(BEACON, members, 1 << 5, 4), 0x8000000000202028); // 3, 5, 13, 21, 63
        vm.assertEq(AuditDraw.hospitals(BEACON, type(uint64).max, 0, 31), 0x929bbadc66c203cc);
    }

    /// Of orderOf, signsOf and gammasOf in src/audit/game/roundDraws.ts.
    function test_OrderSignsAndFactorsAreThoseOfTheGame() public pure {
        vm.assertEq(packed(AuditDraw.order(SEED, 7, 11)), hex"0601070809030a04050002");
        vm.assertEq(packed(AuditDraw.order(SEED, 0, 1)), hex"00");
        vm.assertEq(
            packed(AuditDraw.order(SEED, 63, 64)),
            hex"372a03161a1d140a382c2d021200043f0c213b2233263a2410011b0f3418171531"
            hex"3e2e072b273025050d1f0929060b3208112f393c28363d1e20191c2335130e"
        );
        vm.assertEq(
            AuditDraw.signs(SEED, 7), 0xdf5a9803bb3a27c1afa57ddd23621afb4c76295b36da45bdc35580e6ac044363
        );
        (uint64 gamma0, uint64 gamma1) = AuditDraw.gammas(BEACON, 7);
        vm.assertEq(gamma0, 10173274024421685969);
        vm.assertEq(gamma1, 17763288588368143486);
    }

    function testFuzz_WhoIsDueIsDrawnAndAsManyOthers(bytes32 beacon, uint64 members, uint64 due, uint8 count)
        public
        pure
    {
        uint64 drawn = AuditDraw.hospitals(beacon, members, due, count);
        vm.assertEq(drawn & ~members, 0, "of the members");
        vm.assertEq(members & due & ~drawn, 0, "who is due");
        uint256 others = (members & ~due).count();
        vm.assertEq((drawn & ~due).count(), others < count ? others : count);
    }

    function testFuzz_EveryBatchIsTrainedOnce(bytes32 seed, uint8 member, uint8 steps) public pure {
        uint8[] memory order = AuditDraw.order(seed, member, between(steps, 1, 64));
        uint64 seen;
        for (uint256 i = 0; i < order.length; i++) {
            seen = seen.add(order[i]);
        }
        vm.assertEq(seen.count(), order.length);
        vm.assertTrue(order.length == 64 || seen >> order.length == 0);
    }

    /// A byte an entry.
    function packed(uint8[] memory list) private pure returns (bytes memory bytes_) {
        bytes_ = new bytes(list.length);
        for (uint256 i = 0; i < list.length; i++) {
            bytes_[i] = bytes1(list[i]);
        }
    }

    // --- Duties ---

    /// viem's domainSeparator of chain 31337, verifying contract 0x2222…2222, salt 0xd1d1…d1d1; the digests below are of
    /// viem's hashTypedData in that domain.
    bytes32 private constant DOMAIN = 0xc231447d6674c6d3562492b52a8fa0a66a2245e0098e754dfd196685b4c8cb7e;
    address private constant HOSPITAL = 0x1111111111111111111111111111111111111111;

    function test_DigestsAreThoseOfOtherImplementations() public {
        address verifier = 0x2222222222222222222222222222222222222222;
        vm.assertEq(
            Duties.domainSeparator(verifier, bytes32(uint256(0xd1) * (type(uint256).max / 255))), DOMAIN
        );
        bytes32 one = bytes32(uint256(1));
        bytes32 two = bytes32(uint256(2));
        vm.assertEq(
            Duties.attestation(DOMAIN, HOSPITAL, 3, 5, one),
            0x1dd8d23f5b4151401dce440a3de0e07db823eb532f989f750b2a60074d04466d
        );
        vm.assertEq(
            Duties.modelSignature(DOMAIN, HOSPITAL, 3, one, two),
            0x3280a79b7de84b651012bccaec5c88bb0b95b27432e0a3b83527d4034f83680d
        );
        vm.assertEq(
            Duties.veto(DOMAIN, HOSPITAL, 3, true),
            0x939c30848933fdde8ac121ffcbee573bebfedb0f3244821af1a4b6440458a54a
        );
        vm.assertEq(
            Duties.preparation(DOMAIN, HOSPITAL, one),
            0x4d860c25c08ecd0baf3af192a8ae698f141c94ff93dba7af04d174cdd3b0778f
        );
        int16[] memory scores = new int16[](3);
        (scores[0], scores[1], scores[2]) = (-200, type(int16).min, 32767);
        vm.assertEq(
            new Digests().scores(DOMAIN, HOSPITAL, 3, scores, one, two),
            0xd6249a437f37edb51a40de3df7845ea9899ddbc1129e93bf6e79264b3c14839a
        );
    }

    function test_DigestsOfInvitationsAreThoseOfOtherImplementations() public view {
        address verifier = 0x2222222222222222222222222222222222222222;
        bytes32 domain =
            Invitations.domainSeparator(verifier, bytes32(uint256(0xd1) * (type(uint256).max / 255)));
        vm.assertEq(domain, 0x157efc7e1ba1838cc05bc24ca4b094c7d7f5b3e879924f493b5220e4154bacb9);
        vm.assertEq(
            Invitations.invitation(domain, HOSPITAL, unicode"Sankt Göran", 2_000_000),
            0x06fe1c8a5e289c2f1fce0360002c6f595af95af3c51ed2f84ca68047d1425f2c
        );
        vm.assertEq(
            Invitations.redemption(domain, HOSPITAL),
            0x043826b9c9505ccc323dc1d8c342790bd7892cef5eee3d1f91e0f92b54e8febf
        );
    }
}
