import type { HospitalEventLog } from '../../chain/hospitalEvents.ts'
import { Phase, RoundKind } from '../../rounds/ports.ts'
import { NOT_OPENED } from '../../rounds/primitives.ts'
import { has, quorum } from '../../rounds/sets.ts'
import { type Address, sameAddress } from '../../study/types.ts'

/** The contract's word for a fault that opened masks prove. */
const ACCUSED = 'accused'

/** A round as it went for this hospital. Amounts in the smallest unit of credit. */
export interface HistoryRow {
  /** The contract's number. */
  readonly round: number
  readonly isStatistics: boolean
  /** Void, too: 'accused', as what was opened proves somebody wrong; 'outOfRange', as the sum made no sense and nobody is. */
  readonly outcome: 'running' | 'finalised' | 'void' | 'accused' | 'outOfRange'
  /** Whether this hospital was drawn for it; one that vetoed, left, or joined too late for its model is not. */
  readonly isParticipant: boolean
  /** Whether it is not because it said so. */
  readonly hasVetoed: boolean
  readonly isSeat: boolean
  /** Whether its seat was drawn to be checked, in a masked study. */
  readonly isChecked: boolean
  readonly hasSubmitted: boolean
  /** Median of the seats' scores for this hospital's update, or its score in a masked study, in basis points; null where there is none. */
  readonly median: number | null
  /** Whether the update went into the model; null while that is open, or where none was sent. */
  readonly isIncluded: boolean | null
  readonly reward: bigint
  readonly forfeit: { readonly amount: bigint; readonly reason: string } | null
}

/** What a hospital's events say of it. */
export interface HospitalHistory {
  /** Block in which it joined; null: not a member. */
  readonly joined: bigint | null
  /** The contract's word for why it left; null while it is in. */
  readonly left: string | null
  readonly vetoes: readonly number[]
  /** Rounds whose veto was taken back. */
  readonly settledVetoes: readonly number[]
  readonly withdrawn: bigint
  /** Newest first. */
  readonly rounds: readonly HistoryRow[]
}

