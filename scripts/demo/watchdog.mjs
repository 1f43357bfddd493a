/**
 * Kills the process groups it was told of when the one who told it is gone, however that died: a pipe closes even
 * after kill -9. Lines on stdin: "+<pid>" watches a group, "-<pid>" forgets it. Plain JavaScript, so that it starts at once.
 */
import { spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const groups = new Set()
// It must outlive what it watches over: Ctrl-C in a terminal reaches it too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

createInterface({ input: process.stdin })
  .on('line', line => {
    const pid = Number(line.slice(1))
    if (line.startsWith('+')) groups.add(pid)
    else groups.delete(pid)
  })
  .on('close', () => {
    for (const pid of groups) kill(pid)
    process.exit(0)
  })

/** @param {number} pid */
function kill(pid) {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'])
    return
  }
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
