import type { Protection } from '../../study/studies/masked.ts'

/** @example times(1) // '2.7 times' */
function times(epsilon: number): string {
  const factor = Math.exp(epsilon)
  return `${factor < 10 ? factor.toFixed(1) : Math.round(factor).toLocaleString('en')} times`
}

/** What scores behind masks cost: to whoever joins, and while it runs. */
export const scoringOpens =
  'How far your update points the way the others’ do is worked out from the masked numbers. Small models could be worked out from that: the noise is what protects your patients.'

/** Differential privacy, to sponsors and to hospitals. */
export const privacyTexts = {
  /** A number that people compare: two digits where it is small. */
  epsilon: (value: number) => (value < 10 ? value.toFixed(2).replace(/\.?0+$/, '') : value.toFixed(0)),
  /** @example chance(1e-5) // '1 in 100,000' */
  chance: (delta: number) => `1 in ${Math.round(1 / delta).toLocaleString('en')}`,

  card: {
    heading: 'How are your patients protected?',
    /** In a sentence or two, by what the study does. */
    answers: {
      committeeNoised:
        'By noise. Whoever sees what you send, and whoever they work with, can hardly tell whether any one of your patients was among those you learned from.',
      committee:
        'By sealing alone. Only this round’s committee can open what you send. There is no noise in it: a hospital on the committee could try to learn something about single patients from it.',
      maskedNoised:
        'By masks and by noise. Nobody sees your update, not even the committee: it is masked, and only the weighted sum of all hospitals opens. Noise in it hides each patient, whoever works together.',
      masked:
        'By masks. Nobody sees your update, not even the committee: it is masked, and only the weighted sum of all hospitals opens. There is no noise in that sum.',
    } satisfies Record<Protection, string>,
    answerScored: `By noise, and by masks. Only the weighted sum of all hospitals’ updates opens. ${scoringOpens}`,
    seen: 'What others see',
    seenPublic: 'Everybody: that your hospital takes part, its scores, and fingerprints of what it sent.',
    seenBand: (patients: number) =>
      `The committee: what the model learned here, and about how many patients it learned from, in steps of ${patients}.`,
    seenSealed: 'The committee: what the model learned here.',
    seenPublicMasked: 'Everybody: that your hospital takes part, and fingerprints of what it sent.',
    seenWeight: (patients: number) =>
      `Everybody: about how many patients you learned from, in at most eight steps of ${patients.toLocaleString('en-GB')}.`,
    seenAlike: 'Nobody learns how many patients you have: all hospitals weigh the same.',
    seenSum: 'The committee: the weighted sum of all hospitals’ updates, of at least three.',
    seenProducts:
      'The committee: how far your update goes along the sum, and along up to 128 directions that chance draws, in each round.',
    hidden: 'What nobody sees',
    hiddenRows: 'A patient’s row, an exact count, your own results.',
    hiddenNoise:
      'Which patients you have: with or without any one of them, what you send looks the same but for the noise.',
    hiddenUpdate: 'Your own update: it goes into the sum and nowhere else. So nobody scores it.',
    open: 'What this does not stop',
    openOthers: 'All other hospitals together could take their own updates from the sum. What is left is yours.',
    openSeats: (needed: number | null) =>
      needed === null
        ? 'Half of a round’s committee or more, working together, could take the masks off single updates.'
        : `${needed} members of this round’s committee, working together, could take the masks off single updates.`,
    openNoised: 'Noise hides each patient against these, too.',
    fewSeats:
      'A committee of three can spare nobody, and none of it is checked: if one of its tabs is closed after the updates are in, the round is repeated.',
    promise: (epsilon: string, chance: string) =>
      `The study promises each of your patients at most ε = ${epsilon} in all of its rounds, but for a chance of ${chance}.`,
    limits: 'A patient who is treated at two hospitals of a study pays at both.',
    reading: 'Reading what was spent so far …',
    /** Where the account's δ is not the study's: the same noise is another ε there. */
    accountChance: (chance: string) =>
      `Your hospital’s account counts the same noise for a chance of ${chance}, and so with another ε.`,
    budget: 'Your budget for each patient, ε',
    spent: 'Spent, all studies',
    next: 'The next round adds',
    end: 'At the end of this study',
    coversAll: (rounds: number) =>
      rounds === 1 ? 'The budget covers the round to come.' : `The budget covers all ${rounds} rounds to come.`,
    coversSome: (covered: number, rounds: number) =>
      `The budget covers ${covered} of ${rounds} rounds to come. Your hospital sits the others out; the study goes on, and your stake is safe. A larger budget can be set under My hospital.`,
    coversNone:
      'The budget for these patients is spent: no further round can be paid from it. Nothing of your patients is touched, and the study goes on without you. A larger budget can be set under My hospital.',
    over: 'No round is to come.',
    barLabel: (spent: string, budget: string) => `ε = ${spent} of ${budget} spent`,
    ledgerHeading: 'How much may be known of a patient?',
    ledgerAnswer:
      'This computer counts what every study spends of your patients’ privacy, and stops before the budget is overdrawn. The chain can restore the count.',
    budgetField: 'Budget, ε',
    budgetHint:
      'For all studies of this hospital together. Raise it only if whoever answers for these patients’ data agrees: what was shared cannot be taken back.',
    change: 'Change the budget',
    changed: (budget: string) => `The budget is now ε = ${budget}.`,
    delta: (chance: string) => `ε is counted at δ = ${chance}, by Rényi accounting.`,
  },

  form: {
    heading: 'How are the patients protected?',
    off: 'What a hospital sends is sealed to the committee. Whoever sits on it could still try to learn from it who was treated where.',
    on: (epsilon: number, chance: string) =>
      `Noise hides each patient: whatever the study sends is at most ${times(epsilon)} as likely with a patient as without, but for a chance of ${chance}. That holds for all rounds together, whoever works together.`,
    offMasked:
      'Only the sum of all updates opens. Without noise all other hospitals together could still work out the last one’s update, and whoever sees a sum of three learns much of each.',
    unclear: 'Noise hides each patient. Fill in how much.',
    switch: 'Add noise, so that no patient can be told from an update (differential privacy)',
    switchHint: 'Costs accuracy, the more the fewer patients there are. Each hospital keeps account of what it spends.',
    epsilon: 'Most that may leak of a patient, ε',
    epsilonHint: 'For the whole study. 1 is strict, 5 is usual, above 8 protects hardly anybody.',
    delta: 'Chance that it does not hold, δ',
    deltaHint: 'Less than one in the number of a hospital’s patients.',
    steps: 'Steps each round',
    stepsHint: 'In place of epochs and batches.',
    sample: 'Patients in each step, in %',
    sampleHint: '100: all of them, best for few patients. Less for thousands.',
    clip: 'Most a patient may pull, clip',
    perLayer: 'A clip for each layer',
    perLayerHint:
      'All together as long as the clip above, and less noise where a layer has fewer numbers. ε stays the same.',
    adaptive: 'Let the clip follow the patients',
    adaptiveHint:
      'From the clip above it moves towards where half of the patients pull less, by about a tenth in a step. Helps over many steps where the clip may be too large. ε stays the same.',
    clipHint: 'Longest gradient of one patient. About 1 for columns on a common scale.',
    noise: (sigma: string, each: string) => `Noise of ${sigma} times the clip in each step; a round costs ε = ${each}.`,
    forecast: {
      heading: 'What does it cost in accuracy?',
      start: 'Try it on made-up patients',
      again: 'Try it again',
      stop: 'Stop',
      working: (share: number) => `Simulating the study in this tab: ${Math.round(100 * share)} %`,
      assumes: (hospitals: number, patients: number) =>
        `${hospitals} hospitals of ${patients} made-up patients each, with this study’s columns, steps, rounds and clip. Real patients differ: compare the rows, not the heights. More patients lose less.`,
      sentence: (epsilon: string, lost: string) => `At ε = ${epsilon} noise costs about ${lost} here.`,
      nothingLost: (epsilon: string) => `At ε = ${epsilon} noise costs nothing that this simulation can tell.`,
      impossible: 'no noise is enough',
      columns: { epsilon: 'ε', accuracy: 'Right answers', lost: 'Lost to noise' },
      without: 'without noise',
      tables: 'For images there is no simulation: training them takes too long here.',
    },
    /** @param isMasked what is in the sum cannot be taken out of it any more */
    margin: (isMasked: boolean) =>
      `Scores compare directions here: an update that points away from the others by more than the least score ${
        isMasked ? 'costs its hospital a part of the stake' : 'is left out'
      }.`,
  },
}
