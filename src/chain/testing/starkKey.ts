import { type Hex, toHex } from 'viem'

/** Code that creates an account which holds a key, as the contracts' StarkKeys does. */
export function keyCode(key: Uint8Array): Hex {
  return `0x61${toHex(key.length + 1, { size: 2 }).slice(2)}80600a3d393df300${toHex(key).slice(2)}`
}
