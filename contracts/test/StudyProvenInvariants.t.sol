// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Study } from "../src/Study.sol";
import { AuditAnswer, IStudy, Mode, Phase, RewardSchedule, Snapshot } from "../src/interfaces/IStudy.sol";
import { Campaign, FuzzSelector, pick, seatAmong } from "./base/Campaign.sol";
import { ProvenFixture } from "./base/ProvenFixture.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// Does at random what hospitals, seats and passers-by may do in a proven study, and keeps account of who proved, failed and paid. An
/// action that is not possible at the moment does nothing, so that every call which is made must succeed.
contract ProvenHandler is ProvenFixture {
    uint256 private constant HOSPITALS = 6;

    uint256 public paidIn;
    uint256 public paidOut;
    string public broken;

    /// Whose proof the verifier took, and who failed or paid, in a round.
    mapping(uint16 round => uint64) public proven;
    mapping(uint16 round => uint64) public failed;
    mapping(uint16 round => uint64) public forfeited;
    Phase private _phase;

    constructor(bool masked, bool byHalves) {
        found(masked ? provenMaskedRules() : defaultRules(), HOSPITALS);
        rules.rounds = 5;
        rules.schedule = byHalves ? RewardSchedule.HalfToFirst : RewardSchedule.ByScore;
        study = createProvenStudy();
        startProven(HOSPITALS);
        paidIn = DEPOSIT + HOSPITALS * uint256(STAKE);
        _phase = Phase.Train;
    }

    /// The study under test.
    function subject() external view returns (Study) {
        return study;
    }

    // --- hospitals ---

    function submits(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Train || s.time >= s.deadline) return;
        submitProven(pick(s.participants & ~s.submitted, seed));
    }

    function unseals(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.revealable) unseal(pick(s.submitted & ~s.unsealed, seed));
    }

    function proves(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Audit || s.time >= s.deadline) return;
        uint256 i = pick(s.audited & ~s.cleared, seed);
        proven[s.round] |= uint64(1 << i);
        prove(i);
    }

    /// Somebody's proof for somebody else, or for nobody.
    function cheats(uint256 seed) external recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Audit) return;
        uint256 i = pick(s.audited, seed);
        bytes memory proof = seed % 2 == 0 ? proofOf((i + 1) % HOSPITALS) : bytes("");
        AuditAnswer memory answer = answerOf(i);
        try study.prove(hospitals[i], s.round, answer, proof) {
            broken = "cleared without a proof";
        } catch { }
    }

    function leaves(uint256 seed) external recorded {
        if (seed % 32 != 0 || study.snapshot().phase == Phase.Ended) return;
        vm.prank(hospitals[(seed >> 5) % HOSPITALS]);
        try study.leaveTask() { } catch { }
    }

    function withdraws(uint256 seed) external recorded {
        vm.prank(hospitals[seed % HOSPITALS]);
        try study.withdraw() returns (uint256 amount) {
            paidOut += amount;
        } catch { }
    }

    // --- seats ---

    /// Mostly all that may be; now and then one is said to be missing.
    function attests(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Attest || s.time >= s.deadline) return;
        uint64 opened = s.submitted & ~s.failed;
        if (seed % 8 == 0) opened &= ~uint64(1 << ((seed >> 8) % HOSPITALS));
        uint256 i = seatAmong(s, ~s.attested, seed);
        if (s.mode == Mode.Masked) attest(i, opened);
        else attest(i, opened, flat(100));
    }

    function scores(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Score || s.time >= s.deadline) return;
        reveal(seatAmong(s, s.attested & ~s.revealed, seed), flat(100));
    }

    function posts(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Unmask || s.time >= s.deadline) return;
        postMasks(seatAmong(s, ~s.revealed, seed));
    }

    function shares(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Recover || s.time >= s.deadline) return;
        openShares(seatAmong(s, ~s.shared, seed));
    }

    function signs(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Aggregate || s.time >= s.deadline) return;
        signModel(seatAmong(s, ~s.signed, seed), seed % 16 == 0 ? OTHER_MODEL : MODEL);
    }

    /// Many duties at once, or the random walk seldom gets through a round.
    function everybodyActs(uint256 seed) external {
        for (uint256 n = 0; n < 16; n++) {
            submits(seed >> n);
            if (study.snapshot().phase == Phase.Reveal) vm.roll(block.number + 3);
            unseals(seed >> n);
            proves(seed >> n);
            attests(seed >> n);
            scores(seed >> n);
            posts(seed >> n);
            shares(seed >> n);
            signs(seed >> n);
            if (study.snapshot().phase == Phase.Draw) advances(0);
        }
    }

    // --- the others ---

    function captures(uint256 seed) external recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Reveal) return;
        if (seed % 2 == 0) vm.roll(block.number + 5);
        uint256 before = credits.balanceOf(stranger);
        vm.prank(stranger);
        try study.capture(s.round) { } catch { }
        paidOut += credits.balanceOf(stranger) - before;
    }

    function timePasses(uint256 seconds_, uint256 blocks) external {
        vm.warp(block.timestamp + between(seconds_, 1, 20));
        vm.roll(block.number + between(blocks, 1, 300));
    }

    function advances(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        // Not often: two void rounds end a study.
        if (s.phase == Phase.Ended || seed % 4 != 0) return;
        if (s.time < s.deadline) vm.warp(s.deadline);
        // Enough for what draws, not always for reveals.
        if (s.phase == Phase.Draw || s.phase == Phase.Reveal) vm.roll(block.number + 5 + seed % 7);
        study.advance();
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

    /// Keeps account, after an action, of phases, failures and forfeits.
    modifier recorded() {
        vm.recordLogs();
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != address(study)) continue;
            bytes32[] memory topics = logs[i].topics;
            if (topics[0] == IStudy.AuditFailed.selector) notes(failed, topics);
            if (topics[0] == IStudy.StakeForfeited.selector) notes(forfeited, topics);
            if (topics[0] != IStudy.PhaseEntered.selector) continue;
            Phase next = Phase(uint256(topics[1]));
            if (!mayFollow(_phase, next)) broken = "a phase was skipped";
            _phase = next;
        }
        if (study.snapshot().phase != _phase) broken = "a phase was entered in silence";
    }

    function notes(mapping(uint16 round => uint64) storage sets, bytes32[] memory topics) private {
        uint16 round = uint16(uint256(topics[1]));
        uint256 i = 0;
        while (hospitals[i] != address(uint160(uint256(topics[2])))) i++;
        if ((sets[round] >> i) & 1 == 1) broken = "two faults in a round";
        sets[round] |= uint64(1 << i);
    }

    /// Of the phases that audits add, and those beside them.
    function mayFollow(Phase from, Phase to) private pure returns (bool) {
        if (from == Phase.Ended) return false;
        if (to == Phase.Reveal) return from == Phase.Train || from == Phase.Reveal;
        if (to == Phase.Audit) return from == Phase.Reveal;
        if (to == Phase.Attest) return from == Phase.Audit;
        return to != Phase.Score || from == Phase.Attest;
    }
}

