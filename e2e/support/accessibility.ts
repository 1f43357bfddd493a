import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import type { Look } from '../tour/tour.ts'

/** WCAG 2.2 A and AA, as axe knows them. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** Light on a desk and dark on a phone: between them every colour and every width's layout. */
const looks = [
  { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const

/**
 * Looks at pages for violations of WCAG 2.2 AA and for what is wider than a phone, in every look.
 * @returns `found` grows by a line for each problem
 */
export function createAccessibilityLook(): { readonly look: Look; readonly found: readonly string[] } {
  const found: string[] = []
  const look: Look = async (page, state) => {
    for (const { colorScheme, viewport } of looks) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      // Colours have changed before contrast is measured.
      await finishTransitions(page)
      const at = `${state}, ${colorScheme}, ${viewport.width}`
      for (const problem of await violationsOf(page)) found.push(`${at}: ${problem}`)
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (excess > 0) found.push(`${at}: the page is ${excess} px wider than the screen`)
    }
    await page.setViewportSize(looks[0].viewport)
    await page.emulateMedia({ colorScheme: looks[0].colorScheme })
  }
  return { look, found }
}

/** What is on its way to another colour or place is there at once, in frames too; and what sets out once the page has noticed. */
async function finishTransitions(page: Page): Promise<void> {
  const all = page.frames().map(frame =>
    frame.evaluate(async () => {
      for (let looks = 0; looks < 3; looks++) {
        await new Promise(resolve => setTimeout(resolve, 30))
        const moving = document.getAnimations().filter(animation => animation instanceof CSSTransition)
        if (moving.length > 0) looks = 0
        for (const transition of moving) transition.finish()
      }
    }),
  )
  await Promise.all(all)
}

/**
 * Frames of the wall included. Legacy mode: in the page itself, without a tab of its own for each look. Only violations are
 * described, and axe is read once a document: both are most of its time.
 */
async function violationsOf(page: Page): Promise<string[]> {
  const hasAxe = await Promise.all(page.frames().map(frame => frame.evaluate(() => 'axe' in window)))
  const axe = new AxeBuilder({ page, ...(hasAxe.every(Boolean) && { axeSource: ';' }) })
  const { violations } = await axe
    .options({ runOnly: [...tags], resultTypes: ['violations'] })
    .setLegacyMode()
    .analyze()
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary?.split('\n')[1]}`,
    ),
  )
}
