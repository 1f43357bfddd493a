import { type BrowserContext, expect, type Page } from '@playwright/test'
import { parseEther } from 'viem'
import { Phase } from '../../src/rounds/ports.ts'
import { masked } from '../../src/study/studies/masked.ts'
import type { StudyPlan } from '../../src/study/studies/StudyPlan.ts'
import type { Address } from '../../src/study/types.ts'
import { auditsUrl } from '../../src/ui/route.ts'
import { auditsTexts } from '../../src/ui/texts/audits.ts'
import { signerTexts } from '../../src/ui/texts/signer.ts'
import { sponsorTexts } from '../../src/ui/texts/sponsor.ts'
import { texts } from '../../src/ui/texts.ts'
import type { Bed, TestStudy } from '../support/deployment.ts'
import { fundWall, giveCredits } from '../support/fundWall.ts'
import { type GatedCall, startHeadlessHospital } from '../support/headless.ts'
import { heartCsv, heartOf } from '../support/heartData.ts'
import { csvFile, joinButton, takeButton } from '../support/joining.ts'
import { privateHeart, shortHeart } from '../support/studies.ts'
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
/** The bed's sponsor, and the deployer, who is the issuer. */
const SPONSOR = 11
const ISSUER = 0

/** Nobody is late while somebody looks. */
const unhurried = { openSeconds: 3600 } as const

/** Pages that show before, beside and without a study. */
export async function tourOfPages({ bed, newComputer, look }: TourOptions): Promise<void> {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' }, rules: unhurried })
  const context = await newComputer()
  const page = await openTab(context, bed.url)
  await page.getByText(texts.home.state('open', 0, 0, 2)).waitFor()
  await look(page, 'studies')

  await page.goto(`${bed.url}/nowhere`)
  await page.getByRole('heading', { name: texts.notFound.heading }).waitFor()
  await look(page, 'not-found')

  await page.goto(`${bed.url}/?study=0x00000000000000000000000000000000000000aa`)
  await page.getByRole('alert').waitFor()
  await look(page, 'no-such-study')

  await page.goto(`${bed.url}/audits`)
  await page.getByText(auditsTexts.page.noStudy).waitFor()
  await look(page, 'audits-of-no-study')

  await page.goto(bed.url + auditsUrl(study.address))
  await page.getByText(auditsTexts.page.notProven).waitFor()
  await look(page, 'audits-where-nothing-is-proven')

  await page.goto(personally(study))
  await page.getByRole('button', { name: texts.wallet.browser.make }).waitFor()
  await look(page, 'join-connect')

  const bare = await (await newComputer()).newPage()
  await bare.route('**/deployment.json', route => route.fulfill({ status: 404, body: '' }))
  await bare.goto(bed.url)
  await bare.getByRole('alert').waitFor()
  await look(bare, 'no-deployment')

  const old = await newComputer()
  await old.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined })
  })
  const lacking = await openTab(old, bed.url)
  await lacking.getByTestId('unsupported').waitFor()
  await look(lacking, 'unsupported')

  const withWallet = await newComputer()
  const { chainId } = bed.deployment
  const wallet = await injectWallet(withWallet, { account: 4, rpcUrl: bed.rpcUrl, chainId })
  const own = await openTab(withWallet, bed.url)
  await own.getByRole('button', { name: 'Test wallet' }).click()
  await own.getByText(texts.wallet.connect.connected).waitFor()
  // biome-ignore lint/correctness/useHookAtTopLevel: a wallet's network, not React's.
  await wallet.useChain(1)
  await own.getByRole('button', { name: /^Switch to/ }).waitFor()
  await look(own, 'wallet-on-another-network')
}

