/** Tells the person something. Progress and sentences go to stderr; stdout carries results alone. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
