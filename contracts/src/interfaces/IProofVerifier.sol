// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// What a study asks of an IStarkVerifier (stark/). Said again here, as what is imported from there is compiled by another pipeline
/// together with all that imports it.
interface IProofVerifier {
    /// Returns where the proof holds, else reverts.
    function verify(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external view;

    /// Whether the statement was proven before.
    function isProven(bytes32 statement) external view returns (bool);

    /// The name of a statement.
    function statementOf(address key, bytes32 context, uint64[] calldata inputs, bytes24[] calldata roots)
        external
        pure
        returns (bytes32);
}