/** What sponsors and issuers see and sign, before a study has begun. */
export async function tourOfOffices({ bed, newComputer, look }: TourOptions): Promise<void> {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' }, rules: unhurried })
  const context = await newComputer()
  const sponsor = await openTab(context, `${bed.url}/sponsor?account=${SPONSOR}`)
  await sponsor.getByText(study.manifest.name).first().waitFor()
  await settled(sponsor)
  await look(sponsor, 'sponsor')
  await startHeartDraft(sponsor)
  await sponsor.getByRole('switch', { name: texts.privacy.form.switch }).press('Space')
  await sponsor.getByRole('radio', { name: sponsorTexts.masking.choices.masked.label }).check()
  await sponsor.getByRole('switch', { name: sponsorTexts.masking.scored }).waitFor()
  await settled(sponsor)
  await look(sponsor, 'sponsor-draft')
  const { sign, follow, rules } = sponsorTexts
  await sponsor.getByLabel(rules.rounds, { exact: true }).fill('')
  await sponsor.getByRole('button', { name: sign.start }).click()
  await expect(sponsor.getByLabel(rules.rounds, { exact: true })).toBeFocused()
  await look(sponsor, 'sponsor-draft-errors')

  await sponsor.goto(`${bed.url}/sponsor?study=${study.address}&account=${SPONSOR}`)
  await sponsor.getByTestId('sponsor-phase').waitFor()
  await settled(sponsor)
  await look(sponsor, 'sponsor-follow')
  const opener = sponsor.getByRole('button', { name: follow.act.stop })
  await opener.click()
  await sponsor.getByRole('dialog', { name: follow.stop.heading }).waitFor()
  await look(sponsor, 'sponsor-stop')
  await closeDialog(sponsor, opener)

  await giveCredits(bed, bed.account(ISSUER).address, 10_000)
  const issuer = await openTab(context, `${bed.url}/issuers?account=${ISSUER}`)
  const { invite } = texts.issuers
  const panel = issuer.getByRole('region', { name: invite.heading })
  await panel.getByLabel(invite.study).getByRole('option').first().waitFor({ state: 'attached' })
  await look(issuer, 'issuers')
  await panel.getByRole('button', { name: invite.make }).click()
  await panel.getByText(texts.issuers.admit.badName).waitFor()
  await look(issuer, 'issuers-invitation-errors')
  await panel.getByLabel(invite.name).fill('St. Anna’s')
  await panel.getByRole('button', { name: invite.make }).click()
  await panel.getByTestId('invitation-link').waitFor({ timeout: 30_000 })
  await issuer.getByTestId('own-invitation').waitFor()
  await look(issuer, 'issuers-invitation')
  const link = ((await panel.getByTestId('invitation-link').textContent()) ?? '').trim()

  const invited = await openTab(await newComputer(), link)
  await invited.getByText(join.invitation.answer('St. Anna’s')).waitFor()
  await look(invited, 'join-invited')

  await tourOfBrowserAccount({ bed, newComputer, look })
}

/** The account of a browser: made, backed up, and asked for its signature. */
async function tourOfBrowserAccount({ bed, newComputer, look }: TourOptions): Promise<void> {
  const { browser, activity, confirm } = texts.wallet
  const page = await openTab(await newComputer(), `${bed.url}/sponsor`)
  await page.getByRole('button', { name: browser.make }).click()
  await page.getByText(signerTexts.label).waitFor()
  const account = (await page.locator('main [title^="0x"]').first().getAttribute('title')) ?? ''
  await bed.rpc('anvil_setBalance', [account, `0x${parseEther('10').toString(16)}`])
  await giveCredits(bed, account as Address, 10_000)

  const opener = page.getByTestId('account')
  await opener.click()
  const drawer = page.getByRole('dialog', { name: texts.wallet.heading })
  await drawer.getByRole('button', { name: browser.backup }).click()
  await drawer.getByLabel(browser.password, { exact: true }).fill('long enough')
  await drawer.getByLabel(browser.repeat).fill('something else')
  await drawer.getByText(browser.differ).waitFor()
  await look(page, 'browser-account-backup')
  await drawer.getByRole('button', { name: activity.close, exact: true }).first().click()
  await expect(opener).toBeFocused()

  await page.reload()
  await startHeartDraft(page)
  await page.getByRole('button', { name: sponsorTexts.sign.start }).click()
  const dialog = page.getByRole('dialog', { name: confirm.heading })
  await dialog.waitFor()
  await expect(dialog.locator(':focus')).toHaveCount(1)
  const toast = page.getByTestId('toast').getByRole('status')
  await expect(toast).toHaveAttribute('aria-live', 'polite')
  await look(page, 'browser-account-signs')
  await dialog.getByRole('button', { name: confirm.no }).click()
  await page.getByTestId('toast').getByText(texts.wallet.toast.rejected).waitFor()
  await look(page, 'toast-declined')
}

