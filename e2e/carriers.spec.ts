import type { BrowserContext, Page } from '@playwright/test'
import { gasPotOf } from '../src/chain/gasPot.ts'
import { Phase } from '../src/rounds/ports.ts'
import { type Bed, startBed, type TestStudy } from './support/deployment.ts'
import { heartCsv } from './support/heartData.ts'
import { bringFile, csvFile, joinButton } from './support/joining.ts'
import { shortHeart } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'
import { injectWallet, type TestWallet } from './support/wallet.ts'

const hospitals = [1, 2, 3]

interface Tab {
  readonly page: Page
  readonly wallet: TestWallet
}

/** Three hospitals with wallets of their own and files of their own, who have joined and take part. */
async function joinAll(bed: Bed, study: TestStudy, newComputer: () => Promise<BrowserContext>): Promise<Tab[]> {
  const tabs: Tab[] = []
  for (const hospital of hospitals) {
    const context = await newComputer()
    const { chainId } = bed.deployment
    const wallet = await injectWallet(context, { account: hospital, rpcUrl: bed.rpcUrl, chainId })
    const page = await openTab(context, bed.url)
    await page.getByRole('button', { name: 'Test wallet' }).click()
    await page.getByText('Connected as').waitFor()
    await page.goto(study.url(null).replace('&auto=1', ''))
    await bringFile(page, csvFile(`hospital-${hospital}.csv`, heartCsv(hospital)))
    await joinButton(page).click()
    await untilPage(page, 'it takes part', ({ status }) => status === 'running')
    tabs.push({ page, wallet })
  }
  return tabs
}

/** Everything that made a wallet open, but for connecting it. */
const prompts = ({ wallet }: Tab) =>
  wallet.requests.flatMap(({ method }) =>
    /^(eth_send|eth_sign|personal_sign|wallet_(send|switch|add))/.test(method) ? [method] : [],
  )

test('a wallet is asked once to join and once a round: relays carry the rest, and the gas pot pays them', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' } })
  const sponsor = bed.access(bed.account(1))
  const before = await gasPotOf(sponsor, study.address)
  const tabs = await joinAll(bed, study, newComputer)
  await study.startWhenJoined()
  await untilDone(tabs.map(({ page }) => page))
  expect(await study.snapshot()).toMatchObject({ completed: 2, voids: 0 })
  // Round zero and two rounds.
  for (const tab of tabs) expect(prompts(tab)).toEqual(Array(1 + 3).fill('eth_sendTransaction'))
  const spent = before - (await gasPotOf(sponsor, study.address))
  expect(spent).toBeGreaterThan(0n)
})

// It waits for each duty's patience to run out; what happens then is in src/chain/StudyChain.test.ts, too.
if (process.env.WARDROUND_LONG === '1') {
  test('when the relay that carries is gone, the wallet is asked instead and the study goes on', async ({
    newComputer,
  }) => {
    const bed = await startBed({ name: 'carriers', relays: 2, carriers: 1 })
    try {
      const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' } })
      const tabs = await joinAll(bed, study, newComputer)
      await study.startWhenJoined()
      await study.until('the second round trains', ({ round, phase }) => round === 2 && phase === Phase.Train)
      const carried = tabs.map(tab => prompts(tab).length)
      await bed.relays[1]?.kill()
      await untilDone(tabs.map(({ page }) => page))
      expect(await study.snapshot()).toMatchObject({ completed: 2, voids: 0 })
      // Until then the joining, round zero, and perhaps the second round's update.
      for (const count of carried) expect(count).toBeLessThanOrEqual(3)
      // Two rounds with an update, an attestation, scores and a signature each; the first may still have been carried.
      for (const [i, tab] of tabs.entries()) {
        expect(prompts(tab).length).toBeGreaterThan((carried[i] as number) + 2)
        await expect(tab.page.getByText('No relay carried').first()).toBeAttached()
      }
    } finally {
      await bed.stop()
    }
  })
}
