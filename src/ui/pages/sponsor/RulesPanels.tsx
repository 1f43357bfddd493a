import { Button, Group, NativeSelect, Stack, Table, Text } from '@mantine/core'
import { scorePhases } from '../../../app/phases.ts'
import type { Site } from '../../../app/site.ts'
import { costOf, hasScores, isScored, timingSeconds, timings } from '../../../app/sponsorForm.ts'
import { ethOf } from '../../../app/wei.ts'
import type { Wallet } from '../../../chain/clients.ts'
import { creditsFrom } from '../../../chain/credits.ts'
import type { Purse } from '../../../chain/sponsorReads.ts'
import { Mode } from '../../../rounds/ports.ts'
import { Panel } from '../../components/Panel.tsx'
import { credits, creditsOf } from '../../format.ts'
import { duration, sponsorTexts } from '../../texts/sponsor.ts'
import { creditsText, etherText } from '../../wallet/amounts.ts'
import { DurationField, Fields, NumberField, useForm } from './fields.tsx'
import { usePurse } from './Signer.tsx'

/** Who takes part, and the rules that the contract keeps. */
export function RulesPanel() {
  const words = sponsorTexts.rules
  const { form, change } = useForm()
  const isMasked = form.masking !== null
  const isRanked = hasScores(form)
  const margin = words.margin[form.privacy === null ? 'gain' : 'direction']
  const number = (
    name: 'rounds' | 'minHospitals' | 'maxHospitals' | 'maxSeats' | 'marginPercent' | 'stake' | 'slashPercent',
    label: string,
    isWhole: boolean,
    hint?: string,
  ) => (
    <NumberField
      path={name}
      label={label}
      hint={hint}
      isWhole={isWhole}
      value={form[name]}
      onValue={value => change({ ...form, [name]: value })}
    />
  )
  return (
    <Panel question={words.heading} answer={words.answer}>
      <Fields>
        {number('rounds', words.rounds, true)}
        {number('minHospitals', words.minHospitals, true)}
        {number('maxHospitals', words.maxHospitals, true)}
        {number('maxSeats', words.maxSeats, true, isMasked ? words.maxSeatsMasked : words.maxSeatsHint)}
        {number('stake', words.stake, false, words.stakeHint)}
        {number(
          'slashPercent',
          words.slash,
          false,
          isScored(form) ? words.slashScored : isMasked ? words.slashMasked : words.slashHint,
        )}
        {isRanked && number('marginPercent', margin.label, false, margin.hint)}
        {isRanked && (
          <NativeSelect
            label={words.schedule}
            value={form.halfToFirst ? 'halfToFirst' : 'byScore'}
            data={(['byScore', 'halfToFirst'] as const).map(value => ({ value, label: words.schedules[value] }))}
            onChange={event => change({ ...form, halfToFirst: event.currentTarget.value === 'halfToFirst' })}
          />
        )}
      </Fields>
      {isMasked && (
        <Text size="sm" c="dimmed">
          {isRanked ? words.scored : words.evenly}
        </Text>
      )}
    </Panel>
  )
}

/** Deadlines, each with its unit, and presets that fill them all. */
export function TimingPanel() {
  const words = sponsorTexts.timing
  const { form, change } = useForm()
  const { seconds } = form
  const mode = form.masking === null ? Mode.Committee : Mode.Masked
  const score = isScored(form) ? words.scoreScored : form.masking !== null ? words.scoreMasked : words.score
  const times = scorePhases({ mode, scored: isScored(form) })
  const audits = form.proving === null ? [] : (['reveal', 'audit'] as const)
  const longest = (['train', ...audits, 'attest', 'score', 'aggregate', 'pause'] as const).reduce(
    (sum, name) => sum + (name === 'score' ? times : 1) * (seconds[name] ?? 0),
    0,
  )
  return (
    <Panel question={words.heading} answer={words.answer}>
      <Group gap="sm">
        <Text size="sm">{words.preset}</Text>
        {timings.map(timing => (
          <Button
            key={timing}
            variant="default"
            size="compact-sm"
            aria-pressed={Object.entries(timingSeconds[timing]).every(
              ([name, value]) => seconds[name as keyof typeof seconds] === value,
            )}
            onClick={() => change({ ...form, seconds: timingSeconds[timing] })}
          >
            {words.presets[timing]}
          </Button>
        ))}
      </Group>
      <Fields>
        {(['open', 'train', ...audits, 'attest', 'score', 'aggregate', 'pause'] as const).map(name => (
          <DurationField
            key={name}
            path={`seconds.${name}`}
            label={name === 'score' ? score : words[name]}
            value={seconds[name]}
            onValue={value => change({ ...form, seconds: { ...seconds, [name]: value } })}
          />
        ))}
      </Fields>
      <Text size="sm" c="dimmed">
        {words.longest(duration(longest))}
      </Text>
    </Panel>
  )
}