/** The way in, step by step, with what can go wrong. */
export async function tourOfJoining({ bed, newComputer, look }: TourOptions): Promise<void> {
  const data = { kind: 'heart' } as const
  const study = await bed.openStudy(privateHeart(2, 5), { hospitals: 3, data, rules: unhurried })
  const context = await newComputer()
  const page = await openTab(context, asked(study, 1))
  await untilPage(page, 'it asks for patients', ({ status }) => status === 'needsData')
  await page.getByRole('table').first().waitFor()
  await look(page, 'join-patients')

  await page.getByRole('radio', { name: join.data.own }).check()
  await page.getByRole('button', { name: join.data.chooseFile }).waitFor()
  await look(page, 'join-own-file')
  await choose(page, 'patients.csv', heartCsv(1).replace(/^age,/, 'years old,').replace(',chol,', ',serum,'))
  await page.getByText(/Say which column of your file holds/).waitFor()
  await look(page, 'join-columns')

  const lines = heartCsv(1).split('\n')
  lines[2] = (lines[2] as string).replace(/^[^,]*/, 'sixty')
  lines[4] = (lines[4] as string).replace(/^[^,]*/, '611')
  await choose(page, 'patients.csv', lines.join('\n'))
  await page.getByRole('row', { name: /“sixty”/ }).waitFor()
  await look(page, 'join-bad-rows')

  await choose(page, 'notes.csv', 'only one column\nhello\n')
  await page.getByText(/Say which column of your file holds/).waitFor()
  await look(page, 'join-another-file')

  await choose(page, 'patients.csv', heartCsv(1))
  await takeButton(page).click()
  await expect(page.getByRole('heading', { name: join.terms.heading })).toBeFocused({ timeout: 20_000 })
  await expect(joinButton(page)).toBeEnabled()
  await look(page, 'join-terms')

  const second = await openTab(context, asked(study, 1))
  await second.getByRole('heading', { name: join.tab.elsewhere.heading }).waitFor({ timeout: 20_000 })
  await look(second, 'join-second-tab')
  await second.getByRole('button', { name: join.tab.takeOver }).click()
  await expect(page.getByRole('heading', { name: join.tab.handedOver.heading })).toBeFocused({ timeout: 20_000 })
  await look(page, 'join-handed-over')
  await second.close()
  await page.close()

  const slow = await bed.openStudy(tooMuchTraining(), { hospitals: 3, data })
  const late = await openTab(await newComputer(), asked(slow, 1))
  await takeButton(late).click()
  await expect(late.getByRole('heading', { name: join.computer.heading })).toBeFocused({ timeout: 20_000 })
  await late.getByRole('button', { name: join.computer.goOn }).waitFor({ timeout: 30_000 })
  await look(late, 'join-slow-computer')
}

