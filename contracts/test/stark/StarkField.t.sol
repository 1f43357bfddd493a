// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Extension, norm, ONE, ZERO } from "../../src/stark/Extension.sol";
import { GENERATOR, Goldilocks, MODULUS, Powers } from "../../src/stark/Goldilocks.sol";
import { between, vm } from "../base/Vm.sol";

/// StarkField.tree
contract StarkFieldTest {
    // --- Goldilocks ---

    function testFuzz_APowerMultipliesAsOftenAsItSays(uint64 base, uint8 exponent) public pure {
        uint256 product = 1;
        for (uint256 i = 0; i < exponent; i++) {
            product = mulmod(product, base, MODULUS);
        }
        vm.assertEq(Goldilocks.power(base, exponent), product);
    }

    function testFuzz_AnInverseGivesOne(uint64 a) public pure {
        uint256 element = between(a, 1, MODULUS - 1);
        vm.assertEq(mulmod(element, Goldilocks.inverse(element), MODULUS), 1);
        vm.assertEq(Goldilocks.inverse(0), 0);
    }

    function test_ARootOfUnityIsOfItsOrder() public pure {
        vm.assertEq(Goldilocks.rootOfUnity(0), 1);
        for (uint256 log2 = 1; log2 <= 32; log2++) {
            uint256 root = Goldilocks.rootOfUnity(log2);
            vm.assertEq(Goldilocks.power(root, 1 << (log2 - 1)), MODULUS - 1);
            vm.assertEq(root, Goldilocks.power(GENERATOR, (MODULUS - 1) >> log2));
        }
    }

    function testFuzz_PowersAreThoseOfTheRoot(uint8 log2, uint32 exponent) public pure {
        uint256 order = between(log2, 1, 32);
        uint256 reduced = uint256(exponent) % (1 << order);
        uint256 expected = Goldilocks.power(Goldilocks.rootOfUnity(order), reduced);
        vm.assertEq(Powers.get(Powers.ofRoot(order), reduced), expected);
    }

    // --- Extension ---

    function testFuzz_SumsAndProductsAreThoseOfPolynomials(uint64[4] memory parts) public pure {
        (uint256 a0, uint256 a1) = (parts[0] % MODULUS, parts[1] % MODULUS);
        (uint256 b0, uint256 b1) = (parts[2] % MODULUS, parts[3] % MODULUS);
        (Extension a, Extension b) = (_of(a0, a1), _of(b0, b1));
        _assertSame(a + b, _of(addmod(a0, b0, MODULUS), addmod(a1, b1, MODULUS)));
        _assertSame(a - b + b, a);
        _assertSame(b - a + a, b);
        uint256 re = addmod(mulmod(a0, b0, MODULUS), mulmod(7, mulmod(a1, b1, MODULUS), MODULUS), MODULUS);
        uint256 im = addmod(mulmod(a0, b1, MODULUS), mulmod(a1, b0, MODULUS), MODULUS);
        _assertSame(a * b, _of(re, im));
    }

    function test_TheLargestElementsStayCanonical() public pure {
        Extension largest = _of(MODULUS - 1, MODULUS - 1);
        _assertSame(largest + largest, _of(MODULUS - 2, MODULUS - 2));
        _assertSame(ZERO - largest, _of(1, 1));
        _assertSame(largest - ZERO, largest);
        _assertSame(largest * largest, _of(8, 2));
    }

    /// As src/field/extension.ts computes them.
    function test_TheyAreThoseOfTheProver() public pure {
        Extension a = _of(0x0123456789abcdef, 0xfedcba9876543210);
        _assertSame(a * _of(0xffffffff00000000, 1), _of(0xf6e5d4c9b2a1907b, 0x02468ace13579be0));
        _assertSame(a.reciprocal(), _of(0x68350c67255346e2, 0x6b20a96dad90b4c8));
        _assertSame(a.raised(1000), _of(0x6c4a3c6219047fe1, 0x253a8c87a603b338));
    }

    function testFuzz_RaisedMultipliesAsOftenAsItSays(uint64 re, uint64 im, uint8 exponent) public pure {
        Extension a = _of(re % MODULUS, im % MODULUS);
        Extension product = ONE;
        for (uint256 i = 0; i < exponent; i++) {
            product = product * a;
        }
        _assertSame(a.raised(exponent), product);
    }

    function testFuzz_AReciprocalGivesOne(uint64 re, uint64 im) public pure {
        Extension a = _of(re % MODULUS, im % MODULUS);
        vm.assume(!(a == ZERO));
        _assertSame(a * a.reciprocal(), ONE);
        vm.assertTrue(norm(a) != 0);
        _assertSame(ZERO.reciprocal(), ZERO);
    }

    function _of(uint256 re, uint256 im) private pure returns (Extension) {
        return Extension.wrap(re | (im << 128));
    }

    function _assertSame(Extension a, Extension b) private pure {
        vm.assertEq(Extension.unwrap(a), Extension.unwrap(b));
    }
}
