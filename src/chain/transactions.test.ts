import {
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  encodeFunctionData,
  HttpRequestError,
  http,
  keccak256,
} from 'viem'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import type { Address, Hex } from '../study/types.ts'
import { chainOf, type Wallet } from './clients.ts'
import { GasLog } from './gas.ts'
import { creditsAbi, studyAbi } from './generated/abi.ts'
import { startTask, stopTask } from './sponsor.ts'
import { openStudy, startTestChain, type TestChain } from './testing/chain.ts'
import { type Intent, memoryTransactionJournal, type TransactionJournal } from './transactionJournal.ts'
import { type Call, type ChainAccess, sendCall, type TransactionStep } from './transactions.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startTestChain(3, { port: 8625 })
}, 60_000)
afterAll(() => chain?.stop())

const self = () => chain.hospital(0)

/** A different call each time, so that tests do not find each other's intents. */
let amount = 1n
const transfer = (to: Address = chain.hospital(1)): Call => ({
  name: 'transfer',
  to: chain.deployment.credits,
  data: encodeFunctionData({ abi: creditsAbi, functionName: 'transfer', args: [to, amount++] }),
})

type Request = { readonly method: string; readonly params?: unknown }
type Forward = (request: Request) => Promise<unknown>

/** A browser wallet: an account that the page does not hold, behind `request`. Anvil signs for it. */
function wallet(intercept: (request: Request, forward: Forward) => Promise<unknown>): Wallet {
  const forward = http(chain.anvil.rpcUrl)({}).request as EIP1193RequestFn as Forward
  const request = (request: Request) => intercept(request, forward)
  return createWalletClient({
    account: self(),
    chain: chainOf(chain.deployment),
    transport: custom({ request }, { retryCount: 0 }),
  })
}

const onSend =
  (behave: (request: Request, forward: Forward) => Promise<unknown>) => (request: Request, forward: Forward) =>
    request.method === 'eth_sendTransaction' ? behave(request, forward) : forward(request)

const access = (changes: Partial<ChainAccess> = {}) => chain.access(2, changes)
const mined = () => access().publicClient.getTransactionCount({ address: self() })
const lost = () => new HttpRequestError({ url: 'http://wallet', details: 'the tab died' })

const code = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'accepted',
    error => (isAppError(error) ? error.code : String(error)),
  )

