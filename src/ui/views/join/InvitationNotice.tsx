import { Text } from '@mantine/core'
import type { InvitationView } from '../../../app/desks/joinView.ts'
import { exactTime } from '../../format.ts'
import { texts } from '../../texts.ts'
import { Notice } from './Notice.tsx'

/** Who is invited, until when, and what to do where the invitation does not hold. */
export function InvitationNotice({ invitation }: { readonly invitation: InvitationView }) {
  const { heading, answer, until, toBeUsed, redeemed, problems } = texts.join.invitation
  const { name, expires, problem, isRedeemed } = invitation
  if (isRedeemed) return <Notice kind="live">{redeemed}</Notice>
  if (problem !== null) return <Notice kind="attention">{problems[problem]}</Notice>
  return (
    <Notice kind="live" heading={heading}>
      <Text className="ward-measure">{answer(name)}</Text>
      <Text size="sm" c="dimmed" className="ward-measure">
        {toBeUsed} {until(exactTime(expires * 1000))}
      </Text>
    </Notice>
  )
}
