// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Study } from "../src/Study.sol";
import { IStudy, Phase, Snapshot } from "../src/interfaces/IStudy.sol";
import { Campaign, FuzzSelector, pick, seatAmong } from "./base/Campaign.sol";
import { Fixture } from "./base/Fixture.sol";
import { Vm, between, vm } from "./base/Vm.sol";

/// Does at random what hospitals, seats and passers-by may do in a masked study, and keeps account of what opens. An action that is not
/// possible at the moment does nothing, so that every call which is made must succeed.
contract MaskedHandler is Fixture {
    uint256 private constant HOSPITALS = 8;

    uint256 public paidIn;
    uint256 public paidOut;
    string public broken;

    mapping(uint16 round => uint256) private _freezes;
    /// Seats whose seeds were opened in a round.
    mapping(uint16 round => uint8) private _opened;
    mapping(uint16 round => bytes32) private _frozen;

    constructor(uint8 maxSeats, bool scored) {
        deploy();
        rules = maskedRules();
        rules.scored = scored;
        rules.rounds = 6;
        rules.maxSeats = maxSeats;
        study = createStudy();
        openStudy();
        paidIn = DEPOSIT;
        for (uint256 i = 0; i < HOSPITALS; i++) {
            addHospital();
            join(i);
            paidIn += STAKE;
        }
        vm.prank(sponsor);
        study.startTask();
    }

    /// The study under test.
    function subject() external view returns (Study) {
        return study;
    }

    // --- hospitals ---

    function submits(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Train || s.time >= s.deadline) return;
        submitMasked(pick(s.participants & ~s.submitted, seed), uint8(1 + (seed >> 8) % 8));
    }

    function leaves(uint256 seed) external recorded {
        if (seed % 16 != 0 || study.snapshot().phase == Phase.Ended) return;
        vm.prank(hospitals[(seed >> 4) % HOSPITALS]);
        try study.leaveTask() { } catch { }
    }

    function withdraws(uint256 seed) external recorded {
        vm.prank(hospitals[seed % HOSPITALS]);
        try study.withdraw() returns (uint256 amount) {
            paidOut += amount;
        } catch { }
    }

    // --- seats ---

    /// Mostly all, so that rounds also succeed; now and then one is said to be missing.
    function attests(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Attest || s.time >= s.deadline) return;
        uint64 opened = s.submitted;
        if (seed % 8 == 0) opened &= ~uint64(1 << ((seed >> 8) % HOSPITALS));
        attest(seatAmong(s, ~s.attested, seed), opened);
    }

    function posts(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Unmask || s.time >= s.deadline) return;
        postMasks(seatAmong(s, ~s.revealed, seed));
    }

    function answers(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Score || s.time >= s.deadline) return;
        postProducts(seatAmong(s, s.revealed & ~s.answered, seed));
    }

    function shares(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Recover || s.time >= s.deadline) return;
        openShares(seatAmong(s, ~s.shared, seed));
    }

    function signs(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Aggregate || s.time >= s.deadline) return;
        uint256 signer = seatAmong(s, ~s.signed, seed);
        bytes32 model = seed % 8 == 0 ? OTHER_MODEL : MODEL;
        if (!s.scored) return signModel(signer, model);
        // Now and then another score, which is another vote; often some under the margin.
        int16[] memory scores = new int16[](s.members.length);
        for (uint256 i = 0; i < scores.length; i++) {
            scores[i] = int16(int256(uint256(keccak256(abi.encode(s.round, i))) % 1000)) - 400;
        }
        if (seed % 16 == 1) scores[(seed >> 8) % scores.length]++;
        signScored(signer, model, scores);
    }

    /// Often all of one mind, or another seat is never drawn.
    function accuses(uint256 seed, uint64 members) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase != Phase.Aggregate || s.time >= s.deadline) return;
        if (seed % 4 != 0) members = 0;
        uint256 votes = seed % 2 == 0 ? 1 : s.seats.length;
        for (uint256 n = 0; n < votes; n++) {
            s = study.snapshot();
            if (s.phase != Phase.Aggregate || s.signed == (1 << s.seats.length) - 1) return;
            accuse(seatAmong(s, ~s.signed, seed), members & s.participants);
        }
    }

    /// Many duties at once, or the random walk seldom gets through a round.
    function everybodyActs(uint256 seed) external {
        for (uint256 n = 0; n < 12; n++) {
            submits(seed >> n);
            attests(seed >> n);
            posts(seed >> n);
            shares(seed >> n);
            answers(seed >> n);
            if (seed % 2 == 0) signs((seed >> n) | 1);
            else accuses(1, 0); // all of them: nobody knows why
            if (study.snapshot().phase == Phase.Draw) advances(0);
        }
    }

    // --- the others ---

    function timePasses(uint256 seconds_, uint256 blocks) external {
        vm.warp(block.timestamp + between(seconds_, 1, 40));
        vm.roll(block.number + between(blocks, 1, 600));
    }

    function advances(uint256 seed) public recorded {
        Snapshot memory s = study.snapshot();
        if (s.phase == Phase.Ended || seed % 3 != 0) return;
        if (s.time < s.deadline) vm.warp(s.deadline);
        if (s.phase == Phase.Draw && !s.drawable) vm.roll(block.number + 5);
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

    /// Keeps account, after an action, of what was frozen and opened.
    modifier recorded() {
        vm.recordLogs();
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != address(study)) continue;
            if (logs[i].topics[0] != IStudy.WeightsFrozen.selector) continue;
            uint16 round = uint16(uint256(logs[i].topics[1]));
            if (++_freezes[round] > 1) broken = "a round froze two sets";
            _frozen[round] = keccak256(logs[i].data);
        }
        Snapshot memory s = study.snapshot();
        // What was opened once in a round stays opened.
        if (_opened[s.round] & ~s.opening != 0) broken = "a seat was closed again";
        _opened[s.round] |= s.opening;
        if (isOpening(s.phase)) {
            if (_freezes[s.round] != 1) broken = "a sum opens that was not frozen";
            if (_frozen[s.round] != keccak256(abi.encode(s.weights))) {
                broken = "weights changed after the freeze";
            }
        }
    }

    function isOpening(Phase phase) private pure returns (bool) {
        return phase == Phase.Unmask || phase == Phase.Score || phase == Phase.Draw || phase == Phase.Recover
            || phase == Phase.Aggregate;
    }
}

