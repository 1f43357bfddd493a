import { describe, expect, it } from 'vitest'
import { creditsText, etherOn, etherText, explorerLink, gasText } from './amounts.ts'

describe('amounts', () => {
  it.each([
    [0n, '0 ETH'],
    [123_456_789_000_000n, '0.00012 ETH'],
    [15n * 10n ** 17n, '1.5 ETH'],
    [10_000n * 10n ** 18n, '10,000 ETH'],
    [1n, '0.000000000000000001 ETH'],
  ])('%d wei are read in ether', (wei, text) => {
    expect(etherText(wei)).toBe(text)
  })

  it('gas and credits have their thousands apart', () => {
    expect(gasText(1234567n)).toBe('1,234,567')
    expect(creditsText(1_250n * 10n ** 18n + 5n * 10n ** 17n)).toBe('1,250.5')
    expect(creditsText(0n)).toBe('0')
    expect(creditsText(3n)).toBe('less than 0.01')
  })

  it('name no price where ether is worth nothing', () => {
    expect(etherOn({ chainId: 31337 }, 10n ** 15n)).toBeNull()
    expect(etherOn({ chainId: 11155111 }, 10n ** 15n)).toBe('0.001 ETH')
  })

  it('link to an explorer where the chain has one', () => {
    const hash = `0x${'12'.repeat(32)}` as const
    expect(explorerLink({ chainId: 31337, rpcUrls: ['http://127.0.0.1:1'] }, hash)).toBeNull()
    expect(explorerLink({ chainId: 11155111, rpcUrls: ['http://127.0.0.1:1'] }, hash)).toMatch(
      /^https:\/\/.*\/tx\/0x12/,
    )
  })
})
