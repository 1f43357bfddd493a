import { add, multiply } from '../../../field/goldilocks.ts'
import { type Air, defineAir } from '../air.ts'
import type { Parameters } from '../parameters.ts'
import type { Columns } from '../trace.ts'

/**
 * Amounts and prices that are registered once, and what they come to. Pinned: a proof of another total would be of other amounts or
 * prices, and so of another pin.
 */
export function registeredAir(log2Rows: number, parameters: Parameters, pinned = true): Air {
  return defineAir({ name: 'registered', log2Rows, parameters, openings: 2 }, air => {
    const [amount, price] = air.external('bill', ['amount', 'price'], { pinned })
    const sum = air.column('sum')
    const cost = amount!.here.times(price!.here)
    air.at(0, 'the sum begins at zero', sum.here)
    air.transition('the sum goes on', sum.next.minus(sum.here).minus(cost))
    air.at(air.lastRow, 'the sum comes to the total', sum.here.plus(cost).minus(air.input('total')))
  })
}

/** @param bill as it was committed to */
export function registeredTrace({ amount, price }: Columns): { main: Columns; inputs: bigint[] } {
  const sum = new BigUint64Array(amount!.length)
  let total = 0n
  for (let row = 0; row < sum.length; row++) {
    sum[row] = total
    total = add(total, multiply(amount![row]!, price![row]!))
  }
  return { main: { sum }, inputs: [total] }
}
