// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IProofVerifier } from "../interfaces/IProofVerifier.sol";

/// Checks proofs that a trace follows the rules of an AIR. src/audit/stark/verify.ts says what is checked; this is
/// the same.
///
/// A statement is that the AIR whose key an account holds (StarkKeys) has a trace with these inputs, of which the
/// oracles that the AIR calls external are under these roots. Of those that it pins, the inputs say two elements
/// each after all others: nothing else than what was committed to has these (src/audit/stark/pins.ts). Its context
/// says what the proof is for, and a proof is good for one alone.
interface IStarkVerifier is IProofVerifier {
    event Proved(bytes32 indexed statement);
    /// The first half of a proof holds; the list is what finish() takes.
    event Started(bytes32 indexed statement, address indexed sender, uint256[] list);

    error StarkVerifier_BadParameters();
    /// The sender has not started what this list stands for, or has finished it.
    error StarkVerifier_NotStarted();

    /// Verifies a proof and remembers its statement.
    function prove(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external;

    /// Verifies the first half of a proof that is too long for a transaction: all but the openings of FRI's layers.
    function start(
        address key,
        bytes32 context,
        uint64[] calldata inputs,
        bytes24[] calldata roots,
        bytes calldata proof
    ) external returns (uint256[] memory list);

    /// Verifies the rest of a proof and remembers its statement. By who started it, with the list that start()
    /// returned.
    function finish(uint256[] calldata list, bytes calldata proof) external;
}
