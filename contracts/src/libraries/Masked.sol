// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Masking, Round, StudyState } from "../StudyState.sol";
import { IHospitalRegistry } from "../interfaces/IHospitalRegistry.sol";
import { IReputation } from "../interfaces/IReputation.sol";
import { IStudy, Mode, Phase, RoundKind, Signature } from "../interfaces/IStudy.sol";
import { BitSet } from "./BitSet.sol";
import { Checks } from "./Checks.sol";
import { Duties } from "./Duties.sol";
import { Phases } from "./Phases.sol";
import { Seats } from "./Seats.sol";
import { Weights } from "./Weights.sol";

/// What only a masked round has: the set frozen with its weights, the sums of masks, the products, the seat that is drawn, the
/// shares of seeds. See IStudy, Masked studies. Counts whose seeds are opened, for whatever reason. Deployed once and linked, for a
/// study alone would be too large. Functions that close a phase answer false where the round is void.
library Masked {
    using BitSet for uint64;
    using Checks for StudyState;
    using Phases for StudyState;
    using Seats for uint64;
    using Weights for uint256;

    /// In a sum of fewer one hospital could read off another's update, or nearly.
    uint256 private constant MIN_SURVIVORS = 3;
    /// Who answers last cannot know the hash of the fourth block from there.
    uint256 private constant DRAW_DISTANCE = 4;
    /// A block's hash can be read so many blocks long.
    uint256 private constant HASHES_KEPT = 256;

    /// Takes a seat's sum of masks: see IStudy.postMasks.
    function post(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        bytes32 masks,
        Signature calldata signature
    ) external returns (bool) {
        state.requireInTime(Phase.Unmask, number);
        uint256 seat = state.requireSeat(hospital, state.round.revealed);
        if (masks == 0) revert IStudy.Study_EmptyUpdate();
        Checks.requireSigned(registry, hospital, Duties.masks(domain, hospital, number, masks), signature);

        uint8 posted = state.round.revealed | uint8(1 << seat);
        state.round.revealed = posted;
        state.masking.masks[seat] = masks;
        emit IStudy.MasksPosted(number, hospital, masks);
        return (expected(state) & ~posted) != 0 || _closeUnmask(state);
    }

    /// Takes a seat's shares of the opening seats' seeds: see IStudy.openShares. Also of a seat that posted nothing.
    function share(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        bytes32 shares,
        Signature calldata signature
    ) external returns (bool) {
        state.requireInTime(Phase.Recover, number);
        Masking storage masking = state.masking;
        uint256 seat = state.requireSeat(hospital, masking.shared);
        if (shares == 0) revert IStudy.Study_EmptyUpdate();
        Checks.requireSigned(registry, hospital, Duties.shares(domain, hospital, number, shares), signature);

        uint8 shared = masking.shared | uint8(1 << seat);
        masking.shared = shared;
        masking.shares[seat] = shares;
        emit IStudy.SharesOpened(number, hospital, shares);
        // Whoever posted no products is not waited for either. Before Score nobody has.
        uint8 awaited = masking.answered == 0 ? state.round.revealed : masking.answered;
        return (awaited & ~shared) != 0 || _closeRecover(state);
    }

    /// Takes a seat's products: see IStudy.postProducts.
    function answer(
        StudyState storage state,
        IHospitalRegistry registry,
        bytes32 domain,
        address hospital,
        uint16 number,
        bytes32 products,
        Signature calldata signature
    ) external returns (bool) {
        state.requireInTime(Phase.Score, number);
        Round storage round = state.round;
        if (round.mode != Mode.Masked) revert IStudy.Study_WrongMode(round.mode);
        Masking storage masking = state.masking;
        uint256 seat = state.requireSeat(hospital, masking.answered);
        uint8 posted = round.revealed;
        if ((posted >> seat) & 1 == 0) revert IStudy.Study_NoMasks(hospital);
        if (products == 0) revert IStudy.Study_EmptyUpdate();
        Checks.requireSigned(
            registry, hospital, Duties.products(domain, hospital, number, products), signature
        );

        uint8 answered = masking.answered | uint8(1 << seat);
        masking.answered = answered;
        masking.products[seat] = products;
        emit IStudy.ProductsPosted(number, hospital, products);
        return (posted & ~answered) != 0 || _closeScore(state);
    }

    /// Moves on from Unmask, Score, Draw or Recover, whose deadline has passed.
    function close(StudyState storage state) external returns (bool) {
        Phase phase = state.round.phase;
        if (phase == Phase.Unmask) return _closeUnmask(state);
        if (phase == Phase.Score) return _closeScore(state);
        if (phase == Phase.Recover) return _closeRecover(state);
        _draw(state);
        return true;
    }

    /// Fixes the set that this round may open, and its weights.
    function freeze(StudyState storage state, IReputation reputation, uint64 survivors)
        internal
        returns (bool)
    {
        if (survivors.count() < MIN_SURVIVORS) return false;
        uint256 claimed = state.masking.claimed;
        uint8[] memory list = new uint8[](state.members.length);
        uint256 weights = 0;
        for (uint256 member = 0; member < list.length; member++) {
            if (!survivors.has(member)) continue;
            uint256 weight = 1; // of sums of columns: every patient counts alike
            if (state.round.kind == RoundKind.Training) {
                uint16 standing = reputation.standingOf(state.members[member].wallet).reputation;
                weight = Weights.inSum(claimed.at(member), standing);
            }
            weights = weights.set(member, weight);
            list[member] = uint8(weight);
        }
        state.masking.weights = weights;
        state.freeze(survivors);
        emit IStudy.WeightsFrozen(state.round.number, list);
        state.enter(Phase.Unmask, state.rules.scoreSeconds);
        return true;
    }

    /// The seats that must post their masks: those that attested everybody in the frozen set, and so have all the seeds.
    function expected(StudyState storage state) internal view returns (uint8 seats) {
        uint8 attested = state.round.attested;
        uint64 survivors = state.committee.survivors;
        for (uint256 seat = 0; seat < Seats.MAX; seat++) {
            if ((attested >> seat) & 1 == 1 && survivors & ~state.attestedBySeat[seat] == 0) {
                seats |= uint8(1 << seat);
            }
        }
    }

    /// Whether this round's seats score the hospitals' parts in the sum. Sums of columns are not scored.
    function isScored(StudyState storage state) internal view returns (bool) {
        Round storage round = state.round;
        return round.mode == Mode.Masked && round.kind == RoundKind.Training && state.rules.scored;
    }

    /// Whether one seat more may be opened; if so, has it drawn, and whatever was signed before counts no more.
    function redraw(StudyState storage state) internal returns (bool) {
        if (uint64(state.masking.opening).count() >= _openable(state.committee.seats.size())) return false;
        state.round.signed = 0;
        state.committee.votes = 0;
        state.roster.candidates = 0;
        _awaitDraw(state);
        return true;
    }

    function _closeUnmask(StudyState storage state) private returns (bool) {
        uint64 seats = state.committee.seats;
        uint8 missing = seats.all() & ~state.round.revealed;
        uint256 open = uint64(missing).count();
        uint256 openable = _openable(seats.size());
        if (open > openable) return false;
        state.masking.opening = missing;
        bool scores = isScored(state);
        // To score, the sum must open first; a seat is drawn once there are products of it to check too.
        if (!scores && open < openable) _awaitDraw(state);
        else if (open != 0) state.enter(Phase.Recover, state.rules.scoreSeconds);
        else if (scores) state.enter(Phase.Score, state.rules.scoreSeconds);
        else state.enter(Phase.Aggregate, state.rules.aggregateSeconds);
        return true;
    }

    /// Who posted masks and no products is opened as if it were missing. Where nobody is late, the shares of all who are opened came
    /// before Score.
    function _closeScore(StudyState storage state) private returns (bool) {
        Masking storage masking = state.masking;
        uint8 late = state.round.revealed & ~masking.answered;
        uint8 opening = masking.opening | late;
        uint256 open = uint64(opening).count();
        uint256 openable = _openable(state.committee.seats.size());
        if (open > openable) return false;
        masking.opening = opening;
        if (open < openable) {
            _awaitDraw(state);
        } else if (late != 0) {
            masking.shared = 0;
            state.enter(Phase.Recover, state.rules.scoreSeconds);
        } else {
            state.enter(Phase.Aggregate, state.rules.aggregateSeconds);
        }
        return true;
    }

    /// How many seats' seeds may be opened: a hospital that holds a seat seeds the m - 1 others, and t - 1 curious seats must leave
    /// one of those closed.
    function _openable(uint256 m) private pure returns (uint256) {
        return m - 1 - _threshold(m);
    }

    /// t: how many seats' shares recover a seed.
    function _threshold(uint256 m) private pure returns (uint256) {
        return (m + 1) / 2;
    }

    function _awaitDraw(StudyState storage state) private {
        state.masking.drawBlock = uint64(block.number + DRAW_DISTANCE);
        state.enter(Phase.Draw, 0);
    }

    /// Draws one of the seats that posted and are not opened yet.
    function _draw(StudyState storage state) private {
        Masking storage masking = state.masking;
        uint8 opening = masking.opening;
        uint8 eligible = state.round.revealed & ~opening;
        bytes32 seed = keccak256(
            abi.encode(
                _drawingHash(masking.drawBlock), address(this), state.round.number, uint64(opening).count()
            )
        );
        uint256 rank = uint256(seed) % uint64(eligible).count();
        uint256 seat = 0;
        for (;; seat++) {
            if ((eligible >> seat) & 1 == 0) continue;
            if (rank == 0) break;
            rank--;
        }
        masking.drawn = uint8(seat + 1);
        masking.opening = opening | uint8(1 << seat);
        // After a second draw, shares are due of both seats' seeds.
        masking.shared = 0;
        uint256 member = state.committee.seats.memberAt(seat);
        emit IStudy.SeatDrawn(state.round.number, state.members[member].wallet);
        state.enter(Phase.Recover, state.rules.scoreSeconds);
    }

    /// The hash of the block; or, where the chain has forgotten it, of the latest at a distance of a multiple of 256: at any time one
    /// block alone draws, so nobody gains by waiting for a better one.
    function _drawingHash(uint256 drawBlock) private view returns (bytes32) {
        if (block.number <= drawBlock) revert IStudy.Study_DrawPending(drawBlock);
        uint256 age = block.number - 1 - drawBlock;
        return blockhash(drawBlock + age - (age % HASHES_KEPT));
    }

    function _closeRecover(StudyState storage state) private returns (bool) {
        uint8 opening = state.masking.opening;
        uint8 shared = state.masking.shared;
        uint256 m = state.committee.seats.size();
        for (uint256 seat = 0; seat < m; seat++) {
            if ((opening >> seat) & 1 == 0) continue;
            // A seat holds no share of its own seeds.
            if (uint64(shared).remove(seat).count() < _threshold(m)) return false;
        }
        // A Score that nobody answered is void, so without an answer it is still to come.
        bool comesScore = state.masking.answered == 0 && isScored(state);
        if (comesScore) state.enter(Phase.Score, state.rules.scoreSeconds);
        else state.enter(Phase.Aggregate, state.rules.aggregateSeconds);
        return true;
    }
}
