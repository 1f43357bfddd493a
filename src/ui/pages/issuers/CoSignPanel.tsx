import { Button, Group, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { checkInvitation, type Invitation } from '../../../app/invitation.ts'
import { coSign } from '../../../app/issuerDesk.ts'
import type { Admission } from '../../../chain/admission.ts'
import type { ChainAccess } from '../../../chain/transactions.ts'
import { sameAddress } from '../../../study/types.ts'
import { Address } from '../../components/Address.tsx'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { exactTime } from '../../format.ts'
import { texts } from '../../texts.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { useAction } from '../sponsor/useAction.ts'
import { LinkBox } from './LinkBox.tsx'

interface CoSignPanelProps {
  readonly admission: Admission
  readonly access: ChainAccess
  readonly invitation: Invitation
  readonly isIssuer: boolean
  readonly refresh: () => Promise<void>
}

/** An invitation that another issuer began: who is admitted as what, who signed; and this issuer's signature. */
export function CoSignPanel({ access, invitation: linked, isIssuer }: CoSignPanelProps) {
  const words = texts.issuers.coSign
  const [invitation, setInvitation] = useState(linked)
  const action = useAction()
  const check = useQuery({
    queryKey: ['invitation', access.deployment.deploymentId, invitation],
    queryFn: () => checkInvitation(access, invitation),
    refetchInterval: 8000,
  })
  const { name, expires } = invitation
  if (check.error) return <ErrorPanel error={asErrorData(check.error)} />
  if (!check.data) return <Skeleton height={160} />
  const { problem, signers, needed, isGood } = check.data
  if (problem !== null) {
    return (
      <Panel question={words.heading}>
        <Text role="alert" className="ward-measure">
          <span aria-hidden="true" style={{ color: 'var(--ward-danger)' }}>
            ■{' '}
          </span>
          {texts.issuers.problems[problem]}
        </Text>
      </Panel>
    )
  }
  const hasSigned = signers.some(signer => sameAddress(signer, access.walletClient.account.address))
  return (
    <Panel question={words.heading} answer={words.answer(name)}>
      <dl className="ward-money">
        <dt>{words.name}</dt>
        <dd>{name}</dd>
        <dt>{words.until}</dt>
        <dd>{exactTime(expires * 1000)}</dd>
        <dt>
          {words.signed}
          <small>{words.signatures(signers.length, needed)}</small>
        </dt>
        <dd>
          {signers.length === 0 && words.nobody}
          {signers.map(signer => (
            <div key={signer}>
              <Address address={signer} />
            </div>
          ))}
        </dd>
      </dl>
      {isGood || hasSigned ? (
        <>
          <Text role="status">{isGood ? words.complete : words.already}</Text>
          <LinkBox invitation={invitation} missing={needed - signers.length} />
        </>
      ) : isIssuer ? (
        <>
          <Text size="sm" className="ward-measure">
            {words.warning}
          </Text>
          <Group>
            <Button
              loading={action.isBusy}
              onClick={() => void action.run(async () => setInvitation(await coSign(access, invitation)))}
            >
              {words.sign}
            </Button>
          </Group>
        </>
      ) : (
        <Text>{words.elsewhere}</Text>
      )}
      {action.error && <ActionError error={action.error} />}
    </Panel>
  )
}
