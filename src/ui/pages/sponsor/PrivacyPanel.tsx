import { Collapse, Stack, Switch, Text } from '@mantine/core'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import type { FoundForecast } from '../../../app/sponsorForecast.ts'
import {
  type FormPrivacy,
  forecastOf,
  hasLayers,
  hasScores,
  privacyDefaults,
  privacyOf,
  type SponsorForm,
  withPrivacy,
} from '../../../app/sponsorForm.ts'
import { isAppError } from '../../../errors/AppError.ts'
import { rdpAccountant } from '../../../privacy/accountant/rdp.ts'
import { roundMechanism } from '../../../privacy/studyPrivacy.ts'
import { Panel } from '../../components/Panel.tsx'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { texts } from '../../texts.ts'
import { ForecastTable } from './ForecastTable.tsx'
import { Fields, NumberField, useForm } from './fields.tsx'

interface PrivacyPanelProps {
  readonly desk: SponsorDesk
  /** What the last simulation said; null before the first. */
  readonly found: FoundForecast | null
  readonly onFound: (found: FoundForecast) => void
}

/** Whether noise hides the patients, how much of it, and what that promises. */
export function PrivacyPanel({ desk, found, onFound }: PrivacyPanelProps) {
  const { form: words, chance } = texts.privacy
  const { form, change } = useForm()
  const { privacy } = form
  const isProven = form.proving !== null
  const shown = privacy ?? privacyDefaults(form)
  const noise = noiseText(form)
  const number = (
    name: Exclude<keyof FormPrivacy, 'perLayer' | 'adaptive'>,
    label: string,
    hint: string,
    isWhole = false,
  ) => (
    <NumberField
      path={`privacy.${name}`}
      label={label}
      hint={hint}
      isWhole={isWhole}
      value={shown[name]}
      onValue={value => change({ ...form, privacy: { ...shown, [name]: value } })}
    />
  )
  const answer =
    privacy === null
      ? form.masking === null
        ? words.off
        : words.offMasked
      : privacy.epsilon === null || privacy.delta === null
        ? words.unclear
        : words.on(privacy.epsilon, chance(privacy.delta))
  return (
    <Panel question={words.heading} answer={answer}>
      <Switch
        label={words.switch}
        description={words.switchHint}
        checked={privacy !== null}
        onChange={event => change(withPrivacy(form, event.currentTarget.checked))}
      />
      <Collapse expanded={privacy !== null}>
        <Stack gap="md">
          <Fields>
            {number('epsilon', words.epsilon, words.epsilonHint)}
            {number('delta', words.delta, words.deltaHint)}
            {!isProven && number('steps', words.steps, words.stepsHint, true)}
            {!isProven && number('samplePercent', words.sample, words.sampleHint)}
            {number('clip', words.clip, words.clipHint)}
          </Fields>
          {hasLayers(form) && !isProven && (
            <Switch
              label={words.perLayer}
              description={words.perLayerHint}
              checked={shown.perLayer}
              onChange={event => change({ ...form, privacy: { ...shown, perLayer: event.currentTarget.checked } })}
            />
          )}
          {!isProven && (
            <Switch
              label={words.adaptive}
              description={words.adaptiveHint}
              checked={shown.adaptive}
              onChange={event => change({ ...form, privacy: { ...shown, adaptive: event.currentTarget.checked } })}
            />
          )}
          <Text size="sm" c="dimmed" mih="1lh">
            {noise}
          </Text>
          {isProven ? (
            <Text size="sm" c="dimmed" className="ward-measure">
              {sponsorTexts.proving.noForecast}
            </Text>
          ) : form.schema.kind === 'table' ? (
            <ForecastTable
              desk={desk}
              options={privacy && noise !== '' ? forecastOf(form) : null}
              found={found}
              onFound={onFound}
            />
          ) : (
            <Text size="sm" c="dimmed">
              {words.forecast.tables}
            </Text>
          )}
        </Stack>
      </Collapse>
    </Panel>
  )
}

/** What the promise takes in noise; empty while the form says nothing that could be kept. */
function noiseText(form: SponsorForm): string {
  const { form: words, epsilon } = texts.privacy
  try {
    const spec = privacyOf(form)
    if (spec === null) return ''
    const each = rdpAccountant().epsilon([roundMechanism(spec)], spec.delta)
    const amount = words.noise(spec.noise.toPrecision(3), epsilon(each))
    return hasScores(form) ? `${amount} ${words.margin(form.masking !== null)}` : amount
  } catch (error) {
    // Half typed.
    if (error instanceof RangeError || isAppError(error)) return ''
    throw error
  }
}
