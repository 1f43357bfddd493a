import { mkdir, writeFile } from 'node:fs/promises'

const folder = new URL('../../docs/benchmarks/', import.meta.url)

/**
 * Keeps a benchmark's output as docs/benchmarks/<name>.md, with the command that makes it again.
 * @param notes sentences before the output; none by default
 */
export async function writePage(
  name: string,
  {
    title,
    command,
    text,
    notes = [],
  }: {
    readonly title: string
    readonly command: string
    readonly text: string
    readonly notes?: readonly string[]
  },
): Promise<void> {
  const page = [
    `# ${title}`,
    '',
    `Written on ${new Date().toISOString().slice(0, 10)}, on Node ${process.versions.node}, by`,
    '',
    '```sh',
    command,
    '```',
    '',
    ...notes.flatMap(note => [note, '']),
    '```text',
    text,
    '```',
    '',
  ].join('\n')
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(`${name}.md`, folder), page)
}
