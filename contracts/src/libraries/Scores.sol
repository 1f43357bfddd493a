// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Scores are gains in basis points; 16 of them fill a word.
library Scores {
    uint256 internal constant PER_WORD = 16;
    int16 internal constant NOT_OPENED = type(int16).min;

    /// Packs scores 16·word … 16·word + 15 of the list.
    function pack(int16[] calldata scores, uint256 word) internal pure returns (uint256 packed) {
        uint256 first = word * PER_WORD;
        uint256 end = scores.length < first + PER_WORD ? scores.length : first + PER_WORD;
        for (uint256 i = first; i < end; i++) {
            packed |= uint256(uint16(scores[i])) << (16 * (i - first));
        }
    }

    /// A score where `at` finds it in an otherwise empty word.
    function place(int16 score, uint256 i) internal pure returns (uint256) {
        return uint256(uint16(score)) << (16 * (i % PER_WORD));
    }

    function at(uint256 packed, uint256 i) internal pure returns (int16) {
        return int16(uint16(packed >> (16 * (i % PER_WORD))));
    }

    function words(uint256 scores) internal pure returns (uint256) {
        return (scores + PER_WORD - 1) / PER_WORD;
    }

    /// The middle of the first `length` values; of an even number the lower middle, so that it is a score somebody gave
    /// and a tie between two seats goes against the update. Sorts them in place. `length` must not be 0.
    function median(int16[7] memory values, uint256 length) internal pure returns (int16) {
        for (uint256 i = 1; i < length; i++) {
            int16 value = values[i];
            uint256 j = i;
            for (; j > 0 && values[j - 1] > value; j--) {
                values[j] = values[j - 1];
            }
            values[j] = value;
        }
        return values[(length - 1) / 2];
    }

    /// A word that sorts upwards by median, then reputation, then seniority (lower index); memberOf undoes it.
    function rankKey(int16 median_, uint16 reputation, uint256 member) internal pure returns (uint256) {
        return (uint256(int256(median_) + 32768) << 24) | (uint256(reputation) << 8) | (255 - member);
    }

    /// The same for a sum of scores.
    function rankKey(uint64 sum, uint256 member) internal pure returns (uint256) {
        return (uint256(sum) << 8) | (255 - member);
    }

    function memberOf(uint256 key) internal pure returns (uint256) {
        return 255 - (key & 0xff);
    }

    /// What an update is worth above the least that qualifies: 1 at the margin.
    function weight(int16 median_, int16 margin) internal pure returns (uint64) {
        return uint64(uint256(int256(median_) - int256(margin) + 1));
    }

    /// A qualified round's outcome for reputation: 7,500 at no gain, 5,000 to 10,000.
    function outcome(int16 median_) internal pure returns (uint16) {
        int256 value = 7500 + int256(median_);
        if (value < 5000) return 5000;
        if (value > 10_000) return 10_000;
        return uint16(uint256(value));
    }
}
