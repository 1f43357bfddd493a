// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { P256 } from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import { IHospitalRegistry, Keys } from "./interfaces/IHospitalRegistry.sol";

/// Issuers say which wallets are hospitals; studies record the keys their hospitals bring.
contract HospitalRegistry is IHospitalRegistry, Ownable {
    uint256 private constant MAX_NAME_BYTES = 64;
    uint256 private constant MAX_PEER_ID_BYTES = 64;

    enum Status {
        Unknown,
        Active,
        Suspended
    }

    mapping(address issuer => bool) private _issuers;
    mapping(address hospital => Status) private _status;
    mapping(address hospital => string) private _names;
    mapping(address study => mapping(address hospital => Keys)) private _keys;
    mapping(address study => mapping(bytes32 peerIdHash => bool)) private _peerIdTaken;

    modifier onlyIssuer() {
        if (!_issuers[msg.sender]) revert HospitalRegistry_NotIssuer(msg.sender);
        _;
    }

    constructor(address owner) Ownable(owner) { }

    /// @inheritdoc IHospitalRegistry
    function setIssuer(address issuer, bool allowed) external onlyOwner {
        _issuers[issuer] = allowed;
        emit IssuerSet(issuer, allowed);
    }

    /// @inheritdoc IHospitalRegistry
    function accredit(address hospital, string calldata name) external onlyIssuer {
        if (_status[hospital] != Status.Unknown) revert HospitalRegistry_AlreadyAccredited(hospital);
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME_BYTES) {
            revert HospitalRegistry_BadName();
        }
        _status[hospital] = Status.Active;
        _names[hospital] = name;
        emit HospitalAccredited(hospital, name, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function suspend(address hospital, string calldata reason) external onlyIssuer {
        if (_status[hospital] == Status.Unknown) revert HospitalRegistry_NotAccredited(hospital);
        if (_status[hospital] == Status.Suspended) revert HospitalRegistry_Suspended(hospital);
        _status[hospital] = Status.Suspended;
        emit HospitalSuspended(hospital, reason, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function reinstate(address hospital) external onlyIssuer {
        if (_status[hospital] != Status.Suspended) revert HospitalRegistry_NotSuspended(hospital);
        _status[hospital] = Status.Active;
        emit HospitalReinstated(hospital, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function enrol(address hospital, Keys calldata keys) external {
        if (_status[hospital] == Status.Unknown) revert HospitalRegistry_NotAccredited(hospital);
        if (_status[hospital] == Status.Suspended) revert HospitalRegistry_Suspended(hospital);
        if (!P256.isValidPublicKey(keys.dutyX, keys.dutyY)) revert HospitalRegistry_BadDutyKey();
        if (!_isUncompressedPoint(keys.encryptionKey)) revert HospitalRegistry_BadEncryptionKey();
        uint256 length = keys.peerId.length;
        if (length == 0 || length > MAX_PEER_ID_BYTES) revert HospitalRegistry_BadPeerId();
        bytes32 peerIdHash = keccak256(keys.peerId);
        if (_peerIdTaken[msg.sender][peerIdHash]) revert HospitalRegistry_PeerIdTaken(keys.peerId);

        _peerIdTaken[msg.sender][peerIdHash] = true;
        _keys[msg.sender][hospital] = keys;
        emit HospitalEnrolled(msg.sender, hospital, keys);
    }

    /// @inheritdoc IHospitalRegistry
    function isIssuer(address account) external view returns (bool) {
        return _issuers[account];
    }

    /// @inheritdoc IHospitalRegistry
    function isActive(address hospital) external view returns (bool) {
        return _status[hospital] == Status.Active;
    }

    /// @inheritdoc IHospitalRegistry
    function nameOf(address hospital) external view returns (string memory) {
        return _names[hospital];
    }

    /// @inheritdoc IHospitalRegistry
    function keysOf(address study, address hospital) external view returns (Keys memory) {
        return _keys[study][hospital];
    }

    /// @inheritdoc IHospitalRegistry
    function isDutySignature(address study, address hospital, bytes32 digest, bytes32 r, bytes32 s)
        external
        view
        returns (bool)
    {
        Keys storage keys = _keys[study][hospital];
        return P256.verify(sha256(abi.encodePacked(digest)), r, s, keys.dutyX, keys.dutyY);
    }

    /// A key off the curve would make sealing fail for everybody else in the study, so it is refused here.
    function _isUncompressedPoint(bytes calldata key) private pure returns (bool) {
        return
            key.length == 65 && key[0] == 0x04
                && P256.isValidPublicKey(bytes32(key[1:33]), bytes32(key[33:65]));
    }
}
