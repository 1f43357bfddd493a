// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// A hospital's standing over all studies of this deployment; written by its studies only.
interface IReputation {
    struct Standing {
        uint16 reputation; // 0 to 10,000; 5,000 before the first round
        uint32 rounds; // asked to take part
        uint32 qualified; // updates that qualified
        uint32 faults; // missed deadlines, disqualified updates
    }

    event ReputationChanged(
        address indexed study,
        uint16 indexed round,
        address indexed hospital,
        uint16 outcome,
        uint16 reputation
    );
    event HonestyChanged(address indexed study, address indexed hospital, uint32 audits, uint32 passed);

    error Reputation_NotStudy(address caller);

    /// outcome: 0 (fault) to 10,000; reputation' = (4·reputation + outcome) / 5.
    function record(uint16 round, address hospital, uint16 outcome, bool qualified) external;
    /// Whether the hospital proved its training when it was drawn; a reveal kept back counts as an audit not passed.
    function recordAudit(address hospital, bool passed) external;
    function standingOf(address hospital) external view returns (Standing memory);
    function standingsOf(address[] calldata hospitals) external view returns (Standing[] memory);
    function honestyOf(address hospital) external view returns (uint32 audits, uint32 passed);
}
