import { createStore } from 'zustand/vanilla'
import type { Site } from '../../app/site.ts'
import { isQuiet } from '../../chain/browserAccountDatabase.ts'
import type { SigningRequest } from '../../chain/browserProvider.ts'
import type { Address } from '../../study/types.ts'

/** What the person is being asked to sign with the account of this browser; null: nothing. */
export const signingPrompt = createStore<{
  readonly asked: { readonly request: SigningRequest; readonly answer: (yes: boolean) => void } | null
}>(() => ({ asked: null }))

/** What "do not ask again for updates of this study" covers: a round's update and a seat's duties, nothing that moves credits. */
export const quietCalls: ReadonlySet<string> = new Set([
  'submitUpdate',
  'submitMasked',
  'attest',
  'submitScore',
  'signModel',
  'signScored',
  'postMasks',
  'postProducts',
  'openShares',
  'accuse',
  'advance',
  'multicall',
  'carry',
])

/** The study whose updates a request belongs to; null where it is anything else, and is always shown. */
export function quietStudyOf({ call, value }: SigningRequest): Address | null {
  if (call === null || value !== 0n) return null
  const names = [call.name, ...call.bundled]
  return names.every(name => name !== null && quietCalls.has(name)) ? call.study : null
}

let last: Promise<unknown> = Promise.resolve()

/** Shows the person what the account of this browser is to sign, one thing after the other. @returns whether it may */
export function askBeforeSigning(site: Site, request: SigningRequest): Promise<boolean> {
  const turn = last.then(() => decide(site, request))
  last = turn.catch(() => undefined)
  return turn
}

async function decide(site: Site, request: SigningRequest): Promise<boolean> {
  const study = quietStudyOf(request)
  if (study !== null && (await isQuiet(site, study))) return true
  return new Promise(resolve => {
    const answer = (yes: boolean) => {
      signingPrompt.setState({ asked: null })
      resolve(yes)
    }
    signingPrompt.setState({ asked: { request, answer } })
  })
}
