/** Using the model. */
export const modelTexts = {
  heading: 'What can I do with the model?',
} as const
