import * as z from 'zod/mini'
import { sha256Hex } from '../crypto/bytes.ts'
import { AppError } from '../errors/AppError.ts'
import { type Accountant, checkDelta, checkMechanism, type Mechanism } from './accountant/mechanism.ts'
import { rdpAccountant } from './accountant/rdp.ts'

const text = z.string().check(z.minLength(1))
const positive = z.number().check(z.positive())

/** What is shared for which a charge pays. */
const purpose = z.enum(['statistics', 'training', 'gradient', 'metrics'])

const entrySchema = z.strictObject({
  /** Genesis hash and registry address: two chains must never share a charge. */
  deployment: text,
  study: text,
  /** 0 is the federated standardisation before the first round. */
  round: z.int().check(z.minimum(0)),
  purpose,
  mechanism: z.strictObject({ sigma: positive, q: positive.check(z.maximum(1)), steps: z.int().check(z.positive()) }),
  /** When it was charged, in seconds since 1970. */
  at: z.int().check(z.minimum(0)),
})

const ledgerSchema = z.strictObject({
  version: z.literal(1),
  /** Fingerprint of the patients' data: the same patients in two studies pay both from here. */
  dataset: text,
  budget: z.strictObject({ epsilon: positive, delta: positive.check(z.maximum(0.1)) }),
  entries: z.array(entrySchema),
})

/** What a hospital has shared about one set of patients, ever: plain data that an adapter stores. */
export type Ledger = z.infer<typeof ledgerSchema>
export type LedgerEntry = Ledger['entries'][number]
export type Purpose = LedgerEntry['purpose']

/** What a step would cost. */
export interface Quote {
  /** ε at the budget's δ, of all that was charged. */
  readonly before: number
  /** The same with the step. */
  readonly after: number
  /** What the budget still has after it: negative where it does not cover the step. */
  readonly left: number
}

/** What the chain knows of a hospital's charges in one study. */
export interface Mirror {
  readonly deployment: string
  readonly study: string
  readonly entries: readonly LedgerEntry[]
  /** ε of that study alone, at the budget's δ, as it was published. */
  readonly epsilon: number
}

/** ε is mirrored in whole millionths. */
const mirrorUnit = 1e-6
/**
 * The share of δ that is kept for what samplers leave open (2⁻¹⁸⁰ a number): also 2²⁴ numbers in 2²⁰ steps at ε = 20 need
 * less of any δ above 2⁻⁸⁰.
 */
const samplersShare = 2 ** -20

const defaultAccountant = rdpAccountant()

/**
 * A ledger that nothing was charged to.
 * @throws RangeError where the budget is not positive or δ above 0.1
 */
export function openLedger(dataset: string, budget: { epsilon: number; delta: number }): Ledger {
  checkDelta(budget.delta)
  if (!(dataset !== '' && budget.epsilon > 0 && budget.epsilon < Infinity && budget.delta <= 0.1)) {
    throw new RangeError(`a budget of ${budget.epsilon}, ${budget.delta} for “${dataset}” is none`)
  }
  return { version: 1, dataset, budget: { epsilon: budget.epsilon, delta: budget.delta }, entries: [] }
}

/**
 * The ledger of data that changed: patients came, or withdrew their consent. All charges go along, as whoever is in both sets
 * has paid them; a fresh ledger would let them be paid twice.
 */
export function continueLedger(ledger: Ledger, dataset: string): Ledger {
  return { ...ledger, dataset }
}

/** ε at the budget's δ of all charges, or of one study's. */
export function spent(
  { entries, budget }: Ledger,
  study?: { deployment: string; study: string },
  accountant: Accountant = defaultAccountant,
): number {
  const counted = study === undefined ? entries : entries.filter(entry => sameStudy(entry, study))
  return accountant.epsilon(mechanismsOf(counted), budget.delta * (1 - samplersShare))
}

/**
 * What a step would cost on top of all charges.
 * @throws RangeError where the mechanism is out of range
 */
export function quote(ledger: Ledger, mechanism: Mechanism, accountant: Accountant = defaultAccountant): Quote {
  const { epsilon, delta } = ledger.budget
  const before = spent(ledger, undefined, accountant)
  const after = accountant.epsilon([...mechanismsOf(ledger.entries), mechanism], delta * (1 - samplersShare))
  return { before, after, left: epsilon - after }
}

/**
 * The ledger with one more charge, to be stored before the first step. A charge that is there already (the same deployment,
 * study, round and purpose) leaves the ledger as it is, so a reload that resumes does not pay twice. There is no way to take
 * a charge back: what was shared stays known.
 * @throws AppError privacy.budgetSpent, and the ledger is as it was
 * @throws AppError privacy.chargedDifferently where the charge is there with another mechanism
 * @throws RangeError where the mechanism is out of range or takes no step
 */
