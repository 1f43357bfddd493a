import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { encodeFunctionData } from 'viem'
import { checkInvitation, parseInvitation } from '../src/app/invitation.ts'
import type { StudyReport } from '../src/app/sponsorReport.ts'
import { creditUnits } from '../src/chain/credits.ts'
import { gasPotOf } from '../src/chain/gasPot.ts'
import { creditsAbi, hospitalRegistryAbi } from '../src/chain/generated/abi.ts'
import { accreditationOf, creditsOf, listStudies, readSnapshot } from '../src/chain/reads.ts'
import { sendCall } from '../src/chain/transactions.ts'
import { Phase } from '../src/rounds/ports.ts'
import type { Address } from '../src/study/types.ts'
import type { Bed } from './support/deployment.ts'
import { heartCsv } from './support/heartData.ts'
import { csvFile, joinWithFile } from './support/joining.ts'
import { shortHeart } from './support/studies.ts'
import { openTab, untilDone } from './support/tabs.ts'
import { expect, test } from './support/test.ts'
import { injectWallet } from './support/wallet.ts'

/** The bed's sponsor; its credits are the deployer's gift. */
const SPONSOR = 11
/** An account of the mnemonic that the chain gave nothing to, and no issuer admitted. */
const STRANGER = 20

/** Starts a heart study's draft and fills in what differs from the template. */
async function draftHeart(page: Page, url: string, fields: Readonly<Record<string, string>>): Promise<void> {
  await page.goto(url)
  await page.getByRole('button', { name: 'Start from Heart disease' }).click()
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value)
}

/** The study that the page follows, once it does. */
async function followed(page: Page): Promise<Address> {
  await page.getByTestId('sponsor-phase').waitFor({ timeout: 60_000 })
  return new URL(page.url()).searchParams.get('study') as Address
}

const draftFields = { Name: 'Hearts of the north', Rounds: '2', 'Hospitals at most': '2', 'Gas pot, in ETH': '0.5' }

test('a sponsor makes a heart study in the browser, two hospitals run it, and it is reported and paid back', async ({
  bed,
  newComputer,
}) => {
  test.setTimeout(360_000)
  // The names of the demo hospitals come with the first listed study.
  await bed.openStudy(shortHeart(1), { hospitals: 4, data: { kind: 'heart' } })
  const sponsor = bed.access(bed.account(SPONSOR))
  const self = bed.account(SPONSOR).address
  const before = await creditsOf(sponsor, self)

  const page = await (await newComputer()).newPage()
  await draftHeart(page, `${bed.url}/sponsor?account=${SPONSOR}`, { ...draftFields, Rounds: '' })
  // Half typed: said where it is, and nothing can be signed.
  await page.getByRole('button', { name: 'Create the study' }).click()
  await expect(page.getByText('Fill this in.')).toBeVisible()
  await expect(page.getByLabel('Rounds', { exact: true })).toBeFocused()
  await page.getByLabel('Rounds', { exact: true }).fill('2')
  await expect(page.getByRole('row', { name: /Deposit/ })).toContainText('40 credits')
  await page.getByRole('button', { name: 'Create the study' }).click()
  const study = await followed(page)
  expect(before - (await creditsOf(sponsor, self))).toBe(creditUnits(40))
  expect(await gasPotOf(sponsor, study)).toBe(creditUnits(0.5))

  const hospitals = await newComputer()
  const tabs = await Promise.all(
    [1, 2].map(hospital => openTab(hospitals, `${bed.url}/?hospital=${hospital}&study=${study}&auto=1`)),
  )
  await page.getByRole('button', { name: 'Start the study' }).click({ timeout: 120_000 })
  await untilDone(tabs, 180_000)
  await expect(page.getByTestId('sponsor-phase')).toHaveAttribute('data-phase', 'ended', { timeout: 30_000 })
  await expect(page.getByRole('table', { name: 'Hospitals of this study' })).toContainText('Hospital 2')
  await expect(page.getByRole('table', { name: 'Finished rounds' }).getByRole('row')).toHaveCount(4)

  // What is left of the pot comes back; the whole deposit was earned.
  await page.getByRole('button', { name: 'Get the unspent back' }).click()
  await expect(page.getByTestId('got-back')).toBeVisible({ timeout: 30_000 })
  expect(await gasPotOf(sponsor, study)).toBe(0n)
  await page.getByRole('button', { name: 'Make the report' }).click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download as JSON' }).click({ timeout: 60_000 })
  const report = JSON.parse(await readFile(await (await downloading).path(), 'utf8')) as StudyReport
  expect(report).toMatchObject({
    name: 'Hearts of the north',
    end: 'completed',
    rounds: { planned: 2, completed: 2, void: 0 },
    deposit: 40,
  })
  expect(report.history.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ['statistics', 'model'],
    ['training', 'model'],
    ['training', 'model'],
  ])
  expect(report.participants.map(({ updates }) => updates)).toEqual([3, 3])
  // Divided by score, rounded down: what is lost to rounding goes back to the sponsor.
  expect(report.paidOut + report.returned).toBeCloseTo(40, 6)
})

