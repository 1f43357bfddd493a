// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Study } from "../src/Study.sol";
import { IStudy, Phase, RewardSchedule, RoundKind, Snapshot } from "../src/interfaces/IStudy.sol";
import { Campaign, FuzzSelector, pick, seatAmong } from "./base/Campaign.sol";
import { Fixture } from "./base/Fixture.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// Does at random what hospitals, sponsor, issuers and passers-by may do, and keeps account of it. An action that is not
/// possible at the moment does nothing, so that every call which is made must succeed.
contract Handler is Fixture {
    uint256 private constant HOSPITALS = 10;

    /// Credits that went into and came out of the study, counted at the wallets.
    uint256 public paidIn;
    uint256 public paidOut;
    string public broken;

    /// What each seat committed to in a round.
    mapping(uint256 seatMember => mapping(uint16 round => int16[])) private _committed;
    Phase private _phase;
    uint16 private _round;
    /// Who had joined when Aggregate last began, and when it began for the last model; nobody needs one before the first.
    uint256 private _frozen;
    uint256 private _holders = type(uint64).max;
    uint64 public everIn;

    constructor(bool byHalves, bool standardise, uint32 pauseSeconds, uint8 maxSeats) {
        deploy();
        for (uint256 i = 0; i < HOSPITALS; i++) {
            addHospital();
        }
        rules = defaultRules();
        rules.schedule = byHalves ? RewardSchedule.HalfToFirst : RewardSchedule.ByScore;
        rules.standardise = standardise;
        rules.pauseSeconds = pauseSeconds;
        rules.maxSeats = maxSeats;
        rules.slashBps = 2500;
        study = createStudy();
        openStudy();
        paidIn = DEPOSIT;
        for (uint256 i = 0; i < 4; i++) {
            join(i);
            paidIn += STAKE;
        }
        _phase = Phase.Open;
    }

    /// The study under test.
    function subject() external view returns (Study) {
        return study;
    }

    // --- hospitals ---

    function joins() external recorded {
        Snapshot memory s = study.snapshot();
        uint256 i = s.members.length;
        if (s.phase == Phase.Ended || i == HOSPITALS || !registry.isActive(hospitals[i])) return;
        join(i);
        paidIn += STAKE;
    }

    function joinsAgain(uint256 seed) external recorded {
        Snapshot memory s = study.snapshot();
        uint256 i = between(seed, 0, s.members.length - 1);
        vm.prank(hospitals[i]);
        credits.approve(address(study), STAKE);
        vm.prank(hospitals[i]);
        try study.joinTask(keysOf(i + 100)) {
            broken = "a hospital joined twice";
        } catch { }
    }

    function submits(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Train || s.time >= s.deadline) return;
        uint64 left = s.participants & ~s.submitted;
        submit(pick(left, seed));
    }

    function leaves(uint256 seed) external recorded {
        // One in four: a study without hospitals tests little.
        if (seed % 4 != 0 || study.snapshot().phase == Phase.Ended) return;
        uint256 i = between(seed / 4, 0, study.snapshot().members.length - 1);
        vm.prank(hospitals[i]);
        try study.leaveTask() { }
        catch (bytes memory reason) {
            if (bytes4(reason) != IStudy.Study_NotMember.selector) broken = "leaving failed";
        }
    }

    function withdraws(uint256 seed) external recorded {
        uint256 n = study.snapshot().members.length;
        uint256 i = between(seed, 0, n);
        address who = i == n ? sponsor : hospitals[i];
        uint256 before = credits.balanceOf(who);
        vm.prank(who);
        try study.withdraw() returns (uint256 amount) {
            paidOut += amount;
            if (credits.balanceOf(who) != before + amount) broken = "withdrawn is not what came";
        } catch (bytes memory reason) {
            if (bytes4(reason) != IStudy.Study_NothingToWithdraw.selector) broken = "withdrawing failed";
        }
    }

    /// Of the next three rounds; now and then by most hospitals, so that rounds are skipped.
    function vetoes(uint256 seed, bool vetoed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase == Phase.Ended) return;
        uint256 i = between(seed, 0, s.members.length - 1);
        uint16 round = s.round + 1 + uint16((seed >> 8) % 3);
        uint64 before = study.vetoesOf(round);
        bytes memory call = vetoCall(i, round, vetoed);
        (bool ok, bytes memory reason) = address(study).call(call);
        if (ok) {
            if (study.vetoesOf(round) != before ^ (1 << i)) broken = "a veto changed something else";
            (ok,) = address(study).call(call);
            if (ok) broken = "a signature worked twice";
        } else if (
            bytes4(reason) != IStudy.Study_NotMember.selector
                && bytes4(reason) != IStudy.Study_AlreadyDone.selector
        ) {
            broken = "vetoing failed";
        }
    }

    function mostVeto(uint256 seed) external {
        for (uint256 n = 0; n < 4; n++) {
            vetoes((seed << 8) | n, true);
        }
    }

    // --- seats ---

    function attests(uint256 seed, uint64 opened, int16[10] calldata given) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Attest || s.time >= s.deadline) return;
        uint256 i = seatAmong(s, ~s.attested, seed);
        // Mostly all of it and mostly decent, so that rounds also succeed.
        if (seed % 4 != 0) opened = s.submitted;
        int16[] memory scores = new int16[](s.members.length);
        for (uint256 m = 0; m < scores.length; m++) {
            scores[m] = (seed >> m) % 4 == 0 ? given[m] : int16(int256(between(seed >> m, 0, 500)));
        }
        _committed[i][s.round] = scores;
        attest(i, opened & s.submitted, scores);
    }

    function reveals(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Score || s.time >= s.deadline) return;
        uint256 i = seatAmong(s, s.attested & ~s.revealed, seed);
        reveal(i, _committed[i][s.round]);
    }

    function signs(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Aggregate || s.time >= s.deadline) return;
        signModel(seatAmong(s, ~s.signed, seed), seed % 8 == 0 ? OTHER_MODEL : MODEL);
    }

    /// Many duties at once, or the random walk seldom gets through a round.
    function everybodyActs(uint256 seed, int16[10] calldata given) external {
        for (uint256 n = 0; n < 12; n++) {
            submits(seed >> n);
            attests((seed >> n) | 1, 0, given);
            reveals(seed >> n);
            signs((seed >> n) | 1);
        }
    }

    // --- the others ---

    function starts() external recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Open) return;
        vm.prank(sponsor);
        try study.startTask() { }
        catch (bytes memory reason) {
            if (bytes4(reason) != IStudy.Study_TooFewHospitals.selector) broken = "starting failed";
        }
    }

    function timePasses(uint256 seconds_) external {
        vm.warp(block.timestamp + between(seconds_, 1, 40));
    }

    function advances(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase == Phase.Ended || seed % 3 != 0) return;
        if (s.time < s.deadline) vm.warp(s.deadline);
        study.advance();
    }

    function suspendsOrReinstates(uint256 seed) external {
        uint256 i = between(seed / 4, 0, HOSPITALS - 1);
        if (!registry.isActive(hospitals[i])) {
            vm.prank(issuer);
            registry.reinstate(hospitals[i]);
        } else if (seed % 4 == 0) {
            vm.prank(issuer);
            registry.suspend(hospitals[i], "audit");
        }
    }

    function stops(uint256 seed) external recorded {
        if (seed % 64 != 0 || study.snapshot().phase == Phase.Ended) return;
        vm.prank(sponsor);
        study.stopTask();
    }

    // --- after a run ---

    /// Lets nobody but a passer-by act until the study ends; answers how many calls it took.
    function advanceToTheEnd() external returns (uint256 calls) {
        for (; calls < 20 && study.snapshot().phase != Phase.Ended; calls++) {
            advances(0);
        }
    }

    function everybodyWithdraws() external {
        assertPaidOut();
    }

    // --- helpers ---

    /// Checks after an action that phases followed one another as the design says.
    modifier recorded() {
        vm.recordLogs();
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != address(study)) continue;
            if (logs[i].topics[0] == IStudy.ModelFinalised.selector) _holders = _frozen;
            if (logs[i].topics[0] == IStudy.RoundStarted.selector) notesParticipants(logs[i].data);
            if (logs[i].topics[0] != IStudy.PhaseEntered.selector) continue;
            Phase next = Phase(uint256(logs[i].topics[1]));
            uint16 round = uint16(uint256(logs[i].topics[2]));
            // A skipped round is a pause, whatever came before.
            if (!mayFollow(_phase, isSkipping(logs, i) ? Phase.Train : next)) broken = "a phase was skipped";
            bool starts_ = next == Phase.Train || isSkipping(logs, i);
            if (round != (starts_ ? _round + 1 : _round)) broken = "a round was skipped";
            (_phase, _round) = (next, round);
            if (next == Phase.Aggregate) _frozen = (1 << study.snapshot().members.length) - 1;
        }
        if (study.snapshot().phase != _phase) broken = "a phase was entered in silence";
    }

    function notesParticipants(bytes memory data) private {
        (, uint64 participants,) = abi.decode(data, (RoundKind, uint64, uint8[]));
        if (participants & ~_holders != 0) broken = "a participant does not hold the model";
        everIn |= participants;
    }

    /// Whether the phase entered with log i is the pause of a round that vetoes left to too few.
    function isSkipping(Vm.Log[] memory logs, uint256 i) private pure returns (bool) {
        return i > 0 && logs[i - 1].topics[0] == IStudy.RoundSkipped.selector;
    }

    function mayFollow(Phase from, Phase to) private view returns (bool) {
        if (from == Phase.Ended) return false;
        if (to == Phase.Ended) return true;
        // A round ends, done or void, in any of its phases: then comes a pause or the next round.
        bool inRound =
            from == Phase.Train || from == Phase.Attest || from == Phase.Score || from == Phase.Aggregate;
        if (to == Phase.Settle) return inRound && rules.pauseSeconds != 0;
        if (to == Phase.Train) {
            return from == Phase.Open || from == Phase.Settle || (inRound && rules.pauseSeconds == 0);
        }
        if (to == Phase.Attest) return from == Phase.Train;
        if (to == Phase.Score) return from == Phase.Attest;
        bool statistics = study.snapshot().kind == RoundKind.Statistics;
        if (to == Phase.Aggregate) return from == Phase.Score || (statistics && from == Phase.Attest);
        return false;
    }
}

