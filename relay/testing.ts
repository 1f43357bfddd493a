import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyOf } from '../src/storage/blocks.ts'
import type { HeliaStore } from '../src/storage/heliaStore.ts'
import type { Announcements, Batch, Fact } from './facts.ts'

/** A chain played by a test. */
export interface PlayedChain extends Announcements {
  /** One block with these facts; later watchers hear them too. */
  announce(...facts: Fact[]): void
  /** Takes back all blocks after this one. */
  rollBack(block: number): void
  readonly block: number
}

export function playChain(): PlayedChain {
  const batches: Batch[] = []
  let wake: () => void = () => {}
  let block = 0
  const push = (batch: Batch) => {
    batches.push(batch)
    wake()
  }
  return {
    get block() {
      return block
    },
    announce(...facts) {
      block++
      push({
        facts: facts.map((fact, index) => ({ block, index, seen: Date.now(), fact })),
        checkpoint: { block, hash: `0x${block}` },
      })
    },
    rollBack(to) {
      block = to
      push({ rollbackTo: to, facts: [] })
    },
    async *watch(resume, signal) {
      const from = resume.checkpoints.at(-1)?.block ?? 0
      for (let next = 0; !signal.aborted; ) {
        const batch = batches[next]
        if (batch === undefined) {
          await new Promise<void>(resolve => {
            wake = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
          continue
        }
        next++
        if (batch.checkpoint === undefined || batch.checkpoint.block > from) yield batch
      }
    },
  }
}

export const study = `0x${'5'.repeat(40)}`

/** The facts of one study that these hospitals joined. */
export function enrolment(...stores: readonly Pick<HeliaStore, 'peerIdBytes'>[]): Fact[] {
  return [
    { type: 'study', study },
    ...stores.map((store, i): Fact => {
      const hospital = `0x${String(i + 1).padStart(40, '0')}`
      return { type: 'enrolled', study, hospital, peer: keyOf(store.peerIdBytes) }
    }),
  ]
}

/** A folder that is removed when the test is over. */
export async function scratch(after: (clean: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wardround-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Asks again every 20 ms until the answer is yes. */
export async function until(what: string, ask: () => boolean | Promise<boolean>, milliseconds = 8_000): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end; ) {
    if (await ask()) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`not in time: ${what}`)
}