/** A study from its start to its end, with everything that a hospital's page shows meanwhile. */
export async function tourOfStudy({ bed, newComputer, look }: TourOptions): Promise<void> {
  const rules = { ...unhurried, trainSeconds: 600 }
  const study = await bed.openStudy(masked(privateHeart(2, 1)), { hospitals: 3, data: { kind: 'heart' }, rules })
  const context = await newComputer()
  const page = await openTab(context, study.url(1))
  await untilPage(page, 'it is in', ({ status }) => status === 'running')
  await page.getByRole('heading', { name: texts.live.action.heading }).waitFor()
  await page.getByText(texts.live.action.waitsForStart).waitFor()
  await look(page, 'round-waiting-for-start')
  await checkSkipLink(page)
  const held = createHold('submitUpdate')
  const masks = createHold('postMasks')
  const products = createHold('postProducts')
  const others = await Promise.all(
    [2, 3].map(hospital =>
      startHeadlessHospital({
        bed,
        study,
        account: bed.account(hospital),
        dataset: heartOf(hospital, study.manifest.seed),
        ...(hospital === 2 && {
          gate: async (call, round) => {
            for (const hold of [held, masks, products]) await hold.gate(call, round)
          },
        }),
      }),
    ),
  )
  try {
    await study.startWhenJoined()
    await study.until('the second training round waits for a hospital', ({ round, phase, submitted }) => {
      return round === 2 && phase === Phase.Train && submitted.toString(2).replaceAll('0', '').length === 2
    })
    await page.getByRole('row', { name: /^Hospital 2.*waited for/ }).waitFor()
    await page.getByText(texts.live.action.waits).waitFor()
    await look(page, 'round-running')
    await lookAtViews(page, look, 'running')
    await lookAtDialogs(page, look)
    await page.getByRole('button', { name: texts.hospital.pause }).click()
    const goOn = page.getByRole('button', { name: texts.hospital.resume })
    await goOn.waitFor()
    await look(page, 'round-paused')
    await goOn.click()
    await context.setOffline(true)
    await page.getByTestId('offline').getByText(texts.frame.offline.browser).waitFor()
    await look(page, 'round-offline')
    await context.setOffline(false)
    await page.getByTestId('offline').getByText(texts.frame.offline.browser).waitFor({ state: 'detached' })
    held.letGo()
    await study.until('the second set is frozen', ({ round, phase }) => round === 2 && phase === Phase.Unmask)
    await page.getByRole('row', { name: /^Hospital 2.*waited for/ }).waitFor()
    await page.getByText(texts.live.action.waits).waitFor()
    await look(page, 'round-unmasking')
    masks.letGo()
    await study.until('the parts of the second sum are compared', ({ round, phase }) => {
      return round === 2 && phase === Phase.Score
    })
    await page.getByRole('row', { name: /^Hospital 2.*waited for/ }).waitFor()
    await page.getByText(texts.live.action.waits).waitFor()
    await look(page, 'round-comparing')
    products.letGo()
    await untilPage(page, 'the study ends', ({ status }) => status === 'done', 90_000)
    await look(page, 'round-ended')
    await lookAtViews(page, look, 'ended')
    await lookAtPrediction(page, look)
  } finally {
    held.letGo()
    masks.letGo()
    products.letGo()
    await Promise.all(others.map(other => other.stop()))
  }
  const sponsor = await openTab(await newComputer(), `${bed.url}/sponsor?study=${study.address}&account=${SPONSOR}`)
  await sponsor.locator('[data-testid=sponsor-phase][data-phase=ended]').waitFor()
  await sponsor.getByRole('table', { name: sponsorTexts.follow.rounds.caption }).waitFor()
  await settled(sponsor)
  await look(sponsor, 'sponsor-ended')
}

async function lookAtViews(page: Page, look: Look, when: string): Promise<void> {
  const { views } = texts.hospital
  for (const view of ['results', 'model', 'keeping'] as const) {
    await openView(page, view)
    const { results, model, keeping } = texts
    const heading = { results: results.heading, model: model.card.heading, keeping: keeping.money.heading }[view]
    await page.getByRole('heading', { name: heading }).waitFor()
    await settled(page)
    await look(page, `${view}-${when}`)
  }
  await page.getByRole('tab', { name: views.round }).click()
}

async function lookAtPrediction(page: Page, look: Look): Promise<void> {
  const { patient, card } = texts.model
  await openView(page, 'model')
  await page.getByRole('textbox', { name: 'Age' }).fill('61')
  await page.getByRole('button', { name: patient.ask }).click()
  await page.getByTestId('answer').waitFor()
  await page.getByRole('button', { name: card.show }).click()
  await page.getByTestId('model-card').waitFor()
  await look(page, 'model-prediction-and-card')
}