describe('a call', () => {
  test('is stored before the wallet is asked, and its hash after', async () => {
    const order: string[] = []
    const inner = memoryTransactionJournal()
    const journal: TransactionJournal = {
      ...inner,
      async put(intent) {
        order.push(intent.hash === undefined ? 'intent' : 'hash')
        await inner.put(intent)
      },
      async remove(id) {
        order.push('done')
        await inner.remove(id)
      },
    }
    const walletClient = wallet(
      onSend((request, forward) => {
        order.push('wallet')
        return forward(request)
      }),
    )
    const receipt = await sendCall(access({ journal, walletClient }), transfer())
    expect(receipt.status).toBe('success')
    expect(order).toEqual(['intent', 'wallet', 'hash', 'done'])
  })

  test('is not sent when its simulation fails', async () => {
    const before = await mined()
    const asked: string[] = []
    const walletClient = wallet((request, forward) => {
      asked.push(request.method)
      return forward(request)
    })
    expect(await code(sendCall(access({ walletClient }), transfer(`0x${'0'.repeat(40)}`)))).toBe('chain.reverted')
    expect(asked).toEqual([])
    expect(await mined()).toBe(before)
  })

  test('that the person declines is forgotten and can be made again', async () => {
    const before = await mined()
    const journal = memoryTransactionJournal()
    const call = transfer()
    const declining = wallet(onSend(() => Promise.reject(Object.assign(new Error('User rejected.'), { code: 4001 }))))
    expect(await code(sendCall(access({ journal, walletClient: declining }), call))).toBe('chain.rejected')
    expect(await mined()).toBe(before)
    await sendCall(access({ journal }), call)
    expect(await mined()).toBe(before + 1)
  })

  test('asks for the right chain', async () => {
    const walletClient = wallet(async (request, forward) =>
      request.method === 'eth_chainId' ? '0x1' : forward(request),
    )
    await expect(sendCall(access({ walletClient }), transfer())).rejects.toMatchObject({
      code: 'chain.wrongChain',
      details: { actual: '1', expected: '31337' },
    })
  })

  test('of an account without gas money says so', async () => {
    const poor = chain.hospital(2)
    await chain.anvil.rpc('anvil_setBalance', [poor, '0x0'])
    expect(await code(sendCall(chain.access(4), transfer()))).toBe('chain.insufficientFunds')
  })

  test('waits for the one before it, so that nonces never collide', async () => {
    const before = await mined()
    const receipts = await Promise.all(Array.from({ length: 6 }, () => sendCall(access(), transfer())))
    const nonces = await Promise.all(
      receipts.map(async ({ transactionHash: hash }) => (await access().publicClient.getTransaction({ hash })).nonce),
    )
    expect(nonces).toEqual([0, 1, 2, 3, 4, 5].map(i => before + i))
  })

  test('costs what the receipt says, in the log', async () => {
    const receipt = await sendCall(access(), transfer())
    expect(chain.gasLog.entries().at(-1)).toEqual({
      name: 'transfer',
      gasUsed: receipt.gasUsed,
      block: receipt.blockNumber,
    })
  })

  test('is seen soon after it is mined, however long the poll interval is', async () => {
    await withoutMining(async () => {
      const sent = sendCall(access({ pollInterval: 60_000 }), transfer())
      await new Promise(resolve => setTimeout(resolve, 200))
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await sent).status).toBe('success')
    })
  }, 10_000)
})

describe('the steps that are told of a call', () => {
  const recorded = () => {
    const steps: TransactionStep[] = []
    return { steps, onStep: (step: TransactionStep) => void steps.push(step) }
  }
  const oneId = (steps: readonly TransactionStep[]) => new Set(steps.map(({ id }) => id)).size === 1

  test('by a local account: nobody is asked', async () => {
    const { steps, onStep } = recorded()
    const receipt = await sendCall(access({ onStep }), transfer())
    expect(steps.map(({ status }) => status)).toEqual(['checking', 'pending', 'confirmed'])
    expect(steps.every(({ name }) => name === 'transfer')).toBe(true)
    expect(oneId(steps)).toBe(true)
    expect(steps.at(-1)).toMatchObject({
      hash: receipt.transactionHash,
      gasUsed: receipt.gasUsed,
      feeWei: receipt.gasUsed * receipt.effectiveGasPrice,
    })
  })

  test('by a wallet: what it will cost is known before it opens', async () => {
    const { steps, onStep } = recorded()
    const opened: number[] = []
    const walletClient = wallet(
      onSend((request, forward) => {
        opened.push(steps.length)
        return forward(request)
      }),
    )
    await sendCall(access({ onStep, walletClient }), transfer())
    expect(steps.map(({ status }) => status)).toEqual(['checking', 'asking', 'pending', 'confirmed'])
    expect(opened).toEqual([2])
    expect(steps[1]?.estimate?.gas).toBeGreaterThan(21_000n)
    expect(steps[1]?.estimate?.wei).toBeGreaterThan(0n)
  })

  test('that is declined or refused', async () => {
    const declined = recorded()
    const walletClient = wallet(
      onSend(() => Promise.reject(Object.assign(new Error('User rejected.'), { code: 4001 }))),
    )
    await code(sendCall(access({ onStep: declined.onStep, walletClient }), transfer()))
    expect(declined.steps.map(({ status }) => status)).toEqual(['checking', 'asking', 'rejected'])

    const refused = recorded()
    await code(sendCall(access({ onStep: refused.onStep }), transfer(`0x${'0'.repeat(40)}`)))
    expect(refused.steps.map(({ status }) => status)).toEqual(['checking', 'failed'])
    expect(refused.steps[1]?.error).toMatchObject({
      code: 'chain.reverted',
      details: { error: 'ERC20InvalidReceiver' },
    })
  })

  test('that is taken up again go on under the id they began under', async () => {
    const journal = memoryTransactionJournal()
    const call = transfer()
    const before = recorded()
    const walletClient = wallet(
      onSend(async (request, forward) => {
        await forward(request)
        throw lost()
      }),
    )
    await code(sendCall(access({ journal, walletClient, onStep: before.onStep }), call))
    const after = recorded()
    await sendCall(access({ journal, onStep: after.onStep }), call)
    expect(after.steps.map(({ status }) => status)).toEqual(['pending', 'confirmed'])
    expect(oneId([...before.steps, ...after.steps])).toBe(true)
  })
})

