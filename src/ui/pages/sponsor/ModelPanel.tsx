import { Button, Collapse, FileButton, Group, NativeSelect, Radio, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import { type ModelKind, modelKinds, parametersOf, withModel } from '../../../app/sponsorForm.ts'
import type { DataSchema, ModelSpec } from '../../../study/manifest.ts'
import { Panel } from '../../components/Panel.tsx'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { ActionError } from '../../views/live/ActionError.tsx'
import { Fields, NumberField, useForm, useProblem } from './fields.tsx'
import { useAction } from './useAction.ts'

const places = ['none', 'bias', 'head'] as const satisfies readonly ModelSpec['siteLocal'][]

/** The model, and what of it stays at each hospital. */
export function ModelPanel({ desk }: { readonly desk: SponsorDesk }) {
  const words = sponsorTexts.model
  const { form, change } = useForm()
  const problem = useProblem('model')
  const kinds = modelKinds.filter(kind => fits(kind, form.schema))
  const size = parametersOf(form)
  return (
    <Panel question={words.heading}>
      <Radio.Group
        label={words.kind}
        value={form.modelKind}
        onChange={kind => change(withModel(form, kind as ModelKind))}
      >
        <Stack gap="sm" mt="xs">
          {kinds.map(kind => (
            <Radio key={kind} value={kind} label={words.kinds[kind]} description={words.explains[kind]} />
          ))}
        </Stack>
      </Radio.Group>
      {form.modelKind === 'mlp' && <Hidden />}
      {form.modelKind === 'cnn' && (
        <Fields>
          {form.filters.map((filters, i) => (
            <NumberField
              // biome-ignore lint/suspicious/noArrayIndexKey: a layer is its place.
              key={i}
              path={`filters.${i}`}
              label={words.filters(i)}
              isWhole
              value={filters}
              onValue={value => change({ ...form, filters: form.filters.map((old, j) => (j === i ? value : old)) })}
            />
          ))}
        </Fields>
      )}
      {form.modelKind === 'own' && <OwnFile desk={desk} />}
      {form.proving === null && (
        <NativeSelect
          label={words.siteLocal}
          maw={480}
          value={form.siteLocal}
          data={places.map(place => ({ value: place, label: words.siteLocals[place] }))}
          onChange={event => change({ ...form, siteLocal: event.currentTarget.value as ModelSpec['siteLocal'] })}
        />
      )}
      <Text size="sm" c="dimmed" aria-live="polite">
        {size !== null && words.size(size.all, size.fixed)}
      </Text>
      {problem && (
        <Text role="alert" size="sm" c="var(--ward-danger)" data-path="model" tabIndex={-1}>
          <span aria-hidden="true">■ </span>
          {problem}
        </Text>
      )}
    </Panel>
  )
}

function fits(kind: ModelKind, schema: DataSchema): boolean {
  if (kind === 'cnn') return schema.kind === 'images'
  return kind !== 'edges' || (schema.kind === 'images' && schema.channels === 1)
}

/** Most hidden layers that the form takes. */
const MOST_LAYERS = 4

function Hidden() {
  const words = sponsorTexts.model
  const { form, change } = useForm()
  const { hidden } = form
  return (
    <Stack gap="sm">
      <Fields>
        {hidden.map((units, i) => (
          <NumberField
            // biome-ignore lint/suspicious/noArrayIndexKey: a layer is its place.
            key={i}
            path={`hidden.${i}`}
            label={words.hidden(i)}
            isWhole
            value={units}
            onValue={value => change({ ...form, hidden: hidden.map((old, j) => (j === i ? value : old)) })}
          />
        ))}
      </Fields>
      <Group>
        {hidden.length < MOST_LAYERS && (
          <Button variant="default" size="compact-sm" onClick={() => change({ ...form, hidden: [...hidden, 16] })}>
            {words.addLayer}
          </Button>
        )}
        {hidden.length > 1 && (
          <Button variant="default" size="compact-sm" onClick={() => change({ ...form, hidden: hidden.slice(0, -1) })}>
            {words.removeLayer}
          </Button>
        )}
      </Group>
    </Stack>
  )
}

function OwnFile({ desk }: { readonly desk: SponsorDesk }) {
  const words = sponsorTexts.model
  const { form, change } = useForm()
  const action = useAction()
  const { own } = form
  const read = (files: File[]) =>
    void action.run(async () => {
      if (files.length > 0) change({ ...form, own: await desk.readOwnModel(files) })
    })
  return (
    <Stack gap="xs">
      <Group>
        <FileButton multiple accept=".json,.bin" onChange={read} inputProps={{ 'aria-label': words.file }}>
          {props => (
            <Button {...props} variant="default" loading={action.isBusy}>
              {own ? words.fileAgain : words.file}
            </Button>
          )}
        </FileButton>
      </Group>
      <Text size="sm" c="dimmed">
        {own ? words.fileRead(own.file, own.parameters.length) : words.fileHint}
      </Text>
      {action.error && <ActionError error={action.error} />}
    </Stack>
  )
}

/** How hospitals train; closed at first, because the defaults were measured. */
export function TrainingPanel() {
  const words = sponsorTexts.training
  const { form, change, problems } = useForm()
  const hasProblem = ['training', 'patientsPerWeight', 'seed'].some(start =>
    Object.keys(problems).some(path => path.startsWith(start)),
  )
  const [isShown, setShown] = useState(false)
  const isOpen = isShown || hasProblem
  const { training } = form
  const isProven = form.proving !== null
  const weighsAlike = form.masking !== null && form.privacy !== null
  const field = (name: keyof typeof training, isWhole = false, step = 0.01) => (
    <NumberField
      path={`training.${name}`}
      label={words[name]}
      isWhole={isWhole}
      step={isWhole ? 1 : step}
      value={training[name]}
      onValue={value => change({ ...form, training: { ...training, [name]: value } })}
    />
  )
  return (
    <Panel
      question={words.heading}
      answer={
        isProven && training.batchSize !== null && training.learningRate !== null
          ? sponsorTexts.proving.training(training.batchSize, training.learningRate)
          : words.answer
      }
    >
      <Group>
        <Button variant="default" aria-expanded={isOpen} onClick={() => setShown(!isOpen)}>
          {isOpen ? words.hide : words.show}
        </Button>
      </Group>
      <Collapse expanded={isOpen}>
        <Stack gap="md">
          <Fields>
            {!isProven && field('epochs', true)}
            {field('batchSize', true)}
            {field('learningRate')}
            {!isProven && (
              <>
                {field('momentum')}
                {field('l2')}
                {field('proximal')}
              </>
            )}
            {!weighsAlike && (
              <NumberField
                path="patientsPerWeight"
                label={words.patientsPerWeight}
                hint={words.patientsPerWeightHint}
                isWhole
                value={form.patientsPerWeight}
                onValue={patientsPerWeight => change({ ...form, patientsPerWeight })}
              />
            )}
            <NumberField
              path="seed"
              label={words.seed}
              hint={words.seedHint}
              isWhole
              value={form.seed}
              onValue={seed => change({ ...form, seed })}
            />
          </Fields>
          {form.schema.kind === 'table' && form.privacy === null && !isProven && (
            <Switch
              label={words.standardise}
              description={words.standardiseHint}
              checked={form.standardise}
              onChange={event => change({ ...form, standardise: event.currentTarget.checked })}
            />
          )}
        </Stack>
      </Collapse>
    </Panel>
  )
}
