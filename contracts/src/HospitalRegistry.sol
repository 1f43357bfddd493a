// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { P256 } from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import { EnumerableSet } from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import { IHospitalRegistry, InvitationState, Keys, MotionKind } from "./interfaces/IHospitalRegistry.sol";
import { Invitations } from "./libraries/Invitations.sol";

/// Issuers say which wallets are hospitals, k of them together; studies record the keys their hospitals bring.
contract HospitalRegistry is IHospitalRegistry, Ownable {
    using EnumerableSet for EnumerableSet.AddressSet;

    uint256 private constant MAX_ISSUERS = 32;
    uint256 private constant MAX_NAME_BYTES = 64;
    uint256 private constant MAX_REASON_BYTES = 256;
    uint256 private constant MAX_PEER_ID_BYTES = 64;

    enum Status {
        Unknown,
        Active,
        Suspended
    }

    /// @inheritdoc IHospitalRegistry
    bytes32 public immutable deploymentId;
    /// @inheritdoc IHospitalRegistry
    uint8 public threshold = 1;

    EnumerableSet.AddressSet private _issuers;
    /// Which of all appointments is an issuer's own; 0: no issuer. Votes are given under it, so those of a former one are void.
    mapping(address issuer => uint256) private _termOf;
    uint256 private _terms;
    mapping(bytes32 motion => mapping(address issuer => uint256 term)) private _votes;
    mapping(address hospital => Status) private _status;
    /// Counts a hospital's changes of status. Part of a motion's id.
    mapping(address hospital => uint256) private _turns;
    mapping(address key => InvitationState) private _invitations;
    mapping(address hospital => string) private _names;
    mapping(address study => mapping(address hospital => Keys)) private _keys;
    mapping(address study => mapping(bytes32 peerIdHash => bool)) private _peerIdTaken;

    modifier onlyIssuer() {
        if (_termOf[msg.sender] == 0) revert HospitalRegistry_NotIssuer(msg.sender);
        _;
    }

    /// genesisHash: hash of the chain's block 0, which a contract cannot read.
    constructor(address owner, bytes32 genesisHash) Ownable(owner) {
        deploymentId = keccak256(abi.encode(genesisHash, this));
    }

    // --- the owner ---

    /// @inheritdoc IHospitalRegistry
    function setIssuer(address issuer, bool allowed) external onlyOwner {
        if (allowed) {
            if (issuer == address(0)) revert HospitalRegistry_BadIssuer(issuer);
            if (_issuers.add(issuer)) {
                if (_issuers.length() > MAX_ISSUERS) revert HospitalRegistry_TooManyIssuers(MAX_ISSUERS);
                _termOf[issuer] = ++_terms;
            }
        } else if (_issuers.remove(issuer)) {
            if (_issuers.length() < threshold) {
                revert HospitalRegistry_BadThreshold(threshold, _issuers.length());
            }
            _termOf[issuer] = 0;
        }
        emit IssuerSet(issuer, allowed);
    }

    /// @inheritdoc IHospitalRegistry
    function setThreshold(uint8 threshold_) external onlyOwner {
        if (threshold_ == 0 || threshold_ > _issuers.length()) {
            revert HospitalRegistry_BadThreshold(threshold_, _issuers.length());
        }
        threshold = threshold_;
        emit ThresholdSet(threshold_);
    }

    // --- an issuer ---

    /// @inheritdoc IHospitalRegistry
    function accredit(address hospital, string calldata name) external onlyIssuer {
        _requireUnknown(hospital, name);
        if (_vote(MotionKind.Accredit, hospital, name)) _admit(hospital, name, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function suspend(address hospital, string calldata reason) external onlyIssuer {
        _requireActive(hospital);
        if (bytes(reason).length > MAX_REASON_BYTES) revert HospitalRegistry_BadReason();
        if (!_vote(MotionKind.Suspend, hospital, reason)) return;
        _status[hospital] = Status.Suspended;
        emit HospitalSuspended(hospital, reason, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function reinstate(address hospital) external onlyIssuer {
        if (_status[hospital] != Status.Suspended) revert HospitalRegistry_NotSuspended(hospital);
        if (!_vote(MotionKind.Reinstate, hospital, "")) return;
        _status[hospital] = Status.Active;
        emit HospitalReinstated(hospital, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function withdrawVote(bytes32 motion) external onlyIssuer {
        if (!_hasVoted(motion, msg.sender)) revert HospitalRegistry_NotVoted(motion, msg.sender);
        _votes[motion][msg.sender] = 0;
        emit VoteWithdrawn(motion, msg.sender);
    }

    /// @inheritdoc IHospitalRegistry
    function revoke(address key) external onlyIssuer {
        _requireUnused(key);
        _invitations[key] = InvitationState.Revoked;
        emit InvitationRevoked(key, msg.sender);
    }

    // --- anyone ---

    /// @inheritdoc IHospitalRegistry
    function redeem(
        address key,
        string calldata name,
        uint40 expires,
        bytes[] calldata issuerSignatures,
        address hospital,
        bytes calldata keySignature
    ) external {
        _requireUnused(key);
        if (block.timestamp >= expires) revert HospitalRegistry_InvitationExpired(expires);
        _requireUnknown(hospital, name);
        if (issuerSignatures.length > MAX_ISSUERS) {
            revert HospitalRegistry_TooManySignatures(issuerSignatures.length, MAX_ISSUERS);
        }
        bytes32 domain = domainSeparator();
        if (!Invitations.isSignedBy(key, Invitations.redemption(domain, hospital), keySignature)) {
            revert HospitalRegistry_BadInvitationKey(key);
        }
        address last =
            _requireSignatures(Invitations.invitation(domain, key, name, expires), issuerSignatures);

        _invitations[key] = InvitationState.Redeemed;
        _turns[hospital]++;
        emit InvitationRedeemed(key, hospital);
        _admit(hospital, name, last);
    }

    /// @inheritdoc IHospitalRegistry
    function enrol(address hospital, Keys calldata keys) external {
        _requireActive(hospital);
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

    // --- reads ---

    /// @inheritdoc IHospitalRegistry
    function isIssuer(address account) external view returns (bool) {
        return _termOf[account] != 0;
    }

    /// @inheritdoc IHospitalRegistry
    function issuers() external view returns (address[] memory) {
        return _issuers.values();
    }

    /// @inheritdoc IHospitalRegistry
    function motionOf(MotionKind kind, address hospital, string calldata text)
        external
        view
        returns (bytes32 motion, address[] memory voters)
    {
        motion = _motion(kind, hospital, text);
        voters = new address[](_countVotes(motion));
        uint256 n = 0;
        for (uint256 i = 0; n < voters.length; i++) {
            address issuer = _issuers.at(i);
            if (_hasVoted(motion, issuer)) voters[n++] = issuer;
        }
    }

    /// @inheritdoc IHospitalRegistry
    function invitationOf(address key) external view returns (InvitationState) {
        return _invitations[key];
    }

    /// @inheritdoc IHospitalRegistry
    function domainSeparator() public view returns (bytes32) {
        return Invitations.domainSeparator(address(this), deploymentId);
    }

    /// @inheritdoc IHospitalRegistry
    function isActive(address hospital) external view returns (bool) {
        return _status[hospital] == Status.Active;
    }

    /// @inheritdoc IHospitalRegistry
    function isSuspended(address hospital) external view returns (bool) {
        return _status[hospital] == Status.Suspended;
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

    // --- motions ---

    /// Counts the caller's vote. True when the motion carries; every other motion about the hospital is closed then, too.
    function _vote(MotionKind kind, address hospital, string memory text) private returns (bool) {
        bytes32 motion = _motion(kind, hospital, text);
        bool isRepeated = _hasVoted(motion, msg.sender);
        _votes[motion][msg.sender] = _termOf[msg.sender];
        uint256 votes = _countVotes(motion);
        uint8 needed = threshold;
        // A repeated vote is refused, unless a lower threshold has meanwhile made the votes enough.
        if (isRepeated && votes < needed) revert HospitalRegistry_VotedAlready(motion, msg.sender);
        emit MotionVoted(motion, hospital, msg.sender, kind, text, uint8(votes), needed);
        if (votes < needed) return false;
        _turns[hospital]++;
        return true;
    }

    function _motion(MotionKind kind, address hospital, string memory text) private view returns (bytes32) {
        return keccak256(abi.encode(kind, hospital, _turns[hospital], keccak256(bytes(text))));
    }

    /// By at most 32 issuers.
    function _countVotes(bytes32 motion) private view returns (uint256 votes) {
        uint256 length = _issuers.length();
        for (uint256 i = 0; i < length; i++) {
            if (_hasVoted(motion, _issuers.at(i))) votes++;
        }
    }

    /// Under the appointment that the issuer has now.
    function _hasVoted(bytes32 motion, address issuer) private view returns (bool) {
        uint256 term = _votes[motion][issuer];
        return term != 0 && term == _termOf[issuer];
    }

    function _admit(address hospital, string calldata name, address issuer) private {
        _status[hospital] = Status.Active;
        _names[hospital] = name;
        emit HospitalAccredited(hospital, name, issuer);
    }

    // --- checks ---

    function _requireUnknown(address hospital, string calldata name) private view {
        if (hospital == address(0)) revert HospitalRegistry_BadHospital();
        if (_status[hospital] == Status.Suspended) revert HospitalRegistry_Suspended(hospital);
        if (_status[hospital] != Status.Unknown) revert HospitalRegistry_AlreadyAccredited(hospital);
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME_BYTES) {
            revert HospitalRegistry_BadName();
        }
    }

    function _requireActive(address hospital) private view {
        if (_status[hospital] == Status.Unknown) revert HospitalRegistry_NotAccredited(hospital);
        if (_status[hospital] == Status.Suspended) revert HospitalRegistry_Suspended(hospital);
    }

    function _requireUnused(address key) private view {
        if (_invitations[key] == InvitationState.Redeemed) revert HospitalRegistry_InvitationUsed(key);
        if (_invitations[key] == InvitationState.Revoked) revert HospitalRegistry_InvitationRevoked(key);
    }

    /// Checks that enough different current issuers signed; answers the one whose signature was the k-th. Others, as of an issuer
    /// removed since, are passed over: the invitation holds as long as enough remain.
    function _requireSignatures(bytes32 digest, bytes[] calldata signatures)
        private
        view
        returns (address last)
    {
        uint256 needed = threshold;
        address[] memory signers = new address[](needed);
        uint256 n = 0;
        for (uint256 i = 0; i < signatures.length && n < needed; i++) {
            address signer = Invitations.signerOf(digest, signatures[i]);
            if (_termOf[signer] == 0 || _isAmong(signers, n, signer)) continue;
            signers[n++] = signer;
        }
        if (n < needed) revert HospitalRegistry_TooFewSignatures(n, needed);
        return signers[n - 1];
    }

    function _isAmong(address[] memory list, uint256 length, address account) private pure returns (bool) {
        for (uint256 i = 0; i < length; i++) {
            if (list[i] == account) return true;
        }
        return false;
    }

    /// A key off the curve would make sealing fail for everybody else in the study, so it is refused here.
    function _isUncompressedPoint(bytes calldata key) private pure returns (bool) {
        return
            key.length == 65 && key[0] == 0x04
                && P256.isValidPublicKey(bytes32(key[1:33]), bytes32(key[33:65]));
    }
}
