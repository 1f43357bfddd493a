import { setTimeout as sleep } from 'node:timers/promises'
import type { BrowserContext, Page } from '@playwright/test'
import { encodeFunctionData } from 'viem'
import { startAnvil } from '../scripts/demo/anvil.ts'
import { createProcesses } from '../scripts/demo/processes.ts'
import { accredit } from '../src/chain/admission.ts'
import { creditsAbi } from '../src/chain/generated/abi.ts'
import { sendCall } from '../src/chain/transactions.ts'
import { Phase } from '../src/rounds/ports.ts'
import { has } from '../src/rounds/sets.ts'
import { sameAddress } from '../src/study/types.ts'
import { texts } from '../src/ui/texts.ts'
import { type Bed, startBed, type TestStudy } from './support/deployment.ts'
import { startHeadlessHospital } from './support/headless.ts'
import { heartCsv, heartOf } from './support/heartData.ts'
import { bringFile, csvFile, joinButton } from './support/joining.ts'
import { startRpcProxy } from './support/rpcProxy.ts'
import { shortHeart, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'
import { injectWallet, type TestWallet } from './support/wallet.ts'

const { wallet: words } = texts
const toast = (page: Page) => page.getByTestId('toast')
const away = (page: Page) => page.getByTestId('away')
const offline = (page: Page) => page.getByTestId('offline')

/** A computer with a wallet, connected on the list of studies. */
async function connect(bed: Bed, context: BrowserContext) {
  const { chainId } = bed.deployment
  const wallet = await injectWallet(context, { account: 1, rpcUrl: bed.rpcUrl, chainId })
  const page = await openTab(context, bed.url)
  await page.getByRole('button', { name: 'Test wallet' }).click()
  await page.getByText(words.connect.connected).waitFor()
  return { wallet, page }
}

const personally = (study: TestStudy) => study.url(null).replace('&auto=1', '')
const sent = (wallet: TestWallet) => wallet.count('eth_sendTransaction')
const file = () => csvFile('hospital-1.csv', heartCsv(1))

/** What the list of signed things says, entry by entry. */
async function activity(page: Page): Promise<string[]> {
  await page.getByTestId('account').click()
  const list = page.getByTestId('activity').getByRole('listitem')
  await list.first().waitFor()
  const entries = await list.allInnerTexts()
  await page.getByRole('button', { name: words.activity.close, exact: true }).first().click()
  return entries
}

test('a declined signature is no error: nothing was sent, and the toast offers the way on', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const { wallet, page } = await connect(bed, await newComputer())
  await page.goto(personally(study))
  await bringFile(page, file())
  wallet.rejectNext('eth_sendTransaction')
  await joinButton(page).click()
  await expect(toast(page)).toContainText(words.toast.rejected)
  await expect(toast(page).getByRole('status')).toHaveAttribute('aria-live', 'polite')
  expect((await study.snapshot()).members).toHaveLength(0)

  await toast(page).getByRole('button', { name: words.toast.again }).click()
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')
  expect(sent(wallet)).toBe(2)
  const entries = await activity(page)
  expect(entries).toHaveLength(1)
  expect(entries[0]).toContain(words.call('joinTask').does)
  expect(entries[0]).toMatch(/Done\. Cost [\d,]+ gas/)
  // The list is this browser's: it is there after a reload.
  await page.reload()
  await untilPage(page, 'the page is back', () => true)
  expect(await activity(page)).toHaveLength(1)
})

test('a wallet on another network is told so, and switched', async ({ bed, newComputer }) => {
  const { wallet, page } = await connect(bed, await newComputer())
  await wallet.useChain(1)
  const name = 'Wardround dev chain'
  await expect(page.getByText(words.connect.wrongNetwork(1, name))).toBeVisible()
  wallet.rejectNext('wallet_switchEthereumChain')
  const button = page.getByRole('button', { name: words.connect.switch(name) })
  await button.click()
  await expect(page.getByText('You declined in your wallet')).toBeVisible()
  await button.click()
  await expect(page.getByText(words.connect.wrongNetwork(1, name))).toBeHidden()
  expect(wallet.count('wallet_switchEthereumChain')).toBe(2)
})

test('a wallet that shows another account in mid-round signs nothing; when it is back, the round goes on', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const { wallet, page } = await connect(bed, await newComputer())
  const mine = wallet.address
  await page.goto(personally(study))
  await bringFile(page, file())
  await joinButton(page).click()
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')
  const dataset = heartOf(2, study.manifest.seed)
  const other = await startHeadlessHospital({ bed, study, account: bed.account(2), dataset })
  const { useAccount: show } = wallet
  try {
    await show(5)
    await expect(away(page)).toContainText('Your wallet now shows another account')
    await study.startWhenJoined()
    const self = (await study.snapshot()).members.findIndex(member => sameAddress(member, mine))
    // The other one has sent its update; this one waits for its account.
    await study.until('the other has submitted', ({ submitted }) => has(submitted, 1 - self))
    await sleep(3000)
    expect(sent(wallet)).toBe(1)
    expect(has((await study.snapshot()).submitted, self)).toBe(false)
    await away(page).getByRole('button', { name: words.away.back }).click()
    await expect(away(page)).toContainText(words.away.still)

    await show(1)
    await expect(away(page)).not.toContainText('Your wallet now shows')
    await untilDone([page])
    await other.finished
  } finally {
    await other.stop()
  }
  expect(await study.snapshot()).toMatchObject({ completed: 1, voids: 0 })
  const senders = wallet.requests.filter(({ method }) => method === 'eth_sendTransaction')
  for (const { params } of senders) {
    expect((params as [{ from: string }])[0].from.toLowerCase()).toBe(mine.toLowerCase())
  }
})

