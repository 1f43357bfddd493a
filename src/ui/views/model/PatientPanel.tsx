import { Alert, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { ShownPrediction } from '../../../app/desks/modelView.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { AppErrorData } from '../../../errors/AppError.ts'
import type { Feature, Manifest, TableSchema } from '../../../study/manifest.ts'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { Answer } from './Answer.tsx'
import { type FormValues, inputOf, labelOf } from './patientForm.ts'

interface PatientPanelProps {
  readonly session: HospitalSession
  readonly schema: TableSchema
  readonly manifest: Manifest
  readonly shown: ShownPrediction | null
}

/** One patient typed in by the study's columns, and what the model says. */
export function PatientPanel({ session, schema, manifest, shown }: PatientPanelProps) {
  const { patient } = texts.model
  const [values, setValues] = useState<FormValues>({})
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({})
  const [isEmpty, setIsEmpty] = useState(false)
  const [isAsking, setIsAsking] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const change = (name: string, value: string) => {
    setValues(known => ({ ...known, [name]: value }))
    setProblems(({ [name]: _, ...others }) => others)
    setIsEmpty(false)
    // An answer about other values must not stand beside these.
    session.model.forgetPrediction()
  }
  const ask = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const { input, bad } = inputOf(schema, values)
    setProblems(Object.fromEntries(bad.map(name => [name, patient.notANumber])))
    const nothing = Object.values(input).every(value => value === null)
    setIsEmpty(nothing && bad.length === 0)
    if (bad.length > 0 || nothing) {
      const first = bad[0] ?? schema.features[0]?.name
      form.querySelector<HTMLElement>(`[name="${CSS.escape(first ?? '')}"]`)?.focus()
      return
    }
    setIsAsking(true)
    setError(null)
    try {
      await session.model.predict(input)
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setIsAsking(false)
    }
  }
  const clear = () => {
    setValues({})
    setProblems({})
    setIsEmpty(false)
    setError(null)
    session.model.forgetPrediction()
  }
  return (
    <Panel question={patient.heading} answer={`${patient.answer} ${patient.missing}`}>
      <form onSubmit={ask} noValidate autoComplete="off">
        <Stack gap="md">
          <div className="ward-form-grid">
            {schema.features.map(feature => (
              <Field
                key={feature.name}
                feature={feature}
                value={values[feature.name] ?? ''}
                problem={problems[feature.name]}
                onChange={value => change(feature.name, value)}
              />
            ))}
          </div>
          {isEmpty && (
            <Text role="alert" c="var(--ward-danger)">
              {patient.allEmpty}
            </Text>
          )}
          <Group gap="sm">
            <Button type="submit" loading={isAsking} loaderProps={{ type: 'dots' }}>
              {patient.ask}
            </Button>
            <Button variant="subtle" onClick={clear}>
              {patient.clear}
            </Button>
          </Group>
        </Stack>
      </form>
      {error && <ErrorPanel error={error} />}
      <div aria-live="polite" data-testid="prediction">
        {shown && <Answer shown={shown} manifest={manifest} />}
      </div>
      {shown && shown.prediction.unusual.length > 0 && (
        <Alert color="var(--ward-attention)" variant="outline" icon={<span aria-hidden="true">▲</span>}>
          <Stack gap={4}>
            {shown.prediction.unusual.map(({ column, value, range }) => (
              <Text key={column} c="var(--mantine-color-text)">
                {patient.unusual(labelOf(schema, column), value, range)}
              </Text>
            ))}
          </Stack>
        </Alert>
      )}
    </Panel>
  )
}

interface FieldProps {
  readonly feature: Feature
  readonly value: string
  readonly problem: string | undefined
  readonly onChange: (value: string) => void
}

function Field({ feature, value, problem, onChange }: FieldProps) {
  const { patient } = texts.model
  const label = feature.label ?? feature.name
  const common = { name: feature.name, value, error: problem }
  if (feature.type === 'number') {
    const { unit, min, max } = feature
    const hint = min !== undefined && max !== undefined ? patient.range(min, max, unit) : unit
    return (
      <TextInput
        {...common}
        label={label}
        description={hint}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        inputMode="decimal"
        onChange={event => onChange(event.currentTarget.value)}
      />
    )
  }
  const options =
    feature.type === 'binary'
      ? [
          { value: '1', label: patient.yes },
          { value: '0', label: patient.no },
        ]
      : feature.levels.map(level => ({ value: level, label: level }))
  return (
    <NativeSelect
      {...common}
      label={label}
      description={feature.type === 'binary' ? ' ' : ' '}
      data={[{ value: '', label: patient.unknown }, ...options]}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}
