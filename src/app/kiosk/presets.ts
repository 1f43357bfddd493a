import { digitsStudy } from '../../study/studies/digits.ts'
import { heartStudy } from '../../study/studies/heart.ts'
import type { StudyPlan } from '../../study/studies/StudyPlan.ts'
import type { PresetName } from './settings.ts'

export interface Preset {
  readonly hospitals: number
  readonly rounds: number
  /** Seconds after which the wall gives the study up and begins anew. */
  readonly limitSeconds: number
  /** A seed of its own for each run, so that no two studies are the same. */
  plan(seed: number, relays: readonly string[]): StudyPlan
}

/** A hospital whose frame died is waited for no longer than this: the wall has no patience for hours. */
const seconds = {
  openSeconds: 90,
  trainSeconds: 45,
  attestSeconds: 20,
  scoreSeconds: 20,
  aggregateSeconds: 20,
} as const

export const presets: Readonly<Record<PresetName, Preset>> = {
  // The pause between rounds is for the story: a round of so few patients takes two seconds.
  heart: {
    hospitals: 4,
    rounds: 5,
    limitSeconds: 180,
    plan: (seed, relays) => withSeconds(heartStudy({ rounds: 5, seed, relays }), 8),
  },
  glance: {
    hospitals: 4,
    rounds: 3,
    limitSeconds: 180,
    plan: (seed, relays) => withSeconds(heartStudy({ rounds: 3, seed, relays }), 2),
  },
  heartLong: {
    hospitals: 4,
    rounds: 15,
    limitSeconds: 180,
    plan: (seed, relays) => withSeconds(heartStudy({ rounds: 15, seed, relays }), 0),
  },
  digits: {
    hospitals: 3,
    rounds: 2,
    limitSeconds: 180,
    plan: (seed, relays) => withSeconds(digitsStudy({ rounds: 2, seed, relays }), 4),
  },
}

function withSeconds(plan: StudyPlan, pauseSeconds: number): StudyPlan {
  return { ...plan, rules: { ...plan.rules, ...seconds, pauseSeconds } }
}
