/** Sets of members and seats as the contract packs them: bit i is element i. */

export function has(set: bigint, index: number): boolean {
  return ((set >> BigInt(index)) & 1n) === 1n
}

export function hasSeat(set: number, seat: number): boolean {
  return ((set >> seat) & 1) === 1
}

export function seatsIn(set: number): number[] {
  return indices(BigInt(set))
}

export function indices(set: bigint): number[] {
  const found: number[] = []
  for (let index = 0, rest = set; rest > 0n; index++, rest >>= 1n) if (rest & 1n) found.push(index)
  return found
}

export function setOf(list: Iterable<number>): bigint {
  let set = 0n
  for (const index of list) set |= 1n << BigInt(index)
  return set
}

export function sizeOf(set: bigint): number {
  return indices(set).length
}

/** How many seats must agree: more than two thirds, so that fewer than a third of liars decide nothing. */
export function quorum(seats: number): number {
  return Math.floor((2 * seats) / 3) + 1
}
