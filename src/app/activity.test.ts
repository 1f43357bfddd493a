import 'fake-indexeddb/auto'
import { TransactionNotFoundError, TransactionReceiptNotFoundError } from 'viem'
import { describe, expect, it, vi } from 'vitest'
import type { publicClientFor } from '../chain/clients.ts'
import type { TransactionStep } from '../chain/transactions.ts'
import type { Address, Hex } from '../study/types.ts'

const to: Address = `0x${'ab'.repeat(20)}`
const hash: Hex = `0x${'12'.repeat(32)}`
let account = 0

/** A page of its own: nothing but the browser's database is shared with the page before. */
async function newPage(address: Address) {
  vi.resetModules()
  const { ACTIVITY_ENTRIES, activityOf, followPending, recordStep, whenLoaded } = await import('./activity.ts')
  const store = activityOf({ deploymentId: `0x${'d1'.repeat(32)}` }, address)
  await whenLoaded(store)
  const step = (id: string, changes: Partial<TransactionStep> & Pick<TransactionStep, 'status'>) =>
    recordStep(store, { id, name: 'joinTask', to, ...changes })
  return { store, step, follow: followPending, most: ACTIVITY_ENTRIES, entries: () => store.getState().entries }
}

const someone = (): Address => `0x${String(++account).padStart(40, '0')}`

type Client = ReturnType<typeof publicClientFor>

/** A chain that answers with these, one look after the other. */
function chainOf(...answers: readonly ('unknown' | 'waiting' | 'success' | 'reverted')[]): Client {
  let look = 0
  const now = () => answers[Math.min(look, answers.length - 1)]
  return {
    async getTransactionReceipt() {
      const status = now()
      if (status === 'success' || status === 'reverted') return { status, gasUsed: 100n, effectiveGasPrice: 7n }
      throw new TransactionReceiptNotFoundError({ hash })
    },
    async getTransaction() {
      const answer = now()
      look++
      if (answer === 'unknown') throw new TransactionNotFoundError({ hash })
      return {}
    },
  } as unknown as Client
}

describe('the list of what an account did', () => {
  it('has one entry a call, brought up to date with every step', async () => {
    const { step, entries } = await newPage(someone())
    step('a', { status: 'checking' })
    step('a', { status: 'asking', estimate: { gas: 5n, wei: 9n } })
    step('a', { status: 'pending', hash })
    step('a', { status: 'confirmed', hash, gasUsed: 4n, feeWei: 8n })
    expect(entries()).toHaveLength(1)
    expect(entries()[0]).toMatchObject({
      ...{ name: 'joinTask', status: 'confirmed', hash, gasUsed: 4n, feeWei: 8n },
      estimate: { gas: 5n, wei: 9n },
    })
  })

  it('is there again after a reload, for this account alone', async () => {
    const self = someone()
    const { step } = await newPage(self)
    step('a', { status: 'confirmed', hash, gasUsed: 4n })
    step('b', { status: 'rejected' })
    await vi.waitFor(async () => {
      const { entries } = await newPage(self)
      expect(entries().map(({ id, status }) => [id, status])).toEqual(
        expect.arrayContaining([
          ['a', 'confirmed'],
          ['b', 'rejected'],
        ]),
      )
    })
    expect((await newPage(someone())).entries()).toEqual([])
  })

  it('shows a call that was tried again once, unless the first try was sent', async () => {
    const { step, entries } = await newPage(someone())
    step('a', { status: 'rejected' })
    step('b', { status: 'failed', error: { code: 'chain.unreachable', details: { url: 'x' } } })
    step('c', { status: 'failed', hash, error: { code: 'chain.transactionLost', details: {} } })
    step('d', { status: 'checking' })
    expect(entries().map(({ id }) => id)).toEqual(expect.arrayContaining(['c', 'd']))
    expect(entries()).toHaveLength(2)
  })

  it('does not grow for ever', async () => {
    const { step, entries, most } = await newPage(someone())
    for (let i = 0; i < most + 5; i++) step(`n${i}`, { status: 'confirmed', hash })
    expect(entries()).toHaveLength(most)
  })

  it('does not pretend to know what came of a prompt that a reload closed', async () => {
    const self = someone()
    const { step } = await newPage(self)
    step('a', { status: 'asking' })
    await vi.waitFor(async () => expect((await newPage(self)).entries()[0]?.status).toBe('interrupted'))
  })
})

describe('what was sent before a reload', () => {
  async function reloaded() {
    const self = someone()
    const before = await newPage(self)
    before.step('a', { status: 'pending', hash })
    let page = await newPage(self)
    await vi.waitFor(async () => {
      page = await newPage(self)
      expect(page.entries()).toHaveLength(1)
    })
    return page
  }

  it.each([
    ['success', 'confirmed'],
    ['reverted', 'failed'],
  ] as const)('is looked up until it is mined: %s', async (receipt, status) => {
    const { store, follow, entries } = await reloaded()
    await follow(store, chainOf('unknown', 'waiting', receipt), 1)
    expect(entries()[0]).toMatchObject({ status, gasUsed: 100n, feeWei: 700n })
  })

  it('and is not to be found any more is not called mined', async () => {
    const { store, follow, entries } = await reloaded()
    await follow(store, chainOf('unknown'), 1)
    expect(entries()[0]?.status).toBe('interrupted')
  })

  it('is left to the call itself where that is taken up again', async () => {
    const { store, follow, entries, step } = await reloaded()
    const following = follow(store, chainOf('waiting'), 1)
    step('a', { status: 'confirmed', hash, gasUsed: 3n })
    await following
    expect(entries()).toHaveLength(1)
    expect(entries()[0]).toMatchObject({ status: 'confirmed', gasUsed: 3n })
  })
})
