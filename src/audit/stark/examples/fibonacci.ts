import { add } from '../../../field/goldilocks.ts'
import { type Air, defineAir } from '../air.ts'
import type { Parameters } from '../parameters.ts'
import type { Columns } from '../trace.ts'

/** The smallest AIR: a sequence of which each element is the sum of the two before, from 1 and a secret on. */
export function fibonacciAir(log2Rows: number, parameters: Parameters): Air {
  return defineAir({ name: 'fibonacci', log2Rows, parameters }, air => {
    const a = air.column('a')
    const b = air.column('b')
    air.at(0, 'a begins at one', a.here.minus(1))
    air.transition('a becomes b', a.next.minus(b.here))
    air.transition('b becomes the sum', b.next.minus(a.here).minus(b.here))
    air.at(air.lastRow, 'b ends at the result', b.here.minus(air.input('result')))
  })
}

/** @param second element of the sequence: the witness */
export function fibonacciTrace({ activeRows }: Air, second: bigint): { columns: Columns; inputs: bigint[] } {
  const a = new BigUint64Array(activeRows)
  const b = new BigUint64Array(activeRows)
  ;[a[0], b[0]] = [1n, second]
  for (let row = 1; row < activeRows; row++) {
    a[row] = b[row - 1]!
    b[row] = add(a[row - 1]!, b[row - 1]!)
  }
  return { columns: { a, b }, inputs: [b[activeRows - 1]!] }
}
