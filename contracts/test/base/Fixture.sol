// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { P256 } from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import { Credits } from "../../src/Credits.sol";
import { GasPot } from "../../src/GasPot.sol";
import { HospitalRegistry } from "../../src/HospitalRegistry.sol";
import { ModelRegistry } from "../../src/ModelRegistry.sol";
import { Reputation } from "../../src/Reputation.sol";
import { Study } from "../../src/Study.sol";
import { StudyFactory } from "../../src/StudyFactory.sol";
import { Keys } from "../../src/interfaces/IHospitalRegistry.sol";
import {
    EndReason,
    IStudy,
    Mode,
    Phase,
    RewardSchedule,
    Rules,
    Signature,
    Snapshot
} from "../../src/interfaces/IStudy.sol";
import { Duties } from "../../src/libraries/Duties.sol";
import { Vm, vm } from "./Vm.sol";

/// Digests of calldata arrays; an external contract because the library takes its list from calldata.
contract Digests {
    function scores(
        bytes32 domain,
        address hospital,
        uint16 round,
        int16[] calldata list,
        bytes32 salt,
        bytes32 rewraps
    ) external pure returns (bytes32) {
        return Duties.scores(domain, hospital, round, list, salt, rewraps);
    }

    function scoredModel(
        bytes32 domain,
        address hospital,
        uint16 round,
        bytes32 modelHash,
        bytes32 header,
        int16[] calldata list
    ) external pure returns (bytes32) {
        return Duties.scoredModel(domain, hospital, round, modelHash, header, list);
    }
}

