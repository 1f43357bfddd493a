import { expect, it } from 'vitest'
import { createEventCursor } from './eventCursor.ts'

it('answers who asks while it reads from after it was asked', async () => {
  let head = 1n
  let isSlow: (() => void) | undefined
  const client = {
    getBlock: async ({ blockNumber = head } = {} as { blockNumber?: bigint }) => ({
      number: blockNumber,
      hash: `0x${blockNumber}`,
    }),
    getLogs: async ({ fromBlock, toBlock }: { fromBlock: bigint; toBlock: bigint }) => {
      if (toBlock === 1n) await new Promise<void>(resolve => (isSlow = resolve))
      return Array.from({ length: Number(toBlock - fromBlock) + 1 }, (_, i) => ({ blockNumber: fromBlock + BigInt(i) }))
    },
  }
  const events = createEventCursor(client as never, `0x${'1'.repeat(40)}`, [], 1n)
  const early = events.read()
  while (isSlow === undefined) await Promise.resolve()
  head = 2n
  const late = events.read()
  isSlow()
  await early
  expect((await late).map(({ blockNumber }) => blockNumber)).toEqual([1n, 2n])
})
