// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Why a proof is refused: as src/audit/stark/verify.ts says, in its order.
enum Refusal {
    Statement,
    Malformed,
    Constraints,
    Work,
    Opening,
    Folding,
    FinalPolynomial
}

/// The proof does not show what it should.
error Stark_Refused(Refusal refusal);

/// Reverts for this reason.
function refuse(Refusal refusal) pure {
    revert Stark_Refused(refusal);
}
