import { studyAbi } from '../src/chain/generated/abi.ts'
import { balanceOf } from '../src/chain/reads.ts'
import { Phase } from '../src/rounds/ports.ts'
import { protectedHeart } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

/** A second round shows that the study goes on without the one that is gone, which waits for its deadlines. */
const rounds = process.env.WARDROUND_LONG === '1' ? 2 : 1

test('a study with noise, masks and compression goes on when a committee member is gone after the freeze and another reloads', async ({
  bed,
  newComputer,
}) => {
  const plan = protectedHeart(rounds, 1)
  // Only who is gone meets these deadlines.
  const rules = { ...plan.rules, trainSeconds: 20, attestSeconds: 20, scoreSeconds: 18, aggregateSeconds: 20 }
  const study = await bed.openStudy({ ...plan, rules }, { hospitals: 4, data: { kind: 'heart' } })
  const tabs = await Promise.all([1, 2, 3, 4].map(async hospital => openTab(await newComputer(), study.url(hospital))))
  for (const tab of tabs) await untilPage(tab, 'it is in', ({ status }) => status === 'running')
  const [first] = tabs as [(typeof tabs)[0]]
  const card = first.getByRole('region', { name: 'How are your patients protected?' })
  await expect(card).toContainText('By noise, and by masks')

  await study.startWhenJoined()
  // Frozen: its update counts, and its masks are missing.
  await study.until('the first set is frozen', ({ phase }) => phase === Phase.Unmask)
  await tabs[3]?.close()
  // Reloaded, a seat opens its parcels again and answers for the set that it has journalled, once.
  await tabs[1]?.reload()
  const rest = tabs.slice(0, 3)
  await expect(first.getByRole('main')).toContainText('removes the masks')
  await untilDone(rest, 150_000)
  expect(await study.snapshot()).toMatchObject({ completed: rounds, voids: 0 })

  const reader = bed.access(bed.account(0))
  const eventsOf = <N extends 'WeightsFrozen' | 'ProductsPosted' | 'SumScored'>(eventName: N) =>
    reader.publicClient.getContractEvents({
      address: study.address,
      abi: studyAbi,
      eventName,
      fromBlock: BigInt(bed.deployment.block),
      strict: true,
    })
  const frozen = await eventsOf('WeightsFrozen')
  // In the first round all four are in the sum, in the second the one that is gone is not.
  expect(frozen.map(({ args }) => args.weights.filter(weight => weight !== 0).length)).toEqual([4, 3].slice(0, rounds))
  // Three answer how their masks lie along the sum; the fourth's follow from its seeds, so that every part is scored.
  expect(await eventsOf('ProductsPosted')).toHaveLength(3 * rounds)
  expect(await eventsOf('SumScored')).toHaveLength(rounds)
  for (const hospital of [1, 2, 3]) {
    const { forfeited } = await balanceOf(reader, study.address, bed.account(hospital).address)
    expect(forfeited).toBe(0n)
  }
  const { forfeited } = await balanceOf(reader, study.address, bed.account(4).address)
  expect(forfeited).toBeGreaterThan(0n)
})
