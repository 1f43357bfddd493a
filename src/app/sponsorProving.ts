import { BASIS_POINTS, MOST_HOSPITALS, oddsOf } from '../audit/game/plan.ts'
import { atRiskOf } from '../audit/game/proposals.ts'
import { type CheatWarning, cheatWarnings, gainOf } from '../audit/game/stakes.ts'
import { encodedWidth } from '../data/encode.ts'
import type { Feature } from '../study/manifest.ts'
import type { SponsorForm } from './sponsorForm.ts'

/** How a proven study's hospitals are audited. */
export interface FormProving {
  /** Part of the hospitals that each round draws, percent. */
  readonly hospitalsPercent: number | null
  /** Part of the stake that a failed audit costs, percent. */
  readonly slashPercent: number | null
  /** Credits that a wrong model would do harm by, the rewards aside. Only advice follows from it. */
  readonly harm: number | null
  /** Batches that a round has. */
  readonly steps: number | null
}

/** Inputs that the largest batch has room for which can be proven: it takes more rows than inputs, the constant one included. */
export const MOST_PROVEN_INPUTS = 62

/** What stands in the way of proving a study; pages say what to change. */
export type ProvingObstacle = 'images' | 'model' | 'inputs' | 'ranges'

/** Why the training of such a study cannot be proven; empty where it can. */
export function provingObstacles({
  schema,
  modelKind,
}: Pick<SponsorForm, 'schema' | 'modelKind'>): readonly ProvingObstacle[] {
  if (schema.kind === 'images') return ['images']
  const obstacles: ProvingObstacle[] = []
  if (modelKind !== 'logistic') obstacles.push('model')
  if (encodedWidth(schema) > MOST_PROVEN_INPUTS) obstacles.push('inputs')
  if (!schema.features.every(hasRange)) obstacles.push('ranges')
  return obstacles
}

/** Whether a column's scale is known before any patient is. */
function hasRange(feature: Feature): boolean {
  if (feature.type !== 'number' || feature.typical !== undefined) return true
  return feature.min !== undefined && feature.max !== undefined
}

/** A cheat that would pay on average, and what to change, each alone. Credits and percent, rounded up. */
export interface CheatAdvice {
  /** Chance that a round's audit catches it. */
  readonly caught: number
  /** Credits that an undetected one is taken to bring. */
  readonly gain: number
  /** Credits that a failed audit takes now. */
  readonly atRisk: number
  /** Part of those that comes back to the hospital when the study ends, with as many hospitals as tempt most. */
  readonly returned: number
  /** The least stake that deters; null where the contract takes none that does. */
  readonly leastStake: number | null
  /** The least part of the stake; null where all of it does not suffice. */
  readonly leastSlashPercent: number | null
  /** The least part of the hospitals; null where all of them do not suffice. */
  readonly leastHospitalsPercent: number | null
}

/**
 * Whether cheating would pay in a proven study, with as few or as many hospitals as it takes; null where it would not, where the study
 * is not proven and while the form is half typed.
 * @param options.mostStake credits: what the form takes
 * @param options.halfToFirst whether the rewards of all rounds are paid at the end, half of them to the first
 */
export function cheatAdvice(
  form: Pick<SponsorForm, 'proving' | 'stake' | 'rewardPerRound' | 'rounds' | 'minHospitals' | 'maxHospitals'>,
  { mostStake, halfToFirst }: { readonly mostStake: number; readonly halfToFirst: boolean },
): CheatAdvice | null {
  const { proving, stake, rewardPerRound, rounds, minHospitals: least, maxHospitals: most } = form
  if (proving === null || stake === null || rewardPerRound === null || rounds === null) return null
  const [share, slash] = [basisPoints(proving.hospitalsPercent), basisPoints(proving.slashPercent)]
  if (share === null || slash === null || proving.harm === null) return null
  if (!isCount(least) || !isCount(most) || rounds < 1) return null
  const plan = { hospitalsBps: share, segments: 1, audited: 1 }
  const { harm } = proving
  const gain = gainOf({ rewardPerRound, hospitals: most, rounds, halfToFirst, harm })
  let worst: Tempting | null = null
  for (let hospitals = least; hospitals <= most; hospitals++) {
    const odds = oddsOf(plan, hospitals)
    for (const warning of cheatWarnings(odds, { gain, saved: rewardPerRound }, atRiskOf(stake, slash))) {
      if (worst === null || warning.leastAtRisk > worst.leastAtRisk) worst = { ...warning, returned: odds.returned }
    }
  }
  return worst && adviceOf(worst, { stake, slash, mostStake })
}

type Tempting = CheatWarning & Pick<CheatAdvice, 'returned'>

function adviceOf(
  { caught, gain, atRisk, returned, leastAtRisk, leastHospitalsBps }: Tempting,
  { stake, slash, mostStake }: { readonly stake: number; readonly slash: number; readonly mostStake: number },
): CheatAdvice {
  const leastStake = Math.ceil((leastAtRisk * BASIS_POINTS) / slash)
  const leastSlashPercent = Math.ceil((100 * leastAtRisk) / stake)
  return {
    caught,
    gain,
    atRisk,
    returned,
    leastStake: leastStake <= mostStake ? leastStake : null,
    leastSlashPercent: leastSlashPercent <= 100 ? leastSlashPercent : null,
    leastHospitalsPercent: leastHospitalsBps && Math.ceil((100 * leastHospitalsBps) / BASIS_POINTS),
  }
}

/** Null for what is no part above 0. */
function basisPoints(percent: number | null): number | null {
  const bps = Math.round((percent ?? 0) * 100)
  return bps >= 1 && bps <= BASIS_POINTS ? bps : null
}

function isCount(hospitals: number | null): hospitals is number {
  return hospitals !== null && Number.isInteger(hospitals) && hospitals >= 1 && hospitals <= MOST_HOSPITALS
}
