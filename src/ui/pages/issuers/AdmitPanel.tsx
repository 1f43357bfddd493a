import { Button, Group, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { isHospitalName } from '../../../app/invitation.ts'
import { type Admission, accredit, type Vote } from '../../../chain/admission.ts'
import type { ChainAccess } from '../../../chain/transactions.ts'
import { type Address, sameAddress } from '../../../study/types.ts'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { fieldOrder } from '../sponsor/fieldOrder.ts'
import { useAction } from '../sponsor/useAction.ts'

interface AdmitPanelProps {
  readonly admission: Admission
  readonly access: ChainAccess
  readonly refresh: () => Promise<void>
}

/** Admits an account that the issuer knows, or votes for it. */
export function AdmitPanel({ admission, access, refresh }: AdmitPanelProps) {
  const words = texts.issuers.admit
  const [address, setAddress] = useState('')
  const [name, setName] = useState('')
  const [hasTried, setTried] = useState(false)
  const [done, setDone] = useState<{ readonly name: string; readonly vote: Vote } | null>(null)
  const action = useAction()
  const account = address.trim() as Address
  const isAddress = /^0x[0-9a-fA-F]{40}$/.test(account)
  const isKnown = isAddress && admission.hospitals.some(hospital => sameAddress(hospital.address, account))
  const addressProblem = isKnown ? words.known : hasTried && !isAddress ? words.badAddress : null
  const isNamed = isHospitalName(name)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!isAddress || isKnown || !isNamed) return
    void action.run(async () => {
      const vote = await accredit(access, account, name.trim())
      setDone({ name: name.trim(), vote })
      setAddress('')
      setName('')
      setTried(false)
      await refresh()
    })
  }
  return (
    <Panel question={words.heading} answer={words.answer}>
      <form onSubmit={submit} noValidate>
        <div className="ward-fields">
          <TextInput
            label={words.address}
            description={words.addressHint}
            inputWrapperOrder={fieldOrder}
            value={address}
            autoComplete="off"
            spellCheck={false}
            error={addressProblem}
            onChange={event => setAddress(event.currentTarget.value)}
          />
          <TextInput
            label={words.name}
            value={name}
            error={hasTried && !isNamed ? words.badName : null}
            onChange={event => setName(event.currentTarget.value)}
          />
        </div>
        <Group mt="md">
          <Button type="submit" variant="default" loading={action.isBusy}>
            {admission.threshold === 1 ? words.yes : words.vote}
          </Button>
        </Group>
      </form>
      {action.error && <ActionError error={action.error} />}
      <div role="status">
        {done && (
          <Text>{done.vote.isCarried ? words.done(done.name) : words.voted(done.vote.votes, done.vote.needed)}</Text>
        )}
      </div>
    </Panel>
  )
}
