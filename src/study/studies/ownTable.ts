import { encodedWidth } from '../../data/encode.ts'
import type { TableSchema } from '../manifest.ts'
import { type PlanOptions, type StudyPlan, suggestedSeconds, suggestedStakes } from './StudyPlan.ts'

/** A study on hospitals' own tables: the same model and settings as heart, for any columns and a yes/no outcome. */
export function ownTableStudy(
  schema: TableSchema,
  { rounds = 15, seed = 1, relays = [], name = 'Own study' }: PlanOptions & { readonly name?: string } = {},
): StudyPlan {
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
    },
    rules: { rounds, standardise: true, margin: -400, ...suggestedStakes, ...suggestedSeconds },
  }
}