/// What holds for every masked study after any history: StudyMaskedInvariants.tree.
abstract contract StudyMaskedInvariants is Campaign {
    MaskedHandler internal handler;
    Study private _study;

    function setUp() public {
        handler = createHandler();
        _study = handler.subject();
    }

    function createHandler() internal virtual returns (MaskedHandler);

    function target() internal view override returns (address) {
        return address(handler);
    }

    /// Of the handler what is an action.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = MaskedHandler.submits.selector;
        selectors[1] = MaskedHandler.leaves.selector;
        selectors[2] = MaskedHandler.withdraws.selector;
        selectors[3] = MaskedHandler.attests.selector;
        selectors[4] = MaskedHandler.posts.selector;
        selectors[5] = MaskedHandler.shares.selector;
        selectors[6] = MaskedHandler.signs.selector;
        selectors[7] = MaskedHandler.accuses.selector;
        selectors[8] = MaskedHandler.everybodyActs.selector;
        selectors[9] = MaskedHandler.advances.selector;
        selectors[10] = MaskedHandler.answers.selector;
        targets = new FuzzSelector[](2);
        targets[0] = FuzzSelector(address(handler), selectors);
        bytes4[] memory more = new bytes4[](1);
        more[0] = MaskedHandler.timePasses.selector;
        targets[1] = FuzzSelector(address(handler), more);
    }

    /// One campaign checks all of them: each invariant function would walk the same histories again.
    function invariant_EveryHistoryKeepsTheRules() public view {
        vm.assertEq(handler.broken(), "");
        Snapshot memory s = _study.snapshot();
        enoughStaysClosed(s);
        sumsHide(s);
        productsFollowMasks(s);
        creditsAreConserved(s);
    }

    /// A hospital that holds a seat has m - 1 seeds; at least t of them stay closed, so that t - 1 curious seats lack one.
    function enoughStaysClosed(Snapshot memory s) private pure {
        uint256 m = s.seats.length;
        uint256 opened = 0;
        for (uint256 seat = 0; seat < m; seat++) {
            opened += (s.opening >> seat) & 1;
        }
        if (m > 0) vm.assertLe(opened + (m + 1) / 2, m - 1, "too many seeds opened");
        vm.assertEq(s.opening >> m, 0, "no seat");
        if (s.drawn != 0) {
            vm.assertEq((s.opening >> (s.drawn - 1)) & 1, 1, "who is drawn opens");
            uint8 posted = s.answered == 0 ? s.revealed : s.answered;
            vm.assertEq((posted >> (s.drawn - 1)) & 1, 1, "who is drawn had posted all that was asked");
        }
    }

    function sumsHide(Snapshot memory s) private pure {
        uint256 counting = 0;
        for (uint256 i = 0; i < s.weights.length; i++) {
            vm.assertLe(s.weights[i], 8);
            vm.assertEq((s.survivors >> i) & 1, s.weights[i] == 0 ? 0 : 1, "the set is who has a weight");
            if (s.weights[i] != 0) counting++;
        }
        vm.assertTrue(counting == 0 || counting >= 3, "a sum of fewer than three");
        vm.assertEq(s.survivors & ~s.submitted, 0, "who survives submitted");
    }

    /// A sum opens before anybody is asked how it lines up, and whoever answers has posted masks.
    function productsFollowMasks(Snapshot memory s) private pure {
        vm.assertEq(s.answered & ~s.revealed, 0, "products without masks");
        vm.assertTrue(s.answered == 0 || s.scored, "products that nobody asked for");
        if (s.phase != Phase.Score) return;
        for (uint256 seat = 0; seat < s.seats.length; seat++) {
            bool isMissing = (s.revealed >> seat) & 1 == 0;
            vm.assertEq(
                (s.opening >> seat) & 1, isMissing ? 1 : 0, "in Score those are opened that are missing"
            );
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

/// forge-config: default.invariant.runs = 16
contract StudySevenMaskedSeatsInvariants is StudyMaskedInvariants {
    function createHandler() internal override returns (MaskedHandler) {
        return new MaskedHandler(7, false);
    }
}

/// forge-config: default.invariant.runs = 16
contract StudyFourMaskedSeatsInvariants is StudyMaskedInvariants {
    function createHandler() internal override returns (MaskedHandler) {
        return new MaskedHandler(4, false);
    }
}

/// forge-config: default.invariant.runs = 16
contract StudySevenScoredSeatsInvariants is StudyMaskedInvariants {
    function createHandler() internal override returns (MaskedHandler) {
        return new MaskedHandler(7, true);
    }
}

/// forge-config: default.invariant.runs = 16
contract StudyFourScoredSeatsInvariants is StudyMaskedInvariants {
    function createHandler() internal override returns (MaskedHandler) {
        return new MaskedHandler(4, true);
    }
}
