import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AppError, isAppError } from '../errors/AppError.ts'
import type { ErrorCode } from '../errors/messages.ts'
import { rdpAccountant } from './accountant/rdp.ts'
import {
  charge,
  continueLedger,
  type Ledger,
  type LedgerEntry,
  openLedger,
  quote,
  readLedger,
  reconcile,
  spent,
  writeLedger,
} from './ledger.ts'

const budget = { epsilon: 3, delta: 1e-5 }
const heart = { deployment: '0x1:0xregistry', study: '0xheart' }
const statistics: LedgerEntry = {
  ...heart,
  round: 0,
  purpose: 'statistics',
  mechanism: { sigma: 12, q: 1, steps: 1 },
  at: 1_700_000_000,
}
const training = (round: number, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  ...heart,
  round,
  purpose: 'training',
  mechanism: { sigma: 3, q: 0.1, steps: 40 },
  at: 1_700_000_000 + round,
  ...more,
})
const charged = (...entries: LedgerEntry[]) =>
  entries.reduce((ledger, entry) => charge(ledger, entry), openLedger('patients', budget))
const rounds = (count: number) => Array.from({ length: count }, (_, i) => training(i + 1))
/** One more round than the budget covers. */
const spentLedger = () => {
  let ledger = openLedger('patients', budget)
  let round = 1
  while (quote(ledger, training(round).mechanism).left >= 0) ledger = charge(ledger, training(round++))
  return { ledger, next: training(round) }
}
const refusal = (run: () => unknown, code: ErrorCode): AppError => {
  try {
    run()
  } catch (error) {
    if (isAppError(error, code)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('charge', () => {
  it('adds up to what the accountant says of all mechanisms together', () => {
    const ledger = charged(statistics, ...rounds(3))
    const all = [statistics.mechanism, { sigma: 3, q: 0.1, steps: 120 }]
    expect(spent(ledger)).toBeCloseTo(rdpAccountant().epsilon(all, budget.delta), 5)
  })

  it('never goes over the budget, whatever is tried in whatever order', () => {
    const mechanism = fc.record({
      sigma: fc.double({ min: 0.5, max: 20, noNaN: true }),
      q: fc.double({ min: 0.01, max: 1, noNaN: true }),
      steps: fc.integer({ min: 1, max: 200 }),
    })
    fc.assert(
      fc.property(fc.array(mechanism, { minLength: 1, maxLength: 8 }), mechanisms => {
        let ledger = openLedger('patients', budget)
        mechanisms.forEach((mechanism, round) => {
          const entry = training(round, { mechanism })
          const { before, after, left } = quote(ledger, mechanism)
          expect(before).toBe(spent(ledger))
          expect(after).toBeGreaterThanOrEqual(before)
          expect(left).toBe(budget.epsilon - after)
          if (left >= 0) ledger = charge(ledger, entry)
          else refusal(() => charge(ledger, entry), 'privacy.budgetSpent')
          expect(spent(ledger)).toBeLessThanOrEqual(budget.epsilon)
        })
      }),
      { numRuns: 10 },
    )
  })

  it('refuses an overdraft in words, and the ledger is as it was', () => {
    const { ledger, next } = spentLedger()
    const before = structuredClone(ledger)
    const error = refusal(() => charge(ledger, next), 'privacy.budgetSpent')
    expect(ledger).toEqual(before)
    expect(error.details.budget).toBe(3)
    expect(error.details.after).toBeGreaterThan(3)
    expect(error.message).not.toContain('{')
    expect(error.message).toContain('The study goes on without this hospital.')
  })

  it('still covers something cheaper after it refused something dear', () => {
    const { ledger } = spentLedger()
    const cheap = { sigma: 200, q: 1, steps: 1 }
    expect(quote(ledger, cheap).left).toBeGreaterThan(0)
    expect(charge(ledger, training(1, { purpose: 'metrics', mechanism: cheap })).entries).toHaveLength(
      ledger.entries.length + 1,
    )
  })

  it('does not charge again what a reload asks for again, also at another time and with nothing left', () => {
    const { ledger } = spentLedger()
    for (const entry of ledger.entries) expect(charge(ledger, { ...entry, at: entry.at + 3600 })).toBe(ledger)
  })

  it.each([
    ['deployment', { deployment: '0x2:0xregistry' }],
    ['study', { study: '0xother' }],
    ['round', { round: 2 }],
    ['purpose', { purpose: 'gradient' as const }],
  ])('charges again for another %s of the same patients', (_, other) => {
    const once = charged(training(1))
    const twice = charge(once, { ...training(1), ...other })
    expect(twice.entries).toHaveLength(2)
    expect(spent(twice)).toBeGreaterThan(spent(once))
  })

  it('refuses the same charge with other noise, dearer or cheaper', () => {
    const ledger = charged(training(1))
    for (const sigma of [1, 10]) {
      const other = training(1, { mechanism: { sigma, q: 0.1, steps: 40 } })
      refusal(() => charge(ledger, other), 'privacy.chargedDifferently')
    }
  })

  it('refuses what is no mechanism or takes no step', () => {
    for (const bad of [{ sigma: 0 }, { q: 2 }, { steps: 0 }, { steps: Number.NaN }]) {
      const mechanism = { sigma: 1, q: 0.1, steps: 10, ...bad }
      expect(() => charge(openLedger('patients', budget), training(1, { mechanism }))).toThrow(RangeError)
    }
  })
})

describe('a ledger', () => {
  it('knows what one study has spent', () => {
    const other = { ...heart, study: '0xother' }
    const ledger = charge(charged(training(1)), { ...training(1), ...other })
    expect(spent(ledger, heart)).toBe(spent(charged(training(1))))
    expect(spent(ledger, other)).toBe(spent(ledger, heart))
    expect(spent(ledger)).toBeGreaterThan(spent(ledger, heart))
    expect(spent(ledger, { ...heart, study: '0xnone' })).toBe(0)
  })

  it('goes along when patients come or withdraw', () => {
    const ledger = charged(...rounds(2))
    const next = continueLedger(ledger, 'patients without one')
    expect(next).toEqual({ ...ledger, dataset: 'patients without one' })
    expect(spent(next)).toBe(spent(ledger))
  })

  it('is not opened without a budget or a data set', () => {
    for (const bad of [{ epsilon: 0 }, { epsilon: Number.NaN }, { epsilon: Infinity }, { delta: 0 }, { delta: 0.2 }]) {
      expect(() => openLedger('patients', { ...budget, ...bad })).toThrow(RangeError)
    }
    expect(() => openLedger('', budget)).toThrow(RangeError)
  })
})

describe('reconcile', () => {
  const full = charged(statistics, ...rounds(4))
  const mirror = { ...heart, entries: full.entries, epsilon: spent(full, heart) }

  it.each([0, 1, 3])('completes a copy that has only %d of the charges', kept => {
    const old = { ...full, entries: full.entries.slice(0, kept) }
    const completed = reconcile(old, mirror)
    expect(completed.entries).toEqual(full.entries)
    expect(spent(completed)).toBe(spent(full))
  })

  it('leaves a ledger as it is that shows the same, or more than the chain knows yet', () => {
    expect(reconcile(full, mirror)).toEqual(full)
    const ahead = charge(full, training(5))
    expect(reconcile(ahead, mirror)).toEqual(ahead)
  })

  it('accepts an ε that was rounded up to millionths', () => {
    expect(reconcile(full, { ...mirror, epsilon: Math.ceil(mirror.epsilon * 1e6) / 1e6 })).toEqual(full)
  })

  it('does not let the charges of another study stand in for the missing ones', () => {
    const other = { ...heart, study: '0xother' }
    const elsewhere: Ledger = { ...full, entries: full.entries.map(entry => ({ ...entry, ...other })) }
    refusal(() => reconcile(elsewhere, { ...mirror, entries: [] }), 'privacy.ledgerBehind')
  })

  it('refuses a copy that the chain’s charges do not complete', () => {
    const old = { ...full, entries: full.entries.slice(0, 2) }
    const error = refusal(() => reconcile(old, { ...mirror, entries: [] }), 'privacy.ledgerBehind')
    expect(error.details.local).toBeLessThan(error.details.mirrored as number)
    expect(error.message).not.toContain('{')
    refusal(() => reconcile(full, { ...mirror, epsilon: mirror.epsilon + 0.001 }), 'privacy.ledgerBehind')
    refusal(() => reconcile(full, { ...mirror, epsilon: Number.NaN }), 'privacy.ledgerBehind')
  })

  it('refuses charges that contradict the ledger’s, are of another study, or are none', () => {
    const one = full.entries[1] as LedgerEntry
    for (const entry of [
      { ...one, mechanism: { ...one.mechanism, sigma: 4 } },
      { ...one, study: '0xother' },
      { ...one, mechanism: { ...one.mechanism, sigma: -1 } },
    ]) {
      refusal(() => reconcile(full, { ...mirror, entries: [entry] }), 'privacy.ledgerBehind')
    }
  })

  it('takes a charge that overdraws the budget: it was spent, and nothing more is charged', () => {
    const dear = training(9, { mechanism: { sigma: 0.5, q: 1, steps: 1 } })
    const overdrawn = reconcile(full, { ...mirror, entries: [...full.entries, dear], epsilon: 0 })
    expect(quote(overdrawn, statistics.mechanism).left).toBeLessThan(0)
    refusal(() => charge(overdrawn, training(10)), 'privacy.budgetSpent')
    expect(charge(overdrawn, training(1))).toBe(overdrawn)
  })
})

describe('a stored ledger', () => {
  const ledger = charged(statistics, ...rounds(2))
  const code = async (stored: string) => {
    try {
      await readLedger(stored)
    } catch (error) {
      if (isAppError(error, 'privacy.badLedger')) return String(error.details.reason)
      throw error
    }
    return undefined
  }
  /** The stored ledger with something changed, and with the digest it had. */
  const changed = async (edit: (ledger: Record<string, unknown> & Ledger) => void) => {
    const stored = JSON.parse(await writeLedger(ledger))
    edit(stored.ledger)
    return JSON.stringify(stored)
  }

  it('comes back as it was', async () => {
    expect(await readLedger(await writeLedger(ledger))).toEqual(ledger)
    const empty = openLedger('patients', budget)
    expect(await readLedger(await writeLedger(empty))).toEqual(empty)
  })

  it.each<[string, (ledger: Record<string, unknown> & Ledger) => void]>([
    ['without its last charge', ({ entries }) => entries.pop()],
    ['with a larger budget', ({ budget }) => Object.assign(budget, { epsilon: 30 })],
    ['with a larger δ', ({ budget }) => Object.assign(budget, { delta: 1e-3 })],
    ['for other patients', stored => Object.assign(stored, { dataset: 'others' })],
    ['with more noise', ({ entries }) => Object.assign(entries[0]?.mechanism ?? {}, { sigma: 50 })],
    ['with another time', ({ entries }) => Object.assign(entries[0] ?? {}, { at: 1 })],
    ['with charges in another order', ({ entries }) => entries.reverse()],
  ])('is refused %s', async (_, edit) => {
    expect(await code(await changed(edit))).toBe('it was changed')
  })

  it.each<[string, (ledger: Record<string, unknown> & Ledger) => void]>([
    ['version', stored => Object.assign(stored, { version: 2 })],
    ['budget.epsilon', ({ budget }) => Object.assign(budget, { epsilon: -1 })],
    ['entries.0.mechanism.sigma', ({ entries }) => Object.assign(entries[0]?.mechanism ?? {}, { sigma: 0 })],
    ['entries.0.mechanism.q', ({ entries }) => Object.assign(entries[0]?.mechanism ?? {}, { q: 1.5 })],
    ['entries.1.round', ({ entries }) => Object.assign(entries[1] ?? {}, { round: -1 })],
    ['entries.1.purpose', ({ entries }) => Object.assign(entries[1] ?? {}, { purpose: 'fun' })],
  ])('is refused where its %s makes no sense', async (path, edit) => {
    expect(await code(await changed(edit))).toMatch(`ledger.${path}: `)
  })

  it('is refused where it is cut, empty, or something else', async () => {
    const stored = await writeLedger(ledger)
    for (const text of ['', stored.slice(0, -5), 'null', '{}', JSON.stringify(ledger)]) {
      expect(await code(text)).toBeDefined()
    }
  })

  it('is refused with a charge twice, whoever wrote it', async () => {
    const twice = { ...ledger, entries: [...ledger.entries, ledger.entries[0] as LedgerEntry] }
    expect(await code(await writeLedger(twice))).toBe('entries.3: charged twice')
  })
})
