// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Keys } from "./IHospitalRegistry.sol";

/// Select and Evaluate pass straight through until later work fills them; the numbers stay the same.
enum Phase {
    Draft, // 0  created, not yet funded
    Open, // 1  hospitals may join; waits for the start
    Select, // 2
    Train, // 3  participants train and submit one update each
    Audit, // 4  proven studies: who was drawn proves its training of this round
    Attest, // 5  seats say which updates they could open, and commit to their scores
    Score, // 6  seats reveal their scores; masked studies that score: seats post their products
    Aggregate, // 7  the surviving set is frozen; seats sign the new model's hash
    Evaluate, // 8
    Settle, // 9  a pause between rounds: joins, vetoes
    Ended, // 10
    Unmask, // 11 masked studies: the set is frozen; seats post the sum of its masks
    Draw, // 12 masked studies: waits for the block whose hash draws a seat
    Recover, // 13 masked studies: seats open their shares of the seeds of seats that vanished, and of the drawn one
    Reveal // 14 proven studies: whoever submitted reveals its part of the beacon that draws
}

/// Who may see an update.
enum Mode {
    Committee, // the seats, which score and average them
    Masked // nobody: only the weighted sum opens
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
    int16 margin; // lowest score (median gain; masked: cosine) that still qualifies, e.g. -200
    uint16 slashBps; // part of the original stake forfeited per fault
    uint128 stake; // what each hospital puts down
    uint32 openSeconds;
    uint32 trainSeconds;
    uint32 attestSeconds;
    uint32 scoreSeconds; // masked: of Unmask, of Score, and of Recover
    uint32 aggregateSeconds;
    uint32 pauseSeconds; // 0: the next round starts with the last signature
    Mode mode;
    uint32 clip; // masked: largest absolute value of a coordinate, in whole units of the model; else 0
    uint8 fractionBits; // masked: a coordinate is a multiple of 2^-fractionBits, at most 40; else 0
    bool scored; // masked: training rounds score each hospital's part in the sum; else false
}

/// How a proven study's training is audited; fixed when it is created. verifier and key are the sponsor's choice: whoever joins looks
/// whether it knows them.
struct AuditRules {
    address verifier; // an IStarkVerifier
    address key; // holds the description of what is proven: see StarkKeys
    uint16 hospitalsBps; // part of those that submitted which a round draws, rounded up; never less
    uint16 slashBps; // part of the original stake that a failed audit, or a reveal kept back, costs
    uint8 steps; // batches of a round; 1 to 64
    uint8 inputs; // of the model, its constant included; 2 to 64
    uint8 contributions; // most rounds that a hospital can take part in; at least 1
    bool noised; // updates carry noise that was committed before the round
    uint32 revealSeconds;
    uint32 auditSeconds;
}

