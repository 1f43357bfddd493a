import { Button, Group, NativeSelect, NumberInput, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { type Invitation, isHospitalName } from '../../../app/invitation.ts'
import { type InvitingStep, makeInvitation } from '../../../app/issuerDesk.ts'
import { type Site, studiesOf } from '../../../app/site.ts'
import { weiOf } from '../../../app/wei.ts'
import type { Admission } from '../../../chain/admission.ts'
import { creditsFrom, creditUnits } from '../../../chain/credits.ts'
import { readRules, readSnapshot } from '../../../chain/reads.ts'
import type { ChainAccess } from '../../../chain/transactions.ts'
import { Phase } from '../../../rounds/ports.ts'
import { type Address, sameAddress } from '../../../study/types.ts'
import { Panel } from '../../components/Panel.tsx'
import { creditsOf, credits as creditsWords } from '../../format.ts'
import { texts } from '../../texts.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { creditsText, etherText } from '../../wallet/amounts.ts'
import { fieldOrder } from '../sponsor/fieldOrder.ts'
import { usePurse } from '../sponsor/Signer.tsx'
import { useAction } from '../sponsor/useAction.ts'
import { LinkBox } from './LinkBox.tsx'

interface InvitePanelProps {
  readonly site: Site
  readonly admission: Admission
  readonly access: ChainAccess
  readonly refresh: () => Promise<void>
}

/** Seconds. */
const validities = { day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const
type Validity = keyof typeof validities
/** ETH for joining and some rounds on a test network. */
const USUAL_GAS = 0.02

/** Makes an invitation: a one-time key of this tab, signed for and funded. */
export function InvitePanel({ site, admission, access, refresh }: InvitePanelProps) {
  const words = texts.issuers.invite
  const self = access.walletClient.account.address
  const { data: purse } = usePurse(site, self)
  const studies = useOpenStudies(site, access)
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<Address | null>(() => studyInAddressBar())
  const [valid, setValid] = useState<Validity>('week')
  const [typedStake, setStake] = useState<number | string | null>(null)
  const [gas, setGas] = useState<number | string>(USUAL_GAS)
  const [hasTried, setTried] = useState(false)
  const [step, setStep] = useState<InvitingStep | null>(null)
  const [made, setMade] = useState<Invitation | null>(null)
  const action = useAction()

  const found = studies.data ?? []
  const study = found.find(({ address }) => chosen !== null && sameAddress(address, chosen)) ?? found[0]
  const stake = typedStake ?? (study ? creditsFrom(study.stake) : 0)
  const isNamed = isHospitalName(name)
  const credits = Number(stake)
  const eth = Number(gas)
  const isPayable = Number.isFinite(credits) && credits >= 0 && Number.isFinite(eth) && eth >= 0
  const isTooMuch =
    purse !== undefined && isPayable && (creditUnits(credits) > purse.credits || weiOf(eth) >= purse.wei)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!isNamed || study === undefined || !isPayable || isTooMuch) return
    const order = {
      name: name.trim(),
      validSeconds: validities[valid],
      study: study.address,
      credits: creditUnits(credits),
      wei: weiOf(eth),
    }
    void action
      .run(async () => {
        setMade(await makeInvitation(access, order, setStep))
        setName('')
        setTried(false)
        await refresh()
      })
      .finally(() => setStep(null))
  }
  return (
    <Panel question={words.heading} answer={words.answer}>
      <form onSubmit={submit} noValidate>
        <div className="ward-fields">
          <TextInput
            label={words.name}
            value={name}
            error={hasTried && !isNamed ? texts.issuers.admit.badName : null}
            onChange={event => setName(event.currentTarget.value)}
          />
          <NativeSelect
            label={words.study}
            value={study?.address ?? ''}
            data={found.map(({ address, name: label }) => ({ value: address, label }))}
            error={studies.data?.length === 0 ? words.noStudy : null}
            onChange={event => {
              setChosen(event.currentTarget.value as Address)
              setStake(null)
            }}
          />
          <NativeSelect
            label={words.valid}
            value={valid}
            data={(Object.keys(validities) as Validity[]).map(key => ({ value: key, label: words.validities[key] }))}
            onChange={event => setValid(event.currentTarget.value as Validity)}
          />
          <NumberInput
            label={words.stake}
            description={study ? words.stakeHint(creditsWords(creditsFrom(study.stake))) : null}
            inputWrapperOrder={fieldOrder}
            value={stake}
            min={0}
            error={hasTried && !isPayable ? words.badAmount : null}
            onChange={setStake}
          />
          <NumberInput
            label={words.gas}
            description={words.gasHint}
            inputWrapperOrder={fieldOrder}
            value={gas}
            min={0}
            step={0.01}
            decimalScale={9}
            error={hasTried && !isPayable ? words.badAmount : null}
            onChange={setGas}
          />
        </div>
        {isTooMuch && (
          <Text size="sm" role="alert" mt="sm">
            <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
              ▲{' '}
            </span>
            {words.tooMuch(creditsOf(creditsText(purse.credits)), etherText(purse.wei))}
          </Text>
        )}
        <Group mt="md">
          <Button type="submit" loading={action.isBusy} disabled={study === undefined}>
            {words.make}
          </Button>
        </Group>
      </form>
      <Text size="sm" c="dimmed" aria-live="polite">
        {step && words.steps[step]}
      </Text>
      {action.error && <ActionError error={action.error} />}
      {made && <LinkBox invitation={made} missing={admission.threshold - made.signatures.length} />}
    </Panel>
  )
}

function studyInAddressBar(): Address | null {
  const study = new URLSearchParams(window.location.search).get('study')
  return study !== null && /^0x[0-9a-fA-F]{40}$/.test(study) ? (study as Address) : null
}

/** Studies that a hospital can still join, with their stakes. */
function useOpenStudies(site: Site, access: ChainAccess) {
  return useQuery({
    queryKey: ['open-studies', site.deploymentId],
    queryFn: async () => {
      const listed = (await studiesOf(site, access)).slice(0, MOST_STUDIES)
      const looked = await Promise.all(
        listed.map(async ({ address, name }) => {
          const [{ phase }, { stake }] = await Promise.all([readSnapshot(access, address), readRules(access, address)])
          return { address, name, stake, isOpen: phase !== Phase.Draft && phase !== Phase.Ended }
        }),
      )
      return looked.filter(({ isOpen }) => isOpen)
    },
    refetchInterval: 15_000,
  })
}

/** Studies offered in the list; the address bar's is among them where it is one of the youngest. */
const MOST_STUDIES = 40
