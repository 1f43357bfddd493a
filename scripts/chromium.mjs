import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names =
  process.platform === 'win32'
    ? ['chrome.exe', 'chromium.exe', 'msedge.exe']
    : ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge']

const programFolders = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]

const usualPlaces = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: programFolders.flatMap(folder =>
    folder === undefined
      ? []
      : [
          join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          join(folder, 'Chromium', 'Application', 'chrome.exe'),
          join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ],
  ),
}

/**
 * Where a Chromium is: CHROMIUM_PATH, the PATH, the platform's usual places, Playwright's own cache.
 *
 * @returns {Promise<string | undefined>}
 * @throws Error where CHROMIUM_PATH names no file
 */
export async function findChromium() {
  const chosen = process.env.CHROMIUM_PATH
  if (chosen) {
    if (existsSync(chosen)) return chosen
    throw new Error(`CHROMIUM_PATH is ${chosen}, but there is no such file. Correct it or unset it.`)
  }
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap(folder => names.map(name => join(folder, name)))
  const found = [...onPath, ...(usualPlaces[process.platform] ?? [])].find(path => existsSync(path))
  if (found !== undefined) return found
  // Loaded last: it takes longer than all of the above.
  const { chromium } = await import('playwright-core')
  const cached = chromium.executablePath()
  return existsSync(cached) ? cached : undefined
}

/**
 * Installs a Chromium: Debian's as root on Debian, else Playwright's.
 *
 * @param {string} root the repository's folder
 * @returns {Promise<string>} where it is
 * @throws Error naming what to do by hand
 */
export async function installChromium(root) {
  const isDebian = existsSync('/etc/debian_version') && process.getuid?.() === 0
  if (isDebian) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    run('apt-get', ['update', '-qq'], { env })
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env })
  }
  if ((await findChromium()) === undefined) {
    run(process.execPath, [join(root, 'node_modules', 'playwright', 'cli.js'), 'install', 'chromium'], { cwd: root })
  }
  const path = await findChromium()
  if (path === undefined) {
    throw new Error('No Chromium could be installed. Install Chrome or Chromium, or set CHROMIUM_PATH to where it is.')
  }
  return path
}

/** Output goes to stderr: stdout belongs to results. */
function run(command, args, options) {
  spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options })
}
