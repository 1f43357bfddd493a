// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IProofVerifier } from "../interfaces/IProofVerifier.sol";
import { Air, Airs, Oracle } from "./Air.sol";
import { Extension } from "./Extension.sol";
import { Fri } from "./Fri.sol";
import { MODULUS, Powers } from "./Goldilocks.sol";
import { IStarkVerifier } from "./IStarkVerifier.sol";
import { Opened, Openings, Weights } from "./Openings.sol";
import { Reader, Readers } from "./Reader.sol";
import { Refusal, refuse } from "./Refusal.sol";
import { Transcript, Transcripts } from "./Transcript.sol";
import { Words } from "./Words.sol";

/// Nothing that decides how much is checked comes from a proof: it follows from the key and from what this contract
/// was deployed with.
contract StarkVerifier is IStarkVerifier {
    bytes private constant TAG = "wardround/stark/1";
    uint256 private constant DIGEST_BYTES = 24;
    uint256 private constant ELEMENT_BYTES = 16;
    uint256 private constant NONCE_BYTES = 8;
    /// Domains have at most 2^32 points: log2 of the rows is 20 at most.
    uint256 private constant MOST_LOG2_BLOWUP = 12;

    uint8 public immutable log2Blowup;
    uint16 public immutable queries;
    uint8 public immutable queryGrinding;
    uint8 public immutable roundGrinding;

    mapping(bytes32 statement => bool) public isProven;
    /// By keccak256(abi.encode(sender, list)).
    mapping(bytes32 id => bool) private _started;

    /// What is known while a proof is read.
    struct Session {
        Air air;
        Reader from;
        Transcript transcript;
        /// Of all oracles, the quotient's last.
        bytes24[] roots;
        /// The constraints' program's: what is said of columns at z comes first.
        Extension[] values;
        /// What is said of the quotient's chunks and of the mask.
        Extension[] chunks;
        Extension[] challenges;
        Extension alpha;
        Extension z;
        Weights weights;
        Opened opened;
    }

    constructor(uint8 log2Blowup_, uint16 queries_, uint8 queryGrinding_, uint8 roundGrinding_) {
        if (log2Blowup_ == 0 || log2Blowup_ > MOST_LOG2_BLOWUP || queries_ == 0) {
            revert StarkVerifier_BadParameters();
        }
        log2Blowup = log2Blowup_;
        queries = queries_;
        queryGrinding = queryGrinding_;
        roundGrinding = roundGrinding_;
    }

    /// @inheritdoc IProofVerifier
    function verify(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external view {
        _verify(key, context, inputs, roots, proof);
    }

    /// @inheritdoc IStarkVerifier
    function prove(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external {
        _verify(key, context, inputs, roots, proof);
        _remember(statementOf(key, context, inputs, roots));
    }

    /// @inheritdoc IStarkVerifier
    function start(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external returns (uint256[] memory list) {
        Session memory session;
        session.from = Readers.over(proof);
        list = _open(session, key, context, inputs, roots);
        session.from.requireEnd();
        bytes32 statement = statementOf(key, context, inputs, roots);
        list[0] = uint256(statement);
        _started[keccak256(abi.encode(msg.sender, list))] = true;
        emit Started(statement, msg.sender, list);
    }

    /// @inheritdoc IStarkVerifier
    function finish(uint256[] calldata list, bytes calldata proof) external {
        bytes32 id = keccak256(abi.encode(msg.sender, list));
        if (!_started[id]) revert StarkVerifier_NotStarted();
        delete _started[id];
        Reader memory from = Readers.over(proof);
        uint256 log2Domain = list[1] + log2Blowup;
        Fri.check(list, log2Domain, Powers.ofRoot(log2Domain), _queue(log2Domain), from);
        from.requireEnd();
        _remember(bytes32(list[0]));
    }

    /// @inheritdoc IProofVerifier
    function statementOf(address key, bytes32 context, uint64[] calldata inputs, bytes24[] calldata roots)
        public
        pure
        returns (bytes32)
    {
        bytes32 inputsHash = keccak256(abi.encodePacked(inputs));
        return keccak256(abi.encode(key, context, inputsHash, keccak256(abi.encodePacked(roots))));
    }

    function _remember(bytes32 statement) private {
        isProven[statement] = true;
        emit Proved(statement);
    }

    function _verify(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) private view {
        Session memory session;
        session.from = Readers.over(proof);
        uint256[] memory list = _open(session, key, context, inputs, roots);
        Opened memory opened = session.opened;
        Fri.check(list, opened.log2Domain, opened.powers, opened.queue, session.from);
        session.from.requireEnd();
    }

    /// Reads a proof up to the openings of FRI's layers.
    /// @return list the statement, left to the caller; log2 of the rows; what Fri checks
    function _open(
        Session memory session,
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots
    ) private view returns (uint256[] memory list) {
        session.air = Airs.load(key);
        _requireStatement(session.air, inputs, roots);
        session.transcript = _begin(session.air.keyHash, context, inputs, roots);
        _readCommitments(session, roots);
        _checkConstraints(session, inputs);
        _combine(session, inputs[session.air.inputs:]);
        list = _readFri(session);
        uint256 first = list.length - session.opened.positions.length;
        Openings.open(session.opened, session.air.oracles, session.roots, session.weights, session.from);
        Extension[] memory values = Openings.combined(session.opened, session.weights.quotients);
        for (uint256 j = 0; j < values.length; j++) {
            list[first + j] = Fri.query(session.opened.positions[j], values[j]);
        }
    }

    function _requireStatement(Air memory air, uint64[] calldata inputs, bytes24[] calldata roots)
        private
        pure
    {
        bool fits = inputs.length == air.inputs + 2 * air.pinned && roots.length == air.externals;
        for (uint256 i = 0; i < inputs.length && fits; i++) {
            fits = inputs[i] < MODULUS;
        }
        if (!fits) refuse(Refusal.Statement);
    }

    /// The transcript of a statement, to which the prover has not said anything yet.
    function _begin(bytes32 keyHash, bytes32 context, uint64[] calldata inputs, bytes24[] calldata roots)
        private
        view
        returns (Transcript memory)
    {
        (uint8 log2Fold, uint8 log2Final) = (uint8(Fri.LOG2_FOLD), uint8(Fri.LOG2_FINAL));
        bytes memory shape =
            abi.encodePacked(log2Blowup, log2Fold, log2Final, queries, queryGrinding, roundGrinding);
        return Transcripts.begin(abi.encodePacked(TAG, keyHash, shape, context), inputs, roots);
    }

    /// The commitments: main columns, challenges, auxiliary columns, quotient.
    function _readCommitments(Session memory session, bytes24[] calldata roots) private pure {
        session.roots = new bytes24[](session.air.oracles.length);
        uint256 known = roots.length;
        for (uint256 i = 0; i < known; i++) {
            session.roots[i] = roots[i];
        }
        known = _readRoots(session, known, false);
        session.challenges = new Extension[](session.air.challenges);
        for (uint256 i = 0; i < session.challenges.length; i++) {
            session.challenges[i] = session.transcript.extension();
        }
        known = _readRoots(session, known, true);
        session.alpha = session.transcript.extension();
        session.roots[known] = _readRoot(session);
    }

    /// What the prover says that everything is at a point outside of all domains: the quotient is what the
    /// constraints make of the columns.
    function _checkConstraints(Session memory session, uint64[] calldata inputs) private view {
        session.z = session.transcript.outside();
        _readValues(session);
        Extension quotient = Airs.quotientAt(
            session.air, session.values, inputs, session.challenges, session.alpha, session.z
        );
        if (!(_quotientFrom(session) == quotient)) refuse(Refusal.Constraints);
    }

    /// Reads the roots of those own oracles, the quotient apart, that hold extension elements or do not.
    function _readRoots(Session memory session, uint256 known, bool isExtension)
        private
        pure
        returns (uint256)
    {
        Oracle[] memory oracles = session.air.oracles;
        for (uint256 i = session.air.externals; i < oracles.length - 1; i++) {
            if (oracles[i].isExtension == isExtension) session.roots[known++] = _readRoot(session);
        }
        return known;
    }

    function _readRoot(Session memory session) private pure returns (bytes24 root) {
        uint256 at = _read(session, DIGEST_BYTES);
        assembly ("memory-safe") {
            root := shl(64, shr(64, calldataload(at)))
        }
    }

    /// Reads and absorbs the next bytes.
    function _read(Session memory session, uint256 length) private pure returns (uint256 at) {
        at = session.from.take(length);
        session.transcript.absorb(at, length);
    }

    function _readValues(Session memory session) private pure {
        Air memory air = session.air;
        uint256 columns = air.columns + air.shifted;
        session.values = new Extension[](Airs.valueCount(air));
        session.chunks = new Extension[](air.chunks + 1);
        uint256 at = _read(session, ELEMENT_BYTES * (columns + session.chunks.length));
        Readers.copyExtensions(at, columns, Words.start(session.values));
        Readers.copyExtensions(
            at + ELEMENT_BYTES * columns, session.chunks.length, Words.start(session.chunks)
        );
    }

    /// The quotient at z from its chunks, by Horner's rule.
    function _quotientFrom(Session memory session) private view returns (Extension quotient) {
        uint256 chunkLength = (1 << session.air.log2Rows) - (uint256(queries) + 1);
        Extension power = session.z.raised(chunkLength);
        for (uint256 k = session.air.chunks; k != 0;) {
            k--;
            quotient = quotient * power + session.chunks[k];
        }
    }

    /// One function in place of all: of low degree only if they all are and have these values.
    /// @param pins what the statement says of the pinned oracles
    function _combine(Session memory session, uint64[] calldata pins) private view {
        _work(session, roundGrinding);
        Extension gamma = session.transcript.extension();
        session.weights = Openings.weightsOf(
            session.air, session.values, session.chunks, gamma, session.z, session.roots, pins
        );
    }

    function _work(Session memory session, uint256 bits) private pure {
        if (!session.transcript.accepts(session.from.take(NONCE_BYTES), bits)) refuse(Refusal.Work);
    }

    /// FRI's commitments, then the positions.
    function _readFri(Session memory session) private view returns (uint256[] memory list) {
        uint256 log2Rows = session.air.log2Rows;
        (uint256 layers, uint256 length) = (Fri.foldings(log2Rows), Fri.finalLength(log2Rows));
        // As many queries at most. What repeats is left out below.
        list = new uint256[](Fri.HEADER + 2 * layers + length + queries);
        list[1] = log2Rows;
        uint256 to = Fri.HEADER;
        for (uint256 i = 0; i < layers; i++) {
            list[to++] = uint256(bytes32(_readRoot(session)));
            _work(session, roundGrinding);
            list[to++] = Extension.unwrap(session.transcript.extension());
        }
        uint256 at = _read(session, ELEMENT_BYTES * length);
        Readers.copyExtensions(at, length, Words.start(list) + 32 * to);
        _work(session, queryGrinding);
        _drawPositions(session);
        length += to + session.opened.positions.length;
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    /// The same positions in everything.
    function _drawPositions(Session memory session) private view {
        uint256 log2Domain = session.air.log2Rows + log2Blowup;
        Opened memory opened = session.opened;
        opened.log2Domain = log2Domain;
        opened.positions = _ascending(session.transcript.positions(queries, log2Domain));
        opened.sums = new Extension[](session.weights.quotients.length * opened.positions.length);
        opened.queue = _queue(log2Domain);
        opened.powers = Powers.ofRoot(log2Domain);
    }

    /// Room for the nodes of a multiproof: a path for each query.
    function _queue(uint256 log2Domain) private view returns (uint256[] memory) {
        return new uint256[](uint256(queries) * (log2Domain + 1));
    }

    /// Each once, in order: sorted by insertion, in place.
    function _ascending(uint256[] memory numbers) private pure returns (uint256[] memory) {
        assembly ("memory-safe") {
            let first := add(numbers, 32)
            let end := add(first, shl(5, mload(numbers)))
            let last := first // behind what is sorted
            for { let at := first } lt(at, end) { at := add(at, 32) } {
                let drawn := mload(at)
                let to := last
                for { } gt(to, first) { to := sub(to, 32) } {
                    if iszero(gt(mload(sub(to, 32)), drawn)) { break }
                }
                let isKnown := 0
                if gt(to, first) { isKnown := eq(mload(sub(to, 32)), drawn) }
                if iszero(isKnown) {
                    mcopy(add(to, 32), to, sub(last, to))
                    mstore(to, drawn)
                    last := add(last, 32)
                }
            }
            mstore(numbers, shr(5, sub(last, first)))
        }
        return numbers;
    }
}
