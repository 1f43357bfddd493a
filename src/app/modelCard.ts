import { z } from 'zod'
import { parameterLayout } from '../study/layout.ts'
import { type Feature, isFrozen, type LayerSpec, type Manifest } from '../study/manifest.ts'
import { protectionOf } from '../study/studies/masked.ts'
import type { Measured, ModelDetails, ResultDetails } from '../training/screen.ts'
import type { AuditCount } from './desks/auditsView.ts'
import { cardTexts } from './modelCardTexts.ts'
import { FEWEST_PATIENTS, outcomeCounts } from './results.ts'

const hex = z.string().regex(/^0x[0-9a-f]+$/i)
/** Rounded to hundredths: finer figures of few patients would tell their exact counts. */
const measured = z.object({ value: z.number(), low: z.number(), high: z.number() })
const withheld = z.object({ withheld: z.string().min(1) })
const figure = z.union([measured, withheld])

const figures = z.object({
  accuracy: figure,
  logLoss: figure,
  auc: figure.nullable(),
  /** At the threshold chosen on patients that are not held out. */
  sensitivity: figure.nullable(),
  specificity: figure.nullable(),
  threshold: z.number().nullable(),
})

/** A model card as JSON. Holds nothing that is not public or in bands of at least 20 patients. */
export const modelCardSchema = z.object({
  wardroundModelCard: z.literal(1),
  /** ISO 8601. */
  written: z.iso.datetime(),
  model: z.object({
    study: z.string().min(1),
    purpose: z.string(),
    /** As people count: round zero is the standardisation. */
    round: z.number().int().nonnegative(),
    version: z.number().int().nonnegative().nullable(),
    inputs: z.array(z.object({ name: z.string(), what: z.string() })).min(1),
    outcome: z.string(),
    layers: z.array(z.string()).min(1),
    parameters: z.number().int().positive(),
    /** Of these, those that nobody trained; absent where all were. */
    fixed: z.number().int().positive().optional(),
    atTheHospital: z.string(),
  }),
  intendedUse: z.string().min(1),
  notFor: z.array(z.string()).min(1),
  cohort: z.object({
    hospitals: z.number().int().nonnegative(),
    /** Bands, e.g. "100 to 199". */
    patientsHere: z.string(),
    heldOutHere: z.string(),
    note: z.string(),
  }),
  results: z.union([
    withheld,
    z.object({
      hospital: z.string(),
      together: figures,
      alone: figures.nullable(),
      subgroups: z.array(
        z.object({ name: z.string(), patients: z.string(), together: figure, alone: figure.nullable() }),
      ),
      tooSmall: z.array(z.string()),
    }),
  ]),
  training: z.object({
    rounds: z.number().int().nonnegative(),
    /** Of a study without noise. */
    epochsPerRound: z.number().int().positive().optional(),
    batchSize: z.number().int().positive().optional(),
    /** Of one with noise: steps a round, the probability of a patient to be in one, the longest gradient, noise over it. */
    stepsPerRound: z.number().int().positive().optional(),
    sampleRate: z.number().positive().optional(),
    clip: z.number().positive().optional(),
    /** The clip is where it starts, and follows the patients from there. */
    adaptiveClip: z.literal(true).optional(),
    noise: z.number().positive().optional(),
    learningRate: z.number().positive(),
    momentum: z.number().nonnegative(),
    l2: z.number().nonnegative(),
    proximal: z.number().nonnegative(),
    standardised: z.boolean(),
    seed: z.number().int().nonnegative(),
    /** Of a proven study: batches of a round, as they were fixed before. */
    batchesPerRound: z.number().int().positive().optional(),
  }),
  /** Of a proven study: how many hospitals proved their training, as the chain has it. */
  proofs: z
    .object({
      rounds: z.number().int().nonnegative(),
      /** Fewest and most that proved in a round. */
      fewest: z.number().int().nonnegative(),
      most: z.number().int().nonnegative(),
      failed: z.number().int().nonnegative(),
      note: z.string(),
    })
    .optional(),
  rules: z.array(z.object({ name: z.string(), value: z.string() })),
  provenance: z.object({
    chainId: z.number().int().positive(),
    deployment: hex,
    studyContract: hex,
    modelRegistry: hex,
    manifest: z.string(),
    /** CID of the sealed model's header; only members can open it. */
    model: z.string().nullable(),
    modelHash: hex.nullable(),
    signatures: z.number().int().nonnegative().nullable(),
    transactions: z.array(z.object({ what: z.string(), hash: hex })),
  }),
  limits: z.array(z.string()).min(1),
})

