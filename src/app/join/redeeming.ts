import { redeemInvitation } from '../../chain/invitations.ts'
import { accreditationOf } from '../../chain/reads.ts'
import type { HospitalContext } from '../context.ts'
import type { InvitationView } from '../desks/joinView.ts'
import { checkInvitation, type Invitation } from '../invitation.ts'
import { addLog } from '../store.ts'
import { showJoining } from './way.ts'

/** The invitation that the link brought, as far as the way in goes. */
export interface InvitationDesk {
  /** Uses it for this hospital's wallet, where there is one that holds; safe to call again. @throws AppError of sendCall */
  redeem(): Promise<void>
}

/**
 * Shows the invitation and finds out whether it holds, while the person chooses patients.
 * @param onRedeemed told once its work is done, so that it is forgotten and the hospital's new name is read
 */
export function openInvitation(
  { options, access, store, owner }: HospitalContext,
  onRedeemed: () => void,
): InvitationDesk {
  const { invitation } = options
  if (invitation === null) return { redeem: async () => undefined }
  const { name, expires } = invitation
  const show = (change: Partial<InvitationView>) => {
    const shown = store.getState().joining.invitation
    const fresh: InvitationView = { name, expires, problem: null, isRedeemed: false }
    showJoining(store, { invitation: { ...fresh, ...shown, ...change } })
  }
  show({})
  check().catch(error => {
    // Asked again by redeeming itself, which tells the person.
    addLog(store, error instanceof Error ? error.message : String(error), 'warning')
  })

  async function check(): Promise<void> {
    const [{ problem, isGood }, { isActive }] = await Promise.all([
      checkInvitation(access, invitation as Invitation),
      accreditationOf(access, owner.address),
    ])
    // Used, and this wallet is admitted: it was used here, and what came with it may still be on its way.
    if (problem === 'used' && isActive) return
    show({ problem: problem ?? (isGood ? null : 'notEnough') })
  }

  return {
    async redeem() {
      const shown = store.getState().joining.invitation
      if (shown === null || shown.problem !== null || shown.isRedeemed) return
      showJoining(store, { busy: 'redeeming' })
      const { deployment, publicClient, pollInterval } = access
      // The one-time key's own account sends: nothing of it belongs into this wallet's activity.
      const reader = { deployment, publicClient, ...(pollInterval !== undefined && { pollInterval }) }
      await redeemInvitation(reader, invitation, owner.address)
      show({ isRedeemed: true })
      addLog(store, `The invitation is used: this hospital is admitted as ${name}.`)
      onRedeemed()
    },
  }
}