export function charge(ledger: Ledger, entry: LedgerEntry, accountant: Accountant = defaultAccountant): Ledger {
  checkMechanism(entry.mechanism)
  if (entry.mechanism.steps === 0) throw new RangeError('a charge for no steps')
  const { deployment, study, round, purpose, at } = entry
  const { sigma, q, steps } = entry.mechanism
  const there = ledger.entries.find(other => sameCharge(other, entry))
  if (there !== undefined) {
    if (!sameMechanism(there, entry)) throw new AppError('privacy.chargedDifferently', { round })
    return ledger
  }
  const { before, after, left } = quote(ledger, entry.mechanism, accountant)
  if (!(left >= 0)) {
    throw new AppError('privacy.budgetSpent', {
      spent: roundedUp(before),
      budget: ledger.budget.epsilon,
      after: roundedUp(after),
    })
  }
  const added = { deployment, study, round, purpose, mechanism: { sigma, q, steps }, at }
  return { ...ledger, entries: [...ledger.entries, added] }
}

/**
 * The ledger completed by what the chain knows of one study: charges that a lost or older copy does not show. More on this
 * computer than on the chain is fine: a charge comes first and is mirrored later. A budget may so turn out overdrawn; then
 * nothing more is charged.
 * @throws AppError privacy.ledgerBehind where the ledger would still show less than the chain: the mirror's charges do not
 * add up to its ε, or contradict the ledger's
 */
export function reconcile(ledger: Ledger, mirror: Mirror, accountant: Accountant = defaultAccountant): Ledger {
  const refused = (local: number) =>
    new AppError('privacy.ledgerBehind', { local: roundedUp(local), mirrored: roundedUp(mirror.epsilon) })
  let completed = ledger
  for (const entry of mirror.entries) {
    // What comes from a chain is read like a file.
    if (!(entrySchema.safeParse(entry).success && sameStudy(entry, mirror)))
      throw refused(spent(ledger, mirror, accountant))
    const there = completed.entries.find(other => sameCharge(other, entry))
    if (there === undefined) completed = { ...completed, entries: [...completed.entries, entry] }
    else if (!sameMechanism(there, entry)) throw refused(spent(ledger, mirror, accountant))
  }
  const local = spent(completed, mirror, accountant)
  // NaN compares false.
  if (!(mirror.epsilon <= local + mirrorUnit)) throw refused(local)
  return completed
}

/** The ledger as text to store, with a digest of itself. */
export async function writeLedger(ledger: Ledger): Promise<string> {
  return JSON.stringify({ ledger, digest: await digestOf(ledger) })
}

/**
 * A ledger from its text. The digest finds what was damaged or edited by hand; against somebody who computes it anew stands
 * the mirror on the chain: see reconcile.
 * @throws AppError privacy.badLedger where the text is none, of another version, changed, or has a charge twice
 */
export async function readLedger(stored: string): Promise<Ledger> {
  let value: unknown
  try {
    value = JSON.parse(stored)
  } catch (cause) {
    throw new AppError('privacy.badLedger', { reason: 'it is not readable' }, cause)
  }
  const result = z.strictObject({ ledger: ledgerSchema, digest: z.string() }).safeParse(value)
  if (!result.success) {
    const issue = result.error.issues[0]
    const reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`
    throw new AppError('privacy.badLedger', { reason })
  }
  const { ledger, digest } = result.data
  if (digest !== (await digestOf(ledger))) throw new AppError('privacy.badLedger', { reason: 'it was changed' })
  ledger.entries.forEach((entry, i) => {
    if (ledger.entries.findIndex(other => sameCharge(other, entry)) < i) {
      throw new AppError('privacy.badLedger', { reason: `entries.${i}: charged twice` })
    }
  })
  return ledger
}

/** sha-256 of the ledger's values in a fixed order, so that it does not depend on how an object was put together. */
function digestOf({ version, dataset, budget, entries }: Ledger): Promise<string> {
  const values = [
    version,
    dataset,
    budget.epsilon,
    budget.delta,
    ...entries.map(({ deployment, study, round, purpose, mechanism: { sigma, q, steps }, at }) => [
      deployment,
      study,
      round,
      purpose,
      sigma,
      q,
      steps,
      at,
    ]),
  ]
  return sha256Hex(new TextEncoder().encode(JSON.stringify(values)))
}

function mechanismsOf(entries: readonly LedgerEntry[]): Mechanism[] {
  return entries.map(entry => entry.mechanism)
}

type StudyKey = Pick<LedgerEntry, 'deployment' | 'study'>

function sameStudy(a: StudyKey, b: StudyKey): boolean {
  return a.deployment === b.deployment && a.study === b.study
}

function sameCharge(a: LedgerEntry, b: LedgerEntry): boolean {
  return sameStudy(a, b) && a.round === b.round && a.purpose === b.purpose
}

function sameMechanism({ mechanism: a }: LedgerEntry, { mechanism: b }: LedgerEntry): boolean {
  return a.sigma === b.sigma && a.q === b.q && a.steps === b.steps
}

/** For people: two digits after the point, never less than it is. */
function roundedUp(epsilon: number): number {
  return Math.ceil(epsilon * 100) / 100
}
