import { Group, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core'
import { createContext, type ReactNode, useContext, useState } from 'react'
import type { Problems, SponsorForm } from '../../../app/sponsorForm.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { fieldOrder } from './fieldOrder.ts'

/** What every field of the form needs. */
export interface FormContext {
  readonly form: SponsorForm
  readonly problems: Problems
  /** Fields that a person has left once, by path; '*' once it wanted to sign. */
  readonly touched: ReadonlySet<string>
  readonly touch: (path: string) => void
  readonly change: (form: SponsorForm) => void
}

const Context = createContext<FormContext | null>(null)
export const FormProvider = Context.Provider

export function useForm(): FormContext {
  const context = useContext(Context)
  if (context === null) throw new TypeError('a field stands outside of its form')
  return context
}

/** What is wrong with a field, in words; nothing before the person has been there. */
export function useProblem(path: string): string | null {
  const { problems, touched } = useForm()
  const problem = problems[path]
  if (problem === undefined) return null
  // What is left empty is said only once the person went on; what is wrong at once.
  return problem.kind !== 'missing' || touched.has(path) || touched.has('*') ? sponsorTexts.problem(problem) : null
}

interface FieldProps {
  /** As the problems name it. */
  readonly path: string
  readonly label: string
  readonly hint?: string | undefined
}

interface TextFieldProps extends FieldProps {
  readonly value: string
  readonly onValue: (value: string) => void
  readonly rows?: number
}

export function TextField({ path, label, hint, value, onValue, rows }: TextFieldProps) {
  const { touch } = useForm()
  const problem = useProblem(path)
  const common = {
    label,
    value,
    error: problem,
    description: hint,
    inputWrapperOrder: fieldOrder,
    'data-path': path,
    onBlur: () => touch(path),
  }
  return rows === undefined ? (
    <TextInput {...common} onChange={event => onValue(event.currentTarget.value)} />
  ) : (
    <Textarea {...common} autosize minRows={rows} onChange={event => onValue(event.currentTarget.value)} />
  )
}

interface NumberFieldProps extends FieldProps {
  readonly value: number | null
  readonly onValue: (value: number | null) => void
  readonly step?: number
  readonly isWhole?: boolean
}

export function NumberField({ path, label, hint, value, onValue, step, isWhole = false }: NumberFieldProps) {
  const { touch } = useForm()
  const problem = useProblem(path)
  return (
    <NumberInput
      label={label}
      description={hint}
      inputWrapperOrder={fieldOrder}
      value={value ?? ''}
      error={problem}
      allowDecimal={!isWhole}
      decimalScale={isWhole ? 0 : 9}
      {...(step !== undefined && { step })}
      data-path={path}
      onChange={typed => onValue(typeof typed === 'number' && Number.isFinite(typed) ? typed : null)}
      onBlur={() => touch(path)}
    />
  )
}

const units = { s: 1, min: 60, h: 3600, d: 86_400 } as const
type Unit = keyof typeof units

/** The largest unit in which so many seconds are a whole number. */
function unitOf(seconds: number | null): Unit {
  if (seconds === null || seconds === 0) return 's'
  return (['d', 'h', 'min'] as const).find(unit => seconds % units[unit] === 0) ?? 's'
}

interface DurationFieldProps extends FieldProps {
  /** Seconds. */
  readonly value: number | null
  readonly onValue: (seconds: number | null) => void
}

/** A duration as a number and its unit. */
export function DurationField({ path, label, value, onValue }: DurationFieldProps) {
  const words = sponsorTexts.timing
  const [chosen, setChosen] = useState<Unit | null>(null)
  const unit = chosen ?? unitOf(value)
  // A unit in which the value is a fraction would be read wrong after a preset was taken.
  const shown = value !== null && value % units[unit] !== 0 ? unitOf(value) : unit
  return (
    <Group gap="xs" align="start" wrap="nowrap">
      <div className="ward-grow">
        <NumberField
          path={path}
          label={label}
          isWhole
          value={value === null ? null : value / units[shown]}
          onValue={typed => onValue(typed === null ? null : typed * units[shown])}
        />
      </div>
      <NativeSelect
        label={words.unit}
        aria-label={`${label}: ${words.unit}`}
        value={shown}
        data={(Object.keys(units) as Unit[]).map(key => ({ value: key, label: words.units[key] }))}
        onChange={event => {
          const next = event.currentTarget.value as Unit
          setChosen(next)
          if (value !== null) onValue((value / units[shown]) * units[next])
        }}
      />
    </Group>
  )
}

/** Fields side by side where there is room. */
export function Fields({ children }: { readonly children: ReactNode }) {
  return <div className="ward-fields">{children}</div>
}
