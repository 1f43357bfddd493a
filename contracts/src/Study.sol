// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IERC1363Receiver } from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Multicall } from "@openzeppelin/contracts/utils/Multicall.sol";
import { Member, StudyState } from "./StudyState.sol";
import { IHospitalRegistry, Keys } from "./interfaces/IHospitalRegistry.sol";
import { IModelRegistry } from "./interfaces/IModelRegistry.sol";
import { IReputation } from "./interfaces/IReputation.sol";
import {
    AuditAnswer,
    AuditRules,
    EndReason,
    IStudy,
    Mode,
    Phase,
    Rules,
    Signature,
    Snapshot
} from "./interfaces/IStudy.sol";
import { Auditing } from "./libraries/Auditing.sol";
import { BitSet } from "./libraries/BitSet.sol";
import { Checks } from "./libraries/Checks.sol";
import { Duties } from "./libraries/Duties.sol";
import { Masked } from "./libraries/Masked.sol";
import { Phases } from "./libraries/Phases.sol";
import { Reads } from "./libraries/Reads.sol";
import { Scoring } from "./libraries/Scoring.sol";
import { Selection } from "./libraries/Selection.sol";
import { Settlement } from "./libraries/Settlement.sol";
import { Outcome, Signing, Verdict } from "./libraries/Signing.sol";
import { Submissions } from "./libraries/Submissions.sol";

