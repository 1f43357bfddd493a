import { DIGEST_BYTES } from '../../field/digests.ts'
import { MODULUS } from '../../field/Field.ts'
import type { Air } from './air.ts'
import { foldings, LOG2_FOLD, type Parameters } from './parameters.ts'

/** All that the soundness of a proof depends on beside the parameters. */
export interface SoundnessShape {
  readonly log2Rows: number
  /** Terms of the combination that FRI is given: columns, shifted columns, the quotient's chunks, the mask and pins. */
  readonly functions: number
  readonly constraints: number
  /** Of the constraints, in the columns. */
  readonly maxDegree: number
  /** The constraints' degrees in the AIR's challenges, added up. */
  readonly challengeDegree: number
  /** Columns of the largest pinned oracle; absent or 0: nothing is pinned. */
  readonly pinnedColumns?: number
}

export interface SoundnessOptions {
  /**
   * How far the radius of multiplicity m stays below Johnson's 1 − √ρ: √ρ/m ('whole', the default), as soundcalc reads
   * the theorem today, or √ρ/(2m) ('halved'), as it was stated before and as BCIKS20 has it. Whole is the smaller
   * radius, and so the more careful.
   */
  readonly gap?: 'whole' | 'halved'
  /**
   * Whose count of the bad challenges of a random combination: BCHKS25's, which grows with the domain (ePrint
   * 2025/2055, Theorem 4.2; the default), or BCIKS20's, which grows with its square (ePrint 2020/654).
   */
  readonly theorem?: 'BCHKS25' | 'BCIKS20'
  /** The multiplicity, at least 3; default the best. */
  readonly m?: number
  /** Of the challenges' field over the base field; default 2, which is what is implemented. */
  readonly extensionDegree?: number
  /** Bits of work before each folding; default as many as before the columns are combined. */
  readonly foldingGrinding?: number
}

/** A step of the protocol, and minus log2 of the chance that its challenge helps a prover who has no witness. */
export interface SoundnessTerm {
  readonly name: string
  readonly bits: number
}

export interface Soundness {
  /** The least term, in bits. */
  readonly proven: number
  /** The least term without the hash's, which is the same whatever the parameters are. */
  readonly interactive: number
  /** The multiplicity of `terms`. With a larger one the radius is larger: queries say more and challenges less. */
  readonly m: number
  readonly terms: readonly SoundnessTerm[]
  /**
   * ethSTARK's conjecture (ePrint 2021/582), that a query is worth log2(1/ρ) bits, as if everything held up to
   * capacity. Disproved near it (ePrint 2025/2046, 2025/2010): for comparing with figures that others state, and
   * nothing to rely on.
   */
  readonly conjectured: readonly SoundnessTerm[]
}

/** The theorem's least multiplicity, and one beyond which the radius hardly grows. */
const LEAST_M = 3
const MOST_M = 100
/** Nodes of a Merkle tree collide after 2^(half their bits) hashes. */
const HASH: SoundnessTerm = { name: 'hash', bits: (8 * DIGEST_BYTES) / 2 }

/**
 * How sound proofs are, step by step, in bits: proven up to Johnson's radius, and conjectured. docs/proofs.md says where
 * every term comes from; those of DEEP-ALI and FRI are as in github.com/ethereum/soundcalc.
 *
 * @example
 * soundness(shapeOf(air), air.parameters).proven // 96
 */
export function soundness(shape: SoundnessShape, parameters: Parameters, options: SoundnessOptions = {}): Soundness {
  const field = Number(MODULUS) ** (options.extensionDegree ?? 2)
  const [from, to] = [options.m ?? LEAST_M, options.m ?? MOST_M]
  const choices = Array.from({ length: to - from + 1 }, (_, i) => {
    const m = from + i
    const terms = protocolTerms(shape, parameters, options, m, field)
    return { m, terms, least: Math.min(...terms.map(({ bits }) => bits)) }
  })
  const { m, terms, least } = choices.reduce((best, other) => (other.least > best.least ? other : best))
  const { queries, queryGrinding, log2Blowup } = parameters
  return {
    proven: Math.min(least, HASH.bits),
    interactive: least,
    m,
    terms: [...terms, HASH],
    conjectured: [
      { name: 'queries', bits: queries * log2Blowup + queryGrinding - 1 },
      { name: 'field', bits: Math.log2(field) - 1 },
    ],
  }
}