/// What a drawn hospital says beside its proof.
struct AuditAnswer {
    bytes24 data; // root of its data: with the pin, what it prepared
    uint64[2] pin;
    bytes24 afterRoot; // root of the weights after the round: with start, the trace it committed to
    uint64[] start; // field elements: the weights that its round began with
    uint64[2] phi; // masked: two combinations of the new weights, by factors that follow from the beacon; else 0
    uint64[] products; // masked: what it says of its masks for each seat, by the same two factors; else none
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
    uint64 survivors; // frozen when Aggregate begins; masked: when Unmask does
    uint8[] seats; // member index of each seat
    uint8 attested; // bit k = seat k
    uint8 revealed; // scores; masked: the sum of masks was posted
    uint8 signed;
    uint64[] opened; // per seat, what it attested
    address[] members;
    bytes32[] updates; // per member, sha-256 digest of its update's header block; 0 = none this round
    uint16 modelRound; // round of the last finalised model; 0 = none
    uint8 modelMembers; // the last finalised model is sealed to the first so many members; 0 where modelRound is
    bytes32 modelHash; // sha-256 of the last finalised model's plaintext
    bytes32 modelHeader; // sha-256 digest of a header block that wraps it
    Mode mode;
    uint8[] weights; // masked: of each member in the frozen sum, 0 = not in it; all 0 before the freeze
    uint8 drawn; // masked: seat + 1 that is checked, 0 = none
    uint8 opening; // masked: the seats whose seeds are opened: those that vanished, and those drawn
    uint8 shared; // masked: bit k = seat k opened its shares
    bool drawable; // Draw, and Reveal where missed: the block that draws is mined, advance() draws
    bytes32[] masks; // masked: per seat, sha-256 digest of the header block of its sum of masks; 0 = none
    bytes32[] shares; // masked: per seat, the same of its opened shares
    bool scored; // as in the rules
    uint8 answered; // scored: bit k = seat k posted its products
    bytes32[] products; // scored: per seat, sha-256 digest of the header block of its products; 0 = none
    bool proven; // whether training is audited; all that follows is 0 where it is not
    uint64 prepared; // who pinned its data
    uint8[] contributions; // by member: the rounds that it was a participant of, the running one included
    uint64 unsealed; // revealed its part of the beacon in this round
    bool revealable; // Reveal: parts are taken now
    bool missed; // Reveal: somebody did not reveal; the fallback block is awaited
    uint64 audited; // drawn in this round
    uint64 cleared; // of those, whose proof came
    uint64 failed; // in this round: no reveal, or no proof
    bytes32 roundSeed; // orders and signs the round's batches
    bytes32 beacon; // of this round; 0 before the draw
    bytes32[] data; // by member: the pinned data's leaf; 0 = not prepared
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
/// Seats that did not attest are neither waited for in Score nor, once a quorum agrees, in Aggregate; nor, masked, those that posted no
/// masks or, where they are asked for, no products.
/// Joining: a round's model is sealed to those who had joined when its Aggregate began, and only who holds the last finalised model
/// can train from it. So a hospital takes part from the first round on whose base model is sealed to it: who joins before
/// Aggregate, from the next round; who joins from Aggregate on, until the next round starts, from the round after next; one round
/// later where a round is void or skipped and so makes no model. In a masked study the set's freeze takes Aggregate's place. Until then it is no participant, holds no seat, owes nothing and
/// its stake is not touched. Before the first model there is nothing to hold, and everybody takes part from the next round.
/// Vetoes: a member may say in advance that it takes no part in a round. It is then not among the round's participants, from
/// whom the seats are drawn, and so owes nothing in it. Where vetoes leave fewer than two, the round's number is skipped:
/// nobody is at fault, nothing is void, and the study pauses for pauseSeconds, or a minute where that is longer.
///
/// Masked studies (docs/decisions/0012-masked-rounds.md). An update is y = u + its masks, one mask a seat; seat j answers with the
/// weighted sum of the masks that it has seeds for, and only the sum of all answers opens the weighted sum of the updates.
/// Seats m, threshold t = ⌈m/2⌉. A round freezes one set, of at least three hospitals that a quorum attested, with weights of 1 to 8,
/// once. Those in the set share the round's pool evenly, or by score (below). A seat is expected to post its masks when it attested
/// every hospital of the set; who attested fewer lacks a seed, is not waited for and not at fault, nor for a signature. At most m - t - 1 seats may
/// be missing; their seeds are opened from the others' shares. Where no more than m - t - 2 are, one seat that did post is drawn by the
/// hash of a later block and its seeds are opened as well, so that everybody can recompute its answer. Seats then sign the new
/// model, or accuse whom the opened seeds prove wrong: a quorum of accusations voids the round and takes the accused's slash; that void
/// does not end a study, unless a slash is nothing. An accusation of nobody means that the sum makes no sense: another seat is drawn where that may be, else
/// the round is void. Never more than m - t seats' seeds are opened, for whatever reason.
///
/// Masked studies that score (docs/decisions/0013-scores-from-the-sum.md), in their training rounds. After Unmask, and after the shares
/// of missing seats' seeds (Recover) where there are any, every seat can open the sum. In Score those that posted their masks answer
/// with the products of those with directions that follow from the sum; who does not is at fault, and its seeds are opened as those of
/// a missing seat are, within the same limit. Only then is a seat drawn, and the shares of all opened seats' seeds are due (again).
/// Seats sign the model and the scores as one. Scores split the pool, rank, and make the reputation as a committee's medians do; one
/// under the margin is a fault as well, but its hospital's part stays in the sum.
///
/// Proven studies (docs/audits.md). A hospital pins its data once, before its first round, and submits with each update a commitment
/// to its training (trace) and to 32 random bytes (promise). After Train comes Reveal: K = 4 blocks later the seed block, whose hash
/// the first reveal or capture() keeps; K blocks on top of it, all that submitted bring their bytes. From hash and bytes follows the
/// beacon, from the beacon who is drawn: hospitalsBps of them, and whoever failed an audit and did not pass three since. In Audit each of those
/// proves its whole round. Who does not reveal or prove in time fails: it forfeits the audit's slash, once, owes nothing else in this
/// round, is attested by nobody and no survivor; where fewer are left than a round needs, the round is void. Where a reveal is missing, the
/// hash is that of the block K after its deadline passed, and twice as many are drawn; as where nobody captured a hash while the chain knew it. Such a
/// round, or one with a failed audit, doubles the share for the next, each other halves what it is above hospitalsBps. All forfeits
/// are paid out at the study's end alone. Participants are those that prepared and have contributions left; there is no round zero.
/// Where fewer than K blocks took reveals before the deadline, it is set anew. Masked: a seat whose masks are not what a drawn hospital says of them
/// does not attest it; where the others do, that seat posts no masks, and its seeds are opened and show who is wrong.
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
    /// Masked: weights[i] is member i's in the sum that this round may open, 0 = not in it.
    event WeightsFrozen(uint16 indexed round, uint8[] weights);
    event MasksPosted(uint16 indexed round, address indexed hospital, bytes32 masks);
    event ProductsPosted(uint16 indexed round, address indexed hospital, bytes32 products);
    event SeatDrawn(uint16 indexed round, address indexed hospital);
    event SharesOpened(uint16 indexed round, address indexed hospital, bytes32 shares);
    /// hospital: the seat that accuses; members: whom.
    event Accused(uint16 indexed round, address indexed hospital, uint64 members);
    event ModelSigned(
        uint16 indexed round, address indexed hospital, bytes32 modelHash, bytes32 header, Signature signature
    );
    /// Scored: what a quorum signed of the hospitals' parts in the sum, by member; 0 of who is not in it.
    event SumScored(uint16 indexed round, int16[] scores);
    event ModelFinalised(uint16 indexed round, bytes32 modelHash, bytes32 header, uint8 seats);
    /// The hospital will (not) take part in a round that has not begun.
    event RoundVetoed(uint16 indexed round, address indexed hospital, bool vetoed);
    /// Vetoes left fewer than two hospitals for it.
    event RoundSkipped(uint16 indexed round);
    event RoundVoided(uint16 indexed round, Phase phase);
    event StakeForfeited(uint16 indexed round, address indexed hospital, uint256 amount, string reason);
    /// Proven: leaf = keccak256(abi.encode(bytes24 root, uint64 pin0, uint64 pin1)).
    event DataPinned(address indexed hospital, bytes32 data);
    /// Proven, with UpdateSubmitted. contribution: how many times the hospital had submitted before.
    event TraceCommitted(
        uint16 indexed round, address indexed hospital, bytes32 trace, bytes32 promise_, uint8 contribution
    );
    event SeedCaptured(uint16 indexed round, uint256 blockNumber, bytes32 hash, address by);
    event Revealed(uint16 indexed round, address indexed hospital, bytes32 secret);
    event HospitalsDrawn(uint16 indexed round, uint64 drawn, bytes32 beacon);
    event AuditAnswered(uint16 indexed round, address indexed hospital, uint64[2] phi, uint64[] products);
    /// reason: "no reveal", "no proof".
    event AuditFailed(uint16 indexed round, address indexed hospital, string reason);
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
    error Study_WrongMode(Mode mode);
    error Study_BadWeight(uint8 weight);
    /// Who posted no masks has no products to post.
    error Study_NoMasks(address hospital);
    /// scored: whether this round's model is signed with scores.
    error Study_WrongSigning(bool scored);
    /// The block that draws is not mined yet.
    error Study_DrawPending(uint256 blockNumber);
    /// proven: whether this study's training is.
    error Study_WrongProving(bool proven);
    /// Reveals are taken after this block.
    error Study_RevealPending(uint256 blockNumber);
    error Study_SeedKnown(bytes32 hash);
    error Study_NotDrawn(address hospital);
    /// reason: "data" (not what it prepared), "trace" (not what it committed to), "start" (not as many weights as inputs), "phi" (where
    /// nothing is masked), "products" (masked: not two a seat; else any).
    error Study_BadAnswer(string reason);
    /// Nobody proved this statement to the verifier yet.
    error Study_NotProven(bytes32 statement);

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
    /// when it joins after the surviving set is frozen. See IStudy, Joining.
    /// Also: credits.transferAndCall(study, stake, abi.encode(uint8(1), abi.encode(keys))).
    function joinTask(Keys calldata keys) external returns (string memory modelURI);
    /// Leaves from the next round on.
    function leaveTask() external;
    /// One update per participant and round, from its own wallet. update: sha-256 digest of the header block.
    function submitUpdate(uint16 round, bytes32 update, bytes32 commitment) external;

