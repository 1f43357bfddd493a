import { Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { type Admission, type AdmittedHospital, reinstate, suspend } from '../../../chain/admission.ts'
import type { ChainAccess } from '../../../chain/transactions.ts'
import { Address } from '../../components/Address.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { useAction } from '../sponsor/useAction.ts'

interface HospitalsPanelProps {
  readonly admission: Admission
  /** null for whoever may only look. */
  readonly access: ChainAccess | null
  readonly refresh: () => Promise<void>
}

/** Which hospitals are admitted; an issuer suspends and readmits them. */
export function HospitalsPanel({ admission, access, refresh }: HospitalsPanelProps) {
  const words = texts.issuers.hospitals
  const { hospitals } = admission
  const [asked, setAsked] = useState<AdmittedHospital | null>(null)
  const active = hospitals.filter(({ status }) => status === 'active').length
  return (
    <Panel
      question={words.heading}
      answer={hospitals.length === 0 ? words.none : words.count(active, hospitals.length)}
    >
      {hospitals.length > 0 && (
        <div className="ward-table-scroll">
          <Table aria-label={words.caption}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{words.hospital}</Table.Th>
                <Table.Th scope="col">{words.account}</Table.Th>
                <Table.Th scope="col">{words.status}</Table.Th>
                {access && <Table.Th scope="col" aria-label={words.act} />}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {hospitals.map(hospital => (
                <Table.Tr key={hospital.address} data-testid="admitted">
                  <Table.Th scope="row">{hospital.name}</Table.Th>
                  <Table.Td>
                    <Address address={hospital.address} />
                  </Table.Td>
                  <Table.Td>
                    {hospital.status === 'active' ? (
                      words.active
                    ) : (
                      <>
                        <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
                          ▲{' '}
                        </span>
                        {words.suspended(hospital.reason)}
                      </>
                    )}
                  </Table.Td>
                  {access && (
                    <Table.Td>
                      <Act hospital={hospital} access={access} refresh={refresh} onSuspend={() => setAsked(hospital)} />
                    </Table.Td>
                  )}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {access && <SuspendDialog hospital={asked} access={access} refresh={refresh} onClose={() => setAsked(null)} />}
    </Panel>
  )
}

interface ActProps {
  readonly hospital: AdmittedHospital
  readonly access: ChainAccess
  readonly refresh: () => Promise<void>
  readonly onSuspend: () => void
}

function Act({ hospital, access, refresh, onSuspend }: ActProps) {
  const words = texts.issuers.hospitals
  const action = useAction()
  if (hospital.status === 'active') {
    return (
      <Button
        variant="subtle"
        color="gray"
        c="dimmed"
        size="compact-sm"
        aria-label={words.suspendLabel(hospital.name)}
        onClick={onSuspend}
      >
        {words.suspend}
      </Button>
    )
  }
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        loading={action.isBusy}
        aria-label={words.reinstateLabel(hospital.name)}
        onClick={() =>
          void action.run(async () => {
            await reinstate(access, hospital.address)
            await refresh()
          })
        }
      >
        {words.reinstate}
      </Button>
      {action.error && <ActionError error={action.error} />}
    </>
  )
}

interface SuspendDialogProps {
  readonly hospital: AdmittedHospital | null
  readonly access: ChainAccess
  readonly refresh: () => Promise<void>
  readonly onClose: () => void
}

function SuspendDialog({ hospital, access, refresh, onClose }: SuspendDialogProps) {
  const words = texts.issuers.hospitals
  const action = useAction()
  const id = useId()
  const [reason, setReason] = useState('')
  const [hasTried, setTried] = useState(false)
  const isMissing = reason.trim() === ''
  const go = async ({ address }: AdmittedHospital) => {
    setTried(true)
    if (isMissing) return
    const done = await action.run(async () => {
      await suspend(access, address, reason.trim())
      await refresh()
    })
    if (done) onClose()
  }
  return (
    <Dialog isOpen={hospital !== null} onClose={onClose} labelledBy={id}>
      {hospital && (
        <Stack gap="md">
          <Title order={2} id={id}>
            {words.suspendQuestion(hospital.name)}
          </Title>
          <Text className="ward-measure">{words.suspendExplains}</Text>
          <TextInput
            label={words.reason}
            description={words.reasonHint}
            value={reason}
            maxLength={200}
            error={hasTried && isMissing ? words.reasonMissing : null}
            onChange={event => setReason(event.currentTarget.value)}
          />
          {action.error && <ActionError error={action.error} />}
          <Group gap="sm">
            <Button
              variant="outline"
              color="var(--ward-danger)"
              loading={action.isBusy}
              onClick={() => void go(hospital)}
            >
              {words.suspendYes}
            </Button>
            <Button variant="default" onClick={onClose}>
              {words.no}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