/** What it costs, before anything is signed. */
export function CostPanel({ site, wallet }: { readonly site: Site; readonly wallet: Wallet }) {
  const words = sponsorTexts.cost
  const { form, change } = useForm()
  const { data: purse } = usePurse(site, wallet.account.address)
  const cost = costOf(form, purse?.gasPrice ?? 0n)
  return (
    <Panel question={words.heading}>
      <Fields>
        <NumberField
          path="rewardPerRound"
          label={words.reward}
          hint={words.rewardHint}
          value={form.rewardPerRound}
          onValue={rewardPerRound => change({ ...form, rewardPerRound })}
        />
        <Stack gap={4}>
          <NumberField
            path="gasEth"
            label={words.gasPot}
            hint={words.gasPotHint}
            step={0.01}
            value={form.gasEth}
            onValue={gasEth => change({ ...form, gasEth })}
          />
          {cost.suggestedPot > 0n && (
            <Group gap="xs">
              <Text size="sm" c="dimmed">
                {words.suggested(etherText(cost.suggestedPot))}
              </Text>
              <Button
                variant="subtle"
                size="compact-sm"
                onClick={() => change({ ...form, gasEth: roundedUp(ethOf(cost.suggestedPot)) })}
              >
                {words.useSuggested}
              </Button>
            </Group>
          )}
        </Stack>
      </Fields>
      <div className="ward-table-scroll">
        <Table aria-label={words.caption}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{words.what}</Table.Th>
              <Table.Th scope="col">{words.howMuch}</Table.Th>
              <Table.Th scope="col">{words.why}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Table.Tr>
              <Table.Th scope="row">{words.deposit}</Table.Th>
              <Table.Td>{credits(cost.deposit)}</Table.Td>
              <Table.Td>
                {words.depositSum(form.rewardPerRound ?? 0, form.maxHospitals ?? 0, form.rounds ?? 0)}
              </Table.Td>
            </Table.Tr>
            <Table.Tr>
              <Table.Th scope="row">{words.pot}</Table.Th>
              <Table.Td>{etherText(cost.gasPot)}</Table.Td>
              <Table.Td>{words.potBack}</Table.Td>
            </Table.Tr>
            <Table.Tr>
              <Table.Th scope="row">{words.fees}</Table.Th>
              <Table.Td>{purse ? etherText(cost.totalFees) : '…'}</Table.Td>
              <Table.Td>{words.feesOf}</Table.Td>
            </Table.Tr>
          </Table.Tbody>
        </Table>
      </div>
      {purse && <Afford purse={purse} deposit={cost.deposit} wei={cost.gasPot + cost.totalFees} />}
    </Panel>
  )
}

/** What is missing in the wallet, before the wallet says so. */
export function missingFor(purse: Purse, deposit: number, wei: bigint) {
  const credits = deposit - creditsFrom(purse.credits)
  return { credits: Math.max(credits, 0), wei: wei > purse.wei ? wei - purse.wei : 0n }
}

function Afford({ purse, deposit, wei }: { readonly purse: Purse; readonly deposit: number; readonly wei: bigint }) {
  const words = sponsorTexts.cost
  const missing = missingFor(purse, deposit, wei)
  return (
    <Stack gap={4} aria-live="polite">
      <Text size="sm">{words.youHave(creditsOf(creditsText(purse.credits)), etherText(purse.wei))}</Text>
      {missing.credits > 0 && (
        <Text size="sm" className="ward-measure">
          <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
            ▲{' '}
          </span>
          {words.tooFewCredits(credits(missing.credits))}
        </Text>
      )}
      {missing.wei > 0n && (
        <Text size="sm" className="ward-measure">
          <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
            ▲{' '}
          </span>
          {words.tooLittleEther(etherText(missing.wei))}
        </Text>
      )}
    </Stack>
  )
}

/** Two digits, upwards: 0.01234 is 0.013. */
function roundedUp(eth: number): number {
  if (eth <= 0) return 0
  const unit = 10 ** (Math.floor(Math.log10(eth)) - 1)
  return Number((Math.ceil(eth / unit) * unit).toPrecision(3))
}
