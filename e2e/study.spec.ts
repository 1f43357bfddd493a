import { chromium, type Page } from '@playwright/test'
import { chromiumFlags } from '../scripts/demo/browser.ts'
import { hexToBytes } from '../src/crypto/bytes.ts'
import { open, readHeader } from '../src/crypto/envelope.ts'
import { createKeys } from '../src/crypto/keys.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import { type Address, sameAddress } from '../src/study/types.ts'
import { filesIn } from './support/capture.ts'
import { heartCsv } from './support/heartData.ts'
import { bringFile, csvFile, joinButton } from './support/joining.ts'
import { openNodeStore } from './support/nodeStore.ts'
import { privateHeart, shortHeart, submittedUpdates } from './support/studies.ts'
import { openTab, storedBlocks, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'
import { injectWallet, type TestWallet } from './support/wallet.ts'

test('four hospitals with wallets and files of their own learn one model, and each update crosses sealed', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 4, data: { kind: 'heart' } })
  const { chainId } = bed.deployment
  const tabs: { page: Page; wallet: TestWallet }[] = []
  for (const hospital of [1, 2, 3, 4]) {
    const context = await newComputer()
    const wallet = await injectWallet(context, { account: hospital, rpcUrl: bed.rpcUrl, chainId })
    tabs.push({ page: await openTab(context, bed.url), wallet })
  }
  // One wallet begins on another network, and its person declines once: both are said and mended.
  const [first] = tabs as [(typeof tabs)[number]]
  await first.wallet.useChain(1)
  first.wallet.rejectNext('eth_sendTransaction')

  for (const [i, { page, wallet }] of tabs.entries()) {
    await page.getByRole('button', { name: 'Test wallet' }).click()
    await page.getByText('Connected as').waitFor()
    await page.goto(study.url(null).replace('&auto=1', ''))
    await bringFile(page, csvFile(`hospital-${i + 1}.csv`, heartCsv(i + 1)))
    const join = joinButton(page)
    await join.click()
    if (wallet === first.wallet) {
      await expect(page.getByText('You declined in your wallet')).toBeVisible()
      await join.click()
    }
    await untilPage(page, 'it takes part', ({ status }) => status === 'running')
  }
  expect(first.wallet.count('wallet_switchEthereumChain')).toBe(1)
  await study.startWhenJoined()
  const results = await untilDone(tabs.map(({ page }) => page))

  for (const { federated, backend } of results) {
    expect(backend).toBe('wasm')
    expect(federated.patients).toBeGreaterThan(0)
  }
  const ended = await study.snapshot()
  expect(ended).toMatchObject({ completed: 2, voids: 0 })
  // One prompt to join, one a round; round zero is one. Seats' duties go through the wallet, too.
  for (const { wallet } of tabs) expect(wallet.count('eth_sendTransaction')).toBeGreaterThanOrEqual(4)

  const updates = await submittedUpdates(bed, study.address)
  expect(updates).toHaveLength(4 * 3)
  for (const { page, wallet } of tabs) {
    const kept = await storedBlocks(page)
    const others = updates.filter(({ hospital }) => !sameAddress(hospital, wallet.address))
    expect(others.filter(({ update }) => !kept.has(update))).toEqual([])
  }
  await expectSealed(
    bed.relays.map(({ address }) => address),
    updates,
  )
  const onRelays = bed.relays.flatMap(({ dataDir }) => filesIn(dataDir))
  expect(onRelays.length).toBeGreaterThan(0)

  async function expectSealed(relays: readonly string[], all: typeof updates): Promise<void> {
    const stranger = await openNodeStore('stranger', relays)
    const keys = await createKeys()
    const self = bed.account(9).address as Address
    try {
      for (const { round, hospital, update } of all) {
        const blob = await stranger.get(hexToBytes(update), { signal: timeLimit(10_000) })
        expect(sameAddress(readHeader(blob).by, hospital)).toBe(true)
        const kind = round === 1 ? 'statistics' : 'update'
        const { deploymentId: deployment } = bed.deployment
        const binding = { deployment, chainId, study: study.address, round, sender: hospital, kind } as const
        await expect(open(blob, binding, self, keys)).rejects.toMatchObject({ code: 'crypto.cannotOpen' })
      }
    } finally {
      await stranger.close()
    }
  }
})

// join.spec.ts has a second tab that takes over in every run.
if (process.env.WARDROUND_LONG === '1') {
  test('a second tab of the same hospital says so, and the first goes on', async ({ bed, newComputer }) => {
    const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
    const context = await newComputer()
    const first = await openTab(context, study.url(1))
    await untilPage(first, 'it takes part', ({ status }) => status === 'running')
    const second = await openTab(context, study.url(1))
    const { error } = await untilPage(second, 'it says so', ({ status }) => status === 'failed')
    expect(error?.code).toBe('app.secondTab')
    await expect(second.getByRole('alert')).toContainText('already open in another tab')

    const other = await openTab(context, study.url(2))
    await study.startWhenJoined()
    await untilDone([first, other])
  })
}

test('training runs on WebGPU where it is asked for, with noise and without', async ({ bed, launchOptions }) => {
  // Rounds train with noise, the comparison at the end without.
  const study = await bed.openStudy(privateHeart(1, 1), { hospitals: 2, data: { kind: 'heart' } })
  const browser = await chromium.launch({ ...launchOptions, args: chromiumFlags(true) })
  try {
    const context = await browser.newContext()
    const backends = ['webgpu', 'wasm'] as const
    const pages = await Promise.all(backends.map((backend, i) => openTab(context, study.url(i + 1, backend))))
    const [page] = pages as [Page]
    await study.startWhenJoined()
    const { backend } = await untilPage(page, 'it takes part', ({ status }) => status === 'running')
    expect(backend).toBe('webgpu')
    const results = await untilDone(pages)
    expect(results.map(result => result.backend)).toEqual(backends)
    for (const { federated, local } of results) {
      expect(federated.accuracy).toBeGreaterThan(0)
      expect(local?.accuracy).toBeGreaterThan(0)
    }
    expect(await study.snapshot()).toMatchObject({ completed: 1, voids: 0 })
  } finally {
    await browser.close()
  }
})
