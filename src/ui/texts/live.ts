/** The running round. */
export const liveTexts = {
  heading: 'What happens now?',
} as const
