// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AuditRules, EndReason, Mode, Phase, RoundKind, Rules } from "./interfaces/IStudy.sol";

/// Exactly one word: a submission reads and writes it once.
struct Round {
    Phase phase;
    RoundKind kind;
    Mode mode; // as in the rules, which are in another word; set when a round starts
    uint8 voids;
    uint16 number;
    uint16 completed;
    uint40 deadline;
    uint64 participants;
    uint64 submitted; // proven: without those that failed since
    uint8 attested;
    uint8 revealed; // scores; masked: posted its masks
    uint8 signed;
}

struct Committee {
    uint64 seats; // see Seats
    uint64 votes; // byte k: the candidate that seat k signed
    uint64 opened; // by a quorum
    uint64 survivors;
}

struct Roster {
    uint64 active; // joined, and did not leave
    uint64 disqualified; // in this round
    uint8 size; // members when this round started
    uint8 candidates; // different models signed in this round
    uint16 modelRound;
    uint8 frozen; // members when the surviving set was frozen: seats seal the round's model to them
    uint8 modelMembers; // whom the last finalised model is sealed to: so many, in order of joining
    EndReason endReason;
    bool proven; // training is audited; never changes
    uint64 failed; // in this round, an audit
}

struct Member {
    address wallet;
    uint96 stake;
    uint96 forfeited;
    uint96 reward;
    uint64 score; // sum of weights over the rounds that qualified
}

/// Credits that are nobody's stake or balance yet.
struct Pool {
    uint128 deposit;
    uint128 unspent; // of the deposit
    uint128 carry; // forfeits and dust for the next round's pool
    uint128 refund; // owed to the sponsor
}

/// What a masked study keeps besides; reset when a round starts.
struct Masking {
    uint256 claimed; // see Weights: patient weights, as submitted; never 0, so that no submission pays for a new slot
    uint256 weights; // see Weights: in the frozen sum; 0 before the freeze
    uint64 drawBlock; // whose hash draws a seat
    uint64 accused; // members, by a quorum
    uint8 drawn; // seat + 1
    uint8 opening; // seats whose seeds are opened
    uint8 shared; // seats that opened their shares
    uint8 answered; // scored: seats that posted their products
    bytes32[7] masks; // of the seats in Round.revealed; others hold an older round's
    bytes32[7] shares; // of the seats in `shared`
    bytes32[7] products; // of the seats in `answered`
}

/// What a proven study keeps besides.
struct Audits {
    AuditRules rules;
    uint64 prepared;
    uint64 seedBlock; // whose hash the beacon takes
    uint128 due; // see Auditing: two bits a member
    uint64 unsealed; // in this round, as the three below
    uint64 audited;
    uint64 cleared;
    bool missed; // a reveal is missing
    bool forgotten; // nobody captured the hash in time
    uint16 shareBps; // of the hospitals, that the next draw takes
    uint128 kept; // forfeits for the end of the study
    uint128 bounties; // paid out of the deposit's parts, and not yet taken from one
    bytes32 seedHash; // 0: not captured
    bytes32 roundSeed;
    bytes32 beacon; // the last one drawn
    uint256[2] contributions; // a byte a member
    bytes32[64] data;
    bytes32[64] traces; // of this round's submitted, as the parts
    bytes32[64] parts; // of the beacon: what was promised, then what was revealed
}

/// Of one round, before it begins.
struct Vetoes {
    uint64 standing;
    uint64 withdrawn;
}

struct Candidate {
    bytes32 modelHash;
    bytes32 header;
}

/// All of a study's storage, so that the libraries which score and settle can be handed it.
struct StudyState {
    Round round;
    Committee committee;
    Roster roster;
    Rules rules;
    Pool pool;
    address sponsor;
    string modelURI;
    Member[] members;
    mapping(address wallet => uint256) indexPlusOne;
    /// Overwritten every round, so that only a hospital's first submission pays for a new slot.
    bytes32[64] updates;
    uint64[7] attestedBySeat;
    bytes32[7] commitments;
    uint256[4][7] scores; // see Scores; by seat, or, of a masked study that scores, by candidate
    uint256[4] medians;
    Candidate[7] candidates;
    Candidate model;
    /// Byte i: index + 1 of the member ranked i-th.
    mapping(uint16 round => uint256) rankings;
    mapping(uint16 round => Vetoes) vetoes;
    Masking masking;
    Audits audits;
}
