// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IReputation } from "./interfaces/IReputation.sol";
import { IStudyFactory } from "./interfaces/IStudyFactory.sol";

/// Every hospital's standing: an exponential mean of its rounds' outcomes over all studies of this deployment.
contract Reputation is IReputation {
    uint16 private constant START = 5000;
    uint16 private constant MAX_OUTCOME = 10_000;

    struct Honesty {
        uint32 audits;
        uint32 passed;
    }

    IStudyFactory public immutable factory;

    /// reputation is kept as the distance travelled only once rounds > 0; before that it reads as START.
    mapping(address hospital => Standing) private _standings;
    mapping(address hospital => Honesty) private _honesty;

    constructor(IStudyFactory factory_) {
        factory = factory_;
    }

    /// @inheritdoc IReputation
    function record(uint16 round, address hospital, uint16 outcome, bool qualified) external {
        if (!factory.isStudy(msg.sender)) revert Reputation_NotStudy(msg.sender);
        if (outcome > MAX_OUTCOME) outcome = MAX_OUTCOME;
        Standing memory standing = standingOf(hospital);
        standing.reputation = uint16((4 * uint256(standing.reputation) + outcome) / 5);
        standing.rounds++;
        if (qualified) standing.qualified++;
        if (outcome == 0) standing.faults++;
        _standings[hospital] = standing;
        emit ReputationChanged(msg.sender, round, hospital, outcome, standing.reputation);
    }

    /// @inheritdoc IReputation
    function recordAudit(address hospital, bool passed) external {
        if (!factory.isStudy(msg.sender)) revert Reputation_NotStudy(msg.sender);
        Honesty memory honesty = _honesty[hospital];
        honesty.audits++;
        if (passed) honesty.passed++;
        _honesty[hospital] = honesty;
        emit HonestyChanged(msg.sender, hospital, honesty.audits, honesty.passed);
    }

    /// @inheritdoc IReputation
    function standingOf(address hospital) public view returns (Standing memory standing) {
        standing = _standings[hospital];
        if (standing.rounds == 0) standing.reputation = START;
    }

    /// @inheritdoc IReputation
    function standingsOf(address[] calldata hospitals) external view returns (Standing[] memory standings) {
        standings = new Standing[](hospitals.length);
        for (uint256 i = 0; i < hospitals.length; i++) {
            standings[i] = standingOf(hospitals[i]);
        }
    }

    /// @inheritdoc IReputation
    function honestyOf(address hospital) external view returns (uint32 audits, uint32 passed) {
        Honesty memory honesty = _honesty[hospital];
        return (honesty.audits, honesty.passed);
    }
}
