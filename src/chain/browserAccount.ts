import { bytesToHex, hexToBytes, type LocalAccount } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import * as z from 'zod/mini'
import { AppError } from '../errors/AppError.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import { guarded, openAccounts as open, SELF } from './browserAccountDatabase.ts'
import { allowsBrowserAccount, SHORTEST_PASSWORD } from './browserAccountRules.ts'
import type { Deployment } from './deployment.ts'

/**
 * A secp256k1 key made in this browser, for invitations and test networks: see docs/decisions/0008. At rest it is sealed by a
 * non-extractable AES-GCM key, so that a copy of the browser's files without the browser opens nothing; while the page is
 * open it is in the page's memory. It is not a place for money.
 */
export interface BrowserAccount {
  readonly account: LocalAccount
  /** Milliseconds since 1970; null: no backup was ever made. */
  readonly backedUpAt: number | null
}

/** The account of this browser on this deployment. @returns undefined where none was made @throws AppError journal.failed */
export async function loadBrowserAccount(
  deployment: Pick<Deployment, 'deploymentId'>,
): Promise<BrowserAccount | undefined> {
  const kept = await guarded(async () => (await open(deployment)).get('accounts', SELF))
  if (kept === undefined) return undefined
  const key = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: kept.iv }, kept.key, kept.sealed)
  return { account: privateKeyToAccount(bytesToHex(new Uint8Array(key))), backedUpAt: kept.backedUpAt }
}

/**
 * Makes this browser's account; one that is there already stays.
 * @throws AppError journal.failed, app.mainNetwork
 */
export async function createBrowserAccount(
  deployment: Pick<Deployment, 'deploymentId' | 'chainId'>,
): Promise<BrowserAccount> {
  const known = await loadBrowserAccount(deployment)
  if (known !== undefined) return known
  return keep(deployment, generatePrivateKey(), null)
}

/** Forgets the account. Without a backup it is gone for good. @throws AppError journal.failed */
export async function removeBrowserAccount(deployment: Pick<Deployment, 'deploymentId'>): Promise<void> {
  await guarded(async () => {
    const db = await open(deployment)
    await Promise.all([db.delete('accounts', SELF), db.clear('quietStudies')])
  })
}

async function keep(
  deployment: Pick<Deployment, 'deploymentId' | 'chainId'>,
  privateKey: Hex,
  backedUpAt: number | null,
): Promise<BrowserAccount> {
  if (!allowsBrowserAccount(deployment)) throw new AppError('app.mainNetwork')
  const account = privateKeyToAccount(privateKey)
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, bytes(privateKey))
  await guarded(async () => {
    const transaction = (await open(deployment)).transaction('accounts', 'readwrite', { durability: 'strict' })
    // Never over another one: what that one holds would be lost.
    await Promise.all([
      transaction.store.add({ address: account.address, key, iv, sealed, backedUpAt }, SELF),
      transaction.done,
    ])
  })
  return { account, backedUpAt }
}

/** NIST SP 800-132 leaves the count to the user; OWASP's password storage guide asks for 600,000 with SHA-256. */
const PBKDF2_ROUNDS = 600_000
/** A file that asks for more would only hang the page; one with fewer was not made here. */
const MOST_PBKDF2_ROUNDS = 10_000_000
const hexBytes = (length: number) => z.custom<Hex>(value => isHexOf(value, length), `no ${length} bytes`)

const backupSchema = z.object({
  kind: z.literal('wardround-account'),
  v: z.literal(1),
  address: hexBytes(20),
  rounds: z.int().check(z.minimum(PBKDF2_ROUNDS), z.maximum(MOST_PBKDF2_ROUNDS)),
  salt: hexBytes(16),
  iv: hexBytes(12),
  /** AES-256-GCM of the 32 bytes, tag included. */
  sealed: hexBytes(48),
})

/**
 * The account as a file that only the password opens.
 * @returns the file's text
 * @throws AppError wallet.weakPassword, wallet.noAccount, journal.failed
 */
export async function exportBrowserAccount(
  deployment: Pick<Deployment, 'deploymentId'>,
  password: string,
): Promise<string> {
  if ([...password].length < SHORTEST_PASSWORD) throw new AppError('wallet.weakPassword', { least: SHORTEST_PASSWORD })
  const kept = await guarded(async () => (await open(deployment)).get('accounts', SELF))
  if (kept === undefined) throw new AppError('wallet.noAccount')
  const secret = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: kept.iv }, kept.key, kept.sealed)
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const key = await passwordKey(password, salt, PBKDF2_ROUNDS)
  const sealed = await crypto.subtle.encrypt(sealing(iv, kept.address), key, secret)
  new Uint8Array(secret).fill(0)
  await guarded(async () => (await open(deployment)).put('accounts', { ...kept, backedUpAt: Date.now() }, SELF))
  const file: z.infer<typeof backupSchema> = {
    kind: 'wardround-account',
    v: 1,
    address: kept.address,
    rounds: PBKDF2_ROUNDS,
    salt: bytesToHex(salt),
    iv: bytesToHex(iv),
    sealed: bytesToHex(new Uint8Array(sealed)),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

/**
 * Brings an account back from its file, in a browser that has none yet.
 * @throws AppError wallet.badBackup, wallet.wrongPassword, wallet.accountExists, app.mainNetwork, journal.failed
 */
export async function restoreBrowserAccount(
  deployment: Pick<Deployment, 'deploymentId' | 'chainId'>,
  file: string,
  password: string,
): Promise<BrowserAccount> {
  const { address, rounds, salt, iv, sealed } = parseBackup(file)
  const known = await loadBrowserAccount(deployment)
  if (known !== undefined) {
    if (sameAddress(known.account.address, address)) return known
    throw new AppError('wallet.accountExists', { address: known.account.address })
  }
  const key = await passwordKey(password, bytes(salt), rounds)
  let secret: ArrayBuffer
  try {
    secret = await crypto.subtle.decrypt(sealing(bytes(iv), address), key, bytes(sealed))
  } catch (cause) {
    throw new AppError('wallet.wrongPassword', {}, cause)
  }
  const privateKey = bytesToHex(new Uint8Array(secret))
  if (!sameAddress(privateKeyToAccount(privateKey).address, address)) {
    throw new AppError('wallet.badBackup', { reason: 'its key is not the one of its address' })
  }
  return keep(deployment, privateKey, Date.now())
}

function parseBackup(file: string): z.infer<typeof backupSchema> {
  let value: unknown
  try {
    value = JSON.parse(file)
  } catch (cause) {
    throw new AppError('wallet.badBackup', { reason: 'it is not JSON' }, cause)
  }
  const result = backupSchema.safeParse(value)
  if (result.success) return result.data
  const { path = [], message = '' } = result.error.issues[0] ?? {}
  throw new AppError('wallet.badBackup', { reason: `${path.join('.')}: ${message}` }, result.error)
}

/** The address is bound to what is sealed: another file's header opens nothing. */
function sealing(iv: Uint8Array<ArrayBuffer>, address: Address): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: bytes(address) }
}

async function passwordKey(password: string, salt: Uint8Array<ArrayBuffer>, rounds: number): Promise<CryptoKey> {
  // The same letters typed on two keyboards may come as different characters.
  const material = new TextEncoder().encode(password.normalize('NFKC'))
  const base = await crypto.subtle.importKey('raw', material, 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

function bytes(hex: Hex): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hexToBytes(hex))
}

function isHexOf(value: unknown, length: number): boolean {
  return typeof value === 'string' && new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`).test(value)
}
