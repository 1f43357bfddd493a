// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Rules } from "./IStudy.sol";

interface IStudyFactory {
    event StudyCreated(address indexed study, address indexed sponsor, bytes32 rulesHash);

    /// Clones a study. The sponsor (msg.sender) funds and opens it with initializeTask.
    function createStudy(Rules calldata rules) external returns (address study);
    function isStudy(address account) external view returns (bool);
    /// keccak256(abi.encode(genesisHash, registry)): tells apart deployments that share chain id and addresses.
    function deploymentId() external view returns (bytes32);
    function studies() external view returns (address[] memory);
}
