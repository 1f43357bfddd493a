import { join } from 'node:path'
import type { BrowserContext } from '@playwright/test'
import { workDir } from '../scripts/lock.mjs'
import { publicRandom } from '../src/study/random.ts'
import { ownTableStudy } from '../src/study/studies/ownTable.ts'
import { type BrowserCapture, chainContents, createBrowserCapture, filesIn } from './support/capture.ts'
import { type Bed, startBed, type TestStudy } from './support/deployment.ts'
import { csvFile, joinButton, takeButton } from './support/joining.ts'
import { findLeaks, type Haystack, type Marker } from './support/leakDetector.ts'
import { buildLeakyApp } from './support/leakyBuild.ts'
import { shortSeconds, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

/** What must not leave: labels, a text in a wrong cell, two files' names, three patients' numbers. */
const labels = ['quillback-absent', 'quillback-present'] as const
const markedNumbers = [48_213.625, 73_519.0625, 91_377]
const markers: Marker[] = [
  ...labels,
  'Zyxomma petiolatum',
  'tatterdemalion-draft',
  'marlinspike-ward-7',
  ...markedNumbers,
]

const columns = ['ferritin', 'troponin'] as const
const schema = {
  kind: 'table' as const,
  features: columns.map(name => ({ type: 'number' as const, name })),
  outcome: { name: 'outcome' },
}

const isLong = process.env.WARDROUND_LONG === '1'
const rounds = isLong ? 2 : 1

test('marked patients are found in no request, frame, blob, log or transaction of a whole study', async ({
  newComputer,
}) => {
  // A bed of its own: on the shared one everything that earlier tests left would be searched, too, for minutes.
  const bed = await startBed({ name: 'leak', relays: 2 })
  try {
    const capture = createBrowserCapture()
    const { study, pages } = await openMarkedStudy(bed, newComputer, capture)
    await study.startWhenJoined()
    await untilDone(pages)
    expect(await study.snapshot()).toMatchObject({ completed: rounds, voids: 0 })
    const haystacks = await everythingThatLeft(bed, capture)
    expect(findLeaks(haystacks, markers)).toEqual([])
    // The net has no hole: every way out was seen to carry something.
    for (const way of ['request POST', 'websocket to', 'relay-1/blocks', 'relay-1.log', 'transaction', 'event']) {
      expect(
        haystacks.filter(({ source, bytes }) => source.includes(way) && bytes.length > 0).length,
        way,
      ).toBeGreaterThan(0)
    }
    // What is public is found by the same detector: the columns' names are part of the study's description.
    expect(findLeaks(haystacks, ['troponin']).some(({ source }) => source.includes('relay-1/blocks'))).toBe(true)
  } finally {
    await bed.stop()
  }
})

// Another build of the whole app; that the detector finds what it looks for is in leakDetector.test.ts, too.
if (isLong) {
  test('the same detector catches a build that leaks, at every way out', async ({ newComputer }) => {
    const page = await buildLeakyApp(join(workDir, 'e2e'))
    const bed = await startBed({ name: 'leaky', page })
    try {
      const capture = createBrowserCapture()
      const { study } = await openMarkedStudy(bed, newComputer, capture)
      await study.startWhenJoined()
      await study.until('an update is announced', ({ submitted }) => submitted !== 0n)
      const updates = await submittedUpdates(bed, study.address)
      expect(updates.length).toBeGreaterThan(0)
      const leaks = findLeaks(await everythingThatLeft(bed, capture), markers)
      const caughtAt = (way: string) =>
        new Set(leaks.filter(({ source }) => source.includes(way)).map(({ marker }) => marker))
      // The rows of both files; of the names the second, in the transaction's own request.
      expect(caughtAt('request POST')).toEqual(new Set(markers.filter(marker => marker !== 'tatterdemalion-draft')))
      expect(caughtAt('console')).toEqual(new Set(['tatterdemalion-draft', 'marlinspike-ward-7']))
      expect(caughtAt('relay-1/blocks')).toEqual(new Set([...labels, ...markedNumbers, 'marlinspike-ward-7']))
      expect(caughtAt('transaction')).toContain('marlinspike-ward-7')
      expect(caughtAt('event')).toContain('marlinspike-ward-7')
    } finally {
      await bed.stop()
    }
  })
}

/** Two hospitals with files of their own; the first one's are marked, and its first file has a text where a number belongs. */
async function openMarkedStudy(bed: Bed, newComputer: () => Promise<BrowserContext>, capture: BrowserCapture) {
  const plan = ownTableStudy(schema, { rounds, name: 'Marked study' })
  const data = { kind: 'csv', seed: 1 } as const
  const study: TestStudy = await bed.openStudy(plan, { hospitals: 2, data, rules: shortSeconds })
  const pages = []
  for (const hospital of [1, 2]) {
    const context = await newComputer()
    capture.watch(context)
    const page = await openTab(context, study.url(hospital).replace('&auto=1', ''))
    pages.push(page)
    const choose = (name: string, text: string) =>
      page.locator('input[type=file]').first().setInputFiles(csvFile(name, text))
    await untilPage(page, 'it asks for the file', ({ status }) => status === 'needsData')
    if (hospital === 1) {
      await choose('tatterdemalion-draft.csv', csvOf(1).replace(String(markedNumbers[0]), 'Zyxomma petiolatum'))
      // On this screen it is said; only there.
      await expect(page.getByRole('alert')).toContainText('Zyxomma petiolatum')
      await choose('marlinspike-ward-7.csv', csvOf(1))
      await expect(page.getByRole('alert')).toHaveCount(0)
    } else {
      await choose('patients.csv', csvOf(2))
    }
    await takeButton(page).click()
    await joinButton(page).click()
  }
  return { study, pages }
}

/** 80 patients; who has more of both is more often ill. The marked numbers are the first rows of hospital 1. */
function csvOf(hospital: number): string {
  const random = publicRandom(hospital)
  const [no, yes] = hospital === 1 ? labels : ['no', 'yes']
  const rows = Array.from({ length: 80 }, (_, i) => {
    const cells = columns.map(() => 40_000 + Math.round(random.unit() * 6_000_000) / 100)
    const isMarked = hospital === 1 && i < markedNumbers.length
    if (isMarked) cells[i % 2] = markedNumbers[i] as number
    const isIll = (cells[0] as number) + (cells[1] as number) + 20_000 * random.unit() > 150_000
    return [...cells, isIll ? yes : no].join(',')
  })
  return `${[[...columns, 'outcome'].join(','), ...rows].join('\n')}\n`
}

async function everythingThatLeft(bed: Bed, capture: BrowserCapture): Promise<Haystack[]> {
  return [
    ...capture.haystacks,
    ...bed.relays.flatMap(({ dataDir }) => filesIn(dataDir)),
    ...filesIn(bed.logFolder),
    ...(await chainContents(bed.nodeUrl)),
  ]
}
