// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Every global model of every study: versions (0, 1, …), who signed, which one is current.
interface IModelRegistry {
    struct Model {
        uint16 round;
        uint40 time;
        uint8 seats; // bit k = seat k signed
        int16 metric; // mean of the survivors' median gains, basis points
        bytes32 modelHash; // sha-256 of the plaintext
        bytes32 header; // sha-256 digest of the header block
    }

    event ModelRegistered(
        address indexed study,
        uint256 indexed version,
        uint16 round,
        bytes32 modelHash,
        bytes32 header,
        int16 metric
    );
    event ModelRolledBack(address indexed study, uint256 from, uint256 to, string reason);

    error ModelRegistry_NotStudy(address caller);
    error ModelRegistry_NotSponsor(address caller);
    error ModelRegistry_NoSuchVersion(uint256 version);

    function register(uint16 round, uint8 seats, int16 metric, bytes32 modelHash, bytes32 header) external;
    /// The sponsor recommends an older version for use; training goes on from the study's own last model.
    function rollback(address study, uint256 version, string calldata reason) external;
    function versionCount(address study) external view returns (uint256);
    function modelAt(address study, uint256 version) external view returns (Model memory);
    function current(address study) external view returns (uint256 version, Model memory model);
}
