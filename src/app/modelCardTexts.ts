type ProofNumber = 'rounds' | 'fewest' | 'most' | 'failed' | 'hospitals'

/** The sentences of a model card. It is a document of its own that leaves the page, so its words are here and not with the pages'. */
export const cardTexts = {
  use: 'Research on the question that the study asks, by the hospitals that took part in it.',
  notFor: [
    'It is not a medical device. Do not diagnose or treat anybody by it.',
    'It was not tested outside the hospitals that took part; patients elsewhere may differ.',
    'A patient’s missing values are filled in with the mean of all hospitals’ patients: the less is known, the less it says.',
  ],
  limits: [
    'Results are of one hospital’s held-out patients only. Other hospitals see their own, and publish them or not.',
    'Intervals (95 %) say how far chance with these patients may reach. They do not cover patients of another kind.',
    'Which patients have the outcome is as the hospitals recorded it; nobody checked it for the study.',
  ],
  /** Who saw an update, and what of a patient can be in it. */
  seen: {
    committee: 'Members of the committee opened the other hospitals’ updates; no noise was added to what they opened.',
    committeeNoised: 'Members of the committee opened the other hospitals’ updates; noise in them hides each patient.',
    masked: 'Nobody opened a single hospital’s update, only the sum of all; no noise was added to it.',
    maskedNoised: 'Nobody opened a single hospital’s update, only the sum of all; noise in it hides each patient.',
  },
  /** In place of the last of these, where updates are scored from their masked sum. */
  seenScored:
    'The sum of all updates was opened, and numbers of each hospital’s from which a small one could be worked out; noise in them hides each patient.',
  /** Of a layer, beside its shape. */
  frozen: 'fixed, not learned',
  siteLocal: {
    none: 'Nothing of the model stays at a hospital: it is the same everywhere.',
    bias: 'The last layer’s bias is each hospital’s own and stays there: the model is not complete without it.',
    head: 'The last layer is each hospital’s own and stays there: the model is not complete without it.',
  },
  /** In place of these, where a hospital fits the bias to its own patients after the training. */
  calibrated:
    'Each hospital fits the last layer’s bias again to its own patients before it predicts. That stays there; everything else is the same everywhere.',
  /** Of a proven study. */
  proofs: ({ rounds, fewest, most, failed, hospitals }: Readonly<Record<ProofNumber, number>>) => {
    if (rounds === 0) return 'Hospitals are drawn to prove that they trained by the rules; none had to yet.'
    const each = fewest === most ? String(most) : `${fewest} to ${most}`
    const fails = failed === 0 ? 'None failed' : failed === 1 ? 'One could not' : `${failed} times one could not`
    const where = rounds === 1 ? 'In one round' : `In each of ${rounds} rounds`
    return `${where} ${each} of ${hospitals} hospitals, drawn by chance, proved that they trained by these rules on the patients they had committed to. ${fails}. The proofs are on the chain and can be checked by anybody; whether patients are real they do not show.`
  },
  cohortNote:
    'How many patients the other hospitals have is not known here. Counts are in bands, so that no card tells more about a patient than the one before.',
  withheld: {
    none: 'No results were computed.',
    few: (fewest: number) => `Figures need at least ${fewest} held-out patients behind them. This hospital has fewer.`,
    fewOfAKind: (fewest: number) => `withheld: fewer than ${fewest} patients are behind it`,
  },
  fewer: (than: number) => `fewer than ${than}`,
  between: (from: number, to: number) => `${from.toLocaleString('en-GB')} to ${to.toLocaleString('en-GB')}`,
  orMore: (from: number) => `${from.toLocaleString('en-GB')} or more`,
  inputs: {
    number: (unit: string | undefined, min: number | undefined, max: number | undefined) =>
      ['number', unit, min !== undefined && max !== undefined ? `${min} to ${max}` : ''].filter(Boolean).join(', '),
    binary: 'yes or no',
    category: (levels: readonly string[]) => `one of ${levels.join(', ')}`,
    image: (height: number, width: number, channels: number) =>
      `image of ${height} by ${width} points, ${channels === 1 ? 'grey' : `${channels} channels`}`,
  },
  transactions: { opened: 'the study was funded and opened', model: 'the model was finalised' },
  markdown: {
    title: (name: string) => `# Model card: ${name}`,
    model: '## What is it?',
    use: '## What is it for?',
    notFor: '## What is it not for?',
    cohort: '## Who is behind it?',
    results: '## How good is it?',
    training: '## How was it trained?',
    proofs: '## Did the hospitals keep to it?',
    rules: '## By which rules?',
    provenance: '## Where is the record?',
    limits: '## What does this card not say?',
  },
} as const
