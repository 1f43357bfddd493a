import { tinyParameters } from '../stark/testing.ts'

type Rounds = typeof import('./roundAir.ts')

/**
 * For tests of what is done with proofs, in place of roundAir.ts: rounds are proven with parameters that take milliseconds instead of
 * seconds, and prove little. The long tests have those of studies.
 */
export function weakened(rounds: Rounds): Rounds {
  if (process.env.WARDROUND_LONG === '1') return rounds
  return { ...rounds, roundAir: (shape, parameters = tinyParameters) => rounds.roundAir(shape, parameters) }
}
