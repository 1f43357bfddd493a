import type { Presence } from '../../chain/heldWallet.ts'
import { shortAddress } from '../format.ts'

/** One contract call in words: what it is called in a list, and what the person agrees to. */
export interface CallWords {
  /** As a thing one does: "Join the study". */
  readonly does: string
  /** What is signed, and what follows from it. */
  readonly signs: string
}

/** By the names that sendCall is given. */
const calls: Readonly<Record<string, CallWords>> = {
  joinTask: {
    does: 'Join the study',
    signs:
      'You put your stake into the study and register the keys of this computer. You get the stake back when the study ends, unless you fail to do what you owe.',
  },
  leaveTask: {
    does: 'Leave the study',
    signs:
      'You take no part from the next round on. Your stake is free once your last round is over; you cannot join this study again.',
  },
  withdraw: { does: 'Take out what is yours', signs: 'The study pays out to you what it owes you.' },
  submitUpdate: {
    does: 'Send this round’s update',
    signs:
      'You announce the sealed update of this round. The chain gets its fingerprint; your patients’ rows stay here.',
  },
  submitMasked: {
    does: 'Send this round’s update',
    signs:
      'You announce the masked update of this round. The chain gets its fingerprint, and about how many patients you have, in eight coarse steps; your patients’ rows stay here.',
  },
  submitProven: {
    does: 'Send this round’s update',
    signs:
      'You announce this round’s update and bind your hospital to how it was trained, so that it can be proven. The chain gets fingerprints; your patients’ rows stay here.',
  },
  prepare: {
    does: 'Commit to your patients',
    signs:
      'You fix which patients you train on in this study. The chain gets a fingerprint, from which nobody learns anything about them.',
  },
  reveal: {
    does: 'Open your part of the draw',
    signs: 'You open the random number that you promised. With everybody’s it is drawn who proves its training.',
  },
  capture: {
    does: 'Keep a block’s hash',
    signs: 'You keep what draws before the chain forgets it. It pays you a little.',
  },
  prove: {
    does: 'Prove your training',
    signs:
      'You bring the proof that your hospital trained by the study’s rules. It shows that this is so, and nothing about a patient.',
  },
  attest: { does: 'Report which updates open', signs: 'As a committee member you say which updates you could open.' },
  submitScore: { does: 'Give the scores', signs: 'As a committee member you say how much each update helped.' },
  signModel: { does: 'Sign the new model', signs: 'As a committee member you confirm the new model.' },
  postMasks: {
    does: 'Take the masks off',
    signs: 'As a committee member you give the sum of your masks, so that the sum of all updates can be read.',
  },
  postProducts: {
    does: 'Compare the updates',
    signs:
      'As a committee member you say how your masks lie along the sum, so that it can be worked out how far each update points the way the others’ do.',
  },
  signScored: {
    does: 'Sign the new model and the scores',
    signs: 'As a committee member you confirm the new model and what each hospital’s update scored.',
  },
  openShares: {
    does: 'Open masks for a check',
    signs: 'As a committee member you open your part of the masks of whoever is checked or missing.',
  },
  accuse: {
    does: 'Say that the round does not add up',
    signs:
      'As a committee member you say whom the opened masks prove wrong. If enough say so, they lose a part of the stake.',
  },
  advance: { does: 'Move the study on', signs: 'A deadline has passed; you move the study to its next step.' },
  submitRoundTopK: {
    does: 'Close the scoring',
    signs: 'The deadline for scores has passed; you have the round ranked.',
  },
  nextRound: { does: 'Start the next round', signs: 'The pause is over; you start the study’s next round.' },
  distributeRewards: {
    does: 'Settle the rewards',
    signs: 'The study has ended; what each hospital earned is written to its balance, where that was not done yet.',
  },
  carry: { does: 'Bring a signed duty to the chain', signs: 'The study’s gas pot pays you back what this costs.' },
  multicall: { does: 'Bring several duties to the chain', signs: 'Several things that you owe, in one transaction.' },
  vetoRound: {
    does: 'Sit a round out',
    signs: 'You take no part in the round you named, or take that back. It costs no stake.',
  },
  redeem: {
    does: 'Use the invitation',
    signs: 'The invitation accredits this account as the hospital it names. It can be used once.',
  },
  transfer: { does: 'Send credits', signs: 'You send credits to the account shown.' },
  transferAndCall: { does: 'Send credits', signs: 'You send credits to the contract shown.' },
  approve: {
    does: 'Let a contract take credits',
    signs: 'The contract shown may take this many of your credits, at any time from now on.',
  },
  mint: { does: 'Make credits', signs: 'As the owner of the credits you make new ones for the account shown.' },
  sendWei: { does: 'Send gas money', signs: 'You send test ether to the account shown, so that it can pay for gas.' },
  fundInvitation: {
    does: 'Fund an invitation',
    signs:
      'You give the invitation credits for the stake and ether for the first gas. What is unused can be taken back.',
  },
  createStudy: {
    does: 'Create a study',
    signs: 'You make the study’s contract, with you as its sponsor. It is a draft until you fund it.',
  },
  createProvenStudy: {
    does: 'Create a study',
    signs:
      'You make the contract of a study in which hospitals prove their training, with you as its sponsor. It is a draft until you fund it.',
  },
  deployKey: {
    does: 'Say what is proven',
    signs:
      'You put the rules of training on the chain, against which proofs are checked. Other studies may use them, too.',
  },
  initializeTask: {
    does: 'Fund the study',
    signs: 'You put the deposit into the study and open it to hospitals. What is unspent comes back to you.',
  },
  startTask: { does: 'Start the study', signs: 'The first round begins with the hospitals that have joined.' },
  stopTask: {
    does: 'End the study early',
    signs: 'The running round is void. Stakes and the unspent deposit go back. This cannot be undone.',
  },
  removeWorker: {
    does: 'Take a hospital out',
    signs: 'The hospital takes no part from the next round on. Its stake stays its own.',
  },
  rollback: {
    does: 'Recommend an older model',
    signs: 'You recommend an older version of the model, with your reason.',
  },
  fund: { does: 'Fill the gas pot', signs: 'You put ether into the pot that pays for carrying hospitals’ duties.' },
  reclaim: { does: 'Empty the gas pot', signs: 'What is left in the gas pot comes back to you.' },
  accredit: {
    does: 'Vote to admit a hospital',
    signs: 'You vote, as an issuer, that this hospital may take part in studies.',
  },
  suspend: {
    does: 'Vote to suspend a hospital',
    signs:
      'You vote, as an issuer, that this hospital may join nothing new, and is left out of every next round of the studies it is in.',
  },
  reinstate: {
    does: 'Vote to readmit a hospital',
    signs: 'You vote, as an issuer, that this hospital may take part again.',
  },
  withdrawVote: { does: 'Take a vote back', signs: 'Your vote, as an issuer, on this hospital no longer counts.' },
  passOnCredits: {
    does: 'Pass the invitation’s credits on',
    signs: 'What the invitation’s own account holds goes to your account.',
  },
  revoke: { does: 'Revoke an invitation', signs: 'Nobody can use the invitation from now on.' },
  setIssuer: {
    does: 'Change who is an issuer',
    signs: 'As the registry’s owner you let the account shown vote on hospitals, or no longer.',
  },
  setThreshold: {
    does: 'Change how many issuers must agree',
    signs: 'You change how many issuers’ votes it takes to admit or suspend a hospital.',
  },
}

