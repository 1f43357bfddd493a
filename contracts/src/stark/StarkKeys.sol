// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// Keys of AIRs are kept as the code of a contract: 0, which is STOP so that nobody can run it, then
/// src/audit/stark/key.ts's bytes.
library StarkKeys {
    /// Longest code (EIP-170) less the 0.
    uint256 internal constant MOST_BYTES = 24_575;

    error StarkKeys_TooLong(uint256 length);
    error StarkKeys_NotDeployed();
    error StarkKeys_NoKey(address account);

    /// Stores a key. The same key is always stored at the same address.
    function deploy(bytes memory key) internal returns (address account) {
        if (key.length > MOST_BYTES) revert StarkKeys_TooLong(key.length);
        bytes memory code = _initCode(key);
        account = _addressOf(code);
        if (account.code.length != 0) return account;
        assembly ("memory-safe") {
            account := create2(0, add(code, 32), mload(code), 0)
        }
        if (account == address(0)) revert StarkKeys_NotDeployed();
    }

    /// The bytes of a key.
    function read(address account) internal view returns (bytes memory key) {
        uint256 length = account.code.length;
        if (length < 2) revert StarkKeys_NoKey(account);
        key = new bytes(length - 1);
        uint256 first;
        assembly ("memory-safe") {
            extcodecopy(account, 0, 0, 1)
            first := byte(0, mload(0))
            extcodecopy(account, add(key, 32), 1, sub(length, 1))
        }
        if (first != 0) revert StarkKeys_NoKey(account);
    }

    /// PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: returns all that follows it.
    function _initCode(bytes memory key) private pure returns (bytes memory) {
        return abi.encodePacked(hex"61", uint16(key.length + 1), hex"80600a3d393df3", uint8(0), key);
    }

    function _addressOf(bytes memory code) private view returns (address) {
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(this), bytes32(0), keccak256(code)));
        return address(uint160(uint256(hash)));
    }
}
