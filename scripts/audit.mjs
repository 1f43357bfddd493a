/**
 * npm run audit: asks the registry for known weaknesses of what the app ships with. Fails on high and critical ones; where the
 * registry does not answer, says so and passes, so that a computer without network can still be tested.
 */
import { spawn } from 'node:child_process'
import { root } from './lock.mjs'

const report = await npmAudit()
const found = report?.metadata?.vulnerabilities
if (found === undefined) {
  const reason = [report?.error?.summary, report?.error?.detail, report?.message].find(Boolean) ?? 'it gives no reason'
  process.stdout.write(
    `Dependencies were NOT audited: the registry does not answer (${String(reason).split('\n')[0]}).\n`,
  )
} else {
  const { low = 0, moderate = 0, high = 0, critical = 0 } = found
  process.stdout.write(
    `Known weaknesses in what is shipped: ${critical} critical, ${high} high, ${moderate} moderate, ${low} low.\n`,
  )
  for (const [name, { severity, via }] of Object.entries(report.vulnerabilities ?? {})) {
    if (severity !== 'high' && severity !== 'critical') continue
    const titles = via.flatMap(cause => (typeof cause === 'string' ? [] : [cause.title]))
    process.stdout.write(`  ${severity}: ${name}${titles.length > 0 ? `: ${titles.join('; ')}` : ''}\n`)
  }
  if (high + critical > 0) process.exitCode = 1
}

/** @returns {Promise<any>} what npm printed as JSON; undefined where it printed none */
function npmAudit() {
  return new Promise((resolve, reject) => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const args = ['audit', '--omit=dev', '--audit-level=high', '--json', '--fetch-retries=1', '--fetch-timeout=20000']
    const child = spawn(npm, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'], shell: npm !== 'npm' })
    let stdout = ''
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.once('error', reject)
    child.once('close', () => {
      try {
        resolve(JSON.parse(stdout))
      } catch {
        // npm without network may print nothing at all.
        resolve(undefined)
      }
    })
  })
}
