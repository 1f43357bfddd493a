import type { Entry } from '../../app/join/entry.ts'
import type { Unused } from '../../training/screen.ts'
import { bytes, decimal, inTime, partOf } from '../format.ts'

/** Whole seconds as people say them. @example lasting(75) // '1 min 15 s' */
export function lasting(seconds: number): string {
  if (seconds <= 1) return '1 second'
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  const rest = Math.ceil(seconds % 60)
  if (minutes < 60) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const count = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`
const credits = (amount: number) => count(Math.round(amount * 100) / 100, 'credit')
const backends: Readonly<Record<string, string>> = {
  webgpu: 'the graphics processor (WebGPU)',
  wasm: 'the processor (WebAssembly)',
  webgl: 'the graphics processor (WebGL)',
  cpu: 'the processor (plain JavaScript)',
}

/** Why this computer does not train in one of the ways there are. */
function unusedText(unused: Unused): string {
  switch (unused.kind) {
    case 'noGraphics':
      return 'no graphics processor answers here'
    case 'noWasm':
      return 'this browser has no WebAssembly'
    case 'needless':
      return 'not tried: with a graphics processor WebGPU is faster, without one WebAssembly'
    case 'noStart':
      return 'it does not start here'
    case 'quicker':
      return 'faster for so small a model, slower for larger ones'
    case 'software':
      return `the graphics processor is emulated in software (${unused.adapter})`
    case 'slower':
      return `${unused.times} times as long a step as what is used`
  }
}

/** From opening the link to being in. */
export const joinTexts = {
  heading: 'How do I take part?',
  steps: {
    label: 'Steps to take part',
    connect: 'Connect',
    data: 'Patients',
    computer: 'Computer',
    terms: 'Terms',
    in: 'In',
    done: 'done',
    position: (step: number, of: number, name: string) => `Step ${step} of ${of}: ${name}`,
  },
  error: { heading: 'What went wrong?', retry: 'Try again' },

  connect: {
    heading: 'Who are you here?',
    answer: 'A wallet signs for your hospital: it puts down the stake and announces what you contribute.',
    opening: 'Fetching what this hospital needs…',
  },

  invitation: {
    heading: 'You are invited',
    answer: (name: string) => `You take part as “${name}”. Credits for the stake and the first gas money come with it.`,
    until: (time: string) => `It holds until ${time}, once.`,
    toBeUsed: 'It is used when you join, for the wallet that you connect here.',
    redeemed: 'The invitation is used: this wallet is admitted.',
    problems: {
      foreign: 'This invitation is for another Wardround, on another chain. Ask whoever sent it for a new link.',
      expired: 'This invitation has expired. Ask whoever sent it for a new one.',
      revoked: 'This invitation was withdrawn. Ask whoever sent it why.',
      used: 'This invitation was used already. If that was you, connect the wallet that you used then.',
      badSignature: 'A signature of this invitation is not by one of the issuers. Ask whoever sent it for a new one.',
      notEnough: 'Not enough issuers have signed this invitation yet. Send it back to whoever sent it.',
    },
  },

  tab: {
    elsewhere: {
      heading: 'Is this hospital open elsewhere?',
      answer: 'Yes: another tab of this browser works as this hospital. One hospital is one tab.',
      hint: 'Taking over is safe: nothing is lost, and nothing is sent twice.',
    },
    silent: {
      heading: 'Why does the other tab not answer?',
      answer: 'It was asked to let go and did not. Close it by hand, then try again.',
      hint: 'It may be asleep, or shown by another window.',
    },
    handedOver: {
      heading: 'Where did this hospital go?',
      answer: 'Another tab of this browser took it over and goes on there. You may close this one.',
      hint: 'Nothing was lost: the other tab went on from the same place.',
    },
    takeOver: 'Take over here',
    takingOver: 'Waiting for the other tab to let go…',
    bringBack: 'Bring it back here',
  },

  data: {
    heading: 'Which patients do you bring?',
    answer: 'Their rows stay on this computer. What leaves it is what the model learned from them, sealed.',
    starting: 'Keys, storage and training are starting on this computer…',
    source: 'Where are your patients?',
    sourceHint: 'A hospital that comes with this study, or a file of your own.',
    own: 'A file of my own (CSV)',
    chooseFile: 'Choose your patients’ file',
    chooseAnother: 'Choose another file',
    fileHint: 'A CSV file with a header line. It is read in this tab and goes nowhere else: these rows stay here.',
    remembered: (file: string) =>
      `You had chosen ${file}. A page may not keep a file, so choose it again; which column is which was kept.`,
    rememberedMember: (file: string) =>
      `This hospital takes part with the patients in ${file}. A page may not keep a file: choose it again to go on.`,
    wanted: (features: number) => `Which ${features + 1} columns does the study need?`,
    reading: 'Reading the patients…',
    loading: 'Loading the patients…',
    preview: (file: string) => `The first rows of ${file}`,
    images: (name: string) => `The first images of ${name}`,
    row: 'Row',
    rows: (n: number) => count(n, 'row'),
    patients: (n: number) => count(n, 'patient'),
    usable: (complete: number, incomplete: number) =>
      incomplete === 0
        ? `${count(complete, 'patient')} can be used.`
        : `${count(complete, 'patient')} can be used. ${count(incomplete, 'row misses', 'rows miss')} a value and ${incomplete === 1 ? 'is' : 'are'} left out.`,
    outcome: (yes: string, yesRows: number, no: string, noRows: number) =>
      `“${yes}” is read as yes (${count(yesRows, 'patient')}), “${no}” as no (${count(noRows, 'patient')}).`,
    ignored: (columns: readonly string[]) => `Not read at all: ${columns.join(', ')}.`,
    mapping: {
      heading: 'Which column is which?',
      found: (n: number) => `All ${n} columns of the study were found in your file.`,
      unmapped: (names: readonly string[]) =>
        `Say which column of your file holds ${names.map(name => `“${name}”`).join(', ')}.`,
      study: 'The study needs',
      file: 'In your file',
      none: 'Choose a column',
      missing: 'Not found in your file.',
      outcome: 'the outcome',
      of: (name: string) => `Column of your file that holds ${name}`,
    },
    problems: {
      heading: (rows: number) => `${count(rows, 'row')} cannot be used as ${rows === 1 ? 'it is' : 'they are'}`,
      hint: 'Correct them in your file and choose it again, or leave them out.',
      row: 'Row',
      column: 'Column',
      value: 'What it says',
      expected: 'What it should be',
      more: (n: number) => `and ${n} more`,
      leaveOut: (rows: number, rest: number) =>
        `Leave out ${rows === 1 ? 'this row' : `these ${rows} rows`} and go on with ${count(rest, 'patient')}`,
    },
    use: (patients: number) => `Use these ${count(patients, 'patient')}`,
    useUnknown: 'Use these patients',
    other: {
      heading: 'Are these the same patients?',
      answer:
        'This hospital joined with other patients than those you just chose. Scores and comparisons with earlier rounds would be off.',
      goOn: 'Go on with these',
      choose: 'Choose the file from before',
    },
    kinds: {
      number: (min?: number, max?: number) =>
        min !== undefined && max !== undefined ? `a number, ${min} to ${max}` : 'a number',
      binary: '0 or 1, or yes and no',
      category: (levels: readonly string[]) => `one of ${levels.join(', ')}`,
    },
  },

  computer: {
    heading: 'Can this computer do it?',
    measuring: 'Training a few steps on your patients to see how long a round takes…',
    fine: 'Yes.',
    rows: {
      backend: 'It trains on',
      round: 'A round takes it',
      room: 'It needs room for',
      tried: 'What else was tried?',
    },
    backend: (name: string) => backends[name] ?? name,
    seconds: (seconds: number) => `about ${lasting(seconds)}`,
    room: (needed: number, free: number | null) =>
      free === null
        ? `${bytes(needed)}; this browser does not say what is free`
        : `${bytes(needed)} of ${bytes(free)} free`,
    used: 'used',
    unused: unusedText,
    concerns: {
      slow: (seconds: number, limit: number) =>
        `A round would take this computer about ${lasting(seconds)}; the study allows ${lasting(limit)}. Who is late loses a part of the stake.`,
      room: (needed: number, free: number) =>
        `The study may need ${bytes(needed)}; this browser has ${bytes(free)} left. Free some space first.`,
    },
    goOn: 'Go on all the same',
    again: 'Measure again',
    back: 'Choose other patients',
  },

  terms: {
    heading: 'What do you agree to?',
    answer: (stake: number) =>
      `You put ${credits(stake)} at stake. You get ${stake === 1 ? 'it' : 'them'} back when the study ends, unless you fail to do what you owe.`,
    rows: {
      what: 'What is it for?',
      when: 'When do you come in?',
      owe: 'What do you owe?',
      lose: 'What can you lose?',
      get: 'What do you get?',
      shared: 'What is shared, and with whom?',
      who: 'Who takes part?',
      bring: 'What do you bring?',
    },
    entry: (entry: Entry, now: number): string => {
      switch (entry.kind) {
        case 'waiting':
          return `At the beginning. ${entry.joined === 0 ? 'You are the first to join' : `${count(entry.joined, 'hospital has', 'hospitals have')} joined`}; the study starts when the sponsor says so${entry.until > 0 ? `, ${inTime(entry.until - now)} at the latest` : ''}.`
        case 'running':
          return `It runs already. You come in at round ${entry.round}, ${inTime(entry.seconds)} at the latest.`
        case 'full':
          return 'The study is full: no more hospitals can join.'
        case 'tooLate':
          return 'Too late: who joins now would take part in no round any more.'
        case 'ended':
          return 'The study has ended.'
      }
    },
    owe: (rounds: number, round: number, train: number, perRound: number | null) =>
      `In each of ${count(rounds, 'round')} this tab trains${perRound === null ? '' : ` for about ${lasting(perRound)}`}, has ${lasting(train)} for it, and now and then checks the others’ updates. A round takes ${lasting(round)} at most. Keep the tab open, in the background if you like.`,
    lose: (stake: number, share: number) =>
      `${Math.round(share * 1000) / 10} % of the stake each time you miss a deadline or send what harms the model; ${credits(stake)} at most.`,
    gas: (eth: number) =>
      `Beside it gas money for the transactions: ${eth < 0.0001 ? 'less than 0.0001' : `about ${decimal(eth, 4)}`} ether for the whole study.`,
    worthless: 'On this test chain neither is worth anything.',
    get: (reward: number) =>
      `The model that all learned together, to use on this computer. And a share of ${credits(reward)} a round, by how much your update helped.`,
    getMasked: (reward: number) =>
      `The model that all learned together, to use on this computer. And an equal share of ${credits(reward)} a round, with all whose updates are in the sum.`,
    loseMasked: (stake: number, share: number) =>
      `${Math.round(share * 1000) / 10} % of the stake each time you miss a deadline or are proven to have sent something false; ${credits(stake)} at most.`,
    getScored: (reward: number) =>
      `The model that all learned together, to use on this computer. And a share of ${credits(reward)} a round, by how far your update points the way the others’ do.`,
    loseScored: (stake: number, share: number) =>
      `${Math.round(share * 1000) / 10} % of the stake each time you miss a deadline, send what goes against the others, or are proven to have sent something false; ${credits(stake)} at most.`,
    sharedScored:
      'What the model learned from your patients: with noise in it, and masked. The weighted sum of all hospitals opens.',
    sharedNeverScored: 'Never: a patient’s row, an exact count of your patients, a file’s name.',
    sharedSealed: 'What the model learned from your patients: sealed, for this round’s committee of hospitals only.',
    sharedMasked:
      'What the model learned from your patients: masked. Nobody can read it, not even the committee; only the weighted sum of all hospitals opens.',
    sharedPart: (keep: number) =>
      `Of that, ${partOf(keep)} goes up in a round, the rest in later ones: uploads are smaller, and so are the new models that come back.`,
    sharedPublicMasked:
      'Public on the chain: your hospital’s name, its address and stake, and fingerprints of what it sent.',
    sharedWeight: (patients: number) =>
      `Public, too: about how many patients you have, in at most eight steps of ${patients.toLocaleString('en-GB')}. Larger hospitals count more.`,
    sharedNeverMasked: 'Never: a patient’s row, an exact count of your patients, your own update, a file’s name.',
    sharedPublic:
      'Public on the chain: your hospital’s name, its address, stake and scores, and fingerprints of what it sent.',
    sharedNever: 'Never: a patient’s row, a count of your patients, a file’s name.',
    nobody: 'Nobody has joined yet.',
    sponsor: (name: string) => `Sponsored by ${name}.`,
    bring: (patients: number, backend: string, seconds: number | null) =>
      `${count(patients, 'patient')} on this computer, trained on ${backends[backend] ?? backend}${seconds === null ? '' : `, about ${lasting(seconds)} a round`}.`,
    change: 'Change',
    changeLabel: 'Change which patients you bring',
    reading: 'Reading the terms…',
    obstacles: {
      notAdmitted:
        'The issuers have not admitted this wallet yet. Ask them for an invitation, or give them the address above.',
      credits: (needed: number, has: number) =>
        `The stake is ${credits(needed)}; this wallet has ${credits(has)}. Ask the sponsor for credits.`,
      privacy:
        'The privacy budget for these patients covers no round of this study: earlier studies have spent it. Choose another study; a larger budget can be set under My hospital, where whoever answers for these data agrees.',
      gas: 'This wallet has no gas money. Send it some ether of this chain first.',
    },
    declined: 'You declined in your wallet. Nothing was sent; you can try again.',
    stages: {
      redeeming: 'Using the invitation: your hospital is admitted, credits and gas money come to this wallet…',
      entering:
        'One transaction puts down the stake and registers the keys of this computer. Your wallet may ask you to confirm…',
    },
  },

  status: {
    running: 'You are in. The study goes on in this tab.',
  },
} as const