/// One federated task: who takes part, which phase it is in, what everybody owes and is owed.
/// Used through clones that StudyFactory makes.
contract Study is IStudy, IERC1363Receiver, Multicall {
    using BitSet for uint64;
    using Checks for StudyState;
    using Phases for StudyState;
    using SafeERC20 for IERC20;

    uint256 private constant MAX_MEMBERS = 64;
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

    /// Makes a fresh clone's study a proven one. Only the factory, right after initialize, with rules that it has checked.
    function requireProofs(AuditRules calldata audits) external {
        if (msg.sender != factory) revert Study_NotSponsor(msg.sender);
        _state.roster.proven = true;
        _state.audits.rules = audits;
        _state.audits.shareBps = audits.hospitalsBps;
    }

    // --- the sponsor ---

    /// @inheritdoc IStudy
    function initializeTask(string calldata modelURI_, uint16 rounds, uint256 deposit) external {
        _initializeTask(msg.sender, modelURI_, rounds, deposit);
        credits.safeTransferFrom(msg.sender, address(this), deposit);
    }

    /// @inheritdoc IStudy
    function startTask() external {
        _state.requirePhase(Phase.Open);
        if (msg.sender != _state.sponsor && block.timestamp < _state.round.deadline) {
            revert Study_NotSponsor(msg.sender);
        }
        Selection.start(_state, registry);
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
        _submit(Mode.Committee, round_, update, commitment);
    }

    /// @inheritdoc IStudy
    function submitMasked(uint16 round_, bytes32 update, bytes32 commitment, uint8 patientWeight) external {
        Submissions.requireWeight(patientWeight);
        uint256 member = _submit(Mode.Masked, round_, update, commitment);
        Submissions.weigh(_state, member, patientWeight);
    }

    /// @inheritdoc IStudy
    function submitProven(
        uint16 round_,
        bytes32 update,
        bytes32 commitment,
        uint8 patientWeight,
        bytes32 trace,
        bytes32 promise_
    ) external {
        Auditing.submit(_state, round_, update, commitment, patientWeight, trace, promise_);
    }

    /// @inheritdoc IStudy
    function prepare(address hospital, bytes32 data, Signature calldata signature) external {
        Auditing.prepare(_state, registry, domainSeparator(), hospital, data, signature);
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
        bool all = Scoring.attest(
            _state, registry, domainSeparator(), hospital, round_, opened, scoreCommitment, signature
        );
        if (all) _closeAttest();
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
        bool all = Scoring.reveal(
            _state, registry, domainSeparator(), hospital, round_, scores, salt, rewraps, signature
        );
        if (all) _closeScore();
    }

    /// @inheritdoc IStudy
    function signModel(
        address hospital,
        uint16 round_,
        bytes32 modelHash,
        bytes32 header,
        Signature calldata signature
    ) external {
        _conclude(
            Signing.sign(_state, registry, domainSeparator(), hospital, round_, modelHash, header, signature)
        );
    }

    /// @inheritdoc IStudy
    function signScored(
        address hospital,
        uint16 round_,
        bytes32 modelHash,
        bytes32 header,
        int16[] calldata scores,
        Signature calldata signature
    ) external {
        _conclude(
            Signing.signScored(
                _state, registry, domainSeparator(), hospital, round_, modelHash, header, scores, signature
            )
        );
    }

    /// @inheritdoc IStudy
    function postMasks(address hospital, uint16 round_, bytes32 masks, Signature calldata signature)
        external
    {
        _goOnOrVoid(Masked.post(_state, registry, domainSeparator(), hospital, round_, masks, signature));
    }

    /// @inheritdoc IStudy
    function postProducts(address hospital, uint16 round_, bytes32 products, Signature calldata signature)
        external
    {
        _goOnOrVoid(Masked.answer(_state, registry, domainSeparator(), hospital, round_, products, signature));
    }

    /// @inheritdoc IStudy
    function openShares(address hospital, uint16 round_, bytes32 shares, Signature calldata signature)
        external
    {
        _goOnOrVoid(Masked.share(_state, registry, domainSeparator(), hospital, round_, shares, signature));
    }

    /// @inheritdoc IStudy
    function accuse(address hospital, uint16 round_, uint64 members, Signature calldata signature) external {
        _conclude(Signing.accuse(_state, registry, domainSeparator(), hospital, round_, members, signature));
    }

    /// @inheritdoc IStudy
    function vetoRound(address hospital, uint16 round_, bool vetoed, Signature calldata signature) external {
        Selection.veto(_state, registry, domainSeparator(), hospital, round_, vetoed, signature);
    }

    // --- anyone ---

    /// @inheritdoc IStudy
    function reveal(address hospital, uint16 round_, bytes32 secret) external {
        Auditing.reveal(_state, hospital, round_, secret);
    }

    /// @inheritdoc IStudy
    function capture(uint16 round_) external {
        uint128 bounty = Auditing.capture(_state, round_);
        if (bounty != 0) credits.safeTransfer(msg.sender, bounty);
    }

    /// @inheritdoc IStudy
    function prove(address hospital, uint16 round_, AuditAnswer calldata answer, bytes calldata proof)
        external
    {
        Auditing.prove(_state, reputation, domainSeparator(), hospital, round_, answer, proof);
    }

    /// @inheritdoc IStudy
    function submitRoundTopK(uint16 round_) external {
        _state.requirePhase(Phase.Score);
        if (_state.round.mode != Mode.Committee) revert Study_WrongMode(_state.round.mode);
        _state.requireRound(round_);
        _state.requireOverdue();
        _closeScore();
    }

    /// @inheritdoc IStudy
    function nextRound() external {
        _state.requirePhase(Phase.Settle);
        _state.requireOverdue();
        _startRoundOrEnd();
    }

    /// @inheritdoc IStudy
    function advance() external {
        Phase phase = _state.round.phase;
        if (phase == Phase.Draft || phase == Phase.Ended) revert Study_NothingToAdvance();
        _state.requireOverdue();
        if (phase == Phase.Train) {
            if (_state.round.submitted.count() < Selection.least(_state)) _void();
            else if (_state.roster.proven) Auditing.close(_state, reputation);
            else _state.enter(Phase.Attest, _state.rules.attestSeconds);
        } else if (phase == Phase.Reveal || phase == Phase.Audit) {
            _goOnOrVoid(Auditing.close(_state, reputation));
        } else if (phase == Phase.Attest) {
            _closeAttest();
        } else if (phase == Phase.Score && _state.round.mode == Mode.Committee) {
            _closeScore();
        } else if (phase == Phase.Aggregate) {
            _conclude(Signing.close(_state, true));
        } else if (phase == Phase.Open || phase == Phase.Settle) {
            _startRoundOrEnd();
        } else {
            _goOnOrVoid(Masked.close(_state));
        }
    }

    /// @inheritdoc IStudy
    function distributeRewards() external {
        // The end itself paid everything out, so this changes nothing; it is there for those who follow the paper's sequence.
        _state.requirePhase(Phase.Ended);
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
    function auditRules() external view returns (AuditRules memory) {
        _answer(Reads.auditRules(_state));
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
        _state.requireRound(round_);
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
        _state.requirePhase(Phase.Draft);
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

    /// Takes the caller's update of this round; answers which member the caller is.
    function _submit(Mode mode, uint16 round_, bytes32 update, bytes32 commitment)
        private
        returns (uint256 member)
    {
        bool isLast;
        (member, isLast) = Submissions.take(_state, round_, update, commitment);
        if (_state.round.mode != mode) revert Study_WrongMode(_state.round.mode);
        if (_state.roster.proven) revert Study_WrongProving(true);
        if (isLast) _state.enter(Phase.Attest, _state.rules.attestSeconds);
    }

    function _startRoundOrEnd() private {
        if (!Selection.startRound(_state, registry)) _end(EndReason.TooFewHospitals);
    }

    function _closeAttest() private {
        _goOnOrVoid(Scoring.closeAttest(_state, reputation));
    }

    function _closeScore() private {
        _goOnOrVoid(Scoring.close(_state, reputation));
    }

    function _goOnOrVoid(bool isKept) private {
        if (!isKept) _void();
    }

    function _conclude(Outcome memory outcome) private {
        if (outcome.verdict == Verdict.Model) _finalise(outcome.candidate, outcome.signers);
        else if (outcome.verdict == Verdict.Void) _void();
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
        _startRoundOrEnd();
    }

    function _end(EndReason reason) private {
        _state.round.phase = Phase.Ended;
        _state.roster.endReason = reason;
        _state.round.deadline = 0;
        emit PhaseEntered(Phase.Ended, _state.round.number, 0);
        emit StudyEnded(reason);
        Settlement.close(_state);
    }

    // --- checks ---

    function _memberOf(address hospital) private view returns (uint256) {
        uint256 indexPlusOne = _state.indexPlusOne[hospital];
        if (indexPlusOne == 0) revert Study_NotMember(hospital);
        return indexPlusOne - 1;
    }
}
