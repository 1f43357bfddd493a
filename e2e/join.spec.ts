import { balanceOf } from '../src/chain/reads.ts'
import { Phase } from '../src/rounds/ports.ts'
import { type Address, sameAddress } from '../src/study/types.ts'
import { texts } from '../src/ui/texts.ts'
import { heartCsv } from './support/heartData.ts'
import { bringFile, chooseByKeyboard, csvFile, joinButton, tabTo, takeButton } from './support/joining.ts'
import { shortHeart, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

const { data, terms, tab } = texts.join

/** A hospital's file with two cells that cannot be used: in rows 3 and 5, as a spreadsheet counts. */
function withBadRows(text: string): string {
  const lines = text.split('\n')
  const spoil = (line: number, column: number, value: string) => {
    const cells = (lines[line] as string).split(',')
    cells[column] = value
    lines[line] = cells.join(',')
  }
  spoil(2, 0, 'sixty')
  spoil(4, 4, '99999')
  return lines.join('\n')
}

test('a person joins by keyboard alone with a corrected file; another leaves bad rows out and reloads on the way', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 2, data: { kind: 'csv', seed: 1 } })
  const page = await openTab(await newComputer(), study.url(1).replace('&auto=1', ''))
  await untilPage(page, 'it asks for the file', ({ status }) => status === 'needsData')

  // Nothing but Tab, Enter and Space from here on.
  const choose = page.getByRole('button', { name: data.chooseFile })
  await chooseByKeyboard(page, choose, csvFile('draft.csv', withBadRows(heartCsv(1))))
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(data.problems.heading(2))
  await expect(alert.getByRole('row', { name: /^3 age “sixty” a number/ })).toBeVisible()
  await expect(alert.getByRole('row', { name: /^5 chol “99999”/ })).toBeVisible()
  await expect(takeButton(page)).toBeDisabled()
  const another = page.getByRole('button', { name: data.chooseAnother })
  await chooseByKeyboard(page, another, csvFile('corrected.csv', heartCsv(1)))
  await expect(alert).toHaveCount(0)
  await expect(page.getByText(data.mapping.found(11))).toBeVisible()
  await tabTo(page, takeButton(page))
  await page.keyboard.press('Enter')
  // The computer is measured without a question; then the focus is at the heading of the terms.
  const heading = page.getByRole('heading', { name: terms.heading })
  await expect(heading).toBeFocused()
  await expect(page.getByText('1,000 credits').first()).toBeVisible()
  await tabTo(page, joinButton(page))
  await page.keyboard.press('Enter')
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')

  const other = await openTab(await newComputer(), study.url(2).replace('&auto=1', ''))
  const draft = csvFile('ward.csv', withBadRows(heartCsv(2)))
  await untilPage(other, 'it asks for the file', ({ status }) => status === 'needsData')
  await other.locator('input[type=file]').first().setInputFiles(draft)
  await tabTo(other, other.getByRole('checkbox'))
  await other.keyboard.press('Space')
  await expect(takeButton(other)).toBeEnabled()
  await takeButton(other).click()
  await expect(joinButton(other)).toBeEnabled()
  // Who joined already is named by the registry.
  await expect(other.getByText('Hospital 1', { exact: true })).toBeVisible()

  await other.reload()
  await expect(other.getByText(data.remembered('ward.csv'))).toBeVisible()
  await other.locator('input[type=file]').first().setInputFiles(draft)
  // The same file as before: no second question.
  await joinButton(other).click()
  await untilPage(other, 'it takes part', ({ status }) => status === 'running')

  await other.reload()
  await expect(other.getByText(data.rememberedMember('ward.csv'))).toBeVisible()
  const file = other.locator('input[type=file]').first()
  await file.setInputFiles(csvFile('others.csv', heartCsv(3)))
  await expect(other.getByRole('alert')).toContainText(data.other.heading)
  await other.locator('input[type=file]').last().setInputFiles(draft)
  await untilPage(other, 'it goes on', ({ status }) => status === 'running')

  await study.startWhenJoined()
  await untilDone([page, other])
  expect(await study.snapshot()).toMatchObject({ completed: 2, voids: 0 })
})

test('a second tab takes the hospital over, and the first says where it went', async ({ bed, newComputer }) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const context = await newComputer()
  const url = study.url(1).replace('&auto=1', '')
  const first = await openTab(context, url)
  await takeButton(first).click()
  await joinButton(first).click()
  await untilPage(first, 'it takes part', ({ status }) => status === 'running')

  const second = await openTab(context, url)
  await untilPage(second, 'it says so', ({ status }) => status === 'wrongTab')
  await expect(second.getByRole('heading', { name: tab.elsewhere.heading })).toBeVisible()
  await second.getByRole('button', { name: tab.takeOver }).click()
  await untilPage(second, 'it goes on here', ({ status }) => status === 'running')
  await expect(first.getByRole('heading', { name: tab.handedOver.heading })).toBeVisible()

  const other = await openTab(context, study.url(2))
  await study.startWhenJoined()
  await untilDone([second, other])
  const updates = await submittedUpdates(bed, study.address)
  expect(updates).toHaveLength(2 * 2)
})

test('a running study is joined from its next round', async ({ bed, newComputer }) => {
  const { manifest, rules } = shortHeart(5)
  // Rounds that last seconds, so that there is a next one when the person has read the terms.
  const { epochs, learningRate } = manifest.training
  const training = { ...manifest.training, epochs: 400 * epochs, learningRate: learningRate / 400 }
  const plan = { manifest: { ...manifest, training }, rules }
  const study = await bed.openStudy(plan, { hospitals: 3, data: { kind: 'heart' } })
  const context = await newComputer()
  const pages = await Promise.all([1, 2].map(hospital => openTab(context, study.url(hospital))))
  const late = await openTab(await newComputer(), study.url(3).replace('&auto=1', ''))
  await takeButton(late).click()
  await expect(joinButton(late)).toBeEnabled()
  await study.startWhenJoined(2)
  const { round } = await study.until(
    'the first training round',
    ({ round, phase }) => round === 2 && phase === Phase.Train,
  )
  await expect(late.getByText(/It runs already. You come in at round \d, in/)).toBeVisible()
  await joinButton(late).click()
  await untilPage(late, 'it takes part', ({ status }) => status === 'running')
  const results = await untilDone([...pages, late], 150_000)
  expect(results).toHaveLength(3)

  const self = bed.account(3).address as Address
  const own = (await submittedUpdates(bed, study.address)).filter(({ hospital }) => sameAddress(hospital, self))
  expect(own.length).toBeGreaterThan(0)
  expect(Math.min(...own.map(update => update.round))).toBeGreaterThan(round)
  // Coming late is no fault.
  const { forfeited } = await balanceOf(bed.access(bed.account(3)), study.address, self)
  expect(forfeited).toBe(0n)
})

test('who goes back from the terms may bring another hospital’s patients', async ({ bed, newComputer }) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const page = await openTab(await newComputer(), study.url(1).replace('&auto=1', ''))
  await takeButton(page).click()
  await page.getByRole('button', { name: terms.changeLabel }).click()
  await expect(page.getByRole('heading', { name: data.heading })).toBeFocused()
  await page.getByRole('radio', { name: data.own }).click()
  await bringFile(page, csvFile('own.csv', heartCsv(4)))
  await expect(page.getByText(`${data.patients(130)} on this computer, trained on`)).toBeVisible()
})
