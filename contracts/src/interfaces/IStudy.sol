// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Keys } from "./IHospitalRegistry.sol";

/// Select, Audit, Evaluate pass straight through until later work fills them; the numbers stay the same.
enum Phase {
    Draft, // 0  created, not yet funded
    Open, // 1  hospitals may join; waits for the start
    Select, // 2
    Train, // 3  participants train and submit one update each
    Audit, // 4
    Attest, // 5  seats say which updates they could open, and commit to their scores
    Score, // 6  seats reveal their scores
    Aggregate, // 7  the surviving set is frozen; seats sign the new model's hash
    Evaluate, // 8
    Settle, // 9  a pause between rounds: joins, vetoes
    Ended // 10
}

enum RoundKind {
    Statistics, // round zero: sums for one federated standardisation; nothing is scored
    Training
}

enum RewardSchedule {
    ByScore, // each round's share of the deposit, split by score
    HalfToFirst // the whole deposit at the end: half to the first by reputation in this study, then halves of the rest
}

enum EndReason {
    NotEnded,
    Completed,
    TooFewHospitals,
    QuorumLost,
    StoppedBySponsor
}

/// Fixed when the study is created. Durations are seconds, amounts credits (18 decimals), scores basis points.
struct Rules {
    uint16 rounds; // model rounds, without round zero; 1 to 1000
    bool standardise; // begin with round zero
    uint8 minHospitals; // at least 2
    uint8 maxHospitals; // at most 64
    uint8 maxSeats; // at most 7
    uint8 topK; // how many the ranking names
    RewardSchedule schedule;
    int16 margin; // lowest median gain that still qualifies, e.g. -200
    uint16 slashBps; // part of the original stake forfeited per fault
    uint128 stake; // what each hospital puts down
    uint32 openSeconds;
    uint32 trainSeconds;
    uint32 attestSeconds;
    uint32 scoreSeconds;
    uint32 aggregateSeconds;
    uint32 pauseSeconds; // 0: the next round starts with the last signature
}

/// Everything a hospital's runner needs, in one call per block. Index = order of joining; bit i of a set = member i.
struct Snapshot {
    Phase phase;
    RoundKind kind;
    EndReason endReason;
    uint16 round; // of the running round; 0 before the first; grows with every attempt, void or not
    uint16 completed; // training rounds finalised
    uint8 voids; // quorums lost; the second ends the study
    uint40 deadline; // unix seconds; 0 where the phase has none
    uint40 time; // block.timestamp
    uint64 participants; // members of this round
    uint64 submitted;
    uint64 survivors; // frozen when Aggregate begins
    uint8[] seats; // member index of each seat
    uint8 attested; // bit k = seat k
    uint8 revealed;
    uint8 signed;
    uint64[] opened; // per seat, what it attested
    address[] members;
    bytes32[] updates; // per member, sha-256 digest of its update's header block; 0 = none this round
    uint16 modelRound; // round of the last finalised model; 0 = none
    uint8 modelMembers; // the last finalised model is sealed to the first so many members; 0 where modelRound is
    bytes32 modelHash; // sha-256 of the last finalised model's plaintext
    bytes32 modelHeader; // sha-256 digest of a header block that wraps it
}

/// An ECDSA P-256 signature by the hospital's duty key over sha256(EIP-712 digest); s in the lower half.
struct Signature {
    bytes32 r;
    bytes32 s;
}

