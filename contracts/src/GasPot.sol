// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { IGasPot } from "./interfaces/IGasPot.sol";
import { IStudy, Phase } from "./interfaces/IStudy.sol";
import { IStudyFactory } from "./interfaces/IStudyFactory.sol";
import { Calldata } from "./libraries/Calldata.sol";

/// Pays those who carry signed duties to the factory's studies.
contract GasPot is IGasPot, ReentrancyGuardTransient {
    /// Most wei a gas over the base fee.
    uint256 private constant MAX_TIP = 2 gwei;
    /// What a transaction costs before it does anything, and what only its first carry pays besides: cold storage, cold accounts.
    uint256 private constant TRANSACTION_GAS = 21_000;
    uint256 private constant FIRST_CARRY_GAS = 6500;
    /// What carry itself does outside its two looks at the gas: its own calldata and dispatch, the event, the payment. Measured,
    /// and kept a little under what it costs, so that nobody earns by carrying: GasPot.t.sol. What it cannot see is the storage that
    /// a study frees as it ends; the call that ends one earns that, once.
    uint256 private constant CARRY_GAS = 11_240;
    /// Calldata around each call: its offset and length, of 38 and 35 tokens, and 28 zero bytes that fill its last word, for every
    /// call is four bytes longer than full words.
    uint256 private constant TOKENS_PER_CALL = 101;
    /// EIP-7623: gas a token of calldata, and the least that a transaction pays for one. A zero byte is one token, any other four.
    uint256 private constant TOKEN_GAS = 4;
    uint256 private constant TOKEN_FLOOR_GAS = 10;
    /// Length of a call with six and with five words, and of the longest with scores: seven words, a length, 64 scores.
    uint256 private constant SIX_WORDS = 4 + 6 * 32;
    uint256 private constant FIVE_WORDS = 4 + 5 * 32;
    /// Of prepare, reveal and capture.
    uint256 private constant FOUR_WORDS = 4 + 4 * 32;
    uint256 private constant THREE_WORDS = 4 + 3 * 32;
    uint256 private constant ONE_WORD = 4 + 32;
    /// Longest call of prove: what nodes take as a transaction is about as long.
    uint256 private constant MOST_PROOF = 128 * 1024;
    uint256 private constant MOST_SCORES = 4 + (7 + 1 + 64) * 32;

    IStudyFactory public immutable factory;

    mapping(address study => uint256) private _balances;
    /// Within one transaction: the transaction itself is paid back once, however many times a contract carries in it.
    bool private transient _isTransactionPaid;

    constructor(IStudyFactory factory_) {
        factory = factory_;
    }

    /// @inheritdoc IGasPot
    function fund(address study) external payable {
        _requireStudy(study);
        _balances[study] += msg.value;
        emit PotFunded(study, msg.sender, msg.value);
    }

    /// @inheritdoc IGasPot
    function carry(address study, bytes[] calldata calls) external nonReentrant returns (uint256 refund) {
        uint256 gasBefore = gasleft();
        _requireStudy(study);
        if (calls.length == 0) revert GasPot_NothingToCarry();
        uint256 tokens = 0;
        for (uint256 i = 0; i < calls.length; i++) {
            if (!_isDuty(calls[i])) revert GasPot_NotCarried(i);
            tokens += TOKENS_PER_CALL + Calldata.tokens(calls[i]);
            _call(study, calls[i]);
        }

        uint256 gasUsed = _payable(gasBefore - gasleft(), tokens);
        refund = gasUsed * _price();
        uint256 balance = _balances[study];
        if (refund > balance) refund = balance;
        _balances[study] = balance - refund;
        emit DutiesCarried(study, msg.sender, calls.length, gasUsed, refund);
        // Pushed, not kept to be fetched: a relay's account then never runs dry, and needs no second transaction. A carrier
        // that refuses the payment undoes its own transaction alone.
        _pay(msg.sender, refund);
    }

    /// @inheritdoc IGasPot
    function reclaim(address study) external returns (uint256 amount) {
        _requireStudy(study);
        if (IStudy(study).sponsor() != msg.sender) revert GasPot_NotSponsor(msg.sender);
        if (IStudy(study).snapshot().phase != Phase.Ended) revert GasPot_StudyRuns(study);
        amount = _balances[study];
        if (amount == 0) revert GasPot_Empty(study);
        _balances[study] = 0;
        emit PotReclaimed(study, msg.sender, amount);
        _pay(msg.sender, amount);
    }

    /// @inheritdoc IGasPot
    function balanceOf(address study) external view returns (uint256) {
        return _balances[study];
    }

    /// Each of these succeeds only as often as a study owes it, so nobody can wear a pot out by repeating one.
    function _isDuty(bytes calldata call) private pure returns (bool) {
        uint256 length = call.length;
        if (length < 4) return false;
        bytes4 selector = bytes4(call);
        if (selector == IStudy.attest.selector || selector == IStudy.signModel.selector) {
            return length == SIX_WORDS;
        }
        if (selector == IStudy.submitScore.selector || selector == IStudy.signScored.selector) {
            return length <= MOST_SCORES;
        }
        if (
            selector == IStudy.vetoRound.selector || selector == IStudy.postMasks.selector
                || selector == IStudy.postProducts.selector || selector == IStudy.openShares.selector
                || selector == IStudy.accuse.selector
        ) return length == FIVE_WORDS;
        if (selector == IStudy.prepare.selector) return length == FOUR_WORDS;
        if (selector == IStudy.reveal.selector) return length == THREE_WORDS;
        if (selector == IStudy.capture.selector) return length == ONE_WORD;
        if (selector == IStudy.prove.selector) return length <= MOST_PROOF;
        return selector == IStudy.advance.selector && length == 4;
    }

    function _call(address study, bytes calldata call) private {
        (bool ok, bytes memory reason) = study.call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }

    /// The gas that the transaction costs, as far as it is for the duties (EIP-7623).
    function _payable(uint256 executed, uint256 tokens) private returns (uint256 gas) {
        gas = executed + CARRY_GAS + TOKEN_GAS * tokens;
        uint256 floor = TOKEN_FLOOR_GAS * tokens;
        if (!_isTransactionPaid) {
            _isTransactionPaid = true;
            gas += TRANSACTION_GAS + FIRST_CARRY_GAS;
            floor += TRANSACTION_GAS;
        }
        return gas < floor ? floor : gas;
    }

    function _price() private view returns (uint256) {
        uint256 most = block.basefee + MAX_TIP;
        return tx.gasprice < most ? tx.gasprice : most;
    }

    function _pay(address receiver, uint256 amount) private {
        (bool ok,) = receiver.call{ value: amount }("");
        if (!ok) revert GasPot_PaymentRefused(receiver);
    }

    function _requireStudy(address study) private view {
        if (!factory.isStudy(study)) revert GasPot_NotStudy(study);
    }
}
