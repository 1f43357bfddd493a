import { type BrowserContext, expect, type Page } from '@playwright/test'
import { Phase } from '../../src/rounds/ports.ts'
import { texts } from '../../src/ui/texts.ts'
import type { Bed, TestStudy } from '../support/deployment.ts'
import { fundWall } from '../support/fundWall.ts'
import { type GatedCall, startHeadlessHospital } from '../support/headless.ts'
import { heartCsv, heartOf } from '../support/heartData.ts'
import { shortHeart } from '../support/studies.ts'
import { openTab, untilPage } from '../support/tabs.ts'
import { injectWallet } from '../support/wallet.ts'

/** Told of every page and state that there is to look at; the page stays as it is until it resolves. */
export type Look = (page: Page, name: string) => Promise<void>

export interface TourOptions {
  readonly bed: Bed
  /** Another computer's browser. */
  readonly newComputer: () => Promise<BrowserContext>
  readonly look: Look
}

const { join } = texts

/** Pages that show before, beside and without a study. */
export async function tourOfPages({ bed, newComputer, look }: TourOptions): Promise<void> {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' } })
  const context = await newComputer()
  const page = await openTab(context, bed.url)
  await page.getByText(study.manifest.name).first().waitFor()
  await look(page, 'studies')

  await page.goto(`${bed.url}/nowhere`)
  await page.getByRole('heading', { name: texts.notFound.heading }).waitFor()
  await look(page, 'not-found')

  await page.goto(`${bed.url}/?study=0x00000000000000000000000000000000000000aa`)
  await page.getByRole('alert').waitFor()
  await look(page, 'no-such-study')

  const bare = await openTab(await newComputer(), 'about:blank')
  await bare.route('**/deployment.json', route => route.fulfill({ status: 404, body: '' }))
  await bare.goto(bed.url)
  await bare.getByRole('alert').waitFor()
  await look(bare, 'no-deployment')

  const old = await newComputer()
  await old.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined })
  })
  const lacking = await openTab(old, bed.url)
  await lacking.getByRole('heading').first().waitFor()
  await look(lacking, 'unsupported')

  await page.goto(study.url(null).replace('&auto=1', ''))
  await page.getByRole('heading', { name: join.connect.heading }).waitFor()
  await look(page, 'join-connect')

  const withWallet = await newComputer()
  const { chainId } = bed.deployment
  const wallet = await injectWallet(withWallet, { account: 4, rpcUrl: bed.rpcUrl, chainId })
  const own = await openTab(withWallet, bed.url)
  // biome-ignore lint/correctness/useHookAtTopLevel: a wallet's network, not React's.
  await wallet.useChain(1)
  await own.getByRole('button', { name: 'Test wallet' }).first().click()
  await own.waitForTimeout(500)
  await look(own, 'studies-with-wallet')
}

