import { createStore, type StoreApi } from 'zustand/vanilla'

/** A desk that several people share: the page is covered until somebody gives the PIN. */
export interface DeskLock {
  readonly store: StoreApi<LockState>
  /**
   * Covers the page. The PIN is kept only as a salted, slow hash, in this tab's session storage, so that a reload stays covered.
   * @param pin at least PIN_LENGTH characters
   */
  lock(pin: string, options: { readonly pauses: boolean }): Promise<void>
  /** @returns whether it was the PIN. After wrong ones it must be waited for, see LockState.waitsUntil. */
  unlock(pin: string): Promise<boolean>
  /** Forgets the lock: the page was wiped. */
  forget(): void
}

export interface LockState {
  readonly isLocked: boolean
  /** Whether the study was paused when the page was covered, so that it goes on with the PIN. */
  readonly pauses: boolean
  /** Milliseconds since 1970 before which no PIN is tried; 0: at once. */
  readonly waitsUntil: number
}

/** Shorter ones are guessed too soon by who copies the hash. */
export const PIN_LENGTH = 6
/** OWASP's advice for PBKDF2 with SHA-256, 2023. About 0.3 s a try. */
const ITERATIONS = 600_000
/** Tries before each further one has to wait, 5 s more each time. */
const FREE_TRIES = 5
const WAIT_MS = 5_000

interface Kept {
  readonly salt: string
  readonly hash: string
  readonly pauses: boolean
  readonly wrong: number
  readonly waitsUntil: number
}

/**
 * @param storage sessionStorage in a tab
 * @param name of the hospital, in this deployment and study
 */
export function createDeskLock(
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
  name: string,
  now: () => number = Date.now,
): DeskLock {
  const key = `wardround-lock-${name}`
  const read = (): Kept | null => {
    const text = storage.getItem(key)
    return text === null ? null : (JSON.parse(text) as Kept)
  }
  const store = createStore<LockState>(() => shown(read()))
  const keep = (kept: Kept) => {
    storage.setItem(key, JSON.stringify(kept))
    store.setState(shown(kept))
  }
  const forget = () => {
    storage.removeItem(key)
    store.setState(shown(null))
  }
  return {
    store,
    async lock(pin, { pauses }) {
      if (pin.length < PIN_LENGTH) throw new RangeError(`a PIN has at least ${PIN_LENGTH} characters`)
      const salt = crypto.getRandomValues(new Uint8Array(16))
      keep({ salt: hex(salt), hash: await slowHash(pin, salt), pauses, wrong: 0, waitsUntil: 0 })
    },
    async unlock(pin) {
      const kept = read()
      if (kept === null) return true
      if (now() < kept.waitsUntil) return false
      const given = await slowHash(pin, bytes(kept.salt))
      if (given === kept.hash) {
        forget()
        return true
      }
      const wrong = kept.wrong + 1
      const waits = wrong < FREE_TRIES ? 0 : now() + (wrong - FREE_TRIES + 1) * WAIT_MS
      keep({ ...kept, wrong, waitsUntil: waits })
      return false
    },
    forget,
  }
}

function shown(kept: Kept | null): LockState {
  return { isLocked: kept !== null, pauses: kept?.pauses ?? false, waitsUntil: kept?.waitsUntil ?? 0 }
}

/** PBKDF2 in the browser's own code, off the page's thread. */
async function slowHash(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<string> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveBits'])
  const params = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS }
  return hex(new Uint8Array(await crypto.subtle.deriveBits(params, key, 256)))
}

function hex(raw: Uint8Array): string {
  return [...raw].map(byte => byte.toString(16).padStart(2, '0')).join('')
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}
