import type { TableSchema } from '../../../study/manifest.ts'

/** What stands in the form's fields, by column; empty or absent: not known. */
export type FormValues = Readonly<Record<string, string>>

/**
 * What was typed in as the model's input: numbers with a point or a comma, empty fields as missing.
 * @returns the columns whose text is no number under `bad`
 */
export function inputOf(
  { features }: TableSchema,
  values: FormValues,
): { readonly input: Record<string, string | number | null>; readonly bad: readonly string[] } {
  const input: Record<string, string | number | null> = {}
  const bad: string[] = []
  for (const { name, type } of features) {
    const text = (values[name] ?? '').trim()
    if (text === '') input[name] = null
    else if (type === 'category') input[name] = text
    else {
      const value = Number(text.replace(',', '.'))
      if (Number.isFinite(value)) input[name] = value
      else {
        input[name] = null
        bad.push(name)
      }
    }
  }
  return { input, bad }
}

/** What people call a column of the study. */
export function labelOf({ features }: TableSchema, name: string): string {
  return features.find(feature => feature.name === name)?.label ?? name
}
