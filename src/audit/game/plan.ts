/** How a round's training is audited. */
export interface AuditPlan {
  /** Part of the hospitals that is drawn, in basis points; their number is rounded up. */
  readonly hospitalsBps: number
  /** Parts of a round's steps, as equal as can be. 1, as in the app's studies: a drawn hospital proves its whole round. */
  readonly segments: number
  /** Segments of which a drawn hospital proves every step; the last is always among them. */
  readonly audited: number
}

/** What one hospital faces in one round. */
export interface AuditOdds {
  /** Chance that the hospital is drawn. */
  readonly drawn: number
  readonly segments: number
  readonly audited: number
  /** Part of its own forfeit that comes back to a hospital when the study ends: forfeits go to all, by their scores. */
  readonly returned: number
}

export const BASIS_POINTS = 10_000
/** Indices are written in one byte. */
export const MOST_SEGMENTS = 256
/** As many as the contracts' sets of members hold. */
export const MOST_HOSPITALS = 64

/** @throws RangeError naming what makes no sense */
export function checkPlan({ hospitalsBps, segments, audited }: AuditPlan): void {
  if (!isWithin(hospitalsBps, 1, BASIS_POINTS)) throw new RangeError(`${hospitalsBps} is no share above 0`)
  if (!isWithin(segments, 1, MOST_SEGMENTS)) throw new RangeError(`${segments} segments are not 1 to ${MOST_SEGMENTS}`)
  if (!isWithin(audited, 1, segments)) throw new RangeError(`${audited} of ${segments} segments cannot be audited`)
}

/** How many of the hospitals are drawn: never none. @throws RangeError for a plan or a number that makes no sense */
export function drawnHospitals(plan: AuditPlan, hospitals: number): number {
  checkPlan(plan)
  if (!isWithin(hospitals, 1, MOST_HOSPITALS)) throw new RangeError(`${hospitals} hospitals`)
  return Math.ceil((hospitals * plan.hospitalsBps) / BASIS_POINTS)
}

/** The odds of each of so many hospitals with equal scores, none of which is due. @throws RangeError as drawnHospitals */
export function oddsOf(plan: AuditPlan, hospitals: number): AuditOdds {
  const drawn = drawnHospitals(plan, hospitals) / hospitals
  return { drawn, segments: plan.segments, audited: plan.audited, returned: 1 / hospitals }
}

/** Steps of a segment, from the first to before the last. @throws RangeError where a segment would have none */
export function segmentSteps(segment: number, steps: number, segments: number): { from: number; to: number } {
  if (!isWithin(segments, 1, steps)) throw new RangeError(`${steps} steps do not fill ${segments} segments`)
  if (!isWithin(segment, 0, segments - 1)) throw new RangeError(`there is no segment ${segment}`)
  const from = Math.floor((segment * steps) / segments)
  return { from, to: Math.floor(((segment + 1) * steps) / segments) }
}

/** The most steps that a drawn hospital has to prove. @throws RangeError where a segment would have none */
export function mostAuditedSteps(steps: number, { segments, audited }: AuditPlan): number {
  const lengths = Array.from({ length: segments }, (_, segment) => {
    const { from, to } = segmentSteps(segment, steps, segments)
    return to - from
  })
  const last = lengths.pop()!
  const longest = lengths.sort((a, b) => b - a).slice(0, audited - 1)
  return longest.reduce((sum, length) => sum + length, last)
}

/** Twice the hospitals and twice the segments: what a round is audited by where a reveal or the seed block's hash is missing. */
export function withMoreAudits({ hospitalsBps, segments, audited }: AuditPlan): AuditPlan {
  return {
    hospitalsBps: Math.min(BASIS_POINTS, 2 * hospitalsBps),
    segments,
    audited: Math.min(segments, 2 * audited),
  }
}

/** What became of a round. failed: an audit was, or a reveal is missing. missed: nobody captured the hash in time. */
export type AuditOutcome = 'clean' | 'failed' | 'missed'

/**
 * The share of hospitals that the next round draws. A round with a failed audit or a missed beacon doubles it, up to
 * all of them; each clean round halves what it is above the base, and it never falls below that.
 * @param base basis points, above 0
 * @param outcomes of the study's rounds so far, the oldest first
 * @returns basis points
 * @throws RangeError where the base is no share above 0
 */
export function auditBps(base: number, outcomes: readonly AuditOutcome[]): number {
  if (!isWithin(base, 1, BASIS_POINTS)) throw new RangeError(`${base} is no share above 0`)
  return outcomes.reduce((bps, outcome) => nextBps(base, bps, outcome), base)
}

/** Clean audits after a failure until a hospital is left to chance again. */
const CLEAN_AUDITS = 3

/**
 * Whether a hospital is drawn whatever the beacon says, because it failed an audit and has not passed three since.
 * @param audits of this hospital, the oldest first: passed or not. An unanswered one is not passed.
 */
export function isDue(audits: readonly boolean[]): boolean {
  const recent = audits.slice(-CLEAN_AUDITS)
  return recent.includes(false)
}

function nextBps(base: number, bps: number, outcome: AuditOutcome): number {
  if (outcome !== 'clean') return Math.min(BASIS_POINTS, 2 * bps)
  return base + Math.floor((bps - base) / 2)
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
