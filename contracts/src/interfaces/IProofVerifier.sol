// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// What a study asks of an IStarkVerifier (stark/), which is one. Here, as what imports something from there is compiled by another
/// pipeline along with it.
interface IProofVerifier {
    /// Returns where the proof holds, else reverts: a StarkVerifier with Stark_Refused.
    function verify(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external view;

    /// Whether the statement was proven here.
    function isProven(bytes32 statement) external view returns (bool);

    /// The name of a statement: keccak256(abi.encode(key, context, keccak256(inputs), keccak256(roots))), a word
    /// for each of those.
    function statementOf(address key, bytes32 context, uint64[] calldata inputs, bytes24[] calldata roots)
        external
        pure
        returns (bytes32);
}
