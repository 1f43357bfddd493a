import { setTimeout as sleep } from 'node:timers/promises'
import { balanceOf, standingsOf } from '../src/chain/reads.ts'
import { hexToBytes } from '../src/crypto/bytes.ts'
import { timeLimit } from '../src/errors/timeLimit.ts'
import { Phase, RoundKind, type StudySnapshot } from '../src/rounds/ports.ts'
import { has } from '../src/rounds/sets.ts'
import { type Address, sameAddress } from '../src/study/types.ts'
import { startSignFlipper } from './support/attacker.ts'
import type { Bed, TestStudy } from './support/deployment.ts'
import { heartOf } from './support/heartData.ts'
import { openNodeStore } from './support/nodeStore.ts'
import { shortHeart, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

const isTraining = ({ kind, phase }: StudySnapshot) => kind === RoundKind.Training && phase === Phase.Train

test('a tab closed in mid-training comes back, resumes and submits once a round', async ({ bed, newComputer }) => {
  const { manifest, rules } = shortHeart(2)
  // Training that lasts seconds, to be in the midst of it, by small steps: as far as the plan's few large ones go.
  const { epochs, learningRate } = manifest.training
  const training = { ...manifest.training, epochs: 400 * epochs, learningRate: learningRate / 400 }
  const plan = { manifest: { ...manifest, training }, rules }
  const study = await bed.openStudy(plan, { hospitals: 2, data: { kind: 'heart' } })
  const context = await newComputer()
  const closed = await openTab(context, study.url(1))
  const other = await openTab(context, study.url(2))
  await study.startWhenJoined()
  const { round, members } = await study.until('the first training round', isTraining)
  const self = members.findIndex(address => sameAddress(address, bed.account(1).address))
  await untilPage(closed, 'it trains', state => state.round === round && state.task === 'contribute')
  await closed.close()
  expect(has((await study.snapshot()).submitted, self)).toBe(false)

  const page = await openTab(context, study.url(1))
  // The next round's tab goes when its transaction is on the chain and the page may not have heard of it.
  await study.until('its update is there', now => now.round === round + 1 && has(now.submitted, self))
  await page.reload()
  await untilDone([page, other])
  expect(await study.snapshot()).toMatchObject({ completed: 2, voids: 0 })
  const updates = await submittedUpdates(bed, study.address)
  for (const hospital of [1, 2]) {
    const { address } = bed.account(hospital)
    const rounds = updates.filter(update => sameAddress(update.hospital, address)).map(update => update.round)
    expect(rounds).toEqual([1, 2, 3])
  }
})

test('relays dead for 20 seconds in mid-round cost nobody a round, and nothing is lost', async ({
  bed,
  newComputer,
}) => {
  const study = await bed.openStudy(shortHeart(2), { hospitals: 4, data: { kind: 'heart' } })
  const context = await newComputer()
  const pages = await Promise.all([1, 2, 3, 4].map(hospital => openTab(context, study.url(hospital))))
  await study.startWhenJoined()
  const { round } = await study.until('the first training round', isTraining)
  await Promise.all(bed.relays.map(relay => relay.kill()))
  await sleep(20_000)
  expect((await study.snapshot()).round).toBe(round)
  await Promise.all(bed.relays.map(relay => relay.restart()))
  await untilDone(pages)
  await expectUnharmed(bed, study, 2)
  await expectRetrievable(bed, study)
})

// Less than the test before it asks; in full in the long run.
if (process.env.WARDROUND_LONG === '1') {
  test('losing one of two relays costs nothing', async ({ bed, newComputer }) => {
    const study = await bed.openStudy(shortHeart(2), { hospitals: 4, data: { kind: 'heart' } })
    const context = await newComputer()
    const pages = await Promise.all([1, 2, 3, 4].map(hospital => openTab(context, study.url(hospital))))
    await study.startWhenJoined()
    await study.until('the first training round', isTraining)
    const [lost] = bed.relays
    await lost?.kill()
    try {
      await untilDone(pages)
      await expectUnharmed(bed, study, 2)
      await expectRetrievable(bed, study)
    } finally {
      await lost?.restart()
    }
  })
}

// In Node simulation.test.ts plays the same on a real chain; proven.spec.ts has a liar in a tab.
if (process.env.WARDROUND_LONG === '1') {
  test('of five hospitals one submits sign-flipped updates: it loses money and standing, the model stays', async ({
    bed,
    newComputer,
  }) => {
    const honest = [1, 2, 3, 4]
    const accuracyOf = async (withAttacker: boolean) => {
      const hospitals = honest.length + (withAttacker ? 1 : 0)
      const study = await bed.openStudy(shortHeart(3), { hospitals, data: { kind: 'heart' } })
      const context = await newComputer()
      const pages = await Promise.all(honest.map(hospital => openTab(context, study.url(hospital))))
      const dataset = heartOf(1, study.manifest.seed)
      const attacker = withAttacker ? await startSignFlipper({ bed, study, account: bed.account(5), dataset }) : null
      try {
        await study.startWhenJoined()
        const results = await untilDone(pages)
        expect(await study.snapshot()).toMatchObject({ completed: 3, voids: 0 })
        const mean = results.reduce((sum, { federated }) => sum + federated.accuracy, 0) / results.length
        return { study, mean }
      } finally {
        await attacker?.stop()
        await context.close()
      }
    }
    const clean = await accuracyOf(false)
    const attacked = await accuracyOf(true)
    expect(Math.abs(attacked.mean - clean.mean)).toBeLessThanOrEqual(0.01)

    const access = bed.access(bed.account(1))
    const hospitals = [...honest, 5].map(hospital => bed.account(hospital).address as Address)
    const reputations = (await standingsOf(access, hospitals)).map(({ reputation }) => reputation)
    const net = await Promise.all(
      hospitals.map(async hospital => {
        const { reward, forfeited } = await balanceOf(access, attacked.study.address, hospital)
        return reward - forfeited
      }),
    )
    expect(reputations.at(-1)).toBeLessThan(Math.min(...reputations.slice(0, -1)))
    expect(net.at(-1)).toBeLessThan(0n)
    for (const amount of net.slice(0, -1)) expect(amount).toBeGreaterThan(0n)
  })
}

/** No round void, no stake forfeited. */
async function expectUnharmed(bed: Bed, study: TestStudy, rounds: number): Promise<void> {
  const { completed, voids, members } = await study.snapshot()
  expect({ completed, voids }).toEqual({ completed: rounds, voids: 0 })
  const access = bed.access(bed.account(1))
  for (const member of members) expect((await balanceOf(access, study.address, member)).forfeited).toBe(0n)
}

/** Every update can be had from the relays by somebody who never met a hospital. */
async function expectRetrievable(bed: Bed, study: TestStudy): Promise<void> {
  const stranger = await openNodeStore('stranger', study.manifest.relays)
  try {
    const updates = await submittedUpdates(bed, study.address)
    expect(updates.length).toBeGreaterThan(0)
    const signal = timeLimit(15_000)
    await Promise.all(updates.map(({ update }) => stranger.get(hexToBytes(update), { signal })))
  } finally {
    await stranger.close()
  }
}
