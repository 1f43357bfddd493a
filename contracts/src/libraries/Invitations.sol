// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// What issuers and one-time keys sign, as EIP-712 digests, and who signed.
library Invitations {
    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant NAME = keccak256("Wardround Registry");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant INVITATION = keccak256("Invitation(address key,string name,uint40 expires)");
    bytes32 private constant REDEMPTION = keccak256("Redemption(address hospital)");

    /// The salt tells apart deployments that share chain id and addresses, as dev chains do.
    function domainSeparator(address registry, bytes32 deploymentId) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, registry, deploymentId));
    }

    function invitation(bytes32 domain, address key, string memory name, uint40 expires)
        internal
        pure
        returns (bytes32)
    {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(INVITATION, key, keccak256(bytes(name)), expires))
        );
    }

    function redemption(bytes32 domain, address hospital) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(REDEMPTION, hospital)));
    }

    /// Whether the holder of a private key signed. A one-time key is no contract, so no ERC-1271 here.
    function isSignedBy(address key, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && signer == key;
    }

    /// Who signed: by ECDSA where the signature has its 65 bytes, else the contract that its first 20 bytes name, if that
    /// says so (ERC-1271). The zero address where nobody did.
    function signerOf(bytes32 digest, bytes calldata signature) internal view returns (address signer) {
        if (signature.length == 65) {
            (signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
            return signer;
        }
        if (signature.length < 20) return address(0);
        signer = address(bytes20(signature[:20]));
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature[20:])) {
            return address(0);
        }
    }
}
