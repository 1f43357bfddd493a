/** npm run screenshots [-- --readme]: see e2e/tour/screenshots.ts. */
import { setup } from './setup.mjs'

try {
  await setup()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(3)
}
const { start } = await import('./start.mjs')
await start(new URL('../e2e/tour/screenshots.ts', import.meta.url))
