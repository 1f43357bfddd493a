// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension } from "../../src/stark/Extension.sol";
import { Transcript, Transcripts } from "../../src/stark/Transcript.sol";
import { between, vm } from "../base/Vm.sol";

/// Transcript.tree
contract TranscriptTest {
    /// The numbers are those of src/audit/stark/transcript.ts.
    function test_ItFollowsTheProvers() public view {
        this.checkAgainstProver("wardround", hex"00000000000002c9");
    }

    function checkAgainstProver(bytes calldata said, bytes calldata nonce) external pure {
        Transcript memory transcript;
        transcript.absorb(_offset(said), said.length);
        _assertState(transcript, 0x6c82e18681e046e2f4b9828b935042220066649e4318396f128ba9558c2973aa);
        _assertIs(transcript.extension(), 0x174645d7862a4df8, 0x03fea42020da372e);
        _assertIs(transcript.outside(), 0x985260db2e2e3118, 0xae01a845023e3f03);
        uint256[10] memory expected = [uint256(481), 302, 1615, 1320, 630, 439, 1836, 1235, 548, 166];
        uint256[] memory positions = transcript.positions(10, 11);
        vm.assertEq(positions.length, 10);
        for (uint256 i = 0; i < 10; i++) {
            vm.assertEq(positions[i], expected[i]);
        }
        _assertState(transcript, 0xc6d0e2240f60f8a649ae29bce74c5d765db39ec6335e3baf6c1299d6a1af4082);
        vm.assertTrue(transcript.accepts(_offset(nonce), 10));
        _assertState(transcript, 0x48ff110fe3a25ef0619cbf72747379da6ef8762e8fbb964baaf41ee357f4497f);
    }

    /// The numbers are those of src/audit/stark/pins.ts.
    function test_ThePointOfAPinFollowsFromTheRoot() public pure {
        bytes24 root = 0x0102030405060708090a0b0c0d0e0f101112131415161718;
        (Extension point, Extension weight) = Transcripts.pinPoint(root);
        _assertIs(point, 0xde8b949348299a59, 0xa71b5863e51ecbd0);
        _assertIs(weight, 0xc9d2a61f97d67cd6, 0x513e9fb977833834);
        (Extension otherPoint,) = Transcripts.pinPoint(root ^ bytes24(uint192(1)));
        vm.assertFalse(point == otherPoint);
    }

    function testFuzz_ItBeginsWithWhatIsSaid(
        bytes memory said,
        uint64[] calldata elements,
        bytes24[] calldata digests
    ) public pure {
        bytes memory all = abi.encodePacked(uint8(2), bytes32(0), said);
        for (uint256 i = 0; i < elements.length; i++) {
            all = abi.encodePacked(all, elements[i]);
        }
        for (uint256 i = 0; i < digests.length; i++) {
            all = abi.encodePacked(all, digests[i]);
        }
        _assertState(Transcripts.begin(said, elements, digests), keccak256(all));
    }

    function testFuzz_PositionsAreInTheDomain(bytes32 state, uint8 count, uint8 log2) public pure {
        Transcript memory transcript = Transcript(state);
        uint256 bits = between(log2, 0, 32);
        uint256[] memory positions = transcript.positions(count, bits);
        vm.assertEq(positions.length, count);
        for (uint256 i = 0; i < count; i++) {
            vm.assertEq(positions[i] >> bits, 0);
        }
    }

    function testFuzz_WorkIsLeadingZeros(bytes32 state, bytes8 nonce) public view {
        this.checkWork(state, abi.encodePacked(nonce, bytes24(type(uint192).max)));
    }

    function checkWork(bytes32 state, bytes calldata nonce) external pure {
        uint256 hash = uint256(keccak256(abi.encodePacked(uint8(4), state, nonce[:8])));
        for (uint256 bits = 0; bits <= 8; bits++) {
            Transcript memory transcript = Transcript(state);
            bool isDone = transcript.accepts(_offset(nonce), bits);
            vm.assertTrue(isDone == (hash < 1 << (256 - bits) || bits == 0));
            bytes32 after_ = keccak256(abi.encodePacked(uint8(2), state, nonce[:8]));
            _assertState(transcript, isDone ? after_ : state);
        }
    }

    function test_MemoryIsStillFreeWhereItWas() public view {
        this.checkMemory(abi.encodePacked(type(uint256).max));
    }

    function checkMemory(bytes calldata said) external pure {
        Transcript memory transcript;
        uint256 before = _free();
        transcript.absorb(_offset(said), said.length);
        transcript.accepts(_offset(said), 1);
        transcript.outside();
        vm.assertEq(_free(), before);
    }

    function _offset(bytes calldata data) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := data.offset
        }
    }

    function _free() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    function _assertState(Transcript memory transcript, bytes32 state) private pure {
        vm.assertEq(transcript.state, state);
    }

    function _assertIs(Extension element, uint256 re, uint256 im) private pure {
        vm.assertEq(Extension.unwrap(element), re | (im << 128));
    }
}
