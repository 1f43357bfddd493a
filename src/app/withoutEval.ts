import { config } from 'zod/mini'

// zod compiles its checks with `new Function` where it can; the page's policy forbids that, and reports each try.
// Imported before anything that makes a schema.
config({ jitless: true })
