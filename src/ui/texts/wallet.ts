/** Wallets, signatures, transactions. */
export const walletTexts = {
  heading: 'What did I sign?',
} as const
