/** Whose account signs, on the sponsor's and the issuers' pages. */
export const signerTexts = {
  label: 'You sign as',
  demo: 'demo account',
  demoHint: 'A demo account on a local test chain: anybody can use it, and its money is worth nothing.',
  wallet: 'your wallet',
  demoQuestion: 'Only looking around?',
  useDemo: 'Use the demo account',
  useDemoHint: 'This is a local test chain. Without a wallet you can look around with its demo account.',
  purse: (creditsHeld: string, ether: string) => `It holds ${creditsHeld} and ${ether}.`,
}
