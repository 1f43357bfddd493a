import { Button, FileButton, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import type { Feature, TableSchema } from '../../../study/manifest.ts'
import { Panel } from '../../components/Panel.tsx'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { Fields, NumberField, TextField, useForm } from './fields.tsx'
import { useAction } from './useAction.ts'

/** The columns that every hospital brings, by hand or off a file's header. */
export function SchemaPanel({ desk }: { readonly desk: SponsorDesk }) {
  const words = sponsorTexts.schema
  const { form, change } = useForm()
  const { schema } = form
  if (schema.kind === 'images') {
    return <Panel question={words.heading} answer={words.images(schema.height, schema.width, schema.classes.length)} />
  }
  const setSchema = (next: TableSchema) => change({ ...form, schema: next })
  const setFeature = (index: number, feature: Feature) =>
    setSchema({ ...schema, features: schema.features.map((other, i) => (i === index ? feature : other)) })
  const remove = (index: number) => setSchema({ ...schema, features: schema.features.filter((_, i) => i !== index) })
  const add = () => setSchema({ ...schema, features: [...schema.features, { type: 'number', name: '' }] })
  const { outcome } = schema
  return (
    <Panel question={words.heading} answer={words.answer}>
      <FromFile desk={desk} onRead={setSchema} />
      <div>
        {schema.features.map((feature, index) => (
          <Column
            // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name that stays while it is typed.
            key={index}
            index={index}
            feature={feature}
            onFeature={next => setFeature(index, next)}
            onRemove={() => remove(index)}
          />
        ))}
      </div>
      <Group>
        <Button variant="default" onClick={add}>
          {words.add}
        </Button>
      </Group>
      <Fields>
        <TextField
          path="schema.outcome.name"
          label={words.outcome}
          hint={words.outcomeHint}
          value={outcome.name}
          onValue={name => setSchema({ ...schema, outcome: { ...outcome, name } })}
        />
        <TextField
          path="schema.outcome.label"
          label={words.outcomeLabel}
          value={outcome.label ?? ''}
          onValue={label => setSchema({ ...schema, outcome: { ...outcome, label } })}
        />
      </Fields>
    </Panel>
  )
}

interface FromFileProps {
  readonly desk: SponsorDesk
  readonly onRead: (schema: TableSchema) => void
}

function FromFile({ desk, onRead }: FromFileProps) {
  const words = sponsorTexts.schema
  const action = useAction()
  const { form } = useForm()
  const [chosen, setChosen] = useState<{ readonly file: File; readonly columns: readonly string[] } | null>(null)
  const [label, setLabel] = useState('')
  const [read, setRead] = useState<number | null>(null)
  const look = (file: File | null) => {
    if (file === null) return
    setRead(null)
    void action.run(async () => {
      const columns = await desk.columnsOf(file)
      setChosen({ file, columns })
      setLabel(columns.at(-1) ?? '')
    })
  }
  const use = (file: File) =>
    action.run(async () => {
      const schema = await desk.inferSchema([file], label)
      onRead(schema)
      setRead(schema.features.length)
      setChosen(null)
    })
  return (
    <Stack gap="xs">
      <Group>
        <FileButton accept=".csv,text/csv" onChange={look} inputProps={{ 'aria-label': words.fromFile }}>
          {props => (
            <Button {...props} variant={form.template === 'csv' ? 'outline' : 'default'} loading={action.isBusy}>
              {words.fromFile}
            </Button>
          )}
        </FileButton>
      </Group>
      <Text size="sm" c="dimmed" className="ward-measure">
        {words.fromFileHint}
      </Text>
      {chosen && (
        <Group align="end">
          <NativeSelect
            label={words.outcomeOf(chosen.file.name)}
            value={label}
            data={[...chosen.columns]}
            onChange={event => setLabel(event.currentTarget.value)}
          />
          <Button variant="default" loading={action.isBusy} onClick={() => void use(chosen.file)}>
            {words.readIt}
          </Button>
        </Group>
      )}
      <div role="status">{read !== null && <Text size="sm">{words.readDone(read)}</Text>}</div>
      {action.error && <ActionError error={action.error} />}
    </Stack>
  )
}

interface ColumnProps {
  readonly index: number
  readonly feature: Feature
  readonly onFeature: (feature: Feature) => void
  readonly onRemove: () => void
}

function Column({ index, feature, onFeature, onRemove }: ColumnProps) {
  const words = sponsorTexts.schema
  const { problems } = useForm()
  const path = `schema.features.${index}`
  const hasProblem = Object.keys(problems).some(other => other.startsWith(`${path}.`))
  const [isOpen, setOpen] = useState(hasProblem)
  const setType = (type: Feature['type']) => {
    const { name, label } = feature
    const common = { name, ...(label !== undefined && { label }) }
    onFeature(type === 'category' ? { type, ...common, levels: [] } : { type, ...common })
  }
  return (
    <details className="ward-column" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {hasProblem && <span aria-hidden="true">▲ </span>}
        {summaryOf(feature) || words.column(index)}
      </summary>
      <Stack gap="md">
        <Fields>
          <TextField
            path={`${path}.name`}
            label={words.name}
            value={feature.name}
            onValue={name => onFeature({ ...feature, name })}
          />
          <TextField
            path={`${path}.label`}
            label={words.label}
            value={feature.label ?? ''}
            onValue={label => onFeature({ ...feature, label })}
          />
          <NativeSelect
            label={words.type}
            value={feature.type}
            data={(['number', 'binary', 'category'] as const).map(type => ({ value: type, label: words.types[type] }))}
            onChange={event => setType(event.currentTarget.value as Feature['type'])}
          />
          {feature.type === 'number' && (
            <>
              <TextField
                path={`${path}.unit`}
                label={words.unit}
                value={feature.unit ?? ''}
                onValue={unit => onFeature({ ...feature, unit })}
              />
              <NumberField
                path={`${path}.min`}
                label={words.min}
                value={feature.min ?? null}
                onValue={min => onFeature({ ...feature, min: min ?? undefined })}
              />
              <NumberField
                path={`${path}.max`}
                label={words.max}
                value={feature.max ?? null}
                onValue={max => onFeature({ ...feature, max: max ?? undefined })}
              />
            </>
          )}
          {feature.type === 'category' && (
            <TextField
              path={`${path}.levels`}
              label={words.levels}
              value={feature.levels.join(', ')}
              onValue={text => onFeature({ ...feature, levels: text === '' ? [] : text.split(/, ?/) })}
            />
          )}
        </Fields>
        <Group>
          <Button
            variant="subtle"
            color="gray"
            c="dimmed"
            size="compact-sm"
            aria-label={words.removeLabel(feature.name)}
            onClick={onRemove}
          >
            {words.remove}
          </Button>
        </Group>
      </Stack>
    </details>
  )
}

/** A column in one line. @example summaryOf(age) // 'age: Age, number, years, 0 to 120' */
function summaryOf(feature: Feature): string {
  const { types } = sponsorTexts.schema
  const parts = [feature.label, types[feature.type].toLowerCase()]
  if (feature.type === 'number') {
    parts.push(feature.unit)
    if (feature.min !== undefined && feature.max !== undefined) parts.push(`${feature.min} to ${feature.max}`)
  }
  if (feature.type === 'category') parts.push(feature.levels.join(' / '))
  return feature.name === '' ? '' : `${feature.name}: ${parts.filter(part => part).join(', ')}`
}