/** Every step of the protocol for a multiplicity m, in its order. */
function protocolTerms(
  { log2Rows, functions, constraints, maxDegree, challengeDegree, pinnedColumns = 0 }: SoundnessShape,
  { log2Blowup, queries, queryGrinding, roundGrinding }: Parameters,
  { gap: kind = 'whole', theorem = 'BCHKS25', foldingGrinding = roundGrinding }: SoundnessOptions,
  m: number,
  field: number,
): SoundnessTerm[] {
  const rows = 2 ** log2Rows
  const domain = rows * 2 ** log2Blowup
  const root = Math.sqrt(2 ** -log2Blowup)
  const gap = kind === 'whole' ? root / m : root / (2 * m)
  const list = listSize(root + gap, (rows + 1) / domain)
  const combining = (points: number, count: number) =>
    (badChallenges(theorem, m, root, gap, points) * (count - 1)) / field
  const term = (name: string, error: number, work = 0) => ({ name, bits: work - Math.log2(error) })
  // Columns that follow from the challenges row by row are fractions in them: as many zeros as poles at most.
  const challenges = (list * 2 * rows * challengeDegree) / field
  // Two of the codewords that are close have the same pin: equal in the point, or joined to the same by the weight.
  const pin = ((list ** 2 / 2) * (rows / (1 - Number(MODULUS) / field) + pinnedColumns - 1)) / field
  return [
    ...(pinnedColumns > 0 ? [term('pin', pin)] : []),
    ...(challengeDegree > 0 ? [term('challenges', challenges)] : []),
    term('constraints', (list * constraints) / field),
    // The check in z, times xⁿ − 1: the constraints' degree, n for that and n for a chunk. z is not in the base field.
    term('outside point', (list * (maxDegree + 2) * rows) / (field - Number(MODULUS))),
    term('combination', combining(domain, functions), roundGrinding),
    ...Array.from({ length: foldings(log2Rows) }, (_, i) => {
      const points = domain / 2 ** (LOG2_FOLD * (i + 1))
      return term(`folding ${i + 1}`, combining(points, 2 ** LOG2_FOLD), foldingGrinding)
    }),
    term('queries', (root + gap) ** queries, queryGrinding),
  ]
}

/** How many codewords of a rate, at most, agree with one word in such a share of the points: Johnson's bound. */
function listSize(agreement: number, rate: number): number {
  const root = Math.sqrt(rate)
  return 1 / (2 * (agreement - root) * root)
}

/** How many β there are at most for which u + βv is close to the code although u and v together are not. */
function badChallenges(theorem: 'BCHKS25' | 'BCIKS20', m: number, root: number, gap: number, points: number): number {
  const half = m + 0.5
  if (theorem === 'BCIKS20') return (half ** 7 * points ** 2) / (3 * root ** 3)
  const radius = 1 - root - gap
  return ((2 * half ** 5 + 3 * half * radius * root ** 2) * points) / (3 * root ** 3) + half / root
}

/** What of an AIR its soundness depends on. */
export function shapeOf(air: Omit<Air, 'key'>): SoundnessShape {
  const { log2Rows, oracles, chunks, constraints } = air
  const pinned = oracles.filter(({ isPinned }) => isPinned)
  const functions = sum(oracles.map(({ columns, shifted }) => columns.length + shifted)) + chunks + 1 + pinned.length
  return {
    log2Rows,
    functions,
    constraints: constraints.length,
    maxDegree: Math.max(...constraintDegrees(air, { rows: 1, challenges: 0 })),
    challengeDegree: sum(constraintDegrees(air, { rows: 0, challenges: 1 })),
    pinnedColumns: Math.max(0, ...pinned.map(({ columns }) => columns.length)),
  }
}

/** Each constraint's degree, where what differs from row to row has one degree and challenges have another. */
function constraintDegrees(
  { oracles, periodics, inputs, challenges, constants, instructions, constraints }: Omit<Air, 'key'>,
  degree: { readonly rows: number; readonly challenges: number },
): number[] {
  const degrees = [
    ...oracles.flatMap(({ columns, shifted }) => new Array<number>(columns.length + shifted).fill(degree.rows)),
    ...periodics.map(({ values }) => (values.length === 1 ? 0 : degree.rows)),
    ...inputs.map(() => 0),
    ...challenges.map(() => degree.challenges),
    ...constants.map(() => 0),
  ]
  for (const { operation, a, b } of instructions) {
    const [left, right] = [degrees[a]!, degrees[b]!]
    degrees.push(operation === 'multiply' ? left + right : Math.max(left, right))
  }
  return constraints.map(({ value }) => degrees[value]!)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
