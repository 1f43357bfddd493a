/** Where the table of twiddles begins: the first byte that no static data takes. */
export const base: usize = __heap_base

export { grind, hash, hashCosets, hashRows, longest, merkle } from './commitment'
export { run } from './machine'
export { evaluate, interpolate } from './ntt'
export {
  accumulate,
  accumulateExtension,
  batchInverse,
  divideByLinear,
  fold,
  innerProducts,
  powers,
  powersExtension,
} from './polynomial'
export { salts } from './salts'
