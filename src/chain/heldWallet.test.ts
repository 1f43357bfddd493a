import { describe, expect, it } from 'vitest'
import { holdAccount, presenceOf, untilReady } from './heldWallet.ts'

const deployment = { chainId: 31337, rpcUrls: ['http://127.0.0.1:1'] }
const mine = `0x${'11'.repeat(20)}` as const

function held() {
  const asked: string[] = []
  const provider = {
    async request({ method }: { method: string }) {
      asked.push(method)
      return `0x${'22'.repeat(32)}`
    },
  }
  const wallet = holdAccount(deployment, mine, () => provider as never)
  const presence = presenceOf(wallet)
  if (presence === null) throw new Error('a held wallet has a presence')
  return { wallet, presence, asked }
}

describe('an account that a page stays with', () => {
  it('signs while the wallet shows it', async () => {
    const { wallet, asked } = held()
    await untilReady(wallet)
    await wallet.request({ method: 'eth_sendTransaction', params: [{ from: mine }] } as never)
    expect(asked).toEqual(['eth_sendTransaction'])
  })

  it.each(['eth_sendTransaction', 'personal_sign', 'eth_signTypedData_v4'])(
    'is asked for no %s while the wallet shows another',
    async method => {
      const { wallet, presence, asked } = held()
      presence.setState({ kind: 'otherAccount', address: `0x${'33'.repeat(20)}` }, true)
      await expect(wallet.request({ method, params: [] } as never)).rejects.toThrow(/another account/)
      expect(asked).toEqual([])
    },
  )

  it('is waited for until the wallet is back', async () => {
    const { wallet, presence } = held()
    presence.setState({ kind: 'disconnected' }, true)
    let isReady = false
    const waiting = untilReady(wallet).then(() => {
      isReady = true
    })
    presence.setState({ kind: 'otherNetwork', chainId: 1 }, true)
    await Promise.resolve()
    expect(isReady).toBe(false)
    presence.setState({ kind: 'ready' }, true)
    await waiting
    expect(isReady).toBe(true)
  })
})
