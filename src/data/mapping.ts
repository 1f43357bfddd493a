import { AppError } from '../errors/AppError.ts'
import type { TableSchema } from '../study/manifest.ts'

/** Which column of a person's file holds which column of the study; null: none. */
export type ColumnMapping = Readonly<Record<string, string | null>>

interface Wanted {
  readonly name: string
  readonly label?: string | undefined
}

/** Other names for what studies often ask, as key() writes them. The outcome has its own. */
const synonyms: readonly (readonly string[])[] = [
  ['age', 'years', 'ageyears', 'ageinyears', 'ageatvisit', 'ageatadmission', 'patientage'],
  ['sex', 'gender', 'male', 'ismale', 'sexmale'],
  ['cp', 'chestpain', 'chestpaintype', 'paintype'],
  ['trestbps', 'restingbloodpressure', 'restingbp', 'restbp', 'bloodpressure', 'bp', 'sbp', 'systolic', 'systolicbp'],
  ['chol', 'cholesterol', 'serumcholesterol', 'totalcholesterol', 'serumchol'],
  ['fbs', 'fastingbloodsugar', 'fastingbs', 'fastingglucose'],
  ['restecg', 'restingecg', 'restecgresult', 'ecg', 'ekg'],
  ['thalach', 'thalachh', 'maxheartrate', 'maxhr', 'maximumheartrate', 'highestheartrate', 'peakheartrate'],
  ['exang', 'exerciseangina', 'exerciseinducedangina', 'anginaonexercise'],
  ['oldpeak', 'stdepression', 'stdepressiononexercise'],
  ['bmi', 'bodymassindex'],
  ['height', 'heightcm', 'bodyheight'],
  ['weight', 'weightkg', 'bodyweight'],
]
const outcomeNames: readonly string[] = [
  ...['num', 'target', 'outcome', 'label', 'class', 'result', 'diagnosis', 'disease', 'heartdisease', 'condition'],
]

/**
 * Finds a study's columns among a file's: by name, by label, then without regard to case and punctuation, then by common
 * other names. Of two columns that would do equally well none is taken, and none is taken twice.
 * @param given what the person chose: a column of the file, or null for none; what it does not name is guessed
 */
export function guessMapping(
  columns: readonly string[],
  schema: TableSchema,
  given: ColumnMapping | null = null,
): ColumnMapping {
  const outcome: Wanted = { name: schema.outcome.name, label: schema.outcome.label }
  const wanted: readonly Wanted[] = [...schema.features.map(({ name, label }) => ({ name, label })), outcome]
  const found = new Map<string, string | null>()
  const taken = new Set<string>()
  const known = new Set(columns)
  for (const { name } of wanted) {
    const choice = given?.[name]
    if (choice === undefined) continue
    const column = choice !== null && known.has(choice) ? choice : null
    found.set(name, column)
    if (column !== null) taken.add(column)
  }
  const keyed = columns.map(column => ({ column, keys: new Set([key(column), key(withoutUnit(column))]) }))
  // From the surest to the boldest, for all columns, so that a bold guess never takes what another column is sure of.
  const rules: readonly ((wanted: Wanted) => (candidate: (typeof keyed)[number]) => boolean)[] = [
    ({ name }) =>
      ({ column }) =>
        column === name,
    ({ label }) =>
      ({ column }) =>
        column === label,
    ({ name }) =>
      ({ keys }) =>
        keys.has(key(name)),
    ({ label }) =>
      ({ keys }) =>
        label !== undefined && keys.has(key(label)),
    one => {
      const names = one === outcome ? outcomeNames : otherNames(one)
      return ({ keys }) => names.some(name => keys.has(name))
    },
  ]
  for (const rule of rules) {
    for (const one of wanted) {
      if (found.has(one.name)) continue
      const fits = keyed.filter(candidate => !taken.has(candidate.column) && rule(one)(candidate))
      if (fits.length !== 1) continue
      const { column } = fits[0] as (typeof keyed)[number]
      found.set(one.name, column)
      taken.add(column)
    }
  }
  return Object.fromEntries(wanted.map(({ name }) => [name, found.get(name) ?? null]))
}

/** @throws AppError data.mappedTwice where a column of the file stands for two of the study */
export function checkMapping(mapping: ColumnMapping, file: string): void {
  const usedBy = new Map<string, string>()
  for (const [name, column] of Object.entries(mapping)) {
    if (column === null) continue
    const first = usedBy.get(column)
    if (first !== undefined) throw new AppError('data.mappedTwice', { file, column, first, second: name })
    usedBy.set(column, name)
  }
}

/** Whether a column is one of a kind, such as "sex": by its name, its label or a common other name. */
export function isNamedLike(column: Wanted, kind: 'sex' | 'age'): boolean {
  const names = new Set(synonyms.find(group => group[0] === kind))
  return [column.name, column.label ?? ''].some(name => names.has(key(name)) || names.has(key(withoutUnit(name))))
}

function otherNames({ name, label }: Wanted): readonly string[] {
  const own = [key(name), key(label ?? '')].filter(text => text !== '')
  return synonyms.filter(group => own.some(text => group.includes(text))).flat()
}

/** Letters and digits only, without case and accents. */
function key(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}

/** "Age (years)" and "Age [years]" without what is in brackets. */
function withoutUnit(name: string): string {
  return name.replace(/[([].*?[)\]]/g, '')
}
