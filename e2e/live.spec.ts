import type { Page } from '@playwright/test'
import { creditsFrom } from '../src/chain/credits.ts'
import { balanceOf } from '../src/chain/reads.ts'
import { Phase } from '../src/rounds/ports.ts'
import { percent } from '../src/ui/format.ts'
import { shortHeart } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

/** Contract rounds: 1 is the standardisation, 2 to 4 are rounds 1 to 3 of the study. */
const rounds = 3
const [vetoedRound, leftAfter] = [2, 3]

test('a running study says who is missing and what to do; sitting a round out costs nothing; leaving frees the stake', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(rounds), {
    hospitals: 3,
    data: { kind: 'heart' },
    // Somebody clicks while a round waits.
    rules: { trainSeconds: 90 },
  })
  const context = await newComputer()
  const pages = await Promise.all([1, 2, 3].map(hospital => openTab(context, study.url(hospital))))
  const [watching, leaving, late] = pages as [Page, Page, Page]
  await Promise.all(pages.map(page => untilPage(page, 'it takes part', ({ status }) => status === 'running')))
  await expect(watching).toHaveTitle('Waiting for the start · Wardround')
  const stakeBefore = (await balanceOf(bed.access(bed.account(3)), study.address, bed.account(3).address)).stake

  // Hospital 3 says in advance that it sits the first round out, and pauses, so that round zero waits for it.
  await late.getByRole('checkbox', { name: 'Round 1 of 3' }).click()
  await expect(late.getByText('Round 1 of 3: you sit it out.')).toBeVisible()
  await expect(late.getByRole('checkbox', { name: 'Round 1 of 3' })).toBeChecked()
  await late.getByRole('button', { name: 'Pause' }).click()
  await expect(late).toHaveTitle('● Paused · Wardround')
  await study.startWhenJoined()

  await study.until(
    'the others have sent',
    ({ submitted }) => submitted === 0b011n || submitted === 0b101n || submitted === 0b110n,
  )
  await expect(watching.getByTestId('missing')).toHaveText('Hospital 3 has still to do what this phase asks for.')
  await expect(watching.getByRole('row', { name: /^Hospital 1 \(you\)/ })).toContainText('done')
  await expect(watching.getByRole('row', { name: /^Hospital 3/ })).toContainText('waited for')
  await expect(watching.getByTestId('deadline')).toHaveText(/^Due in (1 min )?\d+ s\.$/)
  await expect(watching).toHaveTitle('Waiting for others · Wardround')
  await late.getByRole('button', { name: 'Go on' }).click()

  // The round that was vetoed runs with two, and the third owes nothing.
  const vetoed = await study.until('the vetoed round', ({ round }) => round === vetoedRound)
  const members = vetoed.members.map(address => address.toLowerCase())
  const indexOf = (account: number) => members.indexOf(bed.account(account).address.toLowerCase())
  const without = (account: number) => 0b111n & ~(1n << BigInt(indexOf(account)))
  expect(vetoed.participants).toBe(without(3))
  await expect(late.getByRole('row', { name: /^Hospital 3 \(you\)/ })).toContainText('not in this round')

  // Hospital 3 holds the next round up, so that Hospital 2 can leave in the middle of it.
  await late.getByRole('button', { name: 'Pause' }).click()
  await study.until('the next round', ({ round, phase }) => round === leftAfter && phase === Phase.Train, 90_000)
  await leaving.getByRole('button', { name: 'Leave the study…' }).click()
  const dialog = leaving.getByRole('dialog', { name: 'Leave the study?' })
  await expect(dialog).toContainText(`${creditsFrom(stakeBefore).toLocaleString('en-GB')} credits`)
  await expect(dialog).toContainText('It takes effect with the next round.')
  await dialog.getByRole('button', { name: 'Leave the study' }).click()
  await expect(dialog).toBeHidden()
  await expect(leaving.getByText('You have left this study.')).toBeVisible()
  expect((await study.snapshot()).participants).toBe(0b111n)
  await late.getByRole('button', { name: 'Go on' }).click()

  const after = await study.until('the round after', ({ round }) => round > leftAfter, 90_000)
  expect(after.participants).toBe(without(2))
  await leaving.getByRole('tab', { name: 'My hospital' }).click()
  await leaving.getByRole('button', { name: /^Withdraw [\d.,]+ credits$/ }).click()
  await expect(leaving.getByText('credits are in your wallet now.')).toBeVisible()
  expect((await balanceOf(bed.access(bed.account(2)), study.address, bed.account(2).address)).stake).toBe(0n)

  const results = await untilDone([watching, late])
  expect(await study.snapshot()).toMatchObject({ completed: rounds, voids: 0, endReason: 1 })
  const kept = await balanceOf(bed.access(bed.account(3)), study.address, bed.account(3).address)
  expect(kept).toMatchObject({ stake: stakeBefore, forfeited: 0n })

  // The curve's table is the same as what the page tells programs.
  await expect(watching).toHaveTitle('Finished · Wardround')
  const curve = watching.getByTestId('accuracy-curve')
  await curve.getByRole('button', { name: 'Show as table' }).click()
  const shown = await curve
    .getByRole('row')
    .evaluateAll(rows => rows.slice(1).map(row => [...row.children].slice(0, 2).map(cell => cell.textContent)))
  const told = results[0]?.history.map(({ round, accuracy }) => [
    round === 0 ? 'Start' : String(round),
    percent(accuracy),
  ])
  expect(shown).toEqual(told)
  expect(shown.length).toBeGreaterThanOrEqual(rounds)

  // Hospital 3's own record says the same.
  await late.getByRole('tab', { name: 'My hospital' }).click()
  await expect(late.getByRole('row', { name: /^Round 1 / })).toContainText('sat out')
  await expect(late.getByRole('row', { name: /^Round 2 / })).toContainText('yes')
})