export type ModelCard = z.infer<typeof modelCardSchema>

/** What a card is written from. */
export interface ModelCardSource {
  readonly manifest: Manifest
  readonly hospital: string
  /** Hospitals in the study, as the chain has them. */
  readonly hospitals: number
  /** This hospital's own, held-out ones included. */
  readonly patients: number
  /** Shown number of the model's round, and how many rounds are done. */
  readonly round: number
  readonly completed: number
  readonly details: ResultDetails | null
  /** Of a proven study; null elsewhere, and before the chain was read. */
  readonly proofs: AuditCount | null
  /** The study's rules in words, as the page says them. */
  readonly rules: ModelCard['rules']
  readonly provenance: Omit<ModelCard['provenance'], 'transactions'> & {
    readonly version: number | null
    readonly opened: string | null
    readonly finalised: string | null
  }
  readonly written: Date
}

/** Lower ends of the bands in which patients are counted. */
const bands = [FEWEST_PATIENTS, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]

/** @example patientsBand(137) // '100 to 199' */
export function patientsBand(patients: number): string {
  const at = bands.findLastIndex(from => patients >= from)
  if (at < 0) return cardTexts.fewer(FEWEST_PATIENTS)
  const from = bands[at] as number
  const next = bands[at + 1]
  return next === undefined ? cardTexts.orMore(from) : cardTexts.between(from, next - 1)
}

/**
 * Writes a study's model card from public facts and this hospital's own figures; those only where at least 20 held-out
 * patients are behind them, rounded, and never as counts.
 */
export function modelCard(source: ModelCardSource): ModelCard {
  const { manifest, details, provenance } = source
  const { schema, model, training, privacy, proving } = manifest
  const { version, opened, finalised, ...record } = provenance
  const { size, startSize, sharedSize } = parameterLayout(model)
  return {
    wardroundModelCard: 1,
    written: source.written.toISOString(),
    model: {
      study: manifest.name,
      purpose: manifest.purpose,
      round: source.round,
      version,
      inputs: inputsOf(manifest),
      outcome: schema.kind === 'table' ? (schema.outcome.label ?? schema.outcome.name) : schema.classes.join(', '),
      layers: model.layers.map(layerText),
      parameters: size,
      ...(startSize > sharedSize && { fixed: startSize - sharedSize }),
      atTheHospital: model.calibrated ? cardTexts.calibrated : cardTexts.siteLocal[model.siteLocal],
    },
    intendedUse: manifest.intendedUse ?? cardTexts.use,
    notFor: [...cardTexts.notFor],
    cohort: {
      hospitals: source.hospitals,
      patientsHere: patientsBand(source.patients),
      heldOutHere: patientsBand(details?.patients ?? 0),
      note: cardTexts.cohortNote,
    },
    results: resultsOf(source.hospital, details),
    training: {
      rounds: source.completed,
      ...(privacy === undefined || proving
        ? { epochsPerRound: training.epochs, batchSize: training.batchSize }
        : { stepsPerRound: privacy.steps, sampleRate: privacy.sampleRate }),
      ...(privacy && {
        clip: privacy.clip,
        ...(privacy.adaptive && { adaptiveClip: true as const }),
        noise: Number(privacy.noise.toFixed(3)),
      }),
      learningRate: training.learningRate,
      momentum: training.momentum,
      l2: training.l2,
      proximal: training.proximal,
      standardised: manifest.standardise,
      seed: manifest.seed,
      ...(proving && { batchesPerRound: proving.steps }),
    },
    ...(source.proofs && { proofs: proofsOf(source.proofs, source.hospitals) }),
    rules: source.rules,
    provenance: {
      ...record,
      transactions: [
        { what: cardTexts.transactions.opened, hash: opened },
        { what: cardTexts.transactions.model, hash: finalised },
      ].filter((one): one is { what: typeof one.what; hash: string } => one.hash !== null),
    },
    limits: [...cardTexts.limits, seenText(manifest)],
  }
}