/// What holds for every study after any history: StudyInvariants.tree.
abstract contract StudyInvariants is Campaign {
    Handler internal handler;
    Study private _study;

    function setUp() public {
        handler = createHandler();
        _study = handler.subject();
    }

    function createHandler() internal virtual returns (Handler);

    function target() internal view override returns (address) {
        return address(handler);
    }

    /// Of the handler what is an action.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](15);
        selectors[0] = Handler.joins.selector;
        selectors[1] = Handler.joinsAgain.selector;
        selectors[2] = Handler.submits.selector;
        selectors[3] = Handler.leaves.selector;
        selectors[4] = Handler.withdraws.selector;
        selectors[5] = Handler.attests.selector;
        selectors[6] = Handler.reveals.selector;
        selectors[7] = Handler.signs.selector;
        selectors[8] = Handler.everybodyActs.selector;
        selectors[9] = Handler.starts.selector;
        selectors[10] = Handler.timePasses.selector;
        selectors[11] = Handler.advances.selector;
        selectors[12] = Handler.stops.selector;
        selectors[13] = Handler.vetoes.selector;
        selectors[14] = Handler.mostVeto.selector;
        targets = new FuzzSelector[](2);
        targets[0] = FuzzSelector(address(handler), selectors);
        bytes4[] memory more = new bytes4[](1);
        more[0] = Handler.suspendsOrReinstates.selector;
        targets[1] = FuzzSelector(address(handler), more);
    }

    /// One campaign checks all of them: each invariant function would walk the same histories again.
    function invariant_EveryHistoryKeepsTheRules() public view {
        noPhaseIsSkippedAndNobodyJoinsTwice();
        creditsAreConserved();
        setsNest();
    }

    function noPhaseIsSkippedAndNobodyJoinsTwice() private view {
        vm.assertEq(handler.broken(), "");
        address[] memory members = _study.snapshot().members;
        for (uint256 i = 0; i < members.length; i++) {
            for (uint256 j = 0; j < i; j++) {
                vm.assertTrue(members[i] != members[j], "a member twice");
            }
        }
    }

    function creditsAreConserved() private view {
        uint256 held = _study.credits().balanceOf(address(_study));
        vm.assertEq(held, handler.paidIn() - handler.paidOut(), "what came in and did not go out is there");
        Snapshot memory s = _study.snapshot();
        uint256 owed = _study.rewardOf(_study.sponsor());
        for (uint256 i = 0; i < s.members.length; i++) {
            owed += _study.rewardOf(s.members[i]) + _study.stakeOf(s.members[i]);
        }
        if (s.phase == Phase.Ended) vm.assertEq(held, owed, "all of it is owed to somebody");
        else vm.assertLe(owed, held, "no more is owed than is there");
    }

    function setsNest() private view {
        Snapshot memory s = _study.snapshot();
        vm.assertEq(s.submitted & ~s.participants, 0, "who submitted takes part");
        vm.assertEq(s.participants & _study.vetoesOf(s.round), 0, "who sits the round out does not");
        for (uint256 k = 0; k < s.seats.length; k++) {
            vm.assertEq((s.participants >> s.seats[k]) & 1, 1, "a seat takes part");
        }
        vm.assertEq(s.survivors & ~s.submitted, 0, "who survives submitted");
        vm.assertEq(s.revealed & ~s.attested, 0, "who revealed attested");
        vm.assertLe(s.completed, s.round);
        uint64 everIn = handler.everIn();
        for (uint256 i = 0; i < s.members.length; i++) {
            if ((everIn >> i) & 1 == 0) {
                vm.assertEq(_study.forfeitedOf(s.members[i]), 0, "a fine for nothing");
            }
        }
    }

    /// A study always ends, by passers-by alone and soon; then everybody gets everything.
    function afterInvariant() public {
        // Up to three rounds more where those ahead are vetoed.
        vm.assertLe(handler.advanceToTheEnd(), 15, "a study always ends");
        vm.assertTrue(_study.snapshot().phase == Phase.Ended, "a study always ends");
        handler.everybodyWithdraws();
    }
}

contract StudyByScoreInvariants is StudyInvariants {
    function createHandler() internal override returns (Handler) {
        return new Handler(false, false, 0, 7);
    }
}

contract StudyByHalvesInvariants is StudyInvariants {
    function createHandler() internal override returns (Handler) {
        return new Handler(true, true, 30, 3);
    }
}