/** @param logs all of a study's events, in the chain's order */
export function historyOf(logs: readonly HospitalEventLog[], self: Address): HospitalHistory {
  const mine = (hospital: Address) => sameAddress(hospital, self)
  const members: Address[] = []
  const rounds = new Map<number, HistoryRow>()
  const scores = new Map<number, { by: Address; scores: readonly number[] }[]>()
  /** Seats of the last round that began, and how many of them, since a seat was drawn last, accused nobody. */
  let seatCount = 0
  let accusedNobody = 0
  const vetoes = new Set<number>()
  const settledVetoes = new Set<number>()
  let joined: bigint | null = null
  let left: string | null = null
  let withdrawn = 0n
  const change = (round: number, difference: Partial<HistoryRow>) => {
    const known = rounds.get(round)
    if (known) rounds.set(round, { ...known, ...difference })
  }
  for (const log of logs) {
    switch (log.eventName) {
      case 'HospitalJoined':
        members[log.args.index] = log.args.hospital
        if (mine(log.args.hospital)) joined = log.blockNumber
        break
      case 'HospitalLeft':
        if (mine(log.args.hospital)) left = log.args.reason
        break
      case 'RoundStarted': {
        const { round, kind, participants, seats } = log.args
        const me = members.findIndex(member => member !== undefined && mine(member))
        seatCount = seats.length
        accusedNobody = 0
        rounds.set(round, {
          round,
          isStatistics: kind === RoundKind.Statistics,
          outcome: 'running',
          isParticipant: me >= 0 && has(participants, me),
          hasVetoed: vetoes.has(round),
          isSeat: me >= 0 && seats.includes(me),
          isChecked: false,
          hasSubmitted: false,
          median: null,
          isIncluded: null,
          reward: 0n,
          forfeit: null,
        })
        break
      }
      case 'UpdateSubmitted':
        if (mine(log.args.hospital)) change(log.args.round, { hasSubmitted: true })
        break
      case 'ScoresRevealed': {
        const { round, hospital, scores: given } = log.args
        scores.set(round, [...(scores.get(round) ?? []), { by: hospital, scores: given }])
        break
      }
      case 'SurvivorsFrozen': {
        const { round, survivors } = log.args
        const me = members.findIndex(member => member !== undefined && mine(member))
        const hasSubmitted = rounds.get(round)?.hasSubmitted ?? false
        const median = me < 0 ? null : medianFor(scores.get(round) ?? [], me, self)
        change(round, { median, isIncluded: hasSubmitted ? has(survivors, me) : null })
        break
      }
      case 'SeatDrawn':
        // Votes begin anew with it.
        accusedNobody = 0
        if (mine(log.args.hospital)) change(log.args.round, { isChecked: true })
        break
      case 'SumScored': {
        const { round, scores } = log.args
        const me = members.findIndex(member => member !== undefined && mine(member))
        // Who is not in the sum has a 0 there.
        if (rounds.get(round)?.isIncluded) change(round, { median: scores[me] ?? null })
        break
      }
      case 'Accused':
        if (log.args.members === 0n) accusedNobody++
        break
      case 'ModelFinalised':
        change(log.args.round, { outcome: 'finalised' })
        break
      case 'RoundVoided': {
        const { round, phase } = log.args
        if (rounds.get(round)?.outcome === 'accused') break
        const isOutOfRange = phase === Phase.Aggregate && accusedNobody >= quorum(seatCount)
        change(round, { outcome: isOutOfRange ? 'outOfRange' : 'void' })
        break
      }
      case 'RoundVetoed': {
        const { round, hospital, vetoed } = log.args
        if (!mine(hospital)) break
        if (vetoed) vetoes.add(round)
        else {
          vetoes.delete(round)
          settledVetoes.add(round)
        }
        break
      }
      case 'StakeForfeited': {
        const { round, hospital, amount, reason } = log.args
        if (reason === ACCUSED) change(round, { outcome: 'accused' })
        if (mine(hospital)) change(round, { forfeit: { amount, reason } })
        break
      }
      case 'RewardAccrued': {
        const { round, hospital, amount } = log.args
        if (mine(hospital)) change(round, { reward: (rounds.get(round)?.reward ?? 0n) + amount })
        break
      }
      case 'Withdrawn':
        if (mine(log.args.account)) withdrawn += log.args.amount
        break
    }
  }
  return {
    joined,
    left,
    vetoes: [...vetoes].sort((a, b) => a - b),
    settledVetoes: [...settledVetoes].sort((a, b) => a - b),
    withdrawn,
    rounds: [...rounds.values()].sort((a, b) => b.round - a.round),
  }
}

/**
 * The contract's median: over the seats that revealed and opened the update, the hospital's own score of itself left out; of
 * an even number the lower middle.
 */
function medianFor(
  given: readonly { readonly by: Address; readonly scores: readonly number[] }[],
  member: number,
  self: Address,
): number | null {
  const counted = given
    .filter(({ by }) => !sameAddress(by, self))
    .map(({ scores }) => scores[member])
    .filter((score): score is number => score !== undefined && score !== NOT_OPENED)
    .sort((a, b) => a - b)
  return counted[Math.floor((counted.length - 1) / 2)] ?? null
}

/** The history as a CSV file, amounts in credits. */
export function historyCsv(
  rounds: readonly HistoryRow[],
  headings: readonly string[],
  cells: (row: HistoryRow) => readonly string[],
): string {
  const lines = [headings, ...rounds.map(cells)]
  return lines.map(line => `${line.map(quoted).join(',')}\r\n`).join('')
}

/** Quoted where it must be; what a spreadsheet would take for a formula is made text. */
function quoted(cell: string): string {
  const text = /^[=+@\t\r]|^-(?![\d.])/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