/// What holds for every proven study after any history: StudyProvenInvariants.tree.
abstract contract StudyProvenInvariants is Campaign {
    ProvenHandler internal handler;
    Study private _study;

    function setUp() public {
        handler = createHandler();
        _study = handler.subject();
    }

    function createHandler() internal virtual returns (ProvenHandler);

    function target() internal view override returns (address) {
        return address(handler);
    }

    /// Of the handler what is an action.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](15);
        selectors[0] = ProvenHandler.submits.selector;
        selectors[1] = ProvenHandler.unseals.selector;
        selectors[2] = ProvenHandler.proves.selector;
        selectors[3] = ProvenHandler.cheats.selector;
        selectors[4] = ProvenHandler.leaves.selector;
        selectors[5] = ProvenHandler.withdraws.selector;
        selectors[6] = ProvenHandler.attests.selector;
        selectors[7] = ProvenHandler.scores.selector;
        selectors[8] = ProvenHandler.posts.selector;
        selectors[9] = ProvenHandler.shares.selector;
        selectors[10] = ProvenHandler.signs.selector;
        selectors[11] = ProvenHandler.everybodyActs.selector;
        selectors[12] = ProvenHandler.captures.selector;
        selectors[13] = ProvenHandler.timePasses.selector;
        selectors[14] = ProvenHandler.advances.selector;
        targets = new FuzzSelector[](2);
        targets[0] = FuzzSelector(address(handler), selectors);
        // Twice as often, or few rounds end.
        bytes4[] memory more = new bytes4[](1);
        more[0] = ProvenHandler.everybodyActs.selector;
        targets[1] = FuzzSelector(address(handler), more);
    }

    /// One campaign checks all of them: each invariant function would walk the same histories again.
    function invariant_EveryHistoryKeepsTheRules() public view {
        vm.assertEq(handler.broken(), "");
        Snapshot memory s = _study.snapshot();
        auditsDecide(s);
        creditsAreConserved(s);
    }

    function auditsDecide(Snapshot memory s) private view {
        vm.assertEq(s.submitted & ~s.participants, 0, "who submitted takes part");
        vm.assertEq(s.participants & ~s.prepared, 0, "who takes part has prepared");
        vm.assertEq(s.unsealed & ~s.submitted, 0, "who revealed submitted");
        vm.assertEq(s.audited & ~s.unsealed, 0, "who is drawn revealed");
        vm.assertEq(s.cleared & ~s.audited, 0, "who is cleared was drawn");
        vm.assertEq(s.cleared & ~handler.proven(s.round), 0, "who is cleared proved it");
        vm.assertEq(s.cleared & s.failed, 0, "who is cleared did not fail");
        vm.assertEq(s.survivors & s.failed, 0, "who failed does not survive");
        vm.assertEq(s.failed, handler.failed(s.round), "who failed is said to");
        if (s.survivors != 0) vm.assertEq(s.survivors & s.audited & ~s.cleared, 0, "drawn, and not cleared");
        for (uint256 i = 0; i < s.members.length; i++) {
            vm.assertLe(s.contributions[i], 6, "more contributions than there is noise for");
            (uint32 audits, uint32 passed) = _study.reputation().honestyOf(s.members[i]);
            vm.assertLe(passed, audits);
        }
    }

    function creditsAreConserved(Snapshot memory s) private view {
        uint256 held = _study.credits().balanceOf(address(_study));
        vm.assertEq(held, handler.paidIn() - handler.paidOut(), "what came in and did not go out is there");
        uint256 owed = _study.rewardOf(_study.sponsor());
        for (uint256 i = 0; i < s.members.length; i++) {
            owed += _study.rewardOf(s.members[i]) + _study.stakeOf(s.members[i]);
        }
        if (s.phase == Phase.Ended) vm.assertEq(held, owed, "all of it is owed to somebody");
        else vm.assertLe(owed, held, "no more is owed than is there");
    }

    /// A study always ends, by passers-by alone and soon; then everybody gets everything.
    function afterInvariant() public {
        vm.assertLe(handler.advanceToTheEnd(), 15, "a study always ends");
        vm.assertTrue(_study.snapshot().phase == Phase.Ended, "a study always ends");
        handler.everybodyWithdraws();
    }
}

/// forge-config: default.invariant.runs = 6
contract StudyProvenCommitteeInvariants is StudyProvenInvariants {
    function createHandler() internal override returns (ProvenHandler) {
        return new ProvenHandler(false, false);
    }
}

/// forge-config: default.invariant.runs = 6
contract StudyProvenMaskedInvariants is StudyProvenInvariants {
    function createHandler() internal override returns (ProvenHandler) {
        return new ProvenHandler(true, true);
    }
}
