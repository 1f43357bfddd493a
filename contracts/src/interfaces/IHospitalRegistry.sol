// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// What a hospital publishes when it joins a study. Every key is made for that study alone.
struct Keys {
    /// P-256 duty key: signs scores, reveals and model hashes; holds no funds.
    bytes32 dutyX;
    bytes32 dutyY;
    /// P-256 HPKE key, uncompressed point (65 bytes): updates are sealed to it.
    bytes encryptionKey;
    /// libp2p peer id (multihash bytes) of the hospital's storage node.
    bytes peerId;
}

/// What issuers vote on.
enum MotionKind {
    Accredit, // 0  text: the hospital's name
    Suspend, // 1  text: the reason
    Reinstate // 2  text: empty
}

/// What became of an invitation's one-time key.
enum InvitationState {
    Unused, // 0  also where nobody was ever invited with it
    Redeemed, // 1
    Revoked // 2
}

/// Who may take part at all (accreditation by k of n issuers), and with which keys in which study.
///
/// The owner names the issuers and k, the threshold. Issuers admit a hospital in one of two ways:
/// Votes. accredit, suspend and reinstate are votes of the calling issuer for a motion: this, about this hospital, with this
/// text. With the k-th vote of a current issuer it carries. Whatever changes a hospital's status closes all motions about it,
/// so that no vote outlives the state it was given in. A removed issuer's votes do not count, not even once it is back.
/// Invitations. k issuers sign EIP-712 Invitation(address key,string name,uint40 expires); who holds the one-time key redeems
/// it, once and in time, for a wallet that was never accredited. Domain: name "Wardround Registry", version "1", chainId,
/// verifyingContract, salt = deploymentId.
interface IHospitalRegistry {
    event IssuerSet(address indexed issuer, bool allowed);
    event ThresholdSet(uint8 threshold);
    /// votes: of current issuers, this one included; needed: the threshold. The motion carries when they are equal.
    event MotionVoted(
        bytes32 indexed motion,
        address indexed hospital,
        address indexed issuer,
        MotionKind kind,
        string text,
        uint8 votes,
        uint8 needed
    );
    event VoteWithdrawn(bytes32 indexed motion, address indexed issuer);
    /// issuer: whose vote or signature was the k-th.
    event HospitalAccredited(address indexed hospital, string name, address indexed issuer);
    event HospitalSuspended(address indexed hospital, string reason, address indexed issuer);
    event HospitalReinstated(address indexed hospital, address indexed issuer);
    event InvitationRedeemed(address indexed key, address indexed hospital);
    event InvitationRevoked(address indexed key, address indexed issuer);
    event HospitalEnrolled(address indexed study, address indexed hospital, Keys keys);

    error HospitalRegistry_NotIssuer(address caller);
    error HospitalRegistry_BadIssuer(address issuer);
    error HospitalRegistry_TooManyIssuers(uint256 most);
    error HospitalRegistry_BadThreshold(uint256 threshold, uint256 issuers);
    error HospitalRegistry_VotedAlready(bytes32 motion, address issuer);
    error HospitalRegistry_NotVoted(bytes32 motion, address issuer);
    error HospitalRegistry_NotAccredited(address hospital);
    error HospitalRegistry_AlreadyAccredited(address hospital);
    error HospitalRegistry_Suspended(address hospital);
    error HospitalRegistry_NotSuspended(address hospital);
    error HospitalRegistry_BadHospital();
    error HospitalRegistry_BadName();
    error HospitalRegistry_BadReason();
    error HospitalRegistry_InvitationExpired(uint40 expires);
    error HospitalRegistry_InvitationUsed(address key);
    error HospitalRegistry_InvitationRevoked(address key);
    error HospitalRegistry_BadInvitationKey(address key);
    error HospitalRegistry_TooManySignatures(uint256 given, uint256 most);
    error HospitalRegistry_TooFewSignatures(uint256 valid, uint256 needed);
    error HospitalRegistry_BadDutyKey();
    error HospitalRegistry_BadEncryptionKey();
    error HospitalRegistry_BadPeerId();
    error HospitalRegistry_PeerIdTaken(bytes peerId);

    // --- the owner ---

    /// At most 32 issuers; none can be removed while that would leave fewer than the threshold.
    function setIssuer(address issuer, bool allowed) external;
    /// k: 1 to the number of issuers. Open motions carry by the new one at the next vote, or by any issuer's repeated one.
    function setThreshold(uint8 threshold) external;

    // --- an issuer ---

    /// Votes for admitting an unknown hospital under a name of 1 to 64 bytes.
    function accredit(address hospital, string calldata name) external;
    /// Votes for keeping an active hospital out of every next round; reason: at most 256 bytes.
    function suspend(address hospital, string calldata reason) external;
    /// Votes for letting a suspended hospital in again.
    function reinstate(address hospital) external;
    /// Takes back the caller's vote for an open motion.
    function withdrawVote(bytes32 motion) external;
    /// Makes an invitation's key useless, also before anybody signed for it. One issuer is enough: refusing harms less
    /// than admitting.
    function revoke(address key) external;

    // --- anyone ---

    /// Admits `hospital` under `name`. issuerSignatures: those of at least k different current issuers, in any order; others
    /// do not count. 65 bytes: ECDSA. Any other length: 20 bytes with the address of an issuer that is a contract, then what
    /// it checks by ERC-1271. keySignature: the one-time key's own (ECDSA), over EIP-712 Redemption(address hospital), so
    /// that nobody who sees the transaction can take the invitation for another wallet.
    function redeem(
        address key,
        string calldata name,
        uint40 expires,
        bytes[] calldata issuerSignatures,
        address hospital,
        bytes calldata keySignature
    ) external;

    /// Records `hospital`'s keys under the calling study. Anyone may call: the caller writes only its own namespace.
    function enrol(address hospital, Keys calldata keys) external;

    // --- reads ---

    function isIssuer(address account) external view returns (bool);
    function issuers() external view returns (address[] memory);
    function threshold() external view returns (uint8);
    /// The motion's id as of now and which current issuers voted for it. An event's motion with another id is closed.
    function motionOf(MotionKind kind, address hospital, string calldata text)
        external
        view
        returns (bytes32 motion, address[] memory voters);
    function invitationOf(address key) external view returns (InvitationState);
    /// keccak256(abi.encode(genesisHash, registry)), as the factory says.
    function deploymentId() external view returns (bytes32);
    function domainSeparator() external view returns (bytes32);
    function isActive(address hospital) external view returns (bool);
    function isSuspended(address hospital) external view returns (bool);
    function nameOf(address hospital) external view returns (string memory);
    function keysOf(address study, address hospital) external view returns (Keys memory);
    /// Whether the hospital's duty key in that study signed sha256(digest), with s in the lower half. WebCrypto's ECDSA
    /// hashes what it signs, hence the second hash. Uses the precompile of RIP-7212 where the chain has it.
    function isDutySignature(address study, address hospital, bytes32 digest, bytes32 r, bytes32 s)
        external
        view
        returns (bool);
}
