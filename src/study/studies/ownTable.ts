import { encodedWidth } from '../../data/encode.ts'
import { isNamedLike } from '../../data/mapping.ts'
import type { Manifest, TableSchema } from '../manifest.ts'
import { type PlanOptions, type StudyPlan, suggestedSeconds, suggestedStakes } from './StudyPlan.ts'

/** A study on hospitals' own tables: the same model and settings as heart, for any columns and a yes/no outcome. */
export function ownTableStudy(
  schema: TableSchema,
  { rounds = 15, seed = 1, relays = [], name = 'Own study' }: PlanOptions & { readonly name?: string } = {},
): StudyPlan {
  const subgroups = subgroupsOf(schema)
  return {
    manifest: {
      version: 1,
      name,
      purpose: `Predict “${schema.outcome.label ?? schema.outcome.name}” from ${schema.features.length} columns.`,
      schema,
      model: {
        input: [encodedWidth(schema)],
        layers: [{ type: 'dense', units: 1, activation: 'linear' }],
        siteLocal: 'bias',
      },
      training: { epochs: 1, batchSize: 8, learningRate: 0.05, momentum: 0, l2: 0.15, proximal: 0 },
      standardise: true,
      patientsPerWeight: 20,
      seed,
      relays: [...relays],
      intendedUse:
        'For research with patients like those it was learned from. It was not tested for the care of a patient: what it ' +
        'says of one is no diagnosis.',
      ...(subgroups.length > 0 && { subgroups }),
    },
    rules: { rounds, standardise: true, margin: -400, ...suggestedStakes, ...suggestedSeconds },
  }
}

/** Bands that most results for adults are reported in. */
const ageBorders = [40, 65]

/** Columns named like sex and age, where they are such columns. */
function subgroupsOf({ features }: TableSchema): NonNullable<Manifest['subgroups']> {
  const sex = features.find(feature => feature.type !== 'number' && isNamedLike(feature, 'sex'))
  const age = features.find(feature => feature.type === 'number' && isNamedLike(feature, 'age'))
  return [...(sex ? [{ column: sex.name }] : []), ...(age ? [{ column: age.name, borders: [...ageBorders] }] : [])]
}
