import { config } from 'zod'

// As in the page: zod compiles its checks with `new Function` where it can, which the policy forbids and reports.
// Imported before anything that makes a schema.
config({ jitless: true })