/// One federated task. A clone made by StudyFactory.
///
/// Time: what a phase asks for counts while block.timestamp < deadline; from the deadline on anyone may advance().
/// Quorum of n seats: ⌊2n/3⌋ + 1. A round without one, with fewer than two updates or without a survivor is void; the second
/// void round ends the study. A running study also ends when fewer than two hospitals are left that hold the last model.
/// Median: over the seats that revealed and opened the update, its own hospital's score left out; of an even number the lower
/// middle. An update qualifies when a quorum opened it and its median is at least the margin.
/// Faults, one a hospital and round: a missed deadline, an update disqualified or not opened by a quorum, another model signed
/// than the quorum's. Each forfeits slashBps of the stake to the round's survivors without a fault; in a void round only missed
/// deadlines do, into the next pool.
/// Seats that did not attest are neither waited for in Score nor, once a quorum agrees, in Aggregate.
/// Joining: a round's model is sealed to those who had joined when its Aggregate began, and only who holds the last finalised model
/// can train from it. So a hospital takes part from the first round on whose base model is sealed to it: who joins before
/// Aggregate, from the next round; who joins from Aggregate on, until the next round starts, from the round after next; one round
/// later where a round is void or skipped and so makes no model. Until then it is no participant, holds no seat, owes nothing and
/// its stake is not touched. Before the first model there is nothing to hold, and everybody takes part from the next round.
/// Vetoes: a member may say in advance that it takes no part in a round. It is then not among the round's participants, from
/// whom the seats are drawn, and so owes nothing in it. Where vetoes leave fewer than two, the round's number is skipped:
/// nobody is at fault, nothing is void, and the study pauses for pauseSeconds, or a minute where that is longer.
interface IStudy {
    event StudyInitialized(address indexed sponsor, string modelURI, uint16 rounds, uint256 deposit);
    event StudyFunded(address indexed from, uint256 amount);
    /// Takes part from the first round on whose base model is sealed to it: see IStudy, Joining. index < Snapshot.modelMembers, or a
    /// modelRound of 0, tells.
    event HospitalJoined(address indexed hospital, uint8 index, uint256 stake);
    event HospitalLeft(address indexed hospital, string reason);
    event PhaseEntered(Phase indexed phase, uint16 indexed round, uint40 deadline);
    event RoundStarted(uint16 indexed round, RoundKind kind, uint64 participants, uint8[] seats);
    event UpdateSubmitted(uint16 indexed round, address indexed hospital, bytes32 update, bytes32 commitment);
    event Attested(uint16 indexed round, address indexed hospital, uint64 opened, bytes32 scoreCommitment);
    event ScoresRevealed(uint16 indexed round, address indexed hospital, int16[] scores, bytes32 rewraps);
    event TopKRanked(uint16 indexed round, address[] topK, int16[] medians);
    event SurvivorsFrozen(uint16 indexed round, uint64 survivors);
    event ModelSigned(
        uint16 indexed round, address indexed hospital, bytes32 modelHash, bytes32 header, Signature signature
    );
    event ModelFinalised(uint16 indexed round, bytes32 modelHash, bytes32 header, uint8 seats);
    /// The hospital will (not) take part in a round that has not begun.
    event RoundVetoed(uint16 indexed round, address indexed hospital, bool vetoed);
    /// Vetoes left fewer than two hospitals for it.
    event RoundSkipped(uint16 indexed round);
    event RoundVoided(uint16 indexed round, Phase phase);
    event StakeForfeited(uint16 indexed round, address indexed hospital, uint256 amount, string reason);
    event RewardAccrued(uint16 indexed round, address indexed hospital, uint256 amount);
    event StudyEnded(EndReason reason);
    event Withdrawn(address indexed account, uint256 amount);

    error Study_NotSponsor(address caller);
    error Study_WrongPhase(Phase phase);
    error Study_WrongRound(uint16 given, uint16 current);
    error Study_BadRules(string reason);
    error Study_DepositTooSmall(uint256 given, uint256 needed);
    error Study_WrongStake(uint256 given, uint256 needed);
    error Study_TooFewHospitals(uint256 active, uint8 minHospitals);
    error Study_AlreadyJoined(address hospital);
    error Study_NotMember(address account);
    error Study_NotVetoable(uint16 round, uint16 first, uint16 last);
    error Study_NotParticipant(address hospital);
    error Study_NotSeat(address hospital);
    error Study_Full(uint8 maxHospitals);
    error Study_AlreadySubmitted(address hospital);
    error Study_EmptyUpdate();
    error Study_AlreadyDone(address hospital);
    error Study_BadSignature(address hospital);
    error Study_NotSubmitted(uint64 members);
    error Study_WrongReveal(address hospital);
    error Study_WrongLength(uint256 given, uint256 expected);
    error Study_TooEarly(uint40 deadline);
    error Study_Late(uint40 deadline);
    error Study_NothingToAdvance();
    error Study_NothingToWithdraw();
    error Study_OnlyCredits(address caller);
    error Study_BadIntent();

    // --- the sponsor (P5.1) ---

    /// Funds the study with `deposit` credits (allowance needed) and opens it. modelURI names the study manifest.
    /// Also reachable through ERC-1363: credits.transferAndCall(study, deposit, abi.encode(uint8(0), abi.encode(modelURI, rounds))).
    function initializeTask(string calldata modelURI, uint16 rounds, uint256 deposit) external;
    /// Starts the first round. The sponsor may, once minHospitals have joined; anyone may after the open deadline.
    function startTask() external;
    /// Takes a hospital out from the next round on; its stake stays its own, and it cannot join again. The sponsor before the start; anyone for one
    /// that is suspended in the registry or whose stake is used up.
    function removeWorker(address hospital) external;
    /// Ends the study early; the running round is void, what is unspent goes back.
    function stopTask() external;

