// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IModelRegistry } from "./interfaces/IModelRegistry.sol";
import { IStudy } from "./interfaces/IStudy.sol";
import { IStudyFactory } from "./interfaces/IStudyFactory.sol";

/// Every finalised model, by study and version. Versions count from 0.
contract ModelRegistry is IModelRegistry {
    IStudyFactory public immutable factory;

    mapping(address study => Model[]) private _models;
    mapping(address study => uint256 version) private _current;

    constructor(IStudyFactory factory_) {
        factory = factory_;
    }

    /// @inheritdoc IModelRegistry
    function register(uint16 round, uint8 seats, int16 metric, bytes32 modelHash, bytes32 header) external {
        if (!factory.isStudy(msg.sender)) revert ModelRegistry_NotStudy(msg.sender);
        Model[] storage models = _models[msg.sender];
        uint256 version = models.length;
        models.push(Model(round, uint40(block.timestamp), seats, metric, modelHash, header));
        _current[msg.sender] = version;
        emit ModelRegistered(msg.sender, version, round, modelHash, header, metric);
    }

    /// @inheritdoc IModelRegistry
    function rollback(address study, uint256 version, string calldata reason) external {
        if (!factory.isStudy(study)) revert ModelRegistry_NotStudy(study);
        if (msg.sender != IStudy(study).sponsor()) revert ModelRegistry_NotSponsor(msg.sender);
        if (version >= _models[study].length) revert ModelRegistry_NoSuchVersion(version);
        uint256 from = _current[study];
        _current[study] = version;
        emit ModelRolledBack(study, from, version, reason);
    }

    /// @inheritdoc IModelRegistry
    function versionCount(address study) external view returns (uint256) {
        return _models[study].length;
    }

    /// @inheritdoc IModelRegistry
    function modelAt(address study, uint256 version) public view returns (Model memory) {
        if (version >= _models[study].length) revert ModelRegistry_NoSuchVersion(version);
        return _models[study][version];
    }

    /// @inheritdoc IModelRegistry
    function current(address study) external view returns (uint256 version, Model memory model) {
        version = _current[study];
        model = modelAt(study, version);
    }
}
