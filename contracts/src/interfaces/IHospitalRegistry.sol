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

/// Who may take part at all (accreditation by issuers), and with which keys in which study.
interface IHospitalRegistry {
    event IssuerSet(address indexed issuer, bool allowed);
    event HospitalAccredited(address indexed hospital, string name, address indexed issuer);
    event HospitalSuspended(address indexed hospital, string reason, address indexed issuer);
    event HospitalReinstated(address indexed hospital, address indexed issuer);
    event HospitalEnrolled(address indexed study, address indexed hospital, Keys keys);

    error HospitalRegistry_NotIssuer(address caller);
    error HospitalRegistry_NotAccredited(address hospital);
    error HospitalRegistry_AlreadyAccredited(address hospital);
    error HospitalRegistry_Suspended(address hospital);
    error HospitalRegistry_NotSuspended(address hospital);
    error HospitalRegistry_BadName();
    error HospitalRegistry_BadDutyKey();
    error HospitalRegistry_BadEncryptionKey();
    error HospitalRegistry_BadPeerId();
    error HospitalRegistry_PeerIdTaken(bytes peerId);

    function accredit(address hospital, string calldata name) external;
    function suspend(address hospital, string calldata reason) external;
    function reinstate(address hospital) external;
    function setIssuer(address issuer, bool allowed) external;

    /// Records `hospital`'s keys under the calling study. Anyone may call: the caller writes only its own namespace.
    function enrol(address hospital, Keys calldata keys) external;

    function isIssuer(address account) external view returns (bool);
    function isActive(address hospital) external view returns (bool);
    function nameOf(address hospital) external view returns (string memory);
    function keysOf(address study, address hospital) external view returns (Keys memory);
    /// Whether the hospital's duty key in that study signed sha256(digest), with s in the lower half. WebCrypto's ECDSA
    /// hashes what it signs, hence the second hash. Uses the precompile of RIP-7212 where the chain has it.
    function isDutySignature(address study, address hospital, bytes32 digest, bytes32 r, bytes32 s)
        external
        view
        returns (bool);
}
