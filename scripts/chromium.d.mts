/** Where a Chromium is; undefined where none is. @throws Error where CHROMIUM_PATH names no file */
export function findChromium(): Promise<string | undefined>
/** Installs a Chromium and returns where it is. @throws Error naming what to do by hand */
export function installChromium(root: string): Promise<string>
