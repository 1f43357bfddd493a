import { Anchor, Button, Group, List, Stack, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { Site } from '../../../app/site.ts'
import { plannedSteps, type SponsorDesk } from '../../../app/sponsorDesk.ts'
import type { Draft } from '../../../app/sponsorDrafts.ts'
import type { FoundForecast } from '../../../app/sponsorForecast.ts'
import { type CheckedForm, checkForm, costOf } from '../../../app/sponsorForm.ts'
import { isDone, nextStep, stepsOf } from '../../../app/sponsorSteps.ts'
import type { Wallet } from '../../../chain/clients.ts'
import type { Address } from '../../../study/types.ts'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { type FormContext, FormProvider, TextField, useForm } from './fields.tsx'
import { MaskingPanel } from './MaskingPanel.tsx'
import { ModelPanel, TrainingPanel } from './ModelPanel.tsx'
import { PrivacyPanel } from './PrivacyPanel.tsx'
import { ProvingPanel } from './ProvingPanel.tsx'
import { CostPanel, missingFor, RulesPanel, TimingPanel } from './RulesPanels.tsx'
import { SchemaPanel } from './SchemaPanel.tsx'
import { usePurse } from './Signer.tsx'
import { UploadPanel } from './UploadPanel.tsx'

interface DraftEditorProps {
  readonly site: Site
  readonly wallet: Wallet
  readonly desk: SponsorDesk
  readonly draft: Draft
  readonly onBack: () => void
  readonly onMade: (study: Address) => void
}

/** One draft, from its name to the last signature. */
export function DraftEditor({ site, wallet, desk, draft, onBack, onMade }: DraftEditorProps) {
  const words = sponsorTexts
  const root = useRef<HTMLDivElement>(null)
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [found, setFound] = useState<FoundForecast | null>(null)
  const { form, plan } = draft
  const checked = useMemo(() => checkForm(form, site.relays, site.chainId), [form, site])
  const { isSaved } = useStore(desk.store)
  const context: FormContext = {
    form,
    problems: checked.problems,
    touched,
    touch: path => setTouched(known => (known.has(path) ? known : new Set([...known, path]))),
    change: next => desk.change(draft.id, next),
  }
  const showProblem = () => {
    context.touch('*')
    const [first] = Object.keys(checked.problems)
    // After the messages are drawn, and a closed group that holds the field has opened.
    requestAnimationFrame(() => {
      const field = root.current?.querySelector<HTMLElement>(`[data-path="${first}"]`)
      const group = field?.closest('details')
      if (group) group.open = true
      field?.focus()
      field?.scrollIntoView({ block: 'center' })
    })
  }
  return (
    <FormProvider value={context}>
      <Stack gap="lg" ref={root}>
        <Stack gap={4}>
          <Group>
            <Anchor component="button" type="button" size="sm" onClick={onBack}>
              ← {words.back}
            </Anchor>
          </Group>
          <Title order={1}>{form.name.trim() === '' ? words.drafts.unnamed : form.name}</Title>
          <Text size="sm" c="dimmed" role="status">
            {plan !== null ? words.locked : isSaved ? words.saved : words.saving}
          </Text>
        </Stack>
        <fieldset className="ward-plain-fieldset" disabled={plan !== null}>
          <Stack gap="lg">
            <AboutPanel />
            <SchemaPanel desk={desk} />
            <ModelPanel desk={desk} />
            <TrainingPanel />
            <MaskingPanel />
            <PrivacyPanel desk={desk} found={found} onFound={setFound} />
            <ProvingPanel />
            {form.proving === null && <UploadPanel found={found} />}
            <RulesPanel />
            <TimingPanel />
            <CostPanel site={site} wallet={wallet} />
          </Stack>
        </fieldset>
        <SignPanel
          site={site}
          wallet={wallet}
          desk={desk}
          draft={draft}
          checked={checked}
          onProblem={showProblem}
          onMade={onMade}
        />
      </Stack>
    </FormProvider>
  )
}

function AboutPanel() {
  const words = sponsorTexts.about
  const { form, change } = useForm()
  return (
    <Panel question={words.heading} answer={words.answer}>
      <TextField path="name" label={words.name} value={form.name} onValue={name => change({ ...form, name })} />
      <TextField
        path="purpose"
        label={words.purpose}
        hint={words.purposeHint}
        rows={2}
        value={form.purpose}
        onValue={purpose => change({ ...form, purpose })}
      />
      <TextField
        path="intendedUse"
        label={words.intendedUse}
        hint={words.intendedUseHint}
        rows={2}
        value={form.intendedUse}
        onValue={intendedUse => change({ ...form, intendedUse })}
      />
    </Panel>
  )
}

interface SignPanelProps {
  readonly site: Site
  readonly wallet: Wallet
  readonly desk: SponsorDesk
  readonly draft: Draft
  readonly checked: CheckedForm
  readonly onProblem: () => void
  readonly onMade: (study: Address) => void
}

/** Every signature, what it does, how far it is; and the one button that goes on. */
function SignPanel({ site, wallet, desk, draft, checked, onProblem, onMade }: SignPanelProps) {
  const words = sponsorTexts.sign
  const queries = useQueryClient()
  const { making } = useStore(desk.store)
  const { data: purse } = usePurse(site, wallet.account.address)
  const { plan, progress, form } = draft
  const steps =
    plan === null
      ? {
          hasGasPot: (form.gasEth ?? 0) > 0,
          hasInitial: form.modelKind === 'own' && form.own !== null,
          isProven: form.proving !== null,
        }
      : plannedSteps(plan)
  const own = making?.id === draft.id ? making : null
  const isBusy = own !== null && own.error === null
  const current = isBusy ? (own.step ?? nextStep(steps, progress)) : null
  const count = Object.keys(checked.problems).length
  const cost = costOf(form, purse?.gasPrice ?? 0n)
  const missing = purse && plan === null ? missingFor(purse, cost.deposit, cost.gasPot + cost.totalFees) : null
  const canPay = missing === null || (missing.credits === 0 && missing.wei === 0n)
  const go = async () => {
    if (count > 0 && plan === null) {
      onProblem()
      return
    }
    const study = await desk.make(draft.id)
    await queries.invalidateQueries()
    if (study !== null) onMade(study)
  }
  return (
    <Panel question={words.heading} answer={words.answer}>
      <ol className="ward-steps-left">
        {stepsOf(steps).map(step => {
          const state = isDone(step, progress) ? 'done' : step === current ? 'now' : 'left'
          return (
            <li key={step} data-state={state} data-step={step} aria-current={state === 'now' ? 'step' : undefined}>
              <div>
                <Text component="div" fw="inherit">
                  {words.steps[step].name}
                </Text>
                <Text component="div" size="sm" c="dimmed" fw={400}>
                  {words.steps[step].explains}
                </Text>
              </div>
              <Text component="div" size="sm" {...(state !== 'now' && { c: 'dimmed' })}>
                {words.state[state]}
              </Text>
            </li>
          )
        })}
      </ol>
      {checked.warnings.length > 0 && plan === null && (
        <Stack gap="xs">
          <Title order={3}>{sponsorTexts.warnings.heading}</Title>
          <List>
            {checked.warnings.map(warning => (
              <List.Item key={warning}>{sponsorTexts.warnings[warning]}</List.Item>
            ))}
          </List>
        </Stack>
      )}
      {site.relays.length === 0 && <Hint>{words.noRelayYet}</Hint>}
      {own?.error &&
        (own.error.code === 'chain.rejected' ? <Hint>{words.declined}</Hint> : <ErrorPanel error={own.error} />)}
      <Group>
        <Button loading={isBusy} disabled={site.relays.length === 0 || !canPay} onClick={() => void go()}>
          {plan === null ? words.start : words.resume}
        </Button>
        {count > 0 && plan === null && (
          <Text size="sm" c="dimmed">
            {sponsorTexts.problemsLeft(count)}
          </Text>
        )}
      </Group>
      <Text size="sm" c="dimmed" aria-live="polite">
        {current !== null && words.working(words.steps[current].name)}
      </Text>
    </Panel>
  )
}

function Hint({ children }: { readonly children: ReactNode }) {
  return (
    <Text className="ward-measure" role="status">
      <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
        ▲{' '}
      </span>
      {children}
    </Text>
  )
}
