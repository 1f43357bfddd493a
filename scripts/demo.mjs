/** npm run demo: see docs/demo.md. Plain JavaScript: it runs before anything is installed. */
import { installDependencies } from './setup.mjs'

try {
  await installDependencies()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(3)
}
const { start } = await import('./start.mjs')
await start(new URL('./demo/main.ts', import.meta.url))
