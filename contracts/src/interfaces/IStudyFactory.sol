// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AuditRules, Rules } from "./IStudy.sol";

interface IStudyFactory {
    /// rulesHash: keccak256(abi.encode(rules)); of a proven study keccak256(abi.encode(rules, audits)).
    event StudyCreated(address indexed study, address indexed sponsor, bytes32 rulesHash);

    /// Clones a study. The sponsor (msg.sender) funds and opens it with initializeTask.
    function createStudy(Rules calldata rules) external returns (address study);
    /// The same of a proven study. Reverts with Study_BadRules naming the field that does not fit.
    function createProvenStudy(Rules calldata rules, AuditRules calldata audits)
        external
        returns (address study);
    function isStudy(address account) external view returns (bool);
    /// keccak256(abi.encode(genesisHash, registry)): tells apart deployments that share chain id and addresses.
    function deploymentId() external view returns (bytes32);
    function studies() external view returns (address[] memory);
}
