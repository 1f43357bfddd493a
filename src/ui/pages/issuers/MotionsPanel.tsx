import { Button, Group, Text } from '@mantine/core'
import { type Admission, accredit, type Motion, reinstate, suspend, withdrawVote } from '../../../chain/admission.ts'
import type { ChainAccess } from '../../../chain/transactions.ts'
import { sameAddress } from '../../../study/types.ts'
import { Address } from '../../components/Address.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { useAction } from '../sponsor/useAction.ts'

interface MotionsPanelProps {
  readonly admission: Admission
  readonly access: ChainAccess
  readonly isIssuer: boolean
  readonly refresh: () => Promise<void>
}

/** What issuers have voted for and not enough of them yet; nothing is shown where nothing is open. */
export function MotionsPanel({ admission, access, isIssuer, refresh }: MotionsPanelProps) {
  const words = texts.issuers.motions
  const { motions, hospitals } = admission
  if (motions.length === 0) return null
  return (
    <Panel question={words.heading} answer={words.answer}>
      <ul className="ward-rows">
        {motions.map(motion => {
          const name = hospitals.find(({ address }) => sameAddress(address, motion.hospital))?.name ?? ''
          return (
            <MotionRow
              key={motion.id}
              motion={motion}
              what={words.what(motion.kind, name, motion.text)}
              access={access}
              isIssuer={isIssuer}
              refresh={refresh}
            />
          )
        })}
      </ul>
    </Panel>
  )
}

interface MotionRowProps extends Omit<MotionsPanelProps, 'admission'> {
  readonly motion: Motion
  readonly what: string
}

function MotionRow({ motion, what, access, isIssuer, refresh }: MotionRowProps) {
  const words = texts.issuers.motions
  const action = useAction()
  const { kind, hospital, text, voters, needed, id } = motion
  const hasVoted = voters.some(voter => sameAddress(voter, access.walletClient.account.address))
  const act = () =>
    void action.run(async () => {
      if (hasVoted) await withdrawVote(access, id)
      else if (kind === 'accredit') await accredit(access, hospital, text)
      else if (kind === 'suspend') await suspend(access, hospital, text)
      else await reinstate(access, hospital)
      await refresh()
    })
  return (
    <li data-testid="motion">
      <div>
        <Group gap="sm">
          <Text component="span" fw={600}>
            {what}
          </Text>
          <Address address={hospital} />
        </Group>
        <Text component="div" size="sm" c="dimmed">
          {words.votes(voters.length, needed)}
          {hasVoted && `, ${words.mine}`}
        </Text>
        {action.error && <ActionError error={action.error} />}
      </div>
      {isIssuer && (
        <Button
          variant={hasVoted ? 'default' : 'filled'}
          size="compact-sm"
          loading={action.isBusy}
          aria-label={hasVoted ? words.withdrawLabel(what) : words.voteLabel(what)}
          onClick={act}
        >
          {hasVoted ? words.withdraw : words.vote}
        </Button>
      )}
    </li>
  )
}
