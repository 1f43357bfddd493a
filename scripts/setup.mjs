/**
 * Makes a fresh clone ready: dependencies, a Chromium, contracts with their ABIs, the digits files.
 * Plain JavaScript without dependencies, since it is what installs them. Quick when nothing is missing.
 *
 * node scripts/setup.mjs
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findChromium, installChromium } from './chromium.mjs'
import { root, withLock } from './lock.mjs'

const oldestNode = [20, 19, 0]

/** Progress goes to stderr: stdout belongs to results. @param {string} line */
const say = line => process.stderr.write(`setup: ${line}\n`)

/**
 * Checks Node and installs the packages of package-lock.json where they differ from what is installed.
 *
 * @throws Error in words for the person who started it
 */
export async function installDependencies() {
  checkNode(process.versions.node)
  if (dependenciesCurrent()) return
  await withLock(
    'setup',
    async () => {
      if (dependenciesCurrent()) return
      say('installing packages (npm ci), about a minute')
      // Dev packages are needed to run at all, also where NODE_ENV says production.
      await run(npm(), [...npmArguments(), 'ci', '--include=dev', '--no-audit', '--no-fund'], 'npm ci')
    },
    waiting,
  )
}

/**
 * Everything else: finds or installs a Chromium, builds contracts and ABIs, unpacks the digits.
 *
 * @returns {Promise<{ chromium: string }>} where the Chromium is
 * @throws Error in words for the person who started it
 */
export async function prepare() {
  return withLock(
    'setup',
    async () => {
      let chromium = await findChromium()
      if (chromium === undefined) {
        say('no Chromium here, installing one')
        chromium = await installChromium(root)
        say(`Chromium is at ${chromium}`)
      }
      await run(process.execPath, [join(root, 'scripts', 'generate.mjs')], 'building the contracts')
      await run(process.execPath, [join(root, 'scripts', 'data.mjs')], 'unpacking the digits')
      return { chromium }
    },
    waiting,
  )
}

/** Both of the above. */
export async function setup() {
  await installDependencies()
  return prepare()
}

/** @param {number} holder */
function waiting(holder) {
  say(`another setup is running (process ${holder}); waiting for it`)
}

/** @param {string} version */
function checkNode(version) {
  const parts = version.split('.').map(Number)
  const difference = oldestNode.map((part, i) => (parts[i] ?? 0) - part).find(part => part !== 0) ?? 0
  if (difference < 0) {
    throw new Error(
      `This is Node ${version}; Wardround needs ${oldestNode.join('.')} or newer. Install it and try again.`,
    )
  }
}

/**
 * Whether what is installed is what package-lock.json names. By content, not by date: a checkout touches dates,
 * and npm ci deletes node_modules under everybody who is using it.
 */
function dependenciesCurrent() {
  const installedPath = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  )
}

/** npm tells scripts where it lives; without it, it is on the PATH (a .cmd on Windows, which needs a shell). */
function npm() {
  return process.env.npm_execpath ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm'
}

function npmArguments() {
  return process.env.npm_execpath ? [process.env.npm_execpath] : []
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} what
 * @returns {Promise<void>}
 */
function run(command, args, what) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: command.endsWith('.cmd') })
    child.once('error', error => reject(new Error(`${what} could not start: ${error.message}`)))
    child.once('exit', (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Error(`${what} failed (${signal ?? `exit ${code}`}). The lines above say why.`)),
    )
  })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await setup()
  } catch (error) {
    say(error.message)
    process.exitCode = 3
  }
}
