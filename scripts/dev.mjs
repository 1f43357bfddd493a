/** npm run dev: chain, relays and the page with hot reload. Options as for the demo. */
import { installDependencies } from './setup.mjs'

try {
  await installDependencies()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(3)
}
process.argv.push('--dev')
const { start } = await import('./start.mjs')
await start(new URL('./demo/main.ts', import.meta.url))
