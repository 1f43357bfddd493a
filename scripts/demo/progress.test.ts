import { describe, expect, it } from 'vitest'
import type { StudyProgress } from './browser.ts'
import { createProgressLine } from './progress.ts'

const at = (completed: number, phase: string, rounds = 3): StudyProgress => ({
  completed,
  rounds,
  phase,
  tasks: ['contribute', 'waiting'],
})

function shown(isTTY: boolean, steps: readonly StudyProgress[]): string[] {
  const written: string[] = []
  const out = { isTTY: isTTY as true, columns: 200, write: (text: string) => written.push(text) > 0 }
  const line = createProgressLine(out, Date.now())
  for (const step of steps) line.show(step)
  line.end()
  return written
}

describe('progress', () => {
  it('writes one line a round where nobody looks on', () => {
    const steps = [at(0, 'starting', 0), at(0, 'open'), at(0, 'train'), at(0, 'score'), at(1, 'train'), at(1, 'score')]
    expect(shown(false, steps)).toEqual([
      'pages are starting\n',
      'hospitals join\n',
      'round 0 of 3 done\n',
      'round 1 of 3 done\n',
    ])
  })

  it('writes over one line on a terminal, and leaves it with a new one', () => {
    const written = shown(true, [at(1, 'train'), at(2, 'score')])
    expect(written).toHaveLength(3)
    expect(written[0]).toContain(' 1/3 rounds, training · contribute · waiting · 0 s')
    expect(written[0]?.startsWith('\r')).toBe(true)
    expect(written[1]).toContain('2/3 rounds, scoring')
    expect(written[2]).toBe('\n')
    expect(shown(true, [at(0, 'reveal'), at(0, 'audit')]).join()).toMatch(/drawing who proves .*, proving /s)
  })
})
