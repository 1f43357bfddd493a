import { type PublicRandom, publicRandom } from '../../study/random.ts'
import type { BeaconRound } from './beacon.ts'
import type { Cheat } from './detection.ts'
import { type AuditOutcome, type AuditPlan, auditBps, isDue } from './plan.ts'
import { type AuditedRound, auditRound, type Submission, type SubmittedRound } from './round.ts'
import type { Temptation } from './stakes.ts'

/**
 * Who plays against the draw. Beside honest hospitals and the plain cheats, who take a wrong step and a beacon of their
 * choice: reroll makes the seed block and throws hashes away, without knowing what the others will reveal. informed
 * knows it, which the order of blocks rules out: for comparison. withhold reveals last, and not at all where the beacon
 * would draw it. forget keeps everybody from capturing the hash, and makes the later block, knowing all reveals.
 */
export type Player = 'honest' | Cheat | 'reroll' | 'withhold' | 'forget' | 'informed'
export const players: readonly Player[] = [
  'honest',
  'badStep',
  'replay',
  'jump',
  'silence',
  'reroll',
  'withhold',
  'forget',
  'informed',
]

/** In the last round, after which there is nothing left to lose, or in every round until its stake is used up. */
export type Habit = 'once' | 'always'
export const habits: readonly Habit[] = ['once', 'always']

/** A study in which drawn hospitals prove their whole round. */
export interface Game {
  /** Part of the hospitals that is drawn, in basis points, before anybody fails. */
  readonly hospitalsBps: number
  /** That take part, one of them the player. */
  readonly hospitals: number
  readonly rounds: number
  /** Credits that each hospital puts down. */
  readonly stake: number
  /** Credits that a failed audit takes. Who has less left takes no part. */
  readonly forfeit: number
  /** Of one round. */
  readonly temptation: Temptation
  /** How many hashes whoever makes a block can throw away. */
  readonly rerolls: number
}

export interface Outcome {
  readonly games: number
  /** Share of the games in which the player failed an audit, or kept its reveal back. */
  readonly caught: number
  /** Credits a game, against honest training. What it is not paid for rounds that it is left out of does not count. */
  readonly mean: number
  /** Of the mean. */
  readonly standardError: number
}

/**
 * Plays whole studies with drawn block hashes, reveals and hospitals, through the beacon and the draw as they are.
 * @param seed the same games for the same seed
 */
export function simulate(game: Game, player: Player, habit: Habit, games: number, seed: number): Outcome {
  const random = publicRandom(seed)
  let caught = 0
  let sum = 0
  let squares = 0
  for (let i = 0; i < games; i++) {
    const result = playStudy(game, player, habit, random)
    if (result.failures > 0) caught++
    sum += result.balance
    squares += result.balance ** 2
  }
  const mean = sum / games
  const variance = Math.max(0, squares / games - mean ** 2)
  return { games, caught: caught / games, mean, standardError: Math.sqrt(variance / games) }
}

interface Result {
  readonly failures: number
  /** Credits. */
  readonly balance: number
}

function playStudy(game: Game, player: Player, habit: Habit, random: PublicRandom): Result {
  const { hospitals, rounds, stake, forfeit } = game
  const { gain, saved } = player === 'honest' ? { gain: 0, saved: 0 } : game.temptation
  const member = random.below(hospitals)
  const first = habit === 'once' ? rounds - 1 : 0
  const outcomes: AuditOutcome[] = []
  const audits: boolean[] = []
  let balance = 0
  let failures = 0
  let survived = first
  for (let round = first; round < rounds && stake - failures * forfeit >= forfeit; round++) {
    const due = isDue(audits) ? [member] : []
    const plan = wholeRounds(auditBps(game.hospitalsBps, outcomes))
    const submitted = submittedRound(hospitals, round, plan, due, random)
    const { failed, drawn, outcome } = playRound(game, submitted, member, player, random)
    const isCaught = failed.has(member)
    outcomes.push(outcome)
    if (isCaught || drawn.includes(member)) audits.push(!isCaught)
    if (isCaught) failures++
    else survived++
    balance += saved + (isCaught ? -forfeit : gain)
  }
  // At the end what audits took goes to all by their scores, to who failed as well.
  const returned = survived / (survived + (hospitals - 1) * rounds)
  return { failures, balance: balance + failures * forfeit * returned }
}

/** One round, with the player's choices of what to reveal and of hashes in it. */
function playRound(
  { rerolls }: Game,
  round: SubmittedRound,
  member: number,
  player: Player,
  random: PublicRandom,
): AuditedRound {
  const proves = (other: number) => player === 'honest' || other !== member
  const end = (changes: Partial<SubmittedRound> = {}) => auditRound({ ...round, ...changes }, proves)
  const isSafe = (changes: Partial<SubmittedRound>) => !end(changes).failed.has(member)
  switch (player) {
    case 'reroll': {
      const submissions = guessed(round.submissions, member)
      return end({ seedHash: chosenHash(rerolls, random, seedHash => isSafe({ submissions, seedHash })) })
    }
    case 'informed':
      return end({ seedHash: chosenHash(rerolls, random, seedHash => isSafe({ seedHash })) })
    case 'forget': {
      const isSafeLater = (laterHash: Uint8Array) => isSafe({ seedHash: null, laterHash })
      return end({ seedHash: null, laterHash: chosenHash(rerolls, random, isSafeLater) })
    }
    case 'withhold':
      return isSafe({}) ? end() : end({ submissions: withheld(round.submissions, member) })
    default:
      return end()
  }
}

function submittedRound(
  hospitals: number,
  round: number,
  plan: AuditPlan,
  due: readonly number[],
  random: PublicRandom,
): SubmittedRound {
  const submissions = Array.from({ length: hospitals }, (_, member) => {
    return { member, commitment: word(random), reveal: word(random) }
  })
  return { where: { ...study, round }, submissions, seedHash: word(random), laterHash: word(random), plan, due }
}

const study: Omit<BeaconRound, 'round'> = {
  chainId: 31337,
  contract: '0x00000000000000000000000000000000000000a2',
  study: '0x00000000000000000000000000000000000000a2',
}

function wholeRounds(hospitalsBps: number): AuditPlan {
  return { hospitalsBps, segments: 1, audited: 1 }
}

/** What whoever makes the seed block takes the others' reveals for. */
function guessed(submissions: readonly Submission[], member: number): Submission[] {
  return submissions.map(one => (one.member === member ? one : { ...one, reveal: new Uint8Array(32) }))
}

function withheld(submissions: readonly Submission[], member: number): Submission[] {
  return submissions.map(one => (one.member === member ? { ...one, reveal: null } : one))
}

/** The hash that goes on the chain: the first that looks safe to whoever makes its block, or else the last. */
function chosenHash(rerolls: number, random: PublicRandom, isSafe: (hash: Uint8Array) => boolean): Uint8Array {
  let hash = word(random)
  for (let i = 0; i < rerolls && !isSafe(hash); i++) hash = word(random)
  return hash
}

function word(random: PublicRandom): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 32; at += 4) view.setUint32(at, random.uint32())
  return bytes
}