test('a sponsor who declines and reloads goes on with the same study, ends it early and gets everything back', async ({
  bed,
  newComputer,
}) => {
  const sponsor = bed.access(bed.account(SPONSOR))
  const self = bed.account(SPONSOR).address
  const before = await creditsOf(sponsor, self)
  const studies = (await listStudies(sponsor)).length
  const context = await newComputer()
  const { chainId } = bed.deployment
  const wallet = await injectWallet(context, { account: SPONSOR, rpcUrl: bed.rpcUrl, chainId })
  const page = await openTab(context, `${bed.url}/sponsor`)
  await page.getByRole('button', { name: 'Test wallet' }).click()
  await page.getByRole('button', { name: 'Start from Heart disease' }).click()
  for (const [label, value] of Object.entries(draftFields)) await page.getByLabel(label, { exact: true }).fill(value)

  // Declined before anything was sent: the draft can still be changed.
  wallet.rejectNext('eth_sendTransaction')
  await page.getByRole('button', { name: 'Create the study' }).click()
  await expect(page.getByText('You declined in your wallet. Nothing was lost')).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toBeEnabled()

  // Declined between creating and paying, and the tab is reloaded: the study is there, and is continued.
  const asked = wallet.count('eth_sendTransaction')
  await page.getByRole('button', { name: 'Create the study' }).click()
  // The next request comes only once this one is mined.
  while (wallet.count('eth_sendTransaction') === asked) await sleep(2)
  wallet.rejectNext('eth_sendTransaction')
  await expect(page.getByText('You declined in your wallet. Nothing was lost')).toBeVisible({ timeout: 30_000 })
  await page.reload()
  const goOn = page.getByRole('button', { name: 'Go on', exact: true })
  await expect(page.getByLabel('Name', { exact: true })).toBeDisabled()
  await expect(page.locator('[data-step=create]')).toHaveAttribute('data-state', 'done')
  await goOn.click()
  const study = await followed(page)
  expect(await listStudies(sponsor)).toHaveLength(studies + 1)
  expect(await creditsOf(sponsor, self)).toBe(before - creditUnits(40))

  await page.getByRole('button', { name: 'End it early…' }).click()
  await page.getByRole('button', { name: 'End the study' }).click()
  await page.getByRole('button', { name: 'Get the unspent back' }).click({ timeout: 30_000 })
  await expect(page.getByTestId('got-back')).toContainText('40 credits and 0.5 ETH', { timeout: 30_000 })
  expect((await readSnapshot(sponsor, study)).phase).toBe(Phase.Ended)
  expect(await creditsOf(sponsor, self)).toBe(before)
  expect(await gasPotOf(sponsor, study)).toBe(0n)
})

