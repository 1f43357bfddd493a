import type { CsvCheck, DeviceCheck } from '../../training/screen.ts'

/** How far the way into the study is. Kept over a reload, but for the file: a page may not keep that. */
export interface JoinView {
  /** The file that was chosen, against the study's columns. For this screen only. */
  readonly check: CsvCheck | null
  readonly device: DeviceCheck | null
}

export const initialJoinView: JoinView = { check: null, device: null }