    // --- a hospital ---

    /// Joins with exactly the stake (allowance needed); once per wallet. Takes part from the next round on; from the round after next
    /// when it joins after the surviving set is frozen, that is in Aggregate or in Settle. See IStudy, Joining.
    /// Also: credits.transferAndCall(study, stake, abi.encode(uint8(1), abi.encode(keys))).
    function joinTask(Keys calldata keys) external returns (string memory modelURI);
    /// Leaves from the next round on.
    function leaveTask() external;
    /// One update per participant and round, from its own wallet. update: sha-256 digest of the header block.
    function submitUpdate(uint16 round, bytes32 update, bytes32 commitment) external;

    // --- a seat: signed by the duty key, carried by anyone; batched by multicall ---

    /// EIP-712 Attestation(address hospital,uint16 round,uint64 opened,bytes32 scoreCommitment).
    /// opened: a subset of the submitted.
    /// scoreCommitment = keccak256(abi.encode(hospital, round, scores, salt)); 0 in a statistics round.
    function attest(
        address hospital,
        uint16 round,
        uint64 opened,
        bytes32 scoreCommitment,
        Signature calldata signature
    ) external;
    /// EIP-712 Scores(address hospital,uint16 round,int16[] scores,bytes32 salt,bytes32 rewraps). One score per member, those
    /// who joined during the round may be left out:
    /// gain in basis points over the round's base model on the seat's own held-out patients; type(int16).min = not opened.
    /// rewraps: sha-256 digest of a block that re-wraps data keys for seats that could not open an update; 0 = none.
    function submitScore(
        address hospital,
        uint16 round,
        int16[] calldata scores,
        bytes32 salt,
        bytes32 rewraps,
        Signature calldata signature
    ) external;
    /// EIP-712 ModelSignature(address hospital,uint16 round,bytes32 modelHash,bytes32 header).
    function signModel(
        address hospital,
        uint16 round,
        bytes32 modelHash,
        bytes32 header,
        Signature calldata signature
    ) external;

    // --- a hospital that wants to sit a round out: signed and carried like a seat's duty ---

    /// EIP-712 Veto(address hospital,uint16 round,bool vetoed). Until the round begins, and at most 100 rounds ahead. A veto
    /// can be withdrawn once; that is final, so that no signature can be used a second time.
    function vetoRound(address hospital, uint16 round, bool vetoed, Signature calldata signature) external;

    // --- anyone ---

    /// Closes scoring once all seats revealed or the deadline passed: medians, ranking, surviving set. Called by itself
    /// with the last reveal.
    function submitRoundTopK(uint16 round) external;
    /// Starts the next round once the pause is over.
    function nextRound() external;
    /// Moves on from any phase whose deadline has passed.
    function advance() external;
    /// After the end: pays the schedule out to the balances and the rest to the sponsor. Called by itself at the end, so a
    /// later call changes nothing. HalfToFirst pays the deposit's share of the completed rounds: half to the highest sum of
    /// scores, half of the rest to the next, the last two equal.
    function distributeRewards() external;
    /// Pays the caller's balance: rewards at any time, the stake once the study ended or the hospital left and its round is over.
    function withdraw() external returns (uint256 amount);

    // --- reads ---

    function snapshot() external view returns (Snapshot memory);
    function rules() external view returns (Rules memory);
    function modelURI() external view returns (string memory);
    function sponsor() external view returns (address);
    function domainSeparator() external view returns (bytes32);
    /// The running round's updates, in order of joining.
    function getSubmissions(uint16 round)
        external
        view
        returns (address[] memory hospitals, bytes32[] memory updates);
    /// Who has vetoed a round, and did not withdraw it: bit i = member i.
    function vetoesOf(uint16 round) external view returns (uint64);
    function rankingOf(uint16 round) external view returns (address[] memory topK);
    /// What is left of the stake and was not withdrawn.
    function stakeOf(address hospital) external view returns (uint256);
    /// Rewards, and the sponsor's refund, that were not withdrawn yet.
    function rewardOf(address account) external view returns (uint256);
    /// Sum of all forfeits.
    function forfeitedOf(address hospital) external view returns (uint256);
}
