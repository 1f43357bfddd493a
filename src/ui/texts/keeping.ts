/** What is this hospital’s own. */
export const keepingTexts = {
  heading: 'What is mine here?',
} as const
