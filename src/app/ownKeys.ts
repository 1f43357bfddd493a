import { createKeys, type HospitalKeys, indexedDbKeyStore, type KeyOwner } from '../crypto/keys.ts'
import { AppError } from '../errors/AppError.ts'

/**
 * Keys are made once and kept before the registry hears of them; a member without its keys cannot go on from here.
 * @throws AppError crypto.noKeys, journal.failed
 */
export async function keysFor(owner: KeyOwner, isMember: boolean): Promise<HospitalKeys> {
  const keyStore = indexedDbKeyStore()
  const known = await keyStore.load(owner)
  if (known !== undefined) return known
  if (isMember) throw new AppError('crypto.noKeys')
  const keys = await createKeys()
  await keyStore.save(owner, keys)
  return keys
}