test('nothing is simulated or signed while the account is away', async () => {
  let isBack = () => {}
  const away = new Promise<void>(resolve => {
    isBack = resolve
  })
  const before = await mined()
  const steps: TransactionStep[] = []
  const sent = sendCall(access({ untilReady: () => away, onStep: step => void steps.push(step) }), transfer())
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(steps).toEqual([])
  expect(await mined()).toBe(before)
  isBack()
  expect((await sent).status).toBe('success')
})

test('a call may pay, and another amount is another call', async () => {
  const journal = memoryTransactionJournal()
  const to = `0x${'77'.repeat(20)}` as const
  const pay = (value: bigint): Call => ({ name: 'pay', to, data: '0x', value })
  await sendCall(access({ journal }), pay(5n))
  await sendCall(access({ journal }), pay(7n))
  expect(await access().publicClient.getBalance({ address: to })).toBe(12n)
})

describe('who no longer waits', () => {
  test('for the receipt is let go at once, and the same call takes the transaction up again', async () => {
    const before = await mined()
    const journal = memoryTransactionJournal()
    const call = transfer()
    const stop = new AbortController()
    await withoutMining(async () => {
      const steps: TransactionStep[] = []
      const onStep = (step: TransactionStep) => {
        steps.push(step)
        if (step.status === 'pending') setTimeout(() => stop.abort(new Error('no longer wanted')), 100)
      }
      const sent = sendCall(access({ journal, onStep, pollInterval: 60_000 }), { ...call, signal: stop.signal })
      await expect(sent).rejects.toThrow('no longer wanted')
      expect(steps.at(-1)?.status).toBe('pending')
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await sendCall(access({ journal }), call)).status).toBe('success')
    })
    expect(await mined()).toBe(before + 1)
  }, 10_000)

  /** Sends a call while nothing is mined, and leaves it once its hash is out. */
  async function leftBehind(changes: Partial<ChainAccess> = {}) {
    const gasLog = new GasLog()
    const journal = memoryTransactionJournal()
    const steps: TransactionStep[] = []
    const stop = new AbortController()
    const call = { ...transfer(), signal: stop.signal }
    const onStep = (step: TransactionStep) => {
      steps.push(step)
      if (step.status === 'pending') setTimeout(() => stop.abort(new Error('no longer wanted')), 30)
    }
    await expect(sendCall(access({ gasLog, journal, onStep, ...changes }), call)).rejects.toThrow('no longer wanted')
    const { signal: _, ...again } = call
    const id = `${self()}:${call.to}:${keccak256(call.data)}`.toLowerCase()
    return { gasLog, journal, steps, call: again, statuses: () => steps.map(({ status }) => status), id }
  }

  test('for the receipt has it counted, told and forgotten by the journal all the same', async () => {
    await withoutMining(async () => {
      const { gasLog, journal, steps, statuses, id } = await leftBehind()
      expect((await journal.get(id))?.hash).toBe(steps.at(-1)?.hash)
      expect(gasLog.entries()).toEqual([])
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      await vi.waitFor(() => expect(statuses()).toEqual(['checking', 'pending', 'confirmed']), 5000)
      expect(await journal.get(id)).toBeUndefined()
      expect(gasLog.entries()).toMatchObject([{ name: 'transfer', gasUsed: steps.at(-1)?.gasUsed }])
    })
  })

  test('for the receipt and asks again meanwhile has it counted and told once', async () => {
    const before = await mined()
    await withoutMining(async () => {
      const { gasLog, journal, steps, statuses, id, call } = await leftBehind()
      const after: TransactionStep[] = []
      const again = sendCall(access({ gasLog, journal, onStep: step => void after.push(step) }), call)
      await vi.waitFor(() => expect(after.at(-1)?.status).toBe('pending'), 5000)
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await again).transactionHash).toBe(steps.at(-1)?.hash)
      await new Promise(resolve => setTimeout(resolve, 200))
      expect(statuses()).toEqual(['checking', 'pending'])
      expect(after.map(({ status }) => status)).toEqual(['pending', 'confirmed'])
      expect(after[0]?.id).toBe(steps[0]?.id)
      expect(gasLog.entries()).toHaveLength(1)
      expect(await journal.get(id)).toBeUndefined()
    })
    expect(await mined()).toBe(before + 1)
  })

  test('for the receipt and asks again while the journal forgets it gets that receipt, counted once', async () => {
    const inner = memoryTransactionJournal()
    const forgetting = signalled()
    const found = signalled()
    const journal: TransactionJournal = {
      ...inner,
      async remove(id) {
        forgetting.give()
        await found.given
        await inner.remove(id)
      },
    }
    await withoutMining(async () => {
      const { gasLog, steps, call } = await leftBehind({ journal })
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      await forgetting.given
      const late: TransactionJournal = {
        ...journal,
        async get(id) {
          const intent = await journal.get(id)
          found.give()
          return intent
        },
      }
      const receipt = await sendCall(access({ gasLog, journal: late }), call)
      expect(receipt.transactionHash).toBe(steps[1]?.hash)
      expect(gasLog.entries()).toHaveLength(1)
    })
  })

  test('for a transaction that the chain dropped is told so, and the same call sends it again', async () => {
    const before = await mined()
    await withoutMining(async () => {
      const { gasLog, journal, steps, statuses, call } = await leftBehind()
      await chain.anvil.rpc('anvil_dropTransaction', [steps.at(-1)?.hash])
      await vi.waitFor(() => expect(statuses()).toEqual(['checking', 'pending', 'failed']), 5000)
      expect(steps.at(-1)?.error?.code).toBe('chain.transactionLost')
      const again = sendCall(access({ gasLog, journal }), call)
      await new Promise(resolve => setTimeout(resolve, 300))
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await again).status).toBe('success')
      expect(gasLog.entries()).toHaveLength(1)
    })
    expect(await mined()).toBe(before + 1)
  })

  test('for a receipt that never comes is not looked after for ever, and the journal still has it', async () => {
    await withoutMining(async () => {
      const { publicClient } = access()
      let looks = 0
      const counting: ChainAccess['publicClient'] = {
        ...publicClient,
        getTransactionReceipt: request => {
          looks++
          return publicClient.getTransactionReceipt(request)
        },
      }
      const { gasLog, journal, statuses, id, call } = await leftBehind({ publicClient: counting, pollInterval: 1 })
      let seen = -1
      await vi.waitFor(
        () => {
          const isOver = looks === seen
          seen = looks
          expect(isOver).toBe(true)
        },
        { timeout: 15_000, interval: 500 },
      )
      expect(statuses()).toEqual(['checking', 'pending'])
      expect(await journal.get(id)).toBeDefined()
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await sendCall(access({ gasLog, journal }), call)).status).toBe('success')
      expect(gasLog.entries()).toHaveLength(1)
    })
  }, 20_000)

  test('before anything was sent leaves nothing behind', async () => {
    const before = await mined()
    const gasLog = new GasLog()
    const journal = memoryTransactionJournal()
    const put = vi.spyOn(journal, 'put')
    const steps: TransactionStep[] = []
    const stop = new AbortController()
    const onStep = (step: TransactionStep) => {
      steps.push(step)
      stop.abort(new Error('no longer wanted'))
    }
    const sent = sendCall(access({ gasLog, journal, onStep }), { ...transfer(), signal: stop.signal })
    await expect(sent).rejects.toThrow('no longer wanted')
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(steps.map(({ status }) => status)).toEqual(['checking'])
    expect(put).not.toHaveBeenCalled()
    expect(gasLog.entries()).toEqual([])
    expect(await mined()).toBe(before)
  })

  test('for the turn is let go, sends nothing, and an open prompt stays as it is', async () => {
    const before = await mined()
    let answer = () => {}
    const person = new Promise<void>(resolve => {
      answer = resolve
    })
    const walletClient = wallet(
      onSend(async (request, forward) => {
        await person
        return forward(request)
      }),
    )
    const stop = new AbortController()
    const prompted = sendCall(access({ walletClient }), { ...transfer(), signal: stop.signal })
    prompted.catch(() => undefined)
    await new Promise(resolve => setTimeout(resolve, 200))
    const waiting = sendCall(access({ walletClient }), { ...transfer(), signal: timeLimit(100) })
    await expect(waiting).rejects.toThrow(/timeout/)
    const next = sendCall(access(), transfer())
    stop.abort()
    answer()
    expect((await next).status).toBe('success')
    expect(await mined()).toBe(before + 2)
  }, 10_000)
})

