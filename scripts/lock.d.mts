/** The repository's folder. */
export const root: string
/** Everything that a run leaves behind: logs, locks, stamps. */
export const workDir: string
/** Runs `task` while no other process of this checkout holds the lock of that name. */
export function withLock<T>(name: string, task: () => Promise<T>, onWait?: (holder: number) => void): Promise<T>
