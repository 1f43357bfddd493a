import type { ClockPhase } from '../../app/live/clockPhase.ts'
import type { Standing } from '../../app/live/missing.ts'
import { isAsked, type NextAction } from '../../app/live/nextAction.ts'
import { Mode } from '../../rounds/ports.ts'
import type { TaskType } from '../../rounds/state.ts'
import type { BlobKind } from '../../storage/BlobStore.ts'
import { exactTime, inTime, percent } from '../format.ts'
import { scoringOpens } from './privacy.ts'
import { walletTexts } from './wallet.ts'

/** Each of the running study's panels. */
export const liveTexts = {
  heading: 'What happens now?',
  /** @param round as people count, 0: the standardisation */
  roundName: (round: number, rounds: number) =>
    round === 0 ? 'Before the first round' : rounds > 0 ? `Round ${round} of ${rounds}` : `Round ${round}`,
  ofRounds: (rounds: number) => `of ${rounds}`,
  shortRound: (round: number) => (round === 0 ? 'Start' : String(round)),

  deadline: {
    none: 'Nothing is due.',
    /** @param seconds left by the chain's clock */
    left: (seconds: number) =>
      seconds <= 0 ? 'The deadline has passed; the study moves on any moment now.' : `Due ${inTime(seconds)}.`,
    start: (seconds: number) =>
      seconds <= 0 ? 'The study starts any moment now.' : `It starts ${inTime(seconds)} at the latest.`,
    /** @param time unix seconds by the chain's clock */
    exact: (time: number) => `${exactTime(time * 1000)}, by the chain’s clock`,
    skew: (seconds: number) =>
      `This computer’s clock is ${duration(Math.abs(seconds))} ${seconds > 0 ? 'ahead of' : 'behind'} the chain’s. That does no harm: deadlines here are counted by the chain’s clock.`,
  },

  action: {
    heading: 'What do I do?',
    nothing: 'Nothing. Leave this tab open; it works by itself, also in the background.',
    sign: (call: string) => `Look at your wallet: it asks you to confirm. ${walletTexts.call(call).signs}`,
    chooseFile: 'Choose the file with your patients.',
    join: 'Join the study.',
    resume: 'You paused. Go on when you are ready; what falls due meanwhile can cost a part of your stake.',
    retry: 'A step was declined or failed, so this tab paused. Go on to try it again.',
    reload: 'Read at the top what happened, then reload the page. What was done is kept.',
    otherTab: 'Go on in the other tab: this hospital is open there.',
    /** Without the share that is done: a live region would read out every per cent. */
    works: (task: TaskType) => `Nothing. ${taskNames[task]}.`,
    waits: 'Nothing. Your part of this phase is done; leave the tab open.',
    waitsForStart: 'Nothing yet. Leave this tab open; training begins by itself when the study starts.',
    comesInLater:
      'Nothing yet. You came in while a round was running. You take part as soon as there is a model that is sealed to you: with the next round, or the one after. Leave this tab open.',
    sitsOut: 'Nothing. You sit this round out. You take part again in the next one.',
    usedUp:
      'Nothing. You took part in as many rounds as this study can prove for one hospital. Leave this tab open: it fetches the last model.',
    left: 'Nothing. You have left the study. Under My hospital you can withdraw what is yours.',
    starting: 'Nothing. This tab is getting ready.',
    done: 'See what you gained under Results. Under My hospital you can withdraw your stake and rewards.',
  },

  title: {
    /** @example '● Sign in your wallet' */
    of: (action: NextAction): string | null => {
      const text = titleOf(action)
      return text === null ? null : isAsked(action) ? `● ${text}` : text
    },
  },

  missing: {
    heading: 'Who is missing?',
    nobody: 'Nobody: everybody has done what this phase asks for.',
    nobodyJoined: 'The hospitals that join are listed here.',
    noRound: 'No round is running, so nobody is waited for.',
    waits: (names: readonly string[]) =>
      `${list(names)} ${names.length === 1 && names[0] !== 'You' ? 'has' : 'have'} still to do what this phase asks for.`,
    whatThen: {
      train:
        'Who has not sent an update by the deadline is left out of this round and loses a part of the stake. The others go on without waiting.',
      prove:
        'Who has not done so by the deadline is left out of this round and loses a part of the stake. The others go on without waiting.',
      /** @param spare how many committee members more may be missing */
      unmask: (spare: number) =>
        spare === 0
          ? 'Nobody more of so small a committee may be missing: if one has not answered by the deadline, it loses a part of the stake and the round is repeated.'
          : `Who of the committee has not answered by the deadline loses a part of the stake. The others open what up to ${spare === 1 ? 'one missing member' : `${spare} missing members`} left behind; if more are missing, the round is repeated.`,
      draw: 'Nobody has to do anything: the next blocks of the chain draw who is checked. Nobody can choose it.',
      recover: (needed: number) =>
        `Who of the committee has not opened its part by the deadline loses a part of the stake. The round goes on with the parts of ${needed} members; with fewer it is repeated.`,
      seats:
        'Who of the committee has not acted by the deadline loses a part of the stake. The round goes on if more than two thirds of the committee have acted; else it is repeated.',
      none: 'If somebody does not come, the others go on at the deadline.',
    },
    columns: { hospital: 'Hospital', part: 'Part', state: 'State' },
    you: 'you',
    youWord: 'You',
    seat: 'committee',
    member: 'trains',
    standings: {
      done: { mark: '✓', text: 'done' },
      waiting: { mark: '…', text: 'waited for' },
      free: { mark: '–', text: 'owes nothing now' },
      missed: { mark: '✕', text: 'missed a deadline' },
      out: { mark: '○', text: 'not in this round' },
    } satisfies Record<Standing, { mark: string; text: string }>,
  },

  gain: {
    heading: 'What did we gain so far?',
    soon: 'After the first round you see here how the shared model does on your own held-out patients.',
    together: 'Together',
    alone: 'Alone',
    loss: 'Loss',
    round: 'Round',
    batch: 'Batch',
    accuracy: (points: readonly { together: number | null; alone: number | null }[]) => {
      const last = points.at(-1)
      const first = points.find(({ together }) => together !== null)
      if (last?.together == null || first?.together == null) return 'No round has been evaluated here yet.'
      const course =
        points.length === 1
          ? `The shared model is right for ${percent(last.together)} of your held-out patients`
          : `The shared model went from ${percent(first.together)} to ${percent(last.together)} of your held-out patients`
      return last.alone === null
        ? `${course}.`
        : `${course}; a model trained on your patients alone is at ${percent(last.alone)}.`
    },
    logLoss: (together: number | null, alone: number | null) => {
      if (together === null) return 'No round has been evaluated here yet.'
      const own = alone === null ? '' : `; of a model trained alone, ${alone.toFixed(3)}`
      return `Log-loss of the shared model on your held-out patients: ${together.toFixed(3)}${own}. Lower is better.`
    },
    live: (round: string, batches: number, loss: number) =>
      `${round}: after ${batches} batches the loss on your training patients is ${loss.toFixed(3)}.`,
    since: 'Rounds that were evaluated since this tab was opened: these figures are never stored.',
    accuracyTitle: 'Accuracy by round',
    lossTitle: 'Log-loss by round',
    liveTitle: 'This round’s training, live',
  },

  leaves: {
    heading: 'What leaves this computer?',
    answer: 'Sealed updates to the model, hashes and signatures. Never a patient’s row, never a file’s name.',
    answerMasked: 'Masked updates to the model, hashes and signatures. Never a patient’s row, never a file’s name.',
    columns: { what: 'What', sent: 'Sent', received: 'Received' },
    kinds: {
      statistics: 'Sums for the common scale, sealed',
      update: 'Updates, sealed to the committee',
      model: 'Models, sealed to the hospitals',
      masks: 'Sums of masks, sealed to the committee',
      shares: 'Opened parts of masks, sealed to the committee',
      products: 'How masks line up, sealed to the committee',
      rewraps: 'Keys passed on within the committee, sealed',
      manifest: 'Description of the study, public',
      initial: 'First weights, public',
      other: 'Connections: handshakes, encryption, asking for blocks',
    } satisfies Record<BlobKind | 'other', string>,
    updateMasked: 'Updates, masked',
    total: 'Content, all together',
    chain: (confirmed: number, failed: number) =>
      `${confirmed === 1 ? 'One transaction' : `${confirmed} transactions`} on the chain${failed > 0 ? `, ${failed} failed` : ''}`,
    gas: (gas: string) => `${gas} gas`,
    chainHolds: 'The chain holds hashes, signatures, scores and stakes, readable for everybody and for good.',
    chainHoldsScored:
      'The chain holds hashes, signatures, weights, scores and stakes, readable for everybody and for good.',
    chainHoldsMasked: 'The chain holds hashes, signatures, weights and stakes, readable for everybody and for good.',
    relays: (connected: number, all: number) =>
      all === 0 ? 'No relays are named for this study.' : `${connected} of ${all} relays connected`,
    noRelay: 'No relay answers. Your work is kept here and goes out as soon as one does.',
    peers: (count: number) =>
      count === 0
        ? 'no direct connections'
        : count === 1
          ? 'one hospital connected directly'
          : `${count} hospitals connected directly`,
    pending: (count: number) =>
      count === 0
        ? 'no upload waits'
        : count === 1
          ? 'one upload waits for a relay'
          : `${count} uploads wait for a relay`,
    who: 'Only this round’s committee can open what you send. Relays store it without being able to read it.',
    whoMasked:
      'Nobody can open your update, not the committee either: it is masked, and only the sum of all hospitals’ updates opens.',
    whoScored: `Your update is masked: the sum of all hospitals’ updates opens. ${scoringOpens}`,
    compressedUp: (upload: string, times: number) =>
      `Of each update a part is sent now and the rest in later rounds: an upload is ${upload}, ${times.toFixed(1)} times smaller than without compression.`,
    compressedDown: (model: string, times: number) =>
      `A new model comes as what is new in it: ${model}, ${times.toFixed(1)} times smaller than all of it. After a missed round all of it comes.`,
    nothingYet: 'Nothing has left this computer yet.',
  },

  step: {
    heading: 'Can I step back?',
    answer: 'Yes, at any time. What it costs is said before you confirm.',
    pause: 'Pause',
    resume: 'Go on',
    pauseExplains: 'Nothing new begins on this computer until you go on.',
    awake: 'Keep the screen on while the study runs',
    awakeExplains: 'The computer does not fall asleep. It ends with the study.',
    veto: {
      heading: 'Sit out coming rounds',
      explains:
        'You take no part in a round that you tick: nothing is trained here, nothing is sent, and it costs nothing. It must be said before the round begins.',
      next: 'the next one',
      taken: 'you took part again; that cannot be changed once more',
      none: 'No further round can be sat out.',
      busy: 'Being written on the chain…',
      done: (round: string, isVetoed: boolean) => (isVetoed ? `${round}: you sit it out.` : `${round}: you take part.`),
    },
    leave: {
      open: 'Leave the study…',
      heading: 'Leave the study?',
      when: (isInRound: boolean) =>
        isInRound
          ? 'It takes effect with the next round. In the running one you still owe your part: stay until it is over, or you lose a part of your stake.'
          : 'It takes effect at once: no round of yours is running.',
      cost: 'Leaving costs nothing but gas. You take no part in later rounds and earn no more rewards there.',
      stake: (amount: string) =>
        `Your stake (${amount}) comes back when you withdraw it under My hospital, as soon as your last round is over.`,
      final: 'With this wallet you cannot join this study again.',
      model:
        'You keep the models you have, and while this page stays open you still get those that come: they are sealed to everybody who has joined.',
      amountUnknown: 'what is left of it',
      confirm: 'Leave the study',
      cancel: 'Stay',
      done: 'You have left. It takes effect with the next round.',
      left: 'You have left this study.',
    },
  },

  log: { heading: 'What happened so far?' },
} as const

