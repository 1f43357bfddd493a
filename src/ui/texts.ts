import { isWithinChance } from '../app/gain.ts'
import type { ShownPhase } from '../app/phases.ts'
import type { Situation } from '../app/situation.ts'
import type { Stage } from '../app/store.ts'
import type { Progress } from '../rounds/ports.ts'
import type { TaskType } from '../rounds/state.ts'
import { inTime, percent, unsignedPoints, wholePercent } from './format.ts'
import { frameTexts } from './texts/frame.ts'
import { homeTexts } from './texts/home.ts'
import { issuersTexts } from './texts/issuers.ts'
import { joinTexts } from './texts/join.ts'
import { keepingTexts } from './texts/keeping.ts'
import { kioskTexts } from './texts/kiosk.ts'
import { liveTexts } from './texts/live.ts'
import { modelTexts } from './texts/model.ts'
import { privacyTexts } from './texts/privacy.ts'
import { resultsTexts } from './texts/results.ts'
import { walletTexts } from './texts/wallet.ts'

/** As people call it; My hospital says exactly which. */
function processorOf(backend: string): string {
  return backend === 'webgpu' || backend === 'webgl' ? 'the graphics processor' : 'the processor'
}

/**
 * Every sentence of the pages, but for errors, which are in src/errors/messages.ts, and the sponsor's page, which loads its own. One file a
 * page in ./texts.
 */
export const texts = {
  frame: frameTexts,
  join: joinTexts,
  issuers: issuersTexts,
  keeping: keepingTexts,
  kiosk: kioskTexts,
  model: modelTexts,
  results: resultsTexts,
  live: liveTexts,
  privacy: privacyTexts,
  wallet: walletTexts,

  product: 'Wardround',
  promise: 'Hospitals learn from each other’s patients. The patients’ data stays where it is.',
  researchUse: 'For research. Not a medical device; do not treat anybody by it.',
  loading: 'Reading what is deployed…',
  colourScheme: { toDark: 'Dark', toLight: 'Light', label: 'Change between light and dark' },
  copy: { label: 'Copy the address', short: 'Copy', done: 'Copied' },

  home: homeTexts,

  hospital: {
    demoAccount: 'demo account',
    ownWallet: 'your wallet',
    yourself: 'Who am I here?',
    views: { label: 'This hospital', round: 'Now', results: 'Results', model: 'Model', keeping: 'My hospital' },
    inStudy: (name: string) => `in the study ${name}`,
    back: 'All studies',
    now: 'What happens now?',
    rounds: (completed: number, rounds: number) => `${completed} of ${rounds} rounds done`,
    join: 'Join the study',
    pause: 'Pause',
    resume: 'Go on',
    chooseFile: 'Choose your patients’ file',
    fileHint: 'A CSV file with a header line. It is read in this tab and goes nowhere else.',
    backend: (backend: string) => `trains on ${processorOf(backend)}`,
    patients: (count: number) => `${count} patients on this computer`,
  },

  gain: {
    heading: 'What did we gain?',
    soon: 'After the first round you see here how the shared model does on your own held-out patients.',
    measured: (patients: number) => `Measured on ${patients} of your own patients that no model has learned from.`,
    none: (majority: number) =>
      `The shared model has no model of your own beside it yet. Always guessing the commoner outcome reaches ${percent(majority)}.`,
    difference: (together: number, alone: number, patients: number) => {
      const points = together - alone
      if (Math.abs(points) < 0.0005) return 'Training together made no difference in accuracy here.'
      const chance = isWithinChance(together, alone, patients) ? ` On ${patients} patients that may be chance.` : ''
      return points > 0
        ? `Training together is better here by ${unsignedPoints(points)} of accuracy.${chance}`
        : `Training together did not help here: it is worse by ${unsignedPoints(points)} of accuracy.${chance}`
    },
    caption: 'The shared model and your own, on the same patients',
    measure: 'Measure',
    alone: 'Alone',
    together: 'Together',
    rows: {
      accuracy: 'Accuracy',
      auc: 'Area under the ROC curve',
      logLoss: 'Log-loss (lower is better)',
      precision: 'Precision',
      recall: 'Recall',
    },
    majority: (share: number) => `Always guessing the commoner outcome reaches ${percent(share)}.`,
    history: 'Accuracy after each round',
    round: 'Round',
  },

  log: {
    heading: 'What happened so far?',
    empty: 'Nothing yet.',
  },

  notFound: {
    heading: 'Is something missing?',
    answer: (path: string) => `There is no page ${path} here.`,
    home: 'Go to the list of studies',
  },

  error: {
    heading: 'What went wrong?',
    details: 'For a report to the maintainers',
    reload: 'Reload this page',
  },
} as const

/** What a badge says of each stage. */
export const stageTexts: Readonly<Record<Stage, string>> = {
  starting: 'starting',
  wrongTab: 'open in another tab',
  needsData: 'needs your patients',
  checkingDevice: 'checking this computer',
  ready: 'ready to join',
  joining: 'joining',
  running: 'taking part',
  done: 'finished',
  failed: 'stopped',
}

