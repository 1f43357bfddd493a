import type { WriteStream } from 'node:tty'
import type { StudyProgress } from './browser.ts'

const phaseWords: Readonly<Record<string, string>> = {
  starting: 'pages are starting',
  draft: 'study is being funded',
  open: 'hospitals join',
  train: 'training',
  reveal: 'drawing who proves',
  audit: 'proving',
  attest: 'checking updates',
  score: 'scoring',
  unmask: 'taking the masks off',
  draw: 'drawing who is checked',
  recover: 'opening what the check takes',
  aggregate: 'averaging',
  settle: 'between rounds',
  ended: 'last evaluation',
}

/**
 * Shows where the study is: one line that is written over on a terminal, else one line a round.
 *
 * @param out stderr, since stdout belongs to the result
 */
export function createProgressLine(out: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>, startedAt: number) {
  let shown = ''
  return {
    show(progress: StudyProgress): void {
      const line = out.isTTY ? fullLine(progress, secondsSince(startedAt)) : plain(progress)
      if (line === shown) return
      shown = line
      out.write(out.isTTY ? `\r\x1b[2K${line.slice(0, (out.columns ?? 80) - 1)}` : `${line}\n`)
    },
    end(): void {
      if (out.isTTY && shown !== '') out.write('\n')
      shown = ''
    },
  }
}

function fullLine(progress: StudyProgress, seconds: number): string {
  const { completed, rounds } = progress
  const width = 20
  const filled = rounds === 0 ? 0 : Math.round((completed / rounds) * width)
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled)
  return `${bar} ${completed}/${rounds} rounds, ${words(progress)} · ${progress.tasks.join(' · ')} · ${seconds} s`
}

/** Changes at most once a round, so that a log file stays short. */
function plain(progress: StudyProgress): string {
  const { completed, rounds, phase } = progress
  const isBefore = rounds === 0 || ['starting', 'draft', 'open'].includes(phase)
  return isBefore ? words(progress) : `round ${completed} of ${rounds} done`
}

function words({ phase }: StudyProgress): string {
  return phaseWords[phase] ?? phase
}

function secondsSince(start: number): number {
  return Math.round((Date.now() - start) / 1000)
}
