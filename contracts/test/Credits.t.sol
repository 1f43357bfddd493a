// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ERC1363Utils } from "@openzeppelin/contracts/token/ERC20/utils/ERC1363Utils.sol";
import { Fixture } from "./base/Fixture.sol";
import { vm } from "./base/Vm.sol";

/// Credits.tree
contract CreditsTest is Fixture {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function test_ItIsNamedAsWalletsShowIt() public view {
        vm.assertEq(credits.name(), "Wardround Credit");
        vm.assertEq(credits.symbol(), "WRC");
        vm.assertEq(uint256(credits.decimals()), 18);
    }

    function test_OnlyTheOwnerMints() public {
        credits.mint(stranger, 5);
        vm.assertEq(credits.balanceOf(stranger), 5);
        expectError(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.prank(stranger);
        credits.mint(stranger, 5);
    }

    function test_APermitIsAnAllowanceOnce() public {
        uint256 key = 0xa11ce;
        address owner = vm.addr(key);
        bytes32 message = keccak256(abi.encode(PERMIT, owner, stranger, 7, 0, block.timestamp));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", credits.DOMAIN_SEPARATOR(), message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        credits.permit(owner, stranger, 7, block.timestamp, v, r, s);
        vm.assertEq(credits.allowance(owner, stranger), 7);
        (bool ok,) = address(credits)
            .call(abi.encodeCall(credits.permit, (owner, stranger, 7, block.timestamp, v, r, s)));
        vm.assertFalse(ok, "replayed");
    }

    function test_TransferAndCallNeedsAReceiver() public {
        credits.mint(address(this), 1);
        expectError(ERC1363Utils.ERC1363InvalidReceiver.selector, stranger);
        credits.transferAndCall(stranger, 1);
    }
}
