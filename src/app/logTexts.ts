import type { TaskType } from '../rounds/state.ts'

/** What the log says of a task of a round that is done. */
export function doneText(task: TaskType, isMasked: boolean): string {
  // Who finds that a masked sum does not add up signs an accusation in place of a model.
  return isMasked && task === 'conclude' ? 'checked the sum and signed what came of it.' : doneTexts[task]
}

const doneTexts: Readonly<Record<TaskType, string>> = {
  install: 'fetched the model and checked it.',
  prepare: 'said which patients it will train on, by a fingerprint that gives none of them away.',
  contribute: 'trained, sealed the update and sent it.',
  unseal: 'opened its part of the draw of who proves its training.',
  prove: 'proved its training.',
  review: 'checked the updates as a member of the committee.',
  reveal: 'gave its scores as a member of the committee.',
  unmask: 'sent its sum of masks as a member of the committee.',
  score: 'said how its masks lie along the sum, as a member of the committee.',
  recover: 'opened its part of the masks that are checked or missing, as a member of the committee.',
  conclude: 'averaged the updates and signed the new model.',
  advance: 'moved the study on after a deadline.',
  evaluate: 'tried the model on its own held-out patients.',
}

/** What a task was after when it failed; the reason and what follows stand behind. */
export const attemptTexts: Readonly<Record<TaskType, string>> = {
  install: 'fetching the model',
  prepare: 'preparing the patients for proofs',
  contribute: 'training and sending the update',
  unseal: 'opening its part of the draw',
  prove: 'proving its training',
  review: 'checking the updates',
  reveal: 'giving the scores',
  unmask: 'sending the sum of masks',
  score: 'comparing the updates',
  recover: 'opening a part of the masks',
  conclude: 'averaging and signing',
  advance: 'moving the study on',
  evaluate: 'evaluating the model',
}

/** What the wallet sends where no relay carried it, by the contract's function. */
const ownTexts: Readonly<Record<string, string>> = {
  attest: 'which updates could be opened',
  submitScore: 'the scores',
  signModel: 'the signature under the new model',
  postMasks: 'the sum of masks',
  postProducts: 'the answer for the comparison',
  signScored: 'the signature under the new model and its scores',
  openShares: 'the opened part of the masks',
  accuse: 'the word that the round does not add up',
  prepare: 'the fingerprint of the patients',
  reveal: 'its part of the draw',
  prove: 'the proof of its training',
  vetoRound: 'the word about a round',
  advance: 'the call that moves the study on',
}

/** Says that no relay carried something in time. */
export function sentByWallet(name: string): string {
  return `No relay carried ${ownTexts[name] ?? name} in time: this hospital’s own wallet sent it.`
}
