import type { Page } from '@playwright/test'
import { creditUnits } from '../src/chain/credits.ts'
import { balanceOf, honestyOf } from '../src/chain/reads.ts'
import { Phase, type StudySnapshot } from '../src/rounds/ports.ts'
import { has, sizeOf } from '../src/rounds/sets.ts'
import { masked } from '../src/study/studies/masked.ts'
import { sameAddress } from '../src/study/types.ts'
import { auditsUrl } from '../src/ui/route.ts'
import { auditsTexts } from '../src/ui/texts/audits.ts'
import { createAccessibilityLook } from './support/accessibility.ts'
import { buildScalingApp } from './support/attacker.ts'
import type { Bed, TestStudy } from './support/deployment.ts'
import { privateHeart, provenStudy } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

const everybody = 10_000

test('proven, noised, masked: of five hospitals one doubles its update, cannot prove it, pays and is left out; anybody checks the others', async ({
  bed,
  newComputer,
}) => {
  const { look, found } = createAccessibilityLook()
  // Two batches make a trace half as long as three.
  const plan = provenStudy(masked(privateHeart(1, 1)), { hospitalsBps: everybody, steps: 2 })
  const study = await bed.openStudy(plan, { hospitals: 5, data: { kind: 'heart' } })
  const lying = await bed.serve(await buildScalingApp(bed.folder))
  const context = await newComputer()
  const pages = await Promise.all([1, 2, 3, 4].map(hospital => openTab(context, study.url(hospital))))
  const liar = await openTab(await newComputer(), study.url(5).replace(bed.url, lying))
  await study.startWhenJoined()

  const [first] = pages as [Page]
  await untilPage(first, 'it proves', ({ task }) => task === 'prove', 120_000)
  expect(isCleared(await study.snapshot(), bed, 1)).toBe(false)
  await first.reload()
  await study.until('the honest ones have proven, one of them anew', now => sizeOf(now.cleared) === 4, 150_000)
  expect(await study.snapshot()).toMatchObject({ phase: Phase.Audit, round: 1 })

  // What it sent is not what training comes to: there is no proof of that.
  const panel = liar.getByTestId('prove-panel')
  await expect(panel).toHaveAttribute('data-audit', 'stopped', { timeout: 60_000 })
  await expect(panel).toContainText(auditsTexts.panel.stopped.failed)
  await look(liar, 'prove-panel-refused')
  await look(first, 'prove-panel-cleared')
  await passDeadline(bed, study)
  await expect(panel).toContainText(auditsTexts.panel.failed)
  await untilDone(pages)
  await expect(panel.getByRole('row', { name: /Hospital 5/ })).toContainText(auditsTexts.verdicts.noProof.text)

  expect(await study.snapshot()).toMatchObject({ completed: 1, voids: 0 })
  const access = bed.access(bed.account(1))
  const { stake, audits } = plan.rules
  const slash = (creditUnits(stake) * BigInt(audits?.slashBps ?? 0)) / 10_000n
  for (const hospital of [1, 2, 3, 4, 5]) {
    const { address } = bed.account(hospital)
    const { forfeited } = await balanceOf(access, study.address, address)
    expect(forfeited, `hospital ${hospital}`).toBe(hospital === 5 ? slash : 0n)
    expect((await honestyOf(access, address)).passed, `hospital ${hospital}`).toBe(hospital === 5 ? 0 : 1)
  }

  const auditor = await openTab(await newComputer(), bed.url + auditsUrl(study.address))
  const rows = auditor.getByTestId('audit-row')
  await expect(rows).toHaveCount(5)
  await expect(rows.and(auditor.locator('[data-verdict=proven]'))).toHaveCount(4)
  await expect(rows.filter({ hasText: 'Hospital 5' })).toHaveAttribute('data-verdict', 'noProof')
  await auditor.getByTestId('audit-verify').first().click()
  const verdict = auditor.getByTestId('audit-verdict')
  await expect(verdict).toHaveAttribute('data-holds', 'true', { timeout: 60_000 })
  await expect(verdict).toContainText('by the rules in the study’s description')
  await look(auditor, 'audits')
  expect(found).toEqual([])
})

function isCleared({ cleared, members }: StudySnapshot, bed: Bed, hospital: number): boolean {
  const { address } = bed.account(hospital)
  return has(
    cleared,
    members.findIndex(member => sameAddress(member, address)),
  )
}

/** Nobody waits out the time that a phase has left. */
async function passDeadline(bed: Bed, study: TestStudy): Promise<void> {
  const { deadline } = await study.snapshot()
  const { timestamp } = await bed.access(bed.account(0)).publicClient.getBlock()
  await bed.rpc('evm_increaseTime', [deadline - Number(timestamp) + 1])
}
