export interface ByteBudget {
  /** Length of the whole vector. */
  readonly size: number
  /** What a hospital may still upload in this study, in bytes. */
  readonly bytesLeft: number
  /** Training rounds still to come, the next included. */
  readonly roundsLeft: number
  /** Bytes of an upload whatever its k: seeds, backups, hashes, header. */
  readonly overhead: number
  /** Bytes of one coordinate: 8 as an element of the field. */
  readonly bytesPerCoordinate: number
  /** The finished rounds' public losses, the first round's first: federated evaluations that everybody read from the chain. */
  readonly losses: readonly number[]
}

/**
 * How many coordinates every hospital sends in the next round: k = even·(1 − ½·min(1, last loss / first loss)), where even is
 * what the bytes left allow in each round left. Early, while the loss is high, coarse steps do as well and half is saved for
 * the end, where what was not sent is what the model lacks (as AdaQuantFL spends more levels the lower the loss, Jhunjhunwala
 * et al. 2021, without its square root). The last round spends what is left. On digits this ends as accurate as an even k.
 *
 * Only public numbers and + − × ÷, so that all hospitals get the same k. More bytes never give a smaller k, a higher last loss
 * or more rounds never a larger one, and the budget is never overdrawn.
 *
 * @returns size where everything may be sent, or where an upload is mostly overhead, so that no k would halve it (then the
 *   budget does not bind); 0 where not even one coordinate can be paid
 * @throws RangeError where a number is not what its name says
 */
export function nextK({ size, bytesLeft, roundsLeft, overhead, bytesPerCoordinate, losses }: ByteBudget): number {
  const counts = [size, roundsLeft, bytesPerCoordinate]
  if (!counts.every(count => Number.isInteger(count) && count > 0)) throw new RangeError('counts are positive integers')
  if (!(overhead >= 0 && bytesLeft >= 0)) throw new RangeError('bytes are not negative')
  if (!losses.every(loss => Number.isFinite(loss) && loss >= 0))
    throw new RangeError('a loss is finite and not negative')
  if (!compressionPays(size, overhead, bytesPerCoordinate)) return size
  const even = (bytesLeft / roundsLeft - overhead) / bytesPerCoordinate
  if (even >= size) return size
  const first = losses[0] ?? 0
  const last = losses.at(-1) ?? 0
  const open = losses.length === 0 ? 1 : first > 0 ? Math.min(1, last / first) : 0
  const share = roundsLeft === 1 ? 1 : 1 - open / 2
  return Math.max(0, Math.floor(even * share))
}

/** Whether sending less than all coordinates can halve an upload: small models, such as a logistic regression, are sent whole. */
export function compressionPays(size: number, overhead: number, bytesPerCoordinate: number): boolean {
  return 2 * (overhead + bytesPerCoordinate) <= overhead + size * bytesPerCoordinate
}
