/** The kiosk’s wall. */
export const kioskTexts = {
  heading: 'What happens on this wall?',
} as const