/** The way in, step by step, with what can go wrong. */
export async function tourOfJoining({ bed, newComputer, look }: TourOptions): Promise<void> {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' } })
  const context = await newComputer()
  const page = await openTab(context, study.url(1).replace('&auto=1', ''))
  await untilPage(page, 'it asks for patients', ({ status }) => status === 'needsData')
  await page.getByRole('heading', { name: join.data.heading }).waitFor()
  await look(page, 'join-patients')

  await page.getByRole('radio', { name: join.data.own }).check()
  await look(page, 'join-own-file')
  await chooseFile(page, 'patients.csv', heartCsv(1).replace(/^age,/, 'years old,').replace(',chol,', ',serum,'))
  await page.getByRole('heading', { name: join.data.mapping.heading }).waitFor()
  await look(page, 'join-columns')

  const lines = heartCsv(1).split('\n')
  lines[2] = (lines[2] as string).replace(/^[^,]*/, 'sixty')
  lines[4] = (lines[4] as string).replace(/^[^,]*/, '611')
  await chooseFile(page, 'patients.csv', lines.join('\n'))
  await page.getByRole('row', { name: /sixty/ }).waitFor()
  await look(page, 'join-bad-rows')

  await chooseFile(page, 'notes.csv', 'only one column\nhello\n')
  await page.getByRole('alert').first().waitFor()
  await look(page, 'join-refused-file')

  await chooseFile(page, 'patients.csv', heartCsv(1))
  await page.getByRole('button', { name: /^Use these \d+ patients$/ }).click()
  await untilPage(page, 'the computer is measured', ({ status }) => status === 'checkingDevice' || status === 'ready')
  const goOn = page.getByRole('button', { name: join.computer.goOn })
  await page
    .getByRole('heading', { name: new RegExp(`${join.computer.heading}|${join.terms.heading}`.replaceAll('?', '\\?')) })
    .waitFor()
  if (await page.getByRole('heading', { name: join.computer.heading }).isVisible()) {
    await look(page, 'join-computer')
    if (await goOn.isVisible()) await goOn.click()
  }
  await page.getByRole('heading', { name: join.terms.heading }).waitFor({ timeout: 20_000 })
  await page.getByRole('button', { name: texts.hospital.join }).waitFor()
  await look(page, 'join-terms')

  const second = await openTab(context, study.url(1).replace('&auto=1', ''))
  await second.getByRole('heading', { name: join.tab.elsewhere.heading }).waitFor({ timeout: 20_000 })
  await look(second, 'join-second-tab')
  await second.close()
}

/** A study from its start to its end, with everything that a hospital's page shows meanwhile. */
export async function tourOfStudy({ bed, newComputer, look }: TourOptions): Promise<void> {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' } })
  const context = await newComputer()
  const page = await openTab(context, study.url(1))
  await untilPage(page, 'it is in', ({ status }) => status === 'running')
  await page.getByRole('heading', { name: texts.live.action.heading }).waitFor()
  await look(page, 'round-waiting-for-start')
  const held = createHold()
  const others = await Promise.all(
    [2, 3].map(hospital =>
      startHeadlessHospital({
        bed,
        study,
        account: bed.account(hospital),
        dataset: heartOf(hospital, study.manifest.seed),
        ...(hospital === 2 && { gate: held.gate }),
      }),
    ),
  )
  try {
    await study.startWhenJoined()
    await study.until('the second training round waits for a hospital', ({ round, phase, submitted }) => {
      return round === 3 && phase === Phase.Train && submitted.toString(2).split('1').length - 1 === 2
    })
    await page
      .getByRole('row', { name: /waited for/ })
      .first()
      .waitFor()
    await look(page, 'round-running')
    await lookAtViews(page, look, 'running')
    await lookAtDialogs(page, look)
    await page.getByRole('button', { name: texts.hospital.pause }).click()
    await look(page, 'round-paused')
    await page.getByRole('button', { name: texts.hospital.resume }).first().click()
    await context.setOffline(true)
    await page.waitForTimeout(3000)
    await look(page, 'round-offline')
    await context.setOffline(false)
    held.letGo()
    await untilPage(page, 'the study ends', ({ status }) => status === 'done', 90_000)
    await look(page, 'round-ended')
    await lookAtViews(page, look, 'ended')
  } finally {
    held.letGo()
    await Promise.all(others.map(other => other.stop()))
  }
  await lookAtSponsor({ bed, newComputer, look }, study)
}

async function lookAtViews(page: Page, look: Look, when: string): Promise<void> {
  const { views } = texts.hospital
  for (const view of ['results', 'model', 'keeping'] as const) {
    await page.getByRole('tab', { name: views[view] }).click()
    await page.getByRole('tabpanel').getByRole('heading').first().waitFor()
    await settled(page)
    await look(page, `${view}-${when}`)
    if (view === 'model' && when === 'ended') {
      const { patient, card } = texts.model
      await page.getByLabel(/^Age/).first().fill('61')
      await page.getByRole('button', { name: patient.ask }).click()
      await page.getByText(/^Answered by the model/).waitFor()
      await page.getByRole('button', { name: card.show }).click()
      await look(page, 'model-prediction-and-card')
    }
  }
  await page.getByRole('tab', { name: views.round }).click()
}