/// A whole deployment with accredited hospitals, and what sponsor, hospitals and seats do. Hospital i is member i as long as
/// the tests let them join in order.
abstract contract Fixture {
    uint256 internal constant CREDIT = 1e18;
    uint96 internal constant STAKE = 100 * 1e18;
    uint256 internal constant DEPOSIT = 900 * 1e18;
    uint256 internal constant SLASH = 10 * 1e18; // a tenth of the stake
    int16 internal constant MARGIN = -200;
    string internal constant MODEL_URI = "ipfs://manifest";
    bytes32 internal constant MODEL = keccak256("model");
    bytes32 internal constant OTHER_MODEL = keccak256("another model");

    Credits internal credits;
    HospitalRegistry internal registry;
    StudyFactory internal factory;
    GasPot internal pot;
    Reputation internal reputation;
    ModelRegistry internal models;
    Study internal study;
    Rules internal rules;
    address internal sponsor = address(0x5907507);
    address internal issuer = address(0x155e4);
    address internal stranger = address(0x57a49e4);
    address[] internal hospitals;
    Digests private _digests = new Digests();

    function setUp() public virtual {
        deploy();
        for (uint256 i = 0; i < 4; i++) {
            addHospital();
        }
        rules = defaultRules();
        study = createStudy();
    }

    // --- deployment ---

    function deploy() internal {
        credits = new Credits(address(this));
        registry = new HospitalRegistry(address(this), keccak256("genesis"));
        factory = new StudyFactory(credits, registry, keccak256("genesis"));
        pot = new GasPot(factory);
        reputation = factory.reputation();
        models = factory.modelRegistry();
        registry.setIssuer(issuer, true);
        credits.mint(sponsor, 1e9 * CREDIT);
        vm.warp(1_000_000);
    }

    function defaultRules() internal pure returns (Rules memory) {
        return Rules({
            rounds: 3,
            standardise: false,
            minHospitals: 2,
            maxHospitals: 64,
            maxSeats: 7,
            topK: 3,
            schedule: RewardSchedule.ByScore,
            margin: MARGIN,
            slashBps: 1000,
            stake: STAKE,
            openSeconds: 1000,
            trainSeconds: 100,
            attestSeconds: 50,
            scoreSeconds: 40,
            aggregateSeconds: 60,
            pauseSeconds: 0,
            mode: Mode.Committee,
            clip: 0,
            fractionBits: 0,
            scored: false
        });
    }

    /// The same in masked mode; nothing is scored, so the margin means nothing.
    function maskedRules() internal pure returns (Rules memory masked) {
        masked = defaultRules();
        masked.mode = Mode.Masked;
        masked.minHospitals = 3;
        masked.clip = 8;
        masked.fractionBits = 24;
    }

    /// Masked rules with scores, by which the margin means something again.
    function scoredRules() internal pure returns (Rules memory scored) {
        scored = maskedRules();
        scored.scored = true;
    }

    /// Accredits one more hospital and gives it credits.
    function addHospital() internal returns (uint256 i) {
        i = hospitals.length;
        address wallet = address(uint160(0x1057000 + i));
        hospitals.push(wallet);
        vm.prank(issuer);
        registry.accredit(wallet, "A hospital");
        credits.mint(wallet, 10 * uint256(STAKE));
    }

    function createStudy() internal returns (Study) {
        vm.prank(sponsor);
        return Study(factory.createStudy(rules));
    }

    // --- keys ---

    function dutyKey(uint256 i) internal pure returns (uint256) {
        return 0xd017 + i;
    }

    function keysOf(uint256 i) internal pure returns (Keys memory keys) {
        (uint256 x, uint256 y) = vm.publicKeyP256(dutyKey(i));
        keys.dutyX = bytes32(x);
        keys.dutyY = bytes32(y);
        (x, y) = vm.publicKeyP256(0x5ea1 + i);
        keys.encryptionKey = abi.encodePacked(hex"04", x, y);
        // 38 bytes, as an Ed25519 peer id has.
        keys.peerId = abi.encodePacked(hex"002408011220", keccak256(abi.encode("peer", i)));
    }

    /// WebCrypto's signature: over sha256 of what it is given; s brought into the lower half.
    function dutySign(uint256 i, bytes32 digest) internal pure returns (Signature memory signature) {
        (signature.r, signature.s) = vm.signP256(dutyKey(i), sha256(abi.encodePacked(digest)));
        if (uint256(signature.s) > P256.N / 2) signature.s = bytes32(P256.N - uint256(signature.s));
    }

    // --- the sponsor ---

    function openStudy() internal {
        vm.prank(sponsor);
        credits.transferAndCall(
            address(study), DEPOSIT, abi.encode(uint8(0), abi.encode(MODEL_URI, rules.rounds))
        );
    }

    /// Opens the study, lets the first n hospitals join and starts it.
    function startStudy(uint256 n) internal {
        openStudy();
        for (uint256 i = 0; i < n; i++) {
            join(i);
        }
        vm.prank(sponsor);
        study.startTask();
    }

    // --- a hospital ---

    function join(uint256 i) internal {
        bytes memory intent = abi.encode(uint8(1), abi.encode(keysOf(i)));
        vm.prank(hospitals[i]);
        credits.transferAndCall(address(study), rules.stake, intent);
    }

    function submit(uint256 i) internal {
        uint16 round = currentRound();
        vm.prank(hospitals[i]);
        study.submitUpdate(round, updateOf(i, round), keccak256(abi.encode("commitment", i, round)));
    }

    function submitMasked(uint256 i, uint8 patientWeight) internal {
        uint16 round = currentRound();
        vm.prank(hospitals[i]);
        study.submitMasked(
            round, updateOf(i, round), keccak256(abi.encode("commitment", i, round)), patientWeight
        );
    }

    function submitAll() internal {
        Snapshot memory s = study.snapshot();
        for (uint256 i = 0; i < s.members.length; i++) {
            if ((s.participants >> i) & 1 == 0) continue;
            if (s.mode == Mode.Masked) submitMasked(i, 1 + uint8(i % 8));
            else submit(i);
        }
    }

    function updateOf(uint256 i, uint16 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("update", i, round));
    }

    // --- a seat: member i, whoever carries its duty ---

    function attest(uint256 i, uint64 opened, int16[] memory scores) internal {
        _do(attestCall(i, opened, scores));
    }

    function attestCall(uint256 i, uint64 opened, int16[] memory scores)
        internal
        view
        returns (bytes memory)
    {
        uint16 round = currentRound();
        bytes32 commitment = keccak256(abi.encode(hospitals[i], round, scores, saltOf(i, round)));
        bytes32 digest = Duties.attestation(study.domainSeparator(), hospitals[i], round, opened, commitment);
        return abi.encodeCall(IStudy.attest, (hospitals[i], round, opened, commitment, dutySign(i, digest)));
    }

    /// In a masked study, where there is nothing to commit to.
    function attest(uint256 i, uint64 opened) internal {
        uint16 round = currentRound();
        bytes32 digest = Duties.attestation(study.domainSeparator(), hospitals[i], round, opened, 0);
        study.attest(hospitals[i], round, opened, 0, dutySign(i, digest));
    }

    function postMasks(uint256 i) internal {
        _do(postMasksCall(i));
    }

    function postMasksCall(uint256 i) internal view returns (bytes memory) {
        uint16 round = currentRound();
        bytes32 masks = masksOf(i, round);
        bytes32 digest = Duties.masks(study.domainSeparator(), hospitals[i], round, masks);
        return abi.encodeCall(IStudy.postMasks, (hospitals[i], round, masks, dutySign(i, digest)));
    }

    function postProducts(uint256 i) internal {
        _do(postProductsCall(i));
    }

    function postProductsCall(uint256 i) internal view returns (bytes memory) {
        uint16 round = currentRound();
        bytes32 products = productsOf(i, round);
        bytes32 digest = Duties.products(study.domainSeparator(), hospitals[i], round, products);
        return abi.encodeCall(IStudy.postProducts, (hospitals[i], round, products, dutySign(i, digest)));
    }

    function openShares(uint256 i) internal {
        _do(openSharesCall(i));
    }

    function openSharesCall(uint256 i) internal view returns (bytes memory) {
        uint16 round = currentRound();
        bytes32 shares = sharesOf(i, round);
        bytes32 digest = Duties.shares(study.domainSeparator(), hospitals[i], round, shares);
        return abi.encodeCall(IStudy.openShares, (hospitals[i], round, shares, dutySign(i, digest)));
    }

    function accuse(uint256 i, uint64 members) internal {
        _do(accuseCall(i, members));
    }

    function accuseCall(uint256 i, uint64 members) internal view returns (bytes memory) {
        uint16 round = currentRound();
        bytes32 digest = Duties.accusation(study.domainSeparator(), hospitals[i], round, members);
        return abi.encodeCall(IStudy.accuse, (hospitals[i], round, members, dutySign(i, digest)));
    }

    function reveal(uint256 i, int16[] memory scores) internal {
        _do(revealCall(i, scores));
    }

    function revealCall(uint256 i, int16[] memory scores) internal view returns (bytes memory) {
        uint16 round = currentRound();
        bytes32 salt = saltOf(i, round);
        bytes32 digest =
            _digests.scores(study.domainSeparator(), hospitals[i], round, scores, salt, bytes32(0));
        return abi.encodeCall(
            IStudy.submitScore, (hospitals[i], round, scores, salt, bytes32(0), dutySign(i, digest))
        );
    }

    function signModel(uint256 i, bytes32 modelHash) internal {
        _do(signModelCall(i, modelHash));
    }

    function signModelCall(uint256 i, bytes32 modelHash) internal view returns (bytes memory) {
        uint16 round = currentRound();
        bytes32 header = headerOf(i, modelHash);
        bytes32 digest =
            Duties.modelSignature(study.domainSeparator(), hospitals[i], round, modelHash, header);
        return abi.encodeCall(IStudy.signModel, (hospitals[i], round, modelHash, header, dutySign(i, digest)));
    }

    function signScored(uint256 i, bytes32 modelHash, int16[] memory scores) internal {
        _do(signScoredCall(i, modelHash, scores));
    }

    function signScoredCall(uint256 i, bytes32 modelHash, int16[] memory scores)
        internal
        view
        returns (bytes memory)
    {
        uint16 round = currentRound();
        bytes32 header = headerOf(i, modelHash);
        bytes32 digest =
            _digests.scoredModel(study.domainSeparator(), hospitals[i], round, modelHash, header, scores);
        return abi.encodeCall(
            IStudy.signScored, (hospitals[i], round, modelHash, header, scores, dutySign(i, digest))
        );
    }

    function veto(uint256 i, uint16 round, bool vetoed) internal {
        _do(vetoCall(i, round, vetoed));
    }

    function vetoCall(uint256 i, uint16 round, bool vetoed) internal view returns (bytes memory) {
        bytes32 digest = Duties.veto(study.domainSeparator(), hospitals[i], round, vetoed);
        return abi.encodeCall(IStudy.vetoRound, (hospitals[i], round, vetoed, dutySign(i, digest)));
    }

    function _do(bytes memory call) private {
        (bool ok, bytes memory reason) = address(study).call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }

    function attestAll(int16[] memory scores) internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            attest(s.seats[k], s.submitted, scores);
        }
    }

    function revealAll(int16[] memory scores) internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            reveal(s.seats[k], scores);
        }
    }

    function signAll(bytes32 modelHash) internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            signModel(s.seats[k], modelHash);
        }
    }

    function signAllScored(bytes32 modelHash, int16[] memory scores) internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            signScored(s.seats[k], modelHash, scores);
        }
    }

    function attestAll() internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            attest(s.seats[k], s.submitted);
        }
    }

    /// All but the first `missing` seats.
    function postAllBut(uint256 missing) internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = missing; k < s.seats.length; k++) {
            postMasks(s.seats[k]);
        }
    }

    /// Whoever posted masks, but the first `late` seats of those.
    function answerAllBut(uint256 late) internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            if ((s.revealed >> k) & 1 == 0) continue;
            if (late == 0) postProducts(s.seats[k]);
            else late--;
        }
    }

    /// Whoever posted.
    function shareAll() internal {
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            if ((s.revealed >> k) & 1 == 1) openShares(s.seats[k]);
        }
    }

    function masksOf(uint256 i, uint16 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("masks", i, round));
    }

    function productsOf(uint256 i, uint16 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("products", i, round));
    }

    function sharesOf(uint256 i, uint16 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("shares", i, round));
    }

    function saltOf(uint256 i, uint16 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", i, round));
    }

    function headerOf(uint256 i, bytes32 modelHash) internal pure returns (bytes32) {
        return keccak256(abi.encode("header", i, modelHash));
    }

    // --- rounds ---

    /// A whole training round in which everybody acts and every seat gives the same scores.
    function runRound(int16[] memory scores) internal {
        submitAll();
        attestAll(scores);
        revealAll(scores);
        signAll(MODEL);
    }

    /// A round of a masked study up to Aggregate, in which everybody acts.
    function runToAggregate() internal {
        submitAll();
        attestAll();
        postAllBut(0);
        if (study.snapshot().phase == Phase.Score) answerAllBut(0);
        if (study.snapshot().phase == Phase.Draw) {
            draw();
            shareAll();
        }
    }

    /// Lets the block come that draws a seat.
    function draw() internal {
        vm.roll(block.number + 5);
        study.advance();
    }

    /// Every member's update gains as much.
    function flat(int16 score) internal view returns (int16[] memory scores) {
        scores = new int16[](study.snapshot().members.length);
        for (uint256 i = 0; i < scores.length; i++) {
            scores[i] = score;
        }
    }

    function list(int16 a, int16 b, int16 c, int16 d) internal pure returns (int16[] memory scores) {
        scores = new int16[](4);
        (scores[0], scores[1], scores[2], scores[3]) = (a, b, c, d);
    }

    function currentRound() internal view returns (uint16) {
        return study.snapshot().round;
    }

    /// Lets the running phase's deadline pass.
    function passDeadline() internal {
        vm.warp(study.snapshot().deadline);
    }

    // --- expectations ---

    function assertPhase(Phase expected) internal view {
        vm.assertEq(uint256(study.snapshot().phase), uint256(expected), "phase");
    }

    function assertEnded(EndReason expected) internal view {
        assertPhase(Phase.Ended);
        vm.assertEq(uint256(study.snapshot().endReason), uint256(expected), "end reason");
    }

    /// Everything that is left in the study belongs to somebody, and all of it can be fetched.
    function assertPaidOut() internal {
        uint256 owed = study.rewardOf(sponsor);
        Snapshot memory s = study.snapshot();
        for (uint256 i = 0; i < s.members.length; i++) {
            owed += study.rewardOf(s.members[i]) + study.stakeOf(s.members[i]);
        }
        vm.assertEq(credits.balanceOf(address(study)), owed, "everything is owed to somebody");
        for (uint256 i = 0; i < s.members.length; i++) {
            uint256 due = study.rewardOf(s.members[i]) + study.stakeOf(s.members[i]);
            if (due == 0) continue;
            vm.prank(s.members[i]);
            vm.assertEq(study.withdraw(), due, "withdrawn");
        }
        if (study.rewardOf(sponsor) != 0) {
            vm.prank(sponsor);
            study.withdraw();
        }
        vm.assertEq(credits.balanceOf(address(study)), 0, "nothing is left");
    }

    /// An event of the study about a hospital, among those since vm.recordLogs.
    function assertLogged(bytes32 selector, address hospital, bytes memory data) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32 topic = bytes32(uint256(uint160(hospital)));
        for (uint256 i = 0; i < logs.length; i++) {
            bytes32[] memory topics = logs[i].topics;
            if (topics[0] != selector || topics[topics.length - 1] != topic) continue;
            if (logs[i].emitter == address(study) && keccak256(logs[i].data) == keccak256(data)) return;
        }
        vm.assertTrue(false, "event not found");
    }

    function expectError(bytes4 selector) internal {
        vm.expectRevert(abi.encodePacked(selector));
    }

    function expectError(bytes4 selector, address account) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, account));
    }

    function expectWrongPhase(Phase phase) internal {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_WrongPhase.selector, phase));
    }
}
