/**
 * npm run screenshots [-- --readme]: every page and state at 1280 and 390, light and dark, for people to look at.
 * --readme also renews the few in docs/pictures, which README and guides show.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from '@playwright/test'
import { findChromium } from '../../scripts/chromium.mjs'
import { chromiumFlags } from '../../scripts/demo/browser.ts'
import { root, workDir } from '../../scripts/lock.mjs'
import { startBed } from '../support/deployment.ts'
import { type Look, tourOfJoining, tourOfKiosk, tourOfOffices, tourOfPages, tourOfStudy } from './tour.ts'

const folder = join(workDir, 'screenshots')
const pictures = join(root, 'docs', 'pictures')
/** What README and guides show: one screenful each. */
const shown: ReadonlySet<string> = new Set([
  'join-terms-1280-light',
  'round-running-1280-light',
  'round-running-390-dark',
  'results-ended-1280-light',
  'kiosk-running-1280-light',
])
/** Bytes. A guide is read over slow lines, too. */
const LARGEST = 300_000
const forReadme = process.argv.includes('--readme')
const widths = { 1280: 900, 390: 844 } as const
const schemes = ['light', 'dark'] as const

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
if (forReadme) mkdirSync(pictures, { recursive: true })
const executablePath = await findChromium()
const browser = await chromium.launch({
  args: chromiumFlags(false),
  ...(executablePath !== undefined && { executablePath }),
})
const bed = await startBed({ name: 'screenshots', relays: 2 })
let count = 0
const look: Look = async (page, name) => {
  for (const colorScheme of schemes) {
    for (const [width, height] of Object.entries(widths)) {
      await page.setViewportSize({ width: Number(width), height })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.waitForTimeout(300)
      const file = `${name}-${width}-${colorScheme}`
      await page.screenshot({ path: join(folder, `${file}.png`), fullPage: true })
      count += 1
      if (forReadme && shown.has(file)) await photograph(page, join(pictures, `${file}.png`))
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 })
  process.stderr.write(`${name}\n`)
}
try {
  for (const tour of [tourOfPages, tourOfOffices, tourOfJoining, tourOfStudy, tourOfKiosk]) {
    const contexts: { close(): Promise<void> }[] = []
    const newComputer = async () => {
      const context = await browser.newContext()
      // Functions that are sent to the page were compiled by tsx, which names them with a helper of its own.
      await context.addInitScript('globalThis.__name ??= named => named')
      contexts.push(context)
      return context
    }
    await tour({ bed, newComputer, look })
    await Promise.all(contexts.map(context => context.close()))
  }
} finally {
  await browser.close()
  await bed.stop()
}
process.stdout.write(`${count} pictures are in ${folder}.\n`)

/** What one sees without scrolling. @throws Error where the picture is too large for a guide */
async function photograph(page: Page, path: string): Promise<void> {
  await page.evaluate(() => window.scrollTo(0, 0))
  await page.screenshot({ path })
  const { size } = statSync(path)
  if (size > LARGEST) throw new Error(`${path} has ${size} bytes; a picture of a guide has at most ${LARGEST}`)
}