async function lookAtDialogs(page: Page, look: Look): Promise<void> {
  await page.getByRole('button', { name: 'Leave the study…' }).click()
  await page.getByRole('dialog').waitFor()
  await look(page, 'dialog-leave')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Activity/ }).click()
  await page.getByTestId('activity').waitFor()
  await look(page, 'activity')
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: texts.hospital.views.keeping }).click()
  await page.getByRole('button', { name: texts.keeping.desk.wipe.open }).click()
  await page.getByRole('dialog').waitFor()
  await look(page, 'dialog-forget')
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: texts.hospital.views.round }).click()
}

/** The sponsor's and the issuers' pages, as the demo account that deployed. */
async function lookAtSponsor({ bed, newComputer, look }: TourOptions, study: TestStudy): Promise<void> {
  const sponsor = await openTab(await newComputer(), `${bed.url}/sponsor?account=11`)
  await sponsor.getByRole('heading', { level: 1 }).first().waitFor()
  await settled(sponsor)
  await look(sponsor, 'sponsor')
  await sponsor
    .getByRole('button', { name: texts.sponsor.templates.start(texts.sponsor.templates.names.heart) })
    .first()
    .click()
  await settled(sponsor)
  await look(sponsor, 'sponsor-draft')
  await sponsor.goto(`${bed.url}/sponsor?study=${study.address}&account=11`)
  await sponsor.getByText(study.manifest.name).first().waitFor()
  await settled(sponsor)
  await look(sponsor, 'sponsor-follow')
  await sponsor.goto(`${bed.url}/issuers?account=0`)
  await sponsor.getByText('Hospital 1').first().waitFor()
  await look(sponsor, 'issuers')
}

/** The wall, waiting and at work. */
export async function tourOfKiosk({ bed, newComputer, look }: TourOptions): Promise<void> {
  await fundWall(bed)
  const context = await newComputer()
  await context.addInitScript(() => {
    const kept = { preset: 'glance', idleSeconds: null, resultSeconds: 120, place: 'wall' }
    localStorage.setItem('wardround-kiosk-settings', JSON.stringify(kept))
  })
  const page = await openTab(context, `${bed.url}/kiosk`)
  await page.getByRole('button', { name: texts.kiosk.presets.glance.name }).waitFor()
  await look(page, 'kiosk-waiting')
  await page.getByRole('button', { name: texts.kiosk.presets.glance.name }).click()
  await expect.poll(() => page.evaluate(() => window.wardroundKiosk?.stage), { timeout: 60_000 }).toBe('running')
  await look(page, 'kiosk-running')
  await page.keyboard.press('Control+Shift+K')
  await page.getByRole('dialog').waitFor()
  await look(page, 'kiosk-staff')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.evaluate(() => window.wardroundKiosk?.stage), { timeout: 120_000 }).toBe('finished')
  await look(page, 'kiosk-finished')
}

async function chooseFile(page: Page, name: string, text: string): Promise<void> {
  await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
}

/** Waits until nothing says that it is still being read or worked out. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('[aria-busy="true"], [role="progressbar"]:not([aria-valuenow])')).toHaveCount(0, {
    timeout: 30_000,
  })
}

/** Lets a hospital through until the last round's update, and holds it there. */
function createHold() {
  let release = () => {}
  let isOpen = false
  return {
    gate: (call: GatedCall, round: number) => {
      if (isOpen || round < 3 || call !== 'submitUpdate') return Promise.resolve()
      return new Promise<void>(resolve => {
        release = resolve
      })
    },
    letGo() {
      isOpen = true
      release()
    },
  }
}