function proofsOf({ rounds, fewest, most, failed }: AuditCount, hospitals: number): NonNullable<ModelCard['proofs']> {
  return { rounds, fewest, most, failed, note: cardTexts.proofs({ rounds, fewest, most, failed, hospitals }) }
}

function seenText(manifest: Manifest): string {
  return manifest.masking?.scored ? cardTexts.seenScored : cardTexts.seen[protectionOf(manifest)]
}

function inputsOf({ schema }: Manifest): ModelCard['model']['inputs'] {
  if (schema.kind === 'images') {
    return [{ name: 'image', what: cardTexts.inputs.image(schema.height, schema.width, schema.channels) }]
  }
  return schema.features.map(feature => ({ name: feature.label ?? feature.name, what: inputText(feature) }))
}

function inputText(feature: Feature): string {
  switch (feature.type) {
    case 'number':
      return cardTexts.inputs.number(feature.unit, feature.min, feature.max)
    case 'binary':
      return cardTexts.inputs.binary
    case 'category':
      return cardTexts.inputs.category(feature.levels)
  }
}

function layerText(layer: LayerSpec): string {
  return isFrozen(layer) ? `${shapeText(layer)}, ${cardTexts.frozen}` : shapeText(layer)
}

function shapeText(layer: LayerSpec): string {
  switch (layer.type) {
    case 'dense':
      return `dense ${layer.units}, ${layer.activation}`
    case 'conv2d':
      return `convolution ${layer.kernel} by ${layer.kernel}, ${layer.filters} filters, ${layer.padding}, ${layer.activation}`
    case 'maxPool':
      return `largest of ${layer.size} by ${layer.size}`
    case 'flatten':
      return 'flatten'
  }
}

function resultsOf(hospital: string, details: ResultDetails | null): ModelCard['results'] {
  if (details === null) return { withheld: cardTexts.withheld.none }
  if (details.patients < FEWEST_PATIENTS) return { withheld: cardTexts.withheld.few(FEWEST_PATIENTS) }
  return {
    hospital,
    together: figuresOf(details.federated),
    alone: details.local && figuresOf(details.local),
    subgroups: details.subgroups
      .filter(({ patients }) => patients >= FEWEST_PATIENTS)
      .map(({ name, patients, federated, local }) => ({
        name,
        patients: patientsBand(patients),
        together: rounded(federated),
        alone: local && rounded(local),
      })),
    tooSmall: [
      ...details.tooSmall,
      ...details.subgroups.filter(({ patients }) => patients < FEWEST_PATIENTS).map(({ name }) => name),
    ],
  }
}

/** Sensitivity stands on the patients with the outcome alone, specificity on those without: each needs 20 of its own. */
function figuresOf(model: ModelDetails): z.infer<typeof figures> {
  const { accuracy, logLoss, auc, chosen } = model
  const { yes, no } = outcomeCounts(model)
  const enough = (value: Measured, behind: number) =>
    behind < FEWEST_PATIENTS ? { withheld: cardTexts.withheld.fewOfAKind(FEWEST_PATIENTS) } : rounded(value)
  return {
    accuracy: rounded(accuracy),
    logLoss: rounded(logLoss),
    auc: auc && rounded(auc),
    sensitivity: chosen && enough(chosen.sensitivity, yes),
    specificity: chosen && enough(chosen.specificity, no),
    threshold: chosen && hundredths(chosen.threshold),
  }
}

function rounded({ value, low, high }: Measured): Measured {
  return { value: hundredths(value), low: hundredths(low), high: hundredths(high) }
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}

