// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Clones } from "@openzeppelin/contracts/proxy/Clones.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ModelRegistry } from "./ModelRegistry.sol";
import { Reputation } from "./Reputation.sol";
import { Study } from "./Study.sol";
import { IHospitalRegistry } from "./interfaces/IHospitalRegistry.sol";
import { AuditRules, IStudy, Mode, Rules } from "./interfaces/IStudy.sol";
import { IStudyFactory } from "./interfaces/IStudyFactory.sol";
import { Seats } from "./libraries/Seats.sol";
import { Weights } from "./libraries/Weights.sol";

/// Makes studies, and with itself the two records that only its studies may write. One transaction deploys all of them, so
/// none can be wired to another's.
contract StudyFactory is IStudyFactory {
    uint256 private constant MAX_ROUNDS = 1000;
    uint256 private constant MAX_HOSPITALS = 64; // one word of a set
    uint256 private constant MAX_TOP_K = 32; // one word of member indices
    uint256 private constant MAX_STAKE = 1 << 88; // 64 of them fit in the 96 bits of a balance
    uint256 private constant BASIS_POINTS = 10_000;
    /// A masked sum is read modulo the Goldilocks prime: up to half of it is positive, the rest negative.
    uint256 private constant MAX_SUM = (uint256(1 << 64) - (1 << 32)) / 2;
    uint256 private constant MAX_CLIP = 1 << 20;
    uint256 private constant MAX_FRACTION_BITS = 40;
    uint256 private constant MAX_STEPS = 64;
    uint256 private constant MIN_INPUTS = 2; // one and the constant
    uint256 private constant MAX_INPUTS = 64;
    /// A proven model's weights are multiples of 2^-32, and their masked update has to be exact.
    uint256 private constant PROVEN_FRACTION_BITS = 32;

    Reputation public immutable reputation;
    ModelRegistry public immutable modelRegistry;
    Study public immutable implementation;
    /// @inheritdoc IStudyFactory
    bytes32 public immutable deploymentId;

    mapping(address account => bool) private _isStudy;
    address[] private _studies;

    /// genesisHash: hash of the chain's block 0, which a contract cannot read.
    constructor(IERC20 credits, IHospitalRegistry registry, bytes32 genesisHash) {
        deploymentId = keccak256(abi.encode(genesisHash, registry));
        reputation = new Reputation(this);
        modelRegistry = new ModelRegistry(this);
        implementation = new Study(credits, registry, reputation, modelRegistry, deploymentId);
    }

    /// @inheritdoc IStudyFactory
    function createStudy(Rules calldata rules) external returns (address study) {
        study = _create(rules);
        emit StudyCreated(study, msg.sender, keccak256(abi.encode(rules)));
    }

    /// @inheritdoc IStudyFactory
    function createProvenStudy(Rules calldata rules, AuditRules calldata audits)
        external
        returns (address study)
    {
        _checkAudits(rules, audits);
        study = _create(rules);
        Study(study).requireProofs(audits);
        emit StudyCreated(study, msg.sender, keccak256(abi.encode(rules, audits)));
    }

    /// @inheritdoc IStudyFactory
    function isStudy(address account) external view returns (bool) {
        return _isStudy[account];
    }

    /// @inheritdoc IStudyFactory
    function studies() external view returns (address[] memory) {
        return _studies;
    }

    function _create(Rules calldata rules) private returns (address study) {
        _checkRules(rules);
        study = Clones.clone(address(implementation));
        _isStudy[study] = true;
        _studies.push(study);
        Study(study).initialize(msg.sender, rules);
    }

    function _checkRules(Rules calldata rules) private pure {
        if (rules.rounds == 0 || rules.rounds > MAX_ROUNDS) revert IStudy.Study_BadRules("rounds");
        if (rules.minHospitals < 2) revert IStudy.Study_BadRules("minHospitals");
        if (rules.maxHospitals < rules.minHospitals || rules.maxHospitals > MAX_HOSPITALS) {
            revert IStudy.Study_BadRules("maxHospitals");
        }
        // A hospital's own score of its update does not count, so one seat alone could not score its own.
        if (rules.maxSeats < 2 || rules.maxSeats > Seats.MAX) revert IStudy.Study_BadRules("maxSeats");
        if (rules.topK == 0 || rules.topK > MAX_TOP_K) revert IStudy.Study_BadRules("topK");
        if (rules.slashBps > BASIS_POINTS) revert IStudy.Study_BadRules("slashBps");
        if (rules.stake > MAX_STAKE) revert IStudy.Study_BadRules("stake");
        if (
            rules.openSeconds == 0 || rules.trainSeconds == 0 || rules.attestSeconds == 0
                || rules.scoreSeconds == 0 || rules.aggregateSeconds == 0
        ) revert IStudy.Study_BadRules("seconds");
        if (rules.mode == Mode.Masked) _checkMasking(rules);
        else if (rules.clip != 0) revert IStudy.Study_BadRules("clip");
        else if (rules.fractionBits != 0) revert IStudy.Study_BadRules("fractionBits");
        else if (rules.scored) revert IStudy.Study_BadRules("scored");
    }

    /// What a statement has room for, and no round that is not proven: sums for a standardisation, scores from a masked sum.
    function _checkAudits(Rules calldata rules, AuditRules calldata audits) private view {
        if (audits.verifier.code.length == 0) revert IStudy.Study_BadRules("verifier");
        if (audits.key.code.length == 0) revert IStudy.Study_BadRules("key");
        if (audits.hospitalsBps == 0 || audits.hospitalsBps > BASIS_POINTS) {
            revert IStudy.Study_BadRules("hospitalsBps");
        }
        if (audits.slashBps == 0 || audits.slashBps > BASIS_POINTS) revert IStudy.Study_BadRules("slashBps");
        if (audits.steps == 0 || audits.steps > MAX_STEPS) revert IStudy.Study_BadRules("steps");
        if (audits.inputs < MIN_INPUTS || audits.inputs > MAX_INPUTS) revert IStudy.Study_BadRules("inputs");
        if (audits.contributions == 0) revert IStudy.Study_BadRules("contributions");
        if (audits.revealSeconds == 0 || audits.auditSeconds == 0) revert IStudy.Study_BadRules("seconds");
        if (rules.standardise) revert IStudy.Study_BadRules("standardise");
        if (rules.mode != Mode.Masked) return;
        if (rules.scored) revert IStudy.Study_BadRules("scored");
        if (rules.fractionBits != PROVEN_FRACTION_BITS) revert IStudy.Study_BadRules("fractionBits");
    }

    /// Three hospitals, or one could read off another's update; three seats, or a threshold of them could hide nothing; and no sum
    /// that leaves the field, whatever the hospitals send within the rules.
    function _checkMasking(Rules calldata rules) private pure {
        if (rules.minHospitals < 3) revert IStudy.Study_BadRules("minHospitals");
        if (rules.maxSeats < 3) revert IStudy.Study_BadRules("maxSeats");
        if (rules.fractionBits > MAX_FRACTION_BITS) revert IStudy.Study_BadRules("fractionBits");
        if (rules.clip == 0 || rules.clip > MAX_CLIP) revert IStudy.Study_BadRules("clip");
        uint256 largest = uint256(rules.clip) << rules.fractionBits;
        if (rules.maxHospitals * Weights.MAX * largest > MAX_SUM) revert IStudy.Study_BadRules("clip");
    }
}
