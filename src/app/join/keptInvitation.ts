import { type Address, sameAddress } from '../../study/types.ts'
import { type Invitation, parseInvitation } from '../invitation.ts'

/** An invitation that was opened in this tab and not yet used. It goes with the tab. */
const KEPT = 'wardround-invitation'

/** What keeping an invitation needs of the window. */
export interface InvitationPlace {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>
  readonly history: Pick<History, 'replaceState' | 'state'>
  readonly sessionStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
}

/**
 * Takes an invitation out of the address bar, so that it is in nobody's history or screenshot, and keeps it for this tab.
 *
 * @returns the invitation to this study, also after a reload; null where there is none
 * @throws AppError app.badInvitation where the link was cut off; the fragment is gone all the same
 */
export function takeInvitation(
  { location, history, sessionStorage }: InvitationPlace,
  study: Address,
): Invitation | null {
  const { hash, pathname, search } = location
  if (/^#(invite|invitation)=/.test(hash)) {
    history.replaceState(history.state, '', `${pathname}${search}`)
    const opened = parseInvitation(hash)
    if (opened !== null) sessionStorage.setItem(KEPT, hash)
  }
  const kept = sessionStorage.getItem(KEPT)
  const invitation = kept === null ? null : parseInvitation(kept)
  return invitation !== null && sameAddress(invitation.study, study) ? invitation : null
}

/** It was used, or is good for nothing. */
export function forgetInvitation({ sessionStorage }: Pick<InvitationPlace, 'sessionStorage'>): void {
  sessionStorage.removeItem(KEPT)
}
