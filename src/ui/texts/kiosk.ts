import { isWithinChance } from '../../app/gain.ts'
import type { KioskStage } from '../../app/kiosk/kiosk.ts'
import type { PresetName } from '../../app/kiosk/settings.ts'
import type { SceneName } from '../../app/kiosk/story.ts'
import type { ShownPhase } from '../../app/phases.ts'
import type { Situation } from '../../app/situation.ts'
import type { TaskType } from '../../rounds/state.ts'
import { percent, unsignedPoints } from '../format.ts'

/** The kiosk's wall. */
export const kioskTexts = {
  heading: 'How can hospitals learn from each other without showing their patients?',
  invitation: 'Touch to watch hospitals learn together. Nothing you see leaves this computer but sealed envelopes.',
  begin: 'Watch a study',
  beginsIn: (seconds: number) => `It begins by itself in ${seconds} s.`,
  choose: 'Which study?',
  presets: {
    heart: { name: 'Heart disease, 4 hospitals', duration: '5 rounds, about a minute and a half' },
    glance: { name: 'Heart disease, a glance', duration: '4 hospitals, 3 rounds, about half a minute' },
    heartLong: { name: 'Heart disease, 15 rounds', duration: '4 hospitals, about two minutes' },
    digits: { name: 'Handwriting, 3 hospitals', duration: '2 rounds, about a minute' },
  } satisfies Record<PresetName, { name: string; duration: string }>,
  stages: {
    idle: 'Nobody is learning now.',
    preparing: 'A study is being set up on the chain.',
    joining: 'The hospitals join.',
    running: 'The hospitals learn together.',
    finished: 'The study is done.',
    recovering: 'Something went wrong. The wall mends itself.',
  } satisfies Record<KioskStage, string>,
  scenes: {
    invite: { title: 'Every frame is a hospital', says: 'Each has its own patients, its own keys and its own wallet.' },
    join: {
      title: 'Joining',
      says: 'Each hospital puts credits at stake. Whoever cheats or stays away loses a part of them.',
    },
    statistics: {
      title: 'One common scale',
      says: 'The hospitals add up sums of their columns, so that all measure with the same ruler. No patient’s row moves.',
    },
    train: {
      title: 'Training',
      says: 'Each hospital trains on its own patients, inside its own frame. The patients stay where they are.',
    },
    check: {
      title: 'Sealed envelopes',
      says: 'What was learned goes out sealed. Only this round’s committee can open it.',
    },
    score: {
      title: 'Scoring',
      says: 'The committee tries each update on patients of its own and says how much it helps.',
    },
    unmask: {
      title: 'Only the sum',
      says: 'The committee takes the masks off the sum of all updates. What any one hospital sent stays hidden.',
    },
    compare: {
      title: 'Comparing',
      says: 'The committee works out how far each update points the way the others’ do. Who helps more earns more.',
    },
    recover: {
      title: 'Checking the committee',
      says: 'The chain draws a committee member. Its masks are opened, and everybody computes them again.',
    },
    average: {
      title: 'Averaging',
      says: 'What helped is averaged. The committee signs the new model; the chain counts the signatures.',
    },
    settle: {
      title: 'The new model comes home',
      says: 'Every hospital gets the new model, and credits for what it gave.',
    },
    end: { title: 'What did they gain?', says: 'Each hospital tries the shared model on patients no model has seen.' },
  } satisfies Record<SceneName, { title: string; says: string }>,
  round: (round: number, rounds: number) => (round === 0 ? 'Before the first round' : `Round ${round} of ${rounds}`),
  /** In a hospital's own frame. */
  framed: {
    opening: 'Getting ready',
    soon: 'Its patients stay in this frame.',
    soonWith: (patients: number) => `Its ${patients} patients stay in this frame.`,
    measured: (patients: number) => `right, of ${patients} patients that no model has seen`,
    sent: (amount: string) => `${amount} sent, sealed`,
  },
  isLate: 'It is told more slowly than it happens.',
  wall: 'The hospitals',
  someHospitals: ['A hospital', 'Another', 'A third', 'A fourth'],
  frame: (name: string) => `${name}, a hospital`,
  theatre: (names: readonly string[]) => `${names.join(', ')} around the model they learn together.`,
  model: 'shared model',
  committee: 'on the committee',
  result: {
    heading: 'What did they gain?',
    hospital: 'Hospital',
    alone: 'Alone',
    together: 'Together',
    caption: 'Accuracy on patients that no model has learned from',
    sentence: (name: string, together: number, alone: number | null, patients: number) => {
      if (alone === null) return `${name} reaches ${percent(together)} with the shared model.`
      const points = together - alone
      if (isWithinChance(together, alone, patients)) {
        return `${name}: ${percent(together)} together, ${percent(alone)} alone. On ${patients} patients that may be chance.`
      }
      return `${name} is ${points > 0 ? 'better' : 'worse'} by ${unsignedPoints(points)} together.`
    },
    none: 'The study ended without a shared model.',
    next: (seconds: number) => `The next study can begin in ${seconds} s.`,
  },
  error: (seconds: number) => `It is tried again in ${seconds} s.`,
  demo: 'Demonstration: the accounts and credits here are worthless. The heart patients are from published research data.',
  staff: {
    open: 'For the staff',
    hint: 'Hold for two seconds, or press Ctrl + Shift + K.',
    heading: 'Kiosk settings',
    preset: 'Study',
    idle: 'Begins by itself when nobody comes',
    idleSeconds: 'Seconds without a visitor',
    resultSeconds: 'Seconds that a result stands',
    place: 'Where hospitals open',
    wall: 'As frames of this wall',
    tabs: 'As tabs of this browser',
    tabsBlocked: 'The browser blocked the tabs. Allow pop-ups for this page, or use the wall.',
    fullscreen: 'Fill the screen',
    reset: 'Clear the wall now',
    leave: 'Leave the kiosk',
    close: 'Back to the wall',
    counts: (completed: number, abandoned: number, reloads: number) =>
      `Since this page opened: ${completed} studies completed, ${abandoned} given up, ${reloads} frames restarted.`,
  },
  notDemo: 'The kiosk uses demo accounts, which only a local test chain has. Start one with: npm run demo -- --kiosk',
} as const

