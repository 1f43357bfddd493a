import { add, multiply, subtract } from '../../../field/goldilocks.ts'
import { type Air, defineAir } from '../air.ts'
import type { Parameters } from '../parameters.ts'
import type { Columns } from '../trace.ts'

/** Weights move against a gradient by this much of it. */
export const RATE = 4n

/**
 * Two oracles committed to apart, as training does with its checkpoints, and opened in one proof: the later weights are the
 * earlier ones less four times a secret step that adds up to a public total.
 */
export function checkpointsAir(log2Rows: number, parameters: Parameters): Air {
  return defineAir({ name: 'checkpoints', log2Rows, parameters, openings: 2 }, air => {
    const [before] = air.external('before', ['weight before'])
    const [after] = air.external('after', ['weight after'])
    const step = air.column('step')
    const sum = air.column('sum')
    air.every('the weight moves', after!.here.minus(before!.here).plus(step.here.times(RATE)))
    air.at(0, 'the sum begins at zero', sum.here)
    air.transition('the sum goes on', sum.next.minus(sum.here).minus(step.here))
    air.at(air.lastRow, 'the sum comes to the total', sum.here.plus(step.here).minus(air.input('total')))
  })
}

/** The weights after so much of a step. */
export function movedWeights(before: BigUint64Array, step: BigUint64Array): BigUint64Array {
  return before.map((weight, k) => subtract(weight, multiply(RATE, step[k]!)))
}

export function checkpointsTrace(step: BigUint64Array): { main: Columns; inputs: bigint[] } {
  const sum = new BigUint64Array(step.length)
  for (let k = 1; k < step.length; k++) sum[k] = add(sum[k - 1]!, step[k - 1]!)
  const total = add(sum.at(-1)!, step.at(-1)!)
  return { main: { step, sum }, inputs: [total] }
}
