// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { GasPot } from "../src/GasPot.sol";
import { Study } from "../src/Study.sol";
import { IGasPot } from "../src/interfaces/IGasPot.sol";
import { AuditAnswer, EndReason, IStudy, Phase, Snapshot } from "../src/interfaces/IStudy.sol";
import { Calldata } from "../src/libraries/Calldata.sol";
import { ProvenFixture } from "./base/ProvenFixture.sol";
import { Vm, between, log, vm } from "./base/Vm.sol";

/// Looks like a study of its own making.
contract FalseStudy {
    function sponsor() external view returns (address) {
        return msg.sender;
    }

    fallback() external { }
}

/// Carries, and does something when it is paid.
contract Carrier {
    enum Manner {
        Takes,
        Refuses,
        CarriesAgain,
        ReclaimsWhenPaid
    }

    GasPot private immutable _pot;
    address private immutable _study;
    Manner private immutable _manner;
    bytes[] private _calls;

    constructor(GasPot pot, address study, Manner manner) {
        (_pot, _study, _manner) = (pot, study, manner);
    }

    function carryOneByOne(bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; i++) {
            bytes[] memory one = new bytes[](1);
            one[0] = calls[i];
            _pot.carry(_study, one);
        }
    }

    function carry(bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; i++) {
            _calls.push(calls[i]);
        }
        _pot.carry(_study, calls);
    }

    receive() external payable {
        if (_manner == Manner.Refuses) revert("no ether, please");
        if (_manner == Manner.CarriesAgain) _pot.carry(_study, _calls);
        if (_manner == Manner.ReclaimsWhenPaid) _pot.reclaim(_study);
    }
}

contract CalldataOf {
    function tokens(bytes calldata data) external pure returns (uint256) {
        return Calldata.tokens(data);
    }
}

abstract contract GasPotFixture is ProvenFixture {
    address internal carrier = address(0xca441e4);

    function setUp() public virtual override {
        super.setUp();
        vm.fee(7 gwei);
        vm.txGasPrice(8 gwei);
        vm.deal(address(this), 1000 ether);
    }

    /// A carrier is paid here.
    receive() external payable { }

    function toAttest(uint256 seats) internal returns (bytes[] memory calls) {
        for (uint256 i = hospitals.length; i < seats; i++) {
            addHospital();
        }
        startStudy(seats);
        submitAll();
        return attestations();
    }

    function attestations() internal view returns (bytes[] memory calls) {
        Snapshot memory s = study.snapshot();
        calls = new bytes[](s.seats.length);
        for (uint256 k = 0; k < calls.length; k++) {
            calls[k] = attestCall(s.seats[k], s.submitted, flat(100));
        }
    }

    function one(bytes memory call) internal pure returns (bytes[] memory calls) {
        calls = new bytes[](1);
        calls[0] = call;
    }

    /// What the last carry's event says.
    function carried() internal returns (uint256 calls, uint256 gasUsed, uint256 refund) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; i--) {
            if (logs[i - 1].topics[0] != IGasPot.DutiesCarried.selector) continue;
            return abi.decode(logs[i - 1].data, (uint256, uint256, uint256));
        }
        vm.assertTrue(false, "nothing was carried");
    }
}