const taskNames: Readonly<Record<TaskType, string>> = {
  install: 'This tab fetches the newest model',
  prepare: 'This tab prepares your patients for proofs',
  contribute: 'This tab trains on your patients',
  unseal: 'This tab opens its part of the draw of who proves its training',
  prove: 'This tab proves its training',
  review: 'This tab checks the others’ updates for the committee',
  reveal: 'This tab gives its scores to the committee',
  unmask: 'This tab adds up its masks for the committee',
  score: 'This tab compares how the updates line up, for the committee',
  recover: 'This tab opens its part of the masks that are checked, for the committee',
  conclude: 'This tab averages the updates and signs the new model',
  advance: 'This tab moves the study on',
  evaluate: 'This tab tries the new model on your held-out patients',
}

const titles: Readonly<Record<TaskType, string>> = {
  install: 'Fetching the model',
  prepare: 'Preparing',
  contribute: 'Training',
  unseal: 'Opening the draw',
  prove: 'Proving',
  review: 'Checking updates',
  reveal: 'Scoring',
  unmask: 'Unmasking',
  score: 'Comparing',
  recover: 'Opening masks',
  conclude: 'Averaging',
  advance: 'Moving on',
  evaluate: 'Evaluating',
}

function titleOf(action: NextAction): string | null {
  switch (action.kind) {
    case 'sign':
      return 'Sign in your wallet'
    case 'chooseFile':
      return 'Choose your patients’ file'
    case 'join':
      return 'Join the study'
    case 'resume':
      return 'Paused'
    case 'retry':
      return 'Try again'
    case 'reload':
      return 'Stopped'
    case 'works': {
      const { task, stage, share } = action
      const name = task === 'contribute' && stage !== 'train' && stage !== null ? 'Sending' : titles[task]
      return stage === 'train' && share !== null ? `${name} ${Math.round(share * 100)} %` : name
    }
    case 'waits':
      return 'Waiting for others'
    case 'waitsForStart':
      return 'Waiting for the start'
    case 'comesInLater':
      return 'Waiting to come in'
    case 'sitsOut':
      return 'Sitting out'
    case 'usedUp':
      return 'Waiting for the end'
    case 'left':
      return 'Left'
    case 'done':
      return 'Finished'
    default:
      return null
  }
}

