import { Collapse, List, Stack, Switch, Text } from '@mantine/core'
import { adviceFor, withProving } from '../../../app/sponsorForm.ts'
import { type FormProving, provingObstacles } from '../../../app/sponsorProving.ts'
import { Panel } from '../../components/Panel.tsx'
import { credits, partOf, wholePercent } from '../../format.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { Fields, NumberField, useForm, useProblem } from './fields.tsx'

/** Whether hospitals prove that they trained as the study says, how often, and whether cheating would pay all the same. */
export function ProvingPanel() {
  const words = sponsorTexts.proving
  const { form, change } = useForm()
  const { proving, training } = form
  const obstacles = provingObstacles(form)
  const problem = useProblem('proving')
  const isOn = proving !== null
  const isStuck = !isOn && obstacles.length > 0
  const field = (name: keyof FormProving, isWhole = false) =>
    proving && (
      <NumberField
        path={`proving.${name}`}
        label={words[name].label}
        hint={words[name].hint}
        isWhole={isWhole}
        value={proving[name]}
        onValue={value => change({ ...form, proving: { ...proving, [name]: value } })}
      />
    )
  return (
    <Panel question={words.heading} answer={isOn ? words.on : words.off}>
      <Switch
        label={words.switch}
        description={words.switchHint}
        checked={isOn}
        disabled={isStuck}
        error={problem}
        data-path="proving"
        data-testid="proven-switch"
        onChange={event => change(withProving(form, event.currentTarget.checked))}
      />
      {obstacles.length > 0 && (
        <Stack gap={4} role="status">
          <Text className="ward-measure">
            <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
              ▲{' '}
            </span>
            {isOn ? words.noLonger : words.notYet}
          </Text>
          <List spacing={4}>
            {obstacles.map(obstacle => (
              <List.Item key={obstacle}>{words.obstacles[obstacle]}</List.Item>
            ))}
          </List>
        </Stack>
      )}
      <Collapse expanded={isOn}>
        <Stack gap="md">
          <List size="sm" spacing={4}>
            {words.follows.map(sentence => (
              <List.Item key={sentence}>{sentence}</List.Item>
            ))}
          </List>
          <Fields>
            {field('hospitalsPercent')}
            {field('slashPercent')}
            {field('harm')}
            {field('steps', true)}
          </Fields>
          {proving?.steps != null && training.batchSize !== null && (
            <Text size="sm" c="dimmed" className="ward-measure">
              {words.patients(proving.steps * training.batchSize, training.batchSize)}
            </Text>
          )}
          <Deterrence />
        </Stack>
      </Collapse>
    </Panel>
  )
}

/** Whether cheating pays, and what to change where it does. */
function Deterrence() {
  const words = sponsorTexts.proving.deterrence
  const { form } = useForm()
  const advice = adviceFor(form)
  if (form.proving === null) return null
  const change =
    advice === null
      ? []
      : [
          advice.leastStake === null ? null : words.stake(credits(advice.leastStake)),
          advice.leastSlashPercent === null ? null : words.slash(advice.leastSlashPercent),
          advice.leastHospitalsPercent === null ? null : words.hospitals(advice.leastHospitalsPercent),
        ].filter(sentence => sentence !== null)
  return (
    <Stack gap={4} aria-live="polite" data-testid="cheat-advice">
      {advice === null ? (
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.holds}
        </Text>
      ) : (
        <>
          <Text className="ward-measure">
            <span aria-hidden="true" style={{ color: 'var(--ward-attention)' }}>
              ▲{' '}
            </span>
            {words.pays(
              wholePercent(advice.caught),
              credits(advice.gain),
              credits(advice.atRisk),
              partOf(advice.returned),
            )}
          </Text>
          <Text className="ward-measure">{change.length === 0 ? words.nothingHelps : words.change(change)}</Text>
        </>
      )}
    </Stack>
  )
}
