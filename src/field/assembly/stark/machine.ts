import { add, multiply } from '../goldilocks'
import { productIm, productRe, subtract } from './arithmetic'

/** Rows that an instruction works on, in bytes. */
const blockBytes: usize = 512
const instructionBytes: usize = 32

// What an instruction does, the kinds of its operands in the name: of the base field or of the extension.
const addBaseBase = 0
const subtractBaseBase = 1
const multiplyBaseBase = 2
const addExtensionBase = 3
const subtractExtensionBase = 4
const subtractBaseExtension = 5
const multiplyExtensionBase = 6
const addExtensionExtension = 7
const subtractExtensionExtension = 8
const multiplyExtensionExtension = 9

/**
 * Runs a program over so many blocks of 64 rows. An instruction is eight 32-bit integers: what it does, then the
 * addresses of its result's, its first and its second operand's two halves, then what advances: with 1 the result
 * moves on by a block with every block, with 2 the first operand does, with 4 the second.
 */
export function run(program: usize, instructions: i32, blocks: i32): void {
  const end = program + <usize>instructions * instructionBytes
  for (let offset: usize = 0; offset < <usize>blocks * blockBytes; offset += blockBytes) {
    for (let at = program; at < end; at += instructionBytes) {
      const advance = load<u32>(at, 28)
      const d = advance & 1 ? offset : 0
      const a = advance & 2 ? offset : 0
      const b = advance & 4 ? offset : 0
      step(
        load<i32>(at),
        load<usize>(at, 4) + d,
        load<usize>(at, 8) + d,
        load<usize>(at, 12) + a,
        load<usize>(at, 16) + a,
        load<usize>(at, 20) + b,
        load<usize>(at, 24) + b,
      )
    }
  }
}

/** Row by row, so that a result may take any operand's place. */
function step(operation: i32, d0: usize, d1: usize, a0: usize, a1: usize, b0: usize, b1: usize): void {
  switch (operation) {
    case addBaseBase:
      for (let i: usize = 0; i < blockBytes; i += 8) store<u64>(d0 + i, add(load<u64>(a0 + i), load<u64>(b0 + i)))
      break
    case subtractBaseBase:
      for (let i: usize = 0; i < blockBytes; i += 8) store<u64>(d0 + i, subtract(load<u64>(a0 + i), load<u64>(b0 + i)))
      break
    case multiplyBaseBase:
      for (let i: usize = 0; i < blockBytes; i += 8) store<u64>(d0 + i, multiply(load<u64>(a0 + i), load<u64>(b0 + i)))
      break
    case addExtensionBase:
      for (let i: usize = 0; i < blockBytes; i += 8)
        put(d0 + i, add(load<u64>(a0 + i), load<u64>(b0 + i)), d1 + i, load<u64>(a1 + i))
      break
    case subtractExtensionBase:
      for (let i: usize = 0; i < blockBytes; i += 8)
        put(d0 + i, subtract(load<u64>(a0 + i), load<u64>(b0 + i)), d1 + i, load<u64>(a1 + i))
      break
    case subtractBaseExtension:
      for (let i: usize = 0; i < blockBytes; i += 8)
        put(d0 + i, subtract(load<u64>(a0 + i), load<u64>(b0 + i)), d1 + i, subtract(0, load<u64>(b1 + i)))
      break
    case multiplyExtensionBase:
      for (let i: usize = 0; i < blockBytes; i += 8) {
        const factor = load<u64>(b0 + i)
        put(d0 + i, multiply(load<u64>(a0 + i), factor), d1 + i, multiply(load<u64>(a1 + i), factor))
      }
      break
    case addExtensionExtension:
      for (let i: usize = 0; i < blockBytes; i += 8)
        put(d0 + i, add(load<u64>(a0 + i), load<u64>(b0 + i)), d1 + i, add(load<u64>(a1 + i), load<u64>(b1 + i)))
      break
    case subtractExtensionExtension:
      for (let i: usize = 0; i < blockBytes; i += 8) {
        const re = subtract(load<u64>(a0 + i), load<u64>(b0 + i))
        put(d0 + i, re, d1 + i, subtract(load<u64>(a1 + i), load<u64>(b1 + i)))
      }
      break
    case multiplyExtensionExtension:
      for (let i: usize = 0; i < blockBytes; i += 8) {
        const x = load<u64>(a0 + i)
        const y = load<u64>(a1 + i)
        const u = load<u64>(b0 + i)
        const v = load<u64>(b1 + i)
        put(d0 + i, productRe(x, y, u, v), d1 + i, productIm(x, y, u, v))
      }
      break
    default:
      unreachable()
  }
}

/** Both halves of a result. They are arguments: all operands are read before anything is written. */
function put(at0: usize, re: u64, at1: usize, im: u64): void {
  store<u64>(at0, re)
  store<u64>(at1, im)
}