/// GasPot.tree
contract GasPotTest is GasPotFixture {
    function test_AnybodyFundsAStudysPot() public {
        vm.deal(stranger, 3 ether);
        vm.expectEmit(address(pot));
        emit IGasPot.PotFunded(address(study), stranger, 2 ether);
        vm.prank(stranger);
        pot.fund{ value: 2 ether }(address(study));
        pot.fund{ value: 1 ether }(address(study));
        vm.assertEq(pot.balanceOf(address(study)), 3 ether);
        Study other = createStudy();
        vm.assertEq(pot.balanceOf(address(other)), 0, "another study's pot");
    }

    function test_OnlyTheFactorysStudiesHaveAPot() public {
        address impostor = address(new FalseStudy());
        expectError(IGasPot.GasPot_NotStudy.selector, impostor);
        pot.fund{ value: 1 }(impostor);
        expectError(IGasPot.GasPot_NotStudy.selector, impostor);
        pot.carry(impostor, one(abi.encodeCall(IStudy.advance, ())));
        expectError(IGasPot.GasPot_NotStudy.selector, impostor);
        pot.reclaim(impostor);
        (bool ok,) = address(pot).call{ value: 1 }("");
        vm.assertFalse(ok, "ether that is for no study");
    }

    function test_ACarrierIsPaidTheGasAtItsPrice() public {
        bytes[] memory calls = toAttest(4);
        pot.fund{ value: 10 ether }(address(study));
        vm.recordLogs();
        vm.prank(carrier);
        uint256 refund = pot.carry(address(study), calls);
        (uint256 count, uint256 gasUsed, uint256 announced) = carried();
        vm.assertEq(count, 4);
        vm.assertEq(announced, refund);
        vm.assertEq(refund, gasUsed * 8 gwei);
        vm.assertEq(carrier.balance, refund);
        vm.assertEq(pot.balanceOf(address(study)), 10 ether - refund);
        vm.assertEq(address(pot).balance, 10 ether - refund);
        assertPhase(Phase.Score);
    }

    function testFuzz_NoMoreThanBaseFeeAndTwoGwei(uint64 baseFee, uint64 price) public {
        bytes[] memory calls = toAttest(2);
        uint256 funds = 1 << 120;
        vm.deal(address(this), funds);
        pot.fund{ value: funds }(address(study));
        vm.fee(baseFee);
        vm.txGasPrice(price);
        vm.recordLogs();
        uint256 before = address(pot).balance;
        vm.prank(carrier);
        uint256 refund = pot.carry(address(study), calls);
        (, uint256 gasUsed,) = carried();
        uint256 most = uint256(baseFee) + 2 gwei;
        vm.assertEq(refund, gasUsed * (price < most ? price : most));
        vm.assertEq(before - address(pot).balance, refund);
    }

    function testFuzz_NeverMoreThanThePotHolds(uint256 funds) public {
        funds = between(funds, 0, 1e16);
        bytes[] memory calls = toAttest(3);
        Study other = createStudy();
        pot.fund{ value: 1 ether }(address(other));
        pot.fund{ value: funds }(address(study));
        vm.recordLogs();
        vm.prank(carrier);
        uint256 refund = pot.carry(address(study), calls);
        (, uint256 gasUsed,) = carried();
        uint256 cost = gasUsed * 8 gwei;
        vm.assertEq(refund, cost < funds ? cost : funds);
        vm.assertEq(pot.balanceOf(address(study)), funds - refund);
        vm.assertEq(pot.balanceOf(address(other)), 1 ether, "another study pays nothing");
        assertPhase(Phase.Score);
    }

    function test_EveryDutyIsCarried() public {
        pot.fund{ value: 10 ether }(address(study));
        openStudy();
        join(0);
        join(1);
        join(2);
        vm.warp(study.snapshot().deadline);
        vm.prank(carrier);
        pot.carry(address(study), one(abi.encodeCall(IStudy.advance, ())));
        assertPhase(Phase.Train);
        pot.carry(address(study), one(vetoCall(2, 2, true)));
        submitAll();
        pot.carry(address(study), attestations());
        Snapshot memory s = study.snapshot();
        bytes[] memory calls = new bytes[](3);
        for (uint256 k = 0; k < 3; k++) {
            calls[k] = revealCall(s.seats[k], flat(100));
        }
        pot.carry(address(study), calls);
        for (uint256 k = 0; k < 3; k++) {
            calls[k] = signModelCall(s.seats[k], MODEL);
        }
        pot.carry(address(study), calls);
        s = study.snapshot();
        vm.assertEq(s.round, 2);
        vm.assertEq(s.participants, 3, "the third hospital sits it out");
    }

    function test_MaskedDutiesAreCarried() public {
        rules = maskedRules();
        study = createStudy();
        pot.fund{ value: 10 ether }(address(study));
        startStudy(4);
        submitAll();
        attestAll();
        bytes[] memory calls = new bytes[](4);
        for (uint256 i = 0; i < 4; i++) {
            calls[i] = postMasksCall(i);
        }
        vm.prank(carrier);
        uint256 refund = pot.carry(address(study), calls);
        vm.assertGt(refund, 0, "paid");
        assertPhase(Phase.Draw);
        vm.roll(block.number + 5);
        pot.carry(address(study), one(abi.encodeCall(IStudy.advance, ())));
        for (uint256 i = 0; i < 4; i++) {
            calls[i] = openSharesCall(i);
        }
        pot.carry(address(study), calls);
        for (uint256 i = 0; i < 4; i++) {
            bytes memory padded = abi.encodePacked(accuseCall(i, 1), hex"01");
            vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
            pot.carry(address(study), one(padded));
            calls[i] = accuseCall(i, 1);
        }
        pot.carry(address(study), calls);
        vm.assertEq(study.snapshot().round, 2);
    }

    function test_ScoredDutiesAreCarried() public {
        rules = scoredRules();
        study = createStudy();
        pot.fund{ value: 10 ether }(address(study));
        startStudy(4);
        submitAll();
        attestAll();
        postAllBut(0);
        bytes[] memory calls = new bytes[](4);
        for (uint256 i = 0; i < 4; i++) {
            bytes memory padded = abi.encodePacked(postProductsCall(i), hex"01");
            vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
            pot.carry(address(study), one(padded));
            calls[i] = postProductsCall(i);
        }
        vm.assertGt(pot.carry(address(study), calls), 0, "paid");
        draw();
        shareAll();
        for (uint256 i = 0; i < 4; i++) {
            bytes memory scored = signScoredCall(i, MODEL, flat(100));
            bytes memory padded = abi.encodePacked(scored, new bytes(2308 - scored.length + 1));
            vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
            pot.carry(address(study), one(padded));
            calls[i] = scored;
        }
        vm.assertGt(pot.carry(address(study), calls), 0, "paid");
        vm.assertEq(study.snapshot().modelRound, 1);
        vm.assertEq(signScoredCall(0, MODEL, new int16[](64)).length, 2308, "as long as may be");
    }

    function test_AuditsAreCarried() public {
        found(defaultRules(), 4);
        pot.fund{ value: 10 ether }(address(study));
        openStudy();
        for (uint256 i = 0; i < 3; i++) {
            join(i);
            vm.assertGt(carryAlone(prepareCall(i)), 0, "prepare");
        }
        vm.prank(sponsor);
        study.startTask();
        toReveal();
        vm.assertGt(carryAlone(abi.encodeCall(IStudy.capture, (1))), 0, "capture");
        vm.assertEq(credits.balanceOf(address(pot)), 0, "no bounty that nobody could fetch");
        for (uint256 i = 0; i < 3; i++) {
            bytes memory call = abi.encodeCall(IStudy.reveal, (hospitals[i], 1, secretOf(i, 1)));
            vm.assertGt(carryAlone(call), 0, "reveal");
        }
        uint256 asked = (study.snapshot().audited & 1) == 1 ? 0 : 1;
        bytes memory prove_ =
            abi.encodeCall(IStudy.prove, (hospitals[asked], 1, answerOf(asked), proofOf(asked)));
        bytes memory long = abi.encodePacked(prove_, new bytes(128 * 1024 - prove_.length + 1));
        vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
        pot.carry(address(study), one(long));
        vm.assertGt(carryAlone(prove_), 0, "prove");
        vm.assertEq(study.snapshot().cleared, 1 << asked);
    }

    /// After it is refused with a byte more.
    function carryAlone(bytes memory call) private returns (uint256) {
        if (bytes4(call) != IStudy.prove.selector) {
            vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
            pot.carry(address(study), one(abi.encodePacked(call, hex"01")));
        }
        return pot.carry(address(study), one(call));
    }

    function test_NothingElseIsCarried() public {
        toAttest(2);
        pot.fund{ value: 1 ether }(address(study));
        bytes[6] memory others = [
            abi.encodeCall(IStudy.stopTask, ()),
            abi.encodeCall(IStudy.withdraw, ()),
            abi.encodeCall(IStudy.leaveTask, ()),
            abi.encodeCall(IStudy.submitUpdate, (1, bytes32(uint256(1)), bytes32(uint256(1)))),
            abi.encodeCall(IStudy.submitProven, (1, MODEL, MODEL, 0, MODEL, MODEL)),
            bytes("")
        ];
        for (uint256 i = 0; i < others.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
            pot.carry(address(study), one(others[i]));
        }
        bytes[] memory calls = attestations();
        calls[1] = others[0];
        vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 1));
        pot.carry(address(study), calls);
        expectError(IGasPot.GasPot_NothingToCarry.selector);
        pot.carry(address(study), new bytes[](0));
        vm.assertEq(pot.balanceOf(address(study)), 1 ether);
    }

    function test_NoCallIsCarriedWithMoreCalldataThanItNeeds() public {
        bytes[] memory calls = toAttest(2);
        bytes[4] memory padded = [
            abi.encodePacked(calls[0], hex"01"),
            abi.encodePacked(signModelCall(0, MODEL), new bytes(32)),
            abi.encodePacked(vetoCall(0, 2, true), hex"01"),
            abi.encodePacked(abi.encodeCall(IStudy.advance, ()), hex"01")
        ];
        for (uint256 i = 0; i < padded.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
            pot.carry(address(study), one(padded[i]));
        }
        pot.carry(address(study), calls);
        bytes memory scores = revealCall(0, flat(100));
        bytes memory long = abi.encodePacked(scores, new bytes(2308 - scores.length + 1));
        vm.expectRevert(abi.encodeWithSelector(IGasPot.GasPot_NotCarried.selector, 0));
        pot.carry(address(study), one(long));
        pot.carry(address(study), one(scores));
    }

    function test_ScoresOfSixtyFourHospitalsFit() public {
        for (uint256 i = hospitals.length; i < 64; i++) {
            addHospital();
        }
        pot.carry(address(study), toAttest(64));
        vm.assertEq(revealCall(study.snapshot().seats[0], flat(100)).length, 2308);
        pot.carry(address(study), one(revealCall(study.snapshot().seats[0], flat(100))));
        vm.assertEq(study.snapshot().revealed, 1);
    }

    function test_ACallThatFailsUndoesAllWithItsReason() public {
        bytes[] memory calls = toAttest(2);
        pot.fund{ value: 1 ether }(address(study));
        bytes[] memory twice = new bytes[](2);
        twice[0] = twice[1] = calls[0];
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[study.snapshot().seats[0]]);
        vm.prank(carrier);
        pot.carry(address(study), twice);
        vm.assertEq(study.snapshot().attested, 0);
        vm.assertEq(pot.balanceOf(address(study)), 1 ether);

        pot.carry(address(study), one(calls[0]));
        expectError(IStudy.Study_AlreadyDone.selector, hospitals[study.snapshot().seats[0]]);
        pot.carry(address(study), one(calls[0]));
        uint40 deadline = study.snapshot().deadline;
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_TooEarly.selector, deadline));
        pot.carry(address(study), one(abi.encodeCall(IStudy.advance, ())));
    }

    function test_ACarrierThatRefusesItsPaymentUndoesItsOwnCallAlone() public {
        bytes[] memory calls = toAttest(2);
        pot.fund{ value: 1 ether }(address(study));
        Carrier refuser = new Carrier(pot, address(study), Carrier.Manner.Refuses);
        expectError(IGasPot.GasPot_PaymentRefused.selector, address(refuser));
        refuser.carry(calls);
        vm.assertEq(study.snapshot().attested, 0);
        vm.prank(carrier);
        pot.carry(address(study), calls);
        assertPhase(Phase.Score);
    }

    function test_ACarrierIsNotPaidAgainWhileItIsPaid() public {
        bytes[] memory calls = toAttest(2);
        pot.fund{ value: 1 ether }(address(study));
        Carrier again = new Carrier(pot, address(study), Carrier.Manner.CarriesAgain);
        expectError(IGasPot.GasPot_PaymentRefused.selector, address(again));
        again.carry(calls);
        Carrier thief = new Carrier(pot, address(study), Carrier.Manner.ReclaimsWhenPaid);
        expectError(IGasPot.GasPot_PaymentRefused.selector, address(thief));
        thief.carry(calls);
        vm.assertEq(pot.balanceOf(address(study)), 1 ether);
    }

    function test_TheSponsorGetsTheRestAfterTheEnd() public {
        openStudy();
        Study other = createStudy();
        pot.fund{ value: 1 ether }(address(study));
        pot.fund{ value: 5 ether }(address(other));
        expectError(IGasPot.GasPot_StudyRuns.selector, address(study));
        vm.prank(sponsor);
        pot.reclaim(address(study));
        vm.prank(sponsor);
        study.stopTask();
        assertEnded(EndReason.StoppedBySponsor);
        expectError(IGasPot.GasPot_NotSponsor.selector, stranger);
        vm.prank(stranger);
        pot.reclaim(address(study));

        uint256 before = sponsor.balance;
        vm.expectEmit(address(pot));
        emit IGasPot.PotReclaimed(address(study), sponsor, 1 ether);
        vm.prank(sponsor);
        vm.assertEq(pot.reclaim(address(study)), 1 ether);
        vm.assertEq(sponsor.balance, before + 1 ether);
        expectError(IGasPot.GasPot_Empty.selector, address(study));
        vm.prank(sponsor);
        pot.reclaim(address(study));
        vm.assertEq(pot.balanceOf(address(other)), 5 ether);
        // What comes late can be fetched, too.
        pot.fund{ value: 1 }(address(study));
        vm.prank(sponsor);
        vm.assertEq(pot.reclaim(address(study)), 1);
    }

    function testFuzz_TokensOfCalldata(bytes calldata data, uint8 mask) public {
        bytes memory changed = data;
        uint256 expected = 0;
        for (uint256 i = 0; i < changed.length; i++) {
            // Random bytes are seldom zero.
            if (uint8(changed[i]) & mask == 0) changed[i] = 0;
            expected += changed[i] == 0 ? 1 : 4;
        }
        vm.assertEq(new CalldataOf().tokens(changed), expected);
    }
}

