/**
 * npm test [unit|audit|contracts|e2e|long]: without a part all but long, quickest first, stopping at the first part that fails.
 * The last line is "N passed, N failed".
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root, workDir } from './lock.mjs'
import { setup } from './setup.mjs'

const resultFolder = join(workDir, 'test')
const require = createRequire(import.meta.url)

/** @typedef {{ passed: number, failed: number }} Tally */

/** @type {Record<string, () => Promise<Tally[]>>} */
const parts = {
  unit: async () => [await check('lint', biome('check', '.')), await check('types', tsc()), await vitest()],
  audit: async () => [await check('dependencies', [process.execPath, join(root, 'scripts/audit.mjs')])],
  contracts: async () => [
    await check('contracts’ format', forge('fmt', '--check')),
    await check('contracts’ build', forge('build')),
    await forgeTest(),
  ],
  e2e: async () => [await playwright()],
  long: async () => {
    // Read by the tests: full sizes instead of a seeded sample.
    process.env.WARDROUND_LONG = '1'
    process.env.FOUNDRY_PROFILE = 'long'
    return [await vitest(), await forgeTest(), await playwright()]
  },
}

const named = process.argv.slice(2)
const unknown = named.find(name => !(name in parts))
if (unknown !== undefined) {
  process.stderr.write(`There is no part “${unknown}”. The parts are: ${Object.keys(parts).join(', ')}.\n`)
  process.exit(1)
}
try {
  process.env.CHROMIUM_PATH = (await setup()).chromium
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(3)
}
mkdirSync(resultFolder, { recursive: true })

const total = { passed: 0, failed: 0 }
for (const name of named.length > 0 ? named : ['unit', 'audit', 'contracts', 'e2e']) {
  for (const { passed, failed } of await parts[name]()) {
    total.passed += passed
    total.failed += failed
  }
  if (total.failed > 0) break
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed > 0 ? 1 : 0

/**
 * A tool that counts no tests: it fails as one.
 *
 * @param {string} what
 * @param {string[]} command
 * @returns {Promise<Tally>}
 */
async function check(what, command) {
  process.stdout.write(`\n── ${what}\n`)
  const { code } = await run(command)
  return { passed: 0, failed: code === 0 ? 0 : 1 }
}

/** @returns {Promise<Tally>} */
async function vitest() {
  process.stdout.write('\n── unit tests\n')
  const file = resultFile('vitest.json')
  const { code } = await run([
    ...[process.execPath, join(root, 'node_modules/vitest/vitest.mjs'), 'run'],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
  ])
  const result = readJson(file)
  return tally(
    code,
    result && [result.numPassedTests, result.numFailedTests, result.numPendingTests + result.numTodoTests],
  )
}

/** forge prints either for people or as JSON; a second run only to count would take minutes. @returns {Promise<Tally>} */
async function forgeTest() {
  process.stdout.write('\n── contract tests\n')
  const { code, stdout } = await run(forge('test', '--json'), { capture: true })
  const suites = parseJson(stdout)
  if (suites === undefined) process.stdout.write(stdout)
  const counts = [0, 0, 0]
  for (const [suite, { test_results: tests }] of Object.entries(suites ?? {})) {
    const of = status => Object.values(tests).filter(test => test.status === status).length
    counts[0] += of('Success')
    counts[1] += of('Failure')
    counts[2] += of('Skipped')
    process.stdout.write(`${suite}: ${of('Success')} passed, ${of('Failure')} failed\n`)
    for (const [name, test] of Object.entries(tests)) {
      if (test.status !== 'Failure') continue
      process.stdout.write(`  ✗ ${name}: ${test.reason ?? 'no reason given'}\n`)
      if (test.counterexample) process.stdout.write(`    ${JSON.stringify(test.counterexample)}\n`)
      for (const line of test.decoded_logs ?? []) process.stdout.write(`    ${line}\n`)
    }
  }
  return tally(code, suites && counts)
}

/** @returns {Promise<Tally>} */
async function playwright() {
  process.stdout.write('\n── end to end\n')
  const file = resultFile('playwright.json')
  process.env.PLAYWRIGHT_JSON_OUTPUT_NAME = file
  const cli = join(dirname(require.resolve('@playwright/test/package.json')), 'cli.js')
  const { code } = await run([process.execPath, cli, 'test', '--reporter=list,json'])
  const stats = readJson(file)?.stats
  return tally(code, stats && [stats.expected, stats.unexpected + stats.flaky, stats.skipped])
}

/**
 * Skipped tests count as failed: a test is there or it is not.
 *
 * @param {number} code
 * @param {number[] | undefined} counts passed, failed, skipped; undefined where the tool did not get that far
 * @returns {Tally}
 */
function tally(code, counts) {
  const [passed, failed, skipped] = counts ?? [0, 0, 0]
  if (skipped > 0) process.stdout.write(`${skipped} tests were skipped; they count as failed\n`)
  const bad = failed + skipped
  return { passed, failed: bad === 0 && code !== 0 ? 1 : bad }
}

/** @param {string} name */
function resultFile(name) {
  const file = join(resultFolder, name)
  rmSync(file, { force: true })
  return file
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** @param {string[]} args */
function biome(...args) {
  return [process.execPath, join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin/biome'), ...args]
}

function tsc() {
  return [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '--noEmit']
}

/** @param {string[]} args */
function forge(...args) {
  return [process.execPath, join(dirname(require.resolve('@foundry-rs/forge/package.json')), 'bin.mjs'), ...args]
}

/**
 * @param {string[]} command
 * @param {{ capture?: boolean }} [options] capture: stdout is returned instead of shown
 * @returns {Promise<{ code: number, stdout: string }>}
 */
function run([program, ...args], { capture = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', capture ? 'pipe' : 1, 2] })
    let stdout = ''
    child.stdout?.on('data', chunk => {
      stdout += chunk
    })
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, stdout }))
  })
}
