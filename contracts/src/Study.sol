// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IERC1363Receiver } from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Multicall } from "@openzeppelin/contracts/utils/Multicall.sol";
import { Candidate, Member, Round, StudyState } from "./StudyState.sol";
import { IHospitalRegistry, Keys } from "./interfaces/IHospitalRegistry.sol";
import { IModelRegistry } from "./interfaces/IModelRegistry.sol";
import { IReputation } from "./interfaces/IReputation.sol";
import { EndReason, IStudy, Phase, RoundKind, Rules, Signature, Snapshot } from "./interfaces/IStudy.sol";
import { BitSet } from "./libraries/BitSet.sol";
import { Duties } from "./libraries/Duties.sol";
import { Phases } from "./libraries/Phases.sol";
import { Reads } from "./libraries/Reads.sol";
import { Scores } from "./libraries/Scores.sol";
import { Scoring } from "./libraries/Scoring.sol";
import { Seats } from "./libraries/Seats.sol";
import { Selection } from "./libraries/Selection.sol";
import { Settlement } from "./libraries/Settlement.sol";

/// One federated task in committee mode: who takes part, which phase it is in, what everybody owes and is owed.
/// Used through clones that StudyFactory makes.
contract Study is IStudy, IERC1363Receiver, Multicall {
    using BitSet for uint64;
    using Phases for StudyState;
    using SafeERC20 for IERC20;
    using Seats for uint64;

    uint256 private constant MAX_MEMBERS = 64;
    /// One hospital is no federation: its update alone would be the sum.
    uint256 private constant MIN_PARTICIPANTS = 2;
    uint8 private constant VOIDS_THAT_END = 2;
    uint8 private constant INTENT_INITIALIZE = 0;
    uint8 private constant INTENT_JOIN = 1;
    /// With 64 stakes of at most 2^88 (see StudyFactory) it fits in the 96 bits that a balance has.
    uint256 private constant MAX_DEPOSIT = 1 << 95;

    IERC20 public immutable credits;
    IHospitalRegistry public immutable registry;
    IReputation public immutable reputation;
    IModelRegistry public immutable modelRegistry;
    address public immutable factory;
    bytes32 private immutable _deploymentId;

    StudyState private _state;

    constructor(
        IERC20 credits_,
        IHospitalRegistry registry_,
        IReputation reputation_,
        IModelRegistry modelRegistry_,
        bytes32 deploymentId
    ) {
        credits = credits_;
        registry = registry_;
        reputation = reputation_;
        modelRegistry = modelRegistry_;
        factory = msg.sender;
        _deploymentId = deploymentId;
        _state.round.phase = Phase.Ended; // the implementation itself is nobody's study
    }

    /// Sets a fresh clone's sponsor and rules. Only the factory, once, with rules that it has checked.
    function initialize(address sponsor_, Rules calldata rules_) external {
        if (msg.sender != factory || _state.sponsor != address(0)) revert Study_NotSponsor(msg.sender);
        _state.sponsor = sponsor_;
        _state.rules = rules_;
    }

    // --- the sponsor ---

    /// @inheritdoc IStudy
    function initializeTask(string calldata modelURI_, uint16 rounds, uint256 deposit) external {
        _initializeTask(msg.sender, modelURI_, rounds, deposit);
        credits.safeTransferFrom(msg.sender, address(this), deposit);
    }

    /// @inheritdoc IStudy
    function startTask() external {
        _requirePhase(Phase.Open);
        if (msg.sender != _state.sponsor && block.timestamp < _state.round.deadline) {
            revert Study_NotSponsor(msg.sender);
        }
        if (!_startRound(_state.rules.minHospitals)) {
            revert Study_TooFewHospitals(_state.roster.active.count(), _state.rules.minHospitals);
        }
    }

    /// @inheritdoc IStudy
    function removeWorker(address hospital) external {
        Selection.remove(_state, registry, hospital, msg.sender);
    }

    /// @inheritdoc IStudy
    function stopTask() external {
        if (msg.sender != _state.sponsor) revert Study_NotSponsor(msg.sender);
        Phase phase = _state.round.phase;
        if (phase == Phase.Ended) revert Study_WrongPhase(phase);
        if (phase != Phase.Draft && phase != Phase.Open && phase != Phase.Settle) {
            emit RoundVoided(_state.round.number, phase);
        }
        _end(EndReason.StoppedBySponsor);
    }

    // --- a hospital ---

    /// @inheritdoc IStudy
    function joinTask(Keys calldata keys) external returns (string memory) {
        uint256 stake = _state.rules.stake;
        _join(msg.sender, stake, keys);
        credits.safeTransferFrom(msg.sender, address(this), stake);
        return _state.modelURI;
    }

    /// @inheritdoc IERC1363Receiver
    function onTransferReceived(address operator, address from, uint256 value, bytes calldata data)
        external
        returns (bytes4)
    {
        if (msg.sender != address(credits)) revert Study_OnlyCredits(msg.sender);
        // With an allowance alone somebody else could join in a hospital's name, with his own keys.
        if (operator != from || data.length < 64) revert Study_BadIntent();
        (uint8 intent, bytes memory payload) = abi.decode(data, (uint8, bytes));
        if (intent == INTENT_INITIALIZE) {
            (string memory modelURI_, uint16 rounds) = abi.decode(payload, (string, uint16));
            _initializeTask(from, modelURI_, rounds, value);
        } else if (intent == INTENT_JOIN) {
            _join(from, value, abi.decode(payload, (Keys)));
        } else {
            revert Study_BadIntent();
        }
        return IERC1363Receiver.onTransferReceived.selector;
    }

    /// @inheritdoc IStudy
    function leaveTask() external {
        Selection.remove(_state, registry, msg.sender, msg.sender);
    }

    /// @inheritdoc IStudy
    function submitUpdate(uint16 round_, bytes32 update, bytes32 commitment) external {
        Round storage round = _state.round;
        _require(Phase.Train, round_);
        if (update == 0) revert Study_EmptyUpdate();
        uint256 indexPlusOne = _state.indexPlusOne[msg.sender];
        uint64 participants = round.participants;
        if (indexPlusOne == 0 || !participants.has(indexPlusOne - 1)) {
            revert Study_NotParticipant(msg.sender);
        }
        uint64 submitted = round.submitted;
        if (submitted.has(indexPlusOne - 1)) revert Study_AlreadySubmitted(msg.sender);

        submitted = submitted.add(indexPlusOne - 1);
        round.submitted = submitted;
        _state.updates[indexPlusOne - 1] = update;
        emit UpdateSubmitted(round_, msg.sender, update, commitment);
        if (submitted == participants) _state.enter(Phase.Attest, _state.rules.attestSeconds);
    }

    // --- a seat ---

    /// @inheritdoc IStudy
    function attest(
        address hospital,
        uint16 round_,
        uint64 opened,
        bytes32 scoreCommitment,
        Signature calldata signature
    ) external {
        Round storage round = _state.round;
        _require(Phase.Attest, round_);
        uint256 seat = _requireSeat(hospital, round.attested);
        uint64 unknown = opened & ~round.submitted;
        if (unknown != 0) revert Study_NotSubmitted(unknown);
        _checkSignature(
            Duties.attestation(domainSeparator(), hospital, round_, opened, scoreCommitment),
            hospital,
            signature
        );

        uint8 attested = round.attested | uint8(1 << seat);
        round.attested = attested;
        _state.attestedBySeat[seat] = opened;
        if (round.kind == RoundKind.Training) _state.commitments[seat] = scoreCommitment;
        emit Attested(round_, hospital, opened, scoreCommitment);
        if (attested == _state.committee.seats.all()) _closeAttest();
    }

    /// @inheritdoc IStudy
    function submitScore(
        address hospital,
        uint16 round_,
        int16[] calldata scores,
        bytes32 salt,
        bytes32 rewraps,
        Signature calldata signature
    ) external {
        Round storage round = _state.round;
        _require(Phase.Score, round_);
        uint256 seat = _requireSeat(hospital, round.revealed);
        // Hospitals may join in mid-round, so a list may be as long as the members were then or are now.
        uint256 size = _state.roster.size;
        if (scores.length < size || scores.length > _state.members.length) {
            revert Study_WrongLength(scores.length, size);
        }
        if (
            (round.attested >> seat) & 1 == 0
                || _state.commitments[seat] != keccak256(abi.encode(hospital, round_, scores, salt))
        ) revert Study_WrongReveal(hospital);
        _checkSignature(
            Duties.scores(domainSeparator(), hospital, round_, scores, salt, rewraps), hospital, signature
        );

        uint8 revealed = round.revealed | uint8(1 << seat);
        round.revealed = revealed;
        for (uint256 word = 0; word < Scores.words(size); word++) {
            _state.scores[seat][word] = Scores.pack(scores, word);
        }
        emit ScoresRevealed(round_, hospital, scores, rewraps);
        // Who did not commit cannot reveal, so nobody waits for it.
        if (revealed == round.attested) _closeScore();
    }

    /// @inheritdoc IStudy
    function signModel(
        address hospital,
        uint16 round_,
        bytes32 modelHash,
        bytes32 header,
        Signature calldata signature
    ) external {
        Round storage round = _state.round;
        _require(Phase.Aggregate, round_);
        uint256 seat = _requireSeat(hospital, round.signed);
        if (modelHash == 0 || header == 0) revert Study_EmptyUpdate();
        _checkSignature(
            Duties.modelSignature(domainSeparator(), hospital, round_, modelHash, header), hospital, signature
        );

        round.signed |= uint8(1 << seat);
        _state.committee.votes |= uint64(_candidateOf(modelHash, header) << (8 * seat));
        emit ModelSigned(round_, hospital, modelHash, header, signature);
        _closeAggregate(false);
    }

    /// @inheritdoc IStudy
    function vetoRound(address hospital, uint16 round_, bool vetoed, Signature calldata signature) external {
        Selection.veto(_state, registry, domainSeparator(), hospital, round_, vetoed, signature);
    }

    // --- anyone ---

    /// @inheritdoc IStudy
    function submitRoundTopK(uint16 round_) external {
        _requirePhase(Phase.Score);
        _requireRound(round_);
        _requireOverdue();
        _closeScore();
    }

    /// @inheritdoc IStudy
    function nextRound() external {
        _requirePhase(Phase.Settle);
        _requireOverdue();
        _startRoundOrEnd(MIN_PARTICIPANTS);
    }

    /// @inheritdoc IStudy
    function advance() external {
        Phase phase = _state.round.phase;
        if (phase == Phase.Draft || phase == Phase.Ended) revert Study_NothingToAdvance();
        _requireOverdue();
        if (phase == Phase.Open) {
            _startRoundOrEnd(_state.rules.minHospitals);
        } else if (phase == Phase.Train) {
            if (_state.round.submitted.count() < MIN_PARTICIPANTS) _void();
            else _state.enter(Phase.Attest, _state.rules.attestSeconds);
        } else if (phase == Phase.Attest) {
            _closeAttest();
        } else if (phase == Phase.Score) {
            _closeScore();
        } else if (phase == Phase.Aggregate) {
            _closeAggregate(true);
        } else {
            _startRoundOrEnd(MIN_PARTICIPANTS);
        }
    }

    /// @inheritdoc IStudy
    function distributeRewards() external {
        // The end itself paid everything out, so this changes nothing; it is there for those who follow the paper's sequence.
        _requirePhase(Phase.Ended);
        Settlement.close(_state);
    }

    /// @inheritdoc IStudy
    function withdraw() external returns (uint256 amount) {
        if (msg.sender == _state.sponsor) {
            amount = _state.pool.refund;
            _state.pool.refund = 0;
        }
        uint256 indexPlusOne = _state.indexPlusOne[msg.sender];
        if (indexPlusOne != 0) {
            Member storage member = _state.members[indexPlusOne - 1];
            amount += member.reward;
            member.reward = 0;
            if (_isStakeFree(indexPlusOne - 1)) {
                amount += member.stake;
                member.stake = 0;
            }
        }
        if (amount == 0) revert Study_NothingToWithdraw();
        emit Withdrawn(msg.sender, amount);
        credits.safeTransfer(msg.sender, amount);
    }

    // --- reads ---

    /// @inheritdoc IStudy
    function snapshot() external view returns (Snapshot memory) {
        _answer(Reads.snapshot(_state));
    }

    /// @inheritdoc IStudy
    function rules() external view returns (Rules memory) {
        return _state.rules;
    }

    /// @inheritdoc IStudy
    function modelURI() external view returns (string memory) {
        return _state.modelURI;
    }

    /// @inheritdoc IStudy
    function sponsor() external view returns (address) {
        return _state.sponsor;
    }

    /// @inheritdoc IStudy
    function domainSeparator() public view returns (bytes32) {
        return Duties.domainSeparator(address(this), _deploymentId);
    }

    /// @inheritdoc IStudy
    function getSubmissions(uint16 round_) external view returns (address[] memory, bytes32[] memory) {
        _requireRound(round_);
        _answer(Reads.submissions(_state));
    }

    /// @inheritdoc IStudy
    function vetoesOf(uint16 round_) external view returns (uint64) {
        return _state.vetoes[round_].standing;
    }

    /// @inheritdoc IStudy
    function rankingOf(uint16 round_) external view returns (address[] memory) {
        _answer(Reads.ranking(_state, round_));
    }

    /// @inheritdoc IStudy
    function stakeOf(address hospital) external view returns (uint256) {
        return _state.members[_memberOf(hospital)].stake;
    }

    /// @inheritdoc IStudy
    function rewardOf(address account) external view returns (uint256 amount) {
        if (account == _state.sponsor) amount = _state.pool.refund;
        uint256 indexPlusOne = _state.indexPlusOne[account];
        if (indexPlusOne != 0) amount += _state.members[indexPlusOne - 1].reward;
    }

    /// @inheritdoc IStudy
    function forfeitedOf(address hospital) external view returns (uint256) {
        return _state.members[_memberOf(hospital)].forfeited;
    }

    /// Ends the call with what is encoded already; to decode it and encode it again takes more code than there is room for.
    function _answer(bytes memory encoded) private pure {
        assembly ("memory-safe") {
            return(add(encoded, 32), mload(encoded))
        }
    }

    // --- coming and going ---

    function _initializeTask(address from, string memory modelURI_, uint16 rounds, uint256 deposit) private {
        if (from != _state.sponsor) revert Study_NotSponsor(from);
        _requirePhase(Phase.Draft);
        if (bytes(modelURI_).length == 0) revert Study_BadRules("modelURI");
        if (rounds != _state.rules.rounds) revert Study_BadRules("rounds");
        if (deposit < rounds) revert Study_DepositTooSmall(deposit, rounds);
        if (deposit > MAX_DEPOSIT) revert Study_BadRules("deposit");
        _state.modelURI = modelURI_;
        _state.pool.deposit = uint128(deposit);
        _state.pool.unspent = uint128(deposit);
        emit StudyInitialized(from, modelURI_, rounds, deposit);
        emit StudyFunded(from, deposit);
        _state.enter(Phase.Open, _state.rules.openSeconds);
    }

    function _join(address hospital, uint256 stake, Keys memory keys) private {
        Phase phase = _state.round.phase;
        if (phase == Phase.Draft || phase == Phase.Ended) revert Study_WrongPhase(phase);
        if (_state.indexPlusOne[hospital] != 0) revert Study_AlreadyJoined(hospital);
        if (stake != _state.rules.stake) revert Study_WrongStake(stake, _state.rules.stake);
        uint256 index = _state.members.length;
        uint64 active = _state.roster.active;
        if (index == MAX_MEMBERS || active.count() >= _state.rules.maxHospitals) {
            revert Study_Full(_state.rules.maxHospitals);
        }
        _state.members.push(Member(hospital, uint96(stake), 0, 0, 0));
        _state.indexPlusOne[hospital] = index + 1;
        _state.roster.active = active.add(index);
        emit HospitalJoined(hospital, uint8(index), stake);
        registry.enrol(hospital, keys);
    }

    function _isStakeFree(uint256 member) private view returns (bool) {
        Phase phase = _state.round.phase;
        if (phase == Phase.Ended) return true;
        if (_state.roster.active.has(member)) return false;
        return phase == Phase.Open || phase == Phase.Settle || !_state.round.participants.has(member);
    }

    // --- phases ---

    /// Select passes straight through. False when fewer than `least` hospitals are left.
    function _startRound(uint256 least) private returns (bool) {
        return Selection.startRound(_state, registry, least);
    }

    function _startRoundOrEnd(uint256 least) private {
        if (!_startRound(least)) _end(EndReason.TooFewHospitals);
    }

    function _closeAttest() private {
        Round storage round = _state.round;
        if (uint64(round.attested).count() < _state.committee.seats.quorum()) return _void();
        uint64 opened = Scoring.openedByQuorum(_state);
        _state.committee.opened = opened;
        if (opened == 0) return _void();
        if (round.kind == RoundKind.Statistics) _freeze(opened);
        else _state.enter(Phase.Score, _state.rules.scoreSeconds);
    }

    function _closeScore() private {
        if (uint64(_state.round.revealed).count() < _state.committee.seats.quorum()) return _void();
        (uint64 survivors, uint64 disqualified) = Scoring.close(_state, reputation);
        _state.roster.disqualified = disqualified;
        if (survivors == 0) return _void();
        _freeze(survivors);
    }

    function _freeze(uint64 survivors) private {
        _state.committee.survivors = survivors;
        _state.roster.frozen = uint8(_state.members.length);
        emit SurvivorsFrozen(_state.round.number, survivors);
        _state.enter(Phase.Aggregate, _state.rules.aggregateSeconds);
    }

    /// The number of a model among those signed this round; the first header signed for it stays.
    function _candidateOf(bytes32 modelHash, bytes32 header) private returns (uint256 candidate) {
        uint256 length = _state.roster.candidates;
        while (candidate < length && _state.candidates[candidate].modelHash != modelHash) candidate++;
        if (candidate == length) {
            _state.candidates[candidate] = Candidate(modelHash, header);
            _state.roster.candidates = uint8(length + 1);
        }
    }

    /// Finalises the model that a quorum signed, once nobody is waited for: all seats signed, or all that attested did, or
    /// the deadline passed.
    function _closeAggregate(bool overdue) private {
        uint8 signed = _state.round.signed;
        uint64 seats = _state.committee.seats;
        bool allSigned = signed == seats.all();
        if (!overdue && !allSigned && (_state.round.attested & ~signed) != 0) return;

        uint256 quorum = seats.quorum();
        uint64 votes = _state.committee.votes;
        for (uint256 candidate = 0; candidate < _state.roster.candidates; candidate++) {
            uint8 signers;
            for (uint256 seat = 0; seat < seats.size(); seat++) {
                if ((signed >> seat) & 1 == 1 && (votes >> (8 * seat)) & 0xff == candidate) {
                    signers |= uint8(1 << seat);
                }
            }
            if (uint64(signers).count() >= quorum) return _finalise(candidate, signers);
        }
        if (overdue || allSigned) _void();
    }

    function _finalise(uint256 candidate, uint8 signers) private {
        Settlement.settle(_state, candidate, signers, reputation, modelRegistry);
        if (_state.round.completed == _state.rules.rounds) _end(EndReason.Completed);
        else _goOn();
    }

    /// A quorum is lost.
    function _void() private {
        Settlement.void(_state, reputation);
        if (_state.round.voids == VOIDS_THAT_END) _end(EndReason.QuorumLost);
        else _goOn();
    }

    function _goOn() private {
        uint32 pause = _state.rules.pauseSeconds;
        if (pause != 0) return _state.enter(Phase.Settle, pause);
        _startRoundOrEnd(MIN_PARTICIPANTS);
    }

    function _end(EndReason reason) private {
        _state.round.phase = Phase.Ended;
        _state.round.endReason = reason;
        _state.round.deadline = 0;
        emit PhaseEntered(Phase.Ended, _state.round.number, 0);
        emit StudyEnded(reason);
        Settlement.close(_state);
    }

    // --- checks ---

    function _requirePhase(Phase phase) private view {
        if (_state.round.phase != phase) revert Study_WrongPhase(_state.round.phase);
    }

    function _requireRound(uint16 number) private view {
        if (_state.round.number != number) revert Study_WrongRound(number, _state.round.number);
    }

    function _requireOverdue() private view {
        if (block.timestamp < _state.round.deadline) revert Study_TooEarly(_state.round.deadline);
    }

    function _require(Phase phase, uint16 number) private view {
        _requirePhase(phase);
        _requireRound(number);
        if (block.timestamp >= _state.round.deadline) revert Study_Late(_state.round.deadline);
    }

    function _requireSeat(address hospital, uint8 done) private view returns (uint256 seat) {
        uint256 indexPlusOne = _state.indexPlusOne[hospital];
        seat = indexPlusOne == 0 ? Seats.NONE : _state.committee.seats.seatOf(indexPlusOne - 1);
        if (seat == Seats.NONE) revert Study_NotSeat(hospital);
        if ((done >> seat) & 1 == 1) revert Study_AlreadyDone(hospital);
    }

    function _checkSignature(bytes32 digest, address hospital, Signature calldata signature) private view {
        if (!registry.isDutySignature(address(this), hospital, digest, signature.r, signature.s)) {
            revert Study_BadSignature(hospital);
        }
    }

    function _memberOf(address hospital) private view returns (uint256) {
        uint256 indexPlusOne = _state.indexPlusOne[hospital];
        if (indexPlusOne == 0) revert Study_NotMember(hospital);
        return indexPlusOne - 1;
    }
}
