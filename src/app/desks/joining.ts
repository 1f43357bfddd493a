import type { Inbox } from '../join/inbox.ts'

/** The way into a study. Nothing here throws: what goes wrong shows in the store's `joining.error`, and the way on with it. */
export interface JoinDesk {
  /** Asks the other tab of this hospital to let go, and opens it here. */
  takeOver(): void
  /** One of the hospitals whose patients the page ships, by its number from 0. */
  chooseShipped(index: number): void
  /** A file of the person's own, yet to be named. */
  chooseOwn(): void
  /** A file of the person's own. It is read in the training worker. */
  chooseFile(file: File): void
  /** Which of the file's columns holds a column of the study; null: none. */
  mapColumn(column: string, from: string | null): void
  /** Whether rows that cannot be used are left out; otherwise they stop the file. */
  leaveOutBadRows(leave: boolean): void
  /** These are my patients. */
  takeData(): void
  /** Goes on in spite of what was pointed out. */
  goOn(): void
  /** Tries again what failed. */
  tryAgain(): void
  /** Back to the choice of patients. */
  back(): void
  /** Puts down the stake and enters the study; nothing to do for a hospital that is in it already. */
  join(): void
}

/** The same as data: what the way in takes one after the other. */
export type JoinAction =
  | { readonly type: 'takeOver' | 'chooseOwn' | 'takeData' | 'goOn' | 'tryAgain' | 'back' | 'join' }
  | { readonly type: 'chooseShipped'; readonly index: number }
  | { readonly type: 'chooseFile'; readonly file: File }
  | { readonly type: 'mapColumn'; readonly column: string; readonly from: string | null }
  | { readonly type: 'leaveOutBadRows'; readonly leave: boolean }

export function createJoinDesk(inbox: Inbox<JoinAction>): JoinDesk {
  return {
    takeOver: () => inbox.post({ type: 'takeOver' }),
    chooseShipped: index => inbox.post({ type: 'chooseShipped', index }),
    chooseOwn: () => inbox.post({ type: 'chooseOwn' }),
    chooseFile: file => inbox.post({ type: 'chooseFile', file }),
    mapColumn: (column, from) => inbox.post({ type: 'mapColumn', column, from }),
    leaveOutBadRows: leave => inbox.post({ type: 'leaveOutBadRows', leave }),
    takeData: () => inbox.post({ type: 'takeData' }),
    goOn: () => inbox.post({ type: 'goOn' }),
    tryAgain: () => inbox.post({ type: 'tryAgain' }),
    back: () => inbox.post({ type: 'back' }),
    join: () => inbox.post({ type: 'join' }),
  }
}