    /// The same in a masked study. patientWeight: 1 to 8, the hospital's patients in coarse steps; its weight in the sum is
    /// ⌊(patientWeight·(5000 + reputation) + 5000) / 10000⌋, held within 1 to 8.
    function submitMasked(uint16 round, bytes32 update, bytes32 commitment, uint8 patientWeight) external;

    /// The same in a proven study. patientWeight: as in submitMasked, 0 in a committee's study.
    /// trace = keccak256(abi.encode(bytes24 afterRoot, uint64[] start)); promise_ = keccak256("wardround/beacon/reveal/1" ‖ chain id ‖ study ‖
    /// study ‖ round ‖ hospital ‖ secret), packed, numbers in 32 bytes.
    function submitProven(
        uint16 round,
        bytes32 update,
        bytes32 commitment,
        uint8 patientWeight,
        bytes32 trace,
        bytes32 promise_
    ) external;

    // --- a hospital of a proven study: signed by the duty key, carried by anyone ---

    /// EIP-712 Preparation(address hospital,bytes32 data). Pins the hospital's data (see DataPinned), once.
    function prepare(address hospital, bytes32 data, Signature calldata signature) external;

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

    /// Masked, in a training round that scores, in place of signModel: EIP-712
    /// ScoredModel(address hospital,uint16 round,bytes32 modelHash,bytes32 header,int16[] scores). One score per member, those who joined
    /// during the round may be left out: basis points; only those of the frozen set count. The same model with other scores is another
    /// vote.
    function signScored(
        address hospital,
        uint16 round,
        bytes32 modelHash,
        bytes32 header,
        int16[] calldata scores,
        Signature calldata signature
    ) external;

