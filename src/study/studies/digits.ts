import { digitsSchema } from '../../data/digits.ts'
import { type PlanOptions, type StudyPlan, suggestedSeconds, suggestedStakes } from './StudyPlan.ts'

/** Handwritten digits split among hospitals: the paper's task, here with a small dense network. */
export function digitsStudy({ rounds = 4, seed = 1, relays = [] }: PlanOptions = {}): StudyPlan {
  return {
    manifest: {
      version: 1,
      name: 'Handwritten digits',
      purpose: 'Recognise handwritten digits (MNIST), its training images split among the hospitals.',
      schema: digitsSchema,
      model: {
        input: [28, 28, 1],
        layers: [
          { type: 'flatten' },
          { type: 'dense', units: 128, activation: 'relu' },
          { type: 'dense', units: 10, activation: 'linear' },
        ],
        siteLocal: 'none',
      },
      training: { epochs: 2, batchSize: 32, learningRate: 0.1, momentum: 0.9, l2: 0, proximal: 0 },
      standardise: false,
      patientsPerWeight: 5000,
      seed,
      relays: [...relays],
    },
    rules: { rounds, standardise: false, margin: -5000, ...suggestedStakes, ...suggestedSeconds },
  }
}
