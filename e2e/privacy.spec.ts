import type { Page } from '@playwright/test'
import { balanceOf } from '../src/chain/reads.ts'
import { sameAddress } from '../src/study/types.ts'
import { sponsorTexts } from '../src/ui/texts/sponsor.ts'
import { texts } from '../src/ui/texts.ts'
import { privateHeart, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

const rounds = 3

/** A figure of the privacy account, by its name. */
async function figureOf(page: Page, name: string): Promise<number> {
  const figure = page.getByTestId('privacy-account').locator('dl > div').filter({ hasText: name })
  return Number(await figure.locator('dd').textContent())
}

test('a study with differential privacy completes, without a hospital whose budget is spent', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(privateHeart(rounds, 5), { hospitals: 4, data: { kind: 'heart' } })
  const tabs = await Promise.all([1, 2, 3, 4].map(async hospital => openTab(await newComputer(), study.url(hospital))))
  for (const tab of tabs) await untilPage(tab, 'it is in', ({ status }) => status === 'running')
  const [first, , , poor] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]]

  // Before it starts every hospital sees what it will cost, and one of them allows less than that.
  await expect(first.getByRole('heading', { name: 'How are your patients protected?' })).toBeVisible()
  await expect(first.getByTestId('privacy-account')).toContainText(`The budget covers all ${rounds} rounds to come.`)
  const { card } = texts.privacy
  // The study counts for 1 in 10,000.
  await expect(first.getByText(card.accountChance('1 in 100,000'))).toBeVisible()
  // Enough for one round, whatever this account has paid for in other studies of the chain: a second adds more than a third of it.
  const budget = (await figureOf(poor, card.spent)) + 1.3 * (await figureOf(poor, card.next))
  await poor.getByRole('tab', { name: 'My hospital' }).click()
  await poor.getByLabel('Budget, ε').fill(budget.toFixed(2))
  await poor.getByRole('button', { name: 'Change the budget' }).click()
  await expect(poor.getByText(card.changed(texts.privacy.epsilon(Number(budget.toFixed(2)))))).toBeVisible()
  await poor.getByRole('tab', { name: 'Now' }).click()
  await expect(poor.getByTestId('privacy-account')).toContainText(`covers 1 of ${rounds} rounds`)

  await study.startWhenJoined()
  const results = await untilDone(tabs)
  for (const { federated, majorityAccuracy } of results.slice(0, 2)) {
    expect(federated.accuracy).toBeGreaterThan(majorityAccuracy)
  }

  // The others took part in every round, the poor one in what it could pay, and nobody lost anything.
  const updates = await submittedUpdates(bed, study.address)
  const sentBy = (hospital: number) =>
    updates.filter(update => sameAddress(update.hospital, bed.account(hospital).address)).map(({ round }) => round)
  expect(sentBy(1)).toEqual([1, 2, 3])
  expect(sentBy(4)).toEqual([1])
  const reader = bed.access(bed.account(0))
  for (const hospital of [1, 2, 3, 4]) {
    const { forfeited } = await balanceOf(reader, study.address, bed.account(hospital).address)
    expect(forfeited).toBe(0n)
  }
  await expect(poor.getByRole('main')).toContainText('this hospital sits those out')

  // What was spent is still known after a reload.
  await expect(first.getByTestId('privacy-account')).toContainText('No round is to come.')
  const spent = (await first.getByTestId('privacy-account').textContent()) as string
  await first.reload()
  await expect(first.getByTestId('privacy-account')).toHaveText(spent)
})

test('a sponsor sees what noise would cost, and is told where it protects hardly anybody', async ({
  bed,
  newComputer,
}) => {
  const { form: words } = texts.privacy
  const page = await openTab(await newComputer(), `${bed.url}/sponsor?account=0`)
  await page.getByRole('button', { name: sponsorTexts.templates.start(sponsorTexts.templates.names.heart) }).click()
  await page.getByRole('switch', { name: words.switch }).press('Space')
  await page.getByRole('button', { name: words.forecast.start }).click()
  await expect(page.getByRole('row', { name: new RegExp(`${words.forecast.without} \\d\\d\\.\\d %`) })).toBeVisible({
    timeout: 90_000,
  })
  await page.getByLabel(words.epsilon).fill('20')
  await expect(page.getByText(sponsorTexts.warnings.weakPrivacy)).toBeVisible()
  await page.getByLabel(words.epsilon).fill('')
  await expect(page.getByRole('button', { name: words.forecast.again })).toBeDisabled()
})