/// What a carried batch costs, and that the pot pays that and no more. Isolated: see Gas.t.sol.
/// forge-config: default.isolate = true
/// forge-config: long.isolate = true
contract GasPotGasTest is GasPotFixture {
    /// An isolated call has no gas price, so nothing is paid: to that comes the balance that changes (EIP-2200: 2,900 in place
    /// of 100), and the payment's value (9,000, of which 2,300 come back). gasPot.test.ts checks real receipts.
    uint256 private constant BALANCE_GAS = 2800;
    uint256 private constant PAYMENT_GAS = 6700;

    function test_ThreeAttestations() public {
        measure(toAttest(3), "carry, 3 attestations");
    }

    function test_SevenAttestations() public {
        measure(toAttest(7), "carry, 7 attestations");
    }

    function test_OneAttestation() public {
        measure(one(toAttest(4)[0]), "carry, 1 attestation");
    }

    function test_OneVeto() public {
        startStudy(2);
        measure(one(vetoCall(0, 9, true)), "carry, 1 veto");
    }

    function test_OneReveal() public {
        found(defaultRules(), 4);
        startProven(4);
        toReveal();
        study.capture(1);
        measure(one(abi.encodeCall(IStudy.reveal, (hospitals[0], 1, secretOf(0, 1)))), "carry, 1 reveal");
    }

    /// Nearly as long as proofs are, and cheaper to verify than any: its calldata alone sets the price.
    function test_OneProof() public {
        found(defaultRules(), 4);
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        startProven(4);
        toAudit();
        bytes memory proof = proofOf(0);
        while (proof.length < 60_000) {
            proof = abi.encodePacked(proof, proof);
        }
        AuditAnswer memory answer = answerOf(0);
        bytes[] memory calls = one(abi.encodeCall(IStudy.prove, (hospitals[0], 1, answer, proof)));
        measure(calls, "carry, 1 proof of 64 kB", 0);
    }

    function test_SevenSignaturesThatSettleTheRound() public {
        for (uint256 i = hospitals.length; i < 7; i++) {
            addHospital();
        }
        startStudy(7);
        runRound(flat(100));
        submitAll();
        attestAll(flat(100));
        revealAll(flat(100));
        Snapshot memory s = study.snapshot();
        bytes[] memory calls = new bytes[](7);
        for (uint256 k = 0; k < 7; k++) {
            calls[k] = signModelCall(s.seats[k], MODEL);
        }
        measure(calls, "carry, 7 model signatures (settles)");
    }

    function test_AContractThatCarriesOneByOneIsPaidForOneTransaction() public {
        bytes[] memory calls = toAttest(7);
        pot.fund{ value: 10 ether }(address(study));
        Carrier splitter = new Carrier(pot, address(study), Carrier.Manner.Takes);
        vm.recordLogs();
        splitter.carryOneByOne(calls);
        uint256 cost = vm.lastCallGas().gasTotalUsed + BALANCE_GAS + calls.length * PAYMENT_GAS;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 paid = 0;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != IGasPot.DutiesCarried.selector) continue;
            (, uint256 gasUsed,) = abi.decode(logs[i].data, (uint256, uint256, uint256));
            paid += gasUsed;
        }
        vm.assertLe(paid, cost, "splitting earns nothing");
    }

    function measure(bytes[] memory calls, string memory name) private {
        measure(calls, name, BALANCE_GAS + PAYMENT_GAS);
    }

    function measure(bytes[] memory calls, string memory name, uint256 unseen) private {
        pot.fund{ value: 10 ether }(address(study));
        vm.deal(carrier, 1);
        vm.recordLogs();
        vm.prank(carrier);
        pot.carry(address(study), calls);
        uint256 cost = vm.lastCallGas().gasTotalUsed + unseen;
        (, uint256 paid,) = carried();
        log(string.concat("Gas, ", name, ": ", vm.toString(cost), ", paid back: ", vm.toString(paid)));
        vm.snapshotValue("gas-pot", name, cost);
        vm.assertLe(paid, cost, "nobody earns by carrying");
        vm.assertLe(cost * 999, paid * 1000, "a carrier gets its gas back");
    }
}

