/** From opening the link to being in. */
export const joinTexts = {
  heading: 'How do I take part?',
} as const
