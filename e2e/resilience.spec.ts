import type { BrowserContext, CDPSession } from '@playwright/test'
import { balanceOf } from '../src/chain/reads.ts'
import type { StudySnapshot } from '../src/rounds/ports.ts'
import { has } from '../src/rounds/sets.ts'
import { type Address, sameAddress } from '../src/study/types.ts'
import type { Bed } from './support/deployment.ts'
import { type GatedCall, startHeadlessHospital } from './support/headless.ts'
import { heartOf } from './support/heartData.ts'
import { shortHeart, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

/** Holds a hospital back at each of its calls until the test lets it go on. */
function createGate() {
  let arrived = Promise.withResolvers<{ call: GatedCall; round: number }>()
  let release = () => {}
  return {
    gate: (call: GatedCall, round: number) =>
      new Promise<void>(resolve => {
        release = resolve
        arrived.resolve({ call, round })
      }),
    /** The next call that is held. */
    next: () => arrived.promise,
    letGo() {
      arrived = Promise.withResolvers()
      release()
    },
  }
}

/** Whether member 0 has done what this call is about. */
function hasActed({ submitted, attested, revealed, answered, signed, seats }: StudySnapshot, call: GatedCall): boolean {
  const seat = seats.indexOf(0)
  const done = {
    attest: attested,
    submitScore: revealed,
    postMasks: revealed,
    postProducts: answered,
    signModel: signed,
  }
  return call === 'submitUpdate' ? has(submitted, 0) : ((done[call] >> seat) & 1) === 1
}

test('reloaded in every phase, before and after its part, a hospital does everything once', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 2, data: { kind: 'heart' } })
  const page = await openTab(await newComputer(), study.url(1))
  await untilPage(page, 'it is in', ({ status }) => status === 'running')
  // Joined and waiting for the start is a phase, too.
  await page.reload()
  await untilPage(page, 'it is still in', ({ status }) => status === 'running')

  const held = createGate()
  const account = bed.account(2)
  const dataset = heartOf(2, study.manifest.seed)
  const other = await startHeadlessHospital({ bed, study, account, dataset, gate: held.gate })
  try {
    await study.startWhenJoined()
    const phases: string[] = []
    // Round zero has no scores; then two rounds with all four calls.
    for (let i = 0; i < 3 + 4 + 4; i++) {
      const { call, round } = await held.next()
      phases.push(`${round} ${call}`)
      // In the last round it is reloaded as soon as the phase begins, else once its own part is on the chain.
      if (round < 3) await study.until(`it has sent its ${call}`, now => now.round !== round || hasActed(now, call))
      await page.reload()
      await untilPage(page, 'it takes part again', ({ status }) => status === 'running')
      held.letGo()
    }
    await untilDone([page])
    expect(phases).toEqual([
      ...['1 submitUpdate', '1 attest', '1 signModel'],
      ...['2 submitUpdate', '2 attest', '2 submitScore', '2 signModel'],
      ...['3 submitUpdate', '3 attest', '3 submitScore', '3 signModel'],
    ])
  } finally {
    await other.stop()
  }
  expect(await study.snapshot()).toMatchObject({ completed: 2, voids: 0 })
  const self = bed.account(1).address
  const updates = await submittedUpdates(bed, study.address)
  expect(updates.filter(({ hospital }) => sameAddress(hospital, self)).map(({ round }) => round)).toEqual([1, 2, 3])
  expect((await balanceOf(bed.access(bed.account(1)), study.address, self)).forfeited).toBe(0n)
  expect(await failedTransactions(bed, self)).toEqual([])
})

// Every deadline is read from the chain's clock, which the unit tests hold the runner to.
if (process.env.WARDROUND_LONG === '1') {
  test('clocks that are an hour off, either way, cost nobody a round', async ({ bed, newComputer }) => {
    const study = await bed.openStudy(shortHeart(2), { hospitals: 3, data: { kind: 'heart' } })
    const contexts = await Promise.all([newComputer(), newComputer(), newComputer()])
    const [fast, slow] = contexts as [BrowserContext, BrowserContext, BrowserContext]
    await shiftClock(fast, 3600_000)
    await shiftClock(slow, -3600_000)
    const pages = await Promise.all(contexts.map((context, i) => openTab(context, study.url(i + 1))))
    for (const page of pages) await untilPage(page, 'it is in', ({ status }) => status === 'running')
    // The open phase ends in two minutes at most: words of hours would come from this computer's clock.
    for (const page of pages) await expect(page.locator('main')).not.toContainText(/\d+ h \d+ min/)
    await study.startWhenJoined()
    await untilDone(pages)
    expect(await study.snapshot()).toMatchObject({ completed: 2, voids: 0 })
    for (const hospital of [1, 2, 3]) {
      const { address } = bed.account(hospital)
      expect((await balanceOf(bed.access(bed.account(1)), study.address, address)).forfeited).toBe(0n)
    }
  })
}