    /// Masked, in Unmask: EIP-712 Masks(address hospital,uint16 round,bytes32 masks). masks: sha-256 digest of the header block of its
    /// sum of masks over the frozen set.
    function postMasks(address hospital, uint16 round, bytes32 masks, Signature calldata signature) external;
    /// Masked, in Score: EIP-712 Products(address hospital,uint16 round,bytes32 products). products: sha-256 digest of the header block of
    /// the products of its masks with the directions that follow from the opened sum. Of seats that posted their masks.
    function postProducts(address hospital, uint16 round, bytes32 products, Signature calldata signature)
        external;
    /// Masked, in Recover: EIP-712 Shares(address hospital,uint16 round,bytes32 shares). shares: sha-256 digest of the header block of
    /// its shares of the opening seats' seeds.
    function openShares(address hospital, uint16 round, bytes32 shares, Signature calldata signature) external;
    /// Masked, in Aggregate, instead of signModel or signScored: EIP-712
    /// Accusation(address hospital,uint16 round,uint64 members). members: who is proven wrong by what was opened; 0: the sum is out of
    /// range, and nobody knows by whom.
    function accuse(address hospital, uint16 round, uint64 members, Signature calldata signature) external;

    // --- a hospital that wants to sit a round out: signed and carried like a seat's duty ---

    /// EIP-712 Veto(address hospital,uint16 round,bool vetoed). Until the round begins, and at most 100 rounds ahead. A veto
    /// can be withdrawn once; that is final, so that no signature can be used a second time.
    function vetoRound(address hospital, uint16 round, bool vetoed, Signature calldata signature) external;

    // --- anyone ---

    /// Closes a committee's scoring once all seats revealed or the deadline passed: medians, ranking, surviving set. Called by itself
    /// with the last reveal.
    function submitRoundTopK(uint16 round) external;
    /// Starts the next round once the pause is over.
    function nextRound() external;
    /// Moves on from any phase whose deadline has passed.
    function advance() external;
    /// Proven, in Reveal: opens what the hospital promised. Who knows the secret may bring it.
    function reveal(address hospital, uint16 round, bytes32 secret) external;
    /// Proven, in Reveal: keeps the seed block's hash before the chain forgets it. Pays the caller a thousandth of the round's part of
    /// the deposit, out of that part, unless the caller is a contract, which could be one that only carries.
    function capture(uint16 round) external;
    /// Proven, in Audit: clears a drawn hospital. An empty proof stands for a statement that was proven to the verifier before.
    /// The inputs of the statement: start, the time of each batch, then (noised) a sign for each batch and which contribution's noise it
    /// is, (masked) two factors and phi, then the data's pin.
    function prove(address hospital, uint16 round, AuditAnswer calldata answer, bytes calldata proof) external;
    /// After the end: pays the schedule out to the balances and the rest to the sponsor. Called by itself at the end, so a
    /// later call changes nothing. HalfToFirst pays the deposit's share of the completed rounds: half to the highest sum of
    /// scores, half of the rest to the next, the last two equal.
    function distributeRewards() external;
    /// Pays the caller's balance: rewards at any time, the stake once the study ended or the hospital left and its round is over.
    function withdraw() external returns (uint256 amount);

    // --- reads ---

    function snapshot() external view returns (Snapshot memory);
    function rules() external view returns (Rules memory);
    /// All 0 where the study is not proven.
    function auditRules() external view returns (AuditRules memory);
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