/** What the answer to “What do I do?” is. */
export function actionText(action: NextAction): string {
  const { action: words } = liveTexts
  switch (action.kind) {
    case 'sign':
      return words.sign(action.call)
    case 'works':
      return words.works(action.task)
    default:
      return words[action.kind]
  }
}

/** The sentence at the clock face. */
export function clockSentence(
  round: string,
  phaseWords: string | null,
  { done, of, isOver }: { done: number; of: number; isOver: boolean },
  words: { before: string; over: string; sentence: (round: string, phase: string, done: number, of: number) => string },
): string {
  if (isOver) return words.over
  return phaseWords === null ? words.before : words.sentence(round, phaseWords, done, of)
}

const explains: Readonly<Record<ClockPhase, string>> = {
  select: 'The chain draws who takes part and who sits on the committee.',
  train: 'Each hospital trains on its own patients and seals what it learned.',
  prove: 'The chain draws hospitals. They prove that they trained as the study says; the proofs tell nothing else.',
  submit: 'The committee opens the updates and tries them on its own patients.',
  score: 'The committee says how much each update helped.',
  unmask: 'The committee removes the masks from the sum of all updates. No single update comes to light.',
  compare: 'The committee works out how far each update points the way the others’ do.',
  recover:
    'A committee member is drawn to be checked. The committee opens what is needed to check it, and what missing members left behind.',
  average: 'The committee averages what helped and signs the new model.',
  evaluate: 'Each hospital tries the new model on its own held-out patients.',
  settle: 'Rewards are credited; hospitals may join or leave.',
}

/** What is otherwise in a masked study. */
const explainsMasked: Readonly<Partial<Record<ClockPhase, string>>> = {
  train: 'Each hospital trains on its own patients and masks what it learned.',
  submit: 'The committee checks that every masked update is whole. Nobody can read it.',
  average: 'The committee works out the average from the sum and signs the new model.',
}

/** What a part of the clock face means. */
export function clockExplains(phase: ClockPhase, mode: Mode): string {
  return (mode === Mode.Masked ? explainsMasked[phase] : undefined) ?? explains[phase]
}

/** @example list(['A', 'B', 'C']) // 'A, B and C' */
export function list(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? ''
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** @example duration(3600) // '1 h' */
function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}
