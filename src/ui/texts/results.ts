/** What was gained. */
export const resultsTexts = {
  heading: 'What did we gain?',
} as const
