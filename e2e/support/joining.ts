import type { Locator, Page } from '@playwright/test'
import { texts } from '../../src/ui/texts.ts'
import { untilPage } from './tabs.ts'

/** Presses of Tab after which something counts as out of a keyboard's reach. */
const MOST_TABS = 80

/** A file as a person would choose it. */
export function csvFile(name: string, text: string) {
  return { name, mimeType: 'text/csv', buffer: Buffer.from(text) }
}

/** "Use these 303 patients". */
export function takeButton(page: Page): Locator {
  return page.getByRole('button', { name: /^Use these/ })
}

export function joinButton(page: Page): Locator {
  return page.getByRole('button', { name: texts.hospital.join })
}

/** Chooses a file and says that these are the patients. */
export async function bringFile(page: Page, file: ReturnType<typeof csvFile>): Promise<void> {
  await untilPage(page, 'it asks for the file', ({ status }) => status === 'needsData')
  await page.locator('input[type=file]').first().setInputFiles(file)
  await takeButton(page).click()
}

/** From an open page to a hospital that takes part with a file of its own. */
export async function joinWithFile(page: Page, file: ReturnType<typeof csvFile>): Promise<void> {
  await bringFile(page, file)
  await joinButton(page).click()
  await untilPage(page, 'it takes part', ({ status }) => status === 'running')
}

/** Moves the focus by Tab alone until it is there. @throws Error where a keyboard does not get there */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  for (let presses = 0; presses < MOST_TABS; presses++) {
    if (await target.evaluate(element => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`no keyboard gets to ${target}`)
}

/** Chooses a file by keyboard: the button is reached by Tab and pressed with Enter. */
export async function chooseByKeyboard(page: Page, button: Locator, file: ReturnType<typeof csvFile>): Promise<void> {
  // Waited for before the keys: Chromium is told to hand the dialog over only then, and would swallow an earlier one.
  const chooser = page.waitForEvent('filechooser')
  await tabTo(page, button)
  await page.keyboard.press('Enter')
  await (await chooser).setFiles(file)
}
