// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IStudy, Phase, Rules } from "../../src/interfaces/IStudy.sol";
import { Fixture } from "./Fixture.sol";
import { Vm, vm } from "./Vm.sol";

/// What tests of masked rounds share: eight hospitals, of which seven hold the seats.
abstract contract MaskedFixture is Fixture {
    uint64 internal constant ALL = 0x7f;

    function prepare(Rules memory rules_) internal {
        deploy();
        for (uint256 i = 0; i < 8; i++) {
            addHospital();
        }
        rules = rules_;
        study = createStudy();
    }

    function toUnmask(uint256 n) internal {
        startStudy(n);
        submitAll();
        attestAll();
        assertPhase(Phase.Unmask);
    }

    /// Lets the first seats miss the deadline of Unmask.
    function vanish(uint256 missing) internal {
        postAllBut(missing);
        if (missing == 0) return;
        passDeadline();
        study.advance();
    }

    function accuseBy(uint256 first, uint256 end, uint64 members) internal {
        for (uint256 i = first; i < end; i++) {
            accuse(i, members);
        }
    }

    function count(Vm.Log[] memory logs, bytes32 selector) internal pure returns (uint256 n) {
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] == selector) n++;
        }
    }

    function isForfeited(Vm.Log[] memory logs, uint256 i, string memory reason) internal view returns (bool) {
        bytes32 topic = bytes32(uint256(uint160(hospitals[i])));
        bytes32 data = keccak256(abi.encode(SLASH, reason));
        for (uint256 n = 0; n < logs.length; n++) {
            if (logs[n].topics[0] != IStudy.StakeForfeited.selector || logs[n].topics[2] != topic) continue;
            if (keccak256(logs[n].data) == data) return true;
        }
        return false;
    }

    /// As a call, so that only the last of several can be expected to revert.
    function does(bytes calldata call) external {
        (bool ok, bytes memory reason) = address(study).call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
