import type { Binding } from '../../../src/crypto/binding.ts'
import { sha256Hex } from '../../../src/crypto/bytes.ts'
import { createDutySigner } from '../../../src/crypto/duty.ts'
import { open, seal } from '../../../src/crypto/envelope.ts'
import { createKeys, publicKeys } from '../../../src/crypto/keys.ts'
import {
  decodeModel,
  decodeUpdate,
  encodeModel,
  encodeUpdate,
  freshSalt,
  modelDataKey,
  modelIv,
} from '../../../src/training/plaintext.ts'
import type { Sealing, SealingJob } from './job.ts'

const SEATS = 3
const study: Binding['study'] = `0x${'5a'.repeat(20)}`
const ref = { deployment: `0x${'d1'.repeat(32)}`, chainId: 31337, study } as const
const round = 1

self.onmessage = async ({ data }: MessageEvent<SealingJob>) => {
  try {
    self.postMessage(await measure(data))
  } catch (error) {
    self.postMessage({ failure: error instanceof Error ? error.message : String(error) })
  }
}

/** What the trainer does around a round's training, step by step: sealing, opening, and the model's. */
async function measure({ parameters, repeats }: SealingJob): Promise<Sealing> {
  const seats = await Promise.all(Array.from({ length: SEATS }, (_, i) => hospital(i)))
  const [self] = seats as [Hospital, ...Hospital[]]
  const vector = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i) / 100)
  const manifest = new Uint8Array(32)
  const times: Record<keyof Sealing['milliseconds'], number[]> = {
    seal: [],
    open: [],
    sealModel: [],
    openModel: [],
    cipherAlone: [],
  }
  const bytes = { update: 0, model: 0 }
  const timed = async <T>(what: keyof typeof times, run: () => Promise<T>): Promise<T> => {
    const since = performance.now()
    const result = await run()
    times[what].push(performance.now() - since)
    return result
  }
  // The first turn loads code and is not counted.
  for (let turn = 0; turn <= repeats; turn++) {
    const update = await timed('seal', async () => {
      const plaintext = encodeUpdate({ round, salt: freshSalt(), weight: 1, vector })
      return sealAs(self, 'update', plaintext, seats)
    })
    await timed('open', async () => {
      const binding = bindingOf('update', self)
      const { plaintext } = await open(update.blob, binding, self.address, self.keys, {
        by: self.member,
        commitment: update.commitment,
      })
      decodeUpdate(plaintext, round, parameters)
    })
    const model = await timed('sealModel', async () => {
      const plaintext = encodeModel({ study, round, trained: 1, manifest, vector, standardisation: null })
      const dataKey = await modelDataKey([freshSalt(), freshSalt(), freshSalt()], bindingOf('model', self))
      return sealAs(self, 'model', plaintext, seats, { dataKey, iv: modelIv })
    })
    await timed('openModel', async () => {
      const { plaintext } = await open(model.blob, bindingOf('model', self), self.address, self.keys, {
        by: self.member,
        commitment: model.commitment,
      })
      decodeModel(plaintext, { study, round, manifest, size: parameters, width: null })
    })
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
    const plain = new Uint8Array(parameters * 4)
    await timed('cipherAlone', () => crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, plain))
    bytes.update = sizeOf(update.blob)
    bytes.model = sizeOf(model.blob)
    if (turn === 0) for (const list of Object.values(times)) list.length = 0
  }
  return { milliseconds: times, bytes }
}

type Hospital = Awaited<ReturnType<typeof hospital>>

async function hospital(index: number) {
  const keys = await createKeys()
  const address: Binding['sender'] = `0x${(index + 0xabc0).toString(16).padStart(40, '0')}`
  return { address, keys, member: { index, address, keys: await publicKeys(keys) } }
}

async function sealAs(
  by: Hospital,
  kind: 'update' | 'model',
  plaintext: Uint8Array,
  recipients: readonly Hospital[],
  fixed: { readonly dataKey?: Uint8Array; readonly iv?: Uint8Array } = {},
) {
  const signer = createDutySigner(by.keys.duty.privateKey)
  const commitment = await sha256Hex(plaintext)
  const { blob } = await seal(
    plaintext,
    bindingOf(kind, by),
    recipients.map(({ address, member }) => ({ address, encryption: member.keys.encryption })),
    {
      by: by.address,
      sign: (ciphertext, signed) =>
        signer.sealedBlob(ref, { by: by.address, round, kind, ciphertext, commitment: signed }),
      commitment,
      ...fixed,
    },
  )
  return { blob, commitment }
}

function bindingOf(kind: 'update' | 'model', by: Hospital): Binding {
  return { ...ref, round, sender: kind === 'model' ? study : by.address, kind }
}

function sizeOf({ header, chunks }: { readonly header: Uint8Array; readonly chunks: readonly Uint8Array[] }): number {
  return header.length + chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}