describe('a tab that died', () => {
  test('after the wallet sent and before the hash was stored finds its transaction again', async () => {
    const before = await mined()
    const journal = memoryTransactionJournal()
    const call = transfer()
    let sent: unknown
    const dying = wallet(
      onSend(async (request, forward) => {
        sent = await forward(request)
        throw lost()
      }),
    )
    expect(await code(sendCall(access({ journal, walletClient: dying }), call))).toBe('chain.unreachable')
    const receipt = await sendCall(access({ journal }), call)
    expect(receipt.transactionHash).toBe(sent)
    expect(await mined()).toBe(before + 1)
  })

  test('while its transaction was still waiting to be mined waits for it and sends nothing', async () => {
    const before = await mined()
    const journal = memoryTransactionJournal()
    const call = transfer()
    await withoutMining(async () => {
      const dying = wallet(
        onSend(async (request, forward) => {
          await forward(request)
          throw lost()
        }),
      )
      expect(await code(sendCall(access({ journal, walletClient: dying }), call))).toBe('chain.unreachable')
      const again = sendCall(access({ journal }), call)
      await new Promise(resolve => setTimeout(resolve, 300))
      expect(await mined()).toBe(before)
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await again).status).toBe('success')
    })
    expect(await mined()).toBe(before + 1)
  })

  test('before the wallet sent sends with the same nonce', async () => {
    const before = await mined()
    const journal = memoryTransactionJournal()
    const call = transfer()
    const dying = wallet(onSend(() => Promise.reject(lost())))
    expect(await code(sendCall(access({ journal, walletClient: dying }), call))).toBe('chain.unreachable')
    const { transactionHash } = await sendCall(access({ journal }), call)
    const { nonce } = await access().publicClient.getTransaction({ hash: transactionHash })
    expect(nonce).toBe(before)
    expect(await mined()).toBe(before + 1)
  })

  test('after the hash was stored takes that receipt', async () => {
    const journal = memoryTransactionJournal()
    const call = transfer()
    const { transactionHash } = await interrupted(journal, call)
    const after = await mined()
    expect((await sendCall(access({ journal }), call)).transactionHash).toBe(transactionHash)
    expect(await mined()).toBe(after)
  })

  test('finds a transaction that the wallet replaced by one with another gas price', async () => {
    const journal = memoryTransactionJournal()
    const call = transfer()
    const { transactionHash } = await interrupted(journal, call, intent => ({
      ...intent,
      hash: `0x${'ab'.repeat(32)}`,
    }))
    const after = await mined()
    expect((await sendCall(access({ journal }), call)).transactionHash).toBe(transactionHash)
    expect(await mined()).toBe(after)
  })

  test('sends anew when its nonce went to something else', async () => {
    const journal = memoryTransactionJournal()
    const call = transfer()
    await interrupted(journal, call, intent => ({ ...intent, hash: `0x${'cd'.repeat(32)}`, nonce: intent.nonce - 1 }))
    const after = await mined()
    await sendCall(access({ journal }), call)
    expect(await mined()).toBe(after + 1)
  })
})

