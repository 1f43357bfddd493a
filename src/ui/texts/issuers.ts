/** The page of the issuers, who admit hospitals. */
export const issuersTexts = {
  heading: 'Who may take part?',
} as const