const taskTexts: Readonly<Record<TaskType, string>> = {
  install: 'This tab fetches the newest model and checks it.',
  prepare: 'This tab prepares your patients so that training on them can be proven.',
  contribute: 'This tab trains on your patients and seals what it learned.',
  unseal: 'This tab opens its part of the draw of who proves its training.',
  prove: 'This hospital was drawn: this tab proves that it trained as the study says. The proof tells nothing else.',
  review: 'You sit on the committee: this tab checks the other hospitals’ updates.',
  reveal: 'You sit on the committee: this tab sends its scores.',
  unmask:
    'You sit on the committee: this tab adds up its masks, so that the sum of the updates can be read, and nothing else.',
  score:
    'You sit on the committee: this tab helps to work out how far each update points the way the others’ do. None is opened for it.',
  recover:
    'You sit on the committee: this tab opens its part of what checks a committee member, and of what missing ones left behind.',
  conclude: 'You sit on the committee: this tab averages the updates and signs the new model.',
  advance: 'A deadline has passed: this tab moves the study on.',
  evaluate: 'This tab tries the new model on your held-out patients.',
}

const progressTexts: Readonly<Record<Progress['stage'], string>> = {
  load: 'loading',
  train: 'training',
  seal: 'sealing',
  open: 'opening what was sent',
  score: 'scoring',
  aggregate: 'averaging',
  evaluate: 'evaluating',
  send: 'sending',
  fetch: 'fetching',
  commit: 'preparing',
  prove: 'proving',
}

const waitingFor: Readonly<Partial<Record<ShownPhase, string>>> = {
  train: 'hospitals have sent their update',
  reveal: 'hospitals have opened their part of the draw',
  audit: 'hospitals that were drawn have proven their training',
  attest: 'committee members have checked the updates',
  score: 'committee members have given their scores',
  unmask: 'committee members have sent their masks',
  compare: 'committee members have compared the updates',
  recover: 'committee members have opened their part',
  aggregate: 'committee members have signed the new model',
}

const endTexts = [
  'The study goes on.',
  'The study is complete.',
  'The study ended: too few hospitals joined. Your stake is yours again.',
  'The study ended: twice too few of the committee acted. Your stake and the unspent deposit go back.',
  'The sponsor ended the study. Your stake is yours again.',
] as const

/**
 * What happens now, in a sentence or two.
 *
 * @param now unix seconds by the chain's clock
 */
export function situationText(situation: Situation, now: number): string {
  switch (situation.kind) {
    case 'starting':
      return 'Keys, storage and training are starting on this computer.'
    case 'wrongTab':
      return 'This hospital is open in another tab of this browser.'
    case 'needsData':
      return 'Choose your patients. They stay on this computer.'
    case 'checkingDevice':
      return 'What this computer can do is being measured.'
    case 'ready':
      return 'Everything is ready. To take part you put credits at stake; you get them back when the study ends, unless you fail to do what you owe.'
    case 'joining':
      return 'This hospital is joining the study.'
    case 'connecting':
      return 'This tab looks up where the study stands.'
    case 'paused':
      return 'You paused. Nothing new begins on this computer until you go on; what you miss can cost a part of your stake.'
    case 'finishing':
      return 'The study has ended. This tab fetches the last model and evaluates it.'
    case 'waitingForStart':
      return `${joinedText(situation.joined)} The study starts when the sponsor says so${
        situation.until > 0 ? `, ${inTime(situation.until - now)} at the latest` : ''
      }.`
    case 'working':
      return taskTexts[situation.task]
    case 'waiting':
      return waitingText(situation, now)
    case 'done':
      return endTexts[situation.endReason] ?? endTexts[0]
    case 'failed':
      return 'This hospital has stopped. Above is why, and what you can do.'
  }
}

function joinedText(joined: number): string {
  if (joined === 0) return 'No hospital has joined yet.'
  return joined === 1 ? 'One hospital has joined.' : `${joined} hospitals have joined.`
}

function waitingText({ phase, done, of, until }: Extract<Situation, { kind: 'waiting' }>, now: number): string {
  const what = waitingFor[phase]
  if (phase === 'draw') {
    return 'The next blocks of the chain draw a committee member, whose masks everybody then checks. Nobody can choose who it is.'
  }
  const latest = until > 0 ? ` The study goes on ${inTime(until - now)} at the latest.` : ''
  if (what === undefined) return `The next round begins soon.${latest}`
  return `Your part is done. ${done} of ${of} ${what}.${latest}`
}

/** Stages whose steps are nothing that people would count. */
const inPercent: ReadonlySet<Progress['stage']> = new Set(['commit', 'prove'])

/** @example progressText({ stage: 'train', done: 3, total: 10 }) // 'training, 3 of 10' */
export function progressText({ stage, done, total }: Progress): string {
  if (inPercent.has(stage) && total > 0) return `${progressTexts[stage]}, ${wholePercent(done / total)}`
  return total > 0 ? `${progressTexts[stage]}, ${done} of ${total}` : progressTexts[stage]
}
