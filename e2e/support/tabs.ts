import { setTimeout as sleep } from 'node:timers/promises'
import type { BrowserContext, Page } from '@playwright/test'
import { read } from '../../scripts/demo/browser.ts'
import type { Automation } from '../../src/app/automation.ts'
import type { HospitalResult } from '../../src/app/store.ts'
import type { Hex } from '../../src/study/types.ts'

/** How often a page is asked where it is. */
const pollMs = 100

/** Opens a hospital's page in a tab of this context. */
export async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  return page
}

/**
 * Waits until the page is where the test wants it.
 *
 * @throws Error with what the page says of itself when it gives up first, or is not in time
 */
export async function untilPage(
  page: Page,
  what: string,
  isThere: (state: Automation) => boolean,
  withinMs = 60_000,
): Promise<Automation> {
  for (const end = Date.now() + withinMs; ; await sleep(pollMs)) {
    const state = await read(page)
    if (state !== null && isThere(state)) return state
    if (state?.status === 'failed') throw new Error(`${what}: the page gave up: ${state.error?.message}`)
    if (Date.now() > end) {
      const [shown = ''] = await page.locator('main').allInnerTexts()
      throw new Error(`not within ${withinMs / 1000} s: ${what}. ${JSON.stringify(state)}\n${shown.slice(0, 4000)}`)
    }
  }
}

/** Waits for the end of the study in every tab. @throws Error when one gives up, or is not done in time */
export function untilDone(pages: readonly Page[], withinMs = 90_000): Promise<HospitalResult[]> {
  return Promise.all(
    pages.map(async page => {
      const { result } = await untilPage(page, 'the study ends here', ({ status }) => status === 'done', withinMs)
      if (result === null) throw new Error('the study ended without a result for this hospital')
      return result
    }),
  )
}

/** sha-256 of every block that the page's browser keeps, in all databases of its origin. */
export async function storedBlocks(page: Page): Promise<ReadonlySet<Hex>> {
  const digests = await page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const found: string[] = []
    for (const { name } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name as string))
      for (const store of database.objectStoreNames) {
        for (const value of await asked(database.transaction(store).objectStore(store).getAll())) {
          if (!(value instanceof Uint8Array)) continue
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', value as Uint8Array<ArrayBuffer>))
          found.push(`0x${[...digest].map(byte => byte.toString(16).padStart(2, '0')).join('')}`)
        }
      }
      database.close()
    }
    return found
  })
  return new Set(digests as Hex[])
}