/** The card for people: headings, tables and lists that any Markdown reader shows. */
export function modelCardMarkdown(card: ModelCard): string {
  const { markdown } = cardTexts
  const { model, cohort, training, provenance } = card
  return [
    markdown.title(safe(model.study)),
    safe(model.purpose),
    markdown.model,
    list([
      `Round ${model.round}${model.version === null ? '' : `, version ${model.version}`}`,
      `${model.parameters} parameters${model.fixed ? `, ${model.fixed} of them fixed` : ''}: ${model.layers.map(safe).join('; ')}`,
      safe(model.atTheHospital),
      `Outcome: ${safe(model.outcome)}`,
    ]),
    table(
      ['Input', 'What'],
      model.inputs.map(({ name, what }) => [name, what]),
    ),
    markdown.use,
    safe(card.intendedUse),
    markdown.notFor,
    list(card.notFor.map(safe)),
    markdown.cohort,
    list([
      `Hospitals: ${cohort.hospitals}`,
      `Patients of this hospital: ${cohort.patientsHere}; held out: ${cohort.heldOutHere}`,
      cohort.note,
    ]),
    markdown.results,
    resultsMarkdown(card.results),
    markdown.training,
    list(Object.entries(training).map(([name, value]) => `${name}: ${value}`)),
    ...(card.proofs ? [markdown.proofs, card.proofs.note] : []),
    markdown.rules,
    list(card.rules.map(({ name, value }) => `${safe(name)}: ${safe(value)}`)),
    markdown.provenance,
    list([
      `Chain ${provenance.chainId}, deployment \`${provenance.deployment}\``,
      `Study contract \`${provenance.studyContract}\`, model registry \`${provenance.modelRegistry}\``,
      `Manifest \`${provenance.manifest}\``,
      `Model \`${provenance.model ?? '–'}\`, hash \`${provenance.modelHash ?? '–'}\`, signatures: ${provenance.signatures ?? '–'}`,
      ...provenance.transactions.map(({ what, hash }) => `Transaction \`${hash}\`: ${what}`),
    ]),
    markdown.limits,
    list(card.limits),
    `Written ${card.written}.`,
    '',
  ].join('\n\n')
}

function resultsMarkdown(results: ModelCard['results']): string {
  if ('withheld' in results) return results.withheld
  const { together, alone } = results
  const row = (name: string, of: (of: z.infer<typeof figures>) => z.infer<typeof figure> | null) => [
    name,
    figureText(alone && of(alone)),
    figureText(of(together)),
  ]
  const rows = [
    row('Accuracy', of => of.accuracy),
    row('Log-loss (lower is better)', of => of.logLoss),
    ...(together.auc === null ? [] : [row('Area under the ROC curve', of => of.auc)]),
    ...(together.sensitivity === null ? [] : [row('Sensitivity', of => of.sensitivity)]),
    ...(together.specificity === null ? [] : [row('Specificity', of => of.specificity)]),
    ...results.subgroups.map(group => [
      `Accuracy, ${group.name} (${group.patients} patients)`,
      figureText(group.alone),
      figureText(group.together),
    ]),
  ]
  const threshold =
    together.threshold === null
      ? []
      : [
          `Sensitivity and specificity at the threshold ${together.threshold}, chosen on patients that are not held out.`,
        ]
  const small =
    results.tooSmall.length === 0 ? [] : [`Too small to be shown: ${results.tooSmall.map(safe).join('; ')}.`]
  return [
    `At ${safe(results.hospital)}, with 95 % intervals:`,
    table(['Measure', 'Trained alone', 'Trained together'], rows),
    ...threshold,
    ...small,
  ].join('\n\n')
}

function figureText(value: z.infer<typeof figure> | null): string {
  if (value === null) return '–'
  return 'withheld' in value ? value.withheld : `${value.value} (${value.low} to ${value.high})`
}

function list(lines: readonly string[]): string {
  return lines.map(line => `- ${line}`).join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell => safe(cell)).join(' | ')} |`).join('\n')
}

/** What the sponsor or a file wrote, as text: neither markup nor another line or cell. */
function safe(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#]/g, '\\$&')
}
