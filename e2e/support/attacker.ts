import { join } from 'node:path'
import { createEngine, type Engine } from '../../src/training/engine.ts'
import { buildFaultyApp } from './faultyBuild.ts'
import { type HeadlessHospital, type HeadlessOptions, startHeadlessHospital } from './headless.ts'

/**
 * A hospital that trains honestly and then submits the opposite of what it learned: base − (trained − base). Everything else
 * it does by the rules, so that nothing but the content of its updates gives it away.
 */
export function startSignFlipper(options: Omit<HeadlessOptions, 'createEngine'>): Promise<HeadlessHospital> {
  return startHeadlessHospital({ ...options, createEngine: async () => flipping(await createEngine('cpu')) })
}

function flipping(engine: Engine): Engine {
  return {
    ...engine,
    async train(call) {
      const result = await engine.train(call)
      // Its own part, and the model that it trains alone to compare with, are of no interest to others: left as they are.
      if (call.anchor === undefined) return result
      const parameters = result.parameters.map((value, i) => 2 * (call.parameters[i] as number) - value)
      return { ...result, parameters }
    },
  }
}

/**
 * Builds the app of a hospital of a proven study that doubles what it learned in a round. What it commits to, sends and tries to prove is
 * all of the doubled update, so that nothing but the proof gives it away.
 *
 * @returns the folder of the build
 */
export function buildScalingApp(folder: string): Promise<string> {
  const fault = {
    file: 'src/training/ProvenRounds.ts',
    find: 'trainRound(this.#shape, start,',
    replace: `(async (...given) => {
      const trained = await trainRound(...given)
      return trained.map((weight, i) => 2n * weight - start[i])
    })(this.#shape, start,`,
  }
  return buildFaultyApp(join(folder, 'scaling-app'), [fault])
}