test('a draft survives a reload, is copied, and comes back after it was deleted', async ({ bed, newComputer }) => {
  const page = await (await newComputer()).newPage()
  await draftHeart(page, `${bed.url}/sponsor?account=${SPONSOR}`, { Name: 'Falls on the ward' })
  await expect(page.getByText('Saved in this browser')).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Falls on the ward')
  await page.getByRole('button', { name: '← All my studies' }).click()
  await page.getByRole('button', { name: 'Copy Falls on the ward' }).click()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Falls on the ward, copy')
  await page.getByRole('button', { name: '← All my studies' }).click()
  await page.getByRole('button', { name: 'Delete Falls on the ward', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Go on with Falls on the ward', exact: true })).toHaveCount(0)
  await page.getByRole('button', { name: 'Bring it back' }).click()
  await expect(page.getByText('Saved in this browser')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('button', { name: 'Go on with Falls on the ward', exact: true })).toBeVisible()
})

/** Makes an invitation on an issuer's page and gives the link. */
async function invite(page: Page, name: string): Promise<string> {
  const panel = page.getByRole('region', { name: 'How do I invite a hospital without an account?' })
  await panel.getByLabel('Name of the hospital').fill(name)
  await panel.getByRole('button', { name: 'Make the invitation' }).click()
  return ((await panel.getByTestId('invitation-link').textContent({ timeout: 30_000 })) ?? '').trim()
}

async function ownerCalls(bed: Bed, calls: readonly { to: Address; data: `0x${string}` }[]): Promise<void> {
  const owner = bed.access(bed.account(0))
  for (const call of calls) await sendCall(owner, { name: 'setUp', ...call })
}

test('an issuer invites a hospital that has nothing: with the link alone it is admitted and joins', async ({
  bed,
  newComputer,
}) => {
  const { credits, chainId } = bed.deployment
  const issuer = bed.account(0).address
  const mint = encodeFunctionData({ abi: creditsAbi, functionName: 'mint', args: [issuer, creditUnits(5000)] })
  await ownerCalls(bed, [{ to: credits, data: mint }])
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const page = await openTab(await newComputer(), `${bed.url}/issuers?account=0&study=${study.address}`)
  const link = await invite(page, 'St. Anna’s')
  expect(new URL(link).searchParams.get('study')).toBe(study.address)

  const computer = await newComputer()
  const wallet = await injectWallet(computer, { account: STRANGER, rpcUrl: bed.rpcUrl, chainId })
  const reader = bed.access(bed.account(SPONSOR))
  expect(await reader.publicClient.getBalance({ address: wallet.address })).toBe(0n)
  const hospital = await openTab(computer, link)
  await hospital.getByRole('button', { name: 'Test wallet' }).click()
  await joinWithFile(hospital, csvFile('anna.csv', heartCsv(3)))
  expect(await accreditationOf(reader, wallet.address)).toEqual({ name: 'St. Anna’s', isActive: true })
  expect((await study.snapshot()).members).toContain(wallet.address)
  // The issuer sees that it was used.
  await expect(page.getByTestId('own-invitation')).toHaveAttribute('data-status', 'redeemed', { timeout: 20_000 })
  await expect(page.getByRole('table', { name: 'Admitted hospitals' })).toContainText('St. Anna’s')
})

test('with two of two issuers the first sends the second what to sign; an unused invitation is taken back', async ({
  bed,
  newComputer,
}) => {
  const { registry } = bed.deployment
  const abi = hospitalRegistryAbi
  const second = bed.account(SPONSOR).address
  await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  await ownerCalls(bed, [
    { to: registry, data: encodeFunctionData({ abi, functionName: 'setIssuer', args: [second, true] }) },
    { to: registry, data: encodeFunctionData({ abi, functionName: 'setThreshold', args: [2] }) },
  ])
  try {
    const reader = bed.access(bed.account(SPONSOR))
    const before = await creditsOf(reader, second)
    // The second issuer has the credits here.
    const first = await openTab(await newComputer(), `${bed.url}/issuers?account=${SPONSOR}`)
    const unfinished = await invite(first, 'St. Bede’s')
    expect(new URL(unfinished).pathname).toBe('/issuers')
    const half = parseInvitation(new URL(unfinished).hash)
    if (half === null) throw new Error('the link holds no invitation')
    expect(await checkInvitation(reader, half)).toMatchObject({ problem: null, isGood: false, needed: 2 })
    const renamed = { ...half, name: 'Quacks & Co' }
    expect(await checkInvitation(reader, renamed)).toMatchObject({ problem: 'badSignature', isGood: false })

    const { hash } = new URL(unfinished)
    const other = await openTab(await newComputer(), `${bed.url}/issuers?account=0${hash}`)
    const panel = other.getByRole('region', { name: 'Will you sign this invitation?' })
    await expect(panel).toContainText('St. Bede’s')
    await panel.getByRole('button', { name: 'Sign' }).click()
    await expect(panel).toContainText('It has all signatures it needs')
    const finished = ((await panel.getByTestId('invitation-link').textContent()) ?? '').trim()
    const whole = parseInvitation(new URL(finished).hash)
    if (whole === null) throw new Error('the link holds no invitation')
    expect(await checkInvitation(reader, whole)).toMatchObject({ problem: null, isGood: true })

    await first.getByRole('button', { name: /^Revoke the invitation of St. Bede’s/ }).click()
    await expect(first.getByTestId('own-invitation')).toHaveAttribute('data-status', 'revoked', { timeout: 30_000 })
    await expect.poll(() => creditsOf(reader, second), { timeout: 30_000 }).toBe(before)
    expect(await checkInvitation(reader, whole)).toMatchObject({ problem: 'revoked', isGood: false })

    // A vote waits for the second one.
    const admit = first.getByRole('region', { name: 'How do I admit a hospital whose account I know?' })
    await admit.getByLabel('Account').fill(bed.account(STRANGER + 1).address)
    await admit.getByLabel('Name of the hospital').fill('St. Cecilia’s')
    await admit.getByRole('button', { name: 'Vote to admit' }).click()
    await expect(first.getByTestId('motion')).toContainText('1 of 2', { timeout: 30_000 })
    await other.getByRole('button', { name: 'Vote for: Admit “St. Cecilia’s”' }).click({ timeout: 30_000 })
    await expect(other.getByRole('table', { name: 'Admitted hospitals' })).toContainText('St. Cecilia’s', {
      timeout: 30_000,
    })
  } finally {
    await ownerCalls(bed, [
      { to: registry, data: encodeFunctionData({ abi, functionName: 'setThreshold', args: [1] }) },
      { to: registry, data: encodeFunctionData({ abi, functionName: 'setIssuer', args: [second, false] }) },
    ])
  }
})
