import type { Prediction } from '../../training/screen.ts'
import { partOf } from '../format.ts'

/** Using the model. */
export const modelTexts = {
  heading: 'What can I do with the model?',
  before:
    'After the first round you can try the shared model on your own patients, read its card and take it with you.',
  ended: 'The study ended before this hospital had a model of it, so there is nothing to use.',
  interval: (low: string, high: string) => `${low} to ${high}`,
  withOutcome: (outcome: string) => `With ${outcome}`,
  withoutOutcome: 'Without',

  inUse: {
    newest: (round: number) => `In use: the newest model, of round ${round}.`,
    older: (round: number) => `In use: an older model, of round ${round}.`,
    back: 'Use the newest again',
  },

  patient: {
    heading: 'What does it say about one patient?',
    answer: 'Type in what you know. It is worked out on this computer and kept nowhere.',
    missing: 'Leave empty what is not known.',
    unknown: 'not known',
    yes: 'yes',
    no: 'no',
    range: (min: number, max: number, unit: string | undefined) =>
      `${min} to ${max}${unit === undefined ? '' : ` ${unit}`}`,
    notANumber: 'This is not a number.',
    allEmpty: 'Fill in at least one value.',
    ask: 'Ask the model',
    asking: 'Asking…',
    clear: 'Clear',
    threshold: (threshold: number) => `Threshold ${Math.round(threshold * 100)} %`,
    filledIn: (columns: readonly string[]) =>
      `Not known, so the mean of all hospitals’ patients stood in: ${columns.join(', ')}.`,
    unusual: (column: string, value: number, range: string) =>
      `${column}: ${value} is outside of what this study expects (${range}). Check it; if it is right, trust the answer less.`,
    ofRound: (round: number) => `Answered by the model of round ${round}.`,
    classesCaption: 'Probability of each class',
  },
  images: {
    heading: 'What does it say about one image?',
    answer: 'Draw on the dark field. It is worked out on this computer and kept nowhere.',
    field: 'Field to draw on with mouse, pen or finger',
    noKeyboard: 'This needs a mouse, a pen or a finger.',
    empty: 'Draw something first.',
  },

  file: {
    heading: 'What does it say about a file of patients?',
    answer: 'Choose a CSV file. Each row gets the model’s columns; the file stays on this computer.',
    choose: 'Choose a file',
    another: 'Choose another file',
    name: (name: string, rows: number) => `${name}: ${rows} ${rows === 1 ? 'row' : 'rows'}`,
    checking: 'The file is being read.',
    mapping: 'Which of the file’s columns is which?',
    notThere: 'not in the file',
    unmapped: (columns: readonly string[]) =>
      `Not in the file, so the mean of all hospitals’ patients stands in for every row: ${columns.join(', ')}.`,
    predict: 'Predict every row',
    predicting: (done: number, total: number) => (total > 0 ? `${done} of ${total} rows` : 'Predicting…'),
    cancel: 'Cancel',
    done: (rows: number, filledIn: number) =>
      `${rows} ${rows === 1 ? 'row has a prediction' : 'rows have predictions'}; ${
        filledIn === 0 ? 'nothing had to be filled in' : `in ${filledIn} of them something was filled in`
      }.`,
    problems: (count: number) => `${count} ${count === 1 ? 'row was' : 'rows were'} left without a prediction:`,
    problem: (row: number, column: string, value: string, expected: string) =>
      `Row ${row}, ${column}: “${value}” is not ${expected}.`,
    moreProblems: (count: number) => `and ${count} more.`,
    download: 'Download the predictions',
    fileName: (study: string) => `${study}-predictions.csv`,
  },

  card: {
    heading: 'What is this model, and for whom?',
    answer: 'The model card says what it is for, who is behind it, how good it is here and where the record is.',
    show: 'Read the card',
    hide: 'Close the card',
    json: 'Download as JSON',
    markdown: 'Download as Markdown',
    print: 'Print a report',
    parts: {
      use: 'What it is for',
      notFor: 'What it is not for',
      model: 'What it is',
      cohort: 'Who is behind it',
      results: 'How good it is',
      training: 'How it was trained',
      proofs: 'Whether the hospitals kept to it',
      rules: 'By which rules',
      provenance: 'Where the record is',
      limits: 'What the card does not say',
    },
    input: 'Input',
    what: 'What',
    hospitals: 'Hospitals',
    patientsHere: 'Patients here',
    heldOutHere: 'Held out here',
    manifest: 'Manifest',
    modelCid: 'Sealed model',
    contract: 'Study contract',
    chain: 'Chain',
    signatures: 'Signatures',
    publish:
      'Nothing in the card is about fewer than 20 patients; counts are in bands. You decide whom you give it to.',
    trainingNames: {
      rounds: 'Rounds',
      epochsPerRound: 'Passes over the patients in each round',
      batchSize: 'Patients in a step',
      stepsPerRound: 'Steps in each round',
      sampleRate: 'Part of the patients in a step',
      clip: 'Longest pull of a patient',
      adaptiveClip: 'That pull follows the patients',
      noise: 'Noise over that pull',
      learningRate: 'Learning rate',
      momentum: 'Momentum',
      l2: 'Penalty on large weights',
      proximal: 'Pull to the shared model',
      standardised: 'One standardisation for all',
      seed: 'Seed',
      batchesPerRound: 'Batches in each round',
    } as Readonly<Record<string, string>>,
    figures: {
      accuracy: 'Accuracy',
      logLoss: 'Log-loss (lower is better)',
      auc: 'Area under the ROC curve',
      sensitivity: 'Sensitivity',
      specificity: 'Specificity',
    },
    threshold: (threshold: number) =>
      `Sensitivity and specificity at ${Math.round(threshold * 100)} %, chosen on patients that are not held out.`,
    fileName: (study: string, round: number) => `${study}-model-card-round-${round}`,
    ruleNames: {
      rounds: 'Rounds',
      committee: 'Committee',
      aggregation: 'Averaging',
      privacy: 'Who can open an update',
      upload: 'What goes up in a round',
      stake: 'Stake of a hospital',
      hospitals: 'Hospitals',
    },
    rules: {
      committee: (seats: number) =>
        `${seats} seats, drawn anew each round; more than two thirds must sign the same model`,
      aggregation: {
        committee: 'weighted mean of the updates that the committee’s median score let through',
        masked: 'weighted mean of the updates, worked out from their masked sum; nothing is scored',
        scored: 'weighted mean of the updates, worked out from their masked sum; each is scored by its direction',
      },
      privacy: {
        committee: 'this round’s committee only; relays and the chain cannot',
        masked: 'nobody; only the weighted sum of all hospitals opens',
        scored:
          'nobody as such; the weighted sum opens, and to the committee up to 129 numbers of each noised update, from which small ones could be worked out',
      },
      upload: (keep: number) => `${partOf(keep)} of an update’s numbers; the rest in later rounds`,
      stake: (credits: string) => `${credits} credits, of which a fault costs a part`,
      hospitals: (least: number, most: number) => `${least} to ${most}`,
    },
  },

  take: {
    heading: 'How do I take the model with me?',
    answer:
      'As a tfjs layers model: model.json and its weights. It holds this hospital’s own part, so it is yours and not another hospital’s.',
    download: 'Download model.json and weights.bin',
    preparing: 'Preparing…',
    done: 'Two files were saved: keep them side by side. tf.loadLayersModel reads model.json.',
    layout:
      'It takes the study’s columns in its order, as they are measured: the standardisation is inside. model.json names them.',
  },

  versions: {
    heading: 'Which versions are there?',
    answer: (count: number) =>
      count === 0
        ? 'The chain holds no model of this study yet.'
        : `The chain holds ${count} ${count === 1 ? 'model' : 'models'} of this study, each signed by the committee of its round.`,
    loading: 'Reading the chain…',
    again: 'Read again',
    round: 'Round',
    roundZero: '0 (the start: one standardisation for all)',
    /** By what scores say. */
    metric: { gain: 'Median gain', direction: 'Mean score', none: 'Median gain' },
    metricHints: {
      gain: 'Mean of the medians that the committee gave the updates: by how much of the loss they improved it.',
      direction: 'Mean of the scores: how far each update points the way the others’ do; 100 % is all the way.',
      none: 'Not scored: nobody sees single updates.',
    },
    signers: 'Signed by',
    time: 'When',
    what: 'What it is',
    actions: 'Do',
    recommended: 'recommended',
    newest: 'newest',
    inUse: 'in use',
    use: 'Use this one',
    pickLabel: (round: number) => `Use the model of round ${round}`,
    compare: 'Compare',
    compareLabel: (round: number) => `Compare the model of round ${round} with the newest`,
    endComparison: 'End the comparison',
    opening: (round: number) => `The model of round ${round} is being fetched and opened.`,
    compared: (round: number, newest: number) => `Round ${round} and round ${newest} on your held-out patients`,
    comparedSentence: (older: string, newer: string, round: number, newest: number, apart: boolean) =>
      `Accuracy is ${older} with the model of round ${round} and ${newer} with that of round ${newest}; ${
        apart ? 'their intervals have no value in common.' : 'their intervals overlap, so which is better is open.'
      }`,
    ofRound: (round: number) => `Round ${round}`,
    explainRollback:
      'The sponsor can recommend an older version for use. Training goes on from the newest one all the same.',
    rolledBack: (round: number, reason: string) =>
      `The sponsor recommends the model of round ${round}${reason === '' ? '.' : `: “${reason}”`}`,
    rollback: 'Recommend this one',
    rollbackLabel: (round: number) => `Recommend the model of round ${round} for use`,
    rollbackHeading: (round: number) => `Recommend the model of round ${round}?`,
    rollbackText:
      'Every hospital then sees it as the recommended one. The record stays: who uses another is not stopped. Your wallet asks you to sign.',
    rollbackReason: 'Why, for the record on the chain (public)',
    rollbackSend: 'Recommend it',
    rollbackCancel: 'Leave it as it is',
  },

  report: {
    title: (study: string) => `Wardround: ${study}`,
    hospital: 'Hospital',
    patients: 'Patients here',
    heldOut: 'held out',
    model: 'Model',
    modelOf: (round: number, cid: string) => `round ${round}, ${cid}`,
    gained: 'What was gained',
    prediction: 'What the model said about one patient',
    predictionInputs: 'From',
    people: (band: string) => `${band} held-out patients`,
    value: (label: string, value: string, unit: string | undefined) =>
      `${label} ${value}${unit === undefined ? '' : ` ${unit}`}`,
    written: (when: string) => `Written ${when} on this hospital’s computer.`,
    patientWarning: 'The last part is about one patient. Treat this sheet like the patient’s record.',
  },
} as const

/** The answer about one patient, in words. */
export function predictionSentence(prediction: Prediction, outcome: string): string {
  const { probabilities, classes, threshold } = prediction
  if (threshold === null) {
    const best = probabilities.reduce((top, p, i) => (p > (probabilities[top] ?? 0) ? i : top), 0)
    return `Most likely “${classes[best]}”: the model gives it ${percentOf(probabilities[best])}.`
  }
  const yes = probabilities[1] ?? probabilities[0]
  const side = (yes ?? 0) >= threshold ? 'At or above' : 'Below'
  const says = (yes ?? 0) >= threshold ? 'yes' : 'no'
  return `The model gives ${outcome} a probability of ${percentOf(yes)}. ${side} the threshold of ${percentOf(threshold)} that was chosen on patients that are not held out, it says ${says}.`
}

/** @example percentOf(0.7341) // '73 %'; what rounds to none or all says so */
export function percentOf(probability: number | undefined): string {
  if (probability === undefined) return '–'
  if (probability > 0 && probability < 0.005) return 'less than 1 %'
  if (probability < 1 && probability >= 0.995) return 'more than 99 %'
  return `${Math.round(probability * 100)} %`
}