test('at a shared desk the page stays covered over a reload, and the browser can forget the hospital', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const page = await openTab(await newComputer(), study.url(1))
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')
  await page.getByRole('tab', { name: 'My hospital' }).click()
  await page.getByLabel('PIN, at least 6 characters').fill('482910')
  await page.getByLabel('The PIN again').fill('482910')
  await page.getByRole('button', { name: 'Cover this page' }).click()
  const covered = page.getByRole('heading', { name: 'Hospital 1 is covered' })
  await expect(covered).toBeVisible()
  await page.reload()
  await expect(covered).toBeVisible()
  await expect(page.getByRole('tab', { name: 'My hospital' })).toHaveCount(0)
  await page.getByLabel('PIN', { exact: true }).fill('000000')
  await page.getByRole('button', { name: 'Open' }).click()
  await expect(page.getByText('That is not the PIN.')).toBeVisible()
  await page.getByLabel('PIN', { exact: true }).fill('482910')
  await page.getByRole('button', { name: 'Open' }).click()
  await untilPage(page, 'it takes part again', ({ status }) => status === 'running')

  const account = bed.account(1).address.toLowerCase()
  expect(await keptOf(page, account)).not.toEqual([])
  await page.getByRole('tab', { name: 'My hospital' }).click()
  await page.getByRole('button', { name: 'Have this browser forget this hospital…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Have this browser forget this hospital?' })
  const confirm = dialog.getByRole('button', { name: 'Forget this hospital' })
  await expect(confirm).toBeDisabled()
  await dialog.getByRole('textbox').fill('Hospital 1')
  await confirm.click()
  await page.waitForURL(`${bed.url}/`)
  expect(await keptOf(page, account)).toEqual([])
})

/** Names of databases and keys of entries, in all of the origin's databases, that name this account. */
function keptOf(page: Page, account: string): Promise<string[]> {
  return page.evaluate(async account => {
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const found: string[] = []
    for (const { name = '' } of await indexedDB.databases()) {
      found.push(name)
      const database = await asked(indexedDB.open(name))
      for (const store of database.objectStoreNames) {
        const keys = await asked(database.transaction(store).objectStore(store).getAllKeys())
        found.push(...keys.map(key => JSON.stringify(key)))
      }
      database.close()
    }
    return found.filter(text => text.toLowerCase().includes(account))
  }, account)
}
