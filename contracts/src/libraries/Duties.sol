// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// What seats, and hospitals that prepare or sit a round out, sign with their duty keys, as EIP-712 digests; HospitalRegistry checks the signatures.
library Duties {
    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant NAME = keccak256("Wardround");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant ATTESTATION =
        keccak256("Attestation(address hospital,uint16 round,uint64 opened,bytes32 scoreCommitment)");
    bytes32 private constant SCORES =
        keccak256("Scores(address hospital,uint16 round,int16[] scores,bytes32 salt,bytes32 rewraps)");
    bytes32 private constant MODEL_SIGNATURE =
        keccak256("ModelSignature(address hospital,uint16 round,bytes32 modelHash,bytes32 header)");
    bytes32 private constant SCORED_MODEL = keccak256(
        "ScoredModel(address hospital,uint16 round,bytes32 modelHash,bytes32 header,int16[] scores)"
    );
    bytes32 private constant MASKS = keccak256("Masks(address hospital,uint16 round,bytes32 masks)");
    bytes32 private constant PRODUCTS = keccak256("Products(address hospital,uint16 round,bytes32 products)");
    bytes32 private constant SHARES = keccak256("Shares(address hospital,uint16 round,bytes32 shares)");
    bytes32 private constant ACCUSATION =
        keccak256("Accusation(address hospital,uint16 round,uint64 members)");
    bytes32 private constant VETO = keccak256("Veto(address hospital,uint16 round,bool vetoed)");
    bytes32 private constant PREPARATION = keccak256("Preparation(address hospital,bytes32 data)");

    /// The salt tells apart deployments that share chain id and addresses, as dev chains do.
    function domainSeparator(address study, bytes32 deploymentId) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, study, deploymentId));
    }

    function attestation(
        bytes32 domain,
        address hospital,
        uint16 round,
        uint64 opened,
        bytes32 scoreCommitment
    ) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(ATTESTATION, hospital, round, opened, scoreCommitment))
        );
    }

    function scores(
        bytes32 domain,
        address hospital,
        uint16 round,
        int16[] calldata list,
        bytes32 salt,
        bytes32 rewraps
    ) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(SCORES, hospital, round, _hashOf(list), salt, rewraps))
        );
    }

    function modelSignature(bytes32 domain, address hospital, uint16 round, bytes32 modelHash, bytes32 header)
        internal
        pure
        returns (bytes32)
    {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(MODEL_SIGNATURE, hospital, round, modelHash, header))
        );
    }

    function scoredModel(
        bytes32 domain,
        address hospital,
        uint16 round,
        bytes32 modelHash,
        bytes32 header,
        int16[] calldata list
    ) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(SCORED_MODEL, hospital, round, modelHash, header, _hashOf(list)))
        );
    }

    function masks(bytes32 domain, address hospital, uint16 round, bytes32 digest)
        internal
        pure
        returns (bytes32)
    {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(MASKS, hospital, round, digest)));
    }

    function products(bytes32 domain, address hospital, uint16 round, bytes32 digest)
        internal
        pure
        returns (bytes32)
    {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(PRODUCTS, hospital, round, digest))
        );
    }

    function shares(bytes32 domain, address hospital, uint16 round, bytes32 digest)
        internal
        pure
        returns (bytes32)
    {
        return
            MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(SHARES, hospital, round, digest)));
    }

    function accusation(bytes32 domain, address hospital, uint16 round, uint64 members)
        internal
        pure
        returns (bytes32)
    {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(ACCUSATION, hospital, round, members))
        );
    }

    function veto(bytes32 domain, address hospital, uint16 round, bool vetoed)
        internal
        pure
        returns (bytes32)
    {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(VETO, hospital, round, vetoed)));
    }

    function preparation(bytes32 domain, address hospital, bytes32 data) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(PREPARATION, hospital, data)));
    }

    /// encodePacked pads the elements of an array to 32 bytes, which is EIP-712's encoding of one.
    function _hashOf(int16[] calldata list) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(list));
    }
}
