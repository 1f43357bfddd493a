import { averageUpdates } from '../../src/aggregation/average.ts'
import type { ImageDataset } from '../../src/data/dataset.ts'
import { encodeImages } from '../../src/data/encode.ts'
import { pldAccountant } from '../../src/privacy/accountant/pld.ts'
import { rdpAccountant } from '../../src/privacy/accountant/rdp.ts'
import { sigmaFor } from '../../src/privacy/accountant/sigmaFor.ts'
import { noisyOnGrid } from '../../src/privacy/noise/grid.ts'
import { initialParameters, parameterLayout } from '../../src/study/layout.ts'
import { edgesModel } from '../../src/study/studies/edges.ts'
import type { Engine } from '../../src/training/engine.ts'
import { evaluation } from '../../src/training/metrics.ts'

export interface DigitsSettings {
  readonly epsilon: number
  readonly delta: number
  readonly rounds: number
  readonly stepsPerRound: number
  readonly sampleRate: number
  readonly learningRate: number
  readonly clip: number
}

export interface DigitsReport {
  readonly sigma: number
  /** What the ledger charges for all rounds, and the tighter numerical bound. */
  readonly epsilon: { readonly charged: number; readonly numerical: number }
  /** On all test images, after each round. */
  readonly accuracy: readonly number[]
  readonly images: readonly number[]
  readonly parameters: { readonly trained: number; readonly all: number }
}

/**
 * Hospitals that learn digits from each other, every image's patient protected: private steps at each, then the average, round
 * after round. Nothing is sealed or put on a chain. The edge filters are frozen.
 */
export async function learnDigitsPrivately(
  datasets: readonly ImageDataset[],
  { epsilon, delta, rounds, stepsPerRound, sampleRate, learningRate, clip }: DigitsSettings,
  engine: Engine,
  log: (line: string) => void,
): Promise<DigitsReport> {
  const steps = rounds * stepsPerRound
  const sigma = sigmaFor({ epsilon, delta, q: sampleRate, steps })
  const layout = parameterLayout(edgesModel)
  const head = layout.tensors.flatMap(({ frozen }, i) => (frozen ? [] : [i]))
  const hospitals = datasets.map(({ train }) => encodeImages(train))
  const test = encodeImages(datasets[0]!.test)

  let parameters = initialParameters(edgesModel, 0)
  const accuracy: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const updates = []
    for (const [index, examples] of hospitals.entries()) {
      const trained = await engine.trainPrivately({
        model: edgesModel,
        training: { learningRate, momentum: 0, l2: 0, proximal: 0 },
        parameters,
        examples,
        steps: stepsPerRound,
        sampleRate,
        groups: [{ tensors: head, clip, noiseMultiplier: sigma }],
        noise: noisyOnGrid,
      })
      updates.push({ index, weight: 1, vector: trained.parameters.map((value, i) => value - parameters[i]!) })
    }
    parameters = averageUpdates(parameters, updates)
    const probabilities = await engine.predict(edgesModel, parameters, test.inputs, test.count)
    accuracy.push(evaluation(probabilities, test.labels, layout.outputs).accuracy)
    log(`digits, round ${round} of ${rounds}: ${accuracy.at(-1)}`)
  }
  const mechanism = { sigma, q: sampleRate, steps }
  return {
    sigma,
    epsilon: {
      charged: rdpAccountant().epsilon([mechanism], delta),
      numerical: pldAccountant().epsilon([mechanism], delta),
    },
    accuracy,
    images: hospitals.map(({ count }) => count),
    parameters: { trained: layout.sharedSize, all: layout.size },
  }
}
