import { List, Radio, Stack, Switch } from '@mantine/core'
import { isScored, withMasking } from '../../../app/sponsorForm.ts'
import { Panel } from '../../components/Panel.tsx'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { Fields, NumberField, useForm } from './fields.tsx'

/** Whether a committee sees and scores updates, or nobody does, and what follows from that. */
export function MaskingPanel() {
  const words = sponsorTexts.masking
  const { form, change } = useForm()
  const { masking } = form
  const chosen = masking === null ? 'committee' : 'masked'
  const kind = isScored(form) ? 'scored' : chosen
  return (
    <Panel question={words.heading} answer={words.answer[kind]}>
      <Radio.Group
        aria-label={words.heading}
        value={chosen}
        onChange={value => change(withMasking(form, value === 'masked'))}
      >
        <Stack gap="sm">
          {(['committee', 'masked'] as const).map(value => (
            <Radio
              key={value}
              value={value}
              label={words.choices[value].label}
              description={words.choices[value === chosen ? kind : value].explains}
            />
          ))}
        </Stack>
      </Radio.Group>
      {masking !== null && (
        <>
          <List size="sm" spacing={4}>
            {words.follows.map(sentence => (
              <List.Item key={sentence}>{sentence}</List.Item>
            ))}
          </List>
          {form.privacy !== null && form.proving === null && (
            <Switch
              label={words.scored}
              description={words.scoredHint}
              checked={masking.scored}
              onChange={event => change({ ...form, masking: { ...masking, scored: event.currentTarget.checked } })}
            />
          )}
          {form.proving === null && (
            <Fields>
              <NumberField
                path="masking.clip"
                label={words.clip}
                hint={words.clipHint}
                isWhole
                value={masking.clip}
                onValue={clip => change({ ...form, masking: { ...masking, clip } })}
              />
              <NumberField
                path="masking.fractionBits"
                label={words.fractionBits}
                hint={words.fractionBitsHint}
                isWhole
                value={masking.fractionBits}
                onValue={fractionBits => change({ ...form, masking: { ...masking, fractionBits } })}
              />
            </Fields>
          )}
        </>
      )}
    </Panel>
  )
}
