import type { TaskType } from '../rounds/state.ts'

/** What the log says of a task of a round that is done. */
export const doneTexts: Readonly<Record<TaskType, string>> = {
  install: 'fetched the model and checked it.',
  contribute: 'trained, sealed the update and sent it.',
  review: 'checked the updates as a member of the committee.',
  reveal: 'gave its scores as a member of the committee.',
  conclude: 'averaged the updates and signed the new model.',
  advance: 'moved the study on after a deadline.',
  evaluate: 'tried the model on its own held-out patients.',
}

/** What a task was after when it failed; the reason and what follows stand behind. */
export const attemptTexts: Readonly<Record<TaskType, string>> = {
  install: 'fetching the model',
  contribute: 'training and sending the update',
  review: 'checking the updates',
  reveal: 'giving the scores',
  conclude: 'averaging and signing',
  advance: 'moving the study on',
  evaluate: 'evaluating the model',
}
