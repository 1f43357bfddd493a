/** Differential privacy, to sponsors and to hospitals. */
export const privacyTexts = {
  /** A number that people compare: two digits where it is small. */
  epsilon: (value: number) => (value < 10 ? value.toFixed(2).replace(/\.?0+$/, '') : value.toFixed(0)),
  /** @example chance(1e-5) // '1 in 100,000' */
  chance: (delta: number) => `1 in ${Math.round(1 / delta).toLocaleString('en')}`,

  form: {
    heading: 'How are the patients protected?',
    off: 'What a hospital sends is sealed to the committee. Whoever sits on it could still try to learn from it who was treated where.',
    on: (epsilon: string, chance: string) =>
      `Noise hides each patient: whatever anybody concludes, without that patient it would have been at most e^${epsilon} times less likely (but for a chance of ${chance}). That holds for the whole study, whoever works together.`,
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
    clipHint: 'Longest gradient of one patient. About 1 for columns on a common scale.',
    noise: (sigma: string, each: string) => `Noise of ${sigma} times the clip in each step; a round costs ε = ${each}.`,
    margin: 'Scores compare directions here: −50 % leaves an update out that points away from the others.',
  },
}