/// Funds, carries, moves on and reclaims at random, in two studies that share the pot.
contract GasPotHandler is GasPotFixture {
    uint256 public paidIn;
    uint256 public paidOut;
    Study[2] public subjects;

    constructor() {
        setUp();
        for (uint256 i = 0; i < 2; i++) {
            rules.pauseSeconds = uint32(30 * i);
            subjects[i] = study = createStudy();
            openStudy();
            for (uint256 h = 0; h < 3; h++) {
                join(h);
            }
        }
        vm.deal(address(this), 1e30);
    }

    function funds(uint256 seed, uint256 amount) external {
        amount = between(amount, 0, 1e17);
        pot.fund{ value: amount }(address(subjects[seed % 2]));
        paidIn += amount;
    }

    function carries(uint256 seed, uint64 price) external {
        study = subjects[seed % 2];
        Snapshot memory s = study.snapshot();
        bytes[] memory calls;
        if (s.phase == Phase.Ended) return;
        if (s.phase == Phase.Train && s.time < s.deadline) {
            submitAll();
            return;
        }
        if (s.time >= s.deadline || s.phase == Phase.Open || s.phase == Phase.Settle) {
            if (s.time < s.deadline) vm.warp(s.deadline);
            calls = one(abi.encodeCall(IStudy.advance, ()));
        } else {
            calls = new bytes[](s.seats.length);
            for (uint256 k = 0; k < calls.length; k++) {
                if (s.phase == Phase.Attest) calls[k] = attestCall(s.seats[k], s.submitted, flat(100));
                else if (s.phase == Phase.Score) calls[k] = revealCall(s.seats[k], flat(100));
                else calls[k] = signModelCall(s.seats[k], MODEL);
            }
        }
        vm.txGasPrice(price);
        vm.prank(carrier);
        paidOut += pot.carry(address(study), calls);
    }

    function failsToCarry(uint256 seed) external {
        study = subjects[seed % 2];
        vm.prank(carrier);
        try pot.carry(address(study), one(abi.encodeCall(IStudy.stopTask, ()))) {
            vm.assertTrue(false, "carried what is no duty");
        } catch { }
    }

    function stops(uint256 seed) external {
        study = subjects[seed % 2];
        if (seed % 16 > 1 || study.snapshot().phase == Phase.Ended) return;
        vm.prank(sponsor);
        study.stopTask();
    }

    function reclaims(uint256 seed) external {
        study = subjects[seed % 2];
        bool mayReclaim = study.snapshot().phase == Phase.Ended && pot.balanceOf(address(study)) != 0;
        vm.prank(sponsor);
        try pot.reclaim(address(study)) returns (uint256 amount) {
            vm.assertTrue(mayReclaim, "reclaimed too early");
            paidOut += amount;
        } catch {
            vm.assertFalse(mayReclaim, "the sponsor cannot reclaim");
        }
    }

    function thePot() external view returns (GasPot) {
        return pot;
    }
}

contract GasPotInvariants {
    GasPotHandler private _handler;
    GasPot private _pot;

    function setUp() public {
        _handler = new GasPotHandler();
        _pot = _handler.thePot();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// The fuzzer gives its senders ether, and would come to send from the pot's own address.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0x5e4de4);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = GasPotHandler.funds.selector;
        selectors[1] = GasPotHandler.carries.selector;
        selectors[2] = GasPotHandler.failsToCarry.selector;
        selectors[3] = GasPotHandler.stops.selector;
        selectors[4] = GasPotHandler.reclaims.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    function invariant_ThePotsAddUpToTheEtherHeld() public view {
        uint256 sum =
            _pot.balanceOf(address(_handler.subjects(0))) + _pot.balanceOf(address(_handler.subjects(1)));
        vm.assertEq(sum, address(_pot).balance, "the pots are what is held");
        vm.assertEq(sum, _handler.paidIn() - _handler.paidOut(), "what came in and did not go out is there");
    }
}
