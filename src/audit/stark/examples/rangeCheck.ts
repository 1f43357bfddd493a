import type { Extension } from '../../../field/extension.ts'
import { type Air, defineAir } from '../air.ts'
import { addLookup, type Lookup, lookupColumns, lookupCounts } from '../lookup.ts'
import type { Parameters } from '../parameters.ts'
import type { Witness } from '../prove.ts'

const LIMB = 256n

/** Every element of a column lies in 0 … 2^16 − 1: it is two limbs, each looked up among 256. */
export function rangeCheckAir(log2Rows: number, parameters: Parameters): { air: Air; lookup: Lookup } {
  let lookup: Lookup | undefined
  const air = defineAir({ name: 'range check', log2Rows, parameters }, air => {
    const [value, low, high] = ['value', 'low', 'high'].map(name => air.column(name).here)
    air.every('limbs make the value', value!.minus(low!).minus(high!.times(LIMB)))
    const table = Array.from({ length: Number(LIMB) }, (_, limb) => [BigInt(limb)])
    lookup = addLookup(air, { name: 'limb', looked: [[low!], [high!]], table })
  })
  return { air, lookup: lookup! }
}

/** @throws TraceError where a value does not fit */
export function rangeCheckWitness(
  { air, lookup }: ReturnType<typeof rangeCheckAir>,
  values: readonly bigint[],
): Witness {
  const value = BigUint64Array.from(values)
  const low = value.map(element => element % LIMB)
  const high = value.map(element => element / LIMB)
  const looked = [[low], [high]]
  const counts = lookupCounts(lookup, looked, air.activeRows)
  return {
    main: { value, low, high, 'limb.count': counts },
    auxiliary: (challenge: (name: string) => Extension) => lookupColumns(lookup, looked, counts, challenge),
  }
}
