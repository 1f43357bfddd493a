// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Ether of studies, out of which whoever carries a signed duty to its study gets the gas back. A seat therefore needs none.
///
/// A carrier is paid for the gas it used, at its own price but no more than the base fee and 2 gwei, and never more than the
/// study's pot holds. What a call costs beyond the duty itself (a wrapping contract, more calldata than the duty has, a second
/// carry in one transaction) is the carrier's own. Where the pot is empty, duties are carried all the same.
interface IGasPot {
    event PotFunded(address indexed study, address indexed from, uint256 amount);
    /// gasUsed: as refunded.
    event DutiesCarried(
        address indexed study, address indexed carrier, uint256 calls, uint256 gasUsed, uint256 refund
    );
    event PotReclaimed(address indexed study, address indexed sponsor, uint256 amount);

    error GasPot_NotStudy(address account);
    error GasPot_NothingToCarry();
    /// Only what seats and hospitals sign (attest, submitScore, signModel, signScored, postMasks, postProducts, openShares, accuse, vetoRound,
    /// prepare), what anybody may bring of an audit (reveal, capture, prove) and advance are carried, and none with more calldata than
    /// it needs; a prove may have 128 kB.
    error GasPot_NotCarried(uint256 call);
    error GasPot_NotSponsor(address caller);
    error GasPot_StudyRuns(address study);
    error GasPot_Empty(address study);
    error GasPot_PaymentRefused(address receiver);

    /// Adds the ether sent to a study's pot. Anybody may.
    function fund(address study) external payable;

    /// Makes the calls on the study, in order, and pays the gas back to the caller. Reverts with the reason of the first call
    /// that fails, so a carrier simulates first.
    function carry(address study, bytes[] calldata calls) external returns (uint256 refund);

    /// Pays what is left to the sponsor once the study has ended.
    function reclaim(address study) external returns (uint256 amount);

    /// In wei.
    function balanceOf(address study) external view returns (uint256);
}
