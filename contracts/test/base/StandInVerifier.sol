// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IProofVerifier } from "../../src/interfaces/IProofVerifier.sol";

/// Takes for a statement's proof what begins with its name.
contract StandInVerifier is IProofVerifier {
    error Refused();

    mapping(bytes32 statement => bool) public isProven;

    function remember(bytes32 statement) external {
        isProven[statement] = true;
    }

    function verify(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external pure {
        if (proof.length < 32 || bytes32(proof) != statementOf(key, context, inputs, roots)) {
            revert Refused();
        }
    }

    function statementOf(address key, bytes32 context, uint64[] calldata inputs, bytes24[] calldata roots)
        public
        pure
        returns (bytes32)
    {
        bytes32 inputsHash = keccak256(abi.encodePacked(inputs));
        return keccak256(abi.encode(key, context, inputsHash, keccak256(abi.encodePacked(roots))));
    }
}