test('reloaded while a transaction is on its way, the page sends nothing twice and lists it once', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const { wallet, page } = await connect(bed, await newComputer())
  await page.goto(personally(study))
  await bringFile(page, file())
  await bed.rpc('evm_setAutomine', [false])
  await bed.rpc('evm_setIntervalMining', [0])
  try {
    await joinButton(page).click()
    await expect(toast(page)).toContainText(words.toast.pending)
    await expect(page.getByTestId('pending')).toHaveText('1')
    await page.reload()
    // The same patients as before are not asked about again.
    await untilPage(page, 'it asks for the file', ({ status }) => status === 'needsData')
    await page.locator('input[type=file]').first().setInputFiles(file())
    await joinButton(page).waitFor()
    expect(await activity(page)).toEqual([expect.stringContaining(words.status.pending)])
    await joinButton(page).click()
    await sleep(1000)
    expect(sent(wallet)).toBe(1)
  } finally {
    await bed.rpc('evm_setAutomine', [true])
    await bed.rpc('evm_setIntervalMining', [1])
  }
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')
  expect(sent(wallet)).toBe(1)
  expect(await activity(page)).toEqual([expect.stringMatching(/Join the study[\s\S]*Done/)])
})

test('a chain that is silent is told of and waited for; one that began anew is not taken for the old one', async ({
  newComputer,
}) => {
  const bed = await startBed({ name: 'restart', proxy: {} })
  const processes = createProcesses(bed.logFolder)
  try {
    const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
    const page = await openTab(await newComputer(), study.url(1))
    await untilPage(page, 'it takes part', ({ status }) => status === 'running')
    const { port } = new URL(bed.rpcUrl)
    await bed.proxy?.close()
    await expect(offline(page)).toContainText(texts.frame.offline.silent, { timeout: 20_000 })

    let proxy = await startRpcProxy({ port: Number(port), upstream: bed.nodeUrl })
    await expect(offline(page)).not.toContainText(texts.frame.offline.silent, { timeout: 20_000 })
    expect((await study.snapshot()).phase).toBe(Phase.Open)

    await proxy.close()
    const younger = await startAnvil(processes, { name: 'younger', port: Number(port) + 6, accounts: 2 })
    proxy = await startRpcProxy({ port: Number(port), upstream: younger.rpcUrl })
    await expect(offline(page)).toContainText(texts.frame.offline.other, { timeout: 20_000 })
    await proxy.close()
  } finally {
    await processes.stopAll()
    await bed.stop()
  }
})

test('a round is played by an account made in this browser, which signs nothing that was not shown', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const context = await newComputer()
  const page = await openTab(context, bed.url)
  await page.getByRole('button', { name: words.browser.make }).click()
  await page.getByText(words.connect.connected).waitFor()
  const title = await page.getByTestId('account').getAttribute('aria-label')
  expect(title).toContain('0x')
  const address = await page.locator('main [title^="0x"]').last().getAttribute('title')
  await admit(bed, address as `0x${string}`)
  await page.goto(personally(study))
  await bringFile(page, file())
  await joinButton(page).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText(words.call('joinTask').signs)
  await expect(dialog).toContainText(/It moves [\d,.]+ credits/)
  // Stakes are never covered by "do not ask again".
  await expect(dialog.getByRole('checkbox')).toHaveCount(0)
  await dialog.getByRole('button', { name: words.confirm.no }).click()
  await expect(toast(page)).toContainText(words.toast.rejected)
  await toast(page).getByRole('button', { name: words.toast.again }).click()
  await dialog.getByRole('button', { name: words.confirm.yes }).click()
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')

  const dataset = heartOf(2, study.manifest.seed)
  const other = await startHeadlessHospital({ bed, study, account: bed.account(2), dataset })
  try {
    await study.startWhenJoined()
    await expect(dialog).toContainText(words.call('submitUpdate').signs, { timeout: 30_000 })
    await dialog.getByRole('checkbox').check()
    await dialog.getByRole('button', { name: words.confirm.yes }).click()
    // The second update and the seat's duties ask no more.
    await untilDone([page])
    await other.finished
  } finally {
    await other.stop()
  }
  const updates = await submittedUpdates(bed, study.address)
  expect(updates.filter(({ hospital }) => sameAddress(hospital, address as `0x${string}`))).toHaveLength(2)
})

/** As issuer and as a well-to-do account: accredits an address, and gives it credits and gas. */
async function admit(bed: Bed, address: `0x${string}`): Promise<void> {
  await accredit(bed.access(bed.account(0)), address, 'Browser hospital')
  const amount = 2000n * 10n ** 18n
  const data = encodeFunctionData({ abi: creditsAbi, functionName: 'transfer', args: [address, amount] })
  await sendCall(bed.access(bed.account(3)), { name: 'transfer', to: bed.deployment.credits, data })
  await bed.rpc('anvil_setBalance', [address, '0xde0b6b3a7640000'])
}
