import { expect, it } from 'vitest'
import { quietStudyOf } from './signingPrompt.ts'

const study = `0x${'aa'.repeat(20)}` as const
const request = (name: string, changes: { bundled?: (string | null)[]; value?: bigint } = {}) => ({
  call: { name, credits: null, study, bundled: changes.bundled ?? [] },
  ...{ message: null, to: study, value: changes.value ?? 0n, gas: 1n, mostFeeWei: 1n },
})

it('only a round’s update and a seat’s duties may be signed without being shown', () => {
  expect(quietStudyOf(request('submitUpdate'))).toBe(study)
  expect(quietStudyOf(request('multicall', { bundled: ['attest', 'submitScore'] }))).toBe(study)
  expect(
    quietStudyOf(request('multicall', { bundled: ['postMasks', 'postProducts', 'signScored', 'openShares'] })),
  ).toBe(study)
  for (const name of ['joinTask', 'leaveTask', 'withdraw', 'transferAndCall']) {
    expect(quietStudyOf(request(name))).toBeNull()
  }
})

it('a bundle is as loud as the loudest thing in it, and what pays is always shown', () => {
  expect(quietStudyOf(request('multicall', { bundled: ['attest', 'leaveTask'] }))).toBeNull()
  expect(quietStudyOf(request('carry', { bundled: [null] }))).toBeNull()
  expect(quietStudyOf(request('submitUpdate', { value: 1n }))).toBeNull()
  expect(quietStudyOf({ ...request('submitUpdate'), call: null })).toBeNull()
})
