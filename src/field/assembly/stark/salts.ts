import { key, keystream } from '../chacha20'

const groupBytes = 256
const lastGroup: usize = memory.data(256, 16)

/** So many salts of 16 bytes: ChaCha20's stream under this key of 32 bytes, with a nonce of zeros, from block 0 on. */
export function salts(keyAt: usize, target: usize, count: i32): void {
  const whole = (16 * count) / groupBytes
  const rest = <usize>(16 * count - whole * groupBytes)
  memory.copy(key, keyAt, 32)
  keystream(target, 0, whole, 0, 0, 0)
  keystream(lastGroup, 4 * whole, 1, 0, 0, 0)
  memory.copy(target + <usize>(whole * groupBytes), lastGroup, rest)
  memory.fill(key, 0, 32)
  memory.fill(lastGroup, 0, groupBytes)
}
