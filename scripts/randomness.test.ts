import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './lock.mjs'

const biome = join(dirname(createRequire(import.meta.url).resolve('@biomejs/biome/package.json')), 'bin/biome')
const folders = ['privacy', 'crypto', 'aggregation', 'aggregation/masking', 'field', 'training']

/** Ways to come by a generator whose numbers can be guessed, one a line. */
const guessable = [
  'export const a = Math.random()',
  "export const b = Math['random']()",
  'export const { random: c } = Math',
  'export const d = [1].map(Math.random)',
  'export const e = globalThis.Math.random()',
  'export const f = tf.randomNormal([2])',
  'export const { truncatedNormal: g } = tf',
  'export const h = tf.randomUniform([2])',
]

describe('a generator whose numbers can be guessed', () => {
  let project: string
  let said: string
  beforeAll(() => {
    // The project's settings over files that the project must not have.
    project = mkdtempSync(join(tmpdir(), 'wardround-lint-'))
    const { $schema: _, vcs: __, ...settings } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
    writeFileSync(join(project, 'biome.json'), JSON.stringify(settings))
    for (const folder of folders) {
      mkdirSync(join(project, 'src', folder), { recursive: true })
      const text = ['declare const tf: Record<string, (shape: number[]) => unknown>', ...guessable, ''].join('\n')
      writeFileSync(join(project, 'src', folder, 'noise.ts'), text)
    }
    writeFileSync(
      join(project, 'src/training/named.ts'),
      "import { randomNormal } from '@tensorflow/tfjs-core'\nexport const a = randomNormal([2])\n",
    )
    writeFileSync(join(project, 'src/privacy/good.ts'), 'export const a = crypto.getRandomValues(new Uint32Array(1))\n')
    const command = [biome, 'lint', '--max-diagnostics=none', '--diagnostic-level=error', 'src']
    const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: project, encoding: 'utf8' })
    said = stdout + stderr
  })
  afterAll(() => rmSync(project, { recursive: true }))

  const linesOf = (path: string, rule: string) =>
    [...said.matchAll(/^(\S+\.ts):(\d+):\d+ (lint\S+)/gm)]
      .filter(([, file, , found]) => file === path && found === rule)
      .map(([, , line]) => Number(line))
      .sort((a, b) => a - b)

  it.each(folders)('is a lint error in src/%s', folder => {
    const lines = linesOf(`src/${folder}/noise.ts`, 'lint/nursery/noJsRestrictedProperties')
    expect(lines).toEqual(guessable.map((_, i) => i + 2))
  })

  it('is one in src/training also where it is imported by its name', () => {
    expect(linesOf('src/training/named.ts', 'lint/style/noRestrictedImports')).toEqual([1])
  })

  it('is not the platform’s', () => {
    expect(said).not.toContain('src/privacy/good.ts')
  })
})
