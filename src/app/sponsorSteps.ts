import type { Address } from '../study/types.ts'

/** What a sponsor's tab does to bring a study about, in order. The first four are signed. */
export const stepNames = ['audits', 'create', 'fund', 'gas', 'initial', 'manifest'] as const
export type StepName = (typeof stepNames)[number]

/** How far a study has come; the chain's word counts where it has one. */
export interface CreationProgress {
  /** Proven studies: whether the chain knows what is proven. */
  readonly audits: boolean
  /** null until it is created. */
  readonly study: Address | null
  readonly funded: boolean
  readonly gas: boolean
  readonly initial: boolean
  readonly manifest: boolean
}

export const nothingDone: CreationProgress = {
  audits: false,
  study: null,
  funded: false,
  gas: false,
  initial: false,
  manifest: false,
}

/** What the plan asks for beside the steps that every study takes. */
export interface PlannedSteps {
  readonly hasGasPot: boolean
  readonly hasInitial: boolean
  readonly isProven: boolean
}

/** What the chain says of a study. */
export interface CreationFacts {
  /** The study that an earlier attempt created, whether or not its receipt was seen. */
  readonly study: Address | null
  readonly isFunded: boolean
  /** Wei in its gas pot. */
  readonly pot: bigint
}

/** All steps of a plan, in order. */
export function stepsOf({ hasGasPot, hasInitial, isProven }: PlannedSteps): readonly StepName[] {
  const isAsked = { audits: isProven, gas: hasGasPot, initial: hasInitial, create: true, fund: true, manifest: true }
  return stepNames.filter(step => isAsked[step])
}

/** The first step that is not done; null once all are. */
export function nextStep(plan: PlannedSteps, progress: CreationProgress): StepName | null {
  return stepsOf(plan).find(step => !isDone(step, progress)) ?? null
}

export function isDone(step: StepName, progress: CreationProgress): boolean {
  switch (step) {
    case 'create':
      return progress.study !== null
    case 'fund':
      return progress.funded
    default:
      return progress[step]
  }
}

/**
 * What was noted, corrected by the chain: a tab may have closed between a transaction and its note. A gas pot that was
 * filled and is empty again was spent, and is not filled twice.
 */
export function reconcile(noted: CreationProgress, facts: CreationFacts): CreationProgress {
  return {
    ...noted,
    study: noted.study ?? facts.study,
    funded: noted.funded || facts.isFunded,
    gas: noted.gas || facts.pot > 0n,
  }
}

/** The effects of each step. Each may be called again after it failed or its tab closed. */
export interface CreationPorts {
  facts(noted: CreationProgress): Promise<CreationFacts>
  /** Makes known to the chain what is proven; where that is known already, it costs nothing. */
  publishAudits(): Promise<void>
  /** @returns the study's address */
  create(): Promise<Address>
  fund(study: Address): Promise<void>
  gas(study: Address): Promise<void>
  initial(): Promise<void>
  manifest(): Promise<void>
  /** Resolves once the progress would survive the tab's end. */
  note(progress: CreationProgress): Promise<void>
}

/**
 * Takes all steps that are left. Called again after a reload or a declined signature it goes on where it was: it asks the
 * chain first, so that nothing is created or paid twice.
 * @param onStep told of each step before it begins
 * @throws whatever a step throws; what was done until then is noted
 */
export async function runSteps(
  plan: PlannedSteps,
  noted: CreationProgress,
  ports: CreationPorts,
  onStep: (step: StepName) => void,
): Promise<CreationProgress> {
  let progress = reconcile(noted, await ports.facts(noted))
  await ports.note(progress)
  for (let step = nextStep(plan, progress); step !== null; step = nextStep(plan, progress)) {
    onStep(step)
    progress = await take(step, progress, ports)
    await ports.note(progress)
  }
  return progress
}

async function take(step: StepName, progress: CreationProgress, ports: CreationPorts): Promise<CreationProgress> {
  if (step === 'audits') {
    await ports.publishAudits()
    return { ...progress, audits: true }
  }
  if (step === 'create') return { ...progress, study: await ports.create() }
  const { study } = progress
  if (study === null) throw new TypeError(`${step} comes after create`)
  switch (step) {
    case 'fund':
      await ports.fund(study)
      return { ...progress, funded: true }
    case 'gas':
      await ports.gas(study)
      return { ...progress, gas: true }
    default:
      await ports[step]()
      return { ...progress, [step]: true }
  }
}
