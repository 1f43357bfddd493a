/** npm run bench -- <name> [options]: runs bench/<name>.ts. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lock.mjs'
import { setup } from './setup.mjs'

const benches = readdirSync(join(root, 'bench'))
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map(file => file.slice(0, -'.ts'.length))
const name = process.argv[2]
if (name === undefined || !benches.includes(name)) {
  process.stderr.write(`Name a benchmark: npm run bench -- <name>. There are: ${benches.join(', ') || 'none yet'}.\n`)
  process.exit(1)
}
try {
  await setup()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(3)
}
// The benchmark sees its own options as if it had been started itself.
process.argv.splice(1, 2, join(root, 'bench', `${name}.ts`))
const { start } = await import('./start.mjs')
await start(new URL(`../bench/${name}.ts`, import.meta.url))
