import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Address, Hex } from '../../src/study/types.ts'

const out = join(dirname(dirname(fileURLToPath(import.meta.url))), 'out')

const artifactSchema = z.object({
  bytecode: z.object({
    object: z.string(),
    /** file → library → places in the code, in bytes, that hold the library's address. */
    linkReferences: z.record(z.string(), z.record(z.string(), z.array(z.object({ start: z.number() })))),
  }),
})

/**
 * Creation code of a compiled contract, with the libraries' addresses put in.
 * @throws Error when the contract is not compiled (`npm run generate` does) or a library is missing
 */
export async function creationCode(contract: string, libraries: Readonly<Record<string, Address>> = {}): Promise<Hex> {
  const path = join(out, `${contract}.sol`, `${contract}.json`)
  const { bytecode } = artifactSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  let code = bytecode.object
  for (const references of Object.values(bytecode.linkReferences)) {
    for (const [library, places] of Object.entries(references)) {
      const address = libraries[library]
      if (address === undefined) throw new Error(`${contract} needs the library ${library}`)
      for (const { start } of places) {
        const at = 2 + 2 * start
        code = code.slice(0, at) + address.slice(2).toLowerCase() + code.slice(at + 40)
      }
    }
  }
  return code as Hex
}
