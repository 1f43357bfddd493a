import { describe, expect, it } from 'vitest'
import { AppError } from '../errors/AppError.ts'
import type { Address } from '../study/types.ts'
import {
  type CreationFacts,
  type CreationPorts,
  type CreationProgress,
  nextStep,
  nothingDone,
  runSteps,
  type StepName,
  stepsOf,
} from './sponsorSteps.ts'

const study: Address = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
const full = { hasGasPot: true, hasInitial: true, isProven: true }

/** A chain and a relay that remember, and a tab that may die at any point. */
function world(failAt: StepName | null = null, diesAfter: StepName | null = null) {
  const done: StepName[] = []
  let facts: CreationFacts = { study: null, isFunded: false, pot: 0n }
  let noted: CreationProgress = nothingDone
  let failing = failAt
  let dying = diesAfter
  const step = (name: StepName, change: Partial<CreationFacts>) => {
    if (failing === name) {
      failing = null
      throw new AppError('chain.rejected')
    }
    done.push(name)
    facts = { ...facts, ...change }
  }
  const ports: CreationPorts = {
    facts: async () => facts,
    async publishAudits() {
      step('audits', {})
    },
    async create() {
      step('create', { study })
      return study
    },
    async fund() {
      step('fund', { isFunded: true })
    },
    async gas() {
      step('gas', { pot: 1n })
    },
    async initial() {
      step('initial', {})
    },
    async manifest() {
      step('manifest', {})
    },
    async note(progress) {
      // The transaction is mined; the note of it is lost.
      if (dying !== null && done.at(-1) === dying) {
        dying = null
        throw new Error('the tab was closed')
      }
      noted = progress
    },
  }
  return { done, ports, noted: () => noted, spendPot: () => (facts = { ...facts, pot: 0n }) }
}

describe('the steps of a new study', () => {
  it('leave out what the plan does not ask for', () => {
    const bare = { hasGasPot: false, hasInitial: false, isProven: false }
    expect(stepsOf(bare)).toEqual(['create', 'fund', 'manifest'])
    expect(stepsOf({ ...bare, isProven: true })[0]).toBe('audits')
    expect(stepsOf(full)).toEqual(['audits', 'create', 'fund', 'gas', 'initial', 'manifest'])
  })

  it('are taken in order, each once', async () => {
    const { done, ports } = world()
    const told: StepName[] = []
    const progress = await runSteps(full, nothingDone, ports, step => told.push(step))
    expect(done).toEqual(stepsOf(full))
    expect(told).toEqual(done)
    expect(progress).toEqual({ audits: true, study, funded: true, gas: true, initial: true, manifest: true })
    expect(nextStep(full, progress)).toBeNull()
  })

  it.each(stepsOf(full))('go on at %s after it was declined', async step => {
    const { done, ports, noted } = world(step)
    await expect(runSteps(full, nothingDone, ports, () => undefined)).rejects.toThrow(/declined/)
    await runSteps(full, noted(), ports, () => undefined)
    expect(done).toEqual(stepsOf(full))
  })

  it.each(['create', 'fund', 'gas'] as const)(
    'are not signed twice when the tab closes right after %s was mined',
    async step => {
      const { done, ports, noted } = world(null, step)
      await expect(runSteps(full, nothingDone, ports, () => undefined)).rejects.toThrow(/closed/)
      await runSteps(full, noted(), ports, () => undefined)
      expect(done).toEqual(stepsOf(full))
    },
  )

  it('do not fill a pot again that was filled and spent', async () => {
    const { done, ports, noted, spendPot } = world('manifest')
    await expect(runSteps(full, nothingDone, ports, () => undefined)).rejects.toThrow(/declined/)
    spendPot()
    await runSteps(full, noted(), ports, () => undefined)
    expect(done.filter(step => step === 'gas')).toHaveLength(1)
  })
})