const tasks: Readonly<Record<TaskType, string>> = {
  install: 'Fetching the shared model',
  prepare: 'Preparing its patients for proofs',
  contribute: 'Training on its own patients',
  unseal: 'Opening its part of the draw',
  prove: 'Proving its training',
  review: 'On the committee: checks the others’ updates',
  reveal: 'On the committee: sends its scores',
  unmask: 'On the committee: takes its masks off the sum',
  score: 'On the committee: compares the updates',
  recover: 'On the committee: opens masks to be checked',
  conclude: 'On the committee: averages what helped',
  advance: 'Moving the study on',
  evaluate: 'Trying the shared model on its own patients',
}

const waits: Readonly<Partial<Record<ShownPhase, string>>> = {
  train: 'Waits for the others’ updates',
  reveal: 'The chain draws who proves its training',
  audit: 'Those who were drawn prove their training',
  attest: 'The committee checks the updates',
  score: 'The committee scores the updates',
  unmask: 'The committee takes the masks off the sum',
  compare: 'The committee compares the updates',
  draw: 'The chain draws who is checked',
  recover: 'The committee opens masks to be checked',
  aggregate: 'The committee averages what helped',
}

/** What a hospital does now, short enough to be read from afar. */
export function framedNow(situation: Situation): string {
  switch (situation.kind) {
    case 'starting':
    case 'connecting':
      return kioskTexts.framed.opening
    case 'wrongTab':
      return 'Open in another tab'
    case 'needsData':
      return 'Opening its patients’ file'
    case 'checkingDevice':
      return 'Measuring this computer'
    case 'ready':
      return 'Ready to join'
    case 'joining':
      return 'Joining the study'
    case 'paused':
      return 'Paused'
    case 'finishing':
      return 'Fetching the last model'
    case 'waitingForStart':
      return 'Has joined. Waits for the others'
    case 'working':
      return tasks[situation.task]
    case 'waiting':
      return waits[situation.phase] ?? 'The next round begins soon'
    case 'done':
      return situation.completed > 0 ? 'The study is done' : 'The study ended without a model'
    case 'failed':
      return 'This hospital has stopped'
  }
}
