/** Creating and following studies. */
export const sponsorTexts = {
  heading: 'Which study do I want?',
} as const