async function lookAtDialogs(page: Page, look: Look): Promise<void> {
  const { live, keeping } = texts
  const leave = page.getByRole('button', { name: live.step.leave.open })
  await leave.click()
  await page.getByRole('dialog', { name: live.step.leave.heading }).waitFor()
  await look(page, 'dialog-leave')
  await keepsFocus(page)
  await closeDialog(page, leave)

  const account = page.getByTestId('account')
  await account.click()
  await page.getByTestId('activity').getByRole('listitem').first().waitFor()
  await look(page, 'activity')
  await closeDialog(page, account)

  await openView(page, 'keeping')
  const forget = page.getByRole('button', { name: keeping.desk.wipe.open })
  await forget.click()
  await page.getByRole('dialog', { name: keeping.desk.wipe.heading }).waitFor()
  await look(page, 'dialog-forget')
  await closeDialog(page, forget)

  const destroy = page.getByRole('button', { name: keeping.keys.destroy })
  await destroy.click()
  await page.getByRole('dialog', { name: keeping.keys.destroyDialog.heading }).waitFor()
  await look(page, 'dialog-destroy')
  await closeDialog(page, destroy)

  const { lock } = keeping.desk
  await page.getByLabel(lock.pin).fill('12')
  await page.getByRole('button', { name: lock.confirm }).click()
  await page.getByText(lock.short).waitFor()
  await page.getByLabel(lock.pin).fill('482910')
  await page.getByLabel(lock.repeat).fill('482910')
  await page.getByRole('button', { name: lock.confirm }).click()
  await page.getByRole('heading', { name: keeping.cover.heading('Hospital 1') }).waitFor()
  await look(page, 'desk-covered')
  await page.getByLabel(keeping.cover.pin, { exact: true }).fill('482910')
  await page.getByRole('button', { name: keeping.cover.open }).click()
  await page.getByRole('tab', { name: texts.hospital.views.round }).click()
  await page.getByRole('heading', { name: live.action.heading }).waitFor()
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
  const begin = page.getByRole('button', { name: texts.kiosk.presets.glance.name })
  await begin.waitFor()
  await look(page, 'kiosk-waiting')
  await begin.click()
  await expect.poll(() => page.evaluate(() => window.wardroundKiosk?.stage), { timeout: 60_000 }).toBe('running')
  // A round has been evaluated: the frames have figures to show.
  await page.frameLocator('iframe').first().getByText(texts.gain.together).waitFor({ timeout: 60_000 })
  await look(page, 'kiosk-running')
  await page.keyboard.press('Control+Shift+K')
  await page.getByRole('dialog', { name: texts.kiosk.staff.heading }).waitFor()
  await look(page, 'kiosk-staff')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.evaluate(() => window.wardroundKiosk?.stage), { timeout: 120_000 }).toBe('finished')
  await page.getByRole('heading', { name: texts.kiosk.result.heading }).first().waitFor()
  await look(page, 'kiosk-finished')
}

/** The page of a person with a wallet. */
function personally(study: TestStudy): string {
  return study.url(null).replace('&auto=1', '')
}

/** A hospital's page that goes on only when somebody says so. */
function asked(study: TestStudy, hospital: number): string {
  return study.url(hospital).replace('&auto=1', '')
}

/** A round of it takes any computer longer than there is time. */
function tooMuchTraining(): StudyPlan {
  const { manifest, rules } = shortHeart(2)
  const { epochs } = manifest.training
  return { manifest: { ...manifest, training: { ...manifest.training, epochs: 100_000 * epochs } }, rules }
}

async function startHeartDraft(page: Page): Promise<void> {
  const { start, names } = sponsorTexts.templates
  await page.getByRole('button', { name: start(names.heart) }).click()
  await page.getByRole('button', { name: sponsorTexts.sign.start }).waitFor()
}

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page.locator('input[type=file]').first().setInputFiles(csvFile(name, text))
}

async function openView(page: Page, view: 'results' | 'model' | 'keeping'): Promise<void> {
  await page.getByRole('tab', { name: texts.hospital.views[view], exact: true }).click()
}

/** Escape closes it, and the keyboard is where it was. */
async function closeDialog(page: Page, opener: ReturnType<Page['getByRole']>): Promise<void> {
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(opener).toBeFocused()
}

/** However often Tab is pressed, nothing of the page behind the dialog gets the focus. */
async function keepsFocus(page: Page): Promise<void> {
  for (let presses = 0; presses < 6; presses++) {
    await page.keyboard.press('Tab')
    expect(await isFocusInDialog(page)).toBe(true)
  }
}

/** The browser's own buttons are part of the ring: the body then stands for them. */
function isFocusInDialog(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { activeElement, body } = document
    return activeElement === body || activeElement?.closest('dialog[open]') != null
  })
}

/** The first thing that Tab reaches leads past the header. */
async function checkSkipLink(page: Page): Promise<void> {
  // Another tab that was in front has the focus.
  await page.bringToFront()
  await page.reload()
  const skip = page.getByRole('link', { name: texts.frame.skip })
  await skip.waitFor()
  await page.keyboard.press('Tab')
  await expect(skip).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
  await untilPage(page, 'it is in again', ({ status }) => status === 'running')
}

/** Waits until nothing says that it is still being read or worked out. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('[aria-busy="true"], [role="progressbar"]:not([aria-valuenow])')).toHaveCount(0, {
    timeout: 30_000,
  })
}

/** Lets a hospital through until the last round's update, and holds it there. */
function createHold(held: GatedCall) {
  let release = () => {}
  let isOpen = false
  return {
    gate: (call: GatedCall, round: number) => {
      if (isOpen || round < 2 || call !== held) return Promise.resolve()
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
