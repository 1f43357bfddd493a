import type { Member } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import type { Binding } from './binding.ts'
import { bytesToHex, sha256Hex } from './bytes.ts'
import { createDutySigner } from './duty.ts'
import { type SealOptions, seal } from './envelope.ts'
import { createKeys, type HospitalKeys, publicKeys } from './keys.ts'

/** A hospital of a test: real keys, any address. */
export interface TestHospital {
  readonly address: Address
  readonly keys: HospitalKeys
  readonly member: Member
}

/** Makes a hospital with fresh keys. @param index its place in the study, also its address */
export async function testHospital(index: number): Promise<TestHospital> {
  const keys = await createKeys()
  const address: Address = `0x${(index + 0xabc0).toString(16).padStart(40, '0')}`
  return { address, keys, member: { index, address, keys: await publicKeys(keys) } }
}

/** A binding of round 3 of some study. */
export function testBinding(sender: Address, kind: Binding['kind'] = 'update'): Binding {
  return {
    deployment: `0x${'d1'.repeat(32)}`,
    chainId: 31337,
    study: `0x${'5a'.repeat(20)}`,
    round: 3,
    sender,
    kind,
  }
}

/** Seals as `by` would, with its own duty key. */
export async function sealAs(
  by: TestHospital,
  plaintext: Uint8Array,
  binding: Binding,
  recipients: readonly TestHospital[],
  options: Partial<SealOptions> = {},
): ReturnType<typeof seal> {
  const signer = createDutySigner(by.keys.duty.privateKey)
  return seal(
    plaintext,
    binding,
    recipients.map(({ address, member }) => ({ address, encryption: member.keys.encryption })),
    {
      by: by.address,
      sign: (ciphertext, commitment) =>
        signer.sealedBlob(binding, {
          by: by.address,
          round: binding.round,
          kind: binding.kind,
          ciphertext,
          commitment,
        }),
      commitment: await sha256Hex(plaintext),
      ...options,
    },
  )
}

/** Random bytes as hex. @param length bytes */
export function randomHex(length: number): Hex {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(length)))
}