const unknownCall: CallWords = {
  does: 'Something this page does not know',
  signs: 'This page cannot say what this does. Decline unless you know it.',
}

/** Wallets, signatures, transactions. */
export const walletTexts = {
  heading: 'What did I sign?',
  calls,
  /** @param name as sendCall was given it */
  call: (name: string): CallWords => calls[name] ?? unknownCall,

  status: {
    checking: 'Being checked',
    asking: 'Waiting for your wallet',
    pending: 'On its way',
    confirmed: 'Done',
    rejected: 'Declined',
    failed: 'Failed',
    interrupted: 'Outcome not known',
  },
  /** The one toast, from the check to the receipt. */
  toast: {
    label: 'Your transaction',
    checking: 'It is checked first whether this would work.',
    asking: 'Your wallet opens now and asks you to sign this.',
    pending: 'Sent. It counts once the chain has taken it into a block.',
    confirmed: 'The chain has it.',
    rejected: 'You declined. Nothing was sent.',
    interrupted: 'This page was closed before the outcome was known. Your wallet’s own list has it.',
    again: 'Try again',
    close: 'Close',
    all: 'Show all',
  },
  cost: {
    about: (gas: string, ether: string | null) =>
      ether === null ? `Costs about ${gas} gas.` : `Costs about ${gas} gas, ${ether}.`,
    most: (gas: string, ether: string | null) =>
      ether === null ? `Costs at most ${gas} gas.` : `Costs at most ${gas} gas, ${ether}.`,
    was: (gas: string, ether: string | null) => (ether === null ? `${gas} gas` : `${gas} gas, ${ether}`),
    ether: (amount: string) => `${amount} ETH`,
    dust: 'less than 0.01',
    paid: (gas: string, ether: string | null) => (ether === null ? `Cost ${gas} gas.` : `Cost ${gas} gas, ${ether}.`),
    none: 'Nothing was sent; it cost nothing.',
    worthless: 'On this test chain gas is worth nothing.',
  },

  activity: {
    open: 'Activity',
    label: (pending: number) =>
      pending === 0 ? 'Activity and account' : `Activity and account, ${pending} on the way`,
    empty: 'Nothing was signed by this account here yet. What you sign is listed here, with what it cost.',
    loading: 'Reading this browser’s list…',
    noAccount: 'No account is in use on this page. Connect a wallet, and what you sign is listed here.',
    kept: 'Kept in this browser, the newest 200.',
    hash: 'Transaction',
    copyHash: 'Copy the transaction’s number',
    explorer: 'See it on the chain’s explorer',
    close: 'Close',
  },

  account: {
    heading: 'Who signs on this page?',
    demo: 'A demo account. Its key is public; what it holds is worth nothing.',
    wallet: 'Your wallet’s account.',
    browser: 'The account of this browser.',
    holds: (credits: string, ether: string) => `Holds ${credits} credits and ${ether} ETH for gas.`,
    disconnect: 'Disconnect',
  },

  connect: {
    heading: 'Is this your hospital?',
    answer: 'Connect the wallet of your hospital, or make an account in this browser.',
    choose: 'Wallets in this browser',
    noWallet: 'No wallet was found in this browser. You need none to try: make an account in this browser instead.',
    waiting: 'Your wallet asks you now.',
    connected: 'Connected as',
    reconnecting: 'Asking your wallet…',
    disconnect: 'Disconnect',
    wrongNetwork: (shown: number, name: string) =>
      `Your wallet is on network ${shown}; this page lives on ${name}. Nothing can be signed until you switch.`,
    switch: (name: string) => `Switch to ${name}`,
  },

  browser: {
    name: 'Account in this browser',
    make: 'Make an account in this browser',
    use: (address: string) => `Use this browser’s account ${shortAddress(address)}`,
    restore: 'Bring one back from a backup',
    explain:
      'A key made here, for invitations and test networks. It lives in this browser alone: who clears the browser’s data, or works on another computer, does not have it. Put no money on it.',
    notBackedUp: 'No backup yet. If this browser’s data is lost, the account and its stake are lost.',
    backedUp: (date: string) => `Backed up on ${date}.`,
    backup: 'Make a backup',
    backupExplain:
      'A file that only the password opens. Whoever has both can act as you; nobody can reset the password.',
    password: 'Password',
    passwordHint: (least: number) => `At least ${least} characters.`,
    repeat: 'Password once more',
    differ: 'The two passwords differ.',
    save: 'Save the file',
    saved: 'The file is in your downloads. Keep it where you keep keys.',
    file: 'Backup file',
    open: 'Bring it back',
    cancel: 'Cancel',
    fileName: (address: string) => `wardround-account-${address.slice(2, 10).toLowerCase()}.json`,
  },

  confirm: {
    heading: 'Do you sign this?',
    message: 'You sign a message. It moves nothing by itself.',
    puts: (credits: string) => `It moves ${credits} credits.`,
    pays: (ether: string) => `It pays ${ether}.`,
    to: 'Contract',
    quiet: 'Do not ask again for updates of this study',
    quietHint: 'Covers the updates and committee duties of this one study, never stakes, credits or leaving.',
    yes: 'Sign',
    no: 'Decline',
    local: 'Signed by the account of this browser.',
  },

  away: {
    heading: 'Where did your account go?',
    says: (presence: Exclude<Presence, { kind: 'ready' }>, self: string): string => {
      switch (presence.kind) {
        case 'otherAccount':
          return `Your wallet now shows another account (${shortAddress(presence.address)}). This tab is ${self}.`
        case 'otherNetwork':
          return `Your wallet is now on another network (${presence.chainId}). This tab is ${self}.`
        case 'disconnected':
          return `Your wallet is disconnected. This tab is ${self}.`
      }
    },
    follows:
      'Nothing is signed until it is back; training goes on. What falls due meanwhile can cost a part of your stake.',
    openOther: 'Open as that account',
    back: 'I switched back',
    switch: 'Switch the network',
    reconnect: 'Connect again',
    leave: 'Choose another wallet',
    still: 'Your wallet still shows another one.',
  },
} as const
