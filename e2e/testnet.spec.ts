import type { Page } from '@playwright/test'
import { Phase, RoundKind } from '../src/rounds/ports.ts'
import { startBed } from './support/deployment.ts'
import { heartCsv } from './support/heartData.ts'
import { shortHeart, submittedUpdates } from './support/studies.ts'
import { openTab, untilDone, untilPage } from './support/tabs.ts'
import { expect, test } from './support/test.ts'
import { injectWallet } from './support/wallet.ts'

test('a study completes on a chain like the public ones, behind a bad RPC and over a reorganisation', async ({
  newComputer,
}) => {
  test.setTimeout(300_000)
  const bed = await startBed({
    name: 'testnet',
    chainId: 84_533,
    // About as on Base.
    blockTime: 3,
    minesOnDemand: false,
    proxy: { latencyMs: 100, tooMany: 0.05, logRange: 500 },
  })
  try {
    // More blocks than the RPC gives logs of at once.
    await bed.rpc('anvil_mine', ['0x258', '0x1'])
    const plan = shortHeart(1)
    const rules = { openSeconds: 300, trainSeconds: 90, attestSeconds: 90, scoreSeconds: 90, aggregateSeconds: 90 }
    const study = await bed.openStudy(plan, { hospitals: 3, data: { kind: 'heart' }, rules })
    const pages: Page[] = []
    for (const hospital of [1, 2, 3]) {
      const context = await newComputer()
      await injectWallet(context, { account: hospital, rpcUrl: bed.rpcUrl, chainId: bed.deployment.chainId })
      const page = await openTab(context, bed.url)
      pages.push(page)
      await page.getByRole('button', { name: 'Test wallet' }).click()
      await page.getByText('Connected as').waitFor()
      await page.goto(study.url(null))
      await untilPage(page, 'it asks for the file', ({ status }) => status === 'needsData')
      const file = { name: 'patients.csv', mimeType: 'text/csv', buffer: Buffer.from(heartCsv(hospital)) }
      await page.locator('input[type=file]').setInputFiles(file)
    }
    await Promise.all(pages.map(page => untilPage(page, 'it takes part', ({ status }) => status === 'running')))
    await study.startWhenJoined()
    await study.until(
      'updates of the training round are on the chain',
      ({ kind, phase, submitted }) => kind === RoundKind.Training && (phase === Phase.Attest || submitted !== 0n),
    )
    const before = await submittedUpdates(bed, study.address)
    await bed.rpc('anvil_reorg', [2, []])
    const taken = await submittedUpdates(bed, study.address)
    expect(taken.length).toBeLessThan(before.length)

    await untilDone(pages, 120_000)
    expect(await study.snapshot()).toMatchObject({ completed: 1, voids: 0 })
    const after = await submittedUpdates(bed, study.address)
    expect(after).toHaveLength(3 * 2)
    // The journalled bytes were sent again, not others.
    expect(after.map(({ update }) => update)).toEqual(expect.arrayContaining(before.map(({ update }) => update)))
    expect(bed.proxy?.refused.tooMany).toBeGreaterThan(0)
    // Nobody relied on what public nodes do not have.
    expect(bed.proxy?.refused.method).toBe(0)
    expect(bed.proxy?.refused.logRange).toBe(0)
  } finally {
    await bed.stop()
  }
})
