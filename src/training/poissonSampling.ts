/** So many independent coins, each an integer from 0 to 2³² − 1. */
export type Coins = (count: number) => Uint32Array

/** Bytes that getRandomValues gives at once. */
const QUOTA = 65_536

/** Coins that nobody can foretell: who is in a batch must stay unknown, or sampling hides nobody. */
export const secureCoins: Coins = count => {
  const coins = new Uint32Array(count)
  const atOnce = QUOTA / coins.BYTES_PER_ELEMENT
  for (let at = 0; at < count; at += atOnce) crypto.getRandomValues(coins.subarray(at, at + atOnce))
  return coins
}

/**
 * Who is in a batch under Poisson sampling: each of the patients with probability `rate`, whoever else is. The size varies;
 * a batch of fixed size is another mechanism, with another account.
 * The rate is rounded down to a multiple of 2⁻³², so nobody is drawn more often than is accounted for.
 * @returns the drawn patients' numbers, ascending; possibly none
 * @throws RangeError for a rate that is not above 0 and at most 1
 */
export function poissonSample(patients: number, rate: number, coins: Coins = secureCoins): Int32Array<ArrayBuffer> {
  if (!(rate > 0 && rate <= 1)) throw new RangeError(`A sampling rate of ${rate} is not in (0, 1].`)
  const everybody = Int32Array.from({ length: patients }, (_, patient) => patient)
  if (rate === 1) return everybody
  const threshold = Math.floor(rate * 2 ** 32)
  const tossed = coins(patients)
  return everybody.filter(patient => tossed[patient]! < threshold)
}
