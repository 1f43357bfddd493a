import type { PhaseName } from '../../app/phases.ts'

/** The list of studies. */
export const homeTexts = {
  studies: 'Which studies are there?',
  noStudies: 'No study is running here yet. A sponsor creates one: model, rounds, deadlines and reward.',
  create: 'Create a study',
  count: (count: number) => (count === 1 ? 'One study.' : `${count} studies.`),
  takePart: 'Take part',
  goOn: 'Go on',
  look: 'See what came of it',
  members: (names: readonly string[], more: number) =>
    `In it: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
  audits: 'Who proved its training, and check it yourself',
  openAs: 'Try it as a demo hospital',
  demoAccounts:
    'Demo accounts on a local test chain: anybody can use them, and their money is worth nothing. Each opens in a tab of its own.',
  kiosk: 'Show all hospitals on one screen',
  state: (phase: PhaseName, joined: number, completed: number, rounds: number) =>
    phase === 'draft' || phase === 'open'
      ? `Hospitals are joining: ${joined === 0 ? 'none' : joined} so far.`
      : phase === 'ended'
        ? `Ended after ${completed} of ${rounds} rounds.`
        : `Running: ${completed} of ${rounds} rounds done, ${joined} hospitals.`,
} as const
