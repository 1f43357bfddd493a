import { type PublicRandom, publicRandom } from '../../study/random.ts'
import { type BeaconPart, type BeaconRound, beaconOf } from './beacon.ts'
import type { Cheat } from './detection.ts'
import { drawHospitals, drawSegments } from './draw.ts'
import { type AuditPlan, drawnHospitals, withMoreAudits } from './plan.ts'
import type { Temptation } from './stakes.ts'

/**
 * Who plays against the draw. Beside honest hospitals and the plain cheats, who take a wrong step and a beacon of their
 * choice: reroll makes the seed block and throws hashes away, without knowing what the others will reveal. informed
 * knows it, which the order of blocks rules out: for comparison. withhold keeps its reveal back where the beacon would
 * catch it, and makes the fallback block, too.
 */
export type Player = 'honest' | Cheat | 'reroll' | 'informed' | 'withhold'
export const players: readonly Player[] = [
  'honest',
  'badStep',
  'replay',
  'jump',
  'silence',
  'reroll',
  'withhold',
  'informed',
]

export interface Game {
  readonly plan: AuditPlan
  /** That take part in the round, one of them the player. */
  readonly hospitals: number
  /** Credits that a failed audit, or a reveal kept back, costs. */
  readonly atRisk: number
  readonly temptation: Temptation
  /** How many hashes whoever makes a block can throw away. */
  readonly rerolls: number
}

export interface Outcome {
  readonly games: number
  /** Share of the games in which the player was caught or kept its reveal back. */
  readonly caught: number
  /** Credits a game, against honest training. */
  readonly mean: number
  /** Of the mean. */
  readonly standardError: number
}

/**
 * Plays single rounds with drawn block hashes, reveals and hospitals, through the beacon and the draw as they are.
 * @param seed the same games for the same seed
 */
export function simulate(game: Game, player: Player, games: number, seed: number): Outcome {
  const random = publicRandom(seed)
  let caught = 0
  let sum = 0
  let squares = 0
  for (let i = 0; i < games; i++) {
    const result = play(game, player, random)
    if (result.isCaught) caught++
    sum += result.balance
    squares += result.balance ** 2
  }
  const mean = sum / games
  const variance = Math.max(0, squares / games - mean ** 2)
  return { games, caught: caught / games, mean, standardError: Math.sqrt(variance / games) }
}

interface Result {
  readonly isCaught: boolean
  /** Credits. */
  readonly balance: number
}

/** What the player can tell of a round, and does in it. */
interface Turn {
  readonly member: number
  readonly isSilent: boolean
  readonly bad: ReadonlySet<number>
  readonly parts: readonly BeaconPart[]
}

const round: BeaconRound = {
  chainId: 31337,
  contract: '0x00000000000000000000000000000000000000a1',
  study: '0x00000000000000000000000000000000000000a2',
  round: 1,
}

function play(game: Game, player: Player, random: PublicRandom): Result {
  const { plan, temptation, atRisk, rerolls } = game
  const turn = newTurn(game, player, random)
  const isFound = (hash: Uint8Array, parts: readonly BeaconPart[]) => isCaughtBy(game, turn, plan, hash, parts)
  const isCaught = isFound(seedHash(rerolls, player, turn, random, isFound), turn.parts)
  if (player === 'honest') return { isCaught, balance: isCaught ? -atRisk : 0 }
  if (!isCaught) return { isCaught, balance: temptation.gain + temptation.saved }
  const isFoundLater = player !== 'withhold' || isCaughtInFallback(game, turn, random)
  return { isCaught, balance: temptation.saved - atRisk + (isFoundLater ? 0 : temptation.gain) }
}

function newTurn({ hospitals, plan }: Game, player: Player, random: PublicRandom): Turn {
  const parts = Array.from({ length: hospitals }, () => ({ commitment: word(random), reveal: word(random) }))
  return {
    member: random.below(hospitals),
    isSilent: player === 'silence',
    bad: badSegments(player, plan, random),
    parts,
  }
}

function badSegments(player: Player, { segments }: AuditPlan, random: PublicRandom): ReadonlySet<number> {
  switch (player) {
    case 'honest':
    case 'silence':
      return new Set()
    case 'replay':
      return new Set(Array.from({ length: segments }, (_, segment) => segment))
    case 'jump':
      return new Set([segments - 1])
    default:
      return new Set([random.below(segments - 1)])
  }
}

/** The hash that goes on the chain: of whoever can choose, the first that looks safe, or else the last. */
function seedHash(
  rerolls: number,
  player: Player,
  { member, parts }: Turn,
  random: PublicRandom,
  isFound: (hash: Uint8Array, parts: readonly BeaconPart[]) => boolean,
): Uint8Array {
  if (player !== 'reroll' && player !== 'informed') return word(random)
  const guessed = parts.map((part, i) => (i === member ? part : { ...part, reveal: new Uint8Array(32) }))
  return chosenHash(rerolls, random, hash => !isFound(hash, player === 'informed' ? parts : guessed))
}

/** All other reveals are known by then. Who kept its own back is drawn in any case. */
function isCaughtInFallback(game: Game, turn: Turn, random: PublicRandom): boolean {
  const parts = turn.parts.map((part, i) => (i === turn.member ? { ...part, reveal: null } : part))
  const plan = withMoreAudits(game.plan)
  const isFound = (hash: Uint8Array) => isCaughtBy(game, turn, plan, hash, parts, [turn.member])
  return isFound(chosenHash(game.rerolls, random, hash => !isFound(hash)))
}

function chosenHash(rerolls: number, random: PublicRandom, isSafe: (hash: Uint8Array) => boolean): Uint8Array {
  let hash = word(random)
  for (let i = 0; i < rerolls && !isSafe(hash); i++) hash = word(random)
  return hash
}

function isCaughtBy(
  { hospitals }: Game,
  { member, isSilent, bad }: Turn,
  plan: AuditPlan,
  hash: Uint8Array,
  parts: readonly BeaconPart[],
  due: readonly number[] = [],
): boolean {
  const beacon = beaconOf(round, hash, parts)
  const members = Array.from({ length: hospitals }, (_, i) => i)
  if (!drawHospitals(beacon, members, drawnHospitals(plan, hospitals), due).includes(member)) return false
  return isSilent || drawSegments(beacon, member, plan.segments, plan.audited).some(segment => bad.has(segment))
}

function word(random: PublicRandom): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 32; at += 4) view.setUint32(at, random.uint32())
  return bytes
}
