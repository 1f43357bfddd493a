/** Finds or installs a Chromium, builds contracts and ABIs, unpacks the digits. @throws Error in words */
export function prepare(): Promise<{ readonly chromium: string }>
/** Installs packages, then prepare(). @throws Error in words */
export function setup(): Promise<{ readonly chromium: string }>