describe('a transaction that went wrong on the way', () => {
  test('is sent again when the chain dropped it', async () => {
    const before = await mined()
    await withoutMining(async () => {
      const journal = memoryTransactionJournal()
      let dropped = false
      const sending = sendCall(
        access({
          journal: {
            ...journal,
            async put(intent) {
              await journal.put(intent)
              if (intent.hash === undefined || dropped) return
              dropped = true
              await chain.anvil.rpc('anvil_dropTransaction', [intent.hash])
            },
          },
        }),
        transfer(),
      )
      await new Promise(resolve => setTimeout(resolve, 1500))
      await chain.anvil.rpc('anvil_mine', ['0x1'])
      expect((await sending).status).toBe('success')
      expect(dropped).toBe(true)
    })
    expect(await mined()).toBe(before + 1)
  })

  test('is sent again with more gas when it ran out of it', async () => {
    const before = await mined()
    let first = true
    const walletClient = wallet(
      onSend((request, forward) => {
        const [transaction] = request.params as [object]
        const gas = first ? { gas: '0x6000' } : {}
        first = false
        return forward({ ...request, params: [{ ...transaction, ...gas }] })
      }),
    )
    const receipt = await sendCall(access({ walletClient }), transfer())
    expect(receipt.status).toBe('success')
    expect(await mined()).toBe(before + 2)
  })

  test('says why when somebody else was faster', async () => {
    const { study } = await openStudy(chain, 2, { trainSeconds: 60 })
    await startTask(chain.access(1), study)
    await chain.anvil.rpc('evm_increaseTime', [61])
    const advance: Call = {
      name: 'advance',
      to: study,
      data: encodeFunctionData({ abi: studyAbi, functionName: 'advance' }),
      isResumed: false,
    }
    const walletClient = wallet(
      onSend(async (request, forward) => {
        await sendCall(chain.access(3), advance)
        return forward(request)
      }),
    )
    await expect(sendCall(access({ walletClient }), { ...advance, headroom: 500_000n })).rejects.toMatchObject({
      code: 'chain.reverted',
      details: { error: 'Study_TooEarly' },
    })
    await stopTask(chain.access(1), study)
  })
})

/** Sends a call and leaves the journal as it is before the receipt is in. */
async function interrupted(
  journal: TransactionJournal,
  call: Call,
  change: (intent: Intent) => Intent = intent => intent,
): Promise<{ transactionHash: Hex }> {
  let last: Intent | undefined
  const receipt = await sendCall(
    access({
      journal: {
        ...journal,
        async put(intent) {
          last = intent
        },
      },
    }),
    call,
  )
  expect(last?.hash).toBe(receipt.transactionHash)
  await journal.put(change(last as Intent))
  return receipt
}

/** A promise, and what keeps it. */
function signalled(): { readonly given: Promise<void>; give(): void } {
  let give = () => {}
  const given = new Promise<void>(resolve => {
    give = resolve
  })
  return { given, give: () => give() }
}

async function withoutMining(run: () => Promise<void>): Promise<void> {
  await chain.anvil.rpc('evm_setAutomine', [false])
  await chain.anvil.rpc('evm_setIntervalMining', [0])
  try {
    await run()
  } finally {
    // From here on it mines on demand alone: Anvil cannot be told to go back to both.
    await chain.anvil.rpc('evm_setAutomine', [true])
  }
}
