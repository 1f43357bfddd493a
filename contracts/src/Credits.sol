// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC1363 } from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// What stakes, deposits and rewards are counted in. Transfer-and-call lets a hospital join in one transaction.
contract Credits is ERC20, ERC20Permit, ERC1363, Ownable {
    constructor(address owner)
        ERC20("Wardround Credit", "WRC")
        ERC20Permit("Wardround Credit")
        Ownable(owner)
    { }

    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }
}
