/** The way into a study. */
export interface JoinDesk {
  /** Own files: the person's choice. Bad files end in the store's error, and another may be chosen. */
  chooseFile(file: File): void
  /** Puts down the stake and enters the study; nothing to do for a hospital that is in it already. */
  join(): void
}
