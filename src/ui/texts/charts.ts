/** What stands at every picture. */
export const chartTexts = {
  asTable: 'Show as table',
  asPicture: 'Show as picture',
  interval: (low: string, high: string) => `${low} to ${high}`,
  clock: {
    phases: {
      select: 'Select',
      train: 'Train',
      prove: 'Prove',
      submit: 'Check',
      score: 'Score',
      unmask: 'Unmask',
      compare: 'Compare',
      recover: 'Recover',
      average: 'Average',
      evaluate: 'Evaluate',
      settle: 'Settle',
    },
    states: { past: 'done', now: 'now', ahead: 'to come' },
    phase: 'Phase',
    state: 'State',
    count: (done: number, of: number) => `${done} of ${of}`,
    sentence: (round: string, phase: string, done: number, of: number) =>
      of > 0 ? `${round}: ${phase}, ${done} of ${of} done.` : `${round}: ${phase}.`,
    before: 'The first round has not begun.',
    over: 'The study has ended; every round is closed.',
  },
} as const