// masked.spec.ts has one gone for good in every run.
if (process.env.WARDROUND_LONG === '1') {
  test('a tab that never comes back is left behind at the deadline, and pays for it by the rules', async ({
    bed,
    newComputer,
  }) => {
    // Four seats: three are a quorum. Of three all would be.
    const rules = { trainSeconds: 15, attestSeconds: 15, scoreSeconds: 15, aggregateSeconds: 15 }
    const study = await bed.openStudy(shortHeart(1), { hospitals: 4, data: { kind: 'heart' }, rules })
    const context = await newComputer()
    const gone = await openTab(await newComputer(), study.url(4))
    const pages = await Promise.all([1, 2, 3].map(hospital => openTab(context, study.url(hospital))))
    for (const page of [gone, ...pages]) await untilPage(page, 'it is in', ({ status }) => status === 'running')
    await study.startWhenJoined()
    await study.until('the first model', ({ modelRound }) => modelRound === 1)
    await gone.close()
    await untilDone(pages, 150_000)
    const { completed, voids } = await study.snapshot()
    expect({ completed, voids }).toEqual({ completed: 1, voids: 0 })
    const access = bed.access(bed.account(1))
    const of = async (hospital: number) => balanceOf(access, study.address, bed.account(hospital).address)
    const left = await of(4)
    expect(left.forfeited).toBeGreaterThan(0n)
    expect(left.stake).toBeGreaterThan(0n)
    for (const { forfeited, reward } of [await of(1), await of(2), await of(3)]) {
      expect(forfeited).toBe(0n)
      expect(reward).toBeGreaterThan(left.reward)
    }
  })
}

test('a browser without room says so, and goes on where it was once there is some', async ({ bed, newComputer }) => {
  const study = await bed.openStudy(shortHeart(1), { hospitals: 2, data: { kind: 'heart' } })
  const full = await openTab(await newComputer(), 'about:blank')
  const session = await full.context().newCDPSession(full)
  await setQuota(session, bed.url, 1024)
  await full.goto(study.url(1))
  await expect(full.getByText('no room left').first()).toBeVisible({ timeout: 30_000 })
  await setQuota(session, bed.url, -1)
  await full.reload()
  const other = await openTab(await newComputer(), study.url(2))
  for (const page of [full, other]) await untilPage(page, 'it is in', ({ status }) => status === 'running')
  await study.startWhenJoined()
  await untilDone([full, other])
})

/** Reverted transactions of an account, by name of their block: a hospital that acts twice has some. */
async function failedTransactions(bed: Bed, account: Address): Promise<string[]> {
  const { publicClient } = bed.access(bed.account(1))
  const head = await publicClient.getBlockNumber()
  const failed: string[] = []
  for (let blockNumber = BigInt(bed.deployment.block); blockNumber <= head; blockNumber++) {
    const { transactions } = await publicClient.getBlock({ blockNumber, includeTransactions: true })
    for (const { hash, from } of transactions) {
      if (!sameAddress(from, account)) continue
      const { status } = await publicClient.getTransactionReceipt({ hash })
      if (status !== 'success') failed.push(`${hash} in block ${blockNumber}`)
    }
  }
  return failed
}

/** The window's clock, off by so many milliseconds. */
async function shiftClock(context: BrowserContext, milliseconds: number): Promise<void> {
  await context.addInitScript(by => {
    const RealDate = Date
    const now = () => RealDate.now() + by
    globalThis.Date = new Proxy(RealDate, {
      construct: (target, args: [], newTarget) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
      apply: () => new RealDate(now()).toString(),
      get: (target, property) => (property === 'now' ? now : Reflect.get(target, property)),
    })
  }, milliseconds)
}

/** Bytes that the page's origin may keep in this browser; -1: as much as the browser gives. The session keeps it in force. */
async function setQuota(session: CDPSession, origin: string, quotaSize: number): Promise<void> {
  await session.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize >= 0 && { quotaSize }) })
}
