import type { HistoryRow } from '../../app/keeping/history.ts'
import { PIN_LENGTH } from '../../app/keeping/lock.ts'
import { bytes } from '../format.ts'

/** By the training worker's names. */
const backendNames: Readonly<Record<string, string>> = {
  webgpu: 'the graphics processor (WebGPU)',
  webgl: 'the graphics processor (WebGL)',
  wasm: 'the processor (WebAssembly)',
  cpu: 'the processor (JavaScript)',
}

/** What is this hospital’s own. */
export const keepingTexts = {
  heading: 'What is mine here?',
  credits: (amount: string) => `${amount} credits`,
  reading: 'Being read from the chain…',
  stale: 'The chain could not be read just now. What is shown here may be older.',

  money: {
    heading: 'What is mine here?',
    answer: (amount: string) => `${amount} credits are yours in this study.`,
    none: 'Nothing of yours is in this study.',
    stake: 'At stake',
    reward: 'Rewards, not withdrawn',
    forfeited: 'Forfeited',
    withdrawn: 'Withdrawn so far',
    wallet: 'Credits in your wallet',
    gas: 'Gas money in your wallet',
    withdraw: (amount: string) => `Withdraw ${amount} credits`,
    nothing: 'There is nothing to withdraw now.',
    stakeLater: 'Your stake comes out when the study ends, or after you left and your last round is over.',
    rewardNow: 'Rewards can be withdrawn at any time.',
    both: 'Stake and rewards come out together; your wallet asks once.',
    done: (amount: string) => `${amount} credits are in your wallet now.`,
    forfeits: 'Why was a part forfeited?',
    forfeit: (round: string, amount: string, reason: string) => `${round}: ${amount} credits, because ${reason}.`,
  },

  /** By the contract's own words. */
  reasons: {
    'no update': 'no update came before the deadline',
    'no reveal': 'what draws who proves its training was not opened in time',
    'no proof': 'no proof of the training came in time',
    'no attestation': 'the committee seat did not check the updates in time',
    'no scores': 'the committee seat did not give its scores in time',
    'no masks': 'the committee seat did not send its masks in time',
    'no products': 'the committee seat did not answer in time how the updates line up',
    'no shares': 'the committee seat did not open its part for the check in time',
    accused: 'what was opened proves that something of it was false',
    'no signature': 'the committee seat did not sign the model in time',
    'not opened': 'too few of the committee could open the update',
    disqualified: 'the update scored lower than the study allows',
    'signed another model': 'another model was signed than the committee’s',
  } as Readonly<Record<string, string>>,
  reason: (word: string): string => keepingTexts.reasons[word] ?? word,

  history: {
    heading: 'How did my rounds go?',
    answer: (rounds: number, sent: number) =>
      rounds === 0
        ? 'No round has begun yet.'
        : `You sent an update in ${sent} of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    columns: {
      round: 'Round',
      outcome: 'Outcome',
      part: 'My part',
      submitted: 'Update sent',
      score: 'Score',
      included: 'Used',
      reward: 'Reward',
      fault: 'Fault',
    },
    outcomes: {
      running: 'running',
      finalised: 'new model',
      void: 'repeated: too few acted',
      accused: 'repeated: it did not add up',
      outOfRange: 'repeated: the sum made no sense',
    },
    part: ({ isParticipant, isSeat, isChecked, hasVetoed }: HistoryRow) => {
      if (isParticipant) return isChecked ? 'drawn, committee, checked' : isSeat ? 'drawn, committee' : 'drawn'
      return hasVetoed ? 'sat out' : 'not in this round'
    },
    yes: 'yes',
    no: 'no',
    unknown: '–',
    /** @param basisPoints gain over the round's first model, in basis points */
    score: (basisPoints: number) => {
      const sign = basisPoints > 0 ? '+' : basisPoints < 0 ? '−' : ''
      return `${sign}${(Math.abs(basisPoints) / 100).toFixed(1)} points`
    },
    /** By what scores say. */
    scores: {
      gain: 'The score is the committee’s median: by how many points your update made the model better on the committee’s own patients.',
      direction:
        'The score says how far your update pointed the way the others’ did: 100 points is all the way, below 0 is back.',
      none: 'Not scored: nobody sees single updates. Those whose updates are in the sum share the reward evenly.',
    },
    export: 'Save as CSV',
    file: (name: string) => `${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}-rounds.csv`,
  },

  keys: {
    heading: 'Which keys are mine?',
    answer: {
      here: 'Two keys of this study are on this computer: one signs your duties, one opens what is sealed to you.',
      none: 'No key of this study is on this computer.',
    },
    duty: 'Duty key (P-256, signs)',
    encryption: 'Encryption key (P-256, opens)',
    columns: { key: 'Key', here: 'On this computer', chain: 'Registered on the chain' },
    here: 'yes, cannot be copied out',
    notHere: 'no',
    registered: (when: string) => `yes, since ${when}`,
    registeredSometime: 'yes',
    notRegistered: 'not yet: joining registers it',
    other: 'another key is registered: this one is of no use',
    unread: 'being read',
    moving: 'What if this computer is lost, or I move to another?',
    moved:
      'The keys were made so that nothing can take them out of this browser: no file, no backup, not even this page. Nobody can steal them, and nobody can move them. On another computer this wallet can neither sign your duties nor open what is sealed to you, and the contract takes new keys from no one that has joined.',
    movedDo: [
      'If this computer comes back: open this page in the same browser. You go on where you were.',
      'If it does not: leave the study with the same wallet from any computer. Leaving needs the wallet alone. Your stake comes back after your last round; a round that you miss meanwhile costs a part of it.',
      'To take part again, join from the new computer with another wallet that the issuers admit. The old one cannot join this study twice.',
    ],
    destroy: 'Destroy the keys…',
    destroyDialog: {
      heading: 'Destroy the keys of this study?',
      what: 'Every update and model that was sealed to you is closed for good, also the copies that relays still hold. This is how your data here is erased.',
      cost: 'What you still owe you can no longer sign: each round that you are drawn for costs a part of your stake. Leave the study first.',
      cannot: 'It cannot be undone.',
      word: 'destroy',
      type: (word: string) => `Type “${word}” to confirm`,
      confirm: 'Destroy the keys',
      cancel: 'Keep them',
    },
    destroyed: 'The keys are destroyed. Reload the page to let go of what it still holds in memory.',
    reload: 'Reload now',
  },

  desk: {
    heading: 'Do others use this computer?',
    answer: 'Cover the page while you are away, or have this browser forget this hospital.',
    lock: {
      pin: `PIN, at least ${PIN_LENGTH} characters`,
      repeat: 'The PIN again',
      pauses: 'Pause the study meanwhile',
      pausesExplains: 'Otherwise this tab goes on working behind the cover.',
      confirm: 'Cover this page',
      mismatch: 'The two PINs differ.',
      short: `A PIN has at least ${PIN_LENGTH} characters.`,
      protects:
        'The cover keeps people who walk by from reading and clicking, also after a reload. It does not protect against somebody who knows how to open the browser’s developer tools or copies its profile, and it does not lock your wallet. The PIN is kept in this tab alone, as a salted hash that is slow to guess.',
    },
    wipe: {
      open: 'Have this browser forget this hospital…',
      heading: 'Have this browser forget this hospital?',
      what: 'Deleted from this browser, for all studies of this wallet: keys, sealed updates and models, the journal, the list of what you did, settings of this tab.',
      stays:
        'What stays: the chain’s records, your wallet and what it holds, your own files, and what relays keep sealed.',
      cost: 'Without the keys you cannot go on in a study that you are in. Leave and withdraw first.',
      pending:
        'Something is not finished: an update or a duty of this round, or an upload that no relay has. If you go on, it is lost, and that costs a part of your stake.',
      pendingConfirm: 'I know that it is lost.',
      type: (name: string) => `Type the hospital’s name, “${name}”, to confirm`,
      confirm: 'Forget this hospital',
      cancel: 'Keep everything',
    },
  },

  cover: {
    heading: (name: string) => `${name} is covered`,
    goesOn: 'The study goes on behind this cover.',
    paused: 'The study is paused until the PIN is given.',
    pin: 'PIN',
    open: 'Open',
    wrong: 'That is not the PIN.',
    waits: (seconds: number) => `Too many wrong tries. Wait ${seconds} s.`,
    forgot:
      'PIN forgotten? Close this tab: the cover goes with it. Your keys stay in this browser, and the study can be opened again.',
  },

  storage: {
    heading: 'What is kept in this browser?',
    answer: (all: number) => `${bytes(all)} of sealed updates and models.`,
    unknown: 'Storage is not open yet.',
    own: 'Made here',
    others: 'Fetched',
    blobs: 'Sealed packages',
    quota: 'The browser grants this page',
    gigabytes: (count: number) => `${(count / 1e9).toFixed(1)} GB`,
    persisted: 'The browser has promised not to clear it by itself.',
    notPersisted: 'The browser may clear it when the disk fills up.',
    free: 'Free old rounds',
    freed: (count: number) =>
      count === 0 ? 'Nothing could be freed: only current rounds are kept.' : `${bytes(count)} freed.`,
    keeps: 'The newest model, the last two rounds and whatever no relay has taken stay.',
  },

  device: {
    heading: 'What does this computer do?',
    backend: (backend: string) => `It trains on ${backendNames[backend] ?? backend}.`,
    none: 'Nothing has been loaded to train with yet.',
    perRound: (seconds: number) =>
      seconds < 60
        ? `About ${Math.max(1, Math.round(seconds))} s of training a round, measured on your own rows.`
        : `About ${Math.round(seconds / 60)} min of training a round, measured on your own rows.`,
    tried: 'Ways to train that were tried',
    used: 'used',
    patients: (count: number) => `${count} patients are loaded. They are in this tab’s memory only.`,
  },
} as const
