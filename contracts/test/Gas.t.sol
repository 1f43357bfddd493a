// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IStudy, Phase, Snapshot } from "../src/interfaces/IStudy.sol";
import { ProvenFixture } from "./base/ProvenFixture.sol";
import { log, vm } from "./base/Vm.sol";

/// Gas as receipts state it. Isolation runs every call as a transaction of its own, so that storage is cold, refunds are given
/// and the 21,000 and the calldata count. The numbers are kept in contracts/snapshots and compared at every run;
/// FORGE_SNAPSHOT_CHECK=false writes them anew.
/// forge-config: default.isolate = true
/// forge-config: long.isolate = true
contract GasTest is ProvenFixture {
    uint256 private constant SUBMISSION_BUDGET = 80_000;
    /// What a transaction may cost since the Osaka fork (EIP-7825).
    uint256 private constant TRANSACTION_CAP = 16_777_216;

    mapping(string call => uint256) private _most;
    string[] private _calls;

    function test_GasOfEveryCallWithFourHospitals() public {
        rules.standardise = true;
        study = createStudy();
        _note("createStudy");
        _measureStudy(4, 3);
        _report("four-hospitals");
        vm.assertLe(_most["submitUpdate, first"], SUBMISSION_BUDGET, "first submission");
        vm.assertLe(_most["submitUpdate, later"], SUBMISSION_BUDGET, "later submission");
        vm.assertLe(_most["submitUpdate, last of a phase"], SUBMISSION_BUDGET, "closing submission");
    }

    function test_SixtyFourHospitalsFitTheBudgetAndTheTransactionCap() public {
        for (uint256 i = hospitals.length; i < 64; i++) {
            addHospital();
        }
        rules.standardise = true;
        study = createStudy();
        _measureStudy(64, 2);
        _report("sixty-four-hospitals");
        vm.assertLe(_most["submitUpdate, first"], SUBMISSION_BUDGET, "first submission");
        vm.assertLe(_most["submitUpdate, later"], SUBMISSION_BUDGET, "later submission");
        vm.assertLe(_most["submitUpdate, last of a phase"], SUBMISSION_BUDGET, "closing submission");
        for (uint256 i = 0; i < _calls.length; i++) {
            vm.assertLe(_most[_calls[i]], TRANSACTION_CAP, _calls[i]);
        }
    }

    function test_GasOfAMaskedRoundWithSevenSeats() public {
        for (uint256 i = hospitals.length; i < 7; i++) {
            addHospital();
        }
        rules = maskedRules();
        study = createStudy();
        startStudy(7);
        _note("startTask");
        _measureMaskedRound("first");
        _measureMaskedRound("later");
        submitAll();
        attestAll();
        postAllBut(0);
        draw();
        shareAll();
        for (uint256 i = 0; i < 7; i++) {
            accuse(i, 0);
            _note(i < 6 ? "accuse" : "accuse, last (draws again)");
        }
        draw();
        shareAll();
        for (uint256 i = 0; i < 7; i++) {
            accuse(i, 1);
        }
        _note("accuse, last (voids)");
        _report("masked-seven-hospitals");
        vm.assertLe(_most["submitMasked, first"], SUBMISSION_BUDGET, "first submission");
        vm.assertLe(_most["submitMasked, later"], SUBMISSION_BUDGET, "later submission");
        vm.assertLe(_most["submitMasked, last of a phase"], SUBMISSION_BUDGET, "closing submission");
    }

    function test_GasOfAScoredRoundWithSevenSeats() public {
        for (uint256 i = hospitals.length; i < 7; i++) {
            addHospital();
        }
        rules = scoredRules();
        study = createStudy();
        startStudy(7);
        _measureMaskedRound("first");
        _measureMaskedRound("later");
        _report("scored-seven-hospitals");
    }

    /// Without what a verifier takes.
    function test_GasOfAProvenRoundWithFourHospitals() public {
        found(defaultRules(), 4);
        audits.hospitalsBps = 10_000;
        audits.steps = 16;
        audits.inputs = 14;
        study = createProvenStudy();
        _note("createProvenStudy");
        openStudy();
        for (uint256 i = 0; i < 4; i++) {
            join(i);
            prepare(i);
            _note("prepare");
        }
        vm.prank(sponsor);
        study.startTask();
        _note("startTask");
        _measureProvenRound("first");
        finish();
        _measureProvenRound("later");
        finish();
        submitAllProven();
        vm.roll(block.number + 3 * K + 1);
        forEach(7, unseal);
        passDeadline();
        study.advance();
        _note("advance (no reveal)");
        vm.roll(block.number + K + 1);
        study.advance();
        _note("advance (draws)");
        passDeadline();
        study.advance();
        _note("advance (no proofs)");
        _report("proven-four-hospitals");
    }

    function test_SixtyFourHospitalsThatFailFitTheTransactionCap() public {
        found(defaultRules(), 64);
        audits.hospitalsBps = 10_000;
        study = createProvenStudy();
        startProven(64);
        toReveal();
        forEach(~uint64(3), unseal);
        passDeadline();
        study.advance();
        vm.roll(block.number + K + 1);
        study.advance();
        _note("advance (draws)");
        passDeadline();
        study.advance();
        _note("advance (no proofs, void)");
        _report("proven-sixty-four-hospitals");
        vm.assertLe(_most["advance (no proofs, void)"], TRANSACTION_CAP, "failing");
    }

    function test_SixtyFourScoresFitTheTransactionCap() public {
        for (uint256 i = hospitals.length; i < 64; i++) {
            addHospital();
        }
        rules = scoredRules();
        study = createStudy();
        startStudy(64);
        runToAggregate();
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < 7; k++) {
            signScored(s.seats[k], MODEL, flat(100));
            _note(k == 6 ? "signScored, last (settles)" : "signScored");
        }
        _report("scored-sixty-four-hospitals");
        vm.assertLe(_most["signScored, last (settles)"], TRANSACTION_CAP, "settling");
    }

    function test_SevenSeatsDutiesInABatch() public {
        for (uint256 i = hospitals.length; i < 8; i++) {
            addHospital();
        }
        startStudy(8);
        runRound(flat(100));
        submitAll();
        attestAll(flat(100));
        revealAll(flat(100));
        Snapshot memory s = study.snapshot();
        // Without the last, which settles the round.
        bytes[] memory calls = new bytes[](6);
        for (uint256 k = 0; k < 6; k++) {
            calls[k] = signModelCall(s.seats[k], MODEL);
        }
        study.multicall(calls);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        log(string.concat("Gas of a model signature in a batch of six: ", vm.toString(used / 6)));
        vm.snapshotValue("batches", "signModel, each of six", used / 6);
    }

    function _measureStudy(uint256 n, uint256 rounds) private {
        openStudy();
        _note("initializeTask by transferAndCall");
        for (uint256 i = 0; i < n; i++) {
            join(i);
            _note("joinTask by transferAndCall");
        }
        vm.prank(sponsor);
        study.startTask();
        _note("startTask");
        veto(0, 50, true);
        _note("vetoRound");
        veto(0, 50, false);
        _note("vetoRound, withdrawn");
        for (uint256 r = 0; r < rounds; r++) {
            _measureRound(n, r);
        }
        vm.prank(sponsor);
        study.stopTask();
        _note("stopTask");
        vm.prank(hospitals[0]);
        study.withdraw();
        _note("withdraw");
    }

    function _measureRound(uint256 n, uint256 r) private {
        for (uint256 i = 0; i < n; i++) {
            submit(i);
            if (i + 1 == n) _note("submitUpdate, last of a phase");
            else _note(r == 0 ? "submitUpdate, first" : "submitUpdate, later");
        }
        int16[] memory scores = flat(100);
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < s.seats.length; k++) {
            attest(s.seats[k], s.submitted, scores);
            _note(k + 1 == s.seats.length ? "attest, last" : "attest");
        }
        if (study.snapshot().phase == Phase.Score) {
            for (uint256 k = 0; k < s.seats.length; k++) {
                reveal(s.seats[k], scores);
                _note(k + 1 == s.seats.length ? "submitScore, last" : "submitScore");
            }
        }
        for (uint256 k = 0; k < s.seats.length; k++) {
            signModel(s.seats[k], MODEL);
            _note(k + 1 == s.seats.length ? "signModel, last (settles)" : "signModel");
        }
    }

    function _measureMaskedRound(string memory which) private {
        for (uint256 i = 0; i < 7; i++) {
            submitMasked(i, 8);
            _note(i == 6 ? "submitMasked, last of a phase" : string.concat("submitMasked, ", which));
        }
        Snapshot memory s = study.snapshot();
        for (uint256 k = 0; k < 7; k++) {
            attest(s.seats[k], s.submitted);
            _note(k == 6 ? "attest, last (freezes)" : "attest");
        }
        for (uint256 k = 0; k < 7; k++) {
            postMasks(s.seats[k]);
            _note(k == 6 ? "postMasks, last" : "postMasks");
        }
        if (s.scored) _measureProducts(s.seats);
        draw();
        _note("advance (draws)");
        for (uint256 k = 0; k < 7; k++) {
            openShares(s.seats[k]);
            _note(k == 6 ? "openShares, last" : "openShares");
        }
        for (uint256 k = 0; k < 7; k++) {
            string memory call = s.scored ? "signScored" : "signModel";
            if (s.scored) signScored(s.seats[k], MODEL, flat(100));
            else signModel(s.seats[k], MODEL);
            _note(k == 6 ? string.concat(call, ", last (settles)") : call);
        }
    }

    function _measureProvenRound(string memory which) private {
        for (uint256 i = 0; i < 4; i++) {
            submitProven(i);
            _note(i == 3 ? "submitProven, last of a phase" : string.concat("submitProven, ", which));
        }
        vm.roll(block.number + 3 * K + 1);
        uint16 round = currentRound();
        vm.prank(stranger);
        study.capture(round);
        _note("capture");
        for (uint256 i = 0; i < 4; i++) {
            unseal(i);
            _note(i == 3 ? "reveal, last (draws)" : "reveal");
        }
        for (uint256 i = 0; i < 4; i++) {
            prove(i);
            _note(i == 3 ? "prove, last" : "prove");
        }
    }

    function _measureProducts(uint8[] memory seats) private {
        for (uint256 k = 0; k < seats.length; k++) {
            postProducts(seats[k]);
            _note(k + 1 == seats.length ? "postProducts, last" : "postProducts");
        }
    }

    /// Notes the gas of the call just made, if it is the dearest of its kind.
    function _note(string memory call) private {
        uint256 used = vm.lastCallGas().gasTotalUsed;
        if (_most[call] == 0) _calls.push(call);
        if (used > _most[call]) _most[call] = used;
    }

    function _report(string memory group) private {
        log(string.concat("Gas, ", group, ", the dearest of each call:"));
        for (uint256 i = 0; i < _calls.length; i++) {
            log(string.concat("  ", _calls[i], ": ", vm.toString(_most[_calls[i]])));
            vm.snapshotValue(group, _calls[i], _most[_calls[i]]);
        }
    }
}
