import { TraceError } from '../audit/stark/trace.ts'
import { type RoundAir, roundAir } from '../audit/training/roundAir.ts'
import type { RoundShape } from '../audit/training/roundShape.ts'
import { AppError } from '../errors/AppError.ts'
import { loadStarkField, type StarkField } from '../field/starkField.ts'
import type { Work } from '../rounds/ports.ts'

const airs = new Map<string, RoundAir>()

/** The AIR of a round, made once for each shape. @throws RangeError for a shape that cannot be proven */
export function roundAirOf(shape: RoundShape): RoundAir {
  const key = JSON.stringify(shape)
  const round = airs.get(key) ?? roundAir(shape)
  airs.set(key, round)
  return round
}

/** A field that is large enough for a round: it holds a hundred megabytes by the end of a proof, and goes with it. */
export function fieldOf({ air }: RoundAir): Promise<StarkField> {
  return loadStarkField(air.log2Rows + Math.max(3, air.parameters.log2Blowup))
}

/** An error that quotes a trace has patients in its text, and errors are shown and logged outside of workers. */
export async function withoutNumbers<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof TraceError) throw new Error('a round does not hold, or is none that can be committed to')
    throw cause
  }
}

/** What stops with an abort signal's reason stops with the app's, and without numbers. @throws AppError training.cancelled */
export async function orCancelled<T>({ signal }: Work, run: () => Promise<T>): Promise<T> {
  try {
    return await withoutNumbers(run)
  } catch (cause) {
    throw signal?.aborted ? new AppError('training.cancelled', {}, cause) : cause
  }
}
